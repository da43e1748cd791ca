package engine

import (
	"fmt"
	"maps"
	"slices"
	"sort"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

// A foresight is what planning finds out about a node that would run.
type foresight struct {
	maybe  bool           // it runs only if something before it changes
	intact bool           // all that it is made from is as in the last build
	work   digest.Digest  // the same for all that a build would do once
	why    []trace.Change // why it runs, but for what runs before it
	after  []string       // inputs that would be made anew before
}

// foresee fills in what planning can tell of a node that would run. waits
// says that something before it would run too.
func (s *Session) foresee(n *node, waits bool) {
	pending := s.pendingInputs(n)
	n.work, n.after = s.workOf(n, pending), slices.Sorted(maps.Keys(pending))
	n.maybe = waits && s.mayStay(n)
	n.why = s.foreseenChanges(n, pending)
	if !waits {
		n.intact = n.old != nil && n.old.Key == n.key && s.discoveredSame(n, n.old.Deps)
		return
	}
	n.intact = n.maybe && len(n.spec.Unknown) == 0
	for _, in := range pending {
		n.intact = n.intact && in.n.intact
	}
}

// pendingInputs are the inputs that a build would make anew.
func (s *Session) pendingInputs(n *node) map[string]outRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]outRef{}
	for _, list := range [...][]string{n.spec.Inputs, n.spec.Order} {
		for _, p := range list {
			if in := s.outputs[p]; in.n != nil && in.n.state == wouldRun {
				out[p] = in
			}
		}
	}
	return out
}

// workOf names the piece of work that a node is part of. What is made by
// equal work from equal inputs is equal, so for an input that is not there
// yet the work that makes it stands.
func (s *Session) workOf(n *node, pending map[string]outRef) digest.Digest {
	if n.spec.Local || len(n.spec.Unknown) > 0 {
		return digest.OfString("only " + n.id())
	}
	stands := func(p string) digest.Digest {
		if in, ok := pending[p]; ok {
			return digest.OfString(fmt.Sprintf("%s %d", in.n.work, in.index))
		}
		d, err := s.inputDigest(p)
		if err != nil {
			return digest.OfString(p)
		}
		return d
	}
	key := n.spec.Manifest(n.roots(), stands).Key()
	if n.spec.Depfile == "" {
		return key
	}
	lines := []string{key.String()}
	for _, p := range n.spec.Order {
		if s.isOutput(p) {
			lines = append(lines, fmt.Sprintf("%q %s", n.roots().Canonical(p), stands(p)))
		}
	}
	sort.Strings(lines)
	return digest.OfString(fmt.Sprint(lines))
}

// foreseenChanges tells why a node runs, as far as that is known before what
// it waits for.
func (s *Session) foreseenChanges(n *node, pending map[string]outRef) []trace.Change {
	if n.maybe {
		return nil
	}
	m := n.spec.Manifest(n.roots(), func(p string) digest.Digest {
		if _, ok := pending[p]; ok {
			return digest.Digest{}
		}
		d, _ := s.inputDigest(p)
		return d
	})
	waits := len(pending) > 0 || len(n.spec.Unknown) > 0
	return slices.DeleteFunc(s.explain(n, m, nil), func(c trace.Change) bool {
		_, soft := pending[c.Name]
		return soft && c.What == "input" || waits && c.What == "output" || c.What == "argument" && len(n.spec.Unknown) > 0
	})
}
