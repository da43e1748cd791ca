package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"erg.build/erg/engine/event"
	"erg.build/erg/engine/fsys/fault"
)

// killAtRules are a few actions, of which one prints so much that the log
// that has its record is folded into a new base.
func killAtRules() func(t *Task) error {
	loud := sh("app", "loud", `cat "$1" > "$2"; i=0; while [ $i -lt 1500 ]; do echo "a line of what nobody reads, but for logs: $i"; i=$((i+1)); done`, []string{"x"}, "_build/app/loud")
	return define(
		cc("app", "a.c", "_build/app/a.o", nil, []string{"inc"}),
		cat("app", "_build/app/b", "_build/app/a.o", "x"),
		cat("app", "_build/app/c", "_build/app/b"),
		loud)
}

// killAt builds and is killed by its own file system: at the nth time that it
// is about to change a file of its state, or, with half set, when it has
// written half of what it wanted. It prints what it did.
func killAt(root, store string, n int, half bool) error {
	state, seen := filepath.Join(root, StateDir), 0
	f := &fault.FS{}
	f.Decide = func(op fault.Op) fault.Fault {
		if filepath.Dir(op.Path) != state || !slices.Contains([]string{"create", "write", "rename", "remove"}, op.Name) {
			return fault.Fault{}
		}
		if seen++; seen < n {
			return fault.Fault{}
		}
		if seen == n {
			fmt.Printf("killed at %s %s\n", op.Name, filepath.Base(op.Path))
			if half && op.Name == "write" {
				return fault.Fault{Err: syscall.EIO, Short: 20}
			}
		}
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	e, err := Open(context.Background(), Options{Root: root, StoreDir: store, FS: f, BuildID: "test", Env: func(string) string { return "" }})
	if err != nil {
		return err
	}
	look := e.Look("all")
	s := e.NewSession(context.Background(), SessionOptions{Jobs: 1, Goal: "all", Sink: event.SinkFunc(func(ev event.Event) {
		if x, ok := ev.(event.ActionFinished); ok && x.Status == event.Ran {
			fmt.Printf("finished %s\n", x.Name)
		}
	})}) // what is printed was done before
	resumed, err := s.Resume(look)
	if !resumed {
		err = s.Eval(func(t *Task) error { return errors.Join(killAtRules()(t), t.Build(killAtWant...)) })
	}
	return errors.Join(err, s.Finish(err == nil, nil), e.Close())
}

var killAtWant = []string{"_build/app/c", "_build/app/loud"}

func init() {
	helpers["killat"] = func(args []string) error {
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return killAt(args[0], args[1], n, args[3] == "true")
	}
}

// TestKilledAtEachWrite kills a build each time that it is about to change its
// trace or log: before each record, before the end of a session is written,
// and before and while log and base are folded into a new base. What was
// finished is not done again, and what is made then is right.
func TestKilledAtEachWrite(t *testing.T) {
	for _, withStore := range []bool{false, true} {
		for _, half := range []bool{false, true} {
			hit := map[string]bool{}
			for n := 1; ; n++ {
				at := killedAt(t, n, withStore, half)
				if at == "" {
					break
				}
				hit[at] = true
			}
			for _, at := range []string{"write trace.log", "create trace.tmp~", "write trace.tmp~", "rename trace", "remove trace.log"} {
				if !hit[at] {
					t.Errorf("store %t, half %t: never killed at %s, only at %v", withStore, half, at, hit)
				}
			}
		}
	}
}

// killedAt has a build killed that follows an edit, and returns where that
// was; "" if it came to its end.
func killedAt(t *testing.T, n int, withStore, half bool) string {
	w := newWorld(t)
	w.goal = "all"
	w.pure = true
	if !withStore {
		w.store = ""
	}
	w.rules = killAtRules()
	w.write("a.c", "include h\na\n", "inc/h", "h\n", "x", "x\n")
	w.make(killAtWant...).ok(t, "cc _build/app/a.o", "cat _build/app/b", "cat _build/app/c", "loud")
	w.write("inc/h", "H\n", "x", "y\n")
	c := osexec.Command(self(), "helper:killat", w.root, w.store, strconv.Itoa(n), strconv.FormatBool(half))
	c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err == nil {
		return ""
	}
	at, finished := "", []string{}
	for _, l := range strings.Split(string(out), "\n") {
		if rest, ok := strings.CutPrefix(l, "killed at "); ok {
			at = rest
			break // what it did with half a record in the log does not count
		} else if rest, ok := strings.CutPrefix(l, "finished "); ok {
			finished = append(finished, rest)
		}
	}
	if at == "" || stderr.Len() > 0 {
		t.Fatalf("kill %d: %v\n%s", n, err, stderr.String())
	}
	b := w.make()
	if b.err != nil || b.finish != nil {
		t.Fatalf("after a kill at %s: %v, %v\n%s", at, b.err, b.finish, b.failures())
	}
	for _, name := range b.ran() {
		if slices.Contains(finished, name) {
			t.Errorf("killed at %s (half: %t): %q had finished, and ran again", at, half, name)
		}
	}
	if c, x := w.read("_build/app/c"), w.read("_build/app/loud"); c != "H\na\ny\n" || x != "y\n" {
		t.Errorf("killed at %s: made %q and %q", at, c, x)
	}
	w.make().isNull(t)
	return at
}
