package engine

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/store"
)

// pack is the action of a package that installs a file with a text.
func pack(name, text string) action.Spec {
	out := action.PackageOutput("_build/app", name)
	s := sh("app", "package "+name, "", []string{"src/x"}, out)
	s.Argv = nil
	s.Install = &action.Install{Site: "erg.hcl:1", Source: "src",
		Steps: [][]string{{"/bin/sh", "-c", `echo "$2" > "$1/file"`, "sh", action.Abs(action.Prefix), text}}}
	return s
}

func (w *world) collectAll(t *testing.T, o store.CollectOptions) (store.Collection, error) {
	t.Helper()
	s := store.Open(fsys.OS{}, w.store)
	defer s.Close()
	return CollectStore(context.Background(), s, o)
}

// Collections remove all that is not in use, over and over, while builds come
// to use trees that are there, or make them anew: what a build has a list of is
// there.
func TestCollectTreesWhileBuilding(t *testing.T) {
	w := newWorld(t)
	w.write("src/x", "")
	names := []string{"a", "b", "c"}
	w.rules = define(pack("a", "same"), pack("b", "same"), pack("c", "another"))
	var lists []string
	for _, n := range names {
		lists = append(lists, action.PackageOutput("_build/app", n))
	}
	stop, done := make(chan bool), make(chan error)
	var removed atomic.Int64
	go func() {
		for {
			got, err := w.collectAll(t, store.CollectOptions{MaxSize: 1})
			removed.Add(int64(got.Removed.Trees))
			select {
			case <-stop:
				done <- err
				return
			default:
				if err != nil {
					done <- err
					return
				}
			}
		}
	}()
	for range 30 {
		if b := w.make(lists...); b.err != nil {
			t.Fatalf("%v\n%s", b.err, b.failures())
		}
		for _, l := range lists {
			tree, err := decodeTree([]byte(w.read(l)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(w.store, "prefix", tree.Key, "file")); err != nil {
				t.Fatalf("%s is listed and not there: %v", l, err)
			}
		}
		w.remove("_build/app")
	}
	select {
	case err := <-done:
		t.Fatalf("the collection ended: %v", err)
	case stop <- true:
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if removed.Load() == 0 {
		t.Error("no tree was removed: nothing is tested")
	}
	if got, err := w.collectAll(t, store.CollectOptions{MaxSize: 1}); err != nil || got.Kept != (store.Amount{}) {
		t.Errorf("something is left: %+v, %v", got, err)
	}
}

// A tree without permission to write goes, too, and what a collection that was
// killed has moved aside.
func TestCollectTreesThatCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	w.write("src/x", "")
	p := pack("a", "text")
	p.Install.Steps = append(p.Install.Steps, []string{"/bin/sh", "-c", `mkdir -p "$1/d/e" && touch "$1/d/e/f" && chmod -R a-w "$1/d"`, "sh", action.Abs(action.Prefix)})
	w.rules = define(p)
	list := action.PackageOutput("_build/app", "a")
	w.make(list).ok(t, "package a")
	aside := filepath.Join(w.store, "prefix", asidePrefix+"0123")
	if err := os.MkdirAll(filepath.Join(aside, "bin"), 0o777); err != nil {
		t.Fatal(err)
	}
	if got, err := w.collectAll(t, store.CollectOptions{MaxSize: 1}); err != nil || got.Kept.Trees != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	w.remove("_build/app")
	if got, err := w.collectAll(t, store.CollectOptions{MaxSize: 1}); err != nil || got.Removed.Trees != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if left, err := os.ReadDir(filepath.Join(w.store, "prefix")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	w.make(list).ok(t, "package a")
}

// Packages that install the same, and end at the same time, share one tree.
func TestAdoptAtOnce(t *testing.T) {
	w := newWorld(t)
	w.opts.Jobs = 8
	w.write("src/x", "")
	var specs []action.Spec
	var lists []string
	for i := range 8 {
		name := string(rune('a' + i))
		s := pack(name, "same")
		s.Env = append(s.Env, "WHICH="+name) // or they were one piece of work
		specs, lists = append(specs, s), append(lists, s.Outputs[0])
	}
	w.rules = define(specs...)
	for range 10 {
		if b := w.make(lists...); b.err != nil {
			t.Fatalf("%v\n%s", b.err, b.failures())
		}
		for _, l := range lists[1:] {
			if w.read(l) != w.read(lists[0]) {
				t.Fatalf("%s and %s have trees of their own", l, lists[0])
			}
		}
		w.remove("_build/app")
		if got, err := w.collectAll(t, store.CollectOptions{MaxSize: 1}); err != nil || got.Removed.Trees != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
}
