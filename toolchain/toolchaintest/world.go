// Package toolchaintest is what the tests of toolchains share: a workspace
// with an engine and a store, in which queries run and real compilers are
// driven. Only tests import it.
package toolchaintest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"erg.build/erg/engine"
	"erg.build/erg/engine/event"
)

// A World is a workspace and a store.
type World struct {
	T     testing.TB
	Dir   string            // the workspace
	Store string            // "" for none
	Env   map[string]string // of the person who runs erg; PATH is the test's
}

// New returns an empty workspace without a store, so that everything is
// really compiled.
func New(t testing.TB) *World {
	t.Helper()
	return At(t, t.TempDir())
}

// At returns a workspace in a directory.
func At(t testing.TB, dir string) *World {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return &World{T: t, Dir: dir, Env: map[string]string{"PATH": os.Getenv("PATH")}}
}

// Write writes files: names and contents in turn.
func (w *World) Write(files ...string) {
	w.T.Helper()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(w.Dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			w.T.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o666); err != nil {
			w.T.Fatal(err)
		}
	}
}

// A Built is what a session came to.
type Built struct {
	Err    error
	Ran    []string // actions for which a process ran, without probes; sorted
	Probes []string // probes for which a process ran; sorted
	Failed []event.ActionFinished
	Output string // all that actions printed
	Plan   []engine.PlannedAction
	Defers []engine.DeferredGroup
}

// Build evaluates fn and runs what it demands.
func (w *World) Build(fn func(t *engine.Task) error) *Built { return w.session(engine.Build, fn) }

// Null reports whether the trace alone tells that nothing is to be done.
func (w *World) Null() bool {
	w.T.Helper()
	e, err := w.open(context.Background())
	if err != nil {
		w.T.Fatal(err)
	}
	defer e.Close()
	ok := e.Look("test").Null != nil
	return ok
}

func (w *World) open(ctx context.Context) (*engine.Engine, error) {
	return engine.Open(ctx, engine.Options{
		Root: w.Dir, StoreDir: w.Store, BuildID: "test",
		Env: func(name string) string { return w.Env[name] },
	})
}

// Plan evaluates fn and runs nothing but probes.
func (w *World) Plan(fn func(t *engine.Task) error) *Built { return w.session(engine.Plan, fn) }

func (w *World) session(mode engine.Mode, fn func(t *engine.Task) error) *Built {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	e, err := w.open(ctx)
	if err != nil {
		w.T.Fatal(err)
	}
	defer e.Close()
	b := &Built{}
	var mu sync.Mutex
	s := e.NewSession(ctx, engine.SessionOptions{Mode: mode, Goal: "test", Sink: event.SinkFunc(func(ev event.Event) {
		mu.Lock()
		defer mu.Unlock()
		b.note(ev)
	})})
	b.Err = s.Eval(fn)
	b.Plan, b.Defers = s.PlannedActions(), s.DeferredGroups()
	if err := s.Finish(b.Err == nil, nil); err != nil {
		w.T.Fatal(err)
	}
	slices.Sort(b.Ran)
	slices.Sort(b.Probes)
	return b
}

func (b *Built) note(ev event.Event) {
	f, ok := ev.(event.ActionFinished)
	if !ok {
		return
	}
	b.Output += string(f.Output)
	switch {
	case f.Status == event.Failed:
		b.Failed = append(b.Failed, f)
	case f.Status != event.Ran:
	case strings.HasPrefix(f.Name, "probe "):
		b.Probes = append(b.Probes, f.Name)
	default:
		b.Ran = append(b.Ran, f.Name)
	}
}

// OK fails the test unless the session went well.
func (b *Built) OK(t testing.TB) *Built {
	t.Helper()
	if b.Err != nil {
		for _, f := range b.Failed {
			t.Errorf("%s: %v\n%s\n%s", f.Name, f.Err, f.Command, f.Output)
		}
		t.Fatal(b.Err)
	}
	return b
}

// Digests returns the digests of all regular files below an output root, by their
// name in it.
func (w *World) Digests(root string) map[string]string {
	w.T.Helper()
	sums := map[string]string{}
	base := filepath.Join(w.Dir, root)
	err := filepath.WalkDir(base, func(name string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() { // links are to sources
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(base, name)
		sums[rel] = fmt.Sprintf("%x", sha256.Sum256(b))
		return nil
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return sums
}

// Same fails the test unless two output roots hold the same files.
func Same(t testing.TB, what string, a, b map[string]string) {
	t.Helper()
	if len(a) == 0 {
		t.Errorf("%s: there are no files", what)
	}
	for name, sum := range a {
		switch other, ok := b[name]; {
		case !ok:
			t.Errorf("%s: only one has %s", what, name)
		case sum != other:
			t.Errorf("%s: %s differs", what, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			t.Errorf("%s: only one has %s", what, name)
		}
	}
}

// Output runs a program of the workspace and returns what it prints.
func (w *World) Output(program string) string {
	w.T.Helper()
	out, err := exec.Command(filepath.Join(w.Dir, program)).CombinedOutput()
	if err != nil {
		w.T.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

// Need skips the test when a program is missing. Under CI=true it fails: there,
// a test that does not run is a test that was not passed.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed, and no test is skipped in continuous integration", p)
			}
			t.Skipf("%s is not installed", p)
		}
	}
}
