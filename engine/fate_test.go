package engine

import (
	"testing"

	"erg.build/erg/engine/event"
)

// Whoever lists results asks what became of each: whether it was done now, was
// there, failed, or for which failure it could not be done.
func TestFate(t *testing.T) {
	w := newWorld(t)
	w.opts = SessionOptions{Jobs: 1, KeepGoing: true}
	w.write("x", "1", "y", "2")
	w.rules = define(sh("app", "bad", `exit 3`, []string{"x"}, "_build/app/bad"),
		cat("app", "_build/app/needs", "_build/app/bad"),
		cat("app", "_build/app/needs2", "_build/app/needs", "y"),
		cat("app", "_build/app/good", "y"))
	fates := func() map[string]Fate {
		e := w.open(t.Context())
		defer e.Close()
		var told int
		s := e.NewSession(t.Context(), SessionOptions{Goal: "all", Jobs: 1, KeepGoing: true, Sink: event.SinkFunc(func(ev event.Event) {
			if f, ok := ev.(event.ActionFinished); ok && f.Status == event.Failed {
				told = f.ID
			}
		})})
		err := s.Eval(func(t *Task) error {
			if err := w.rules(t); err != nil {
				return err
			}
			return t.Build("_build/app/needs2", "_build/app/good")
		})
		if err == nil || told == 0 {
			t.Fatalf("no failure: %v", err)
		}
		out := map[string]Fate{}
		for _, o := range []string{"bad", "needs", "needs2", "good", "none"} {
			f := s.Fate("_build/app/" + o)
			if f.Failure == told {
				f.Failure = -1
			}
			if f.Status == event.Ran && f.Took == 0 {
				t.Errorf("%s took no time", o)
			}
			f.Took = 0
			out[o] = f
		}
		if err := s.Finish(false, nil); err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, good := range []event.Status{event.Ran, event.Unchanged} {
		got := fates()
		for o, want := range map[string]Fate{
			"bad": {Status: event.Failed, Failure: -1}, "needs": {Failure: -1}, "needs2": {Failure: -1},
			"good": {Status: good}, "none": {},
		} {
			if got[o] != want {
				t.Errorf("%s: %+v, want %+v", o, got[o], want)
			}
		}
	}
}

// What a resumed goal did not look at is as it was.
func TestFateOfWhatWasResumed(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1", "y", "2")
	w.rules = define(cat("app", "_build/app/a", "x"), cat("app", "_build/app/b", "y"))
	w.make("_build/app/a", "_build/app/b").ok(t, "cat _build/app/a", "cat _build/app/b")
	w.write("x", "changed")
	e := w.open(t.Context())
	defer e.Close()
	look := e.Look("_build/app/a _build/app/b")
	s := e.NewSession(t.Context(), SessionOptions{Goal: "_build/app/a _build/app/b"})
	if ok, err := s.Resume(look); !ok || err != nil {
		t.Fatalf("resumed: %v, %v", ok, err)
	}
	if a, b := s.Fate("_build/app/a"), s.Fate("_build/app/b"); a.Status != event.Ran || b.Status != event.Unchanged || b.Took == 0 {
		t.Errorf("a %+v, b %+v", a, b)
	}
	if err := s.Finish(true, nil); err != nil {
		t.Fatal(err)
	}
}
