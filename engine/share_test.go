package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
)

// stores runs a test with a store and without.
func stores(t *testing.T, f func(t *testing.T, w *world)) {
	for _, on := range []bool{true, false} {
		t.Run(fmt.Sprintf("store=%t", on), func(t *testing.T) {
			w := newWorld(t)
			if !on {
				w.store = ""
			}
			f(t, w)
		})
	}
}

// in contexts returns, for each context, what f defines.
func contexts(names []string, f func(c string) []action.Spec) func(t *Task) error {
	var specs []action.Spec
	for _, c := range names {
		specs = append(specs, f(c)...)
	}
	return define(specs...)
}

func TestEqualActionsRunOnce(t *testing.T) {
	stores(t, func(t *testing.T, w *world) {
		w.write("x", "1\n")
		names := []string{"a", "b", "c", "d"}
		w.rules = contexts(names, func(c string) []action.Spec {
			slow := sh(c, "slow", `echo run >> runs; sleep 0.05; cat "$1" > "$2"; echo "made $2"`, []string{"x"}, "_build/"+c+"/one")
			return []action.Spec{slow, cat(c, "_build/"+c+"/two", "_build/"+c+"/one", "x")}
		})
		want := []string{}
		for _, c := range names {
			want = append(want, "_build/"+c+"/two")
		}
		b := w.make(want...)
		if b.err != nil || b.Ran != 2 {
			t.Fatalf("%v, ran %d:\n%s", b.err, b.Ran, b.failures())
		}
		if got := w.read("runs"); got != "run\n" {
			t.Errorf("the slow one ran %d times", strings.Count(got, "\n"))
		}
		for _, c := range names {
			if got := w.read("_build/" + c + "/two"); got != "1\n1\n" {
				t.Errorf("%s has %q", c, got)
			}
		}
		if got := sharers(b, "slow"); got != "a b c d" {
			t.Errorf("shared by %s", got)
		}
		if b.Unchanged != 0 || b.Restored != 0 || b.Failed != 0 {
			t.Errorf("counts %+v", b.Result)
		}
		// Each context's own message is replayed.
		n := w.make().isNull(t)
		if n.null.Actions != 2 || len(n.null.Messages) != 1 {
			t.Errorf("%d actions, messages %q", n.null.Actions, n.null.Messages)
		}
		w.remove("_build/b/one")
		w.make().ok(t)
		if got := w.read("_build/b/one"); got != "1\n" {
			t.Errorf("b has %q", got)
		}
		w.goal = "b alone"
		b = w.make("_build/b/two").ok(t)
		if f := b.finished("slow"); f == nil || string(f.Output) != "made _build/b/one\n" {
			t.Errorf("replayed %+v", f)
		}
	})
}

// sharers lists the contexts of the piece of work with a name.
func sharers(b *built, name string) string {
	set := map[string]bool{}
	ids := map[int]bool{}
	for _, e := range b.events {
		switch e := e.(type) {
		case event.ActionFinished:
			if e.Name == name {
				ids[e.ID] = true
				for _, c := range e.Contexts {
					set[c] = true
				}
			}
		case event.ActionShared:
			if ids[e.ID] {
				set[e.Context] = true
			}
		}
	}
	var out []string
	for _, c := range []string{"a", "b", "c", "d"} {
		if set[c] {
			out = append(out, c)
		}
	}
	return strings.Join(out, " ")
}

// headerRules compile one source in each context, with a generated header.
func headerRules(names []string) func(t *Task) error {
	return contexts(names, func(c string) []action.Spec {
		h := "_build/" + c + "/h.h"
		return []action.Spec{
			cat(c, h, c+".txt"),
			cc(c, "main.c", "_build/"+c+"/main.o", []string{h}, []string{"_build/" + c}),
		}
	})
}

// Two contexts have one declared key; what they discover differs, or not.
func TestDiscoveredInputsDiffer(t *testing.T) {
	stores(t, func(t *testing.T, w *world) {
		w.write("main.c", "include h.h\nwarn careful\n", "a.txt", "for a\n", "b.txt", "for b\n")
		w.rules = headerRules([]string{"a", "b"})
		b := w.make("_build/a/main.o", "_build/b/main.o")
		if b.err != nil || b.Ran != 4 {
			t.Fatalf("%v, ran %d: %q\n%s", b.err, b.Ran, b.ran(), b.failures())
		}
		if got := w.read("_build/a/main.o") + w.read("_build/b/main.o"); got != "for a\nfor b\n" {
			t.Errorf("made %q", got)
		}
		w.make().isNull(t)
		// Now they are equal: b's is the same as a's, which is there.
		w.write("b.txt", "for a\n")
		b = w.make()
		if b.err != nil || len(b.ran()) != 1 || strings.HasPrefix(b.ran()[0], "cc") {
			t.Fatalf("%v, ran %q", b.err, b.ran())
		}
		if got := w.read("_build/b/main.o"); got != "for a\n" {
			t.Errorf("b has %q", got)
		}
	})
}

