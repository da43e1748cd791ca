package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
)

// Nothing goes on after a session, however it ended.
func TestNoGoroutinesAreLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	w := newWorld(t)
	w.write("x", "1\n")
	for i, keepGoing := range []bool{true, false} {
		w.opts.KeepGoing, w.goal = keepGoing, fmt.Sprint(i)
		w.rules = contexts([]string{"a", "b"}, func(c string) []action.Spec {
			return []action.Spec{cat(c, "_build/"+c+"/one", "x"), sh(c, "bad", fmt.Sprint("exit ", i+1), nil, "_build/"+c+"/bad"),
				cat(c, "_build/"+c+"/two", "_build/"+c+"/bad", "_build/"+c+"/one")}
		})
		w.make("_build/a/two", "_build/b/two", "_build/a/one")
	}
	waitFor(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

// A scheduler that is quiet while somebody waits says so instead of hanging.
func TestStuckSchedulerPanics(t *testing.T) {
	w := newWorld(t)
	e := w.open(t.Context())
	defer e.Close()
	s := e.NewSession(t.Context(), SessionOptions{})
	task := &Task{s: s, ctx: t.Context(), cell: &cell{}}
	if err := task.Define(cat("app", "_build/app/a", "x")); err != nil {
		t.Fatal(err)
	}
	n := s.producer("_build/app/a")
	n.state = waiting // for what never comes
	s.wanted = append(s.wanted, n)
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "stuck") || !strings.Contains(p, "_build/app/a") {
			t.Errorf("got %s", p)
		}
	}()
	s.awaitNode(t.Context(), n)
	t.Error("did not panic")
}

func TestProgress(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n")
	w.rules = contexts([]string{"a", "b"}, func(c string) []action.Spec {
		return []action.Spec{cat(c, "_build/"+c+"/one", "x"), cat(c, "_build/"+c+"/two", "_build/"+c+"/one")}
	})
	b := w.make("_build/a/two", "_build/b/two")
	var last *event.Progress
	for _, e := range b.events {
		if p, ok := e.(event.Progress); ok {
			if last != nil && p.Done < last.Done {
				t.Errorf("went back from %d to %d", last.Done, p.Done)
			}
			last = &p
		}
	}
	if last == nil || last.Done != 4 || last.Total != 4 || last.Running != 0 || last.Left != 0 || last.Contexts["a"] != (event.Count{Done: 2, Total: 2}) {
		t.Errorf("the last is %+v", last)
	}
}

func TestClean(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n")
	w.rules = contexts([]string{"a", "b"}, func(c string) []action.Spec { return []action.Spec{cat(c, "_build/"+c+"/one", "x")} })
	w.make("_build/a/one", "_build/b/one")
	e := w.open(t.Context())
	if err := e.Clean([]string{"_build/a"}); err != nil {
		t.Fatal(err)
	}
	e.Close()
	if w.has("_build/a") || !w.has("_build/b/one") {
		t.Error("cleaned the wrong thing")
	}
	w.make().evaluated(t).ok(t)
	e = w.open(t.Context())
	if err := e.Clean(nil); err != nil {
		t.Fatal(err)
	}
	e.Close()
	entries, _ := os.ReadDir(filepath.Join(w.root, "_build"))
	if len(entries) != 1 || entries[0].Name() != ".erg" {
		t.Errorf("left %v", entries)
	}
	w.make().evaluated(t).ok(t)
	w.make().isNull(t)
}

// A long chain needs neither much stack nor much time.
func TestLongChain(t *testing.T) {
	w := newWorld(t)
	w.opts.Mode = Plan
	const n = 20000
	w.eval(func(t *Task) error {
		prev := "x"
		for i := range n {
			out := fmt.Sprintf("_build/app/%d", i)
			s := cat("app", out, prev)
			s.Unknown = []string{"later"}
			if err := t.Define(s); err != nil {
				return err
			}
			prev = out
		}
		began := time.Now()
		err := t.Build(prev)
		if d := time.Since(began); d > 10*time.Second {
			w.t.Errorf("took %v", d)
		}
		return err
	})
}

// A ladder has exponentially many ways; finding the longest is linear.
func TestLadder(t *testing.T) {
	w := newWorld(t)
	w.opts.Mode = Plan
	b := w.eval(func(t *Task) error {
		in := []string{"x"}
		for i := range 200 {
			var next []string
			for k := range 2 {
				out := fmt.Sprintf("_build/app/%d.%d", i, k)
				s := cat("app", out, in...)
				s.Unknown = []string{"later"}
				if err := t.Define(s); err != nil {
					return err
				}
				next = append(next, out)
			}
			in = next
		}
		return t.Build(in...)
	})
	if b.err != nil {
		t.Error(b.err)
	}
}
