package contexts

import (
	"errors"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine"
)

// Contexts lists the contexts of the workspace, in the order of their
// declarations, as far as they are known.
func (w duneWorld) Contexts(t *engine.Task) ([]addr.Context, error) {
	ws, err := w.ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	var out []addr.Context
	for _, b := range ws.Contexts {
		in, err := w.ev.instancesQ.Get(t.At(site(b.Range)), addr.Context{Name: b.Name})
		if errors.As(err, new(*notYet)) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, k := range in.keys {
			out = append(out, addr.Context{Name: b.Name, Key: k})
		}
	}
	return out, nil
}

// Promote implements rules.World.
func (w duneWorld) Promote(p rules.Promotion) {
	w.ev.mu.Lock()
	defer w.ev.mu.Unlock()
	w.ev.promotions = append(w.ev.promotions, p)
}

// Promotions lists what rules of dune files want to have copied among the
// sources, of all that evaluation came by.
func (ev *Evaluator) Promotions() []rules.Promotion {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	return append([]rules.Promotion(nil), ev.promotions...)
}
