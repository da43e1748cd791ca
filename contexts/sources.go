package contexts

import (
	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/source"
)

// A DeclaredSource is an instance of a source block.
type DeclaredSource struct {
	Addr addr.Source
	*source.Source
	// Settable: its integrity can be written into the workspace's file.
	Settable bool
	// IntegritySite is where it is set, or the block.
	IntegritySite string
	File          string // the workspace's
}

// Sources lists what the workspace declares, in its order. What is wrong with
// one is reported as a diagnostic.
func (ev *Evaluator) Sources(t *engine.Task) ([]DeclaredSource, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	var out []DeclaredSource
	for _, b := range ws.Sources {
		in, err := ev.sourceSetsQ.Get(t, addr.Source{Name: b.Name})
		if err != nil {
			return nil, err
		}
		for _, k := range in.keys {
			d, err := ev.declared(t, ws, b, addr.Source{Name: b.Name, Key: k})
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	return out, nil
}

func (ev *Evaluator) declared(t *engine.Task, ws *config.Workspace, b *config.Source, a addr.Source) (DeclaredSource, error) {
	s, err := ev.sourceQ.Get(t, a)
	if err != nil {
		return DeclaredSource{}, err
	}
	return DeclaredSource{a, s, b.Settable() && !config.IsJSON(ws.Filename), site(b.AttrRange("integrity")), ws.Filename}, nil
}

// Fetch fetches sources whose integrity is known, or demands it when planning.
func (ev *Evaluator) Fetch(t *engine.Task, list []addr.Source) error {
	var paths []string
	for _, a := range list {
		s, err := ev.sourceQ.Get(t, a)
		if err != nil {
			return err
		}
		if s.Integrity == "" || !s.Kind.Fetches() {
			continue
		}
		p, err := s.DefineFetch(t)
		if err != nil {
			return err
		}
		paths = append(paths, p)
	}
	return t.Build(paths...)
}
