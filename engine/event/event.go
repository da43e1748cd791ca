// Package event defines the one stream of typed events that a build emits.
// The terminal, --json, the timeline and every later viewer read it; nothing
// else tells them what happens.
//
// Events are values, delivered in order by one goroutine at a time.
package event

import (
	"time"

	"erg.build/erg/engine/action"
)

// A Sink receives events. Calls are serialised by the engine.
type Sink interface {
	Event(Event)
}

// SinkFunc adapts a function to a Sink.
type SinkFunc func(Event)

// Event implements Sink.
func (f SinkFunc) Event(e Event) { f(e) }

// An Event is one of the types of this package.
type Event interface{ isEvent() }

// Status says what became of an action.
type Status string

const (
	Ran       Status = "ran"       // a process was started and succeeded
	Restored  Status = "restored"  // the result came from the store
	Unchanged Status = "unchanged" // what is there is what would be made
	Failed    Status = "failed"    // a process was started, or should have been, and failed
)

// ActionStarted says that a process starts for an action.
type ActionStarted struct {
	ID       int      // the action's number in this build, as in ActionFinished
	Name     string   // short human name: "cc app/plain.c"
	Contexts []string // those that are known to share it now
	Lane     int      // 0 ≤ Lane < jobs: the slot it runs in
	At       time.Duration
	Output   string // the path of the first output, which identifies the action
	Steps    Steps
	Spec     *action.Spec // must not be changed
}

// ActionFinished says how an action ended. It is emitted once for each
// distinct piece of work: an action that several contexts share has one.
type ActionFinished struct {
	ID       int
	Name     string
	Contexts []string // all that share it so far, sorted; see ActionShared
	Status   Status
	Lane     int
	At       time.Duration // since the build began, when it ended
	Elapsed  time.Duration // how long the process ran
	Output   []byte        // what it printed (stdout and stderr, in order), also when replayed
	Command  string        // the command as a person would type it; set when it failed
	Err      error         // set when Status is Failed
	Why      []Reason      // why it was not unchanged; when Status is Ran or Restored
	ExitCode int           // of the process, 128 more than the signal that ended it
	Path     string        // of the first output, which identifies the action
	Steps    Steps
	Spec     *action.Spec // must not be changed; nil for what is only shown again
}

// Steps count, exactly and at the moment of an event, what has to be done:
// actions that are not known to be unchanged. Phony ones do not count.
type Steps struct{ Started, Finished, Total int }

// A Reason is one thing in which an action differs from its last run.
type Reason struct {
	What     string // "input", "argument", "tool", …, "first build"
	Name     string
	Old, New string
}

// ActionShared says that one more context shares an action, whether it runs
// still or has finished: contexts discover their equal work at any time.
type ActionShared struct {
	ID      int // as in ActionStarted and ActionFinished
	Context string
}

// Progress tells how far the build is. Done counts the actions of all
// ActionFinished events so far, and what needed none. Total grows while dynamic
// dependencies are discovered.
type Progress struct {
	Done, Total, Running int
	Contexts             map[string]Count // per context
	Left                 time.Duration    // estimated from the last durations along the critical path; 0 when not known
}

// Count counts a context's actions.
type Count struct{ Done, Total int }

// Message is a line for people: what is waited for, what was repaired.
type Message struct {
	Level Level
	Text  string
}

// Level grades a Message.
type Level string

const (
	Info    Level = "info"
	Warning Level = "warning"
)

// BuildFinished is the last event of a build.
type BuildFinished struct {
	OK                               bool
	Ran, Restored, Unchanged, Failed int
	Evaluated                        bool // not all came from the trace
	Elapsed                          time.Duration
}

func (ActionStarted) isEvent()  {}
func (ActionFinished) isEvent() {}
func (ActionShared) isEvent()   {}
func (Progress) isEvent()       {}
func (Message) isEvent()        {}
func (BuildFinished) isEvent()  {}
