package engine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"erg.build/erg/engine/action"
)

// fromTrace fails the test unless the build evaluated nothing.
func (b *built) fromTrace(t *testing.T) *built {
	t.Helper()
	if !b.resumed && b.null == nil {
		t.Fatalf("it was evaluated, ran %q", b.ran())
	}
	return b
}

// sound evaluates everything, as if there were no goal, and fails the test if
// something has to be done after all.
func (w *world) sound(t *testing.T) {
	t.Helper()
	b := w.eval(func(t *Task) error {
		if err := w.rules(t); err != nil {
			return err
		}
		return t.Build(w.want...)
	})
	if b.err != nil || b.Ran+b.Restored > 0 {
		t.Fatalf("what was built from the trace is not what an evaluation gives: ran %q, restored %d, %v", b.ran(), b.Restored, b.err)
	}
}

// resumable returns a world whose rules depend on nothing but what they read.
func resumable(t *testing.T) *world {
	w := newWorld(t)
	w.pure = true
	return w
}

// An action that now uses another file, of the same content and under the same
// canonical name, is up to date; and from then on it is the other that counts.
func TestResumeAfterAnInputMoved(t *testing.T) {
	w := resumable(t)
	w.write("which", "b", "b.in", "same\n", "c.in", "same\n")
	w.rules = func(t *Task) error {
		which, err := t.ReadFile("which")
		if err != nil {
			return err
		}
		return define(cat("b", "_build/b/h", "b.in"), cat("c", "_build/c/h", "c.in"),
			cat("a", "_build/a/x", "_build/"+string(which)+"/h"))(t)
	}
	w.make("_build/a/x").ok(t, "cat _build/b/h", "cat _build/a/x")
	w.write("which", "c")
	w.make().ok(t, "cat _build/c/h") // and not what uses it
	w.write("c.in", "other\n")
	w.make().fromTrace(t).ok(t, "cat _build/c/h", "cat _build/a/x")
	if got := w.read("_build/a/x"); got != "other\n" {
		t.Errorf("x is %q", got)
	}
	w.sound(t)
}

// Another goal made what is shared anew in the meantime.
func TestResumeAfterAnotherGoal(t *testing.T) {
	w := resumable(t)
	w.write("x", "1\n", "y", "1\n")
	w.rules = define(cat("a", "_build/a/shared", "x"), cat("a", "_build/a/one", "_build/a/shared"), cat("a", "_build/a/two", "_build/a/shared", "y"))
	one := func() *built { return w.make("_build/a/one") }
	two := func() *built { return w.make("_build/a/two") }
	one().ok(t, "cat _build/a/shared", "cat _build/a/one")
	two().ok(t, "cat _build/a/two")
	w.write("x", "2\n")
	one().fromTrace(t).ok(t, "cat _build/a/shared", "cat _build/a/one")
	w.write("y", "2\n")
	two().fromTrace(t).ok(t, "cat _build/a/two")
	w.sound(t)
	// There and back: what the other goal saw is not what this one saw.
	w.write("x", "1\n")
	one().fromTrace(t).ok(t)
	w.write("x", "2\n")
	two().fromTrace(t)
	one().fromTrace(t)
	for _, p := range []string{"_build/a/one", "_build/a/two"} {
		if got := w.read(p); !strings.HasPrefix(got, "2\n") {
			t.Errorf("%s is %q", p, got)
		}
		w.want = []string{p}
		w.sound(t)
	}
}

