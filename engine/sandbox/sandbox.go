// Package sandbox runs a process that sees, of a workspace, only the files
// that were declared, and that can write only where its outputs belong.
//
// It is there for builds to be right, not for security: it catches what was
// forgotten, and does not hold what attacks. The network is left alone.
//
// # The view
//
// In place of the workspace Root the process finds a view: a directory
// prepared at Spec.Stage, in which the declared inputs are present and
// read-only. Whatever the process creates lands in the view and stays there
// for the caller to collect (Collect) before the stage is removed (Clean).
//
// # Methods
//
// Namespaces: the view is mounted over Root, so that absolute paths stay
// true; all else is read-only, /tmp and /dev/shm are private, and nothing the
// process starts survives it. Landlock (kernel 5.19): the view is a tree of
// symlinks and the working directory lies in it; the kernel refuses reads of
// other files of the workspace and writes outside the view. Symlinks: the same
// tree and no enforcement: only what is named relative to the working
// directory is hidden.
//
// # How to read it
//
// prepare.go makes the view, collect.go looks at what became of it. start.go
// picks the method. pool.go is erg's side of the helpers, worker.go the
// helper's, mount.go what a helper does for each run; DESIGN.md says why there
// are helpers at all. landlock.go is the second method whole.
package sandbox

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// A Method is a way to hide files.
type Method string

const (
	Namespaces Method = "namespaces"
	Landlock   Method = "landlock"
	Symlinks   Method = "symlinks"
	None       Method = "none" // no view: runs in Root itself
)

// ParseMethod reads a method's name, as people force one.
func ParseMethod(name string) (Method, error) {
	switch m := Method(name); m {
	case Namespaces, Landlock, Symlinks, None:
		return m, nil
	}
	return "", fmt.Errorf("unknown sandbox method %q: want namespaces, landlock, symlinks or none", name)
}

// A Spec describes a sandbox for one run.
type Spec struct {
	Method Method
	// Root is the workspace: absolute, hidden.
	Root string
	// Stage is an absolute directory, unique to this run and not there yet,
	// on the file system where outputs belong. It usually lies in Root.
	Stage string
	// Inputs appear in the view, read-only. At is slash-separated, relative
	// to the view; Source is absolute: a file, or a directory that is shown
	// whole. A Source that is a symlink stands for what it points to.
	Inputs []Mount
	// Copies are files that the view has copies of, which the process may change
	// and remove. They are none of Inputs.
	Copies []Mount
	// Writable directories stay writable; ReadOnly ones (tools) stay visible
	// though they lie below Root or /tmp. Paths are absolute; At is Source
	// unless set. The other methods than Namespaces ignore At.
	Writable []Mount
	ReadOnly []Mount
	// Dir is the working directory, relative to the view. It is created.
	Dir string
	// Chdir is the working directory where it is none in the view: absolute, a
	// place that is Writable or below one. Dir does not count then.
	Chdir string
	// Hide are further directories that are covered by empty ones of which
	// nothing is kept: a home. What is mounted below them is there. Only
	// Namespaces can do that.
	Hide []string
	// MakeDirs are directories to create in the view: outputs' parents.
	MakeDirs []string
}

// A Mount makes Source appear At another place.
type Mount struct {
	At     string
	Source string
}

// at is where an absolute mount appears.
func (m Mount) at() string {
	if m.At == "" {
		return m.Source
	}
	return m.At
}

// View is the real path of the view: below it are the outputs afterwards.
func (s *Spec) View() string {
	if s.Method == None {
		return s.Root
	}
	return filepath.Join(s.Stage, "view")
}

// WorkDir is the working directory as the process sees it.
func (s *Spec) WorkDir() string {
	if s.Chdir != "" {
		return s.Chdir
	}
	if s.Method == Namespaces {
		return filepath.Join(s.Root, s.Dir)
	}
	return filepath.Join(s.View(), s.Dir)
}

// tmp is the private directory for temporary files, where /tmp is shared.
func (s *Spec) tmp() string { return filepath.Join(s.Stage, "tmp") }

// A SetupError says which step of making a sandbox failed, as against an
// error of the process in it. It unwraps to the system's error.
type SetupError struct {
	Step string
	Path string
	Err  error `json:"-"`
}

func (e *SetupError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("sandbox: %s: %v", e.Step, e.Err)
	}
	return fmt.Sprintf("sandbox: %s %s: %v", e.Step, e.Path, e.Err)
}

func (e *SetupError) Unwrap() error { return e.Err }

// failed is err as a SetupError. The path that os errors carry goes to Path.
func failed(step, path string, err error) error {
	if err == nil {
		return nil
	}
	return &SetupError{Step: step, Path: path, Err: errno(err)}
}

// check finds what callers can get wrong.
func (s *Spec) check() error {
	bad := func(what, path string) error {
		return &SetupError{Step: what, Path: fmt.Sprintf("%q", path), Err: errors.New("not allowed here")}
	}
	for _, p := range []string{s.Root, s.Stage} {
		if !filepath.IsAbs(p) || p == "/" {
			return bad("root or stage", p)
		}
	}
	at := make(map[string]string, len(s.Inputs))
	for _, m := range slices.Concat(s.Inputs, s.Copies) {
		other, twice := at[m.At]
		if !inView(m.At) || !filepath.IsAbs(m.Source) || twice && other != m.Source {
			return bad("input", m.At+" ← "+m.Source)
		}
		at[m.At] = m.Source
	}
	for _, list := range [][]Mount{s.Writable, s.ReadOnly} {
		for _, m := range list {
			if !filepath.IsAbs(m.Source) || !filepath.IsAbs(m.at()) {
				return bad("mount", m.Source)
			}
		}
	}
	for _, d := range append([]string{s.Chdir}, s.Hide...) {
		if d != "" && (!filepath.IsAbs(d) || d == "/") {
			return bad("directory", d)
		}
	}
	for _, d := range append([]string{s.Dir}, s.MakeDirs...) {
		if d != "" && d != "." && !inView(d) {
			return bad("directory", d)
		}
	}
	return nil
}

// inView: p is below the view, and written the one way that Collect expects.
func inView(p string) bool {
	return p != "." && filepath.IsLocal(p) && filepath.Clean(p) == p
}
