package rules

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/findlib"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/ocaml"
)

// An installedLibrary is a public library, for META and dune-package.
type installedLibrary struct {
	c          *component
	l          *library
	deprecated *dune.DeprecatedLibraryName
	exports    bool                     // META says what has the name now
	backend    *sexp.Node               // what it says of inline tests
	driver     *sexp.Node               // what it says of drivers of rewriters
	names      func(name string) string // to public ones
	modes      []ocaml.Mode
	virtual    map[string]string // the virtual modules that it implements, with their interfaces
	copied     []Entry           // what it has of the virtual library
	nested     bool              // sources of directories below are in such, too, and those of compat
}

// library adds the files of a library of the package.
func (b *installer) library(t *engine.Task, d *dir, i int, s *dune.Library, out *installed1) error {
	name := installedName(s)
	if name == "" || publicPackage(name) != b.pkg.Name.Value {
		return nil
	}
	on, err := b.r.enabled(t, b.ctx, d, &s.EnabledIf)
	if err != nil || !on {
		return err
	}
	k := libraryKey(b.ctx, d, i, s)
	c, err := b.r.componentQ.Get(t, k)
	if err != nil {
		return unlessOptional(err, s.Optional, s.At())
	}
	x, err := b.known(t, c)
	if err != nil {
		return err
	}
	out.libs = append(out.libs, x)
	sub := subdirectory(name)
	add := func(section string, files ...string) {
		for _, f := range files {
			if f != "" {
				out.add(section, path.Join(sub, path.Base(f)), f)
			}
		}
	}
	for _, src := range c.sources {
		for _, p := range src.sources() {
			real, err := b.r.real(t, b.ctx, p)
			if err != nil {
				return err
			}
			out.add("lib", path.Join(sub, x.installedAs(src.module, real)), real)
		}
	}
	for _, a := range aliasModules(c) {
		out.add("lib", path.Join(sub, aliasInstalledAs(&a)), path.Join(c.u.Layout.Alias, a.Object+".ml-gen"))
	}
	private := map[string]bool{}
	for _, p := range c.lib.Private {
		out.add("lib", path.Join(sub, ".private", path.Base(p)), p)
		private[strings.TrimSuffix(path.Base(p), ".cmi")] = true
	}
	for _, p := range c.lib.Annotations {
		base := path.Base(p)
		out.add("lib", path.Join(sub, either(private[strings.TrimSuffix(base, path.Ext(base))], ".private", x.cmiDir()), base), p)
	}
	for _, m := range x.compat() {
		out.add("lib", path.Join(sub, strings.TrimSuffix(m.ImplFile, "-gen")), path.Join(c.u.Root, c.u.Dir, ".wrapped_compat", m.Name+".ml-gen"))
	}
	for _, p := range x.copied {
		out.add("lib", path.Join(sub, p.Name), p.Source)
	}
	for _, p := range slices.Concat(c.lib.Interfaces, slices.Sorted(maps.Values(x.virtual))) {
		out.add("lib", path.Join(sub, x.cmiDir(), path.Base(p)), p)
	}
	x.compiled(add)
	if c.lib.Shared != "" {
		out.add("stublibs", path.Base(c.lib.Shared), c.lib.Shared)
	}
	return b.extras(t, d, x, add)
}

// known collects what META and dune-package say of a library.
func (b *installer) known(t *engine.Task, c *component) (*installedLibrary, error) {
	l, err := b.r.libraryQ.Get(t, c.key)
	if err == nil {
		err = notOfPackage(l, l.stanza)
	}
	if err != nil {
		return nil, err
	}
	all, err := b.r.librariesQ.Get(t, b.ctx)
	if err != nil {
		return nil, err
	}
	names := func(name string) string { return all.publicName(c.dir.project, name) }
	x := &installedLibrary{c: c, l: l, names: names, backend: installedBackend(l, names), driver: installedDriver(l.stanza, names), modes: c.u.Modes}
	if b.version.AtLeast(3, 0) {
		x.nested = true
	}
	if err := b.implemented(t, x); err != nil {
		return nil, err
	}
	tc, err := b.r.compilerOf(t, b.ctx, l.stanza)
	switch {
	case err != nil:
		return nil, err
	case len(x.modes) > 0:
	case tc.HasNative():
		x.modes = []ocaml.Mode{ocaml.Byte, ocaml.Native}
	default:
		x.modes = []ocaml.Mode{ocaml.Byte}
	}
	return x, nil
}

