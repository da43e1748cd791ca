package engine

import (
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"erg.build/erg/engine/fsys/fault"
)

// large is content that is copied to the store while it is hashed.
var large = strings.Repeat("0123456789abcde\n", draftFrom/16+1000)

// stored lists the large files below a store's directory.
func (w *world) stored(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(w.store, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if fi, err := e.Info(); err == nil && fi.Mode().IsRegular() && fi.Size() >= draftFrom {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestLargeOutput(t *testing.T) {
	stores(t, func(t *testing.T, w *world) {
		w.write("x", large)
		w.rules = define(cat("app", "_build/app/one", "x"), cat("app", "_build/app/two", "_build/app/one"))
		w.make("_build/app/two").ok(t, "cat _build/app/one", "cat _build/app/two")
		w.make().isNull(t)
		if w.read("_build/app/two") != large {
			t.Error("it made something else")
		}
		if w.store == "" {
			return
		}
		if got := w.stored(t); len(got) != 1 {
			t.Errorf("the store has %q", got)
		}
		w.remove("_build/app")
		b := w.make().ok(t)
		if b.Restored != 2 || w.read("_build/app/two") != large {
			t.Errorf("restored %d", b.Restored)
		}
	})
}

// What is no result leaves nothing in the store.
func TestLargeOutputThatFails(t *testing.T) {
	w := newWorld(t)
	w.write("x", large, "want", "small\n")
	test := sh("app", "test", "cat x", []string{"x", "want"}, "_build/app/test")
	test.Argv = test.Argv[:3]
	test.Stdout, test.Expect = "_build/app/test", "want"
	half := sh("app", "half", `cat "$1" > "$2"`, []string{"x"}, "_build/app/half", "_build/app/other")
	w.rules = define(test, half)
	w.opts.KeepGoing = true
	w.make("_build/app/test", "_build/app/half").failed(t, "differs from want")
	if got := w.stored(t); len(got) > 0 {
		t.Errorf("the store has %q", got)
	}
}

// A store that takes no large file is no reason to fail.
func TestLargeOutputThatStoreRefuses(t *testing.T) {
	w := newWorld(t)
	w.write("x", large)
	w.rules = define(cat("app", "_build/app/one", "x"))
	w.faulty(syscall.ENOSPC, func(op fault.Op) bool {
		return op.Name == "write" && strings.HasPrefix(op.Path, w.store) && strings.Contains(op.Path, "tmp~")
	})
	b := w.make("_build/app/one").ok(t, "cat _build/app/one")
	if w.read("_build/app/one") != large || strings.Count(b.messages(), "no longer stored") != 1 {
		t.Errorf("said %s", b.messages())
	}
	if got := w.stored(t); len(got) > 0 {
		t.Errorf("the store has %q", got)
	}
	w.fs = nil
	w.make().isNull(t)
}
