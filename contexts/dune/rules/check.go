package rules

import "erg.build/erg/engine"

// checked adds what the alias check stands for of one stanza: what editors
// read of its modules, and nothing that is linked.
func (r *Rules) checked(t *engine.Task, c *component, out *Goal) error {
	tc, err := r.w.OCaml(t, c.key.ctx)
	if err != nil {
		return err
	}
	o, err := r.outline(t, tc, c.unit)
	if err != nil {
		return err
	}
	for _, m := range o.Modules {
		out.Files = append(out.Files, m.Interface)
		out.Files = append(out.Files, m.Annotations...)
	}
	if c.lib != nil {
		// With the modules that wrapping adds.
		out.Files = unique(append(append(out.Files, c.lib.Interfaces...), c.lib.Annotations...))
	}
	return nil
}
