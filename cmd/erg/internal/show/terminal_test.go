package show

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"erg.build/erg/engine/event"
)

type fakeClock struct{ at time.Duration }

func (c *fakeClock) now() time.Duration { return c.at }

// watch returns a Terminal on a screen, and its clock.
func watch(t *testing.T, columns, rows int, unicode, color bool) (*Terminal, *screen, *fakeClock) {
	clock := new(fakeClock)
	s := newScreen(t, columns, rows)
	term := NewTerminal(TerminalOptions{
		Out:     s,
		Size:    func() (int, int) { return s.columns, s.rows },
		Clock:   clock.now,
		Color:   color,
		Unicode: unicode,
	})
	return term, s, clock
}

func TestTerminal(t *testing.T) {
	for _, color := range []bool{false, true} { // colours change nothing else
		term, screen, clock := watch(t, 60, 12, false, color)
		fmt.Fprintln(screen, "$ erg build")
		play(term, failedBuild[:8])
		screen.want("at once", "$ erg build")

		clock.at = 200 * ms
		term.Tick()
		screen.want("soon", `
$ erg build
erg: waiting for another erg (process 4711)
cc lib/old.c  (app)
lib/old.c:1: warning: unused
[####..............]  3/12
  cc lib/a.c  (app)
  cc app/plain.c  (app, v@wide)`)

		play(term, failedBuild[8:9])
		term.Event(event.Progress{Done: 3, Total: 12, Left: 14 * sec,
			Contexts: map[string]event.Count{"app": {Done: 3, Total: 8}, "v@wide": {Total: 4}}})
		clock.at = 1212 * ms
		term.Tick()
		screen.want("with an estimate", `
$ erg build
erg: waiting for another erg (process 4711)
cc lib/old.c  (app)
lib/old.c:1: warning: unused
[####..............]  3/12  ~13s left  app 3/8  v@wide 0/4
  cc lib/a.c  (app, v@wide)  1.2s
  cc app/plain.c  (app, v@wide)  1.2s`)

		play(term, failedBuild[9:11])
		clock.at = 1412 * ms
		term.Tick()
		screen.want("after one ended", `
$ erg build
erg: waiting for another erg (process 4711)
cc lib/old.c  (app)
lib/old.c:1: warning: unused
cc lib/a.c  (app, v@wide)
lib/a.c:3: warning: <x> & y
done
[######............]  4/12
  cc app/plain.c  (app, v@wide)  1.4s`)

		play(term, failedBuild[11:])
		if err := term.Close(); err != nil {
			t.Fatal(err)
		}
		screen.want("in the end", `
$ erg build
erg: waiting for another erg (process 4711)
cc lib/old.c  (app)
lib/old.c:1: warning: unused
cc lib/a.c  (app, v@wide)
lib/a.c:3: warning: <x> & y
done
FAILED: cc app/plain.c  (app, v@wide)
$ gcc -c app/plain.c -o plain.o
app/plain.c:1:1: error: no
exit status 1
erg: warning: the store is nearly full

1 action failed:
  cc app/plain.c  (app, late, v@wide): exit status 1
Failed after 1.1s: 1 failed, 1 ran, 1 restored, 2 unchanged`)
	}
}

func TestTerminalInterrupted(t *testing.T) {
	term, screen, clock := watch(t, 60, 12, true, true)
	term.Start()
	play(term, interrupted)
	term.mu.Lock() // the refreshing goroutine reads the clock under it
	clock.at += sec
	term.mu.Unlock()
	term.Tick()
	term.mu.Lock()
	screen.want("while running", "━━━━━━━━━━──────────  1/2\n  cc a.c  (app)")
	term.mu.Unlock()
	for range 2 {
		if err := term.Close(); err != nil {
			t.Fatal(err)
		}
	}
	screen.want("after an interruption", "")
	if screen.row != 0 || screen.col != 0 {
		t.Errorf("the cursor is at %d,%d", screen.row, screen.col)
	}
	term.Event(event.Message{Text: "late"})
	term.Tick()
	screen.want("after a late event", "")
}

func TestTerminalNullBuildDrawsOnlyItsSummary(t *testing.T) {
	term, screen, clock := watch(t, 60, 12, true, true)
	play(term, []event.Event{event.Progress{Done: 80, Total: 80}, event.BuildFinished{OK: true, Unchanged: 80}})
	clock.at = sec
	term.Close()
	screen.want("in the end", "Up to date in 0.0s: 80 actions")
	if screen.writes != 1 {
		t.Errorf("%d writes, want 1", screen.writes)
	}
}

