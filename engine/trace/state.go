package trace

import (
	"iter"

	"erg.build/erg/engine/digest"
)

// A Row numbers a file of a State: a path, and what of it counts. Rows of one
// State have nothing to do with those of another.
type Row uint32

const noRow = ^Row(0)

// A State is a trace in memory. It is not safe for concurrent use.
type State struct {
	BuildID  string // of the erg that wrote the goals
	Revision uint32

	base   *base               // nil: all is here
	moved  map[Row]rowData     // of the base's rows, those that differ now
	fresh  freshRows           // rows behind those of the base
	acts   actTable            // those that differ from the base's, by the row of the first output
	users  map[Row][]Row       // of what acts read; nil: not computed yet
	makers map[Row]Row         // of what acts make, with users
	elems  map[string]*Element // nil: not decoded yet
	goals  map[string]*Goal    // nil: not decoded yet
	builds []Build             // nil: not decoded yet

	// readLog reads from the log.
	readLog func(at int64, n uint32) ([]byte, error)

	unsaved
}

// unsaved is what the log does not have yet.
type unsaved struct {
	rows    []Row
	acts    map[Row]bool
	elems   map[string]bool
	goals   map[string]bool
	builds  int // how many of the last ones
	flushed int // how many of the fresh rows the log has
}

// rowData is what is known of a row's file.
type rowData struct {
	Stamp   Stamp
	Digest  digest.Digest
	Changed uint32
	Racy    bool
	Known   bool // else the row is a name only
	unsaved bool
}

// NewState returns an empty State.
func NewState() *State {
	return &State{
		moved:   map[Row]rowData{},
		unsaved: unsaved{acts: map[Row]bool{}, elems: map[string]bool{}, goals: map[string]bool{}},
	}
}

// Rows returns how many rows there are: they are numbered from 0.
func (s *State) Rows() int { return s.base.rows() + len(s.fresh.recs) }

// Row finds the number of a file.
func (s *State) Row(k FileKey) (Row, bool) {
	h := hashKey(k)
	if r, ok := s.base.find(k, h); ok {
		return r, true
	}
	r, ok := s.fresh.find(k, h)
	return r + Row(s.base.rows()), ok
}

// AddRow returns the number of a file, a new one if it has none.
func (s *State) AddRow(k FileKey) Row {
	h := hashKey(k)
	if r, ok := s.base.find(k, h); ok {
		return r
	}
	return s.fresh.intern(k, h) + Row(s.base.rows())
}

// Key returns what a row stands for.
func (s *State) Key(r Row) FileKey {
	if nb := s.base.rows(); int(r) >= nb {
		return s.fresh.key(r - Row(nb))
	}
	return s.base.key(r)
}

// FileAt returns what is known of a row's file.
func (s *State) FileAt(r Row) (File, bool) {
	d := s.data(r)
	if !d.Known {
		return File{}, false
	}
	k := s.Key(r)
	return File{Path: k.Path, Kind: k.Kind, Racy: d.Racy, Stamp: d.Stamp, Digest: d.Digest, Changed: d.Changed}, true
}

// File returns what is known of a file.
func (s *State) File(k FileKey) (File, bool) {
	r, ok := s.Row(k)
	if !ok {
		return File{}, false
	}
	d := s.data(r)
	return File{Path: k.Path, Kind: k.Kind, Racy: d.Racy, Stamp: d.Stamp, Digest: d.Digest, Changed: d.Changed}, d.Known
}

func (s *State) data(r Row) rowData {
	if nb := s.base.rows(); int(r) >= nb {
		return s.fresh.recs[int(r)-nb].rowData
	}
	if d, ok := s.moved[r]; ok {
		return d
	}
	return s.base.data(r)
}

// SetFile records a file.
func (s *State) SetFile(f File) Row {
	r := s.AddRow(FileKey{f.Path, f.Kind})
	s.setData(r, rowData{Stamp: f.Stamp, Digest: f.Digest, Changed: f.Changed, Racy: f.Racy, Known: true})
	return r
}

func (s *State) setData(r Row, d rowData) {
	nb := s.base.rows()
	if int(r) >= nb {
		at := &s.fresh.recs[int(r)-nb]
		d.unsaved = at.unsaved
		at.rowData = d
		if !d.unsaved {
			at.unsaved = true
			s.unsaved.rows = append(s.unsaved.rows, r)
		}
		return
	}
	d.unsaved = true
	if !s.moved[r].unsaved {
		s.unsaved.rows = append(s.unsaved.rows, r)
	}
	s.moved[r] = d
}

// Files ranges over all files that something is known of.
func (s *State) Files() iter.Seq[File] {
	return func(yield func(File) bool) {
		for r := range Row(s.Rows()) {
			if f, ok := s.FileAt(r); ok && !yield(f) {
				return
			}
		}
	}
}

// Elements returns the named values by address; the map must not be changed.
func (s *State) Elements() map[string]*Element {
	if s.elems == nil {
		s.elems = s.base.elements()
	}
	return s.elems
}

// SetElement records a named value.
func (s *State) SetElement(e *Element) {
	s.Elements()[e.Address] = e
	s.unsaved.elems[e.Address] = true
}

// DeleteElement forgets a named value.
func (s *State) DeleteElement(address string) {
	delete(s.Elements(), address)
	s.unsaved.elems[address] = true
}

// Goals returns the goals by key; the map must not be changed.
func (s *State) Goals() map[string]*Goal {
	if s.goals == nil {
		s.goals = s.base.goals()
	}
	return s.goals
}

// SetGoal records a goal.
func (s *State) SetGoal(g *Goal) {
	s.Goals()[g.Key] = g
	s.unsaved.goals[g.Key] = true
}

// DeleteGoal forgets a goal.
func (s *State) DeleteGoal(key string) {
	delete(s.Goals(), key)
	s.unsaved.goals[key] = true
}
