package engine

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/trace"
)

// builds returns what the trace tells of the last builds, and how long the
// actions with the given first outputs took when they ran.
func (w *world) builds(outs ...string) (list []trace.Build, took time.Duration) {
	w.t.Helper()
	e := w.open(context.Background())
	defer e.Close()
	for _, o := range outs {
		a := e.State().Action(o)
		if a == nil || a.Took <= 0 {
			w.t.Fatalf("no record of %s tells how long it took", o)
		}
		took += a.Took
	}
	return append(list, e.State().Builds()...), took
}

// account fails the test unless the last of so many builds is recorded to have
// done without just these actions.
func (w *world) account(t *testing.T, builds int, cut, restored []string) trace.Build {
	t.Helper()
	list, took := w.builds(cut...)
	if len(list) != builds {
		t.Fatalf("%d builds are recorded, want %d: %+v", len(list), builds, list)
	}
	b := list[len(list)-1]
	if want := (trace.Saving{Actions: len(cut), Took: took}); b.Cutoff != want {
		t.Errorf("cut off: %+v, want %+v (%s)", b.Cutoff, want, strings.Join(cut, " "))
	}
	_, took = w.builds(restored...)
	if want := (trace.Saving{Actions: len(restored), Took: took}); b.Store != want {
		t.Errorf("restored: %+v, want %+v (%s)", b.Store, want, strings.Join(restored, " "))
	}
	return b
}

// What early cutoff saved is what reads, however far, what was made anew. It
// is the same whether the goal is evaluated or resumed from the trace.
func TestAccount(t *testing.T) {
	for name, store := range map[string]bool{"resumed": true, "evaluated": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if !store {
				w.store = "" // without one, only the whole graph tells who has an equal result
			}
			w.write("a", "one\ntwo\n", "b", "b\n")
			waits := cat("app", "_build/app/waits", "b")
			waits.Order = []string{"_build/app/head"} // which it does not read
			w.rules = define(
				sh("app", "head", `head -n1 "$1" > "$2"`, []string{"a"}, "_build/app/head"),
				cat("app", "_build/app/copy", "_build/app/head"),
				cat("app", "_build/app/last", "_build/app/copy"),
				waits, cat("app", "_build/app/behind", "_build/app/waits"))
			all := []string{"_build/app/last", "_build/app/behind"}
			b := w.make(all...)
			b.ok(t, "head", "cat _build/app/copy", "cat _build/app/last", "cat _build/app/waits", "cat _build/app/behind")
			r := w.account(t, 1, nil, nil)
			if !r.OK || r.Ran != 5 || r.Unchanged+r.Failed+r.Skipped != 0 || r.Goal != strings.Join(all, " ") || r.Revision != 1 {
				t.Errorf("%+v", r)
			}
			if r.Worked <= 0 || r.Elapsed <= 0 || r.Own < 1<<20 || time.Since(time.Unix(r.Ended, 0)) > time.Hour {
				t.Errorf("%+v", r)
			}

			w.write("a", "one\nTWO\n")
			if b := w.make(); b.resumed != store {
				t.Errorf("resumed: %v", b.resumed)
			}
			r = w.account(t, 2, []string{"_build/app/copy", "_build/app/last"}, nil)
			if r.Ran != 1 || r.Unchanged != 4 {
				t.Errorf("%+v", r)
			}

			w.make().isNull(t)
			w.account(t, 2, []string{"_build/app/copy", "_build/app/last"}, nil) // a null build leaves no record

			w.write("b", "B\n") // changes all behind it
			w.make().ok(t, "cat _build/app/waits", "cat _build/app/behind")
			w.account(t, 3, nil, nil)
		})
	}
}

// What comes back from the store is counted with the time of its run, and
// what reads it is cut off.
func TestAccountRestored(t *testing.T) {
	w := newWorld(t)
	w.write("a", "one\n")
	w.rules = define(cat("app", "_build/app/x", "a"), cat("app", "_build/app/y", "_build/app/x"),
		cat("lib", "_build/lib/x", "a"), cat("lib", "_build/lib/y", "_build/lib/x")) // equal to those
	w.make("_build/app/y", "_build/lib/y")
	if r := w.account(t, 1, nil, nil); r.Ran != 2 {
		t.Fatalf("%+v", r)
	}
	w.remove("_build/app/x")
	w.remove("_build/lib/x")
	if b := w.make(); b.Ran != 0 || b.Restored != 1 {
		t.Fatalf("%+v", b.Result)
	}
	w.account(t, 2, []string{"_build/app/y"}, []string{"_build/app/x"})
}