// compiled adds what compilers made of the library.
func (x *installedLibrary) compiled(add func(section string, files ...string)) {
	lib := x.c.lib
	add("lib", lib.Optimised...)
	if x.l.stanza.VirtualModules != nil { // for who implements it
		for _, m := range x.modes {
			for _, f := range lib.Objects[m] {
				if !slices.Contains(lib.Optimised, f) {
					add("lib", f)
				}
			}
		}
	}
	add("lib", lib.Archives[ocaml.Byte]...)
	native := lib.Files(ocaml.Native)
	add("lib", native...)
	if !slices.Contains(native, lib.Stubs) {
		add("lib", lib.Stubs)
	}
	add("libexec", lib.Plugin)
}

// extras adds what else a library says that it installs.
func (b *installer) extras(t *engine.Task, d *dir, x *installedLibrary, add func(section string, files ...string)) error {
	s := x.l.stanza
	if s.Kind == dune.KindPpxRewriter {
		prog, err := b.rewriter(t, d, s, x.l)
		if err != nil {
			return err
		}
		add("libexec", prog)
	}
	more := slices.Clone(s.JavaScript.Files)
	for _, f := range slices.Concat(s.Wasm.Files, s.Wasm.WasmFiles) {
		if !slices.ContainsFunc(more, func(m dune.Text) bool { return m.Value == f.Value }) {
			more = append(more, f)
		}
	}
	for _, h := range s.InstallCHeaders {
		more = append(more, dune.Text{Value: h.Value + ".h", Range: h.Range})
	}
	for _, f := range more {
		real, err := b.r.file(t, b.ctx, path.Join(d.path, f.Value), f.Range)
		if err != nil {
			return err
		}
		add("lib", real)
	}
	return nil
}

// subdirectory is where a library is installed below its package.
func subdirectory(public string) string {
	return strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(public, publicPackage(public)), "."), ".", "/")
}

