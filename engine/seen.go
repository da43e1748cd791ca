package engine

import (
	"strings"

	"erg.build/erg/engine/trace"
)

// A Seen is the files that a session has looked at, as they were: for whoever
// keeps an answer and wants to know whether it still holds. It outlives the
// session and its engine.
type Seen struct {
	e     *Engine // for its file system and root alone
	files []trace.File
	whole bool
}

// Seen returns what the session has looked at so far. Nothing may run in it
// any more.
func (s *Session) Seen() *Seen {
	x := &Seen{e: &Engine{opts: s.eng.opts, fs: s.eng.fs}, whole: !s.incomplete.Load()}
	s.leafMu.Lock()
	defer s.leafMu.Unlock()
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	for r := range s.touched.All() {
		f, ok := s.eng.state.FileAt(r)
		if !ok || f.Racy {
			x.whole = false
			continue
		}
		f.Path = strings.Clone(f.Path) // it may lie in what the trace has mapped
		x.files = append(x.files, f)
	}
	return x
}

// Changed reports whether a session that looks at the same files may find
// something else. A file that may have been modified in the instant in which it
// was read counts as changed.
func (x *Seen) Changed() bool {
	if !x.whole {
		return true
	}
	for _, f := range x.files {
		st, err := x.e.stat(f.Path)
		if err != nil || !sameStamp(f.Kind, f.Stamp, st) {
			return true
		}
	}
	return false
}
