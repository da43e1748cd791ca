package rules

import (
	"path"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// part is a unit of some of a unit's modules, which is compiled for itself.
func (x *unit) part(k key, name string, has func(m *module) bool) *unit {
	part := &unit{key: k, dir: x.dir, needs: x.needs, u: x.u}
	u := &part.u
	u.Target, u.Sources, u.Programs, u.Mains = k.String(), nil, nil, nil
	u.Name = name
	objs := path.Join(u.Root, k.dir, "."+name+".eobjs")
	u.Layout = ocaml.Layout{Objects: objs, Alias: objs, Private: objs + "/private"}
	u.Modules = nil
	for i, src := range x.sources {
		if has(src.module) {
			part.sources = append(part.sources, src)
			u.Modules = append(u.Modules, x.u.Modules[i])
		}
	}
	return part
}

// definePart has all that a part of a unit needs defined, and then itself.
func (r *Rules) definePart(t *engine.Task, part *unit, owner key, s dune.Stanza, x *expander, define func(*engine.Task) error) error {
	part.u.Inputs = unique(append(part.u.Inputs, x.inputs.files...))
	sources := *part
	sources.key = owner // for which they are preprocessed
	if err := r.defineSources(t, &component{unit: &sources}, s); err != nil {
		return err
	}
	fns := []func(*engine.Task) error{define}
	for _, l := range part.needs.deps {
		fns = append(fns, func(t *engine.Task) error { return r.defineLibrary(t, l) })
	}
	return firstOf(t.Run(fns...))
}
