package engine

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/event"
	"erg.build/erg/engine/trace"
)

// This file counts what a session did without, for the trace's record of the
// last builds.
//
// A node is stirred if it was made anew in this session, or reads what a
// stirred node made, though that came out the same. An unchanged node that is
// stirred is what a builder that goes by time would have run: early cutoff
// saved it. The flag passes along with the count of pending inputs, which
// costs nothing; only where it arrived is looked at what a node really reads.

// Savings are processes that a session did without.
type Savings struct {
	// Cutoff counts pieces of work that were found unchanged although something
	// before them was made anew: it, or something between, came out the same.
	Cutoff trace.Saving
	// Store counts what was restored, or copied from an equal action.
	Store trace.Saving
}

// count adds a piece of work.
func (c *Savings) count(g *group) {
	switch {
	case g.status == event.Restored:
		c.Store.Add(g.took)
	case g.status == event.Unchanged && g.stirred:
		c.Cutoff.Add(g.took)
	}
}

// spare notes of a piece of work how long it took when it ran.
func (g *group) spare(took time.Duration, stirred bool) {
	g.took = max(g.took, took)
	g.stirred = g.stirred || stirred
}

// stirs reports whether a node that is up to date reads what a stirred one
// made. That it only has to wait for such a node is not enough. The caller
// holds mu.
func (s *Session) stirs(n *node, deps []trace.Dep) bool {
	return n.stirred && slices.ContainsFunc(deps, func(d trace.Dep) bool { return s.isStirred(d.Path) })
}

// isStirred reports whether a path is that of an output of a stirred node.
// The caller holds mu.
func (s *Session) isStirred(p string) bool {
	in := s.outputs[p].n
	return in != nil && in.stirred
}

// account records what the session did, if it did something: one that ended
// with the mistakes of the configuration did not.
func (s *Session) account(st *trace.State, ok bool) {
	r := s.Result()
	if !ok && r.Ran+r.Restored+r.Failed == 0 {
		return
	}
	b := trace.Build{Revision: s.rev, Goal: s.opts.Goal, Ended: time.Now().Unix(), Elapsed: r.Elapsed, OK: ok,
		Ran: r.Ran, Restored: r.Restored, Unchanged: r.Unchanged, Failed: r.Failed, Skipped: r.Skipped,
		Worked: r.Worked, Cutoff: r.Cutoff, Store: r.Store, Peak: r.Peak}
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) == nil {
		b.Own = int64(usage.Maxrss) << 10
	}
	st.AddBuild(b)
}