func TestTerminalDrawsAtMostTenTimesASecond(t *testing.T) {
	term, screen, clock := watch(t, 60, 12, true, true)
	for i := range 10_000 {
		clock.at += ms
		term.Event(event.ActionStarted{ID: i, Name: "touch x", At: clock.at})
		term.Event(event.ActionFinished{ID: i, Name: "touch x", Status: event.Ran, At: clock.at})
		term.Event(event.Progress{Done: i + 1, Total: 10_000})
		term.Tick()
	}
	if screen.writes > 101 {
		t.Errorf("%d writes in ten seconds", screen.writes)
	}
	before := screen.writes
	clock.at += sec
	term.Tick()
	clock.at += sec
	term.Tick()
	if screen.writes > before+1 {
		t.Error("an unchanged picture was drawn again")
	}
}

func TestTerminalScrolls(t *testing.T) {
	term, screen, clock := watch(t, 40, 5, true, false)
	var want strings.Builder
	term.Event(event.Progress{Total: 40})
	for i := range 20 {
		for k := range 2 {
			id := 2*i + k
			term.Event(event.ActionStarted{ID: id, Name: fmt.Sprint("act ", id), Lane: k, At: clock.at})
		}
		clock.at += 150 * ms
		term.Tick()
		for k := range 2 {
			id := 2*i + k
			term.Event(event.ActionFinished{ID: id, Name: fmt.Sprint("act ", id), Lane: k, Status: event.Ran,
				Output: fmt.Appendf(nil, "said %d\n", id)})
			fmt.Fprintf(&want, "act %d\nsaid %d\n", id, id)
		}
		clock.at += 150 * ms
		term.Tick()
	}
	term.Close()
	screen.want("in the end", want.String())
}

func TestTerminalResize(t *testing.T) {
	term, screen, clock := watch(t, 80, 10, true, false)
	fmt.Fprintln(screen, "$ erg build")
	play(term, []event.Event{
		event.Progress{Done: 1, Total: 2, Contexts: map[string]event.Count{"app": {Total: 1}, "tools": {Done: 1, Total: 1}}},
		event.ActionStarted{ID: 1, Name: "ocamlopt src/frontend/parser/grammar_tables.ml", Contexts: []string{"a", "b", "c", "d"}},
	})
	clock.at = 200 * ms
	term.Tick()
	screen.want("wide", `
$ erg build
━━━━━━━━━━──────────  1/2  app 0/1  tools 1/1
  ocamlopt src/frontend/parser/grammar_tables.ml  (a, b, +2)`)
	screen.resize(40, 10)
	clock.at += 100 * ms
	term.Tick()
	screen.want("narrow", `
$ erg build
━━━━━━━━━━──────────  1/2  app 0/1  +1
  ocamlopt…rammar_tables.ml  (a, b, +2)`)
	screen.resize(20, 10)
	clock.at += 100 * ms
	term.Tick()
	screen.want("narrower", `
$ erg build
━━━━━━━───────  1/2
  ocaml…r_tables.ml`)
	screen.resize(100, 10)
	clock.at += 2 * sec
	term.Tick()
	screen.want("wide again", `
$ erg build
━━━━━━━━━━──────────  1/2  app 0/1  tools 1/1
  ocamlopt src/frontend/parser/grammar_tables.ml  (a, b, +2)  2.4s`)
}

func TestTerminalFitsItsHeight(t *testing.T) {
	for rows := 1; rows <= 8; rows++ {
		term, screen, clock := watch(t, 30, rows, false, false)
		term.Event(event.Progress{Total: 99})
		for i := range 5 {
			clock.at += ms
			term.Event(event.ActionStarted{ID: i, Name: fmt.Sprint("act ", i), Lane: 4 - i, At: clock.at})
		}
		clock.at = 200 * ms
		for range 3 {
			clock.at += sec
			term.Tick()
		}
		got := screen.text()
		want := 6
		if rows < 7 {
			want = max(1, rows-1)
		}
		if n := strings.Count(got, "\n") + 1; rows > 1 && n != want {
			t.Errorf("%d rows: %d lines, want %d:\n%s", rows, n, want, got)
		}
		if rows == 5 && !strings.Contains(got, "act 1  3.2s\n  act 0  3.2s\n  and 3 more") {
			t.Errorf("%d rows: the oldest are not shown by lane:\n%s", rows, got)
		}
	}
}

func TestNoColorWritesNoColors(t *testing.T) {
	var b bytes.Buffer
	clock := new(fakeClock)
	term := NewTerminal(TerminalOptions{Out: &b, Clock: clock.now})
	for _, e := range failedBuild {
		clock.at += 150 * ms
		term.Event(e)
		term.Tick()
	}
	term.Close()
	if regexp.MustCompile(`\x1b\[[0-9;]*m`).Match(b.Bytes()) {
		t.Errorf("colours in %q", b.String())
	}
}

func TestFailureCountShowsWhileRunning(t *testing.T) {
	term, screen, clock := watch(t, 60, 10, false, false)
	play(term, []event.Event{
		event.ActionFinished{ID: 1, Name: "false", Status: event.Failed, Err: errors.New("exit status 1")},
		event.Progress{Done: 1, Total: 4},
	})
	clock.at = sec
	term.Tick()
	screen.want("later", `
FAILED: false
exit status 1
[####..............]  1/4  1 failed`)
}
