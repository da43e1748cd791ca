package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

func TestQueriesAreComputedOnce(t *testing.T) {
	w := newWorld(t)
	var calls atomic.Int32
	double := &Query[int, int]{Kind: "double", Fn: func(t *Task, k int) (int, error) {
		calls.Add(1)
		return 2 * k, nil
	}}
	b := w.eval(func(t *Task) error {
		var fns []func(*Task) error
		for i := range 100 {
			fns = append(fns, func(t *Task) error {
				if v, err := double.Get(t, i%10); err != nil || v != i%10*2 {
					return fmt.Errorf("got %d, %w", v, err)
				}
				return nil
			})
		}
		return t.Run(fns...)
	})
	if b.err != nil || calls.Load() != 10 {
		t.Errorf("%v, %d calls", b.err, calls.Load())
	}
}

func TestErrorsOfQueriesAreShared(t *testing.T) {
	w := newWorld(t)
	boom := errors.New("boom")
	calls := 0
	q := &Query[string, []string]{Kind: "q", Fn: func(t *Task, k string) ([]string, error) {
		calls++
		return []string{"partial"}, boom
	}}
	w.eval(func(t *Task) error {
		for range 3 {
			v, err := q.Get(t, "k")
			if err != boom || len(v) != 1 {
				w.t.Errorf("got %v, %v", v, err)
			}
		}
		return nil
	})
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
	// A nil interface is a value like any other.
	n := &Query[int, error]{Kind: "nil", Fn: func(*Task, int) (error, error) { return nil, nil }}
	b := w.eval(func(t *Task) error {
		v, err := n.Get(t, 1)
		return errors.Join(v, err)
	})
	if b.err != nil {
		t.Error(b.err)
	}
}

func TestCycleOfQueries(t *testing.T) {
	next := map[string]string{"a": "b", "b": "c", "c": "d", "d": "b"}
	var q *Query[string, int]
	q = &Query[string, int]{Kind: "file", Fn: func(t *Task, k string) (int, error) {
		return q.Get(t.At(k+".hcl:1"), next[k])
	}}
	w := newWorld(t)
	b := w.eval(func(t *Task) error {
		_, err := q.Get(t, "a")
		return err
	})
	var c *CycleError
	if !errors.As(b.err, &c) {
		t.Fatalf("got %v", b.err)
	}
	checkCycle(t, c)
	if want := "d -> b (d.hcl:1)"; !strings.Contains(c.Error(), want) {
		t.Errorf("does not say %q: %v", want, c)
	}
	if len(c.Links) != 3 || c.Links[0].FromKind != "file" {
		t.Errorf("links %+v", c.Links)
	}
	// A query that demands itself.
	next["x"] = "x"
	b = w.eval(func(t *Task) error { _, err := q.Get(t, "x"); return err })
	if !errors.As(b.err, &c) || len(c.Links) != 1 {
		t.Errorf("got %v", b.err)
	}
}

func checkCycle(t *testing.T, c *CycleError) {
	t.Helper()
	for i, l := range c.Links {
		if l.To != c.Links[(i+1)%len(c.Links)].From {
			t.Errorf("the links do not close: %+v", c.Links)
		}
		if l.Site == "" {
			t.Errorf("link %d has no site", i)
		}
	}
}

// Cycles that come about between goroutines are found too, always.
func TestCycleAcrossGoroutines(t *testing.T) {
	for range 200 {
		w := newWorld(t)
		w.store = ""
		const n = 6
		var q *Query[int, int]
		q = &Query[int, int]{Kind: "n", Fn: func(t *Task, k int) (int, error) {
			return q.Get(t.At(fmt.Sprint("site", k)), (k+1)%n)
		}}
		b := w.eval(func(t *Task) error {
			var fns []func(*Task) error
			for i := range n {
				fns = append(fns, func(t *Task) error { _, err := q.Get(t, i); return err })
			}
			return t.Run(fns...)
		})
		var c *CycleError
		if !errors.As(b.err, &c) || len(c.Links) != n {
			t.Fatalf("got %v", b.err)
		}
		checkCycle(t, c)
		if t.Failed() {
			return
		}
	}
}

