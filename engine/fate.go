package engine

import (
	"time"

	"erg.build/erg/engine/event"
)

// A Fate is what became of an action in a session.
type Fate struct {
	// Status is "" for an action that was not brought up to date, because
	// something before it failed or the build stopped.
	Status event.Status
	// Took is how long its process ran, in this session or when it last did.
	Took time.Duration
	// Failure is the ActionFinished.ID of its failure, or of the one for which
	// it could not start. 0 if there is none.
	Failure int
}

// Fate tells what became of the action that makes an output. It is to be
// called before Finish.
func (s *Session) Fate(output string) Fate {
	s.stateMu.Lock()
	rec := s.eng.state.Action(output)
	s.stateMu.Unlock()
	var f Fate
	if rec != nil {
		f.Took = rec.Took
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.outputs[output].n
	switch {
	case n == nil && s.resumed != nil && rec != nil && !rec.Failed:
		f.Status = event.Unchanged // nothing that it depends on has changed
	case n == nil:
	case n.state == failed:
		f.Status, f.Failure = event.Failed, n.failure()
	case n.state == skipped:
		f.Failure = s.blame(n, map[*node]bool{})
	case n.state != done:
	case n.hot != nil && n.group != nil:
		f.Status = n.group.status
	default:
		f.Status = event.Unchanged
	}
	return f
}

// failure is the number under which the failure of a node was told. The
// caller holds mu.
func (n *node) failure() int {
	if n.hot == nil || n.group == nil {
		return 0
	}
	return n.group.id
}

// blame finds the failure for which a node was skipped. The caller holds mu.
func (s *Session) blame(n *node, seen map[*node]bool) (failure int) {
	seen[n] = true
	n.eachInput(s, func(_ string, in *node) {
		switch {
		case failure != 0 || in == nil || seen[in]:
		case in.state == failed:
			failure = in.failure()
		case in.state == skipped:
			failure = s.blame(in, seen)
		}
	})
	return failure
}
