package engine

import (
	"maps"
	"slices"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/trace"
)

// progressEvery bounds how often progress is told.
const progressEvery = 100 * time.Millisecond

// A tally counts, as nodes are demanded and end, what progress tells.
type tally struct {
	finished int
	contexts map[string]event.Count
	work     time.Duration // that the nodes which have not ended will take
	told     time.Time
	steps    event.Steps
}

func (c *tally) demanded(n *node) {
	k := c.contexts[n.context()]
	k.Total++
	c.contexts[n.context()] = k
	c.work += n.took
	if !n.traits.has(isProbe) && !n.traits.has(isPhony) {
		c.steps.Total++
	}
}

func (c *tally) ended(n *node) {
	k := c.contexts[n.context()]
	k.Done++
	c.contexts[n.context()] = k
	c.finished++
	c.work -= n.took
	if n.hot != nil && n.group != nil && n.group.status == event.Unchanged && !n.traits.has(isProbe) {
		c.steps.Total--
	}
}

// report emits a Progress now and then. The caller holds mu.
func (s *Session) report(last bool) {
	now := time.Now()
	if s.opts.Mode == Plan || !last && now.Sub(s.told) < progressEvery {
		return
	}
	s.told = now
	s.emit(event.Progress{Done: s.finished, Total: len(s.wanted), Running: s.running,
		Contexts: maps.Clone(s.contexts), Left: max(s.longest(), s.work/time.Duration(len(s.lanes)))})
}

// longest is how long the critical path from what is under way takes. The
// caller holds mu.
func (s *Session) longest() time.Duration {
	var most time.Duration
	for _, n := range s.lanes {
		if n != nil {
			most = max(most, n.prio)
		}
	}
	for _, q := range [...]queue{s.ready, s.runnable} {
		if len(q) > 0 {
			most = max(most, q[0].prio)
		}
	}
	if most >= probePrio {
		return 0 // what comes after a probe is not known
	}
	return most
}

func (s *Session) newGroup(n *node) *group {
	s.lastID++
	g := &group{id: s.lastID}
	g.add(n)
	return g
}

func (g *group) add(n *node) bool {
	i, found := slices.BinarySearch(g.contexts, n.spec.Context)
	if n.spec.Context == "" || found {
		return false
	}
	g.contexts = slices.Insert(g.contexts, i, n.spec.Context)
	return true
}

func (g *group) list() []string { return slices.Clone(g.contexts) }

// join makes a node that ended part of the piece of work with its full key,
// and says so when that was told before. A node that started a process is a
// piece of work of its own. The caller holds mu.
func (s *Session) join(n *node, full digest.Digest, st event.Status) *group {
	alone := n.traits.has(isAlone)
	var g *group
	if !alone {
		g = s.groups[full]
	}
	switch {
	case n.group != nil:
		g = n.group
		g.status = st
		if !alone {
			s.groups[full] = g
		}
		return g
	case g != nil && (!g.finished || rank(st) <= rank(g.status)):
		if rank(st) > rank(g.status) {
			g.status = st
		}
	default:
		g = s.newGroup(n)
		g.status = st
		if !alone {
			s.groups[full] = g
		}
	}
	n.group = g
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
	if g.status != event.Unchanged && !n.traits.has(isProbe) {
		s.steps.Finished++
		if n.state != running {
			s.steps.Started++ // no process was
		}
	}
	e.ID, e.Name, e.Contexts, e.Status, e.Lane, e.At = g.id, n.spec.Name, g.list(), g.status, n.lane, time.Since(s.began)
	e.Path, e.Steps, e.Spec = n.id(), s.steps, n.spec
	s.emit(e)
}

func reasons(rec *trace.Action) []event.Reason {
	out := make([]event.Reason, len(rec.Why))
	for i, c := range rec.Why {
		out[i] = event.Reason(c)
	}
	return out
}

// command is the command for people to copy. Arguments that hold something
// sensitive are not told apart from others, so all are hidden then.
func (n *node) command() string {
	switch {
	case n.spec.Foreign != nil:
		return n.spec.Foreign.Command
	case n.spec.Written != nil:
		return "" // there is none
	case n.spec.Self:
		return "" // nobody is to call it by hand
	case n.spec.Install != nil:
		return "" // it is not known which step is meant
	case n.secret:
		return exec.Quote(shownCommand(n.spec)[:1]) + " (its arguments are hidden: some are sensitive)"
	}
	return exec.Quote(shownCommand(n.spec))
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
