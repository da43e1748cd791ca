// Package fsys is the one seam between erg and the file system. Everything
// the engine reads, writes, links or removes goes through an FS, so that
// tests can inject faults (a full disk, a short write, an I/O error, a file
// that changes between open and close) in one place.
//
// Processes that erg starts use the real file system, of course.
package fsys

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// An FS does file operations; names are operating system paths. Errors are
// *fs.PathError or *os.LinkError as those of package os.
type FS interface {
	Open(name string) (File, error)
	// OpenFile is os.OpenFile.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	Lstat(name string) (fs.FileInfo, error)
	Stat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	Readlink(name string) (string, error)
	MkdirAll(name string, perm fs.FileMode) error
	Rename(from, to string) error
	Remove(name string) error
	RemoveAll(name string) error
	Symlink(target, name string) error
	Chmod(name string, perm fs.FileMode) error
}

// A File is an open file.
type File interface {
	io.ReadWriteCloser
	io.ReaderAt
	io.Seeker
	Stat() (fs.FileInfo, error)
	Name() string
	Sync() error
	// Fd is the descriptor, for ioctl and mmap.
	Fd() uintptr
}

// OS is the real file system.
type OS struct{}

// Open opens a file for reading. It does not try, as package os does, whether
// the file can be watched: five system calls of which nothing comes for plain files.
func (OS) Open(name string) (File, error) {
	for {
		fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		switch err {
		case nil:
			return os.NewFile(uintptr(fd), name), nil
		case unix.EINTR:
		default:
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
}

func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (OS) Lstat(name string) (fs.FileInfo, error)       { return os.Lstat(name) }
func (OS) Stat(name string) (fs.FileInfo, error)        { return os.Stat(name) }
func (OS) ReadDir(name string) ([]fs.DirEntry, error)   { return os.ReadDir(name) }
func (OS) Readlink(name string) (string, error)         { return os.Readlink(name) }
func (OS) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }
func (OS) Rename(from, to string) error                 { return os.Rename(from, to) }
func (OS) Remove(name string) error                     { return os.Remove(name) }
func (OS) RemoveAll(name string) error                  { return os.RemoveAll(name) }
func (OS) Symlink(target, name string) error            { return os.Symlink(target, name) }
func (OS) Chmod(name string, perm fs.FileMode) error    { return os.Chmod(name, perm) }

// ReadFile reads the whole of a file.
func ReadFile(fsys FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// With room for the read that finds the end.
	b := bytes.NewBuffer(make([]byte, 0, min(max(fi.Size(), 0), maxRoom)+bytes.MinRead))
	_, err = b.ReadFrom(f)
	return b.Bytes(), err
}

// maxRoom bounds how much is set aside for a file because it is said to be that
// long.
const maxRoom = 64 << 20

// WriteAll writes all of b, or returns an error.
func WriteAll(w io.Writer, b []byte) error {
	n, err := w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}

// WriteFile replaces a file whole: it writes beside it and renames, so that
// a reader, or the next erg after a crash, sees the old bytes or the new.
func WriteFile(fsys FS, name string, data []byte, perm fs.FileMode) error {
	tmp := name + ".tmp~"
	f, err := fsys.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	err = WriteAll(f, data)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = fsys.Rename(tmp, name)
	}
	if err != nil {
		fsys.Remove(tmp)
	}
	return err
}

// RemoveTree is RemoveAll that also removes what is in directories that their
// owner may not write to, as installers leave them.
func RemoveTree(fsys FS, name string) error {
	if fsys.RemoveAll(name) == nil {
		return nil
	}
	var open func(dir string)
	open = func(dir string) {
		if fi, err := fsys.Lstat(dir); err != nil || !fi.IsDir() || fsys.Chmod(dir, 0o700) != nil {
			return
		}
		entries, _ := fsys.ReadDir(dir)
		for _, d := range entries {
			if d.IsDir() {
				open(filepath.Join(dir, d.Name()))
			}
		}
	}
	open(name)
	return fsys.RemoveAll(name)
}