// A failure is looked at again, wherever its record is by then: what it
// printed makes the log so long that it is folded into the base.
func TestResumeAfterAFailure(t *testing.T) {
	for _, lines := range []string{"1", "3000"} {
		w := resumable(t)
		w.store = t.TempDir()
		w.write("x", "good\n", "inc/h", "h\n", "a.c", "include h\n")
		picky := sh("a", "picky", `if grep -q bad "$1"; then i=0; while [ $i -lt `+lines+` ]; do echo "this is not what was agreed upon $i"; i=$((i+1)); done; exit 1; fi; cat "$1" > "$2"`, []string{"x"}, "_build/a/picky")
		w.rules = define(picky, cc("a", "a.c", "_build/a/a.o", nil, []string{"inc"}), cat("a", "_build/a/all", "_build/a/picky", "_build/a/a.o"))
		w.make("_build/a/all").ok(t, "picky", "cc _build/a/a.o", "cat _build/a/all")
		w.write("x", "bad\n", "inc/h", "h2\n")
		w.opts.KeepGoing = true
		w.make().failed(t, "not what was agreed upon")
		w.make().failed(t, "not what was agreed upon")
		w.write("inc/h", "h3\n")
		w.make().failed(t, "not what was agreed upon")
		w.write("x", "good again\n")
		w.make().fromTrace(t).ok(t, "picky", "cat _build/a/all")
		w.write("inc/h", "h4\n")
		w.make().fromTrace(t).ok(t, "cc _build/a/a.o", "cat _build/a/all")
		if got := w.read("_build/a/all"); got != "good again\nh4\n" {
			t.Errorf("made %q", got)
		}
		w.sound(t)
	}
}

// A generated header that is an order only: it counts once it is read.
func TestResumeGeneratedHeader(t *testing.T) {
	w := resumable(t)
	w.write("h.in", "h\n", "a.c", "a\n", "inc/other", "o\n")
	w.rules = define(cat("a", "_build/a/inc/h", "h.in"), cc("a", "a.c", "_build/a/a.o", []string{"_build/a/inc/h"}, []string{"_build/a/inc", "inc"}))
	w.make("_build/a/a.o").ok(t, "cat _build/a/inc/h", "cc _build/a/a.o")
	w.write("h.in", "h2\n")
	w.make().fromTrace(t).ok(t, "cat _build/a/inc/h")
	w.write("a.c", "include h\na\n")
	w.make().fromTrace(t).ok(t, "cc _build/a/a.o")
	w.write("h.in", "h3\n")
	w.make().fromTrace(t).ok(t, "cat _build/a/inc/h", "cc _build/a/a.o")
	w.write("a.c", "include other\na\n")
	w.make().fromTrace(t).ok(t, "cc _build/a/a.o")
	w.write("inc/other", "o2\n")
	w.make().fromTrace(t).ok(t, "cc _build/a/a.o")
	if got := w.read("_build/a/a.o"); got != "o2\na\n" {
		t.Errorf("made %q", got)
	}
	w.sound(t)
}

// A header that shadows another, comes and goes.
func TestResumeShadowingHeader(t *testing.T) {
	w := resumable(t)
	w.write("a.c", "include h\na\n", "two/h", "2\n")
	w.rules = define(cc("a", "a.c", "_build/a/a.o", nil, []string{"one", "two"}))
	w.make("_build/a/a.o").ok(t, "cc _build/a/a.o")
	w.write("one/h", "1\n")
	w.make().ok(t, "cc _build/a/a.o")
	if got := w.read("_build/a/a.o"); got != "1\na\n" {
		t.Errorf("made %q", got)
	}
	w.sound(t)
	w.write("two/h", "22\n")
	w.make().ok(t)
	w.remove("one/h")
	w.make().ok(t, "cc _build/a/a.o")
	if got := w.read("_build/a/a.o"); got != "22\na\n" {
		t.Errorf("made %q", got)
	}
	w.sound(t)
}

