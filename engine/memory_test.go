package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"erg.build/erg/engine/event"
	"erg.build/erg/engine/trace"
)

// A memoryBench is a scheduler of which only the memory is used.
type memoryBench struct {
	*Session
	t *testing.T
}

func newMemoryBench(t *testing.T, limit int64) memoryBench {
	s := &Session{}
	s.sched.init(8)
	s.memory.limit = limit
	return memoryBench{s, t}
}

func (b memoryBench) node(name string, need int64, prio int) *node {
	return &node{hot: &hot{old: &trace.Action{Name: name, Peak: need}}, prio: time.Duration(prio)}
}

// try starts a node if it fits.
func (b memoryBench) try(n *node, want bool) {
	b.t.Helper()
	if got := b.fits(n); got != want {
		b.t.Fatalf("%s fits: %v, want %v", n.old.Name, got, want)
	} else if !got {
		return
	}
	b.running++
	b.memory.take(n)
	for i, other := range b.lanes {
		if other == nil {
			b.lanes[i], n.lane = n, i
			return
		}
	}
}

func (b memoryBench) end(n *node) {
	b.running--
	b.memory.free(n)
	b.lanes[n.lane] = nil
}

func TestMemoryFits(t *testing.T) {
	b := newMemoryBench(t, 100)
	huge, a, c := b.node("huge", 500, 9), b.node("a", 60, 3), b.node("c", 40, 2)
	never := &node{hot: &hot{}}
	b.try(huge, true) // nothing else runs
	b.try(a, false)
	b.end(huge)
	b.try(a, true)
	b.try(c, true)
	b.try(never, true) // what never ran is taken to need nothing
	b.try(b.node("d", 1, 1), false)
}

// TestMemoryReservation lets small actions come for ever: the large one must
// get its turn.
func TestMemoryReservation(t *testing.T) {
	b := newMemoryBench(t, 100)
	first, second := b.node("first", 30, 1), b.node("second", 30, 1)
	b.try(first, true)
	b.try(second, true)
	large := b.node("large", 70, 9)
	b.try(large, false)
	small := b.node("small", 30, 1)
	b.try(small, true) // beside it, large fits when the first two have ended
	b.try(b.node("next", 10, 1), false)
	b.end(first)
	b.try(b.node("next", 10, 1), false)
	b.try(large, false)
	b.end(second)
	b.try(large, true)
	b.try(b.node("next", 10, 1), false)
	b.end(small)
	b.try(b.node("next", 10, 1), true)
}

func TestMemoryReservationOfTheFirst(t *testing.T) {
	b := newMemoryBench(t, 100)
	run := b.node("run", 50, 1)
	b.try(run, true)
	low, high := b.node("low", 60, 2), b.node("high", 90, 5)
	b.try(low, false)
	b.try(high, false)
	if b.memory.reserved != high {
		t.Fatal("the one with the longest way ahead has the reservation")
	}
	b.try(b.node("small", 20, 1), false)
	b.memory.unreserve(high) // it waits for its pool, say
	b.try(b.node("small", 20, 1), true)
}

// TestMemoryOfBuild runs real processes of recorded size.
func TestMemoryOfBuild(t *testing.T) {
	w := newWorld(t)
	w.opts.Jobs = 4
	log := filepath.Join(t.TempDir(), "log")
	var outs []string
	version := 1
	w.rules = func(t *Task) error {
		outs = nil
		for i := range 6 {
			out := fmt.Sprintf("_build/c/%d", i)
			s := sh("c", fmt.Sprintf("link %d", i), fmt.Sprintf("echo + >> %s; sleep 0.01; echo %d > $1; echo - >> %s", log, version, log), nil, out)
			outs = append(outs, out)
			if err := t.Define(s); err != nil {
				return err
			}
		}
		return t.Build(outs...)
	}
	w.make("_build/c/0")
	version++
	e := w.open(context.Background())
	defer e.Close()
	change(e, func(a *trace.Action) { a.Peak = 60 << 20 })
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	w.opts.Memory = 100 << 20
	b := w.evalIn(context.Background(), e, w.rules)
	if n := len(b.named(event.Ran)); n != 6 {
		t.Fatalf("%d ran, want 6", n)
	}
	if most := mostAtOnce(t, log); most != 1 {
		t.Errorf("%d at once, where one fits", most)
	}
}

