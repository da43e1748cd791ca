package store

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// A Draft is a copy of a file which lies in the store's directory, and is no
// blob yet. It is for who has to read a large file anyway: writing it
// meanwhile costs less than reading and hashing it a second time.
type Draft struct {
	Digest digest.Digest
	Size   int64
	s      *Store
	name   string // "" once it has been kept or dropped
}

// Draft copies src, which stands at its beginning, and shows to w what it
// copies. The draft must be kept or dropped.
func (s *Store) Draft(src fsys.File, w io.Writer) (*Draft, error) {
	tmp, err := s.temp(s.dir)
	if err != nil {
		return nil, err
	}
	d := &Draft{s: s, name: tmp.Name()}
	d.Digest, d.Size, err = cloneOrCopy(tmp, src, w)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		d.Drop()
		return nil, err
	}
	return d, nil
}

// Keep makes a blob of the draft.
func (d *Draft) Keep() error {
	if d.name == "" {
		return nil
	}
	dst := d.s.blobPath(d.Digest)
	if fi, err := d.s.fs.Lstat(dst); err == nil && fi.Mode().IsRegular() {
		d.Drop()
		return nil
	}
	err := d.s.fs.Rename(d.name, dst)
	if errors.Is(err, fs.ErrNotExist) {
		if err = d.s.fs.MkdirAll(filepath.Dir(dst), 0o777); err == nil {
			err = d.s.fs.Rename(d.name, dst)
		}
	}
	if err != nil {
		d.Drop()
		return err
	}
	d.name = ""
	return nil
}

// Drop removes the draft, unless it was kept. It may be nil.
func (d *Draft) Drop() {
	if d != nil && d.name != "" {
		d.s.fs.Remove(d.name)
		d.name = ""
	}
}

// cloneOrCopy fills dst with src, which stands at its beginning, and shows to
// w, if that is not nil, what dst holds then. It returns the digest of that, and
// how much it is.
func cloneOrCopy(dst, src fsys.File, w io.Writer) (digest.Digest, int64, error) {
	if unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())) == nil {
		if w == nil {
			w = io.Discard
		}
		return digest.Copy(w, io.NewSectionReader(dst, 0, 1<<62))
	}
	if w == nil {
		return digest.Copy(dst, src)
	}
	return digest.Copy(io.MultiWriter(w, dst), src)
}
