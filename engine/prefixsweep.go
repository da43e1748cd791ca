package engine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/store"
)

// A prefixSweep removes trees, and what no tree has any use for.
type prefixSweep struct {
	*prefixDir
	o      store.CollectOptions
	now    time.Time
	saved  []*keptTree // that somebody has come to use
	litter int64       // bytes of what was removed beside trees
}

// litterGrace is how long what a failed package left is there for people to
// look at.
const litterGrace = time.Hour

// asidePrefix begins the names of what is being removed.
const asidePrefix = "tmp~"

func (g *prefixSweep) run(ctx context.Context, trees []*keptTree) error {
	if _, err := g.fs.Lstat(filepath.Join(g.dir, "packages")); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if g.o.DryRun {
		return g.moveAside(trees)
	}
	release, err := g.lockFile(holdFile, unix.LOCK_EX)
	if err != nil {
		return err
	}
	err = g.moveAside(trees)
	release()
	errs := []error{err}
	for _, dir := range []string{filepath.Join(g.dir, "prefix"), g.state("work", "")} {
		for _, name := range g.names(dir) {
			if strings.HasPrefix(name, asidePrefix) && ctx.Err() == nil {
				errs = append(errs, fsys.RemoveTree(g.fs, filepath.Join(dir, name)))
			}
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// moveAside gives what is to be removed names that nobody looks for. The
// caller has all trees for itself.
func (g *prefixSweep) moveAside(trees []*keptTree) error {
	used, err := g.used(!g.o.DryRun)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	var errs []error
	for _, t := range trees {
		switch {
		case t.Keep:
		case used[t.Key] || g.busy(t.Key):
			g.saved = append(g.saved, t)
		default:
			errs = append(errs, g.aside(t.Prefix))
			continue
		}
		there[t.Key] = true
	}
	errs = append(errs, g.halves(there))
	for _, key := range g.names(g.state("work", "")) {
		if validKey(key) && !g.busy(key) {
			if g.expired(g.state("work", key)) {
				errs = append(errs, g.drop(g.state("work", key)))
			} else {
				there[key] = true // what it printed belongs to it
			}
		}
	}
	for _, key := range g.names(g.state("log", "")) {
		if !there[key] && !g.busy(key) && g.expired(g.state("log", key)) {
			errs = append(errs, g.drop(g.state("log", key)))
		}
	}
	return errors.Join(append(errs, g.pointers(there))...)
}

// halves removes trees that nobody is filling and nobody finished, and notes
// those that were finished meanwhile.
func (g *prefixSweep) halves(there map[string]bool) error {
	var errs []error
	for _, key := range g.names(filepath.Join(g.dir, "prefix")) {
		if there[key] || !validKey(key) {
			continue
		}
		t, err := g.read(key)
		switch {
		case err != nil:
			errs = append(errs, err)
		case t != nil || g.busy(key):
			there[key] = true
		default:
			errs = append(errs, g.drop(g.prefix(key)))
		}
	}
	return errors.Join(errs...)
}

// pointers removes names for trees that are not there.
func (g *prefixSweep) pointers(there map[string]bool) error {
	var errs []error
	for _, what := range []string{"alias", "tree"} {
		for _, name := range g.names(g.state(what, "")) {
			file := g.state(what, name)
			key, err := fsys.ReadFile(g.fs, file)
			if err == nil && !there[string(key)] && !g.o.DryRun {
				err = g.fs.Remove(file)
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// expired reports whether what a failed package left may go: by age if one was
// given, and if a size was given, for that.
func (g *prefixSweep) expired(name string) bool {
	fi, err := g.fs.Lstat(name)
	if err != nil {
		return false
	}
	age := g.now.Sub(fi.ModTime())
	return g.o.MaxAge > 0 && age > g.o.MaxAge || g.o.MaxSize > 0 && age > litterGrace
}

// drop removes something that is no tree.
func (g *prefixSweep) drop(name string) error {
	g.litter += sizeBelow(g.fs, name)
	if strings.HasPrefix(name, g.state("log", "")) {
		if g.o.DryRun {
			return nil
		}
		return g.fs.RemoveAll(name)
	}
	return g.aside(name)
}

func (g *prefixSweep) aside(name string) error {
	if g.o.DryRun {
		return nil
	}
	// Beside it: to move a directory that cannot be written elsewhere is not
	// allowed.
	to := filepath.Join(filepath.Dir(name), asidePrefix+filepath.Base(name))
	return errors.Join(fsys.RemoveTree(g.fs, to), g.fs.Rename(name, to))
}

// busy reports whether somebody builds the package of a key.
func (g *prefixSweep) busy(key string) bool {
	f, err := g.fs.OpenFile(g.state("lock", key), os.O_RDWR, 0)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer f.Close()
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return true
	}
	unix.Flock(int(f.Fd()), unix.LOCK_UN)
	return false
}

func (g *prefixSweep) names(dir string) []string {
	entries, _ := g.fs.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
