package archive

import (
	"archive/tar"
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Epoch is when all files were modified: the first time that zip files can
// hold. All times are the same, so make finds nothing out of date.
var Epoch = time.Unix(315532800, 0)

// Write writes the tree as a tar file, sorted by name. The same tree makes
// the same bytes: integrities are made of them.
func (t *Tree) Write(w io.Writer) error {
	tw := tar.NewWriter(w)
	for _, e := range t.Entries() {
		h := &tar.Header{Name: e.Path, ModTime: Epoch, Mode: 0o644, Typeflag: tar.TypeReg, Size: e.Size}
		switch {
		case e.Kind == Dir:
			h.Name, h.Mode, h.Typeflag = e.Path+"/", 0o755, tar.TypeDir
		case e.Kind == Link:
			h.Mode, h.Typeflag, h.Linkname = 0o777, tar.TypeSymlink, e.Target
		case e.Exec:
			h.Mode = 0o755
		}
		if err := tw.WriteHeader(h); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		if e.Kind == File {
			if _, err := io.Copy(tw, t.open(e)); err != nil {
				return fmt.Errorf("%s: %w", e.Path, err)
			}
		}
	}
	return tw.Close()
}

// A Listed is a file of a tree, as its list has it.
type Listed struct {
	Path string
	Exec bool
	Size int64
}

// WriteList writes the names of the tree's files. A link to a file counts as
// one; links to directories, and those that lead nowhere, are left out.
func (t *Tree) WriteList(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, e := range t.Entries() {
		f := e
		if e.Kind == Link {
			to, err := t.resolve(e)
			if err != nil {
				return err
			}
			f = t.entries[to]
		}
		if f == nil || f.Kind != File {
			continue
		}
		mode := "f"
		if f.Exec {
			mode = "x"
		}
		fmt.Fprintf(b, "%s %d %s\n", mode, f.Size, e.Path)
	}
	return b.Flush()
}

// ParseList reads what WriteList wrote.
func ParseList(text string) ([]Listed, error) {
	var files []Listed
	for line := range strings.Lines(text) {
		mode, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		size, name, ok := strings.Cut(rest, " ")
		n, err := strconv.ParseInt(size, 10, 64)
		if !ok || err != nil || n < 0 || name == "" || mode != "f" && mode != "x" {
			return nil, fmt.Errorf("the list of files is damaged: %q", line)
		}
		files = append(files, Listed{Path: name, Exec: mode == "x", Size: n})
	}
	return files, nil
}

// Load reads a tar file that Write wrote. The content stays where it is.
func Load(r io.ReaderAt, size int64) (*Tree, error) {
	t := New(nil, Limits{Files: 1 << 30, Bytes: 1 << 62})
	section := io.NewSectionReader(r, 0, size)
	tr := tar.NewReader(section)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, damaged(err)
		}
		at, err := section.Seek(0, io.SeekCurrent) // the content follows its header
		if err != nil {
			return nil, err
		}
		e := &Entry{Path: strings.TrimSuffix(h.Name, "/"), Kind: File, Exec: h.Mode&0o111 != 0, Size: h.Size, at: at}
		switch h.Typeflag {
		case tar.TypeDir:
			e.Kind, e.Exec = Dir, false
		case tar.TypeSymlink:
			e.Kind, e.Exec, e.Target = Link, false, h.Linkname
		}
		if err := t.add(e); err != nil {
			return nil, err
		}
	}
	t.spool = readOnly{r}
	return t, t.Check()
}

// readOnly is the spool of a tree that gets no new files.
type readOnly struct{ io.ReaderAt }

func (readOnly) Write([]byte) (int, error) { panic("archive: a file for a tree that was loaded") }

// Open returns the content of a file, or of the file that a link leads to,
// and that entry; nil if there is none.
func (t *Tree) Open(e *Entry) (*Entry, io.Reader) {
	if e.Kind == Link {
		to, err := t.resolve(e)
		if err != nil {
			return nil, nil
		}
		e = t.entries[to]
	}
	if e == nil || e.Kind != File {
		return nil, nil
	}
	return e, t.open(e)
}
