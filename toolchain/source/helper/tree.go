package helper

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"erg.build/erg/toolchain/source"
	"erg.build/erg/toolchain/source/archive"
)

// packDir makes a tree of a directory: what source.ListDir lists.
func packDir(dir string, spool archive.Spool, limits archive.Limits) (*archive.Tree, error) {
	t := archive.New(spool, limits)
	// A link may stand for the directory itself.
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	return t, filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		switch {
		case err != nil:
			return err
		case rel == ".":
			return nil
		case source.Skips(d.Name()):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return t.AddDir(filepath.ToSlash(rel))
		}
		fi, err := os.Stat(p)
		if err != nil {
			return err
		}
		if fi.IsDir() {
			return nil
		}
		if !fi.Mode().IsRegular() {
			return fmt.Errorf("%s is no regular file", rel)
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		return t.AddFile(filepath.ToSlash(rel), fi.Mode()&0o111 != 0, f)
	})
}

// lay writes the files of a tree below a directory, links to files as copies
// of these, and then the stamp.
func lay(tree, stamp, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	err := eachEntry(tree, func(t *archive.Tree, e *archive.Entry) error {
		f, r := t.Open(e)
		if f == nil {
			return nil
		}
		return place(filepath.Join(dir, e.Path), f.Exec, r)
	})
	if err != nil {
		return err
	}
	return os.WriteFile(stamp, nil, 0o666)
}

func place(name string, exec bool, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	perm := os.FileMode(0o666)
	if exec {
		perm = 0o777
	}
	// What lies there may be a link, which is not to be followed.
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

func eachEntry(tree string, fn func(*archive.Tree, *archive.Entry) error) error {
	f, err := os.Open(tree)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	t, err := archive.Load(f, fi.Size())
	if err != nil {
		return err
	}
	for _, e := range t.Entries() {
		if err := fn(t, e); err != nil {
			return err
		}
	}
	return nil
}
