package trace

import (
	"iter"
	"slices"
)

// Action returns the record of the action whose first output has the given
// path, nil if there is none. It must not be changed.
func (s *State) Action(id string) *Action {
	r, ok := s.Row(FileKey{Path: id})
	if !ok {
		return nil
	}
	return s.ActionAt(r)
}

// ActionAt returns the record of the action whose first output has a row.
func (s *State) ActionAt(r Row) *Action {
	if e, ok := s.acts.get(r); ok {
		return s.read(e)
	}
	if n, ok := s.base.producer(r); ok && s.base.first(n) == r {
		return s.base.action(n)
	}
	return nil
}

// read reads the record of an entry. One that cannot be read is as if the
// action had never run.
func (s *State) read(e actEntry) *Action {
	if e.rec != nil || e.n == 0 {
		return e.rec
	}
	b, err := s.readLog(e.at, e.n)
	if err != nil {
		return nil
	}
	d := decoder{buf: b}
	if a := d.action(s.knownKey, s.base.digest); d.err == nil {
		return a
	}
	return nil
}

// knownKey is what a row stands for, if there is such a row.
func (s *State) knownKey(r Row) (FileKey, bool) {
	if int(r) >= s.Rows() {
		return FileKey{}, false
	}
	return s.Key(r), true
}

// Producer returns the action, by the row of its first output, that makes the
// file of a row.
func (s *State) Producer(r Row) (Row, bool) {
	if e, ok := s.acts.get(r); ok {
		return r, !e.gone()
	}
	if n, ok := s.base.producer(r); ok {
		first := s.base.first(n)
		if e, moved := s.acts.get(first); !moved || s.makes(e, r) {
			return first, true
		}
	}
	// Another output of an action that the base does not have.
	s.link()
	first, ok := s.makers[r]
	if !ok {
		return 0, false
	}
	e, _ := s.acts.get(first)
	return first, s.makes(e, r)
}

// makes reports whether an action makes the file of a row.
func (s *State) makes(e actEntry, r Row) bool {
	a := s.read(e)
	return a != nil && slices.ContainsFunc(a.Outs, func(o Out) bool { return o.Path == s.Key(r).Path })
}

// SetAction records an action.
func (s *State) SetAction(a *Action) {
	r := s.AddRow(FileKey{Path: a.ID()})
	s.acts.set(r, actEntry{rec: a})
	s.unsaved.acts[r] = true
	if s.users != nil {
		s.linkAction(r, a)
	}
}

// DeleteAction forgets an action.
func (s *State) DeleteAction(id string) {
	r, ok := s.Row(FileKey{Path: id})
	if !ok || s.ActionAt(r) == nil {
		return
	}
	s.acts.set(r, actEntry{})
	s.unsaved.acts[r] = true
}

// Actions ranges over all actions.
func (s *State) Actions() iter.Seq[*Action] {
	return func(yield func(*Action) bool) {
		for r := range s.ActionRows() {
			if a := s.ActionAt(r); a != nil && !yield(a) {
				return
			}
		}
	}
}

// NumActions returns how many actions there are.
func (s *State) NumActions() int {
	n := 0
	if s.base != nil {
		n = int(s.base.acts)
	}
	for r, e := range s.acts.all() {
		switch m, ok := s.base.producer(r); {
		case ok && s.base.first(m) == r:
			if e.gone() {
				n--
			}
		case !e.gone():
			n++
		}
	}
	return n
}

// ActionRows ranges over the first outputs of all actions, those of the base
// first.
func (s *State) ActionRows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for n := range s.base.actions() {
			r := s.base.first(uint32(n))
			if e, ok := s.acts.get(r); ok && e.gone() {
				continue
			}
			if !yield(r) {
				return
			}
		}
		rows := make([]Row, 0, len(s.acts.rows))
		for r, e := range s.acts.all() {
			if n, ok := s.base.producer(r); !e.gone() && !(ok && s.base.first(n) == r) {
				rows = append(rows, r)
			}
		}
		slices.Sort(rows)
		for _, r := range rows {
			if !yield(r) {
				return
			}
		}
	}
}

