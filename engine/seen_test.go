package engine

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What a session has seen tells, when it is long over, whether another one
// could see something else.
func TestSeen(t *testing.T) {
	for _, s := range []struct {
		name    string
		change  func(w *world)
		changed bool
	}{
		{"nothing", func(w *world) {}, false},
		{"read file is edited", func(w *world) { w.write("read", "other") }, true},
		{"read file goes", func(w *world) { w.remove("read") }, true},
		{"listed directory has a new file", func(w *world) { w.write("dir/new", "") }, true},
		{"file of a listed directory is edited", func(w *world) { w.write("dir/old", "x") }, false},
		{"absent file appears", func(w *world) { w.write("absent", "") }, true},
		{"present file is edited", func(w *world) { w.write("present", "x") }, false},
		{"file that nobody asked for", func(w *world) { w.write("other", "x") }, false},
		{"same size edit with restored time", func(w *world) {
			name := filepath.Join(w.root, "read")
			fi, _ := os.Stat(name)
			w.write("read", "daer")
			os.Chtimes(name, fi.ModTime(), fi.ModTime())
		}, true},
	} {
		t.Run(s.name, func(t *testing.T) {
			w := newWorld(t)
			w.write("read", "read", "dir/old", "", "present", "", "other", "")
			old := time.Now().Add(-time.Hour)
			for _, name := range []string{"read", "dir/old", "dir", "present", "other"} {
				os.Chtimes(filepath.Join(w.root, name), old, old)
			}
			time.Sleep(2 * grain) // stamps that are younger are not trusted
			seen := w.seen(func(t *Task) error {
				t.ReadFile("read")
				t.ReadDir("dir")
				t.Exists("present")
				t.Exists("absent")
				return nil
			})
			if seen.Changed() {
				t.Fatal("it has changed at once")
			}
			s.change(w)
			if got := seen.Changed(); got != s.changed {
				t.Errorf("changed: %t, want %t", got, s.changed)
			}
		})
	}
}

// Of what could not be examined nobody can tell whether it has changed.
func TestSeenIncomplete(t *testing.T) {
	w := newWorld(t)
	w.write("file", "")
	os.Symlink("loop", filepath.Join(w.root, "loop"))
	seen := w.seen(func(t *Task) error {
		t.ReadFile("loop")
		return nil
	})
	if !seen.Changed() {
		t.Error("a file that cannot be read counts as seen")
	}
}

// seen evaluates a query, as a plan does, and returns what it has seen.
func (w *world) seen(fn func(t *Task) error) *Seen {
	e := w.open(context.Background())
	defer e.Close()
	s := e.NewSession(context.Background(), SessionOptions{Mode: Plan, Goal: "look"})
	if err := s.Eval(fn); err != nil {
		w.t.Fatal(err)
	}
	seen := s.Seen()
	if err := s.Finish(false, nil); err != nil {
		w.t.Fatal(err)
	}
	return seen
}
