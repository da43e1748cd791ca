package engine

import (
	"errors"
	"fmt"
	"sort"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
)

// A flight is an action under way, and those that are equal to it and wait:
// all have the same declared key. What the leader makes may still not do for
// a follower, when it discovers inputs (headers) that differ.
type flight struct {
	leader    *node
	followers []*node
	made      []*node // that ended well with this declared key, in this session
	failed    []*node // that ran with it, and failed
}

func (s *Session) flight(n *node) *flight {
	f := s.flights[n.key]
	if f == nil {
		f = &flight{}
		s.flights[n.key] = f
	}
	return f
}

// board makes a node that must run the leader of its flight, or a follower.
// It reports false when, since the caller looked at the first seen results of
// equal actions, there came another one. The caller holds mu.
func (s *Session) board(n *node, seen int) bool {
	if s.stopped {
		s.end(n, skipped)
		return true
	}
	if !n.traits.has(isAlone) {
		f := s.flight(n)
		if len(f.made) > seen {
			return false
		}
		if f.leader != nil {
			n.state = following
			f.followers = append(f.followers, n)
			if g := f.leader.group; g != nil && s.sameOrder(n, f.leader) && g.add(n) {
				s.emit(event.ActionShared{ID: g.id, Context: n.spec.Context})
			}
			return true
		}
		if s.failsToo(n, f) {
			return true
		}
		f.leader = n
	}
	n.state = runnable
	s.runnable.put(n)
	return true
}

// failsToo ends a node badly if another one that does the same for sure has
// failed already. The caller holds mu.
func (s *Session) failsToo(n *node, f *flight) bool {
	for _, x := range f.failed {
		if !s.sameOrder(n, x) {
			continue
		}
		n.group = x.group
		if x.group != nil && x.group.add(n) {
			s.emit(event.ActionShared{ID: x.group.id, Context: n.spec.Context})
		}
		n.err = x.err
		s.end(n, failed)
		return true
	}
	return false
}

// settle ends a node well and offers what it made to equal ones. The caller
// holds mu.
func (s *Session) settle(n *node, st state) {
	if !n.traits.has(isAlone) {
		f := s.flight(n)
		f.made = append(f.made, n)
	}
	s.end(n, st)
}

// land takes the leader off its flight and returns those who followed it.
// The caller holds mu.
func (s *Session) land(n *node) []*node {
	if n.traits.has(isAlone) {
		return nil
	}
	f := s.flights[n.key]
	if f == nil || f.leader != n {
		return nil
	}
	followers := f.followers
	f.leader, f.followers = nil, nil
	return followers
}

// again lets a follower look for itself. The caller holds mu.
func (s *Session) again(n *node) {
	if s.stopped {
		s.end(n, skipped)
		return
	}
	n.state = ready
	s.ready.put(n)
}

// release lets those that waited for an equal action look at what it made.
// The caller holds mu.
func (s *Session) release(n *node) {
	for _, w := range s.land(n) {
		s.again(w)
	}
}

// abandon ends a node that was to run when the build stopped, and its
// followers. The caller holds mu.
func (s *Session) abandon(n *node) {
	followers := s.land(n)
	s.end(n, skipped)
	for _, w := range followers {
		s.end(w, skipped)
	}
}

// fail ends a node badly that could not even run. The caller holds mu.
func (s *Session) fail(n *node, err error) {
	if !n.state.ended() {
		s.failRun(n, event.ActionFinished{Err: err})
	}
}

// failRun ends a node badly, says so once, and stops the build unless it is
// to go on. Followers fail with it when they could only do the same; those
// whose generated inputs differ are to try. The caller holds mu.
func (s *Session) failRun(n *node, e event.ActionFinished) {
	if n.traits.has(isProbe) {
		s.failProbe(n, e)
		return
	}
	var same, differ []*node
	for _, w := range s.land(n) {
		if s.sameOrder(w, n) {
			same = append(same, w)
		} else {
			differ = append(differ, w)
		}
	}
	if n.state == running && !n.traits.has(isAlone) {
		f := s.flight(n)
		f.failed = append(f.failed, n)
	}
	g := s.join(n, digest.OfString("failed "+n.id()), event.Failed)
	for _, w := range same {
		w.group = g
		g.add(w)
	}
	s.finish(n, g, e)
	s.end(n, failed)
	for _, w := range same {
		s.end(w, failed)
	}
	s.failures++
	if !s.opts.KeepGoing && s.failures >= s.opts.Failures {
		s.stop()
	}
	for _, w := range differ {
		s.again(w)
	}
}

// sameOrder reports whether two nodes with one declared key would do the
// same for sure: what they may read beyond that key is equal too. Sources are
// the same for all; what is generated may differ between contexts.
func (s *Session) sameOrder(a, b *node) bool {
	if a.spec.Depfile == "" && b.spec.Depfile == "" {
		return true
	}
	x, xerr := s.orderSum(a)
	y, yerr := s.orderSum(b)
	return xerr == nil && yerr == nil && x == y
}

// orderSum is a digest of the generated files that a node may read. All are
// up to date. The caller holds mu.
func (s *Session) orderSum(n *node) (digest.Digest, error) {
	if !n.order.IsZero() {
		return n.order, nil
	}
	var lines []string
	for _, p := range n.spec.Order {
		if !s.isOutputHeld(p) {
			continue
		}
		d, ok := s.outputs[p].digest()
		if !ok {
			return digest.Digest{}, errors.New(p + " is not up to date")
		}
		lines = append(lines, fmt.Sprintf("%q %s\n", n.roots().Canonical(p), d))
	}
	sort.Strings(lines)
	h := digest.New()
	for _, l := range lines {
		h.Write([]byte(l))
	}
	n.order = digest.Sum(h)
	return n.order, nil
}
