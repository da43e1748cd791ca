package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// A prefixDir is where install trees are, in the user's store. It has
//
//	prefix/KEY                    an install tree; whole when .erg-install is there
//	packages/alias/KEY            the key of the tree that has what KEY would make
//	packages/tree/DIGEST          the key of the tree with that digest
//	packages/work/KEY             where a package is being built
//	packages/work/build           where its steps see that, if they can
//	packages/log/KEY/1-make.log   what its steps printed
//	packages/lock/KEY             taken by who builds it
//	packages/users/DIGEST         where a workspace has the list of a tree that it uses
//	packages/held, adopting       locks, see prefixgc.go
//
// Whether a tree is whole, its stamp tells, which is written last. All of this
// can be removed at any time while no erg runs: it is built again.
type prefixDir struct {
	fs  fsys.FS
	dir string
}

// stampName is the file, in an install tree, that lists it.
const stampName = ".erg-install"

// keyLength is how long a key is, in hexadecimal digits. Each file with the
// prefix in it has all of them, and some systems bound the first line of a
// script.
const keyLength = 32

func installKey(d digest.Digest) string { return d.String()[:keyLength] }

func validKey(k string) bool { return len(k) == keyLength && strings.Trim(k, "0123456789abcdef") == "" }

// prefixes returns the directory of install trees, by the name that programs
// find out when they ask where they are.
func (e *Engine) prefixes() (*prefixDir, error) {
	dir := filepath.Join(e.stateDir, "packages")
	if e.store != nil {
		dir = e.store.Dir()
	}
	if err := e.fs.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make the directory for packages: %w", err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("find the directory for packages: %w", err)
	}
	if strings.ContainsAny(real, " \t\n:'\"$\\#") {
		return nil, fmt.Errorf("packages cannot be installed below %q: most builds cannot cope with such a path; choose another store with --store or ERG_STORE", real)
	}
	return &prefixDir{e.fs, real}, nil
}

// A PrefixError says that an action that installs nothing was told where to
// install it.
type PrefixError struct{ Action string }

func (e *PrefixError) Error() string {
	return fmt.Sprintf("%q refers to prefix, by a value that is meant for packages: what it is, only a package knows", e.Action)
}

// mentionsPrefix reports whether an action is told a prefix.
func mentionsPrefix(spec *action.Spec) bool {
	token := action.Abs(action.Prefix)
	for _, list := range [...][]string{spec.Argv, spec.Env} {
		for _, s := range list {
			if strings.Contains(s, token) {
				return true
			}
		}
	}
	return false
}

func (p *prefixDir) prefix(key string) string { return filepath.Join(p.dir, "prefix", key) }
func (p *prefixDir) stamp(key string) string  { return filepath.Join(p.prefix(key), stampName) }

// state is the file or directory of some purpose that a key has beside its tree.
func (p *prefixDir) state(what, key string) string {
	return filepath.Join(p.dir, "packages", what, key)
}

// read returns the tree of a key, nil if it is not there as a whole.
func (p *prefixDir) read(key string) (*InstallTree, error) {
	b, err := fsys.ReadFile(p.fs, p.stamp(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t, err := decodeTree(b)
	if err != nil || t.Key != key {
		return nil, nil // somebody meddled with it: it is made again
	}
	t.Prefix = p.prefix(key)
	return t, nil
}

// find returns the tree that the action of a key has made, or one with the
// same content.
func (p *prefixDir) find(key string) (*InstallTree, error) {
	t, err := p.read(key)
	if t != nil || err != nil {
		return t, err
	}
	b, err := fsys.ReadFile(p.fs, p.state("alias", key))
	if err != nil || !validKey(string(b)) {
		return nil, nil // it only saves work
	}
	return p.read(string(b))
}

// adopt makes a tree that was scanned in the prefix of key the tree of that
// key. If there is one with the same content, that is used in its place:
// what was built with it stays as it is.
func (p *prefixDir) adopt(key string, t *InstallTree) (*InstallTree, error) {
	// Packages with the same content may end at the same time.
	release, err := p.lockFile(adoptFile, unix.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer release()
	index := p.state("tree", t.Digest.String())
	if b, err := fsys.ReadFile(p.fs, index); err == nil && validKey(string(b)) && string(b) != key {
		if same, err := p.read(string(b)); err == nil && same != nil && same.Digest == t.Digest {
			if err := p.write(p.state("alias", key), b); err != nil {
				return nil, err
			}
			return same, fsys.RemoveTree(p.fs, p.prefix(key))
		}
	}
	t.Key, t.Prefix = key, p.prefix(key)
	if err := p.write(p.stamp(key), t.encode()); err != nil {
		return nil, err
	}
	return t, p.write(index, []byte(key))
}

func (p *prefixDir) write(name string, b []byte) error {
	if err := p.fs.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return fsys.WriteFile(p.fs, name, b, 0o666)
}

// lock waits until nobody else builds the package of a key. What an erg that
// was killed has left, in whichever workspace, is ended: it would finish the
// package for nobody, if it ever ends.
func (p *prefixDir) lock(ctx context.Context, key string, waiting func(pid int)) (*lock, error) {
	name := p.state("lock", key)
	if err := p.fs.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return nil, err
	}
	return acquire(ctx, "a package", name, waiting)
}
