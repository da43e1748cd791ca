package engine

import (
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

// maxGoals bounds how many goals the trace remembers; the oldest goes first.
const maxGoals = 24

// Finish ends the session: it writes the trace. complete says that all that
// was asked for was done, and summary is kept for the next null build.
func (s *Session) Finish(complete bool, summary []byte) error {
	s.drain()
	s.eng.stamps.save()
	if !s.dirty.Load() && !complete {
		return nil
	}
	st := s.eng.state
	s.elements(st)
	if s.opts.Mode == Build {
		// People see revisions as the numbers of builds, and looking is none.
		// What a plan saw change is newer than all goals, as it must be.
		st.Revision = s.rev
		s.account(st, complete)
	}
	if st.BuildID != s.eng.opts.BuildID {
		// Goals of another erg: what they evaluated may have meant something else.
		for key := range st.Goals() {
			st.DeleteGoal(key)
		}
		st.BuildID = s.eng.opts.BuildID
	}
	switch {
	case s.opts.Mode != Build:
	case s.astray.Load():
		st.DeleteGoal(s.opts.Goal)
	case complete && !s.incomplete.Load():
		g := s.goal
		if s.resumed != nil {
			g = func([]byte) *trace.Goal { return s.resumed.finished(s.rev) }
		}
		st.SetGoal(g(summary))
		forgetOldGoals(st)
	}
	if s.rev%dropEvery == 0 {
		s.dropOld(st)
	}
	s.settleClock()
	folded, err := s.eng.trace.Save(st)
	if folded {
		s.eng.state = nil // its rows have other numbers now
	}
	return err
}

func (s *Session) goal(summary []byte) *trace.Goal {
	g := &trace.Goal{Key: s.opts.Goal, Complete: s.rev, Summary: summary, Files: s.touched, Asked: s.asked, Read: s.read}
	for n, v := range s.env {
		g.Env = append(g.Env, trace.Env{Name: n, Value: v})
	}
	sort.Slice(g.Env, func(i, j int) bool { return g.Env[i].Name < g.Env[j].Name })
	groups := map[*group]bool{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.wanted {
		if !n.kept {
			continue
		}
		r := s.eng.state.AddRow(trace.FileKey{Path: n.id()})
		g.Actions.Add(r)
		if n.hot != nil {
			if n.group == nil || groups[n.group] {
				continue
			}
			groups[n.group] = true
			g.Count++
		}
		if n.printed {
			g.Replay = append(g.Replay, r)
		}
	}
	for _, count := range s.cooled {
		g.Count += count
	}
	return g
}

func forgetOldGoals(st *trace.State) {
	for goals := st.Goals(); len(goals) > maxGoals; {
		oldest := ""
		for k, g := range goals {
			if oldest == "" || g.Complete < goals[oldest].Complete {
				oldest = k
			}
		}
		st.DeleteGoal(oldest)
	}
}

// dropEvery is in how many sessions named values are looked through.
const dropEvery = 16

// dropElements is after how many sessions a named value is forgotten which
// none of them evaluated.
const dropElements = 256

// dropOld forgets named values that nobody has evaluated for long.
func (s *Session) dropOld(st *trace.State) {
	for address, e := range st.Elements() {
		if e.Seen+dropElements < s.rev {
			st.DeleteElement(address)
		}
	}
}

// elements records the named values of this session beside those of the last.
func (s *Session) elements(st *trace.State) {
	if s.opts.Mode != Build {
		return
	}
	s.cellMu.Lock()
	defer s.cellMu.Unlock()
	named := map[*cell][]string{}
	changed := map[*trace.Element]uint32{} // to the revision in which it was seen before
	var same []*trace.Element
	for _, c := range s.cells {
		if c.note == nil || c.note.Value == "" && !c.note.Declares {
			continue
		}
		e := &trace.Element{Address: c.note.Address, Value: c.note.Value, Site: c.note.Site,
			Sensitive: c.note.Sensitive, Changed: s.rev, Seen: s.rev}
		if e.Sensitive && e.Value != "" {
			e.Value = `"` + digest.OfString(e.Value).Short() + `"`
		}
		if c.note.Declares {
			e.Deps = elementDeps(c, named)
		} else {
			e.Deps = namedDeps(c)
		}
		old := st.Elements()[e.Address]
		if old != nil {
			if old.Value == e.Value {
				e.Previous, e.Changed, e.Why = old.Previous, old.Changed, old.Why
			} else {
				e.Previous = old.Value
				changed[e] = old.Seen
			}
		}
		switch {
		case old == nil || !sameElement(old, e) || e.Seen-old.Seen >= dropElements/2:
			st.SetElement(e)
		default:
			same = append(same, e)
		}
	}
	for e, before := range changed {
		e.Why = s.elementWhy(st, e, before)
	}
	// To note that it was seen again matters only where what it depends on has
	// changed, without changing it: that is no reason for its next change.
	for _, e := range same {
		if len(s.elementWhy(st, e, st.Elements()[e.Address].Seen)) > 0 {
			st.SetElement(e)
		}
	}
}

// sameElement reports whether two records of a named value differ only in
// when it was seen.
func sameElement(a, b *trace.Element) bool {
	x, y := *a, *b
	x.Seen, y.Seen, x.Deps, y.Deps, x.Why, y.Why = 0, 0, nil, nil, nil, nil
	return reflect.DeepEqual(x, y) && slices.Equal(a.Deps, b.Deps)
}

// elementWhy lists what of that which a named value was computed from has
// changed since it was seen before.
func (s *Session) elementWhy(st *trace.State, e *trace.Element, before uint32) []trace.Change {
	var why []trace.Change
	for _, d := range e.Deps {
		kind, name, _ := strings.Cut(d, ":")
		switch kind {
		case "element":
			if x := st.Elements()[name]; x != nil && x.Changed > before {
				why = append(why, trace.Change{What: kind, Name: name, Old: x.Previous, New: x.Value})
			}
		case "file":
			for _, k := range [...]trace.Kind{trace.Content, trace.Listing, trace.Names} {
				if f, ok := st.File(trace.FileKey{Path: name, Kind: k}); ok && f.Changed > before {
					why = append(why, trace.Change{What: kind, Name: name, New: hexOrAbsent(f.Digest)})
				}
			}
		case "action":
			if n := s.producer(name); n != nil {
				if a := st.Action(n.id()); a != nil && a.Changed > before {
					why = append(why, trace.Change{What: kind, Name: name})
				}
			}
		}
	}
	return why
}

// namedDeps lists what a named value was computed from: other named values,
// files, variables and actions, through queries that have no name.
func namedDeps(c *cell) []string {
	var out []string
	seen := map[string]bool{}
	cells := map[*cell]bool{c: true}
	var walk func(c *cell)
	walk = func(c *cell) {
		for _, d := range c.deps {
			name := d.leaf
			if d.cell != nil {
				if !d.cell.named() {
					if !cells[d.cell] {
						cells[d.cell] = true
						walk(d.cell)
					}
					continue
				}
				name = "element:" + d.cell.note.Address
			}
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	walk(c)
	return out
}

// named reports whether a cell has a named value.
func (c *cell) named() bool { return c.note != nil && !c.note.Declares }

// elementDeps lists the named values that a cell depends on through cells
// that have none. There may be very many declarations, which depend on much
// the same: known keeps the answers.
func elementDeps(c *cell, known map[*cell][]string) []string {
	if out, ok := known[c]; ok {
		return out
	}
	known[c] = nil // none yet: cells make no rings, but one that failed might
	set := map[string]bool{}
	for _, d := range c.deps {
		switch {
		case d.cell == nil:
		case d.cell.named():
			set["element:"+d.cell.note.Address] = true
		default:
			for _, n := range elementDeps(d.cell, known) {
				set[n] = true
			}
		}
	}
	out := slices.Sorted(maps.Keys(set))
	known[c] = out
	return out
}
