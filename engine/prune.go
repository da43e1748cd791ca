package engine

import (
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/trace"
)

// Prune removes what actions of former builds made for declarations that are
// gone: all actions whose target has the scope as its prefix ("app//lib:")
// and for whose first output keep says no; and of the others what they made
// beside that, as far as keep says no. It is called before new actions of the
// scope run, so that a header that nobody makes any more is not found.
func (t *Task) Prune(scope string, keep func(target, output string) bool) {
	s := t.s
	if s.opts.Mode == Plan {
		return
	}
	s.targetsOnce.Do(s.indexTargets)
	old := s.targets
	i := sort.Search(len(old), func(i int) bool { return old[i].Target >= scope })
	for ; i < len(old) && strings.HasPrefix(old[i].Target, scope); i++ {
		a := old[i]
		keeps, gone := keep(a.Target, a.ID()), a.Outs
		if keeps {
			gone = nil
			for _, o := range a.Outs[1:] {
				if !keep(a.Target, o.Path) {
					gone = append(gone, o)
				}
			}
		}
		if len(gone) > 0 && s.current(a, !keeps) {
			for _, o := range gone {
				s.removeOutput(o.Path)
			}
			if a.Recipe == nil {
				continue
			}
			for _, p := range a.Recipe.Mirror { // who else wants the link makes it again
				s.removeOutput(path.Join(a.Recipe.Root, p))
			}
		}
	}
}

// current reports whether a record of former builds is that of its action
// still, and not of another declaration by now; and forgets it if it is to.
func (s *Session) current(a *trace.Action, forget bool) bool {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	now := s.eng.state.Action(a.ID())
	if now == nil || now.Target != a.Target || now.Ran != a.Ran {
		return false
	}
	if forget {
		s.eng.state.DeleteAction(a.ID())
	}
	return true
}

// PruneTarget removes what former builds made for a declaration and what no
// action makes that was defined in this session: the object of a source that
// is gone. It is called when all actions of the declaration are defined.
func (t *Task) PruneTarget(target string) {
	t.Prune(target, func(tgt, output string) bool { return tgt != target || t.s.producer(output) != nil })
}

// indexTargets sorts the actions of former builds by target, and notes their
// contexts.
func (s *Session) indexTargets() {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	s.formerContexts = map[string]bool{}
	for a := range s.eng.state.Actions() {
		s.targets = append(s.targets, a)
		if a.Context != "" {
			s.formerContexts[a.Context] = true
		}
	}
	sort.Slice(s.targets, func(i, j int) bool { return s.targets[i].Target < s.targets[j].Target })
}

// PruneRecords forgets actions of former builds that are no more and have left
// nothing behind. There are that many actions now, and made tells of an output
// whether one of them makes it. What another goal is made of is kept.
func (t *Task) PruneRecords(actions int, made func(output string) bool) {
	s := t.s
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	st := s.eng.state
	if s.opts.Mode == Plan || st.NumActions() <= actions {
		return
	}
	var gone []string
	for r := range st.ActionRows() {
		if !made(st.Key(r).Path) && !s.otherGoalHas(r) && !s.leftBehind(st.Outputs(r)) {
			gone = append(gone, st.Key(r).Path)
		}
	}
	for _, id := range gone {
		st.DeleteAction(id)
		s.dirty.Store(true)
	}
}

// otherGoalHas reports whether another goal than that of the session has an
// action.
func (s *Session) otherGoalHas(act trace.Row) bool {
	for key, g := range s.eng.state.Goals() {
		if key != s.opts.Goal && g.Actions.Has(act) {
			return true
		}
	}
	return false
}

// leftBehind reports whether any of some files is there.
func (s *Session) leftBehind(rows []trace.Row) bool {
	return slices.ContainsFunc(rows, func(r trace.Row) bool {
		st, err := s.eng.stat(s.eng.state.Key(r).Path)
		return err != nil || !st.Absent()
	})
}

func (s *Session) removeOutput(p string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outputs[p].n != nil {
		return // another declaration makes it now
	}
	s.forget(p)
	s.dirty.Store(true)
	if !action.IsOutput(p) {
		return // a foreign action's, among the sources: it may be one
	}
	name := s.eng.abs(p)
	if err := s.eng.fs.Remove(name); err != nil && !absent(err) {
		s.message(event.Warning, "a stale output stays: "+err.Error())
	}
	// Directories that became empty go too, but for those in which an action
	// of this session may be about to write.
	for d := filepath.Dir(p); strings.HasPrefix(d, action.BuildDir+"/") && s.outDirs[d] == nil; d = filepath.Dir(d) {
		if s.eng.fs.Remove(s.eng.abs(d)) != nil {
			return
		}
	}
}

// PruneContexts removes the output directories of contexts ("app", "v@wide")
// that former builds had and for which keep says no.
func (t *Task) PruneContexts(keep func(context string) bool) {
	s := t.s
	if s.opts.Mode == Plan {
		return
	}
	s.targetsOnce.Do(s.indexTargets)
	for c := range s.formerContexts {
		if keep(c) {
			continue
		}
		s.stateMu.Lock()
		for _, a := range s.targets {
			if a.Context == c {
				s.eng.state.DeleteAction(a.ID())
			}
		}
		s.stateMu.Unlock()
		s.dirty.Store(true)
		if err := s.eng.fs.RemoveAll(s.eng.abs(action.BuildDir + "/" + c)); err != nil {
			s.message(event.Warning, "the directory of a context that is gone stays: "+err.Error())
		}
	}
}
