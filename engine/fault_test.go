package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"erg.build/erg/engine/fsys/fault"
)

// faulty gives the world a file system that fails calls which match.
func (w *world) faulty(err error, match func(op fault.Op) bool) *fault.FS {
	f := &fault.FS{Decide: func(op fault.Op) fault.Fault {
		if match(op) {
			return fault.Fault{Err: err}
		}
		return fault.Fault{}
	}}
	w.fs = f
	return f
}

func smallRules() func(t *Task) error {
	return define(
		cc("app", "a.c", "_build/app/a.o", nil, []string{"inc"}),
		cat("app", "_build/app/b", "_build/app/a.o", "x"))
}

// A full disk, or one that cannot be read, under the store: the build goes on
// without it, says so once, and makes the right thing.
func TestStoreFails(t *testing.T) {
	for _, err := range []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		w := newWorld(t)
		w.write("a.c", "include h\na\n", "inc/h", "h\n", "x", "x\n")
		w.rules = smallRules()
		w.faulty(err, func(op fault.Op) bool { return strings.HasPrefix(op.Path, w.store) })
		b := w.make("_build/app/b").ok(t, "cc _build/app/a.o", "cat _build/app/b")
		if got := strings.Count(b.messages(), "no longer stored"); got != 1 || !strings.Contains(b.messages(), err.Error()) {
			t.Errorf("said %d times:\n%s", got, b.messages())
		}
		w.remove("_build/app")
		w.make().ok(t, "cc _build/app/a.o", "cat _build/app/b")
		if got := w.read("_build/app/b"); got != "h\na\nx\n" {
			t.Errorf("made %q", got)
		}
	}
}

// Every call fails once, one after the other: the build fails with an error
// that says what could not be done, or is right; and the next one, without
// faults, is right.
func TestEveryCallFails(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, err := range []error{syscall.EIO, syscall.ENOSPC} {
		for n := 1; ; n++ {
			w := newWorld(t)
			w.write("a.c", "include h\na\n", "inc/h", "h\n", "x", "x\n")
			w.rules = smallRules()
			var hit fault.Op
			f := w.faulty(err, func(op fault.Op) bool {
				if op.N == n {
					hit = op
				}
				return op.N == n
			})
			e, oerr := Open(context.Background(), Options{Root: w.root, StoreDir: w.store, FS: f, BuildID: "test"})
			if oerr == nil {
				w.null = true
				b := w.evalIn(t.Context(), e, func(t *Task) error { return errors.Join(w.rules(t), t.Build("_build/app/b")) })
				e.Close()
				what := fmt.Sprintf("%s of %s (call %d)", hit.Name, hit.Path, n)
				switch {
				case b.err == nil:
					if got := w.read("_build/app/b"); got != "h\na\nx\n" {
						t.Errorf("%s: made %q", what, got)
					}
				case !strings.Contains(b.failures()+b.err.Error(), err.Error()):
					t.Errorf("%s: the error does not say so: %v\n%s", what, b.err, b.failures())
				}
				if b.finish != nil && !errors.Is(b.finish, err) {
					t.Errorf("%s: %v", what, b.finish)
				}
			} else if !errors.Is(oerr, err) {
				t.Errorf("open: %v", oerr)
			}
			w.fs, w.goal = nil, "_build/app/b"
			if b := w.make("_build/app/b"); b.err != nil || b.finish != nil || w.read("_build/app/b") != "h\na\nx\n" {
				t.Errorf("%s of %s: afterwards %v, %v", hit.Name, hit.Path, b.err, b.finish)
			}
			w.make().isNull(t)
			if f.Calls() < n {
				break
			}
			if t.Failed() {
				return
			}
		}
	}
}

