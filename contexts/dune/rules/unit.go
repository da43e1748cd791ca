package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// A unit is a library, or programs that share modules, as far as its users
// must know it: which files there will be. No action is defined for it.
type unit struct {
	key     key
	dir     *dir
	at      hcl.Range // of the stanza; zero for what stanzas do not declare
	needs   *needs
	sources []source
	u       ocaml.Unit
	lib     *ocaml.Library // of a library
}

// A source is a module of a unit, with what is to become of its files.
type source struct {
	*module
	pre *dune.Preprocess // nil: it is compiled as it is
}

// unit describes the modules of a library or of programs.
func (r *Rules) unit(t *engine.Task, k key) (*unit, error) {
	d, s, err := r.stanzaOf(t, k)
	if err != nil {
		return nil, err
	}
	x := &unit{key: k, dir: d, at: s.At()}
	if err := r.describe(t, x, s); err != nil {
		if m, ok := err.(*missing); ok {
			return nil, m
		}
		return nil, r.fail(err, s.At(), "Invalid stanza")
	}
	return x, nil
}

func (r *Rules) describe(t *engine.Task, x *unit, s dune.Stanza) error {
	k, d := x.key, x.dir
	tc, err := r.compilerOf(t, k.ctx, s)
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
	x.u = ocaml.Unit{Owner: cc.Owner{Context: k.ctx.String(), Target: k.String(), Root: root(k.ctx), Dir: d.path, Profile: profile, Env: env.Vars, Unknown: env.Waits}, Exact: true}
	if err := r.generated(t, k.ctx, d.project, &x.u); err != nil {
		return err
	}
	x.u.Closed = closed(d.project, tc)
	x.u.Hidden = x.u.Closed && (d.project.Lang.AtLeast(3, 17) || d.project.ImplicitTransitiveDeps == dune.TransitiveNoIfHiddenKnown)
	b, _, err := r.buildable(t, k.ctx, d, s)
	if err != nil {
		return err
	}
	if err := r.refuse(d, s, b); err != nil {
		return err
	}
	if lib, ok := s.(*dune.Library); ok {
		l, err := r.libraryQ.Get(t, k)
		if err != nil {
			return err
		}
		x.needs = &l.needs
		r.shapeLibrary(x, lib)
		if err := r.shapeImplementation(t, x, l, lib); err != nil {
			return err
		}
	} else {
		if x.needs, err = r.requires(t, k.ctx, d, b, fmt.Sprintf("%s in %s", strings.Replace(k.name, ".", " ", 1), orTop(d.path))); err != nil {
			return err
		}
		if err := r.shapePrograms(x, s, tc); err != nil {
			return err
		}
		if err := r.implementations(t, x, s.At()); err != nil {
			return err
		}
	}
	if err := r.describeModules(t, x, s, b); err != nil {
		return err
	}
	if err := r.describeStubs(t, x, b); err != nil {
		return err
	}
	if err := r.describeDeps(t, x); err != nil {
		return err
	}
	if _, ok := s.(*dune.Library); !ok {
		if err := r.linkModules(t, x, s, tc); err != nil {
			return err
		}
	}
	if err := describeRoot(x, b); err != nil {
		return err
	}
	if _, ok := s.(*dune.Library); ok {
		x.lib, err = tc.Describe(x.u)
	}
	return err
}

// compilerOf is the OCaml toolchain of a context, without which a stanza is
// an error.
func (r *Rules) compilerOf(t *engine.Task, c addr.Context, s dune.Stanza) (*ocaml.Toolchain, error) {
	tc, err := r.w.OCaml(t, c)
	if err == nil && tc == nil {
		err = errorAt(s.At(), "No OCaml toolchain", "Context %s has no OCaml toolchain, which this needs: toolchains = [toolchain.ocaml.NAME].", c)
	}
	return tc, err
}

// closed tells whether modules see only libraries that their stanza names.
func closed(p *project, tc *ocaml.Toolchain) bool {
	switch p.ImplicitTransitiveDeps {
	case dune.TransitiveNo:
		return true
	case dune.TransitiveNoIfHiddenKnown:
		return tc.AtLeast(5, 2)
	}
	return false
}

