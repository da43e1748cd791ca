package engine

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// copySource makes the copy in which the steps of a package run.
func (i *installation) copySource() error {
	source := i.n.spec.Install.Source
	if path.IsAbs(source) {
		return i.copyTree(source, i.work)
	}
	for _, p := range i.n.spec.Inputs {
		rel, ok := strings.CutPrefix(p, source+"/")
		if !ok {
			continue
		}
		got, err := copyFile(i.s.eng.fs, i.s.eng.abs(p), filepath.Join(i.work, rel))
		if err != nil {
			return err
		}
		// What is built is what the key says.
		if want, err := i.s.inputOf(i.n, p); err != nil || got != want {
			return fmt.Errorf("%s changed before it was copied; build again", p)
		}
	}
	return nil
}

// copyTree copies a directory with all that is in it.
func (i *installation) copyTree(from, to string) error {
	fsy := i.s.eng.fs
	if err := fsy.MkdirAll(to, 0o777); err != nil {
		return err
	}
	entries, err := fsy.ReadDir(from)
	if err != nil {
		return err
	}
	for _, d := range entries {
		src, dst := filepath.Join(from, d.Name()), filepath.Join(to, d.Name())
		switch {
		case d.IsDir():
			err = i.copyTree(src, dst)
		case d.Type()&fs.ModeSymlink != 0:
			var target string
			if target, err = fsy.Readlink(src); err == nil {
				err = fsy.Symlink(target, dst)
			}
		default:
			_, err = copyFile(fsy, src, dst)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies a file and returns the digest that it has as an input.
func copyFile(fsy fsys.FS, from, to string) (digest.Digest, error) {
	if err := fsy.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return digest.Digest{}, err
	}
	src, err := fsy.Open(from)
	if err != nil {
		return digest.Digest{}, err
	}
	defer src.Close()
	fi, err := src.Stat()
	if err != nil {
		return digest.Digest{}, err
	}
	perm, exec := fs.FileMode(0o666), executable(stampOf(fi))
	if exec {
		perm = 0o777
	}
	dst, err := fsy.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return digest.Digest{}, err
	}
	d, _, err := digest.Copy(dst, src)
	if err == nil {
		at := unix.Timeval{Sec: action.SourceTime}
		err = unix.Futimes(int(dst.Fd()), []unix.Timeval{at, at})
	}
	if cerr := dst.Close(); err == nil {
		err = cerr
	}
	return effective(d, exec), err
}
