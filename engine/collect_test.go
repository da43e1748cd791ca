package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/fsys/fault"
	"erg.build/erg/engine/store"
)

// collected is a world of n sources that are copied twice, one after the
// other, with some outputs that are too large for a pack, and a store that
// has it all.
func collected(t *testing.T, n int) *world {
	w := newWorld(t)
	var specs []action.Spec
	for i := range n {
		one, two := fmt.Sprintf("_build/app/one%d", i), fmt.Sprintf("_build/app/two%d", i)
		specs = append(specs, cat("app", one, fmt.Sprint("x", i)), cat("app", two, one, "y"))
		w.want = append(w.want, two)
	}
	w.rules = define(specs...)
	w.sources(n)
	if b := w.make(w.want...); b.err != nil || b.Ran != 2*n {
		t.Fatalf("%v, ran %d", b.err, b.Ran)
	}
	return w
}

func (w *world) sources(n int) {
	files := []string{"y", "end\n"}
	for i := range n {
		text := fmt.Sprint("source ", i, "\n")
		if i%2 == 0 {
			text = strings.Repeat(text, 4000)
		}
		files = append(files, fmt.Sprint("x", i), text)
	}
	w.write(files...)
}

func (w *world) collect(o store.CollectOptions) {
	s := store.Open(fsys.OS{}, w.store)
	if _, err := s.Collect(context.Background(), o); err != nil {
		w.t.Error(err)
	}
}

// same fails the test unless w has built what from has.
func (w *world) same(from *world, b *built) {
	w.t.Helper()
	if b.err != nil || b.finish != nil || b.Failed > 0 {
		w.t.Fatalf("%v, %v, %d failed\n%s", b.err, b.finish, b.Failed, b.failures())
	}
	for _, out := range w.want {
		if w.read(out) != from.read(out) {
			w.t.Fatalf("%s differs", out)
		}
	}
}

// The store is emptied at each call to the file system that a build with it
// makes, but for those during which it is locked: what vanished is built.
func TestCollectAtEachCall(t *testing.T) {
	const n = 2
	for at := 1; ; at++ {
		first := collected(t, n)
		w := first.in(t.TempDir())
		w.sources(n)
		w.opts.Jobs = 1
		var mu sync.Mutex
		calls := 0
		w.fs = &fault.FS{Decide: func(op fault.Op) fault.Fault {
			mu.Lock()
			defer mu.Unlock()
			if !strings.HasPrefix(op.Path, w.store) || op.Name == "fstat" || op.Name == "write" {
				return fault.Fault{}
			}
			if calls++; calls != at {
				return fault.Fault{}
			}
			return fault.Fault{Before: func() { w.collect(store.CollectOptions{MaxSize: 1}) }}
		}}
		b := w.make(w.want...)
		w.same(first, b)
		if b.Ran+b.Restored != 2*n {
			t.Fatalf("at call %d: ran %d, restored %d", at, b.Ran, b.Restored)
		}
		if calls < at {
			if b.Restored != 2*n {
				t.Errorf("restored %d without a collection", b.Restored)
			}
			return
		}
	}
}

// Builds restore and store while the store is collected without end.
func TestCollectWhileBuilding(t *testing.T) {
	const n = 20
	first := collected(t, n)
	stop := make(chan struct{})
	var collecting sync.WaitGroup
	collecting.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				first.collect(store.CollectOptions{MaxSize: int64(i%4) * 50_000})
			}
		}
	})
	end := sync.OnceFunc(func() {
		close(stop)
		collecting.Wait()
	})
	t.Cleanup(end)
	for range 5 {
		w := first.in(t.TempDir())
		w.sources(n)
		w.same(first, w.make(w.want...))
	}
	end()
	// What was lost is stored again, and then nothing runs.
	for i := range 2 {
		w := first.in(t.TempDir())
		w.sources(n)
		b := w.make(w.want...)
		w.same(first, b)
		if i == 1 && b.Ran > 0 {
			t.Errorf("ran %d, with all of it in the store", b.Ran)
		}
	}
}