func TestTraceCannotBeSaved(t *testing.T) {
	w := newWorld(t)
	w.write("a.c", "a\n", "x", "x\n")
	w.rules = smallRules()
	state := filepath.Join(w.root, StateDir)
	w.faulty(syscall.ENOSPC, func(op fault.Op) bool {
		return op.Path == filepath.Join(state, "trace.tmp~") && op.Name == "write"
	})
	b := w.make("_build/app/b")
	if b.err != nil || !errors.Is(b.finish, syscall.ENOSPC) || !strings.Contains(b.finish.Error(), "save the trace") {
		t.Fatalf("%v, %v", b.err, b.finish)
	}
	// The log has it all.
	w.fs, w.store = nil, ""
	w.make().evaluated(t).ok(t)
	w.make().isNull(t)
}

func TestLogCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	w.write("a.c", "a\n", "x", "x\n")
	w.rules = smallRules()
	w.faulty(syscall.ENOSPC, func(op fault.Op) bool { return strings.HasSuffix(op.Path, "trace.log") && op.Name == "write" })
	b := w.make("_build/app/b").ok(t, "cc _build/app/a.o", "cat _build/app/b")
	if got := strings.Count(b.messages(), "log of the build"); got != 1 {
		t.Errorf("said %d times:\n%s", got, b.messages())
	}
	w.fs = nil
	w.make().isNull(t)
}

// The trace is damaged: it is said, and nothing runs, thanks to the store.
func TestDamagedTrace(t *testing.T) {
	w := newWorld(t)
	w.write("a.c", "a\n", "x", "x\n")
	w.rules = smallRules()
	w.make("_build/app/b").ok(t, "cc _build/app/a.o", "cat _build/app/b")
	name := filepath.Join(w.root, StateDir, "trace")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for part := range 5 {
		i := part * (len(b) - 1) / 4
		damaged := append([]byte{}, b...)
		damaged[i] ^= 0x40
		if err := os.WriteFile(name, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		w.goal = fmt.Sprint("goal ", i) // not one that the hot section knows
		r := w.make().evaluated(t).ok(t)
		if strings.Contains(r.messages(), "made anew") {
			said++ // else it is the record of one action
		}
		w.make().isNull(t)
		if b, err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	if said < 2 {
		t.Errorf("said %d times", said)
	}
}

// A file that changes between open and close is read again; one that never
// stops changing is an error.
func TestFileChangesWhileRead(t *testing.T) {
	for _, times := range []int{1, 1000} {
		w := newWorld(t)
		w.write("x", "0\n")
		w.rules = define(cat("app", "_build/app/a", "x"))
		n := 0
		w.fs = &fault.FS{Decide: func(op fault.Op) fault.Fault {
			if op.Name != "read" || op.Path != filepath.Join(w.root, "x") || n >= times {
				return fault.Fault{}
			}
			return fault.Fault{Before: func() {
				n++
				os.WriteFile(op.Path, fmt.Appendf(nil, "%d\n", n), 0o666)
			}}
		}}
		b := w.make("_build/app/a")
		if times > 1 {
			b.failed(t, "changes while it is being read")
			continue
		}
		b.ok(t, "cat _build/app/a")
		w.fs = nil
		w.make().isNull(t)
		if got := w.read("_build/app/a"); got != "1\n" {
			t.Errorf("made %q", got)
		}
	}
}

func TestReadOnlyBuildDirectory(t *testing.T) {
	w := newWorld(t)
	f := w.faulty(syscall.EROFS, func(op fault.Op) bool { return op.Name == "mkdir" })
	_, err := Open(t.Context(), Options{Root: w.root, FS: f})
	if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "make the build directory") {
		t.Errorf("got %v", err)
	}
	_, err = Open(t.Context(), Options{Root: filepath.Join(w.root, "nosuch")})
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "open the workspace") {
		t.Errorf("got %v", err)
	}
	w.fs = nil
	w.write("x", "x\n")
	w.rules = define(cat("app", "_build/app/a", "x"))
	w.faulty(syscall.EROFS, func(op fault.Op) bool { return op.Name == "mkdir" && strings.HasSuffix(op.Path, "/app") })
	w.make("_build/app/a").failed(t, "read-only file system", "/_build/app")
}
