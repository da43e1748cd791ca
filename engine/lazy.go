package engine

import (
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

// A Source describes actions when they are needed. A graph that somebody has
// in a compact form anyway need not be held a second time, as specifications
// of actions most of which wait, or are done.
type Source interface {
	// Spec describes an action. It always answers the same, and may be asked
	// from several goroutines.
	Spec(ref uint32) (action.Spec, error)
	// Inputs calls f with each of the Inputs and Order of an action.
	Inputs(ref uint32, f func(path string))
}

// DefineFrom is Define for an action of a source.
func (t *Task) DefineFrom(src Source, ref uint32) error {
	spec, err := src.Spec(ref)
	if err != nil {
		return err
	}
	n := &node{source: src, ref: ref, out: spec.Outputs[0]}
	t.s.stateMu.Lock()
	old := t.s.eng.state.Action(n.out)
	t.s.stateMu.Unlock()
	n.describe(t.s, &spec, old)
	return t.s.enterNode(n, spec.Outputs)
}

// heat gives a lazy node what it needs to be looked at. The caller holds mu.
func (s *Session) heat(n *node) {
	if n.hot != nil {
		return
	}
	n.hot = s.hotOf(n)
	if n.state.ended() && n.old != nil {
		n.outs = n.old.Outs
	}
}

// hotOf describes a lazy node.
func (s *Session) hotOf(n *node) *hot {
	spec, err := n.source.Spec(n.ref)
	if err != nil {
		panic("engine: a source does not describe what it did: " + err.Error())
	}
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	return &hot{spec: &spec, identity: spec.Identity(), old: s.eng.state.Action(n.out)}
}

// cool drops what a lazy node that has ended does not need any more. Planning,
// people look at it afterwards. The caller holds mu.
func (s *Session) cool(n *node) {
	if n.source == nil || n.hot == nil || !n.state.ended() || s.opts.Mode == Plan {
		return
	}
	if n.digests == nil && len(n.outs) > 0 {
		n.digests = make([]digest.Digest, len(n.outs))
		for i, o := range n.outs {
			n.digests[i] = seen(o)
		}
	}
	if g := n.group; g != nil {
		s.cooled[g.status]++ // it is a piece of work of its own
		s.saved.count(g)
	}
	n.hot = nil
}

// oldDeps are the dependencies of a node's last run. The caller holds mu.
func (s *Session) oldDeps(n *node) []trace.Dep {
	old := (*trace.Action)(nil)
	if n.hot != nil {
		old = n.old
	} else {
		s.stateMu.Lock()
		old = s.eng.state.Action(n.out)
		s.stateMu.Unlock()
	}
	if old == nil {
		return nil
	}
	return old.Deps
}

// declared returns the Inputs of a node.
func (s *Session) declared(n *node) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heat(n)
	inputs := n.spec.Inputs
	s.cool(n)
	return inputs
}

// context is the one that a node belongs to: lazy ones belong to none.
func (n *node) context() string {
	if n.hot == nil {
		return ""
	}
	return n.spec.Context
}

// noteKept notes what the goal's record says of a node.
func (n *node) noteKept(rec *trace.Action) {
	n.kept, n.printed = true, len(rec.Message) > 0
}
