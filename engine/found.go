package engine

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine/trace"
)

// This file is about what foreign actions read and write without saying so.

// A Sieve picks files by path. It asks about each file once.
type Sieve struct {
	Keep        func(path string) bool
	asked, kept trace.Set
}

// Discovered returns, of the files that an action was seen to read without
// having declared them, those that the sieve keeps.
func (t *Task) Discovered(output string, keep *Sieve) []string {
	s := t.s
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	st := s.eng.state
	first, ok := st.Row(trace.FileKey{Path: output})
	if !ok {
		return nil
	}
	var found []string
	for r := range st.Discovered(first) {
		if !keep.asked.Has(r) {
			keep.asked.Add(r)
			if keep.Keep(st.Key(r).Path) {
				keep.kept.Add(r)
			}
		}
		if keep.kept.Has(r) {
			found = append(found, st.Key(r).Path)
		}
	}
	return found
}

// Announce tells which files there are actions for that may not have been
// defined, since nothing that was asked for needs them. When an action is
// found to read one, its goal is evaluated anew by the next build, which knows
// that it is needed. makes is called from many goroutines.
func (t *Task) Announce(makes func(path string) bool) {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	t.s.announced = append(t.s.announced, makes)
}

// strays reports whether an action was found to read what may need to be made
// first, by an action that is not among those of the goal, or in another order.
func (s *Session) strays(n *node, found []trace.Dep) bool {
	if n.spec.Foreign == nil || len(found) == 0 {
		return false
	}
	s.mu.Lock()
	announced := s.announced
	s.mu.Unlock()
	known := map[string]bool{}
	if n.old != nil {
		for _, d := range n.old.Deps {
			known[d.Path] = true
		}
	}
	return slices.ContainsFunc(found, func(d trace.Dep) bool {
		switch {
		case known[d.Path]:
			return false
		case s.isOutput(d.Path):
			return s.resumed != nil || s.unordered(d.Path)
		case s.resumed == nil:
			return slices.ContainsFunc(announced, func(makes func(string) bool) bool { return makes(d.Path) })
		}
		// Only the graph, which was not read, knows whether it makes this one.
		return !path.IsAbs(d.Path) && !strings.HasPrefix(d.Path, "../") && !s.resumed.mentions(d.Path)
	})
}

// unordered reports whether what makes a file, which was read just now, has
// not ended.
func (s *Session) unordered(p string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.outputs[p].n
	return n != nil && !n.state.ended()
}

// madeMeanwhile reports whether an output that a foreign action was found to
// read was made, by an action that it does not wait for, while it ran.
func (s *Session) madeMeanwhile(n *node, o *outcome, p string) bool {
	if n.spec.Foreign == nil || !s.isOutput(p) || n.mayRead(p) {
		return false
	}
	now, err := s.eng.stat(p)
	return err == nil && !isDir(now) && now.Ctime > o.res.Started.UnixNano()
}

// mentions reports whether the goal depends on a file.
func (x *resumption) mentions(p string) bool {
	x.s.stateMu.Lock()
	defer x.s.stateMu.Unlock()
	r, ok := x.s.eng.state.Row(trace.FileKey{Path: p})
	return ok && x.goal.Files.Has(r)
}

// settleInputs looks for inputs that a process has changed in place, as strip
// and ranlib do, and that are no newer than what it made: they count as what
// it has made of them. It reports whether there are any.
func (s *Session) settleInputs(n *node, o *outcome) (settled bool, err error) {
	for _, p := range n.spec.Inputs {
		if !s.isOutput(p) {
			continue
		}
		was := s.recorded(trace.FileKey{Path: p})
		if was == nil || was.Stamp.Absent() {
			continue
		}
		now, err := s.eng.stat(p)
		if err != nil {
			return settled, err
		}
		if now == was.Stamp || isDir(now) || slices.ContainsFunc(o.stamps, func(st trace.Stamp) bool { return st.Mtime < now.Mtime }) {
			continue
		}
		out, st, err := s.eng.hashForeign(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return settled, err
		}
		if s.replaceOut(out) {
			s.stampOut(out, st)
			settled = true
		}
	}
	return settled, nil
}

// replaceOut notes that an output of a foreign action, which is up to date, is
// not what it made any more. It reports false if nothing is known of it.
func (s *Session) replaceOut(out trace.Out) bool {
	s.mu.Lock()
	n := s.outputs[out.Path].n
	s.mu.Unlock()
	var rec *trace.Action
	if n != nil {
		s.stateMu.Lock()
		rec = s.eng.state.Action(n.id())
		s.stateMu.Unlock()
	} else {
		rec, _ = s.recordedOutput(out.Path)
	}
	if rec == nil || rec.Phony() {
		return false
	}
	i := slices.IndexFunc(rec.Outs, func(o trace.Out) bool { return o.Path == out.Path })
	if i < 0 {
		return false
	}
	fresh := *rec
	fresh.Outs = slices.Clone(rec.Outs)
	fresh.Outs[i] = out
	if s.eng.hollow(out) {
		fresh.Outs[i].Mark = rec.Full
	}
	s.keep(&fresh)
	s.log(&fresh)
	if n != nil {
		s.mu.Lock()
		if n.hot != nil {
			n.outs = fresh.Outs
		}
		if i < len(n.digests) {
			n.digests[i] = seen(fresh.Outs[i])
		}
		s.mu.Unlock()
	}
	return true
}
