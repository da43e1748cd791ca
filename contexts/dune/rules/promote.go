package rules

import (
	"path"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/act"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// promotion is what a stanza says of copying its targets among the sources.
func promotion(s dune.Stanza) *dune.Promote {
	mode, p := dune.ModeStandard, (*dune.Promote)(nil)
	switch s := s.(type) {
	case *dune.Rule:
		mode, p = s.Mode, s.Promote
	case *dune.Lex:
		mode, p = s.Mode, s.Promote
	case *dune.Menhir:
		mode, p = s.Mode, s.Promote
	case *dune.CopyFiles:
		mode, p = s.Mode, s.Promote
	}
	if mode == dune.ModePromote && p == nil {
		p = &dune.Promote{}
	}
	return p
}

// promoteAlias adds the comparisons of what a stanza makes with the sources
// that it is to be copied to. A build writes no sources: what differs is for
// erg promote to take over.
func (r *Rules) promoteAlias(t *engine.Task, k aliasKey, d *dir, i int, s dune.Stanza, out *Goal) error {
	p := promotion(s)
	if p == nil {
		return nil
	}
	into := d.path
	if p.Into.Given() {
		dir, err := p.Into.ExpandOne(r.static(t, k.ctx, d).expand)
		if err != nil {
			return err
		}
		into = joinPath(d.path, dir)
	}
	files, err := r.contentsQ.Get(t, dirKey{k.ctx, d.path})
	if err != nil {
		return err
	}
	for _, n := range files.names() {
		m := files.makers[n]
		if m == nil || m.key.index != i || p.Only != nil && !p.Only.Match(n, true) {
			continue
		}
		if err := m.define(t); err != nil {
			return err
		}
		result, err := r.comparePromoted(t, k, d, n, path.Join(into, n))
		if err != nil {
			return err
		}
		out.found = true
		out.Files = append(out.Files, result)
	}
	return nil
}

// comparePromoted defines the comparison of one file with a source.
func (r *Rules) comparePromoted(t *engine.Task, k aliasKey, d *dir, name, source string) (string, error) {
	x := r.naming(t, k.ctx, d)
	made := path.Join(root(k.ctx), d.path, ".promoted", name)
	from := path.Join(root(k.ctx), d.path, name)
	target := key{ctx: k.ctx, dir: d.path, index: -1, name: string(addr.BlockRule) + "." + name}
	// Both have one name in the tree, where an action sees but one of them.
	err := t.Define(action.Spec{Name: "copy " + path.Join(d.path, ".promoted", name), Context: k.ctx.String(), Target: target.String(), Root: root(k.ctx),
		Argv: []string{"/bin/cp", action.Ref(from), action.Ref(made)}, Inputs: []string{from}, Outputs: []string{made}})
	if err != nil {
		return "", err
	}
	x.inputs.add(made)
	ok, err := t.Exists(source)
	if err != nil {
		return "", err
	}
	if ok {
		x.inputs.add(source)
	}
	j := job{key: target, name: "promote " + source,
		result: path.Join(root(k.ctx), d.path, ".alias", "promote-"+name+".out")}
	spec := r.spec(j)
	if err := r.complete(x, &spec); err != nil {
		return "", err
	}
	act.New(act.OpDiff, action.Ref(source), action.Ref(made), source).Into(&spec, path.Join(root(k.ctx), d.path, ".corrected", "promote-"+name))
	return j.result, t.Define(spec)
}
