package engine

import (
	"slices"

	"golang.org/x/sync/errgroup"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/trace"
)

// This file brings a goal up to date from the trace, without evaluating what
// its actions stem from.
//
// What decides what there is to do is recorded with the goal: files and
// listings that queries asked for, and outputs that they read, in the order
// in which they did. While none of these has changed, all queries would
// answer as they did, and the actions that they defined are the recorded
// ones. So the actions that may be reached from what has changed, the cone,
// run from their records. Outputs that queries read come first, in their
// order: all that had been read before an action was defined has been found
// unchanged when it runs. At the first that differs, the goal is evaluated.

// A resumption is a goal that is being brought up to date from its record.
type resumption struct {
	s     *Session
	goal  *trace.HotGoal
	cone  map[trace.Row][]trace.Row // actions, each with those of the cone that it may wait for
	order []trace.Row               // the same actions, nearest to what has changed first
	acts  map[trace.Row]*trace.Action
	// digests of outputs that the cone reads and does not make; guarded by
	// stateMu
	digests map[string]digest.Digest
}

// Resume brings the goal of a look up to date from the trace. It reports
// false if that does not do: then Eval must be called, in the same session,
// and goes on from there. After true, Finish records the goal as it is.
func (s *Session) Resume(l *Look) (done bool, err error) {
	if s.opts.Mode != Build || s.opts.Rerun || !l.Resumable() {
		return false, nil
	}
	x := &resumption{s: s, goal: l.goal, cone: map[trace.Row][]trace.Row{},
		acts: map[trace.Row]*trace.Action{}, digests: map[string]digest.Digest{}}
	changed, ok := x.changed(l.differ)
	if !ok || !x.reach(changed) || x.cyclic() || !x.load() {
		return false, nil
	}
	if len(x.order) > 0 && s.eng.store == nil && !s.eng.opts.InPlace {
		// Another context may have an equal result, which only the whole graph
		// tells if there is no store to ask.
		return false, nil
	}
	s.resumed = x
	s.enter(1)
	s.gate.opened = true
	valid, err := x.build()
	s.leave()
	s.drain()
	s.closeSlots()
	if !valid {
		s.gate.opened = false
		s.resumed = nil
		return false, nil
	}
	x.replay()
	return true, err
}

// changed examines the files whose stamps differ. It reports false if one of
// them decided what there is to do, or came or went.
func (x *resumption) changed(rows []trace.Row) (changed []trace.Row, ok bool) {
	s := x.s
	files := make([]*trace.File, len(rows))
	var g errgroup.Group
	g.SetLimit(defaultJobs(0))
	for i, r := range rows {
		s.stateMu.Lock()
		k := s.eng.state.Key(r)
		s.stateMu.Unlock()
		g.Go(func() (err error) {
			files[i], err = s.leaf(k.Path, k.Kind)
			return err
		})
	}
	if g.Wait() != nil {
		return nil, false
	}
	for i, r := range rows {
		f := files[i]
		if f.Changed <= x.goal.Complete {
			continue
		}
		if f.Kind == trace.Mtime {
			return nil, false // who goes by time, only the whole graph tells
		}
		_, made := s.eng.state.Producer(r)
		if x.goal.Asked.Has(r) || !made && f.Kind == trace.Content && f.Stamp.Absent() {
			return nil, false
		}
		changed = append(changed, r)
	}
	return changed, true
}

// reach collects the actions that what has changed may reach. It reports
// false if one of them makes what queries asked for as a file.
func (x *resumption) reach(changed []trace.Row) bool {
	st := x.s.eng.state
	visit := func(act, from trace.Row) {
		if !x.goal.Actions.Has(act) {
			return
		}
		waits, known := x.cone[act]
		// All that follows from one action comes at once: looking at the last one
		// finds what is said twice.
		if from != act && (len(waits) == 0 || waits[len(waits)-1] != from) {
			waits = append(waits, from)
		}
		x.cone[act] = waits
		if !known {
			x.order = append(x.order, act)
		}
	}
	for _, r := range changed {
		if first, ok := st.Producer(r); ok {
			visit(first, first)
		}
		for u := range st.Users(r) {
			visit(u, u)
		}
	}
	for act := range st.Unfinished() {
		visit(act, act)
	}
	for i := 0; i < len(x.order); i++ {
		act := x.order[i]
		for _, out := range st.Outputs(act) {
			if x.goal.Asked.Has(out) {
				return false
			}
			for u := range st.Users(out) {
				visit(u, act)
			}
		}
	}
	return true
}

