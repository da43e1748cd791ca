package rules

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/ocaml"
)

// A parser is a run of menhir.
type parser struct {
	s       *dune.Menhir
	base    string   // the module that is made, as its file is called
	sources []string // names of grammars
}

// menhir adds what menhir makes.
func (f *filler) menhir(i int, s *dune.Menhir) error {
	if on, err := f.enabled(&s.EnabledIf); err != nil || !on {
		return err
	}
	names, err := f.r.evalSet(f.r.static(f.t, f.ctx, f.d), &s.Modules, f.stems(".mly"))
	if err != nil {
		return err
	}
	for n := range names {
		names[n] = f.spelling(&s.Modules, names[n], ".mly")
	}
	var all []*parser
	if s.MergeInto.Given() {
		all = append(all, &parser{s: s, base: s.MergeInto.Value, sources: names})
	} else {
		for _, n := range names {
			all = append(all, &parser{s: s, base: n, sources: []string{n}})
		}
	}
	for _, p := range all {
		outs := []string{p.base + ".ml", p.base + ".mli"}
		if slices.ContainsFunc(s.Flags.Sets, isCmly) || isCmly(s.Flags) {
			outs = append(outs, p.base+".cmly")
		}
		k, d := ruleKey(f.ctx, f.d, i, outs), f.d
		m := &maker{at: s.At(), key: k, outs: outs, module: true, define: func(t *engine.Task) error {
			return f.r.fail(f.r.runMenhir(t, k, d, p, outs), s.At(), "Invalid parser")
		}}
		if err := f.add(m, s.Mode); err != nil {
			return err
		}
	}
	return nil
}

// isCmly reports whether flags ask for the grammar as a file.
func isCmly(s dune.Set) bool {
	text, ok := s.Element.Text()
	return ok && text == "--cmly" || slices.ContainsFunc(s.Sets, isCmly)
}

// runMenhir defines how a parser is made. Menhir must know the types of
// semantic actions, and compilers infer them: it writes a mock of the parser,
// whose interface ocamlc infers, and reads that.
func (r *Rules) runMenhir(t *engine.Task, k key, d *dir, p *parser, outs []string) error {
	at := path.Join(root(k.ctx), d.path)
	mock, inferred := path.Join(at, p.base+"__mock.ml.mock"), path.Join(at, p.base+"__mock.mli.inferred")
	infers := false
	if p.s.Infer {
		owner, err := r.ownerOf(t, k, d, capitalize(p.base))
		if err != nil {
			return err
		}
		if infers = owner != nil; infers {
			if err := r.menhirAction(t, k, d, p, []string{mock}, nil, "--infer-write-query", action.Ref(mock)); err != nil {
				return err
			}
			if err := r.inferMock(t, k, d, *owner, p, mock, inferred); err != nil {
				return err
			}
		}
	}
	var files []string
	for _, o := range outs {
		files = append(files, path.Join(at, o))
	}
	if infers {
		return r.menhirAction(t, k, d, p, files, []string{inferred}, "--infer-read-reply", action.Ref(inferred))
	}
	return r.menhirAction(t, k, d, p, files, nil)
}

// menhirAction defines one run of menhir.
func (r *Rules) menhirAction(t *engine.Task, k key, d *dir, p *parser, outs, reads []string, more ...string) error {
	x := r.naming(t, k.ctx, d)
	flags, err := x.evalFlags(&p.s.Flags, flagsMenhir)
	if err != nil {
		return err
	}
	var args []string
	for _, n := range p.sources {
		src, err := r.file(t, k.ctx, path.Join(d.path, n+".mly"), p.s.At())
		if err != nil {
			return err
		}
		x.inputs.add(src)
		args = append(args, action.Ref(src))
	}
	x.inputs.add(reads...)
	base := path.Join(root(k.ctx), d.path, p.base)
	args = slices.Concat(args, []string{"--base", action.Ref(base)}, flags, more)
	y := newActing(x)
	argv, err := y.command("menhir", args, p.s.At())
	if err != nil {
		return err
	}
	spec := r.spec(job{key: k, name: "menhir " + strings.TrimPrefix(outs[0], root(k.ctx)+"/"), outs: outs})
	spec.Extra = true // reports of conflicts
	spec.Argv = argv
	if err := r.complete(x, &spec); err != nil {
		return err
	}
	return t.Define(spec)
}

// ownerOf finds the stanza that has a module of the directory; nil if none.
func (r *Rules) ownerOf(t *engine.Task, k key, d *dir, name string) (*key, error) {
	g := d.group()
	all, err := r.modulesQ.Get(t, dirKey{k.ctx, g.path})
	if err != nil {
		return nil, err
	}
	for i, mods := range all {
		if !slices.ContainsFunc(mods, func(m *module) bool { return m.name == name && (g.subdirs != dune.SubdirsQualified || m.dir == d.path) }) {
			continue
		}
		u := stanzaKey(k.ctx, g, i)
		return &u, nil
	}
	return nil, nil
}

// inferMock defines how the interface of a mock is inferred: in a unit of the
// modules beside the parser, which do not wait for it.
func (r *Rules) inferMock(t *engine.Task, k key, d *dir, owner key, p *parser, mock, inferred string) error {
	whole, err := r.unitQ.Get(t, owner)
	if err != nil {
		return err
	}
	s := whole.dir.stanzas[owner.index]
	tc, err := r.compilerOf(t, k.ctx, s)
	if err != nil {
		return err
	}
	made := map[*module]bool{}
	for _, src := range whole.sources {
		if made[src.module], err = r.fromParser(t, k, src.module, p.base); err != nil {
			return err
		}
	}
	part := whole.part(k, p.base+"__mock", func(m *module) bool { return !made[m] })
	u := &part.u
	u.Modules = append(u.Modules, ocaml.Module{Name: capitalize(p.base) + "__mock", Group: whole.dir.groupOf(d), Impl: mock, Inferred: inferred})
	b, _, err := r.buildable(t, k.ctx, whole.dir, s)
	if err != nil {
		return err
	}
	x := r.naming(t, k.ctx, whole.dir)
	if err := r.unitFlags(x, u, s, b); err != nil {
		return err
	}
	return r.definePart(t, part, owner, s, x, func(t *engine.Task) error { return tc.Infer(t, *u) })
}

// fromParser reports whether a module is made by menhir, or by a rule that reads
// what menhir makes of a grammar: no semantic action can name it.
func (r *Rules) fromParser(t *engine.Task, k key, m *module, base string) (bool, error) {
	files, err := r.contentsQ.Get(t, dirKey{k.ctx, m.dir})
	if err != nil || m.impl == "" {
		return false, err
	}
	mk := files.makers[path.Base(m.impl)]
	if mk == nil || mk.key.index < 0 {
		return false, nil
	}
	switch s := files.dir.stanzas[mk.key.index].(type) {
	case *dune.Menhir:
		return true, nil
	case *dune.Rule:
		return mentions(s, base), nil
	}
	return false, nil
}

// mentions reports whether a rule names a file that menhir makes.
func mentions(s *dune.Rule, base string) bool {
	var names []string
	for _, d := range s.Deps.All() {
		text, _ := d.Arg.Text()
		names = append(names, text)
	}
	for _, arg := range s.Action.Templates() {
		for _, v := range arg.Vars() {
			names = append(names, v.Payload)
		}
	}
	return slices.ContainsFunc(names, func(n string) bool {
		n = path.Base(n)
		return n == base+".ml" || n == base+".mli" || n == base+".cmly"
	})
}
