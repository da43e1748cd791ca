package engine

import (
	"context"
	"time"
)

func (t *Task) build(paths []string) error {
	nodes, err := t.demandPaths(paths, 0)
	if err != nil {
		return err
	}
	return t.s.await(t.ctx, nodes)
}

// demandPaths demands the actions that make paths. Sources need nobody.
func (t *Task) demandPaths(paths []string, prio time.Duration) ([]*node, error) {
	s := t.s
	var nodes []*node
	for _, p := range paths {
		t.cell.addDep(dep{leaf: "action:" + p})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		if !s.isOutputHeld(p) {
			continue
		}
		n := s.outputs[p].n
		if n == nil {
			e := &AbsentError{Path: p}
			if t.cell.kind != "goal" { // whose label is a key
				e.Action = t.cell.label
			}
			return nil, e
		}
		s.want(n, prio)
		nodes = append(nodes, n)
	}
	s.pump()
	return nodes, nil
}

// await waits for nodes, which were demanded.
func (s *Session) await(ctx context.Context, nodes []*node) error {
	bad := false
	for _, n := range nodes {
		st, err := s.awaitNode(ctx, n)
		if err != nil {
			return err
		}
		bad = bad || st == failed || st == skipped
	}
	if bad {
		return ErrFailed
	}
	return nil
}

func (s *Session) awaitNode(ctx context.Context, n *node) (state, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.state.ended() {
		return n.state, nil
	}
	if n.done == nil {
		n.done = make(chan struct{})
	}
	s.waiters[n]++
	defer func() {
		if s.waiters[n]--; s.waiters[n] == 0 {
			delete(s.waiters, n)
		}
	}()
	if s.quiet() {
		s.checkStuck()
	}
	s.gate.active--
	s.pump()
	s.mu.Unlock()
	select {
	case <-n.done: // end counted this goroutine again
		s.mu.Lock()
		return n.state, nil
	case <-ctx.Done():
		s.mu.Lock()
		return n.state, context.Cause(ctx)
	}
}

// want demands a node: it, and what it needs, will be made up to date. prio
// is how long what waits for it will take. The caller holds mu.
func (s *Session) want(root *node, prio time.Duration) {
	root.raise(prio + root.took)
	if root.state != defined {
		return
	}
	w := wanting{s: s}
	w.visit(root)
	// Users before inputs, so that each priority is final when it is passed on
	// and all takes linear time. What was demanded before is raised itself, but
	// not what it needs: that costs order, not correctness.
	for i := len(w.post) - 1; i >= 0; i-- {
		n := w.post[i]
		n.eachInput(s, func(_ string, in *node) {
			if in != nil && !in.state.ended() {
				in.raise(n.prio + in.took)
			}
		})
	}
	for _, n := range w.post {
		s.link(n, w.bad[n])
	}
}

// wanting collects nodes that nobody demanded before.
type wanting struct {
	s    *Session
	path []*node // from the root to the node that is being visited
	post []*node // inputs before users
	bad  map[*node]error
}

func (w *wanting) visit(n *node) {
	n.state = waiting
	n.visiting = true
	n.seq = int32(len(w.s.wanted))
	w.s.wanted = append(w.s.wanted, n)
	w.s.tally.demanded(n)
	w.path = append(w.path, n)
	n.eachInput(w.s, func(p string, in *node) {
		switch {
		case in == nil:
			w.fail(n, &AbsentError{Path: p, Action: n.spec.Name})
		case in.visiting:
			w.fail(n, w.cycle(in))
		case in.state == defined:
			w.visit(in)
		}
	})
	w.path = w.path[:len(w.path)-1]
	n.visiting = false
	w.post = append(w.post, n)
}

func (w *wanting) fail(n *node, err error) {
	if w.bad == nil {
		w.bad = map[*node]error{}
	}
	if w.bad[n] == nil {
		w.bad[n] = err
	}
}

// cycle describes the ring that the path closes by leading back to first.
func (w *wanting) cycle(first *node) error {
	e := &CycleError{}
	i := len(w.path) - 1
	for w.path[i] != first {
		i--
	}
	for ; i < len(w.path); i++ {
		to := first
		if i+1 < len(w.path) {
			to = w.path[i+1]
		}
		e.Links = append(e.Links, Link{From: w.path[i].id(), FromKind: "action", To: to.id(), ToKind: "action", Site: w.path[i].spec.Target})
	}
	return e
}

// eachInput calls f for each input that is an output of the workspace, with
// the node that makes it, or nil.
func (n *node) eachInput(s *Session, f func(p string, in *node)) {
	each := func(p string) {
		if in := s.outputs[p].n; in != nil || s.resumed == nil && s.isOutputHeld(p) {
			f(p, in)
		}
	}
	if n.hot == nil {
		n.source.Inputs(n.ref, each)
	} else {
		for _, list := range [...][]string{n.spec.Inputs, n.spec.Order} {
			for _, p := range list {
				each(p)
			}
		}
	}
	if !n.traits.has(hasFound) {
		return
	}
	// What it was seen to read, it will read.
	for _, d := range s.oldDeps(n) {
		if in := s.outputs[d.Path].n; d.Discovered && in != nil && in != n {
			f(d.Path, in)
		}
	}
}

// link makes a node wait for its inputs. The caller holds mu.
func (s *Session) link(n *node, err error) {
	if err != nil {
		s.heat(n)
		s.fail(n, err)
		return
	}
	n.eachInput(s, func(_ string, in *node) {
		switch {
		case in.state == failed || in.state == skipped:
			n.blocked = true
		case in.state.ended():
			n.stirred = n.stirred || in.stirred
		default:
			n.pending++
			in.users = append(in.users, n)
		}
	})
	if n.pending == 0 {
		s.inputsReady(n)
	}
}