// cyclic reports whether actions of the cone wait for each other, by what they
// were seen to read. Who evaluates them says what that means.
func (x *resumption) cyclic() bool {
	if !x.s.eng.opts.InPlace {
		return false // elsewhere, an action reads nothing that it does not wait for
	}
	users, waits := map[trace.Row][]trace.Row{}, map[trace.Row]int{}
	var free []trace.Row
	for act, list := range x.cone {
		for _, w := range list {
			users[w] = append(users[w], act)
		}
		if waits[act] = len(list); len(list) == 0 {
			free = append(free, act)
		}
	}
	for i := 0; i < len(free); i++ {
		for _, u := range users[free[i]] {
			if waits[u]--; waits[u] == 0 {
				free = append(free, u)
			}
		}
	}
	return len(free) < len(x.cone)
}

// load reads the records of the cone. It reports false if one of them does
// not tell how to run the action, or all that it makes, or what it would be
// judged by: the times of files that phony actions outside of the cone stand
// for.
func (x *resumption) load() bool {
	for _, first := range x.order {
		rec := x.s.eng.state.ActionAt(first)
		if rec == nil || rec.Recipe == nil || rec.Recipe.Foreign != nil && rec.Recipe.Foreign.Mtime {
			return false
		}
		if r := rec.Recipe; !r.Sandbox && len(r.Writable) > 0 {
			return false // it changes files there that are nobody's outputs
		}
		x.acts[first] = rec
	}
	return true
}

// build runs the cone. It reports false at the first output that queries read
// and that has changed.
func (x *resumption) build() (valid bool, err error) {
	s := x.s
	for _, r := range x.goal.Read {
		first, ok := s.eng.state.Producer(r)
		if !ok || x.acts[first] == nil {
			continue
		}
		if s.eng.opts.InPlace {
			return false, nil // such a graph reads itself anew as a whole
		}
		if x.run(x.before(first)) != nil {
			return false, nil // whoever asked for it tells what that means
		}
		if f, err := s.leafAt(r); err != nil || f.Changed > x.goal.Complete {
			return false, nil
		}
	}
	return true, x.run(x.order)
}

func (s *Session) leafAt(r trace.Row) (*trace.File, error) {
	s.stateMu.Lock()
	k := s.eng.state.Key(r)
	s.stateMu.Unlock()
	return s.leaf(k.Path, k.Kind)
}

// before lists an action and what it may wait for, however far.
func (x *resumption) before(first trace.Row) []trace.Row {
	seen := map[trace.Row]bool{first: true}
	list := []trace.Row{first}
	for i := 0; i < len(list); i++ {
		for _, w := range x.cone[list[i]] {
			if !seen[w] {
				seen[w] = true
				list = append(list, w)
			}
		}
	}
	return list
}

// run brings recorded actions up to date.
func (x *resumption) run(firsts []trace.Row) error {
	s := x.s
	s.mu.Lock()
	var nodes []*node
	for _, first := range firsts {
		rec := x.acts[first]
		if n := s.outputs[rec.ID()].n; n != nil || rec.Recipe.Foreign != nil && rec.Recipe.Foreign.Phony && x.unused(first) {
			continue
		}
		n := &node{out: rec.ID(), hot: &hot{spec: rec.Recipe, identity: rec.Spec, old: rec}}
		n.describe(s, rec.Recipe, rec)
		if n.spec.Foreign != nil {
			s.enterForeign(n)
		}
		s.register(n, rec.Recipe.Outputs)
		nodes = append(nodes, n)
	}
	for _, n := range slices.Backward(nodes) { // users before inputs, which get their priority from them
		s.want(n, 0)
	}
	s.pump()
	s.mu.Unlock()
	return s.await(s.ctx, nodes)
}