func TestFollowersOfAFailedLeader(t *testing.T) {
	for _, keepGoing := range []bool{false, true} {
		w := newWorld(t)
		w.opts.KeepGoing = keepGoing
		w.write("main.c", "include h.h\n", "a.txt", "fail\n", "b.txt", "good\n", "c.txt", "fail\n")
		w.rules = headerRules([]string{"a", "b", "c"})
		b := w.make("_build/a/main.o", "_build/b/main.o", "_build/c/main.o")
		if b.err == nil {
			t.Fatal("the build did not fail")
		}
		if !keepGoing {
			continue
		}
		// a and c do the same and fail once; b's header is another one.
		if got := w.read("_build/b/main.o"); got != "good\n" {
			t.Errorf("made %q", got)
		}
		if b.Failed != 1 {
			t.Errorf("%d failures\n%s", b.Failed, b.failures())
		}
		if w.has("_build/a/main.o") || w.has("_build/c/main.o") {
			t.Error("what failed made something")
		}
		w.write("a.txt", "good\n", "c.txt", "good\n")
		b = w.make("_build/a/main.o", "_build/b/main.o", "_build/c/main.o")
		if b.err != nil || w.read("_build/c/main.o") != "good\n" {
			t.Errorf("%v", b.err)
		}
	}
}

// moduleRules are a small project with messages and a header.
func moduleRules() func(t *Task) error {
	return define(
		cat("app", "_build/app/gen.h", "gen.txt"),
		cc("app", "a.c", "_build/app/a.o", []string{"_build/app/gen.h"}, []string{"_build/app", "inc"}),
		cc("app", "b.c", "_build/app/b.o", []string{"_build/app/gen.h"}, []string{"_build/app", "inc"}),
		cat("app", "_build/app/prog", "_build/app/a.o", "_build/app/b.o"))
}

func writeModules(w *world) {
	w.write("gen.txt", "gen\n", "a.c", "include gen.h\nwarn about a\na\n", "b.c", "include lib.h\nb\n", "inc/lib.h", "lib\n")
}

func TestOtherWorkspaceThroughTheStore(t *testing.T) {
	w := newWorld(t)
	writeModules(w)
	w.rules = moduleRules()
	if b := w.make("_build/app/prog"); b.err != nil || b.Ran != 4 {
		t.Fatalf("%v, ran %d", b.err, b.Ran)
	}
	v := w.in(t.TempDir())
	writeModules(v)
	b := v.make().ok(t)
	if b.Restored != 4 {
		t.Errorf("restored %d", b.Restored)
	}
	if f := b.finished("cc _build/app/a.o"); f == nil || string(f.Output) != "a.c: warning: about a\n" {
		t.Errorf("replayed %+v", f)
	}
	if v.read("_build/app/prog") != w.read("_build/app/prog") {
		t.Error("other bytes")
	}
	b = v.make().isNull(t)
	if len(b.null.Messages) != 1 || string(b.null.Messages[0].Output) != "a.c: warning: about a\n" {
		t.Errorf("messages %q", b.null.Messages)
	}
	// Restored after a clean.
	e := v.open(t.Context())
	if err := e.Clean(nil); err != nil {
		t.Fatal(err)
	}
	e.Close()
	if v.has("_build/app") {
		t.Error("clean left something")
	}
	v.make().evaluated(t).ok(t)
	// Store off: all runs.
	v = w.in(t.TempDir())
	v.store = ""
	writeModules(v)
	if b := v.make(); b.err != nil || b.Ran != 4 {
		t.Errorf("%v, ran %d", b.err, b.Ran)
	}
}

// A workspace that was moved, or copied, runs nothing.
func TestMovedWorkspace(t *testing.T) {
	stores(t, func(t *testing.T, w *world) {
		parent := t.TempDir()
		w = w.in(filepath.Join(parent, "before"))
		writeModules(w)
		w.rules = moduleRules()
		if b := w.make("_build/app/prog"); b.err != nil {
			t.Fatal(b.err)
		}
		copied := w.in(filepath.Join(parent, "copied"))
		copyTree(t, w.root, copied.root)
		copied.make().isNull(t)
		copied.goal = "other"
		copied.make().ok(t)
		copied.make().isNull(t)

		moved := w.in(filepath.Join(parent, "moved"))
		if err := os.Rename(w.root, moved.root); err != nil {
			t.Fatal(err)
		}
		moved.make().isNull(t)
		moved.goal = "other"
		moved.make().ok(t)
	})
}