// A build that failed says so.
func TestAccountFailed(t *testing.T) {
	w := newWorld(t)
	w.rules = define(sh("app", "bad", "exit 1", nil, "_build/app/bad"), cat("app", "_build/app/user", "_build/app/bad"))
	w.make("_build/app/user").failed(t)
	if r := w.account(t, 1, nil, nil); r.OK || r.Ran != 1 || r.Failed != 1 || r.Skipped != 1 {
		t.Errorf("%+v", r)
	}
}

// The record has the peak of the largest process, as that process's has it.
func TestAccountPeak(t *testing.T) {
	w := newWorld(t)
	large := cat("app", "_build/app/large")
	large.Argv = []string{self(), "helper:large", action.Ref("_build/app/large")}
	w.rules = define(large, sh("app", "small", `echo > "$1"`, nil, "_build/app/small"))
	w.make("_build/app/large", "_build/app/small").ok(t, "cat _build/app/large", "small")
	e := w.open(t.Context())
	defer e.Close()
	peak := e.State().Action("_build/app/large").Peak
	if got := e.State().Builds()[0].Peak; got != peak || peak < largeSize {
		t.Errorf("the peak is %d, and that of the largest %d", got, peak)
	}
}

const largeSize = 96 << 20

func init() {
	helpers["large"] = func(args []string) error {
		b := make([]byte, largeSize)
		for i := 0; i < len(b); i += 1 << 10 {
			b[i] = 1
		}
		return os.WriteFile(args[0], b[:1], 0o666)
	}
}

// A graph whose nodes are dropped when they have ended is counted like any other.
func TestAccountLazy(t *testing.T) {
	w := newWorld(t)
	w.write("a", "one\ntwo\n")
	f := foreignSource{
		{Name: "head", Inputs: []string{"a"}, Outputs: []string{"head"}, Foreign: &action.Foreign{Command: "head -n1 a > head"}},
		{Name: "all", Inputs: []string{"head"}, Outputs: []string{"all"}, Foreign: &action.Foreign{Phony: true}},
		{Name: "copy", Inputs: []string{"all", "head"}, Outputs: []string{"copy"}, Foreign: &action.Foreign{Command: "cat head > copy"}},
		{Name: "last", Inputs: []string{"copy"}, Outputs: []string{"last"}, Foreign: &action.Foreign{Command: "cat copy > last"}},
	}
	build := func() trace.Build {
		t.Helper()
		e, err := Open(t.Context(), Options{Root: w.root, InPlace: true})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		s := e.NewSession(t.Context(), SessionOptions{Goal: "lazy", Jobs: 2})
		err = s.Eval(func(t *Task) error {
			for i := range f {
				if err := t.DefineFrom(f, uint32(i)); err != nil {
					return err
				}
			}
			return t.Build("last")
		})
		if err := s.Finish(err == nil, nil); err != nil {
			t.Fatal(err)
		}
		b := e.State().Builds()
		return b[len(b)-1]
	}
	if r := build(); r.Ran != 3 || r.Cutoff.Actions != 0 {
		t.Errorf("%+v", r)
	}
	w.write("a", "one\nTWO\n")
	if r := build(); r.Ran != 1 || r.Unchanged != 2 || r.Cutoff.Actions != 2 || r.Cutoff.Took <= 0 {
		t.Errorf("%+v", r)
	}
}

// A foreignSource is a Source that has specifications at hand.
type foreignSource []action.Spec

func (f foreignSource) Spec(ref uint32) (action.Spec, error) { return f[ref], nil }

func (f foreignSource) Inputs(ref uint32, visit func(string)) {
	for _, p := range f[ref].Inputs {
		visit(p)
	}
}