// Queries that wait for actions that wait for queries, with one lane.
func TestNestedDemandWithOneLane(t *testing.T) {
	w := newWorld(t)
	w.opts.Jobs = 1
	w.write("x", "1\n")
	var level *Query[int, string]
	level = &Query[int, string]{Kind: "level", Fn: func(t *Task, k int) (string, error) {
		in := []string{"x"}
		if k > 0 {
			below, err := level.Get(t, k-1)
			if err != nil {
				return "", err
			}
			in = append(in, below)
		}
		out := fmt.Sprintf("_build/app/%d", k)
		if err := t.Define(cat("app", out, in...)); err != nil {
			return "", err
		}
		c, err := t.Content(out)
		if err != nil || strings.Count(string(c.Bytes), "1") != k+1 {
			return "", fmt.Errorf("level %d has %q: %w", k, c.Bytes, err)
		}
		_, err = t.Probe(probeSpec(fmt.Sprintf("echo %d", k)))
		return out, err
	}}
	b := w.eval(func(t *Task) error {
		var fns []func(*Task) error
		for i := range 10 {
			fns = append(fns, func(t *Task) error { _, err := level.Get(t, 9-i); return err })
		}
		return t.Run(fns...)
	})
	if b.err != nil || b.Ran != 20 {
		t.Errorf("%v, ran %d", b.err, b.Ran)
	}
}

func TestRunJoinsErrorsInOrder(t *testing.T) {
	w := newWorld(t)
	b := w.eval(func(t *Task) error {
		return t.Run(
			func(*Task) error { return errors.New("one") },
			func(*Task) error { return nil },
			func(*Task) error { return errors.New("three") })
	})
	if b.err == nil || b.err.Error() != "one\nthree" {
		t.Errorf("got %v", b.err)
	}
}

func TestReadDir(t *testing.T) {
	w := newWorld(t)
	w.write("b/x", "", "a", "", ".hidden", "", "_build/app/x", "", "b/_build/x", "")
	w.eval(func(t *Task) error {
		names := func(dir string) string {
			es, err := t.ReadDir(dir)
			if err != nil {
				w.t.Error(err)
			}
			var ns []string
			for _, e := range es {
				ns = append(ns, fmt.Sprintf("%s/%t", e.Name, e.Dir))
			}
			return strings.Join(ns, " ")
		}
		for dir, want := range map[string]string{"": "a/false b/true", ".": "a/false b/true", "b": "_build/true x/false", "nosuch": ""} {
			if got := names(dir); got != want {
				w.t.Errorf("%q has %q, want %q", dir, got, want)
			}
		}
		return nil
	})
}

func TestNotes(t *testing.T) {
	w := newWorld(t)
	w.write("f", "1")
	inner := &Query[int, string]{Kind: "inner", Fn: func(t *Task, _ int) (string, error) {
		b, err := t.ReadFile("f")
		return string(b), err
	}}
	outer := &Query[int, string]{Kind: "outer", Fn: func(t *Task, _ int) (string, error) {
		v, err := inner.Get(t, 1)
		t.Getenv("X")
		t.Note(Note{Address: "context.a.x", Value: v, Site: "erg.hcl:1"})
		return v, err
	}}
	for range 2 {
		w.goal += "x"
		w.eval(func(t *Task) error { _, err := outer.Get(t, 1); return err })
	}
	w.write("f", "2")
	b := w.eval(func(t *Task) error { _, err := outer.Get(t, 1); return err })
	e := b.session.eng.state.Elements()["context.a.x"]
	if e == nil || e.Value != "2" || e.Previous != "1" || !slices.Contains(e.Deps, "file:f") || !slices.Contains(e.Deps, "env:X") {
		t.Errorf("recorded %+v", e)
	}
}

func TestPrune(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n")
	one, two := cat("app", "_build/app/d/one", "x"), cat("app", "_build/app/e/two", "x")
	other := cat("gone", "_build/gone/three", "x")
	w.rules, w.goal = define(one, two, other), "before"
	w.make("_build/app/d/one", "_build/app/e/two", "_build/gone/three")
	w.rules, w.goal = func(t *Task) error {
		t.Prune("app//:", func(target, output string) bool { return output != "_build/app/e/two" })
		t.PruneContexts(func(c string) bool { return c == "app" })
		return t.Define(one)
	}, "after"
	w.make("_build/app/d/one").ok(t)
	if w.has("_build/app/e") || w.has("_build/gone") || !w.has("_build/app/d/one") {
		t.Error("pruned wrongly")
	}
	w.make().isNull(t)
	// The other goal finds them missing and gets them back.
	w.rules, w.goal = define(one, two, other), "before"
	w.make("_build/app/d/one", "_build/app/e/two", "_build/gone/three").evaluated(t).ok(t)
}