// What holds the path of its place is not used in another place.
func TestBakedPathsAreNotShared(t *testing.T) {
	w := newWorld(t)
	bake := func(c string) []action.Spec {
		s := sh(c, "bake", `pwd > "$1"`, nil, "_build/"+c+"/place")
		return []action.Spec{s, sh(c, "slash", `printf '%s/x' "$(pwd)" > "$1"`, nil, "_build/"+c+"/slash"),
			sh(c, "own", `printf '%s\0' "${1%/own}" > "$1"`, nil, "_build/"+c+"/own")}
	}
	all := func(c string) []string {
		return []string{"_build/" + c + "/place", "_build/" + c + "/slash", "_build/" + c + "/own"}
	}
	w.rules = contexts([]string{"a", "b"}, bake)
	b := w.make(append(all("a"), all("b")...)...)
	if b.err != nil || b.Ran != 6 {
		t.Fatalf("%v, ran %q", b.err, b.ran())
	}
	if got := w.read("_build/b/own"); got != "_build/b\x00" {
		t.Errorf("b has %q", got)
	}
	w.make().isNull(t)
	w.remove("_build/a/place")
	w.make().ok(t) // the same place
	v := w.in(t.TempDir())
	b = v.make()
	// Only the own root is the same in the other workspace; but the entry
	// says at which place it is good.
	if b.err != nil || b.Ran != 6 {
		t.Fatalf("%v, ran %q", b.err, b.ran())
	}
	if got := strings.TrimSpace(v.read("_build/a/place")); got != v.open(t.Context()).Root() {
		t.Errorf("the other place has %q", got)
	}
}

func TestMessagesAreReplayed(t *testing.T) {
	w := newWorld(t)
	w.write("a.c", "warn one\na\n", "b.txt", "1")
	w.rules = define(cc("app", "a.c", "_build/app/a.o", nil, nil), cat("app", "_build/app/b", "b.txt"))
	const want = "a.c: warning: one\n"
	b := w.make("_build/app/a.o", "_build/app/b")
	if f := b.finished("cc _build/app/a.o"); string(f.Output) != want {
		t.Errorf("printed %q", f.Output)
	}
	if b := w.make().isNull(t); len(b.null.Messages) != 1 || string(b.null.Messages[0].Output) != want {
		t.Errorf("null build printed %q", b.null.Messages)
	}
	w.write("b.txt", "2")
	b = w.make().ok(t, "cat _build/app/b")
	if f := b.finished("cc _build/app/a.o"); f == nil || string(f.Output) != want || f.Status != event.Unchanged {
		t.Errorf("unchanged printed %+v", f)
	}
	w.remove("_build/app/a.o")
	b = w.make().ok(t)
	if f := b.finished("cc _build/app/a.o"); f == nil || string(f.Output) != want || f.Status != event.Restored {
		t.Errorf("restored printed %+v", f)
	}
}

// Many outputs of one content. Each is a file of its own, since a file system
// lets a file have so many names and no more (ext4: 65,000).
func TestManyIdenticalOutputs(t *testing.T) {
	const actions, outputs = 3, 1000
	w := newWorld(t)
	w.write("x", "the same\n")
	var specs []action.Spec
	want := make([]string, actions)
	for i := range actions {
		outs := make([]string, outputs)
		for j := range outs {
			outs[j] = fmt.Sprintf("_build/a/%d/%d", i, j)
		}
		s := sh("a", fmt.Sprint("many ", i), `read -r l < "$1"; shift; for f; do echo "$l" > "$f"; done`, []string{"x"}, outs...)
		s.Env = append(s.Env, fmt.Sprint("N=", i))
		specs, want[i] = append(specs, s), outs[0]
	}
	w.rules = define(specs...)
	b := w.make(want...)
	if b.err != nil || b.finish != nil || b.Ran != actions || b.messages() != "" {
		t.Fatalf("ran %d: %v, %v\n%s", b.Ran, b.err, b.finish, b.messages())
	}
	w.remove("_build/a")
	b = w.make()
	if b.err != nil || b.finish != nil || b.Restored != actions || b.messages() != "" {
		t.Fatalf("restored %d: %v, %v\n%s", b.Restored, b.err, b.finish, b.messages())
	}
	for _, s := range specs {
		for _, o := range s.Outputs {
			if w.read(o) != "the same\n" {
				t.Fatalf("%s is %q", o, w.read(o))
			}
			fi, err := os.Stat(filepath.Join(w.root, o))
			if err != nil || fi.Sys().(*syscall.Stat_t).Nlink != 1 {
				t.Fatalf("%s has other names: %v", o, err)
			}
		}
	}
	w.make().isNull(t)
}