// What a program of the build says decides which actions there are. An edit
// that does not change what it says changes nothing of that; another does.
func TestResumeWhatQueriesRead(t *testing.T) {
	w := resumable(t)
	w.write("list.in", "one\n", "x", "x\n", "one", "1\n", "two", "2\n")
	w.rules = func(t *Task) error {
		first := sh("a", "list", `head -n1 "$1" > "$2"`, []string{"list.in"}, "_build/a/list")
		if err := define(first, cat("a", "_build/a/x", "x"))(t); err != nil {
			return err
		}
		c, err := t.Content("_build/a/list")
		if err != nil {
			return err
		}
		return t.Define(cat("a", "_build/a/out", strings.TrimSpace(string(c.Bytes)), "_build/a/x"))
	}
	w.make("_build/a/out").ok(t, "list", "cat _build/a/x", "cat _build/a/out")
	w.write("list.in", "one\nwith a comment\n", "x", "y\n")
	w.make().fromTrace(t).ok(t, "list", "cat _build/a/x", "cat _build/a/out")
	w.sound(t)
	w.write("list.in", "two\n", "x", "z\n")
	if b := w.make().ok(t, "list", "cat _build/a/x", "cat _build/a/out"); b.resumed {
		t.Error("it was not evaluated")
	}
	if got := w.read("_build/a/out"); got != "2\nz\n" {
		t.Errorf("made %q", got)
	}
	w.sound(t)
	// The program that says it fails; then it says the same as before.
	w.write("list.in", "two\n", "two", "22\n")
	w.remove("_build/a/list")
	w.make().ok(t, "cat _build/a/out")
	if got := w.read("_build/a/out"); got != "22\nz\n" {
		t.Errorf("made %q", got)
	}
	w.sound(t)
	// Somebody changed what it said, behind its back.
	w.write("_build/a/list", "one\n")
	w.make().ok(t)
	w.sound(t)
}

// What a secret is made of is not in the trace: it is evaluated.
func TestResumeSecret(t *testing.T) {
	w := resumable(t)
	w.write("x", "1\n")
	w.rules = func(t *Task) error {
		t.Note(Note{Address: "secret", Value: `"s3cr3t"`, Sensitive: true})
		s := cat("a", "_build/a/x", "x")
		s.Env = append(s.Env, "TOKEN=s3cr3t")
		return t.Define(s)
	}
	w.make("_build/a/x").ok(t, "cat _build/a/x")
	w.write("x", "2\n")
	if b := w.make().ok(t, "cat _build/a/x"); b.resumed {
		t.Error("it ran from the trace")
	}
	for _, n := range []string{"trace", "trace.log"} {
		b, _ := os.ReadFile(filepath.Join(w.root, StateDir, n))
		if strings.Contains(string(b), "s3cr3t") {
			t.Errorf("%s holds the secret", n)
		}
	}
}

// A source that is renamed, or gone, is for the evaluation to report.
func TestResumeSourceGone(t *testing.T) {
	w := resumable(t)
	w.write("a", "1\n", "b", "2\n")
	w.rules = define(cat("x", "_build/x/a", "a"), cat("x", "_build/x/all", "_build/x/a", "b"))
	w.make("_build/x/all").ok(t, "cat _build/x/a", "cat _build/x/all")
	if err := os.Rename(filepath.Join(w.root, "a"), filepath.Join(w.root, "c")); err != nil {
		t.Fatal(err)
	}
	w.write("b", "3\n")
	b := w.make()
	if b.resumed || b.err == nil || !strings.Contains(b.failures(), "there is no file a") {
		t.Fatalf("resumed: %t, %v\n%s", b.resumed, b.err, b.failures())
	}
	w.write("a", "1\n")
	w.make().ok(t, "cat _build/x/all")
	w.sound(t)
}

// Of several outputs one is what it was.
func TestResumeOneOutputOfTwo(t *testing.T) {
	w := resumable(t)
	w.write("x", "1\na\n")
	both := sh("a", "both", `head -n1 "$1" > "$2"; tail -n1 "$1" > "$3"`, []string{"x"}, "_build/a/head", "_build/a/tail")
	w.rules = define(both, cat("a", "_build/a/h", "_build/a/head"), cat("a", "_build/a/t", "_build/a/tail"))
	w.make("_build/a/h", "_build/a/t").ok(t, "both", "cat _build/a/h", "cat _build/a/t")
	w.write("x", "1\nb\n")
	w.make().fromTrace(t).ok(t, "both", "cat _build/a/t")
	w.write("_build/a/tail", "mine\n")
	if b := w.make().fromTrace(t).ok(t); b.Restored != 1 || w.read("_build/a/tail") != "b\n" {
		t.Errorf("restored %d, tail is %q", b.Restored, w.read("_build/a/tail"))
	}
	w.sound(t)
}

