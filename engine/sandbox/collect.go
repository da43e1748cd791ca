package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
)

// Collect lists the regular files and symlinks that the process created in
// the view, relative to it, sorted; copies that it changed are not among them. With method None it lists nothing.
func Collect(s *Spec) (created []string, err error) {
	if s.Method == None {
		return nil, nil
	}
	c := collector{spec: s, skip: map[string]string{}}
	for _, m := range s.Inputs {
		c.skip[m.At] = m.Source
	}
	c.copies = map[string]bool{}
	for _, m := range s.Copies {
		c.copies[m.At] = true
	}
	err = c.dir("")
	sort.Strings(c.created)
	return c.created, err
}

type collector struct {
	spec    *Spec
	skip    map[string]string // inputs, At → Source
	copies  map[string]bool
	created []string
}

func (c *collector) dir(dir string) error {
	full := filepath.Join(c.spec.View(), dir)
	entries, err := os.ReadDir(full)
	if errors.Is(err, fs.ErrPermission) {
		// The process took its own right to list it; we have it still.
		if os.Chmod(full, 0o700) == nil {
			entries, err = os.ReadDir(full)
		}
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case e.IsDir():
			if err := c.dir(name); err != nil {
				return err
			}
		case e.Type() != 0 && e.Type() != fs.ModeSymlink:
		case !c.isInput(name):
			c.created = append(c.created, name)
		}
	}
	return nil
}

// isInput: name is an input, still as prepare left it. With symlinks nothing
// keeps a process from replacing one.
func (c *collector) isInput(name string) bool {
	if c.copies[name] {
		return true
	}
	src, ok := c.skip[name]
	if !ok || c.spec.Method == Namespaces {
		return ok
	}
	to, err := os.Readlink(filepath.Join(c.spec.View(), name))
	return err == nil && to == src
}

// Clean removes the stage with all that is in it, directories without write
// permission too. It is not an error if it is not there.
func Clean(s *Spec) error {
	if s.Method == None {
		return nil
	}
	if os.RemoveAll(s.Stage) == nil {
		return nil
	}
	filepath.WalkDir(s.Stage, func(name string, e fs.DirEntry, err error) error {
		// Called before the directory is read, and again if that fails.
		if e != nil && e.IsDir() && err == nil {
			os.Chmod(name, 0o700)
		}
		return nil
	})
	return os.RemoveAll(s.Stage)
}
