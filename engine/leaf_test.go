package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"testing"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys/fault"
	"erg.build/erg/engine/trace"
)

// A file that is forgotten while it is being examined is examined again: what
// was found is of the time before an action made it.
func TestForgottenWhileExamined(t *testing.T) {
	w := newWorld(t)
	w.write("x", "x\n")
	var s *Session
	opened, after := false, 0
	w.fs = &fault.FS{Decide: func(op fault.Op) fault.Fault {
		switch {
		case op.Path != filepath.Join(w.root, "x"):
		case op.Name == "open" && !opened:
			opened = true
			return fault.Fault{Before: func() { s.forget("x") }}
		case op.Name == "stat" && opened:
			after++
		}
		return fault.Fault{}
	}}
	e := w.open(t.Context())
	defer e.Close()
	s = e.NewSession(t.Context(), SessionOptions{})
	for range 2 {
		if _, err := s.leaf("x", trace.Content); err != nil {
			t.Fatal(err)
		}
	}
	if after != 2 { // the end of the first examination, and the second one
		t.Errorf("looked at %d times after it was opened, want 2", after)
	}
}

// Files that are hashed ahead are opened once; what is wrong with one is told
// to who asks for it.
func TestHash(t *testing.T) {
	w := newWorld(t)
	w.write("x", "x\n")
	w.write("y", "y\n")
	var opened atomic.Int64
	w.fs = &fault.FS{Decide: func(op fault.Op) fault.Fault {
		if op.Name == "open" && (op.Path == filepath.Join(w.root, "x") || op.Path == filepath.Join(w.root, "y")) {
			opened.Add(1)
		}
		return fault.Fault{}
	}}
	e := w.open(t.Context())
	defer e.Close()
	err := e.NewSession(t.Context(), SessionOptions{}).Eval(func(t *Task) error {
		t.Hash("x", "absent", "./y")
		if _, err := t.FileDigest("absent"); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("absent: %w", err)
		}
		for _, p := range []string{"x", "y"} {
			if d, err := t.FileDigest(p); err != nil || d != digest.OfString(p+"\n") {
				return fmt.Errorf("%s: %s, %w", p, d, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := opened.Load(); n != 2 {
		t.Errorf("two files were opened %d times", n)
	}
}