// shapeLibrary says where a library's files go and how its modules are named.
func (r *Rules) shapeLibrary(x *unit, s *dune.Library) {
	u, name := &x.u, libraryName(s)
	u.Name = name
	u.Main = capitalize(name)
	objs := path.Join(u.Root, u.Dir, "."+name+".objs")
	u.Layout = ocaml.Layout{Objects: objs + "/byte", Native: objs + "/native", Private: objs + "/.private", Alias: path.Join(u.Root, u.Dir)}
	switch {
	case !s.Wrapped.Yes:
		u.Wrapping = ocaml.Unwrapped
	case s.Wrapped.Transition.Given():
		u.Wrapping, u.Deprecation = ocaml.Transitional, s.Wrapped.Transition.Value
	}
	if m := s.Modes; m.Given && !m.Best {
		if m.Byte {
			u.Modes = append(u.Modes, ocaml.Byte)
		}
		if m.Native {
			u.Modes = append(u.Modes, ocaml.Native)
		}
	}
}

// shapePrograms does the same for programs.
func (r *Rules) shapePrograms(x *unit, s dune.Stanza, tc *ocaml.Toolchain) error {
	names, modes := programsOf(s)
	u := &x.u
	u.Name = names[0]
	u.Main = "Dune__exe"
	objs := path.Join(u.Root, u.Dir, "."+names[0]+".eobjs")
	u.Layout = ocaml.Layout{Objects: objs + "/byte", Native: objs + "/native", Private: objs + "/.private", Alias: objs}
	if !x.dir.project.WrappedExecutables {
		u.Wrapping = ocaml.Unwrapped
	}
	u.Mains = names
	for _, n := range names {
		raw := false // some mode has byte code translated
		for _, m := range linkModes(modes) {
			raw = raw || m.translated() || m.mode == "byte" && m.kind == "exe" && !x.dir.project.ExplicitJsMode
			if !m.translated() {
				u.Programs = append(u.Programs, m.program(tc, n, path.Join(u.Root, u.Dir, n+m.ext())))
			}
		}
		if raw {
			m := linkMode{"byte", "js"}
			u.Programs = append(u.Programs, m.program(tc, n, path.Join(u.Root, u.Dir, n+m.ext())))
		}
	}
	return nil
}

// shapeImplementation names the modules of a library as those of the virtual
// library that it implements are named.
func (r *Rules) shapeImplementation(t *engine.Task, x *unit, l *library, s *dune.Library) error {
	if l.implements == nil {
		return nil
	}
	v := l.implements
	if v.stanza == nil && v.inst != nil && v.inst.Virtual {
		return errorAt(s.Implements.Range, "Not supported", "%q is an installed library. erg builds what implements the virtual modules of libraries of the workspace: put its sources there, below vendored_dirs.", v.name)
	}
	if v.stanza == nil || v.stanza.VirtualModules == nil {
		return errorAt(s.Implements.Range, "Not a virtual library", "%q has no virtual modules, so there is nothing in it to implement.", v.name)
	}
	lib, err := r.described(t, x.key.ctx, v)
	if err != nil {
		return err
	}
	x.u.Implements = lib
	if !s.Wrapped.Given && !v.stanza.Wrapped.Yes {
		x.u.Wrapping = ocaml.Unwrapped
	}
	return nil
}

