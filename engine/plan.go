package engine

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"time"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/trace"
)

// planned is what a session that plans (or builds) counted.
type planned struct {
	started  int           // processes
	worked   time.Duration // of these, together
	peak     int64         // the most memory that one of these needed
	results  int           // how often Result was called
	deferred []DeferredGroup
}

// A DeferredGroup is a set of actions that cannot be listed yet.
type DeferredGroup struct {
	Context string
	What    string
	Waits   []string
}

// A PlannedAction is an action as a plan shows it.
type PlannedAction struct {
	Name, Context, Target string
	Output                string
	Verdict               Verdict
	Outputs, Inputs       []string // as declared; Inputs has what may be read, too
	Waits                 []string // values it waits for
	Took                  time.Duration
	// Work is the same for actions that a build would do once: equal ones of
	// several contexts. It is "" for one whose result an equal one has.
	Work  string
	Why   []trace.Change // why it would run, but for what runs before it
	After []string       // inputs that would be made anew before
	// Intact: all that it is made from is as in the last build. It would run
	// only because what was made is no longer there.
	Intact bool
}

// A Verdict says what a build would do about an action.
type Verdict string

const (
	WouldRun     Verdict = "run"
	MayRun       Verdict = "may run" // if what runs before it changes its inputs
	WouldRestore Verdict = "restore"
	UpToDate     Verdict = "unchanged"
	CannotRun    Verdict = "blocked"
)

// waitsForRun reports whether an input would be made anew.
func (s *Session) waitsForRun(n *node) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range [...][]string{n.spec.Inputs, n.spec.Order} {
		for _, p := range list {
			if in := s.outputs[p].n; in != nil && in.state == wouldRun {
				return true
			}
		}
	}
	return false
}

// mayStay reports whether a node need not run if the actions before it make
// what they made in the last build.
func (s *Session) mayStay(n *node) bool {
	if n.old == nil || n.old.Key.IsZero() {
		return false
	}
	ok := true
	if len(n.spec.Unknown) > 0 {
		// How it would be run is not known, but what it would read is.
		for _, d := range n.old.Deps {
			if !s.isOutput(d.Path) {
				got, err := s.discovered(n, d)
				ok = ok && err == nil && got == d.Digest
			}
		}
		return ok
	}
	as := func(p string) digest.Digest {
		d, err := s.predictedDigest(p)
		ok = ok && err == nil
		return d
	}
	key := n.spec.Manifest(n.roots(), as).Key()
	for _, d := range n.old.Deps {
		if d.Discovered && n.mayRead(d.Path) {
			ok = ok && as(d.Path) == d.Digest
		} else if d.Discovered {
			got, err := s.discovered(n, d)
			ok = ok && err == nil && got == d.Digest
		}
	}
	return ok && key == n.old.Key
}

// predictedDigest is inputDigest, but for what would be made anew the digest
// of what the last build made.
func (s *Session) predictedDigest(p string) (digest.Digest, error) {
	s.mu.Lock()
	ref := s.outputs[p]
	again := ref.n != nil && ref.n.state == wouldRun
	s.mu.Unlock()
	if !again {
		return s.inputDigest(p)
	}
	old := ref.n.old
	if old == nil || old.Failed || ref.index >= len(old.Outs) || old.Outs[ref.index].Path != p {
		return digest.Digest{}, ErrUnknown
	}
	o := old.Outs[ref.index]
	return effective(o.Digest, o.Exec), nil
}

// planRun ends a node that a build would run. waits says that something
// before it would run too.
func (s *Session) planRun(n *node, waits bool) {
	s.foresee(n, waits)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(n, wouldRun)
}