// -k, and a failure whose cause is gone when the other half is edited.
func TestResumeKeepGoing(t *testing.T) {
	w := resumable(t)
	w.opts.KeepGoing = true
	w.write("x", "1\n", "y", "1\n")
	w.rules = define(cat("a", "_build/a/x", "x"), sh("a", "y", `grep -v bad "$1" > "$2"`, []string{"y"}, "_build/a/y"), cat("a", "_build/a/all", "_build/a/x", "_build/a/y"))
	w.make("_build/a/all").ok(t, "cat _build/a/x", "y", "cat _build/a/all")
	w.write("x", "2\n", "y", "bad\n")
	w.make().failed(t, "exit status 1")
	if got := w.read("_build/a/x"); got != "2\n" {
		t.Errorf("x is %q", got)
	}
	w.write("x", "3\n", "y", "1\n")
	w.make().fromTrace(t).ok(t, "cat _build/a/x", "cat _build/a/all")
	if got := w.read("_build/a/all"); got != "3\n1\n" {
		t.Errorf("made %q", got)
	}
	w.sound(t)
}

// With Rerun nothing is resumed, and afterwards all is.
func TestResumeAndRerun(t *testing.T) {
	w := resumable(t)
	w.write("x", "1\n")
	test := sh("a", "test", `cat "$1"`, []string{"_build/a/x"}, "_build/a/test")
	test.Stdout, test.Local = "_build/a/test", true
	test.Argv = append([]string{"/bin/sh", "-c", `cat "$1"`, "sh"}, action.Ref("_build/a/x"))
	w.rules = define(cat("a", "_build/a/x", "x"), test)
	w.make("_build/a/test").ok(t, "cat _build/a/x", "test")
	w.write("x", "2\n")
	w.make().fromTrace(t).ok(t, "cat _build/a/x", "test")
	w.opts.Rerun = true
	w.make().ok(t, "test")
	w.opts.Rerun = false
	w.make().isNull(t)
	w.write("x", "3\n")
	w.make().fromTrace(t).ok(t, "cat _build/a/x", "test")
	w.sound(t)
}

// A build was killed when an action had been found to read another header than
// before, and the edit that led to that was taken back. Another goal made the
// log end well, and folded it. The first goal knows nothing of all that.
func TestResumeAfterAKillBeforeAnotherGoal(t *testing.T) {
	w := resumable(t)
	w.write("a.c", "include h1\na\n", "inc/h1", "same\n", "inc/h2", "same\n", "f", "f\n")
	w.rules = define(cc("a", "a.c", "_build/a/a.o", nil, []string{"inc"}),
		sh("a", "loud", `i=0; while [ $i -lt 3000 ]; do echo "$i times nobody reads this"; i=$((i+1)); done; cat "$1" > "$2"`, []string{"f"}, "_build/a/f"))
	w.make("_build/a/a.o").ok(t, "cc _build/a/a.o")
	w.write("a.c", "include h2\na\n")
	e := w.open(t.Context())
	s := e.NewSession(t.Context(), SessionOptions{Goal: "_build/a/a.o"})
	if err := s.Eval(func(t *Task) error { return errors.Join(w.rules(t), t.Build("_build/a/a.o")) }); err != nil {
		t.Fatal(err)
	}
	e.Close() // without Finish
	w.write("a.c", "include h1\na\n")
	w.make("_build/a/f").ok(t, "loud")
	w.write("inc/h1", "other\n")
	w.make("_build/a/a.o").ok(t, "cc _build/a/a.o")
	if got := w.read("_build/a/a.o"); got != "other\na\n" {
		t.Errorf("made %q", got)
	}
	w.sound(t)
}