// Users ranges over the actions, by the row of the first output, that may use
// the file of a row: what they declare and what they were seen to read. One
// that has ceased to use it may be among them, or one twice.
func (s *State) Users(r Row) iter.Seq[Row] {
	s.link()
	return func(yield func(Row) bool) {
		for _, n := range s.base.usersOf(r) {
			first := s.base.first(n)
			if e, ok := s.acts.get(first); ok && e.gone() {
				continue
			}
			if !yield(first) {
				return
			}
		}
		for _, u := range s.users[r] {
			if e, _ := s.acts.get(u); !e.gone() && !yield(u) {
				return
			}
		}
	}
}

// Unfinished ranges over the actions, by the row of the first output, whose
// records do not hold: that failed, or have to run again for another reason.
func (s *State) Unfinished() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for n := range s.base.actions() {
			if le.Uint32(s.base.entry(n)[acFlags:])&acUnfinished != 0 {
				first := s.base.first(n)
				if _, ok := s.acts.get(first); !ok && !yield(first) {
					return
				}
			}
		}
		for r, e := range s.acts.all() {
			if a := s.read(e); a != nil && a.unfinished() && !yield(r) {
				return
			}
		}
	}
}

func (a *Action) unfinished() bool { return a.Key.IsZero() && !a.Phony() }

// Phony reports whether a record is of an action that runs nothing: of its
// inputs no digests are kept.
func (a *Action) Phony() bool {
	return a.Recipe != nil && a.Recipe.Foreign != nil && a.Recipe.Foreign.Phony
}

// Outputs returns the rows of what an action makes.
func (s *State) Outputs(first Row) []Row {
	if e, ok := s.acts.get(first); ok {
		a := s.read(e)
		if a == nil {
			return nil
		}
		outs := make([]Row, len(a.Outs))
		for i, o := range a.Outs {
			outs[i] = s.AddRow(FileKey{Path: o.Path})
		}
		return outs
	}
	if n, ok := s.base.producer(first); ok && s.base.first(n) == first {
		return s.base.outputs(n)
	}
	return nil
}

// link computes who uses what and who makes what of the actions that the base
// does not have.
func (s *State) link() {
	if s.users != nil {
		return
	}
	s.users, s.makers = map[Row][]Row{}, map[Row]Row{}
	for first, e := range s.acts.all() {
		if a := s.read(e); a != nil {
			s.linkAction(first, a)
		}
	}
}

func (s *State) linkAction(first Row, a *Action) {
	for _, r := range s.uses(a) {
		s.users[r] = append(s.users[r], first)
	}
	for _, o := range a.Outs {
		s.makers[s.AddRow(FileKey{Path: o.Path})] = first
	}
}

// uses lists the rows of what an action uses.
func (s *State) uses(a *Action) []Row {
	rows := make([]Row, 0, len(a.Deps))
	for _, d := range a.Deps {
		rows = append(rows, s.AddRow(a.depKey(d)))
	}
	if a.Recipe != nil {
		for _, p := range a.Recipe.Order {
			rows = append(rows, s.AddRow(FileKey{Path: p}))
		}
		if p := a.Recipe.Expect; p != "" {
			rows = append(rows, s.AddRow(FileKey{Path: p}))
		}
	}
	return rows
}

// Discovered ranges over the rows of what an action was seen to read without
// having declared it.
func (s *State) Discovered(first Row) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		e, ok := s.acts.get(first)
		if !ok {
			if n, made := s.base.producer(first); made && s.base.first(n) == first {
				for _, r := range s.base.discovered(n) {
					if !yield(r) {
						return
					}
				}
			}
			return
		}
		a := s.read(e)
		if a == nil {
			return
		}
		for _, d := range a.Deps {
			if d.Discovered && !yield(s.AddRow(a.depKey(d))) {
				return
			}
		}
	}
}

// depKey is the file that a dependency is about. Of one that was looked for and
// not there it counts whether it is there.
func (a *Action) depKey(d Dep) FileKey {
	if d.Digest.IsZero() && !a.Phony() {
		return FileKey{d.Path, Presence}
	}
	return FileKey{Path: d.Path}
}