// planRestore ends a node whose result is known without a run: it is in the
// store, or an equal action has it as from.
func (s *Session) planRestore(n *node, outs, from []trace.Out) {
	n.work = s.workOf(n, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	n.outs, n.from = outs, from
	s.settle(n, restores)
}

// goneSince makes a node, of which a result was found that cannot be read any
// more, one that a build would run: the store was collected meanwhile.
func (s *Session) goneSince(n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.state != restores {
		return // somebody else has noticed
	}
	n.state = wouldRun
	n.intact = n.old != nil && n.old.Key == n.key
	n.why = []trace.Change{{What: "output", Name: n.id(), Old: "as made", New: "missing or modified"}}
}

// PlannedActions lists what was demanded, in the order of demand, without
// probes.
func (s *Session) PlannedActions() []PlannedAction {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []PlannedAction
	for _, n := range s.wanted {
		if n.traits.has(isProbe) || n.traits.has(isPhony) {
			continue
		}
		s.heat(n)
		a := PlannedAction{Name: n.spec.Name, Context: n.spec.Context, Target: n.spec.Target, Output: n.id(), Outputs: n.spec.Outputs, Inputs: s.behindPhony(slices.Concat(n.spec.Inputs, n.spec.Order)), Waits: n.spec.Unknown, Took: n.took}
		switch n.state {
		case done:
			a.Verdict, a.Work = UpToDate, fmt.Sprint(n.group.id)
		case restores:
			if a.Verdict = WouldRestore; n.from == nil {
				a.Work = n.work.String()
			}
		case wouldRun:
			a.Why, a.Work, a.Intact, a.After = n.why, n.work.String(), n.intact, n.after
			if a.Verdict = WouldRun; n.maybe {
				a.Verdict = MayRun
			}
		default:
			a.Verdict = CannotRun
		}
		out = append(out, a)
	}
	return out
}

// DeferredGroups lists what cannot be listed action by action, by context and
// name: queries find them in any order.
func (s *Session) DeferredGroups() []DeferredGroup {
	s.mu.Lock()
	defer s.mu.Unlock()
	groups := slices.Clone(s.planned.deferred)
	slices.SortFunc(groups, func(a, b DeferredGroup) int {
		return cmp.Or(cmp.Compare(a.Context, b.Context), cmp.Compare(a.What, b.What))
	})
	return groups
}

func (t *Task) deferred(context, what string, waits []string) {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	same := func(g DeferredGroup) bool { return g.Context == context && g.What == what }
	if !slices.ContainsFunc(t.s.planned.deferred, same) {
		t.s.planned.deferred = append(t.s.planned.deferred, DeferredGroup{context, what, waits})
	}
}

// content demands an artifact and reads it. Planning, it is known when the
// trace or the store has it; else the last build predicts it.
func (t *Task) content(p string) (Content, error) {
	s := t.s
	if !s.isOutput(p) {
		b, err := t.readFile(p)
		return Content{Known: err == nil, Bytes: b, Digest: digest.Of(b)}, err
	}
	nodes, err := t.demandPaths([]string{p}, 0)
	if err != nil {
		return Content{}, err
	}
	if err := s.await(t.ctx, nodes); err != nil {
		return Content{}, err
	}
	n := nodes[0]
	s.mu.Lock()
	s.heat(n)
	at := slices.Index(n.spec.Outputs, p)
	st, outs, from := n.state, n.outs, n.from
	s.mu.Unlock()
	if st == wouldRun {
		return s.predict(n, at), nil
	}
	o := outs[at]
	var b []byte
	switch {
	case st != restores:
		b, err = fsys.ReadFile(s.eng.fs, s.eng.abs(p))
	case from != nil:
		b, err = fsys.ReadFile(s.eng.fs, s.eng.abs(from[at].Path))
	default:
		b, err = s.eng.store.Read(o.Digest)
	}
	if err != nil && st == restores {
		s.goneSince(n)
		return s.predict(n, at), nil
	}
	if err != nil {
		return Content{}, fmt.Errorf("read what %q made: %w", n.spec.Name, err)
	}
	if digest.Of(b) != o.Digest {
		return Content{}, fmt.Errorf("%s was modified during the build", p)
	}
	s.noteRead(p)
	return Content{Known: true, Bytes: b, Digest: o.Digest}, nil
}

// noteRead records that what an action made decides what there is to do from
// here on.
func (s *Session) noteRead(p string) {
	r := s.row(trace.FileKey{Path: p})
	s.leafMu.Lock()
	defer s.leafMu.Unlock()
	if !s.readSet.Has(r) {
		s.readSet.Add(r)
		s.read = append(s.read, r)
	}
}

// predict returns what the last build made as the output with an index.
func (s *Session) predict(n *node, at int) Content {
	if n.old == nil || n.old.Failed || at >= len(n.old.Outs) || n.old.Outs[at].Path != n.spec.Outputs[at] {
		return Content{}
	}
	o := n.old.Outs[at]
	b, err := fsys.ReadFile(s.eng.fs, s.eng.abs(o.Path))
	if err != nil || digest.Of(b) != o.Digest {
		if s.eng.store == nil {
			return Content{}
		}
		if b, err = s.eng.store.Read(o.Digest); err != nil {
			return Content{}
		}
	}
	return Content{Predicted: b, Predicts: true, Unchanged: n.intact}
}

// A Result counts what a session did, in distinct pieces of work.
type Result struct {
	Ran, Restored, Unchanged, Failed int
	Skipped                          int // could not start because something failed before
	Elapsed                          time.Duration
	Worked                           time.Duration // of the processes, together
	Peak                             int64         // the most memory that one of them needed
	Savings
}

// Result counts what happened.
func (s *Session) Result() Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Result{Ran: s.planned.started, Elapsed: time.Since(s.began), Worked: s.planned.worked, Peak: s.planned.peak, Savings: s.saved}
	r.Restored, r.Unchanged, r.Failed = s.cooled[event.Restored], s.cooled[event.Unchanged], s.cooled[event.Failed]
	s.planned.results++
	groups := 0
	for _, n := range s.wanted {
		if n.state == skipped {
			r.Skipped++
		}
		if n.hot == nil {
			continue // see cool
		}
		if g := n.group; g != nil && g.counted != s.planned.results {
			g.counted = s.planned.results
			groups++
			r.count(g)
			switch g.status {
			case event.Restored:
				r.Restored++
			case event.Unchanged:
				r.Unchanged++
			case event.Failed:
				r.Failed++
			}
		}
	}
	if s.resumed != nil {
		r.Unchanged = max(0, s.resumed.goal.Count-groups+r.Unchanged)
	}
	return r
}

// Demanded returns the contexts of what was demanded, sorted.
func (s *Session) Demanded() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := map[string]bool{}
	for _, n := range s.wanted {
		set[n.context()] = true
	}
	var out []string
	for c := range set {
		out = append(out, c)
	}
	sort.Strings(out)
	return out
}