// describeModules lists the modules of the unit.
func (r *Rules) describeModules(t *engine.Task, x *unit, s dune.Stanza, b *dune.Buildable) error {
	mods, err := r.modulesOf(t, x.key)
	if err != nil {
		return err
	}
	mods = flatten(x, mods)
	names := topNames(mods)
	e := r.static(t, x.key.ctx, x.dir)
	var private, virtual []string
	if lib, ok := s.(*dune.Library); ok {
		if lib.PrivateModules != nil {
			if private, err = r.moduleSet(e, lib.PrivateModules, nil, names, "private_modules"); err != nil {
				return err
			}
		}
		if lib.VirtualModules != nil {
			if virtual, err = r.moduleSet(e, lib.VirtualModules, nil, names, "virtual_modules"); err != nil {
				return err
			}
		}
	}
	without, err := r.moduleSet(e, &b.ModulesWithoutImplementation, nil, names, "modules_without_implementation")
	if err != nil {
		return err
	}
	if err := contradicts(s, b, mods, private, virtual, without); err != nil {
		return err
	}
	var apart []string
	if b.Ctypes != nil {
		apart = (&binding{Ctypes: b.Ctypes}).generators()
	}
	for _, m := range mods {
		virtual := len(m.group) == 0 && slices.Contains(virtual, m.name)
		if m.impl == "" && !slices.Contains(without, m.name) && !virtual {
			return errorAt(s.At(), "Module without an implementation",
				"Module %s has an interface, %s, and no implementation. Add one, or say (modules_without_implementation %s).", m.called(), m.intf, uncapitalize(m.name))
		}
		pre := preprocessOf(b.Preprocess, m.name)
		x.sources = append(x.sources, source{module: m, pre: pre})
		om := ocaml.Module{Name: m.name, Group: m.group, Private: slices.Contains(private, m.name), Virtual: virtual, Apart: slices.Contains(apart, m.name)}
		if om.Impl, err = r.compiled(t, x, m.impl, pre); err != nil {
			return err
		}
		if om.Intf, err = r.compiled(t, x, m.intf, pre); err != nil {
			return err
		}
		if m.intf == "" && emptyInterface(x.dir.project, s, m) {
			om.Intf = emptyInterfaceFile(x, m)
		}
		x.u.Modules = append(x.u.Modules, om)
	}
	for _, n := range x.u.Mains {
		if !slices.Contains(names, capitalize(n)) {
			return noMain(x.dir, s, n, names)
		}
	}
	return nil
}

// noMain is the error for a program without the module that it begins with.
func noMain(d *dir, s dune.Stanza, name string, modules []string) hcl.Diagnostics {
	at := s.At()
	switch s := s.(type) {
	case *dune.Executables:
		for _, p := range s.Programs {
			if p.Name.Value == name && p.Name.Given() {
				at = p.Name.Range
			}
		}
	case *dune.Tests:
		for _, n := range s.Names {
			if n.Value == name {
				at = n.Range
			}
		}
	}
	return errorAt(at, "No main module", "Module %s, with which the program %s begins, does not exist in %s.%s", capitalize(name), name, orTop(d.path), moduleHint(name, modules))
}

// emptyInterfaceFile is where a module's empty interface is written.
func emptyInterfaceFile(x *unit, m *module) string {
	return path.Join(x.u.Layout.Alias, ocaml.UnitName("", m.group, m.name, true)+".mli")
}

// emptyInterface tells whether a main module without an interface has an
// empty one.
func emptyInterface(p *project, s dune.Stanza, m *module) bool {
	implicit := p.ExecutablesImplicitEmptyIntf
	main := func(name dune.Text) bool { return len(m.group) == 0 && capitalize(name.Value) == m.name }
	switch s := s.(type) {
	case *dune.Executables:
		return implicit && slices.ContainsFunc(s.Programs, func(p dune.Executable) bool { return main(p.Name) }) || s.EmptyInterfaceIfAbsent
	case *dune.Tests:
		return implicit && slices.ContainsFunc(s.Names, main) || s.EmptyInterfaceIfAbsent
	case *dune.Library:
		return s.EmptyInterfaceIfAbsent
	}
	return false
}

// compiled is the file that a compiler gets for a source of the tree.
func (r *Rules) compiled(t *engine.Task, x *unit, p string, pre *dune.Preprocess) (string, error) {
	if p == "" {
		return "", nil
	}
	if pre != nil && pre.Kind != dune.PreprocessStagedPps {
		ext := path.Ext(p)
		return path.Join(x.u.Root, strings.TrimSuffix(p, ext)+".pp"+ext), nil
	}
	return r.real(t, x.key.ctx, p)
}

