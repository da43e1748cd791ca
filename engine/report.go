package engine

import (
	"sort"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
)

// progressEvery bounds how often progress is computed: it walks all nodes.
const progressEvery = 100 * time.Millisecond

// report emits a Progress now and then. The caller holds mu.
func (s *Session) report(last bool) {
	now := time.Now()
	if s.opts.Mode == Plan || !last && now.Sub(s.progress) < progressEvery {
		return
	}
	s.progress = now
	p := event.Progress{Done: s.finished, Total: len(s.wanted), Running: s.running, Contexts: map[string]event.Count{}}
	var work, longest time.Duration
	for _, n := range s.wanted {
		c := p.Contexts[n.spec.Context]
		c.Total++
		if n.state.ended() {
			c.Done++
		} else {
			if n.state == running || n.state == runnable || n.old == nil || n.state == waiting {
				work += n.lastTook()
			}
			longest = max(longest, n.prio)
		}
		p.Contexts[n.spec.Context] = c
	}
	p.Left = max(longest, work/time.Duration(len(s.lanes)))
	s.emit(p)
	s.progress = now.Add(time.Since(now)) // a long walk earns a long pause
}

func (g *group) add(n *node) bool {
	if n.spec.Context == "" || g.contexts[n.spec.Context] {
		return false
	}
	g.contexts[n.spec.Context] = true
	return true
}

func (g *group) list() []string {
	cs := make([]string, 0, len(g.contexts))
	for c := range g.contexts {
		cs = append(cs, c)
	}
	sort.Strings(cs)
	return cs
}

// join makes a node that ended part of the piece of work with its full key,
// and says so when that was told before. The caller holds mu.
func (s *Session) join(n *node, full digest.Digest, st event.Status) *group {
	g := s.groups[full]
	if g == nil {
		if g = n.group; g == nil {
			s.lastID++
			g = &group{id: s.lastID, name: n.spec.Name, contexts: map[string]bool{}}
		}
		g.status = st
		s.groups[full] = g
	}
	n.group = g
	if rank(st) > rank(g.status) {
		g.status, g.finished = st, false
	}
	if g.add(n) && g.finished {
		s.emit(event.ActionShared{ID: g.id, Context: n.spec.Context})
	}
	return g
}

// rank orders statuses by how much was done: a piece of work counts as the
// most that any of its nodes took.
func rank(st event.Status) int {
	switch st {
	case event.Restored:
		return 1
	case event.Ran:
		return 2
	case event.Failed:
		return 3
	}
	return 0
}

// finish tells that a piece of work is done, once. The caller holds mu.
func (s *Session) finish(n *node, g *group, e event.ActionFinished) {
	if g.finished {
		return
	}
	g.finished = true
	e.ID, e.Name, e.Contexts, e.Status, e.Lane, e.At = g.id, n.spec.Name, g.list(), g.status, n.lane, time.Since(s.began)
	s.emit(e)
}

// shownCommand is the command as a person would type it in the workspace.
func shownCommand(spec *action.Spec) []string {
	argv := make([]string, len(spec.Argv))
	for i, a := range spec.Argv {
		argv[i] = action.Expand(a, func(p string, _ bool) string {
			if p == "" {
				return "."
			}
			return p
		})
	}
	return argv
}
