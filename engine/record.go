package engine

import (
	"fmt"
	"slices"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/trace"
)

// newRecord describes a result for the trace, with the reasons why the last
// one did not do.
func (s *Session) newRecord(n *node, m action.Manifest, discovered []trace.Dep, outs []trace.Out, msg []byte) *trace.Action {
	rec := &trace.Action{
		Name: n.spec.Name, Context: n.spec.Context, Target: n.spec.Target, Spec: n.identity,
		Key: n.key, Outs: outs, Message: msg, Verified: s.rev, Ran: s.rev,
	}
	rec.Deps = append(s.declaredDeps(n), discovered...)
	if s.strays(n, discovered) {
		s.astray.Store(true)
	}
	n.keepRecipe(rec, m)
	rec.Full = fullKey(n, rec.Deps)
	if n.spec.Foreign != nil {
		s.eng.markHollow(rec)
	}
	rec.Why = s.explain(n, m, rec.Deps)
	rec.Changed = s.rev
	if old := n.old; old != nil && slices.Equal(old.Outs, outs) {
		rec.Changed, rec.Cause = old.Changed, old.Causes()
	}
	return rec
}

// declaredDeps lists what an action declares to read, as it is now.
func (s *Session) declaredDeps(n *node) []trace.Dep {
	lists := [][]string{n.spec.Inputs}
	if n.spec.Sandbox {
		lists = append(lists, n.spec.Order)
	}
	var deps []trace.Dep
	for _, l := range lists {
		for _, p := range l {
			d, _ := s.inputOf(n, p)
			deps = append(deps, trace.Dep{Path: p, Digest: d})
		}
	}
	return deps
}

// keepRecipe puts into a record how to run the action again, or, if that
// must not be kept, what its key was made of as far as that can be.
func (n *node) keepRecipe(rec *trace.Action, m action.Manifest) {
	if n.secret {
		rec.Manifest = m.Redacted().Encode()
		return
	}
	rec.Recipe = n.spec
}

// manifestOf returns what a recorded key was made of, nil if that is not known.
func manifestOf(rec *trace.Action) action.Manifest {
	if rec.Recipe == nil {
		m, err := action.DecodeManifest(rec.Manifest)
		if err != nil {
			return nil
		}
		return m
	}
	inputs := make(map[string]digest.Digest, len(rec.Deps))
	for _, d := range rec.Deps {
		if _, known := inputs[d.Path]; !known {
			inputs[d.Path] = d.Digest
		}
	}
	return rec.Recipe.Manifest(rec.Recipe.Roots(), func(p string) digest.Digest { return inputs[p] })
}

// storable is the form in which a manifest may be kept.
func (n *node) storable(m action.Manifest) action.Manifest {
	if n.secret {
		return m.Redacted()
	}
	return m
}

// fullKey is the declared key with what was discovered.
func fullKey(n *node, deps []trace.Dep) digest.Digest {
	h := digest.New()
	h.Write(n.key[:])
	for _, d := range deps {
		if d.Discovered {
			fmt.Fprintf(h, "%q %s\n", n.roots().Canonical(d.Path), d.Digest)
		}
	}
	return digest.Sum(h)
}

