package engine

import (
	"testing"
	"time"
)

// What is ready is looked at by the batch only while there is enough to run, of
// which all is more urgent.
func TestPatient(t *testing.T) {
	for _, test := range []struct {
		name            string
		ready, runnable int
		urgent          bool // one that is ready is more urgent than all that can run
		idle, elsewhere bool
		want            bool
	}{
		{name: "enough to run", ready: 1, runnable: 8, want: true},
		{name: "a batch", ready: batch, runnable: 8},
		{name: "little to run", ready: 1, runnable: 7},
		{name: "urgent", ready: 1, runnable: 8, urgent: true},
		{name: "nothing runs", ready: 1, runnable: 8, idle: true},
		{name: "erg's own", ready: 1, runnable: 8, elsewhere: true},
	} {
		s := &Session{eng: &Engine{opts: Options{InPlace: !test.elsewhere}}}
		s.lanes = make([]*node, 2)
		if !test.idle {
			s.running = 2
		}
		for i := range test.runnable {
			s.runnable.put(&node{prio: time.Second, seq: int32(i)})
		}
		for i := range test.ready {
			n := &node{prio: time.Millisecond, seq: int32(100 + i)}
			if test.urgent {
				n.prio = time.Minute
			}
			s.ready.put(n)
		}
		if got := s.patient(); got != test.want {
			t.Errorf("%s: patient: %v", test.name, got)
		}
		if test.ready < batch {
			continue
		}
		for len(s.ready) > 2 { // a batch is looked at nearly to its end
			s.ready.take()
			if s.patient() {
				t.Fatalf("%s: stops at %d", test.name, len(s.ready))
			}
		}
	}
}
