// Package tree makes the source trees that the benchmarks build, one for each
// tool, with all that the tool keeps.
package tree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A Tree is a directory with sources, built by one tool.
type Tree struct {
	Dir string
}

// Names of what tools keep in a tree. Erg's store is there too, so that no other
// tree can help.
const (
	outputs    = "out"
	storeName  = "store"
	ninjaLog   = ".ninja_log"
	ninjaDeps  = ".ninja_deps"
	ergState   = ".erg"
	graphFile  = "build.ninja"
	makeFile   = "Makefile"
	sourceTree = "src"
)

// Env returns what erg needs in its environment to build the tree.
func (t Tree) Env() []string { return []string{"ERG_STORE=" + filepath.Join(t.Dir, storeName)} }

// Path returns the path of a file of the tree.
func (t Tree) Path(name string) string { return filepath.Join(t.Dir, name) }

// Roots returns the directories of all that a graph names.
func (t Tree) Roots() []string { return []string{t.Path(sourceTree), t.Path(outputs)} }

// Clean removes what was built, and what is known of it.
func (t Tree) Clean() error { return errors.Join(t.Forget(), os.RemoveAll(t.Path(storeName))) }

// Forget removes what was built, and what is known of it but for erg's store.
// The directories of outputs stay: make makes none.
func (t Tree) Forget() error {
	for _, name := range []string{ninjaLog, ninjaDeps, ergState} {
		if err := os.RemoveAll(t.Path(name)); err != nil {
			return err
		}
	}
	err := filepath.WalkDir(t.Path(outputs), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Remove(name)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Touch gives a file the present time, and leaves its bytes.
func (t Tree) Touch(name string) error {
	now := time.Now()
	return os.Chtimes(t.Path(name), now, now)
}

// Write writes a file, and the directories above it.
func (t Tree) Write(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(t.Path(name)), 0o777); err != nil {
		return err
	}
	return os.WriteFile(t.Path(name), []byte(text), 0o666)
}

// Read returns what is in a file.
func (t Tree) Read(name string) (string, error) {
	text, err := os.ReadFile(t.Path(name))
	return string(text), err
}

// stream writes a file by means of a function.
func (t Tree) stream(name string, write func(io.Writer) error) error {
	f, err := os.Create(t.Path(name))
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return nil
}