// explain tells why the record of the last run does not hold.
func (s *Session) explain(n *node, m action.Manifest, deps []trace.Dep) []trace.Change {
	old := n.old
	if old == nil {
		return []trace.Change{{What: "first build", Name: n.id()}}
	}
	var cs []trace.Change
	if p := n.notMade(); p != "" {
		cs = append(cs, trace.Change{What: "output", Name: p, Old: "absent", New: "absent"})
	} else if old.Key.IsZero() {
		what := "an input changed while it ran"
		if old.Failed {
			what = "the last run failed"
		}
		cs = append(cs, trace.Change{What: what, Name: n.id()})
	}
	if was := manifestOf(old); len(was) > 0 {
		for _, d := range action.Diff(was, n.storable(m)) {
			c := trace.Change{What: d.What, Name: d.Name, Old: d.Old, New: d.New}
			if d.What == "input" {
				c.Name = n.roots().Real(d.Name)
				if c.Name == "" {
					c.Name = d.Name
				}
			} else {
				c.Old, c.New = n.shown(d.Old), n.shown(d.New)
			}
			cs = append(cs, c)
		}
	}
	for _, d := range old.Deps {
		if !d.Discovered {
			continue
		}
		if got, err := s.discovered(n, d); err == nil && got != d.Digest {
			cs = append(cs, trace.Change{What: "input", Name: d.Path, Old: hexOrAbsent(d.Digest), New: hexOrAbsent(got)})
		}
	}
	if old.Failed {
		cs = sinceSuccess(old.Why, cs)
	}
	if len(cs) == 0 {
		cs = append(cs, trace.Change{What: "output", Name: n.id(), Old: "as made", New: "missing or modified"})
	}
	return cs
}

// sinceSuccess puts the changes since a run that failed behind those for
// which that one ran: what led from the last result to the next.
func sinceSuccess(failed, now []trace.Change) []trace.Change {
	out := slices.Clone(failed)
	for _, c := range now {
		i := slices.IndexFunc(out, func(o trace.Change) bool { return o.What == c.What && o.Name == c.Name })
		if i < 0 {
			out = append(out, c)
		} else {
			out[i].New = c.New
		}
	}
	return slices.DeleteFunc(out, func(c trace.Change) bool { return c.Old == c.New && c.Old != "" })
}

// shown spells a manifest's canonical paths for people.
func (n *node) shown(v string) string {
	return action.Expand(v, func(c string, _ bool) string {
		if p := n.roots().Real(c); p != "" {
			return p
		}
		return c
	})
}

func hexOrAbsent(d digest.Digest) string {
	if d.IsZero() {
		return "absent"
	}
	return d.String()
}

// log appends a record to the trace's log, so that a killed build does not
// lose it.
func (s *Session) log(rec *trace.Action) {
	s.stateMu.Lock()
	err := s.eng.trace.Append(s.eng.state, rec)
	s.stateMu.Unlock()
	s.logged(err)
}

// logStart notes in the trace's log that a foreign action is about to run, if
// its record, or what is there, would be taken for its result otherwise: an erg
// that is killed now leaves half of what the action makes.
func (s *Session) logStart(n *node) {
	if (n.old == nil || n.old.Key.IsZero()) && !n.spec.Foreign.Generator {
		return
	}
	s.stateMu.Lock()
	err := s.eng.trace.AppendStart(s.eng.state, n.id())
	s.stateMu.Unlock()
	s.logged(err)
}

// logged warns, once, if the log cannot be written. That is no failure of the
// build: Save tries again.
func (s *Session) logged(err error) {
	if err != nil && !s.logBad.Swap(true) {
		s.message(event.Warning, "the log of the build cannot be written: "+err.Error())
	}
}

// stampOuts records outputs as they now are.
func (s *Session) stampOuts(outs []trace.Out) error {
	for _, o := range outs {
		st, err := s.eng.stat(o.Path)
		if err != nil {
			return err
		}
		s.stampOut(o, st)
	}
	return nil
}

// stampOut records an output of which the stamp and the digest belong
// together.
func (s *Session) stampOut(o trace.Out, st trace.Stamp) {
	f := &trace.File{Path: o.Path, Stamp: st, Digest: effective(o.Digest, o.Exec)}
	k := trace.FileKey{Path: o.Path}
	s.record(f, s.recorded(k))
	r := s.row(k)
	s.leafMu.Lock()
	*s.leaves.at(r) = leafInfo{epoch: uint32(s.epoch.Load()), known: true}
	delete(s.odd, r)
	s.touched.Add(r)
	s.leafMu.Unlock()
	for now := max(st.Mtime, st.Ctime); ; {
		last := s.lastStamp.Load()
		if last >= now || s.lastStamp.CompareAndSwap(last, now) {
			return
		}
	}
}