// describe is the library as META and dune-package have it.
func (x *installedLibrary) describe() *findlib.Package {
	if d := x.deprecated; d != nil {
		return &findlib.Package{Name: d.OldPublicName.Value, Kind: findlib.Normal, Requires: []findlib.Require{{Name: d.NewPublicName.Value, ReExport: x.exports}}}
	}
	s, c, lib := x.l.stanza, x.c, x.c.lib
	p := &findlib.Package{Name: installedName(s), Description: s.Synopsis, Kind: findlib.Normal, Known: true, PPXRuntimeDeps: x.l.runtime,
		Archives: map[string][]string{}, Plugins: map[string][]string{}}
	if s.Kind != "" {
		p.Kind = findlib.Kind(s.Kind)
	}
	at := func(file string) string { return path.Join(subdirectory(p.Name), path.Base(file)) }
	for _, m := range []ocaml.Mode{ocaml.Byte, ocaml.Native} {
		for _, a := range lib.Archives[m] {
			p.Archives[string(m)] = append(p.Archives[string(m)], at(a))
		}
	}
	for _, m := range x.modes {
		p.Modes = append(p.Modes, string(m))
	}
	p.Plugins[findlib.Byte] = p.Archives[findlib.Byte]
	if lib.Plugin != "" {
		p.Plugins[findlib.Native] = []string{at(lib.Plugin)}
	}
	for _, f := range lib.Files(ocaml.Native) {
		if f != lib.Stubs && path.Ext(f) == ".a" {
			p.NativeArchives = append(p.NativeArchives, at(f))
		}
	}
	if lib.Stubs != "" {
		p.StubArchives = []string{at(lib.Stubs)}
	}
	if lib.Shared != "" {
		p.SharedStubs = []string{path.Base(lib.Shared)}
	}
	for _, f := range c.u.Sources {
		p.ForeignObjects = append(p.ForeignObjects, at(strings.TrimSuffix(f, path.Ext(f))+".o"))
	}
	slices.Sort(p.ForeignObjects)
	for _, f := range s.JavaScript.Files {
		p.JSRuntime = append(p.JSRuntime, at(f.Value))
	}
	for _, f := range slices.Concat(s.Wasm.Files, s.Wasm.WasmFiles) {
		p.WasmRuntime = append(p.WasmRuntime, at(f.Value))
	}
	deps := x.l.deps
	if v := x.l.implements; v != nil {
		deps = append([]*library{v}, deps...)
	}
	for _, d := range exportedFirst(deps) {
		p.Requires = append(p.Requires, findlib.Require{Name: publicName(d), ReExport: slices.Contains(x.l.exports, d)})
	}
	if s.Kind == dune.KindPpxRewriter || s.Kind == dune.KindPpxDeriver {
		for _, d := range closure([]*library{x.l}) {
			p.RuntimeClosure = append(p.RuntimeClosure, d.runtime...)
		}
	}
	p.Instrumentation = x.names(s.InstrumentationBackend.Value)
	p.Cookies, p.Backend, p.Driver = installedCookies(s), x.backend, x.driver
	p.Virtual = s.VirtualModules != nil
	if s.SpecialBuiltin != nil {
		p.Special = s.SpecialBuiltin.Node
	}
	p.Implements, p.Default = x.names(s.Implements.Value), x.names(s.DefaultImplementation.Value)
	if c.u.Wrapping != ocaml.Unwrapped {
		p.MainModule = mainModule(c.unit)
	}
	if c.u.Wrapping == ocaml.Transitional {
		p.Transition = c.u.Deprecation
	}
	p.CmiDir = x.cmiDir()
	p.Modules = x.modules()
	return p
}

// publicName is the name by which others find a library once it is installed.
func publicName(l *library) string {
	if l.stanza != nil {
		return cmp.Or(installedName(l.stanza), l.name)
	}
	return l.name
}

// installedName is the name under which a library is installed, "" for one
// that is not. Libraries of a package without a public name are there for
// the others of the package.
func installedName(s *dune.Library) string {
	switch {
	case s.PublicName.Given():
		return s.PublicName.Value
	case s.Package.Given():
		return s.Package.Value + ".__private__." + libraryName(s)
	}
	return ""
}

// exportedFirst lists libraries with all that they re-export, which comes
// before them.
func exportedFirst(libs []*library) []*library {
	return after(libs, func(l *library) []*library { return l.exports })
}

