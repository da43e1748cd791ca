package engine

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
)

// plan evaluates without running and returns the verdicts by output.
func (w *world) plan(fn func(t *Task) error, want ...string) (map[string]Verdict, *built) {
	w.t.Helper()
	opts := w.opts
	defer func() { w.opts = opts }()
	w.opts.Mode = Plan
	b := w.eval(func(t *Task) error {
		if err := w.rules(t); err != nil {
			return err
		}
		if err := t.Build(want...); err != nil {
			return err
		}
		if fn != nil {
			return fn(t)
		}
		return nil
	})
	v := map[string]Verdict{}
	for _, a := range b.session.PlannedActions() {
		v[strings.TrimPrefix(a.Output, "_build/app/")] = a.Verdict
	}
	return v, b
}

func TestPlanVerdicts(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n", "y", "1\n")
	w.rules = define(
		sh("app", "head", `head -n1 "$1" > "$2"`, []string{"x"}, "_build/app/head"),
		cat("app", "_build/app/copy", "_build/app/head"),
		cat("app", "_build/app/both", "_build/app/head", "y"),
		cat("app", "_build/app/other", "y"))
	all := []string{"_build/app/copy", "_build/app/both", "_build/app/other"}
	check := func(head, copy, both, other Verdict) {
		t.Helper()
		v, b := w.plan(nil, all...)
		if b.err != nil || b.Ran != 0 || len(b.ran()) != 0 {
			t.Fatalf("%v, ran %q", b.err, b.ran())
		}
		if v["head"] != head || v["copy"] != copy || v["both"] != both || v["other"] != other {
			t.Errorf("planned %q", v)
		}
	}
	check(WouldRun, WouldRun, WouldRun, WouldRun)
	if w.has("_build/app") {
		t.Error("planning made something")
	}
	w.make(all...)
	check(UpToDate, UpToDate, UpToDate, UpToDate)
	w.write("x", "1\n2\n")
	check(WouldRun, MayRun, MayRun, UpToDate)
	w.write("y", "2\n")
	check(WouldRun, MayRun, WouldRun, WouldRun)
	w.write("x", "1\n", "y", "1\n")
	w.remove("_build/app")
	check(WouldRestore, WouldRestore, WouldRestore, WouldRestore)
	w.make(all...).ok(t)
	// A plan does not make a goal complete that is not.
	w.write("x", "2\n")
	check(WouldRun, MayRun, MayRun, UpToDate)
	w.make(all...).evaluated(t).ok(t, "head", "cat _build/app/copy", "cat _build/app/both")
}

func TestContent(t *testing.T) {
	stores(t, func(t *testing.T, w *world) {
		w.write("x", "1\n", "plain", "source\n")
		w.rules = define(cat("app", "_build/app/one", "x"), cat("app", "_build/app/two", "_build/app/one", "x"))
		var one, two, plain Content
		ask := func(t *Task) (err error) {
			if one, err = t.Content("_build/app/one"); err != nil {
				return err
			}
			if two, err = t.Content("_build/app/two"); err != nil {
				return err
			}
			plain, err = t.Content("plain")
			return err
		}
		plan := func() {
			t.Helper()
			if _, b := w.plan(ask); b.err != nil || b.Ran != 0 {
				t.Fatalf("%v, ran %d", b.err, b.Ran)
			}
			if !plain.Known || string(plain.Bytes) != "source\n" {
				t.Errorf("a source is %+v", plain)
			}
		}
		plan()
		if one.Known || one.Predicts || two.Known || two.Predicts {
			t.Errorf("known before it was built: %+v %+v", one, two)
		}
		b := w.eval(func(t *Task) error {
			if err := w.rules(t); err != nil {
				return err
			}
			return ask(t)
		}).ok(t, "cat _build/app/one", "cat _build/app/two")
		if !one.Known || string(one.Bytes) != "1\n" || string(two.Bytes) != "1\n1\n" {
			t.Errorf("built %+v %+v", one, two)
		}
		_ = b
		plan()
		if !one.Known || string(one.Bytes) != "1\n" || !two.Known || string(two.Bytes) != "1\n1\n" {
			t.Errorf("unchanged %+v %+v", one, two)
		}
		w.write("x", "2\n")
		plan()
		if one.Known || !one.Predicts || string(one.Predicted) != "1\n" || one.Unchanged || string(two.Predicted) != "1\n1\n" || two.Unchanged {
			t.Errorf("after an edit %+v %+v", one, two)
		}
		w.write("x", "1\n")
		w.remove("_build/app")
		plan()
		if w.store != "" && (!one.Known || string(one.Bytes) != "1\n" || string(two.Bytes) != "1\n1\n") {
			t.Errorf("in the store %+v %+v", one, two)
		}
		if w.store == "" && (one.Known || one.Predicts) {
			t.Errorf("gone %+v", one)
		}
	})
}

