package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/fsys"
)

// benchRules are n actions in ten layers, each with two inputs.
func benchRules(n int) (rules func(t *Task) error, goals []string) {
	width := n / 10
	var specs []action.Spec
	for i := range n {
		out := fmt.Sprintf("_build/app/d%d/%d", i%50, i)
		a := simAction{name: fmt.Sprint("cat ", i), ctx: "app", kind: "cat", out: out}
		if i < width {
			a.inputs = []string{fmt.Sprintf("src/%d", i), fmt.Sprintf("src/%d", (i+1)%width)}
		} else {
			a.inputs = []string{specs[i-width].Outputs[0], specs[i-width+(i+1)%width-i%width].Outputs[0]}
		}
		specs = append(specs, a.spec())
		if i >= n-width {
			goals = append(goals, out)
		}
	}
	return func(t *Task) error {
		for i := range specs {
			if err := t.Define(specs[i]); err != nil {
				return err
			}
		}
		return nil
	}, goals
}

// benchWorld is a workspace with the sources of n actions.
func benchWorld(b *testing.B, n int) *world {
	b.Helper()
	w := newWorld(b)
	rules, goals := benchRules(n)
	w.rules, w.goal, w.want = rules, "bench", goals
	w.opts.Jobs = 0
	for i := range n / 10 {
		name := filepath.Join(w.root, "src", fmt.Sprint(i))
		os.MkdirAll(filepath.Dir(name), 0o777)
		os.WriteFile(name, []byte("=x\n"), 0o666)
	}
	nextTick()
	return w
}

// benchBuild builds; from the trace alone, if that may be. It reports whether
// that did.
func (w *world) benchBuild(b *testing.B, null bool) (Result, bool) {
	e, err := Open(context.Background(), Options{Root: w.root, StoreDir: w.store, BuildID: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	look := &Look{}
	if null {
		if look = e.Look(w.goal); look.Null != nil {
			return Result{}, true
		}
	}
	s := e.NewSession(context.Background(), SessionOptions{Goal: w.goal})
	resumed, err := s.Resume(look)
	if resumed {
		if err == nil {
			err = s.Finish(true, nil)
		}
		if err != nil {
			b.Fatal(err)
		}
		return s.Result(), true
	}
	err = s.Eval(func(t *Task) error {
		if err := w.rules(t); err != nil {
			return err
		}
		return t.Build(w.want...)
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Finish(true, nil); err != nil {
		b.Fatal(err)
	}
	return s.Result(), false
}

func BenchmarkNull10k(b *testing.B) {
	w := benchWorld(b, 10000)
	w.benchBuild(b, false)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := w.benchBuild(b, true); !ok {
			b.Fatal("not null")
		}
	}
}

// BenchmarkBareStat10k is what BenchmarkNull10k cannot be faster than.
func BenchmarkBareStat10k(b *testing.B) {
	w := benchWorld(b, 10000)
	w.benchBuild(b, false)
	e := w.open(context.Background())
	defer e.Close()
	h, err := e.trace.Hot()
	if err != nil {
		b.Fatal(err)
	}
	dir, err := os.Open(w.root)
	if err != nil {
		b.Fatal(err)
	}
	defer dir.Close()
	b.ReportAllocs()
	for b.Loop() {
		var wg sync.WaitGroup
		for half := range 2 {
			wg.Go(func() {
				var st unix.Statx_t
				for i := half * h.Len() / 2; i < (half+1)*h.Len()/2; i++ {
					_, name := h.At(i)
					fsys.OS{}.StatAt(int(dir.Fd()), name, &st)
				}
			})
		}
		wg.Wait()
	}
}

// BenchmarkTouched10k touches one leaf: the same bytes.
func BenchmarkTouched10k(b *testing.B) {
	w := benchWorld(b, 10000)
	w.benchBuild(b, false)
	b.ReportAllocs()
	for b.Loop() {
		os.WriteFile(filepath.Join(w.root, "src/0"), []byte("=x\n"), 0o666)
		if _, ok := w.benchBuild(b, true); !ok {
			b.Fatal("not null")
		}
	}
}

// BenchmarkEvaluate10k evaluates and finds everything unchanged.
func BenchmarkEvaluate10k(b *testing.B) {
	w := benchWorld(b, 10000)
	w.benchBuild(b, false)
	b.ReportAllocs()
	for b.Loop() {
		if r, _ := w.benchBuild(b, false); r.Ran+r.Restored > 0 {
			b.Fatalf("%+v", r)
		}
	}
}

// BenchmarkOneLeaf10k edits one leaf: two of the first layer run, and what
// is above them is restored, or runs.
func BenchmarkOneLeaf10k(b *testing.B) {
	w := benchWorld(b, 10000)
	w.benchBuild(b, false)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		os.WriteFile(filepath.Join(w.root, "src/0"), fmt.Appendf(nil, "=x%d\n", i%2), 0o666)
		w.benchBuild(b, true)
	}
}

func BenchmarkClean1k(b *testing.B) {
	w := benchWorld(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		os.RemoveAll(filepath.Join(w.root, "_build"))
		os.RemoveAll(w.store)
		b.StartTimer()
		if r, _ := w.benchBuild(b, true); r.Ran != 1000 {
			b.Fatalf("%+v", r)
		}
	}
}

// BenchmarkRestore1k is a clean build of which the store has everything.
func BenchmarkRestore1k(b *testing.B) {
	w := benchWorld(b, 1000)
	w.benchBuild(b, false)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		os.RemoveAll(filepath.Join(w.root, "_build"))
		b.StartTimer()
		if r, _ := w.benchBuild(b, true); r.Restored != 1000 {
			b.Fatalf("%+v", r)
		}
	}
}
