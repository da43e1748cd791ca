package engine

import (
	"path/filepath"
	"testing"

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
