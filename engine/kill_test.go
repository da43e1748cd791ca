package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"erg.build/erg/engine/action"
)

// killGraph is some hundred actions over the files src/0 to src/19.
func killGraph() (specs []action.Spec, outs []string) {
	add := func(a simAction) string {
		a.ctx, a.out = "a", "_build/a/"+a.name
		specs, outs = append(specs, a.spec()), append(outs, a.out)
		return a.out
	}
	layer := []string{}
	for i := range 20 {
		layer = append(layer, add(simAction{name: fmt.Sprint("cc", i), kind: "cc", inputs: []string{fmt.Sprint("src/", i)}, include: []string{"inc"}}))
	}
	for l := range 5 {
		next := []string{}
		for i := range 24 {
			next = append(next, add(simAction{name: fmt.Sprintf("l%d/%d", l, i), kind: []string{"cat", "head"}[i%2], inputs: []string{layer[i%len(layer)], layer[(i*7+l)%len(layer)]}}))
		}
		layer = next
	}
	return specs, outs
}

func killBuild(ctx context.Context, root, store string) (Result, bool, error) {
	e, err := Open(ctx, Options{Root: root, StoreDir: store, BuildID: "test"})
	if err != nil {
		return Result{}, false, err
	}
	defer e.Close()
	look := e.Look("all")
	if look.Null != nil {
		return Result{}, true, nil
	}
	s := e.NewSession(ctx, SessionOptions{Jobs: 4, Goal: "all"})
	resumed, err := s.Resume(look)
	if !resumed {
		err = s.Eval(func(t *Task) error {
			specs, outs := killGraph()
			return errors.Join(define(specs...)(t), t.Build(outs...))
		})
	}
	return s.Result(), false, errors.Join(err, s.Finish(err == nil, nil))
}

func init() {
	helpers["killbuild"] = func(args []string) error {
		_, _, err := killBuild(context.Background(), args[0], args[1])
		return err
	}
}

// TestKilled kills builds at random instants. Nothing is lost for good, and
// nothing is wrong: a build that comes to its end makes what a clean build
// makes, and the one after it has nothing to do.
func TestKilled(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 5
	}
	r := rand.New(rand.NewPCG(1, 2))
	w := newWorld(t)
	edit := func(i int) { w.write(fmt.Sprint("src/", i), fmt.Sprintf("h\n=payload %d\n", r.IntN(1000))) }
	for i := range 20 {
		edit(i)
	}
	w.write("inc/h", "header\n")
	store := w.store
	for i := 0; i < kills; {
		if i%10 == 5 {
			store = "" // only the trace and its log keep what was done
		} else if i%10 == 0 {
			store = w.store
		}
		c := osexec.Command(self(), "helper:killbuild", w.root, store)
		c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
		var stderr strings.Builder
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		select {
		case err := <-done: // it was faster
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
		case <-time.After(time.Duration(r.IntN(180)) * time.Millisecond):
			c.Process.Kill()
			<-done
			i++
		}
		switch r.IntN(6) {
		case 0:
			w.write("inc/h", fmt.Sprintf("header %d\n", r.IntN(1000)))
		case 1:
			removeBusy(t, filepath.Join(w.root, "_build/a"))
		case 2:
			removeBusy(t, filepath.Join(w.root, fmt.Sprintf("_build/a/l%d", r.IntN(5))))
		default:
			edit(r.IntN(20))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, _, err := killBuild(ctx, w.root, w.store); err != nil {
		t.Fatal(err)
	}
	if _, null, err := killBuild(ctx, w.root, w.store); err != nil || !null {
		t.Errorf("the next build is not null: %v", err)
	}
	clean := w.in(t.TempDir())
	for _, d := range []string{"src", "inc"} {
		copyTree(t, filepath.Join(w.root, d), filepath.Join(clean.root, d))
	}
	if _, _, err := killBuild(ctx, clean.root, ""); err != nil {
		t.Fatal(err)
	}
	_, outs := killGraph()
	for _, o := range outs {
		if w.read(o) != clean.read(o) {
			t.Errorf("%s has %q, in a clean build %q", o, w.read(o), clean.read(o))
		}
	}
	known := map[string]bool{}
	for _, o := range outs {
		known[filepath.Join(w.root, o)] = true
	}
	filepath.WalkDir(filepath.Join(w.root, "_build", "a"), func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !known[name] {
			t.Errorf("%s is left over", name)
		}
		return nil
	})
}

// removeBusy removes a directory into which orphans write still.
func removeBusy(t *testing.T, dir string) {
	t.Helper()
	waitFor(t, "the end of "+dir, func() bool { return os.RemoveAll(dir) == nil })
}
