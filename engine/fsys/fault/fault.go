// Package fault is a file system for tests: the real one, with faults that a
// test chooses. It knows operations and names, and nothing of what they are
// for.
package fault

import (
	"io/fs"
	"os"
	"sync"

	"erg.build/erg/engine/fsys"
)

// An Op is one call to the file system.
type Op struct {
	Name string // "open", "create", "read", "write", "stat", "rename", …
	Path string // the file's, or the one that a rename makes
	N    int    // the how manieth call this is, from 1
}

// A Fault is what becomes of a call. The zero Fault is none.
type Fault struct {
	// Err is what the call returns, wrapped as package os does.
	Err error
	// Short is, for a write with an Err, how many bytes are written before;
	// without one, the write claims to have written fewer than it was given.
	Short int
	// Before is called before the operation is done: to change a file between
	// two calls.
	Before func()
}

// FS is a file system with faults. Decide is asked about every call; it must
// be safe for concurrent use.
type FS struct {
	fsys.OS
	Decide func(op Op) Fault

	mu sync.Mutex
	n  int
}

// Calls returns how many calls there were.
func (f *FS) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

func (f *FS) fault(name, path string) Fault {
	f.mu.Lock()
	f.n++
	op := Op{name, path, f.n}
	f.mu.Unlock()
	x := f.Decide(op)
	if x.Before != nil {
		x.Before()
	}
	if x.Err != nil {
		x.Err = &fs.PathError{Op: name, Path: path, Err: x.Err}
	}
	return x
}

// StatAt hides the fast way of fsys.OS, which faults could not reach.
func (f *FS) StatAt() {}

// Open implements fsys.FS.
func (f *FS) Open(name string) (fsys.File, error) {
	return f.open("open", name, func() (fsys.File, error) { return f.OS.Open(name) })
}

// OpenFile implements fsys.FS. An operation that may make a file is called
// "create".
func (f *FS) OpenFile(name string, flag int, perm fs.FileMode) (fsys.File, error) {
	op := "open"
	if flag&os.O_CREATE != 0 {
		op = "create"
	}
	return f.open(op, name, func() (fsys.File, error) { return f.OS.OpenFile(name, flag, perm) })
}

func (f *FS) open(op, name string, do func() (fsys.File, error)) (fsys.File, error) {
	if x := f.fault(op, name); x.Err != nil {
		return nil, x.Err
	}
	file, err := do()
	if err != nil {
		return nil, err
	}
	return &handle{file, f}, nil
}

// Lstat implements fsys.FS.
func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	if x := f.fault("lstat", name); x.Err != nil {
		return nil, x.Err
	}
	return f.OS.Lstat(name)
}

// Stat implements fsys.FS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	if x := f.fault("stat", name); x.Err != nil {
		return nil, x.Err
	}
	return f.OS.Stat(name)
}

// ReadDir implements fsys.FS.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	if x := f.fault("readdir", name); x.Err != nil {
		return nil, x.Err
	}
	return f.OS.ReadDir(name)
}

// MkdirAll implements fsys.FS.
func (f *FS) MkdirAll(name string, perm fs.FileMode) error {
	return f.do("mkdir", name, func() error { return f.OS.MkdirAll(name, perm) })
}

// Rename implements fsys.FS.
func (f *FS) Rename(from, to string) error {
	return f.do("rename", to, func() error { return f.OS.Rename(from, to) })
}

// Remove implements fsys.FS.
func (f *FS) Remove(name string) error {
	return f.do("remove", name, func() error { return f.OS.Remove(name) })
}

// RemoveAll implements fsys.FS.
func (f *FS) RemoveAll(name string) error {
	return f.do("removeall", name, func() error { return f.OS.RemoveAll(name) })
}

// Symlink implements fsys.FS.
func (f *FS) Symlink(target, name string) error {
	return f.do("symlink", name, func() error { return f.OS.Symlink(target, name) })
}

// Chmod implements fsys.FS.
func (f *FS) Chmod(name string, perm fs.FileMode) error {
	return f.do("chmod", name, func() error { return f.OS.Chmod(name, perm) })
}

func (f *FS) do(op, name string, do func() error) error {
	if x := f.fault(op, name); x.Err != nil {
		return x.Err
	}
	return do()
}

// A handle is an open file with faults.
type handle struct {
	fsys.File
	fs *FS
}

// Read implements io.Reader.
func (h *handle) Read(b []byte) (int, error) {
	if x := h.fs.fault("read", h.Name()); x.Err != nil {
		return 0, x.Err
	}
	return h.File.Read(b)
}

// ReadAt implements io.ReaderAt.
func (h *handle) ReadAt(b []byte, off int64) (int, error) {
	if x := h.fs.fault("read", h.Name()); x.Err != nil {
		return 0, x.Err
	}
	return h.File.ReadAt(b, off)
}

// Write implements io.Writer.
func (h *handle) Write(b []byte) (int, error) {
	x := h.fs.fault("write", h.Name())
	short := min(x.Short, len(b))
	switch {
	case x.Err != nil:
		n, _ := h.File.Write(b[:short])
		return n, x.Err
	case x.Short > 0:
		n, err := h.File.Write(b[:max(len(b)-short, 0)])
		return n, err
	}
	return h.File.Write(b)
}

// Stat implements fsys.File.
func (h *handle) Stat() (fs.FileInfo, error) {
	if x := h.fs.fault("fstat", h.Name()); x.Err != nil {
		return nil, x.Err
	}
	return h.File.Stat()
}

// Close implements io.Closer. The file is closed in any case.
func (h *handle) Close() error {
	x := h.fs.fault("close", h.Name())
	if err := h.File.Close(); err != nil || x.Err == nil {
		return err
	}
	return x.Err
}