// unused reports whether no action of the goal uses what one makes.
func (x *resumption) unused(first trace.Row) bool {
	x.s.stateMu.Lock()
	defer x.s.stateMu.Unlock()
	for _, out := range x.s.eng.state.Outputs(first) {
		for u := range x.s.eng.state.Users(out) {
			if x.goal.Actions.Has(u) {
				return false
			}
		}
	}
	return true
}

// replay shows again what the actions printed that are up to date.
func (x *resumption) replay() {
	s := x.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range x.goal.Replay {
		if x.acts[r] != nil {
			continue // it has been judged
		}
		s.stateMu.Lock()
		rec := s.eng.state.ActionAt(r)
		s.stateMu.Unlock()
		if rec == nil || len(rec.Message) == 0 {
			continue
		}
		s.lastID++
		e := event.ActionFinished{ID: s.lastID, Name: rec.Name, Path: rec.ID(), Status: event.Unchanged, Output: rec.Message, Steps: s.steps}
		if rec.Context != "" {
			e.Contexts = []string{rec.Context}
		}
		s.emit(e)
	}
}

// finished returns the goal as it is now.
func (x *resumption) finished(rev uint32) *trace.Goal {
	s, st := x.s, x.s.eng.state
	g := x.goal.Goal
	g.Complete = rev
	for r := range s.touched.All() {
		g.Files.Add(r)
	}
	g.Replay = nil
	for _, r := range x.goal.Replay {
		if x.acts[r] == nil {
			g.Replay = append(g.Replay, r)
		}
	}
	for _, first := range x.order {
		if rec := st.ActionAt(first); rec != nil && len(rec.Message) > 0 {
			g.Replay = append(g.Replay, first)
		}
	}
	return &g
}

// recordedInput returns the digest with which a path counts as an input, if
// recordedOutput knows it.
func (s *Session) recordedInput(p string) (d digest.Digest, ok bool, err error) {
	if s.resumed == nil {
		return d, false, nil
	}
	s.stateMu.Lock()
	d, ok = s.resumed.digests[p]
	s.stateMu.Unlock()
	if ok {
		return d, true, nil
	}
	rec, i := s.recordedOutput(p)
	if rec == nil {
		return d, false, nil
	}
	if rec.Recipe == nil || rec.Recipe.Foreign == nil {
		// An archive comes with its index, and is asked for by several, and by each
		// for its key, its record and its explanation. What foreign actions made
		// may turn out to be something else.
		s.stateMu.Lock()
		for _, o := range rec.Outs {
			s.resumed.digests[o.Path] = seen(o)
		}
		s.stateMu.Unlock()
	}
	d, err = s.recordedDigest(rec, i)
	return d, true, err
}

// recordedOutput returns the record of the action that makes a path, and
// which of its outputs that is, if the session resumes a goal and the action
// is up to date because nothing that it uses has changed.
func (s *Session) recordedOutput(p string) (*trace.Action, int) {
	if s.resumed == nil {
		return nil, 0
	}
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	st := s.eng.state
	r, ok := st.Row(trace.FileKey{Path: p})
	if !ok {
		return nil, 0
	}
	first, ok := st.Producer(r)
	if !ok || !s.resumed.goal.Actions.Has(first) {
		return nil, 0
	}
	rec := st.ActionAt(first)
	if rec == nil {
		return nil, 0
	}
	i := slices.IndexFunc(rec.Outs, func(o trace.Out) bool { return o.Path == p })
	if i < 0 {
		return nil, 0
	}
	return rec, i
}

// recordedDigest is the digest with which such an output counts as an input.
func (s *Session) recordedDigest(rec *trace.Action, i int) (digest.Digest, error) {
	o := rec.Outs[i]
	if rec.Recipe == nil || rec.Recipe.Foreign == nil || !rec.Recipe.Foreign.Phony {
		return seen(o), nil
	}
	if len(rec.Recipe.Inputs)+len(rec.Recipe.Order) == 0 {
		f, err := s.leaf(o.Path, trace.Content)
		if err != nil {
			return digest.Digest{}, err
		}
		return f.Digest, nil
	}
	return s.standsFor(rec.Recipe)
}
