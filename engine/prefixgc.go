package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/store"
)

// This file makes the directory of install trees smaller.
//
// A tree is in use as long as a workspace has a list of it, as the output of a
// package's action: what is there may have its path in it, and a null build
// asks no store. So whoever comes to have such a list says where it is (use),
// and a collection reads it there. All others are like results of actions:
// those that were used last stay, and a result that refers to a tree keeps it.
//
// Between finding a tree and having its list, a build holds all of them (hold);
// a collection has them for itself while it looks once more who uses what it
// is about to remove, and moves that aside. The rest takes as long as it takes.
// A tree that is being filled, and the directory where that happens, are
// locked by their key.

const (
	// holdFile is locked by builds, shared, and by collections.
	holdFile = "held"
	// adoptFile is locked by who makes what was installed a tree.
	adoptFile = "adopting"
)

// hold keeps collections from removing trees until release is called. Where
// that cannot be, the directory cannot be written, and nobody collects it.
func (p *prefixDir) hold() (release func()) {
	release, err := p.lockFile(holdFile, unix.LOCK_SH)
	if err != nil {
		return func() {}
	}
	return release
}

// holdTrees keeps collections from removing trees while it is found out
// whether a package must be built, and used what there is.
func (s *Session) holdTrees(n *node) (release func()) {
	if n.spec.Install == nil || s.opts.Mode == Plan {
		return func() {}
	}
	p, err := s.eng.prefixes()
	if err != nil {
		return func() {} // who needs them says so
	}
	return p.hold()
}

func (p *prefixDir) lockFile(name string, how int) (release func(), err error) {
	dir := filepath.Join(p.dir, "packages")
	if err := p.fs.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	f, err := p.fs.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("lock the packages: %w", err)
	}
	for {
		switch err = unix.Flock(int(f.Fd()), how); {
		case err == nil:
			// A process that is being forked has the lock too, until it is
			// another program: closing the file is not enough.
			return func() {
				unix.Flock(int(f.Fd()), unix.LOCK_UN)
				f.Close()
			}, nil
		case !errors.Is(err, unix.EINTR):
			f.Close()
			return nil, fmt.Errorf("lock the packages: %w", err)
		}
	}
}

// A keptTree is an install tree with what a collection wants to know of it.
type keptTree struct {
	store.Tree
	*InstallTree
}

// trees lists the trees that are whole.
func (p *prefixDir) trees() ([]*keptTree, error) {
	dirs, err := p.fs.ReadDir(filepath.Join(p.dir, "prefix"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	used, err := p.used(false)
	if err != nil {
		return nil, err
	}
	var list []*keptTree
	by := map[string]*keptTree{}
	for _, d := range dirs {
		t, err := p.read(d.Name())
		if err != nil {
			return nil, err
		}
		fi, err := p.fs.Lstat(p.stamp(d.Name()))
		if t == nil || err != nil {
			continue
		}
		k := &keptTree{store.Tree{Input: p.stamp(t.Key), Size: fi.Size(), Used: fi.ModTime(), Held: used[t.Key]}, t}
		for _, e := range t.Entries {
			k.Size += e.Size
		}
		list, by[t.Key] = append(list, k), k
	}
	for _, t := range list {
		for _, key := range t.InstallTree.Needs {
			if n := by[key]; n != nil {
				t.Tree.Needs = append(t.Tree.Needs, &n.Tree)
			}
		}
	}
	return list, nil
}

// StoredPackages tells what packages take in a store.
type StoredPackages struct {
	Trees  int // install trees
	InUse  int // by workspaces that are there
	Bytes  int64
	Others int64 // bytes of what failed packages left, and of logs
}

// PackagesIn describes the packages in a store's directory.
func PackagesIn(dir string) (StoredPackages, error) {
	var st StoredPackages
	p := collectable(dir)
	list, err := p.trees()
	for _, t := range list {
		st.Trees++
		st.Bytes += t.Size
		if t.Held {
			st.InUse++
		}
	}
	for _, what := range []string{"work", "log"} {
		st.Others += sizeBelow(p.fs, p.state(what, ""))
	}
	return st, err
}

// collectable is the directory of install trees in a store's directory.
func collectable(dir string) *prefixDir {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real // as results have it
	}
	return &prefixDir{fsys.OS{}, dir}
}

// sizeBelow adds up the files below a directory.
func sizeBelow(fsy fsys.FS, dir string) (size int64) {
	entries, _ := fsy.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			size += sizeBelow(fsy, filepath.Join(dir, e.Name()))
		} else if fi, err := e.Info(); err == nil {
			size += fi.Size()
		}
	}
	return size
}

// CollectStore removes from a store what need not stay, and from the install
// trees of packages beside it. When it fails, or ctx is cancelled, a part of
// that may have been removed.
func CollectStore(ctx context.Context, s *store.Store, o store.CollectOptions) (store.Collection, error) {
	p := collectable(s.Dir())
	trees, err := p.trees()
	if err != nil {
		return store.Collection{}, err
	}
	for _, t := range trees {
		o.Trees = append(o.Trees, &t.Tree)
	}
	done, err := s.Collect(ctx, o)
	if err != nil {
		return done, err
	}
	g := &prefixSweep{prefixDir: p, o: o, now: time.Now()}
	err = g.run(ctx, trees)
	for _, t := range g.saved {
		done.Removed.Trees--
		done.Removed.Bytes -= t.Size
		done.Kept.Trees++
		done.Kept.Bytes += t.Size
	}
	done.Removed.Bytes += g.litter
	return done, err
}