// change changes all records of actions.
func change(e *Engine, do func(a *trace.Action)) {
	for _, a := range slices.Collect(e.State().Actions()) {
		fresh := *a
		do(&fresh)
		e.State().SetAction(&fresh)
	}
}

func TestMachineMemory(t *testing.T) {
	whole := machineMemory("/none")
	if whole <= 0 || whole == NoMemoryLimit {
		t.Fatalf("the machine has %d bytes", whole)
	}
	for i, c := range []struct {
		files []string
		want  int64
	}{
		{[]string{"proc/self/cgroup", "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max", "max\n", "sys/fs/cgroup/a/memory.max", "4096\n"}, 4096},
		{[]string{"proc/self/cgroup", "0::/\n", "sys/fs/cgroup/memory.max", "max\n"}, whole},
		{[]string{"proc/self/cgroup", "3:cpu:/x\n2:memory:/y\n", "sys/fs/cgroup/memory/y/memory.limit_in_bytes", "8192\n"}, 8192},
		{[]string{"proc/self/cgroup", "rubbish\n\n0::\n"}, whole},
	} {
		w := &world{t: t, root: t.TempDir()}
		w.write(c.files...)
		if got := machineMemory(w.root); got != c.want {
			t.Errorf("%d: %d, want %d", i, got, c.want)
		}
	}
}

func TestParseMemory(t *testing.T) {
	for text, want := range map[string]int64{
		"4096": 4096, "2k": 2048, "512M": 512 << 20, "1.5G": 3 << 29, "2T": 2 << 40, "none": NoMemoryLimit,
		"50%": machineMemory("/") / 100 * 50,
	} {
		if got, err := ParseMemory(text); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "G", "%", "0", "-1", "x", "1X", "NaN", "1GB", "inf", "9e99T"} {
		if n, err := ParseMemory(text); err == nil {
			t.Errorf("%q is %d", text, n)
		}
	}
}

func TestGuesses(t *testing.T) {
	w := newWorld(t)
	w.write("a", "1")
	w.rules = define(sh("c", "cc a", `cp $1 $2`, []string{"a"}, "_build/c/a"), sh("c", "cc b", `cp $1 $2`, []string{"a"}, "_build/c/b"),
		sh("c", "link x", `cp $1 $2`, []string{"_build/c/a"}, "_build/c/x"))
	w.make("_build/c/x", "_build/c/b")
	e := w.open(context.Background())
	defer e.Close()
	took := map[string]time.Duration{"_build/c/a": time.Second, "_build/c/b": 3 * time.Second, "_build/c/x": 9 * time.Second}
	change(e, func(a *trace.Action) { a.Took = took[a.ID()] })
	w.opts.Mode = Plan
	b := w.evalIn(context.Background(), e, func(t *Task) error {
		var outs []string
		for _, name := range []string{"cc new", "link new", "test new"} {
			out := "_build/c/" + name
			outs = append(outs, out)
			if err := t.Define(sh("c", name, `cp $1 $2`, []string{"a"}, out)); err != nil {
				return err
			}
		}
		return t.Build(outs...)
	})
	got := map[string]time.Duration{}
	for _, a := range b.session.PlannedActions() {
		got[a.Name] = a.Took
	}
	for name, want := range map[string]time.Duration{"cc new": 2 * time.Second, "link new": 9 * time.Second, "test new": firstGuess} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	if a, b := kindOf("out/a.o", "out/a.o"), kindOf("out/a", "out/a"); a == b {
		t.Errorf("an object and a program are both %q", a)
	}
}
