package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() {
	// hold ROOT: takes the workspace, runs an action that writes for ever into
	// a file, and tells when it does.
	helpers["hold"] = func(args []string) error {
		e, err := Open(context.Background(), Options{Root: args[0], BuildID: "test"})
		if err != nil {
			return err
		}
		s := e.NewSession(context.Background(), SessionOptions{Jobs: 1})
		return s.Eval(func(t *Task) error {
			// The inner shell does not have the lock's descriptor, as a program
			// that a Python script starts has not.
			if err := t.Define(sh("app", "scribble", `(exec 3>&-; while :; do echo x >> scribble; sleep 0.01; done)`, nil, "_build/app/never")); err != nil {
				return err
			}
			return t.Build("_build/app/never")
		})
	}
}

// startHelper starts a helper of this test binary.
func startHelper(t *testing.T, name string, args ...string) *osexec.Cmd {
	t.Helper()
	c := osexec.Command(self(), append([]string{"helper:" + name}, args...)...)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return c
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for " + what)
		}
	}
}

func TestSecondEngineWaits(t *testing.T) {
	w := newWorld(t)
	first := w.open(context.Background())
	said := make(chan int, 10)
	open := func(ctx context.Context) (*Engine, error) {
		return Open(ctx, Options{Root: w.root, Waiting: func(pid int) { said <- pid }})
	}

	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := open(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("opened twice: %v", err)
	}
	if pid := <-said; pid != os.Getpid() {
		t.Errorf("waits for %d, want %d", pid, os.Getpid())
	}

	second := make(chan error)
	go func() {
		e, err := open(context.Background())
		if err == nil {
			err = e.Close()
		}
		second <- err
	}()
	select {
	case err := <-second:
		t.Fatalf("the second did not wait: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	first.Close()
	if err := <-second; err != nil {
		t.Fatal(err)
	}
}

// A killed erg's child goes on writing: the next erg ends it before it begins.
func TestOrphansAreEnded(t *testing.T) {
	w := newWorld(t)
	c := startHelper(t, "hold", w.root)
	file := filepath.Join(w.root, "scribble")
	size := func() int64 {
		fi, err := os.Stat(file)
		if err != nil {
			return 0
		}
		return fi.Size()
	}
	waitFor(t, "the action", func() bool { return size() > 0 })
	// Another erg waits meanwhile; it must survive.
	waiter := make(chan error)
	go func() {
		e, err := Open(context.Background(), Options{Root: w.root})
		if err == nil {
			err = e.Close()
		}
		waiter <- err
	}()
	c.Process.Signal(syscall.SIGKILL)
	// Nobody has waited for it yet: it is a zombie, which counts as gone.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	e, err := Open(ctx, Options{Root: w.root})
	if err != nil {
		t.Fatal(err)
	}
	before := size()
	time.Sleep(100 * time.Millisecond)
	if now := size(); now != before {
		t.Errorf("the orphan still writes: %d, then %d bytes", before, now)
	}
	e.Close()
	if err := <-waiter; err != nil {
		t.Fatal(err)
	}
}

// What a build leaves behind on purpose keeps nobody waiting.
func TestDaemonKeepsNobodyWaiting(t *testing.T) {
	w := newWorld(t)
	w.rules = define(sh("app", "daemon", `setsid sleep 30 >/dev/null 2>&1 & echo $! > "$1"`, nil, "_build/app/pid"))
	w.make("_build/app/pid").ok(t, "daemon")
	pid, _ := strconv.Atoi(strings.TrimSpace(w.read("_build/app/pid")))
	defer syscall.Kill(pid, syscall.SIGKILL)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	e, err := Open(ctx, Options{Root: w.root})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	if syscall.Kill(pid, 0) != nil {
		t.Skip("the daemon did not live that long")
	}
}

// Kill -9 while processes start and end all the time.
func TestKilledWhileStarting(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	w := newWorld(t)
	for i := range 5 {
		c := osexec.Command(self(), "helper:many", w.root, strconv.Itoa(i))
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		bufio.NewReader(out).ReadString('\n')
		time.Sleep(time.Duration(i) * 3 * time.Millisecond)
		c.Process.Kill()
		c.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		e, err := Open(ctx, Options{Root: w.root})
		if err != nil {
			t.Fatal(err)
		}
		e.Close()
		cancel()
	}
}

func init() {
	helpers["many"] = func(args []string) error {
		e, err := Open(context.Background(), Options{Root: args[0], BuildID: "test"})
		if err != nil {
			return err
		}
		s := e.NewSession(context.Background(), SessionOptions{Jobs: 8})
		return s.Eval(func(t *Task) error {
			var outs []string
			for i := range 500 {
				out := fmt.Sprintf("_build/app/%s-%d", args[1], i)
				if err := t.Define(sh("app", out, `sleep 0.001; echo > "$1"`, nil, out)); err != nil {
					return err
				}
				outs = append(outs, out)
			}
			fmt.Println("ready")
			return t.Build(outs...)
		})
	}
}
