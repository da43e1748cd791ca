package engine

import (
	"fmt"
	"io"
	"io/fs"

	"erg.build/erg/engine/trace"
)

// ReadAt calls fn with a file, for who needs a few bytes of a large one. The
// whole file counts as read. Its digest comes from the stat cache, so the
// bytes are not read to be hashed; that they are those of the digest is judged
// by the stamp, before and after.
func (t *Task) ReadAt(path string, fn func(r io.ReaderAt, size int64) error) error {
	path = cleanPath(path)
	t.cell.addDep(dep{leaf: "file:" + path})
	want, err := t.ask(path, trace.Content)
	if err != nil {
		return err
	}
	if want.Stamp.Absent() {
		return &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	f, err := t.s.eng.fs.Open(t.s.eng.abs(path))
	if err != nil {
		return err
	}
	defer f.Close()
	same := func() error {
		fi, err := f.Stat()
		if err == nil && !sameStamp(trace.Content, stampOf(fi), want.Stamp) {
			err = fmt.Errorf("%s changes while it is being read", path)
		}
		return err
	}
	if err := same(); err != nil {
		return err
	}
	if err := fn(f, want.Stamp.Size); err != nil {
		return err
	}
	return same()
}
