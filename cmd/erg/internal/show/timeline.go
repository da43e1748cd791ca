package show

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"erg.build/erg/engine/event"
)

// Timeline writes a trace of the build that https://ui.perfetto.dev and
// chrome://tracing load: the JSON object form of the Trace Event Format
// (Google, "Trace Event Format", 2016), with one complete event per action
// that ran, was restored or failed. A thread is a lane, a slot of -j;
// restored actions, which take no slot, have threads of their own below.
//
// Actions are held until the end, since a context may join finished work, and
// written by Close: a build that failed has a timeline as well.
type Timeline struct {
	out    io.Writer
	err    error
	closed bool
	slices []slice
	byID   map[int]int   // an action's index in slices
	last   time.Duration // the latest moment heard of
}

// A slice is a stretch of a lane.
type slice struct {
	id       int
	name     string
	status   string
	contexts []string
	lane     int
	from     time.Duration
	took     time.Duration // not yet known while running
	running  bool
	err      string
}

// NewTimeline returns a sink that writes its trace to out when closed. It
// does not close out.
func NewTimeline(out io.Writer) *Timeline {
	return &Timeline{out: out, byID: map[int]int{}}
}

// Event implements event.Sink.
func (t *Timeline) Event(e event.Event) {
	switch e := e.(type) {
	case event.ActionStarted:
		t.last = max(t.last, e.At)
		t.set(slice{id: e.ID, name: e.Name, status: "interrupted", running: true,
			contexts: sorted(e.Contexts), lane: e.Lane, from: e.At})
	case event.ActionShared:
		if i, ok := t.byID[e.ID]; ok {
			t.slices[i].contexts = addContext(t.slices[i].contexts, e.Context)
		}
	case event.ActionFinished:
		t.last = max(t.last, e.At)
		if e.Status == event.Unchanged {
			return
		}
		s := slice{id: e.ID, name: e.Name, status: string(e.Status), contexts: sorted(e.Contexts),
			lane: e.Lane, from: max(0, e.At-e.Elapsed), took: e.Elapsed}
		if e.Err != nil {
			s.err = e.Err.Error()
		}
		t.set(s)
	case event.BuildFinished:
		t.last = max(t.last, e.Elapsed)
	}
}

// set adds an action's slice, or replaces that of its start.
func (t *Timeline) set(s slice) {
	i, ok := t.byID[s.id]
	if !ok {
		t.byID[s.id] = len(t.slices)
		t.slices = append(t.slices, s)
		return
	}
	t.slices[i] = s
}

// Close writes the trace. Actions that never finished last until the end.
func (t *Timeline) Close() error {
	if t.closed {
		return t.err
	}
	t.closed = true
	for i := range t.slices {
		if s := &t.slices[i]; s.running {
			s.took = t.last - s.from
		}
	}
	slices.SortFunc(t.slices, func(a, b slice) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.id, b.id))
	})
	if err := t.write(); err != nil {
		t.err = fmt.Errorf("writing the timeline: %w", err)
	}
	return t.err
}

// traceEvent is an object of the Trace Event Format. Times are microseconds.
type traceEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Time     *int64         `json:"ts,omitempty"`
	Duration *int64         `json:"dur,omitempty"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Color    string         `json:"cname,omitempty"`
	Args     map[string]any `json:"args"`
}

// traceColors are the reserved colour names that chrome://tracing knows.
var traceColors = map[string]string{
	string(event.Failed):   "terrible",
	string(event.Restored): "good",
	"interrupted":          "grey",
}

func (t *Timeline) write() error {
	threads := t.threads()
	events := []traceEvent{metadata("process_name", 0, map[string]any{"name": "erg"})}
	lanes := 0
	for i := range t.slices {
		lanes = max(lanes, threads[i]+1)
	}
	stores := lanes - t.storeBase()
	for tid := range lanes {
		name := fmt.Sprintf("lane %d", tid)
		if tid >= t.storeBase() {
			name = "store"
			if stores > 1 {
				name = fmt.Sprintf("store %d", tid-t.storeBase())
			}
		}
		events = append(events, metadata("thread_name", tid, map[string]any{"name": name}),
			metadata("thread_sort_index", tid, map[string]any{"sort_index": tid}))
	}
	for i, s := range t.slices {
		events = append(events, s.event(threads[i]))
	}

	w := bufio.NewWriter(t.out)
	w.WriteString(`{"displayTimeUnit":"ms","traceEvents":[`)
	for i, e := range events {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteByte('\n')
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		w.Write(line)
	}
	w.WriteString("\n]}\n")
	return w.Flush()
}

func metadata(name string, thread int, args map[string]any) traceEvent {
	return traceEvent{Name: name, Phase: "M", Process: 1, Thread: thread, Args: args}
}

func (s slice) event(thread int) traceEvent {
	from, took := s.from.Microseconds(), max(1, s.took.Microseconds())
	args := map[string]any{"contexts": s.contexts, "status": s.status}
	if s.err != "" {
		args["error"] = s.err
	}
	return traceEvent{Name: s.name, Category: s.status, Phase: "X", Time: &from, Duration: &took,
		Process: 1, Thread: thread, Color: traceColors[s.status], Args: args}
}

// storeBase is the first thread number after those of the lanes.
func (t *Timeline) storeBase() int {
	base := 0
	for _, s := range t.slices {
		if s.status != string(event.Restored) {
			base = max(base, s.lane+1)
		}
	}
	return base
}

// threads gives each slice, sorted by their beginning, its thread: its lane,
// or for a restored action the first store thread that is free then, since
// complete events of one thread must not overlap.
func (t *Timeline) threads() []int {
	base := t.storeBase()
	var free []time.Duration // when each store thread is
	threads := make([]int, len(t.slices))
	for i, s := range t.slices {
		if s.status != string(event.Restored) {
			threads[i] = s.lane
			continue
		}
		k := slices.IndexFunc(free, func(at time.Duration) bool { return at <= s.from })
		if k < 0 {
			k = len(free)
			free = append(free, 0)
		}
		free[k] = s.from + max(s.took, time.Microsecond)
		threads[i] = base + k
	}
	return threads
}
