package show

import (
	"encoding/json"
	"strings"
	"testing"

	"erg.build/erg/engine/event"
)

func TestTimeline(t *testing.T) {
	var b strings.Builder
	s := NewTimeline(&b)
	play(s, failedBuild)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	const want = `{"displayTimeUnit":"ms","traceEvents":[
{"name":"process_name","ph":"M","pid":1,"tid":0,"args":{"name":"erg"}},
{"name":"thread_name","ph":"M","pid":1,"tid":0,"args":{"name":"lane 0"}},
{"name":"thread_sort_index","ph":"M","pid":1,"tid":0,"args":{"sort_index":0}},
{"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{"name":"lane 1"}},
{"name":"thread_sort_index","ph":"M","pid":1,"tid":1,"args":{"sort_index":1}},
{"name":"thread_name","ph":"M","pid":1,"tid":2,"args":{"name":"store"}},
{"name":"thread_sort_index","ph":"M","pid":1,"tid":2,"args":{"sort_index":2}},
{"name":"cc lib/b.c","cat":"restored","ph":"X","ts":3000,"dur":2000,"pid":1,"tid":2,"cname":"good","args":{"contexts":["alpha","app"],"status":"restored"}},
{"name":"cc lib/a.c","cat":"ran","ph":"X","ts":10000,"dur":500000,"pid":1,"tid":0,"args":{"contexts":["app","v@wide"],"status":"ran"}},
{"name":"cc app/plain.c","cat":"failed","ph":"X","ts":12000,"dur":1000000,"pid":1,"tid":1,"cname":"terrible","args":{"contexts":["app","late","v@wide"],"error":"exit status 1","status":"failed"}}
]}
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTimelineInterrupted(t *testing.T) {
	trace := traceOf(t, interrupted)
	var found bool
	for _, e := range trace {
		if e.Name == "cc a.c" {
			found = true
			if *e.Time != 10_000 || *e.Duration != 290_000 || e.Args["status"] != "interrupted" {
				t.Errorf("got %+v", e)
			}
		}
	}
	if !found {
		t.Error("the running action is missing")
	}
}

func TestTimelineEmpty(t *testing.T) {
	if trace := traceOf(t, nil); len(trace) != 1 {
		t.Errorf("got %+v, want only the process's name", trace)
	}
}

func TestTimelineRestoredActionsDoNotOverlap(t *testing.T) {
	var events []event.Event
	for i := range 4 {
		events = append(events, event.ActionFinished{ID: i, Name: "r", Status: event.Restored, At: 10 * ms, Elapsed: 5 * ms})
	}
	events = append(events, event.ActionFinished{ID: 9, Name: "r", Status: event.Restored, At: 20 * ms, Elapsed: 5 * ms})
	until := map[int]int64{}
	for _, e := range traceOf(t, events) {
		if e.Phase == "X" {
			if *e.Time < until[e.Thread] {
				t.Errorf("overlap on thread %d", e.Thread)
			}
			until[e.Thread] = *e.Time + *e.Duration
		}
	}
	if len(until) != 4 {
		t.Errorf("%d threads, want 4", len(until))
	}
}

func traceOf(t *testing.T, events []event.Event) []traceEvent {
	t.Helper()
	var b strings.Builder
	s := NewTimeline(&b)
	play(s, events)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var trace struct{ TraceEvents []traceEvent }
	if err := json.Unmarshal([]byte(b.String()), &trace); err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	return trace.TraceEvents
}