// metadata adds META, dune-package, the opam file and documentation, and
// defines the list of all for opam.
func (b *installer) metadata(t *engine.Task, out *Installation, libs []*installedLibrary) error {
	name, r := b.pkg.Name.Value, b.r
	var list []*findlib.Package
	for _, l := range libs {
		if p := l.describe(); publicPackage(p.Name) == name {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, c *findlib.Package) int { return strings.Compare(b.listed(a.Name), b.listed(c.Name)) })
	at := path.Join(root(b.ctx), b.project.dir)
	d := b.tree.in(b.project.dir)
	template, err := r.textOf(t, b.ctx, d, b.pkg, "META."+name+".template")
	if err != nil {
		return err
	}
	k := packageTarget(b.ctx, d, name)
	meta, pkg := path.Join(at, "META."+name), path.Join(at, name+".dune-package")
	if err := r.write(t, k, meta, (&findlib.MetaFile{Version: out.Version, Libraries: list, Template: template, Exports: b.project.Lang.AtLeast(3, 17)}).Text()); err != nil {
		return err
	}
	out.Entries = append(out.Entries, Entry{"lib", "META", meta}, Entry{"lib", "dune-package", pkg})
	for _, n := range d.names {
		switch {
		case n == name+".opam" && !b.project.GenerateOpamFiles:
			out.Entries = append(out.Entries, Entry{"lib", "opam", path.Join(d.path, n)})
		case isDocumentation(n):
			out.Entries = append(out.Entries, Entry{"doc", n, path.Join(d.path, n)})
		}
	}
	if b.project.GenerateOpamFiles {
		p, err := r.opamFile(t, b.ctx, d, b.pkg)
		if err != nil {
			return err
		}
		out.Entries = append(out.Entries, Entry{"lib", "opam", p})
	}
	if err := b.formerNames(t, out, libs); err != nil {
		return err
	}
	if err := b.odocConfig(t, out); err != nil {
		return err
	}
	slices.SortStableFunc(out.Entries, func(a, b Entry) int {
		return cmp.Or(strings.Compare(a.Section, b.Section), strings.Compare(a.Name, b.Name))
	})
	text := findlib.UseMeta(b.format()) // what a template says only META has
	if template == "" {
		p := &findlib.DunePackage{Name: name, Version: out.Version, Libraries: list, Sections: b.sections(out.Entries), Sites: b.sites(), Files: filesOf(out.Entries)}
		text = p.Text(b.format())
	}
	if err := r.write(t, k, pkg, text); err != nil {
		return err
	}
	// The list is there when all is that it lists. It names places of this
	// workspace, so it is of no use to another.
	spec := written(k, path.Join(at, name+".install"), installText(out))
	spec.Local = true
	for _, e := range out.Entries {
		if action.IsOutput(e.Source) {
			spec.Order = append(spec.Order, e.Source)
		}
	}
	return t.Define(spec)
}

// opamFile defines the opam file of a package of a project that has them
// generated, and returns its path.
func (r *Rules) opamFile(t *engine.Task, c addr.Context, d *dir, pkg *dune.Package) (string, error) {
	name := pkg.Name.Value
	k := packageTarget(c, d, name)
	p := path.Join(root(c), d.path, name+".opam")
	template, err := r.textOf(t, c, d, pkg, name+".opam.template")
	if err != nil {
		return "", err
	}
	if err := r.write(t, k, p, d.project.OpamText(pkg, template)); err != nil {
		return "", err
	}
	return p, r.promote(t, k, d, &dune.Promote{}, pkg.Range, []string{p})
}

// textOf is what a file beside a package's dune-project holds, a source or one
// that a rule makes; "" if there is none.
func (r *Rules) textOf(t *engine.Task, c addr.Context, d *dir, pkg *dune.Package, name string) (string, error) {
	files, err := r.contentsQ.Get(t, dirKey{c, d.path})
	if err != nil || !slices.Contains(files.names(), name) {
		return "", err
	}
	p, err := r.file(t, c, path.Join(d.path, name), pkg.Range)
	if err != nil {
		return "", err
	}
	return r.content(t, p)
}

// isDocumentation reports whether a file is installed as documentation
// without anybody's saying so.
func isDocumentation(name string) bool {
	return slices.ContainsFunc([]string{"README", "LICENSE", "CHANGE", "HISTORY"}, func(p string) bool { return strings.HasPrefix(name, p) })
}

// installText lists an installation for opam.
func installText(in *Installation) string {
	var b strings.Builder
	for _, section := range findlib.Sections() {
		var lines []string
		for _, e := range in.Entries {
			if e.Section != section {
				continue
			}
			src := action.Relative(in.Dir, e.Source)
			line := `  "` + src + `"`
			if path.Base(src) != e.Name {
				line += ` {"` + e.Name + `"}`
			}
			lines = append(lines, line)
		}
		if len(lines) > 0 {
			b.WriteString(section + ": [\n" + strings.Join(lines, "\n") + "\n]\n")
		}
	}
	return b.String()
}