// real is where a file of the tree is that a listing named.
func (r *Rules) real(t *engine.Task, c addr.Context, p string) (string, error) {
	files, err := r.contentsQ.Get(t, dirKey{c, cleanDir(path.Dir(p))})
	if err != nil {
		return "", err
	}
	if files.makers[path.Base(p)] != nil {
		return path.Join(root(c), p), nil
	}
	return p, nil
}

// preprocessOf returns how a module is preprocessed, nil for not at all.
func preprocessOf(list []dune.Preprocess, module string) *dune.Preprocess {
	var other *dune.Preprocess
	for i := range list {
		p := &list[i]
		if p.Modules == nil {
			other = p
		} else if slices.ContainsFunc(p.Modules, func(n dune.Text) bool { return sameModule(n.Value, module) }) {
			other = p
			break
		}
	}
	if other == nil || other.Kind == dune.PreprocessNone || other.Kind == dune.PreprocessFutureSyntax {
		return nil
	}
	return other
}

// describeDeps translates the libraries that the unit needs.
func (r *Rules) describeDeps(t *engine.Task, x *unit) error {
	deps := x.needs.deps
	if x.u.Closed {
		deps = exported(deps)
	}
	libs := make([]*ocaml.Library, len(deps))
	fns := make([]func(*engine.Task) error, len(deps))
	for i, l := range deps {
		fns[i] = func(t *engine.Task) (err error) {
			if x.at.Filename != "" {
				t = r.w.At(t, x.at)
			}
			libs[i], err = r.described(t, x.key.ctx, l)
			return err
		}
	}
	if err := t.Run(fns...); err != nil {
		return firstOf(err)
	}
	for i, l := range deps {
		if l.standard {
			x.u.Standard = append(x.u.Standard, l.name)
		} else {
			x.u.Deps = append(x.u.Deps, libs[i])
		}
	}
	return nil
}

// described is a library as compilers see it; nil for one of the compiler's.
func (r *Rules) described(t *engine.Task, c addr.Context, l *library) (*ocaml.Library, error) {
	switch {
	case l.standard:
		return nil, nil
	case l.inst != nil:
		return l.inst.lib, nil
	case l.outer != nil:
		return l.outer.Outline(t)
	}
	x, err := r.unitQ.Get(t, l.key)
	if err != nil {
		return nil, err
	}
	return x.lib, nil
}

// describeStubs lists the C sources of the unit, and finds what compiles them.
func (r *Rules) describeStubs(t *engine.Task, x *unit, b *dune.Buildable) error {
	for i := range b.ForeignStubs {
		st := &b.ForeignStubs[i]
		srcs, err := r.foreignSources(t, x.key.ctx, x.dir, st)
		if err != nil {
			return err
		}
		x.u.Sources = append(x.u.Sources, srcs...)
	}
	r.useArchives(x, b)
	if !x.u.HasC() {
		return nil // a C compiler would be probed for nothing
	}
	var err error
	x.u.Stubs, err = r.w.C(t, x.key.ctx)
	return err
}

// foreignSources lists the files of foreign_stubs.
func (r *Rules) foreignSources(t *engine.Task, c addr.Context, d *dir, st *dune.ForeignStubs) ([]string, error) {
	exts := []string{".c"}
	if st.Language == "cxx" {
		exts = []string{".cpp", ".cc", ".cxx"}
	}
	byName := map[string]string{}
	var std []string
	for _, m := range d.members() {
		files, err := r.contentsQ.Get(t, dirKey{c, m.path})
		if err != nil {
			return nil, err
		}
		for _, n := range files.names() {
			if ext := path.Ext(n); slices.Contains(exts, ext) {
				stem := strings.TrimSuffix(n, ext)
				byName[stem] = path.Join(m.path, n)
				std = append(std, stem)
			}
		}
	}
	names, err := r.evalSet(r.static(t, c, d), &st.Names, std)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, n := range names {
		p, ok := byName[strings.TrimSuffix(n, exts[0])]
		if !ok {
			return nil, errorAt(st.Names.Range, "No such source", "There is no source %q for language %s in %s, and no rule makes it.", n+exts[0], st.Language, orTop(d.path))
		}
		if p, err = r.real(t, c, p); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
