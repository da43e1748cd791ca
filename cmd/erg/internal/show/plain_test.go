package show

import (
	"errors"
	"strings"
	"testing"
	"time"

	"erg.build/erg/engine/event"
)

func TestPlain(t *testing.T) {
	var b strings.Builder
	p := NewPlain(PlainOptions{Out: &b})
	play(p, failedBuild)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	const want = `erg: waiting for another erg (process 4711)
[ 1/12] cc lib/b.c  (app)  restored
[ 2/12] cc lib/old.c  (app)  unchanged
lib/old.c:1: warning: unused
[ 4/12] cc lib/a.c  (app, v@wide)
lib/a.c:3: warning: <x> & y
done
[ 5/12] FAILED: cc app/plain.c  (app, v@wide)
$ gcc -c app/plain.c -o plain.o
app/plain.c:1:1: error: no
exit status 1
erg: warning: the store is nearly full

1 action failed:
  cc app/plain.c  (app, late, v@wide): exit status 1
Failed after 1.1s: 1 failed, 1 ran, 1 restored, 2 unchanged
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPlainQuiet(t *testing.T) {
	var b strings.Builder
	p := NewPlain(PlainOptions{Out: &b, Quiet: true})
	play(p, []event.Event{
		event.Message{Level: event.Info, Text: "hello"},
		event.ActionFinished{ID: 1, Name: "cc a.c", Status: event.Ran},
		event.ActionFinished{ID: 2, Name: "cc b.c", Status: event.Ran, Output: []byte("warning")},
		event.BuildFinished{OK: true, Ran: 2},
	})
	if got, want := b.String(), "[2/2] cc b.c\nwarning\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSummary(t *testing.T) {
	for _, test := range []struct {
		end  event.BuildFinished
		want string
	}{
		{event.BuildFinished{OK: true, Unchanged: 80, Elapsed: 31 * ms}, "Up to date in 0.0s: 80 actions\n"},
		{event.BuildFinished{OK: true, Ran: 1, Elapsed: 62 * sec}, "Done in 1m02s: 1 ran\n"},
		{event.BuildFinished{Ran: 1, Elapsed: sec}, "Stopped after 1.0s: 1 ran\n"},
		{event.BuildFinished{Elapsed: sec}, ""},
	} {
		var r report
		if got := r.summary(test.end); got != test.want {
			t.Errorf("summary(%+v) = %q, want %q", test.end, got, test.want)
		}
	}
}

func TestManyFailuresAreListedShortly(t *testing.T) {
	var r report
	for i := range 25 {
		r.finished(event.ActionFinished{ID: i, Name: "x", Status: event.Failed, Err: errors.New("no\nmore")})
	}
	got := r.again()
	if strings.Count(got, "  x: no\n") != maxListed || !strings.HasSuffix(got, "  and 5 more\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestWriteErrorsAreReported(t *testing.T) {
	for name, s := range map[string]Sink{
		"plain":    NewPlain(PlainOptions{Out: full{}}),
		"json":     NewJSON(full{}, nil),
		"timeline": NewTimeline(full{}),
		"terminal": NewTerminal(TerminalOptions{Out: full{}, Clock: new(fakeClock).now}),
		"tee":      Locked(Tee(NewJSON(full{}, nil), NewTimeline(&strings.Builder{}))),
	} {
		play(s, failedBuild)
		if err := s.Close(); !errors.Is(err, errFull) {
			t.Errorf("%s: Close() = %v, want %v", name, err, errFull)
		}
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestPlainSaysWhatRuns(t *testing.T) {
	var b strings.Builder
	clock := new(fakeClock)
	p := NewPlain(PlainOptions{Out: &b, Clock: clock.now})
	at := func(d time.Duration, events ...event.Event) {
		clock.at = d
		play(p, events)
		p.Tick()
	}
	at(0, event.Progress{Total: 3},
		event.ActionStarted{ID: 1, Name: "package ocaml", Contexts: []string{"compiler"}},
		event.ActionStarted{ID: 2, Name: "cc a.c", At: 5 * sec})
	at(29 * sec)
	at(30 * sec)
	at(60 * sec)
	at(90 * sec)
	at(100*sec, event.ActionFinished{ID: 2, Name: "cc a.c", Status: event.Ran})
	at(129 * sec)
	at(130 * sec)
	at(150*sec, event.ActionFinished{ID: 1, Name: "package ocaml", Contexts: []string{"compiler"}, Status: event.Ran})
	at(1000 * sec)
	const want = `[0/3] still running: package ocaml (compiler) for 30.0s, cc a.c for 25.0s
[0/3] still running: package ocaml (compiler) for 1m30s, cc a.c for 1m25s
[1/3] cc a.c
[1/3] still running: package ocaml (compiler) for 2m10s
[2/3] package ocaml  (compiler)
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
