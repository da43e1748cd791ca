package show

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"erg.build/erg/engine/event"
)

// JSON writes one object per line, told apart by "event":
//
//	action_started   when a process starts: id, action, contexts, lane, at
//	message          level, text
//	action_finished  contexts, action, status, seconds; output, command, error, why
//	action_output    what an unchanged action printed when it ran: contexts, action, output
//	test_finished    how a test went in a context: test, name, context, verdict, remembered, seconds
//	build_finished   the last line: ok, ran, restored, unchanged, failed, evaluated, seconds
//
// A context may join work that has finished already. Hence action_finished
// and action_output wait for the end of the build, in the order in which the
// actions finished: their contexts are all that share the action, sorted.
type JSON struct {
	out   io.Writer
	err   error
	held  []*finishedObject
	tests event.TestsFinished
	byID  map[int]*finishedObject

	begun, ended bool
	counts       event.BuildFinished // of what was seen, should the engine never say
	clock        Clock

	// Explain adds to each action why it was done.
	Explain bool
}

// NewJSON returns a JSON sink. Its clock, which may be nil, dates a build
// whose end was never reported.
func NewJSON(out io.Writer, clock Clock) *JSON {
	return &JSON{out: out, clock: clock, byID: map[int]*finishedObject{}}
}

type startedObject struct {
	Event    string   `json:"event"`
	ID       int      `json:"id"`
	Action   string   `json:"action"`
	Contexts []string `json:"contexts"`
	Lane     int      `json:"lane"`
	At       seconds  `json:"at"`
}

type messageObject struct {
	Event string      `json:"event"`
	Level event.Level `json:"level"`
	Text  string      `json:"text"`
}

type finishedObject struct {
	Event    string       `json:"event"`
	Contexts []string     `json:"contexts"`
	Action   string       `json:"action"`
	Status   event.Status `json:"status"`
	Seconds  seconds      `json:"seconds"`
	Output   string       `json:"output,omitempty"`
	Command  string       `json:"command,omitempty"`
	Error    string       `json:"error,omitempty"`
	Why      []whyObject  `json:"why,omitempty"`
}

// A whyObject is one reason why an action was done, with --explain.
type whyObject struct {
	What string `json:"what"`
	Name string `json:"name,omitempty"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

type outputObject struct {
	Event    string   `json:"event"`
	Contexts []string `json:"contexts"`
	Action   string   `json:"action"`
	Output   string   `json:"output"`
}

type testObject struct {
	Event      string        `json:"event"`
	Test       string        `json:"test"`
	Name       string        `json:"name"`
	Context    string        `json:"context"`
	Verdict    event.Verdict `json:"verdict"`
	Remembered bool          `json:"remembered"`
	Seconds    seconds       `json:"seconds"`
}

type buildObject struct {
	Event     string  `json:"event"`
	OK        bool    `json:"ok"`
	Ran       int     `json:"ran"`
	Restored  int     `json:"restored"`
	Unchanged int     `json:"unchanged"`
	Failed    int     `json:"failed"`
	Evaluated bool    `json:"evaluated"`
	Seconds   seconds `json:"seconds"`
}

// seconds is a duration that JSON shows as seconds, to the microsecond.
type seconds time.Duration

// MarshalJSON implements json.Marshaler.
func (s seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(math.Round(time.Duration(s).Seconds()*1e6) / 1e6)
}

// Event implements event.Sink.
func (j *JSON) Event(e event.Event) {
	switch e := e.(type) {
	case event.ActionStarted:
		j.begun = true
		j.write(startedObject{"action_started", e.ID, e.Name, sorted(e.Contexts), e.Lane, seconds(e.At)})
	case event.ActionShared:
		if o := j.byID[e.ID]; o != nil {
			o.Contexts = addContext(o.Contexts, e.Context)
		}
	case event.ActionFinished:
		j.begun = true
		j.hold(e)
	case event.Message:
		j.write(messageObject{"message", e.Level, e.Text})
	case event.TestsFinished:
		j.tests = e
	case event.BuildFinished:
		j.finish(e)
	}
}

// Close implements Sink. A build whose end was never reported is reported as
// one that failed, so that a reader always finds the last line.
func (j *JSON) Close() error {
	if j.begun && !j.ended {
		if j.clock != nil {
			j.counts.Elapsed = j.clock()
		}
		j.finish(j.counts)
	}
	return j.err
}

func (j *JSON) hold(e event.ActionFinished) {
	switch e.Status {
	case event.Ran:
		j.counts.Ran++
	case event.Restored:
		j.counts.Restored++
	case event.Unchanged:
		j.counts.Unchanged++
	case event.Failed:
		j.counts.Failed++
	}
	if e.Status == event.Unchanged && len(e.Output) == 0 {
		return
	}
	o := &finishedObject{
		Event:    "action_finished",
		Contexts: sorted(e.Contexts),
		Action:   e.Name,
		Status:   e.Status,
		Seconds:  seconds(e.Elapsed),
		Output:   strings.ToValidUTF8(string(e.Output), "\uFFFD"),
		Command:  e.Command,
	}
	if e.Err != nil {
		o.Error = e.Err.Error()
	}
	if j.Explain {
		for _, w := range e.Why {
			o.Why = append(o.Why, whyObject(w))
		}
	}
	if told := j.byID[e.ID]; told != nil {
		*told = *o // it was unchanged for one context, and another one needed it
		return
	}
	j.byID[e.ID] = o
	j.held = append(j.held, o)
}

func (j *JSON) finish(e event.BuildFinished) {
	for _, o := range j.held {
		if o.Status == event.Unchanged {
			j.write(outputObject{"action_output", o.Contexts, o.Action, o.Output})
		} else {
			j.write(o)
		}
	}
	for _, t := range j.tests.Tests {
		for i, r := range t.In {
			if r.Verdict != event.Absent {
				j.write(testObject{"test_finished", t.Target, t.Name, j.tests.Contexts[i], r.Verdict, r.Remembered(), seconds(r.Took)})
			}
		}
	}
	j.held, j.byID, j.ended = nil, map[int]*finishedObject{}, true
	j.write(buildObject{"build_finished", e.OK, e.Ran, e.Restored, e.Unchanged, e.Failed, e.Evaluated, seconds(e.Elapsed)})
}

func (j *JSON) write(object any) {
	if j.err != nil {
		return
	}
	enc := json.NewEncoder(j.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(object); err != nil {
		j.err = fmt.Errorf("writing the build's events: %w", err)
	}
}