// The store has a result when it is asked, and not any more when it is read: it
// was collected between the two, or is damaged. A plan can do without.
func TestPlanWhenAResultVanishes(t *testing.T) {
	w := newWorld(t)
	w.write("x", "as made\n")
	w.rules = define(cat("app", "_build/app/one", "x"), cat("app", "_build/app/two", "_build/app/one"))
	w.make("_build/app/two").ok(t, "cat _build/app/one", "cat _build/app/two")
	w.remove("_build/app")
	vanish := func() error {
		packs, err := filepath.Glob(filepath.Join(w.store, "packs", "??"))
		for _, p := range packs {
			var b []byte
			if b, err = os.ReadFile(p); err != nil {
				return err
			}
			b = bytes.ReplaceAll(b, []byte("as made\n"), []byte("damaged\n"))
			if err = os.WriteFile(p, b, 0o666); err != nil {
				return err
			}
		}
		return err
	}
	var one Content
	v, b := w.plan(func(t *Task) (err error) {
		if err := vanish(); err != nil {
			return err
		}
		one, err = t.Content("_build/app/one")
		return err
	}, "_build/app/two")
	if b.err != nil || one.Known || v["one"] != WouldRun {
		t.Errorf("%v, %q, %+v", b.err, v, one)
	}
	if b := w.make(); b.err != nil || w.read("_build/app/two") != "as made\n" {
		t.Error(b.err)
	}
}

// An equal action of another context has it already: planned as known.
func TestPlanEqualWithoutStore(t *testing.T) {
	w := newWorld(t)
	w.store = ""
	w.write("x", "1\n")
	w.rules = contexts([]string{"a", "b"}, func(c string) []action.Spec {
		return []action.Spec{cat(c, "_build/"+c+"/one", "x")}
	})
	w.make("_build/a/one").ok(t, "cat _build/a/one")
	var got Content
	v, b := w.plan(func(t *Task) (err error) {
		got, err = t.Content("_build/b/one")
		return err
	}, "_build/a/one", "_build/b/one")
	if b.err != nil || v["_build/b/one"] != WouldRestore || !got.Known || string(got.Bytes) != "1\n" {
		t.Errorf("%v %q %+v", b.err, v, got)
	}
}

func TestUnknownActions(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n")
	s := cat("app", "_build/app/one", "x")
	s.Unknown = []string{"context.tools.output.cflags"}
	w.rules = define(s, cat("app", "_build/app/two", "_build/app/one"))
	v, b := w.plan(func(t *Task) error {
		t.Deferred("app", "directory lib", []string{"context.tools.output.dirs"})
		return nil
	}, "_build/app/two")
	if b.err != nil || v["one"] != WouldRun || v["two"] != WouldRun {
		t.Errorf("%v %q", b.err, v)
	}
	if a := b.session.PlannedActions()[1]; !slices.Equal(a.Waits, s.Unknown) {
		t.Errorf("planned %+v", b.session.PlannedActions())
	}
	if d := b.session.DeferredGroups(); len(d) != 1 || d[0].What != "directory lib" {
		t.Errorf("deferred %+v", d)
	}
}

func probeSpec(script string) action.Spec {
	return action.Spec{Name: "probe", Argv: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}}
}

func TestProbe(t *testing.T) {
	for _, mode := range []Mode{Build, Plan} {
		w := newWorld(t)
		w.opts.Mode, w.opts.Jobs, w.goal = mode, 1, "probe"
		var out []byte
		ask := func(t *Task) (err error) {
			errs := make([]error, 8)
			fns := make([]func(*Task) error, len(errs))
			for i := range fns {
				fns[i] = func(t *Task) error {
					o, err := t.Probe(probeSpec(`echo run >> runs; echo answer`))
					if i == 0 {
						out = o
					}
					return err
				}
			}
			return t.Run(fns...)
		}
		b := w.eval(ask)
		if b.err != nil || string(out) != "answer\n" || b.Ran != 1 {
			t.Fatalf("%v, %q, ran %d", b.err, out, b.Ran)
		}
		w.goal = "again"
		if b := w.eval(ask); b.err != nil || b.Ran != 0 || string(out) != "answer\n" {
			t.Errorf("%v, %q, ran %d", b.err, out, b.Ran)
		}
		v := w.in(t.TempDir())
		if b := v.eval(ask); b.err != nil || b.Ran != 0 || string(out) != "answer\n" {
			t.Errorf("%v, %q, ran %d", b.err, out, b.Ran)
		}
		if got := w.read("runs"); got != "run\n" {
			t.Errorf("ran %q", got)
		}
	}
}

func TestProbeFails(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n")
	b := w.eval(func(t *Task) error {
		for range 2 {
			_, err := t.Probe(probeSpec(`echo what; exit 4`))
			var p *ProbeError
			if !errors.As(err, &p) || p.Output != "what\n" || !strings.Contains(err.Error(), "exit status 4") {
				w.t.Errorf("got %v", err)
			}
		}
		// It does not stop the build.
		if err := t.Define(cat("app", "_build/app/one", "x")); err != nil {
			return err
		}
		return t.Build("_build/app/one")
	})
	if b.err != nil || b.Failed != 0 || b.Ran != 2 {
		t.Errorf("%v %+v", b.err, b.Result)
	}
	for _, e := range b.events {
		if f, ok := e.(event.ActionFinished); ok && f.Status == event.Failed {
			t.Errorf("told %+v", f)
		}
	}
}
