package engine

import (
	"errors"
	"strings"
	"testing"

	"erg.build/erg/engine/action"
)

func written(ctx, out, text string, sums bool, inputs ...string) action.Spec {
	return action.Spec{Name: "write " + out, Context: ctx, Root: "_build/" + ctx, Inputs: inputs,
		Outputs: []string{out}, Written: &action.Written{Text: text, Sums: sums}}
}

// The engine writes a file without a process, and whoever depends on the sums
// of files runs when one of them changes, and only then.
func TestWritten(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n", "y", "2\n")
	w.rules = contexts([]string{"a", "b"}, func(c string) []action.Spec {
		root := "_build/" + c + "/"
		user := cat(c, root+"user", root+"sums")
		return []action.Spec{
			written(c, root+"text", "let x = 1\n", false),
			cat(c, root+"one", "x"), cat(c, root+"two", "y"),
			written(c, root+"sums", "", true, root+"one", root+"two"),
			user,
		}
	})
	want := []string{"_build/a/text", "_build/a/user", "_build/b/user"}
	b := w.make(want...)
	if got := len(b.ran()); got != 5 {
		t.Errorf("%d ran: %q", got, b.ran())
	}
	if got := w.read("_build/a/text"); got != "let x = 1\n" {
		t.Errorf("wrote %q", got)
	}
	if lines := strings.Split(w.read("_build/a/sums"), "\n"); len(lines) != 3 || !strings.HasSuffix(lines[0], "  one") || lines[0][:64] == lines[1][:64] {
		t.Errorf("sums: %q", lines)
	}
	w.make(want...).isNull(t)

	w.write("y", "3\n")
	b = w.make(want...)
	if got := len(b.ran()); got != 3 { // two, sums, user
		t.Errorf("%d ran: %q", got, b.ran())
	}

	// What the sums stand for is there when they are.
	w.remove("_build/b/one")
	w.make(want...)
	if !w.has("_build/b/one") {
		t.Error("an input of the sums is not made again")
	}
}

// A process that cannot be told where to write has its output moved.
func TestMoves(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n")
	script := "cp x _build/app/n/m.o; cp x _build/app/n/m.i"
	spec := sh("app", "two", script, []string{"x"}, "_build/app/n/m.o", "_build/app/b/m.i")
	spec.Moves = []action.Move{{From: "_build/app/n/m.i", To: "_build/app/b/m.i"}}
	w.rules = define(spec)
	w.make("_build/app/b/m.i").ok(t, "two")
	if w.has("_build/app/n/m.i") || w.read("_build/app/b/m.i") != "1\n" {
		t.Error("the output is not where it belongs")
	}
	w.make("_build/app/b/m.i").isNull(t)

	spec.Argv = sh("app", "two", script+"; exit 1", nil, "_build/app/b/m.i").Argv
	w.rules = define(spec)
	w.make("_build/app/b/m.i").failed(t)
	if w.has("_build/app/n/m.i") || w.has("_build/app/n/m.o") {
		t.Error("a failed run leaves what it wrote")
	}

	spec.Moves = []action.Move{{From: "lib/m.i", To: "_build/app/b/m.i"}}
	w.rules = define(spec)
	var outside *OutputPathError
	if b := w.make("_build/app/b/m.i"); !errors.As(b.err, &outside) || outside.Path != "lib/m.i" {
		t.Errorf("a move from among the sources: %v", b.err)
	}
}

// A tool that writes down its arguments names a source as the workspace does,
// from within the output root.
func TestMirror(t *testing.T) {
	w := newWorld(t)
	w.write("lib/x", "1\n")
	w.rules = contexts([]string{"a", "b"}, func(c string) []action.Spec {
		spec := sh(c, "args", "cat lib/x; pwd | sed 's:.*/_build/.$:root:'", []string{"lib/x"}, "_build/"+c+"/out")
		spec.Dir, spec.Stdout, spec.Mirror = "_build/"+c, "_build/"+c+"/out", []string{"lib/x"}
		return []action.Spec{spec}
	})
	w.make("_build/a/out", "_build/b/out").ok(t, "args")
	if got := w.read("_build/a/out"); got != "1\nroot\n" {
		t.Errorf("it saw %q", got)
	}
	w.make("_build/a/out", "_build/b/out").isNull(t)

	// What lies in the link's place gives way, unless another action makes it.
	w.remove("_build/a/lib")
	w.write("_build/a/lib", "a file\n", "lib/x", "2\n")
	w.make("_build/a/out").ok(t, "args")
	if got := w.read("_build/a/out"); got != "2\nroot\n" {
		t.Errorf("it saw %q", got)
	}
	one := w.rules
	w.rules = func(t *Task) error {
		if err := one(t); err != nil {
			return err
		}
		return t.Define(cat("a", "_build/a/lib/x", "lib/x"))
	}
	w.write("lib/x", "3\n")
	w.make("_build/a/out").failed(t, "_build/a/lib/x is made by another action")
	w.rules = one
	w.make("_build/a/out").ok(t, "args")

	// The link goes with the action.
	w.rules = func(t *Task) error {
		err := t.Define(cat("a", "_build/a/other", "lib/x"))
		t.PruneTarget("a//:args")
		return err
	}
	w.make("_build/a/other")
	if w.has("_build/a/lib/x") || w.has("_build/a/lib") {
		t.Error("the link stays")
	}
}
