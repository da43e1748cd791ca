package perform

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"erg.build/erg/toolchain/source/archive"
)

// pack makes an archive and a list of a directory that an action was to make:
// the outputs that stand for its files, whose names nobody knows before.
func pack(dir, name, out, list string) error {
	fi, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the rule did not make the directory %s\n  hint: (dir …) names a directory that the action makes below its dune file's", name)
	case err != nil:
		return err
	case !fi.IsDir():
		return fmt.Errorf("the rule made %s, which is to be a directory, as a file", name)
	}
	spool, err := os.CreateTemp(filepath.Dir(out), "spool-")
	if err != nil {
		return err
	}
	defer spool.Close()
	if err := os.Remove(spool.Name()); err != nil {
		return err
	}
	t := archive.New(spool, archive.DefaultLimits)
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return t.AddDir(filepath.ToSlash(rel))
		}
		return packFile(t, p, filepath.ToSlash(rel), name)
	})
	if err != nil {
		return err
	}
	if err := t.Check(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return errors.Join(fill(out, t.Write), fill(list, t.WriteList))
}

// packFile adds a file, or what a link to one leads to.
func packFile(t *archive.Tree, p, rel, name string) error {
	f, err := os.Open(p)
	if err != nil {
		return fmt.Errorf("cannot read %s/%s, which the rule made: %w", name, rel, errors.Unwrap(err))
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if !fi.Mode().IsRegular() {
		return fmt.Errorf("the rule made %s/%s, which is no regular file: directories that rules make have files and directories only", name, rel)
	}
	return t.AddFile(rel, fi.Mode()&0o111 != 0, f)
}

func fill(name string, write func(io.Writer) error) error {
	f, err := create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
