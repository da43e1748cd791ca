package trace

import (
	"slices"
	"time"
)

// maxBuilds bounds how many builds a trace remembers; the oldest goes first.
const maxBuilds = 16

// A Build is what one build did: what the records of its actions do not tell.
// Builds that did nothing leave none.
type Build struct {
	Revision uint32
	Goal     string // its key
	Ended    int64  // seconds since 1970
	Elapsed  time.Duration
	OK       bool // all that was asked for was done

	// Pieces of work, as engine.Result counts them.
	Ran, Restored, Unchanged, Failed, Skipped int

	Worked time.Duration // of its processes, together
	Cutoff Saving        // an input was made anew, and came out the same
	Store  Saving        // restored
	Peak   int64         // memory of the largest process, in bytes
	Own    int64         // the same of the builder itself
}

// A Saving is work that was not done, with how long it took when it was.
type Saving struct {
	Actions int
	Took    time.Duration
}

// Add counts a piece of work.
func (s *Saving) Add(took time.Duration) {
	s.Actions++
	s.Took += took
}

// Builds returns the last builds, the oldest first. They must not be changed.
func (s *State) Builds() []Build {
	if s.builds == nil {
		s.builds = s.base.builds()
	}
	return s.builds
}

// AddBuild records a build, which is the last one.
func (s *State) AddBuild(b Build) {
	s.builds = append(s.Builds(), b)
	if over := len(s.builds) - maxBuilds; over > 0 {
		s.builds = slices.Delete(s.builds, 0, over)
	}
	s.unsaved.builds = min(s.unsaved.builds+1, len(s.builds))
}

func (b *base) builds() []Build {
	list := []Build{}
	if b == nil {
		return list
	}
	d := decoder{buf: b.sections[secBuilds]}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		if x := d.build(); d.err == nil {
			list = append(list, x)
		}
	}
	return list
}

func (e *encoder) build(b *Build) {
	e.uint(uint64(b.Revision))
	e.string(b.Goal)
	e.int(b.Ended)
	e.int(int64(b.Elapsed))
	e.bool(b.OK)
	for _, n := range [...]int{b.Ran, b.Restored, b.Unchanged, b.Failed, b.Skipped} {
		e.uint(uint64(n))
	}
	e.int(int64(b.Worked))
	for _, s := range [...]Saving{b.Cutoff, b.Store} {
		e.uint(uint64(s.Actions))
		e.int(int64(s.Took))
	}
	e.int(b.Peak)
	e.int(b.Own)
}

func (d *decoder) build() Build {
	b := Build{Revision: uint32(d.uint()), Goal: d.string(), Ended: d.int(), Elapsed: time.Duration(d.int()), OK: d.bool()}
	for _, n := range [...]*int{&b.Ran, &b.Restored, &b.Unchanged, &b.Failed, &b.Skipped} {
		*n = int(d.uint())
	}
	b.Worked = time.Duration(d.int())
	for _, s := range [...]*Saving{&b.Cutoff, &b.Store} {
		*s = Saving{int(d.uint()), time.Duration(d.int())}
	}
	b.Peak, b.Own = d.int(), d.int()
	return b
}
