package rules

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/ocaml"
)

// libFile expands %{lib:LIBRARY:FILE} and the like: a file that a library
// installs, or, with -private, a file of its directory.
func (x *expander) libFile(v *sexp.Var) ([]string, error) {
	name, file, ok := strings.Cut(v.Payload, ":")
	if !ok {
		return nil, errorAt(v.Range, "Invalid variable", "%%{%s:LIBRARY:FILE} names a library and a file of it.", v.Name)
	}
	c := x.ctx
	if strings.HasPrefix(v.Name, "libexec") {
		var err error
		if c, err = x.where(c); err != nil {
			return nil, err
		}
	}
	l, err := x.r.find(x.t, c, x.d.project, dune.Text{Value: name, Range: v.Range})
	if m, ok := err.(*missing); ok {
		return nil, m.diags(v.Range)
	}
	switch {
	case err != nil:
		return nil, err
	case l.inst != nil:
		p, err := x.outsideFile(l, l.inst.Dir, file, v)
		if err == nil {
			x.inputs.add(p...)
		}
		return p, err
	case l.outer != nil:
		return nil, errorAt(v.Range, "No such file", "Library %q, which is declared in %s, installs no files.", l.name, l.outer.Range.Filename)
	case l.standard:
		tc, err := x.toolchain(v.Range)
		if err != nil {
			return nil, err
		}
		x.inputs.compiler(tc)
		_, dir, _ := tc.StandardPlugin(l.name)
		return x.outsideFile(l, path.Join(tc.Config("standard_library"), dir), file, v)
	case strings.HasSuffix(v.Name, "-private") || l.public == "":
		return x.tokenIn(c, path.Join(l.dir.path, file), v)
	}
	return x.installedFile(c, l, file, v)
}

// outsideFile is a file that an installed library has in its directory.
func (x *expander) outsideFile(l *library, dir, file string, v *sexp.Var) ([]string, error) {
	p := path.Join(dir, file)
	ok, err := x.t.Exists(p)
	if err != nil {
		return nil, err
	}
	if !ok && file != "." {
		if below, err := x.t.ReadDir(p); err != nil || len(below) > 0 {
			return []string{p}, err
		}
		return nil, errorAt(v.Range, "No such file", "Library %q has no file %q in %s.", l.name, file, dir)
	}
	return []string{p}, nil
}

func (x *expander) tokenIn(c addr.Context, p string, v *sexp.Var) ([]string, error) {
	real, err := x.r.file(x.t, c, p, v.Range)
	if err != nil {
		return nil, err
	}
	x.inputs.add(real)
	return []string{action.Ref(real)}, nil
}

// installedFile finds what a library of the workspace would install. Only the
// library itself is asked, or else stanzas that install files: a rule of the
// package may name the file, and what the package installs may be the rule's.
func (x *expander) installedFile(c addr.Context, l *library, file string, v *sexp.Var) ([]string, error) {
	files, err := x.r.contentsQ.Get(x.t, dirKey{c, l.dir.path})
	if err != nil {
		return nil, err
	}
	if ext := path.Ext(file); (ext == ".ml" || ext == ".mli" || ext == ".h") && slices.Contains(files.names(), file) {
		return x.tokenIn(c, path.Join(l.dir.path, file), v)
	}
	tr, err := x.r.treeOf(x.t, x.ctx)
	if err != nil {
		return nil, err
	}
	name := publicPackage(l.public)
	pkg, p := tr.find(name)
	if pkg == nil {
		return nil, errorAt(v.Range, "No such package", "There is no package %q.", name)
	}
	b := &installer{r: x.r, ctx: c, tree: tr, pkg: pkg, project: p}
	want := path.Join(subdirectory(l.public), file)
	find := func(d *dir, i int) (string, error) {
		var made installed1
		if err := b.stanza(x.t, d, i, d.stanzas[i], &made); err != nil {
			return "", err
		}
		for _, e := range made.entries {
			if (e.Section == "lib" || e.Section == "libexec") && e.Name == want {
				return e.Source, nil
			}
		}
		return "", nil
	}
	src, err := find(l.dir, l.key.index)
	for _, d := range tr.order {
		for i, s := range d.stanzas {
			if _, ok := s.(*dune.Install); ok && src == "" && err == nil && d.project == p && !d.dataOnly {
				src, err = find(d, i)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	if src == "" {
		return nil, errorAt(v.Range, "No such file", "Library %q does not install a file %q.", l.public, file)
	}
	x.inputs.add(src)
	return []string{action.Ref(src)}, nil
}

// artifact expands %{cma:DIR/LIBRARY} and the like, which name what is
// compiled: a library's archive, or a file of a module.
func (x *expander) artifact(v *sexp.Var) ([]string, error) {
	p := joinPath(x.d.path, v.Payload)
	tr, err := x.r.treeOf(x.t, x.ctx)
	if err != nil {
		return nil, err
	}
	d := tr.in(cleanDir(path.Dir(p)))
	if d == nil {
		return nil, errorAt(v.Range, "No such directory", "There is no directory %q.", path.Dir(p))
	}
	base := path.Base(p)
	g := d.group()
	for i, s := range g.stanzas {
		b, on, err := x.r.buildable(x.t, x.ctx, g, s)
		if err != nil {
			return nil, err
		}
		if b == nil || !on {
			continue
		}
		lib, isLib := s.(*dune.Library)
		if isLib && g == d && libraryName(lib) == base && (v.Name == "cma" || v.Name == "cmxa" || v.Name == "cmxs") {
			return x.token(v.Payload+"."+v.Name, x.ctx, v.Range)
		}
		mods, err := x.r.modulesOf(x.t, key{ctx: x.ctx, dir: g.path, index: i})
		if err != nil {
			return nil, err
		}
		for _, m := range mods {
			if m.name == capitalize(base) && slices.Equal(m.group, g.groupOf(d)) {
				return x.moduleFile(g, i, m, v)
			}
		}
	}
	return nil, errorAt(v.Range, "No such artifact", "No library or module %q is compiled in %s.", base, orTop(d.path))
}

// moduleFile is a file that is compiled of a module.
func (x *expander) moduleFile(d *dir, i int, m *module, v *sexp.Var) ([]string, error) {
	c, err := x.r.componentQ.Get(x.t, stanzaKey(x.ctx, d, i))
	if err != nil {
		return nil, err
	}
	if byteCode := func(p ocaml.Program) bool { return p.Mode == ocaml.Byte }; v.Name == "cmo" && c.lib == nil && !slices.ContainsFunc(c.programs, byteCode) {
		return nil, errorAt(v.Range, "No such artifact", "Module %s is compiled to native code only. Say (modes byte exe) in its stanza, at %s, to have byte code too.", m.name, place(d.stanzas[i].At()))
	}
	unit := objectName(c.unit, m)
	at := c.u.Layout.Objects
	if v.Name == "cmx" {
		at = c.u.Layout.Native
	}
	p := path.Join(at, unit+"."+v.Name)
	x.inputs.add(p)
	return []string{action.Ref(p)}, nil
}
