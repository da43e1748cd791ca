package archive

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/ulikunitz/xz"
)

// Formats names what Read understands, for people.
const Formats = "tar, tar.gz, tar.bz2, tar.xz and zip"

// Read reads an archive of size bytes, whose format its first bytes tell.
func Read(r io.ReaderAt, size int64, spool Spool, limits Limits) (*Tree, error) {
	t := New(spool, limits)
	head := make([]byte, 512)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head = head[:n]
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")) {
		return t, t.readZip(r, size)
	}
	plain, err := decompress(head, bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<16))
	if err != nil {
		return nil, err
	}
	return t, t.readTar(plain)
}

func decompress(head []byte, r io.Reader) (io.Reader, error) {
	has := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case has("\x1f\x8b"):
		z, err := gzip.NewReader(r)
		return z, damaged(err)
	case has("BZh"):
		return bzip2.NewReader(r), nil
	case has("\xfd7zXZ\x00"):
		z, err := xz.NewReader(r)
		return z, damaged(err)
	case has("\x28\xb5\x2f\xfd"):
		return nil, fmt.Errorf("archives compressed with zstd are not supported; there are %s", Formats)
	case len(head) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrDamaged)
	case has("<"):
		return nil, fmt.Errorf("this looks like a web page and not like an archive")
	}
	return r, nil
}

// damaged words errors of the readers of formats.
func damaged(err error) error {
	var e *EntryError
	var l *LimitError
	if err == nil || errors.As(err, &e) || errors.As(err, &l) || errors.Is(err, ErrDamaged) {
		return err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// A meter refuses to read more than so many bytes: headers cost, too.
type meter struct {
	r     io.Reader
	left  int64
	limit int64
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	if m.left -= int64(n); m.left < 0 {
		return 0, &LimitError{"bytes", m.limit}
	}
	return n, err
}

// headerRoom is how much an entry may take in a tar file beside its content.
const headerRoom = 4 << 10

func (t *Tree) readTar(r io.Reader) error {
	m := &meter{r: r, left: t.limits.Bytes + int64(t.limits.Files)*headerRoom + 1<<20, limit: t.limits.Bytes}
	tr := tar.NewReader(m)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return damaged(err)
		}
		if err := t.tarEntry(h, tr); err != nil {
			return damaged(err)
		}
	}
	// What compressors say of the whole they say at the end.
	_, err := io.Copy(io.Discard, m)
	return damaged(err)
}

func (t *Tree) tarEntry(h *tar.Header, r io.Reader) error {
	switch h.Typeflag {
	case tar.TypeXGlobalHeader:
		return nil
	case tar.TypeReg:
		if h.Size > t.limits.Bytes-t.size {
			return &LimitError{"bytes", t.limits.Bytes}
		}
		if strings.HasSuffix(h.Name, "/") {
			return t.AddDir(h.Name) // of archives older than the type of directories
		}
		return t.AddFile(h.Name, h.Mode&0o111 != 0, r)
	case tar.TypeDir:
		return t.AddDir(h.Name)
	case tar.TypeSymlink:
		return t.AddLink(h.Name, h.Linkname)
	case tar.TypeLink:
		return t.addHardLink(h.Name, h.Linkname)
	case tar.TypeChar, tar.TypeBlock:
		return refuse(h.Name, "is a device")
	case tar.TypeFifo:
		return refuse(h.Name, "is a named pipe")
	}
	return refuse(h.Name, "is of a kind that is no part of a source tree (%q)", h.Typeflag)
}

func (t *Tree) readZip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are judged below
		return damaged(err)
	}
	if len(z.File) > t.limits.Files {
		return &LimitError{"files", int64(t.limits.Files)}
	}
	for _, f := range z.File {
		if err := t.zipEntry(f); err != nil {
			return damaged(err)
		}
	}
	return nil
}

func (t *Tree) zipEntry(f *zip.File) error {
	if strings.Contains(f.Name, `\`) {
		return refuse(f.Name, "has a backslash in its name: zip files separate names by slashes")
	}
	if f.UncompressedSize64 > uint64(t.limits.Bytes-t.size) {
		return &LimitError{"bytes", t.limits.Bytes}
	}
	switch mode := f.Mode(); {
	case mode.IsDir():
		return t.AddDir(f.Name)
	case mode.IsRegular():
		r, err := f.Open()
		if err != nil {
			return err
		}
		defer r.Close()
		return t.AddFile(f.Name, mode&0o111 != 0, r)
	case mode.Type() == fs.ModeSymlink:
		r, err := f.Open()
		if err != nil {
			return err
		}
		defer r.Close()
		target, err := io.ReadAll(io.LimitReader(r, maxName+1))
		if err != nil {
			return err
		}
		return t.AddLink(f.Name, string(target))
	}
	return refuse(f.Name, "is of a kind that is no part of a source tree")
}
