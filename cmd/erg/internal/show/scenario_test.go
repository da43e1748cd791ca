package show

import (
	"errors"
	"time"

	"erg.build/erg/engine/event"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// failedBuild is a build of two contexts with a bit of everything.
var failedBuild = []event.Event{
	event.Message{Level: event.Info, Text: "waiting for another erg (process 4711)"},
	event.Progress{Total: 12},
	event.ActionFinished{ID: 1, Name: "cc lib/b.c", Contexts: []string{"app"}, Status: event.Restored, At: 5 * ms, Elapsed: 2 * ms},
	event.ActionFinished{ID: 7, Name: "cc lib/old.c", Contexts: []string{"app"}, Status: event.Unchanged, At: 6 * ms,
		Output: []byte("lib/old.c:1: warning: unused\n")},
	event.ActionFinished{ID: 8, Name: "cc lib/quiet.c", Contexts: []string{"app"}, Status: event.Unchanged, At: 6 * ms},
	event.Progress{Done: 3, Total: 12},
	event.ActionStarted{ID: 2, Name: "cc lib/a.c", Contexts: []string{"app"}, Lane: 0, At: 10 * ms},
	event.ActionStarted{ID: 3, Name: "cc app/plain.c", Contexts: []string{"v@wide", "app"}, Lane: 1, At: 12 * ms},
	event.ActionShared{ID: 2, Context: "v@wide"},
	event.ActionFinished{ID: 2, Name: "cc lib/a.c", Contexts: []string{"app", "v@wide"}, Status: event.Ran, Lane: 0,
		At: 510 * ms, Elapsed: 500 * ms, Output: []byte("lib/a.c:3: warning: <x> & \x1b[35my\x1b[0m\r\n\x07done")},
	event.Progress{Done: 4, Total: 12},
	event.ActionFinished{ID: 3, Name: "cc app/plain.c", Contexts: []string{"app", "v@wide"}, Status: event.Failed, Lane: 1,
		At: 1012 * ms, Elapsed: sec, Output: []byte("app/plain.c:1:1: error: no\n"),
		Command: "gcc -c app/plain.c -o plain.o", Err: errors.New("exit status 1")},
	event.ActionShared{ID: 1, Context: "alpha"},
	event.ActionShared{ID: 3, Context: "late"},
	event.Message{Level: event.Warning, Text: "the store is nearly full"},
	event.BuildFinished{Ran: 2, Restored: 1, Unchanged: 2, Failed: 1, Evaluated: true, Elapsed: 1100 * ms},
}

// interrupted is a build that was stopped: its end was never reported.
var interrupted = []event.Event{
	event.Progress{Total: 2},
	event.ActionStarted{ID: 1, Name: "cc a.c", Contexts: []string{"app"}, At: 10 * ms},
	event.ActionFinished{ID: 2, Name: "cc b.c", Contexts: []string{"app"}, Status: event.Ran, Lane: 1, At: 300 * ms, Elapsed: 200 * ms},
}

func play(s event.Sink, events []event.Event) {
	for _, e := range events {
		s.Event(e)
	}
}
