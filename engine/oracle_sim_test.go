package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"erg.build/erg/engine/store"
)

// A simulator is what the engine must be equal to, written in the plainest
// way: it tracks contents where the engine tracks digests, and runs functions
// where the engine runs processes.
type simulator struct {
	files map[string]string      // sources and outputs
	trace map[string]simRecord   // by output
	store map[string][]simRecord // by key, newest first; nil: no store
}

// A simRecord is a result: good for a key, given what was discovered.
type simRecord struct {
	key  string
	deps []simDep
	out  string
}

type simDep struct{ path, canonical, text string } // text absent: "-"

// A simAction makes one output.
type simAction struct {
	name, ctx, kind, salt string
	inputs                []string
	order, include        []string // for kind "cc"
	out                   string
}

// canonical spells a path without the context's name.
func (a *simAction) canonical(p string) string {
	if rest, ok := strings.CutPrefix(p, "_build/"+a.ctx+"/"); ok {
		return "o:" + rest
	}
	return p
}

func (a *simAction) real(c string) string {
	if rest, ok := strings.CutPrefix(c, "o:"); ok {
		return "_build/" + a.ctx + "/" + rest
	}
	return c
}

// key is all that is declared.
func (a *simAction) key(s *simulator) string {
	k := a.kind + "|" + a.salt + "|" + a.canonical(a.out)
	for _, p := range a.inputs {
		k += fmt.Sprintf("|%s=%q", a.canonical(p), s.files[p])
	}
	return k
}

// run computes what the action makes, and what it discovers.
func (a *simAction) run(s *simulator) (text string, deps []simDep) {
	switch a.kind {
	case "const":
		return "const\n", nil
	case "head":
		first, _, _ := strings.Cut(s.files[a.inputs[0]], "\n")
		return first + "\n", nil
	case "cat":
		for _, p := range a.inputs {
			text += s.files[p]
		}
		return text, nil
	}
	seen := map[string]bool{}
	note := func(p, text string) {
		if !seen[p] {
			seen[p] = true
			deps = append(deps, simDep{p, a.canonical(p), text})
		}
	}
	for line := range strings.Lines(s.files[a.inputs[0]]) {
		if strings.HasPrefix(line, "=") {
			text += line
			continue
		}
		for _, dir := range a.include {
			p := dir + "/" + strings.TrimSpace(line)
			if h, ok := a.sees(s, p); ok {
				text += h
				note(p, h)
				break
			}
			note(p, "-")
		}
	}
	return text + "salt " + a.salt + "\n", deps
}

// sees looks for a header: a source that is there, or a generated one that
// the action may read.
func (a *simAction) sees(s *simulator, p string) (string, bool) {
	if strings.HasPrefix(p, "_build/") && !slices.Contains(a.order, p) {
		return "", false
	}
	text, ok := s.files[p]
	return text, ok
}

// holds reports whether what a result discovered is as it was.
func (a *simAction) holds(s *simulator, r simRecord) bool {
	for _, d := range r.deps {
		text, ok := a.sees(s, a.real(d.canonical))
		if !ok {
			text = "-"
		}
		if text != d.text {
			return false
		}
	}
	return true
}

// build makes goals, given all actions in an order in which inputs come
// before users, and returns the names of what ran, sorted.
func (s *simulator) build(actions []*simAction, goals []string) []string {
	defined := map[string]*simAction{}
	for _, a := range actions {
		defined[a.out] = a
	}
	for out := range s.trace { // what nobody makes any more
		if defined[out] == nil {
			delete(s.trace, out)
			delete(s.files, out)
		}
	}
	want := map[string]bool{}
	var need func(p string)
	need = func(p string) {
		if a := defined[p]; a != nil && !want[p] {
			want[p] = true
			for _, in := range append(slices.Clone(a.inputs), a.order...) {
				need(in)
			}
		}
	}
	for _, g := range goals {
		need(g)
	}
	ran := []string{}
	for _, a := range actions {
		if want[a.out] && !s.reuse(a) {
			ran = append(ran, a.name)
			out, deps := a.run(s)
			s.keep(a, simRecord{a.key(s), deps, out})
		}
	}
	slices.Sort(ran)
	return ran
}

func (s *simulator) reuse(a *simAction) bool {
	key := a.key(s)
	old, ok := s.trace[a.out]
	if text, there := s.files[a.out]; ok && old.key == key && a.holds(s, old) && there && text == old.out {
		return true
	}
	for _, r := range s.store[key] {
		if a.holds(s, r) {
			s.trace[a.out], s.files[a.out] = r, r.out
			return true
		}
	}
	return false
}

func (s *simulator) keep(a *simAction, r simRecord) {
	s.trace[a.out], s.files[a.out] = r, r.out
	if s.store != nil {
		all := append([]simRecord{r}, s.store[r.key]...)
		s.store[r.key] = all[:min(len(all), store.MaxEntries)]
	}
}

// clean returns the outputs of a clean build of everything.
func (s *simulator) clean(actions []*simAction) map[string]string {
	c := &simulator{files: maps.Clone(s.files), trace: map[string]simRecord{}}
	for p := range c.files {
		if strings.HasPrefix(p, "_build/") {
			delete(c.files, p)
		}
	}
	for _, a := range actions {
		out, _ := a.run(c)
		c.files[a.out] = out
	}
	return c.files
}
