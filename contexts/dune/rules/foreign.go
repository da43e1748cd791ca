package rules

import (
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// useArchives has a unit linked with archives of C code that other stanzas or
// rules make.
func (r *Rules) useArchives(x *unit, b *dune.Buildable) {
	for _, a := range b.ForeignArchives {
		dir, name := path.Join(x.u.Root, x.dir.path, path.Dir(a.Value)), path.Base(a.Value)
		x.u.ForeignArchives = append(x.u.ForeignArchives, name)
		if !slices.Contains(x.u.Search, dir) {
			x.u.Search = append(x.u.Search, dir)
		}
		x.u.CDeps = append(x.u.CDeps, &cc.Library{Name: name, Inputs: []string{path.Join(dir, "lib"+name+".a")}})
	}
	for _, o := range b.ExtraObjects {
		x.u.Objects = append(x.u.Objects, path.Join(x.u.Root, x.dir.path, o.Value+".o"))
	}
}

// defineArchives has the makers of these archives and objects defined.
func (r *Rules) defineArchives(t *engine.Task, c addr.Context, d *dir, b *dune.Buildable) error {
	for _, a := range b.ForeignArchives {
		if _, err := r.file(t, c, path.Join(d.path, path.Dir(a.Value), "lib"+path.Base(a.Value)+".a"), a.Range); err != nil {
			return err
		}
	}
	for _, o := range b.ExtraObjects {
		if _, err := r.file(t, c, path.Join(d.path, o.Value+".o"), o.Range); err != nil {
			return err
		}
	}
	return nil
}

// archive adds, to the inputs of what depends on an archive of the workspace,
// what it is of no use without: the interfaces of its modules, or the headers
// beside it among the sources. Under dune these lie there once the archive is made, and rules
// rely on that.
func (x *expander) archive(p string) error {
	ext := path.Ext(p)
	if !slices.Contains([]string{".cma", ".cmxa", ".cmxs", ".a"}, ext) {
		return nil
	}
	tr, err := x.r.treeOf(x.t, x.ctx)
	if err != nil {
		return err
	}
	d := tr.in(cleanDir(path.Dir(p)))
	if d == nil {
		return nil
	}
	files, err := x.r.contentsQ.Get(x.t, dirKey{x.ctx, d.path})
	if err != nil {
		return err
	}
	mk := files.makers[path.Base(p)]
	if mk == nil {
		return nil
	}
	if ext == ".a" {
		for _, n := range d.names { // what rules make may need the archive itself
			if path.Ext(n) == ".h" {
				x.inputs.add(path.Join(d.path, n))
			}
		}
		return nil
	}
	if i := mk.key.index; i < 0 || i >= len(d.stanzas) || d.stanzas[i].Keyword() != "library" {
		return nil
	}
	c, err := x.r.componentQ.Get(x.t, mk.key)
	if err != nil {
		return err
	}
	x.inputs.add(c.lib.Interfaces...)
	return nil
}

// foreignLibrary adds the archive of a foreign_library stanza.
func (f *filler) foreignLibrary(i int, s *dune.ForeignLibrary) error {
	if on, err := f.enabled(&s.EnabledIf); err != nil || !on {
		return err
	}
	name, d := s.ArchiveName.Value, f.d
	k := key{ctx: f.ctx, dir: d.path, index: i, name: string(addr.BlockLibrary) + "." + name}
	return f.add(&maker{at: s.At(), key: k, outs: []string{"lib" + name + ".a"}, define: func(t *engine.Task) error {
		return f.r.fail(f.r.defineForeign(t, k, d, s), s.At(), "Invalid library")
	}}, dune.ModePromote)
}

// compilerOfC is what compiles C beside an OCaml compiler: the context's, or
// the one that the OCaml compiler was configured with.
func (r *Rules) compilerOfC(t *engine.Task, ctx addr.Context, tc *ocaml.Toolchain) (*cc.Toolchain, error) {
	c, err := r.w.C(t, ctx)
	if err == nil && c == nil {
		c = tc.C()
	}
	return c, err
}

// defineForeign defines how the archive is made.
func (r *Rules) defineForeign(t *engine.Task, k key, d *dir, s *dune.ForeignLibrary) error {
	tc, err := r.compilerOf(t, k.ctx, s)
	if err != nil {
		return err
	}
	c, err := r.compilerOfC(t, k.ctx, tc)
	if err != nil {
		return err
	}
	profile, err := r.w.Profile(t, k.ctx)
	if err != nil {
		return err
	}
	env, err := r.w.Env(t, k.ctx)
	if err != nil {
		return err
	}
	u := ocaml.Unit{Owner: cc.Owner{Context: k.ctx.String(), Target: k.String(), Root: root(k.ctx), Dir: d.path, Name: s.ArchiveName.Value, Profile: profile, Env: env.Vars, Unknown: env.Waits}}
	if u.Sources, err = r.foreignSources(t, k.ctx, d, &s.ForeignStubs); err != nil {
		return err
	}
	x := r.naming(t, k.ctx, d)
	if err := r.stubFlags(x, &u, &dune.Buildable{ForeignStubs: []dune.ForeignStubs{s.ForeignStubs}}, nil); err != nil {
		return err
	}
	objects, err := c.Objects(t, cc.Unit{Owner: u.Owner, Sources: u.Sources, Generated: u.Generated,
		Include: append(u.Include, tc.StandardLibrary()), Flags: append(tc.CFlags(), u.CFlags...), Inputs: x.inputs.files})
	if err != nil {
		return err
	}
	more, err := r.evalSet(x, &s.ExtraObjects, nil)
	if err != nil {
		return err
	}
	for _, o := range more {
		p, err := r.file(t, k.ctx, path.Join(d.path, o+".o"), s.At())
		if err != nil {
			return err
		}
		objects = append(objects, p)
	}
	_, err = c.Archive(t, u.Owner, objects)
	return err
}

// implementations adds, to what programs link, the default implementations of
// virtual libraries that nothing else implements.
func (r *Rules) implementations(t *engine.Task, x *unit, at hcl.Range) error {
	deps, err := r.implemented(t, x.key.ctx, x.needs.deps, x.key.name, at)
	if err != nil {
		return err
	}
	n := *x.needs
	n.deps = deps
	x.needs = &n
	return nil
}

// implemented returns libraries with the default implementations that they want.
func (r *Rules) implemented(t *engine.Task, c addr.Context, libs []*library, who string, at hcl.Range) ([]*library, error) {
	all := closure(libs)
	deps := slices.Clone(libs)
	for _, v := range all {
		if l, err := r.installedImplementation(t, c, v, all); err != nil {
			return nil, err
		} else if l != nil {
			deps = append(deps, l)
			continue
		}
		if v.stanza == nil || v.stanza.VirtualModules == nil || slices.ContainsFunc(all, func(l *library) bool { return l.implements == v }) {
			continue
		}
		name := v.stanza.DefaultImplementation
		if !name.Given() {
			return nil, errorAt(at, "No implementation", "%q is a virtual library, and none of the libraries that %s links implements it.", v.name, who)
		}
		l, err := r.find(t, c, v.dir.project, name)
		if err != nil {
			return nil, wanted(err, "virtual library \""+v.name+"\", as its default implementation")
		}
		deps = append(deps, l)
	}
	return deps, nil
}

// installedImplementation is the default implementation of a virtual library
// that is installed; nil if it is not such a library, or something implements it.
func (r *Rules) installedImplementation(t *engine.Task, c addr.Context, v *library, all []*library) (*library, error) {
	if v.inst == nil || !v.inst.Virtual || v.inst.Default == "" || slices.ContainsFunc(all, func(l *library) bool { return l.implements == v }) {
		return nil, nil
	}
	l, err := r.outside(t, c, v.inst.Default)
	if err != nil {
		return nil, wanted(err, "virtual library \""+v.name+"\", as its default implementation")
	}
	return l, nil
}

// unsupported says, once, what a stanza is left out for.
func (r *Rules) unsupported(s dune.Stanza, why string) error {
	at := s.At()
	return r.w.Report(r.once(hcl.Diagnostics{{Severity: hcl.DiagWarning, Summary: "Not supported", Detail: why, Subject: &at,
		Extra: dune.Note{Topic: s.Keyword() + " " + at.String()}}}))
}
