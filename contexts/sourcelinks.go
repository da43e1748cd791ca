package contexts

import (
	"cmp"
	"slices"

	"erg.build/erg/contexts/addr"
)

// A SourceLink is a reference from a context's definition, or from a build
// file in it, to a source.
type SourceLink struct {
	From   addr.Context
	Source addr.Source
	Label  string // what the source is: "npm ocaml@5.3.0"
}

// linkSource notes that an expression refers to a source, which was evaluated.
func (sc *scope) linkSource(a addr.Source) {
	from := sc.context()
	s, err := sc.ev.sourceQ.Get(sc.t, a)
	if from.IsZero() || err != nil {
		return
	}
	sc.ev.mu.Lock()
	sc.ev.fetches[SourceLink{from, a, s.Label()}] = true
	sc.ev.mu.Unlock()
}

// SourceLinks lists the references to sources that evaluation has followed,
// sorted.
func (ev *Evaluator) SourceLinks() []SourceLink {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	out := make([]SourceLink, 0, len(ev.fetches))
	for l := range ev.fetches {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b SourceLink) int {
		return cmp.Or(a.From.Compare(b.From), addr.Compare(a.Source, b.Source))
	})
	return out
}
