package findlib

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/dune/sexp"
)

// A Format is a version of dune whose dune-package files are written: the
// versions of one format read it, and no others.
type Format struct{ Major, Minor int }

// The formats. From dune 2.0 to 3.6 modules are listed flat; since, they are in
// groups, with their files.
var (
	Flat   = Format{2, 9}
	Groups = Format{3, 11} // files of a package, and where the sources are
	newest = Format{3, 25}
)

// FormatFor is the format that a version of dune reads.
func FormatFor(major, minor int) Format {
	switch {
	case major < 3:
		return Flat
	case (Format{major, minor}).before(Groups):
		return Groups
	case newest.before(Format{major, minor}):
		return newest
	}
	return Format{major, minor}
}

func (f Format) before(g Format) bool {
	return f.Major < g.Major || f.Major == g.Major && f.Minor < g.Minor
}

func (f Format) String() string { return fmt.Sprintf("%d.%d", f.Major, f.Minor) }

// lang is the first line of a file.
func (f Format) lang() string { return "(lang dune " + f.String() + ")\n" }

// A DunePackage is what a dune-package file says.
type DunePackage struct {
	Name, Version string
	Libraries     []*Package
	// Sections are the directories of sections from that of the file, and Sites
	// those into which others install.
	Sections map[string]string
	Sites    []Site
	Files    []SectionFiles
}

// SectionFiles are the files of a package in one section.
type SectionFiles struct {
	Section string
	Names   []string
}

// UseMeta is the text of a dune-package file that refers to META.
func UseMeta(f Format) string { return f.lang() + "(use_meta)\n" }

// Text writes a dune-package file. Files of libraries are relative to the
// package's directory.
func (p *DunePackage) Text(f Format) string {
	w := &duneWriter{Format: f, modern: !f.before(Groups), stublibs: p.Sections["stublibs"]}
	var b strings.Builder
	b.WriteString(f.lang())
	line := func(x *tree) {
		if x != nil {
			x.write(&b, 0)
			b.WriteByte('\n')
		}
	}
	line(of("name", p.Name))
	line(some("version", p.Version))
	line(w.sections(p))
	line(listOf("sites", len(p.Sites), func(i int) *tree { return of(p.Sites[i].Name, p.Sites[i].Section) }))
	if w.modern {
		line(listOf("files", len(p.Files), func(i int) *tree { return of(p.Files[i].Section, of(p.Files[i].Names)) }))
	}
	for _, l := range p.Libraries {
		if l.Archives == nil && l.Plugins == nil {
			line(of("deprecated_library_name", of("old_public_name", l.Name), of("new_public_name", l.Requires[0].Name)))
			continue
		}
		line(w.library(l))
	}
	return b.String()
}

// listOf is a field of n items, if there are any.
func listOf(name string, n int, item func(int) *tree) *tree {
	if n == 0 {
		return nil
	}
	out := of(name)
	for i := range n {
		out.items = append(out.items, item(i))
	}
	return out
}

type duneWriter struct {
	Format
	modern   bool   // Groups or newer
	stublibs string // the section's directory
}

// sections are those of all files; in old files, those of sites, which users of
// the sites look for there.
func (w *duneWriter) sections(p *DunePackage) *tree {
	var names []string
	for _, n := range sectionOrder {
		_, known := p.Sections[n]
		if known && (w.modern || slices.ContainsFunc(p.Sites, func(s Site) bool { return s.Section == n })) {
			names = append(names, n)
		}
	}
	return listOf("sections", len(names), func(i int) *tree { return of(names[i], p.Sections[names[i]]) })
}

// sectionOrder is the order in which dune lists sections.
var sectionOrder = []string{"lib", "lib_root", "libexec", "libexec_root", "bin", "sbin", "toplevel", "share", "share_root", "etc", "doc", "stublibs", "man", "misc"}

// Sections lists the sections of opam in the order in which dune has them.
func Sections() []string { return slices.Clone(sectionOrder) }

// library is a library's record.
func (w *duneWriter) library(l *Package) *tree {
	kind, virtual := l.kindTree(), (*tree)(nil)
	switch {
	case !l.Virtual:
	case w.before(Format{3, 21}):
		virtual = of("virtual")
	default:
		kind = &tree{atom: "virtual"}
	}
	var dlls []string
	if w.modern && w.stublibs != "" {
		for _, f := range l.SharedStubs {
			dlls = append(dlls, path.Join(w.stublibs, f))
		}
	}
	out := of("library", of("name", l.Name), of("kind", kind), virtual,
		some("synopsis", l.Description), some("orig_src_dir", l.SourceDir),
		byMode("archives", l.Archives), byMode("plugins", l.Plugins), field("foreign_objects", l.ForeignObjects))
	if w.modern {
		out.add(field("public_headers", l.PublicHeaders), w.stubArchives(l), field("foreign_dll_files", dlls))
	} else {
		out.add(w.stubArchives(l))
	}
	out.add(field("native_archives", l.NativeArchives), field("jsoo_runtime", l.JSRuntime), field("wasmoo_runtime", l.WasmRuntime),
		l.requires(), field("ppx_runtime_deps", l.PPXRuntimeDeps), some("implements", l.Implements),
		some("default_implementation", l.Default), some("main_module_name", l.MainModule),
		field("modes", l.Modes), w.objDir(l), w.modules(l))
	if w.modern {
		out.add(l.special(), some("instrumentation.backend", l.Instrumentation), written(l.Backend), written(l.Driver))
	} else {
		out.add(some("instrumentation.backend", l.Instrumentation), written(l.Backend), written(l.Driver), l.special())
	}
	return out
}

func (l *Package) requires() *tree {
	return listOf("requires", len(l.Requires), func(i int) *tree {
		r := l.Requires[i]
		if r.ReExport {
			return of("re_export", r.Name)
		}
		return &tree{atom: sexp.Quote(r.Name)}
	})
}

func (w *duneWriter) stubArchives(l *Package) *tree {
	if !w.modern || len(l.StubArchives) == 0 {
		return field("foreign_archives", l.StubArchives)
	}
	return of("foreign_archives", of("archives", of("for", "all"), of("files", l.StubArchives)))
}

// objDir says where interfaces are that are not beside the archives.
func (w *duneWriter) objDir(l *Package) *tree {
	private := ""
	if slices.ContainsFunc(l.Modules, func(m Module) bool { return m.Private }) {
		private = ".private"
	}
	out := of("obj_dir", some("private_dir", private))
	switch {
	case l.CmiDir == "":
	case w.modern:
		out.add(of("public_cmi_ocaml_dir", l.CmiDir), of("public_cmi_melange_dir", "melange/"+l.CmiDir+"_melange"))
	default:
		out.add(of("public_cmi_dir", l.CmiDir))
	}
	if len(out.items) == 1 {
		return nil
	}
	return out
}

// special is what the library asks dune for when programs are linked with it.
func (l *Package) special() *tree {
	if l.Special == nil {
		return nil
	}
	return of("special_builtin_support", written(l.Special))
}

// kindTree is the kind of the library, with the cookies that a rewriter wants.
func (l *Package) kindTree() *tree {
	kind := &tree{atom: sexp.Quote(string(l.Kind))}
	if len(l.Cookies) == 0 {
		return kind
	}
	cookies := of("cookies")
	for _, n := range l.Cookies {
		cookies.items = append(cookies.items, written(n))
	}
	return of(kind, cookies)
}

// modules says which modules there are.
func (w *duneWriter) modules(l *Package) *tree {
	if !l.Known {
		return nil
	}
	var list, compat []Module
	wrapped := false
	for _, m := range l.Modules {
		switch {
		case m.Compat:
			compat = append(compat, m)
		default:
			list = append(list, m)
			wrapped = wrapped || m.Alias && len(m.Group) == 0
		}
	}
	switch {
	case wrapped && w.modern:
		return of("modules", of("wrapped", of("group", w.group(list, nil, l.MainModule)), w.compat(compat), w.wrapped(l)))
	case wrapped:
		alias := slices.IndexFunc(list, func(m Module) bool { return m.Alias })
		a := list[alias]
		return of("modules", of("wrapped", of("main_module_name", l.MainModule), items("modules", w.records(slices.Delete(list, alias, alias+1))),
			of("alias_module", a.flat()), w.wrapped(l), w.compat(compat)))
	case len(list) == 1:
		return of("modules", of("singleton", w.module(list[0])))
	case w.modern:
		return of("modules", of("unwrapped", w.nodes(list, nil)))
	}
	return of("modules", of("unwrapped", w.records(list)))
}

// items is a field of what is there.
func items(name string, list []*tree) *tree {
	if len(list) == 0 {
		return nil
	}
	return of(name, list)
}

func (w *duneWriter) wrapped(l *Package) *tree {
	if l.Transition != "" {
		return of("wrapped", of("transition", l.Transition))
	}
	return of("wrapped", "true")
}

func (w *duneWriter) compat(list []Module) *tree {
	return listOf("wrapped_compat", len(list), func(i int) *tree { return of(w.module(list[i])) })
}

func (w *duneWriter) records(list []Module) []*tree {
	out := make([]*tree, len(list))
	for i, m := range list {
		out[i] = of(w.module(m))
	}
	return out
}

// group is the modules of one level of names, with the module that has names
// for them.
func (w *duneWriter) group(all []Module, within []string, name string) []*tree {
	var alias *tree
	for _, m := range all {
		if m.Alias && slices.Equal(m.Group, within) {
			alias = of("alias", w.module(m))
		}
	}
	return of(alias, of("name", name), items("modules", w.nodes(all, within))).items
}

// nodes lists the modules of one level, and the levels below.
func (w *duneWriter) nodes(all []Module, within []string) []*tree {
	byName := map[string]*tree{}
	for _, m := range all {
		switch {
		case len(m.Group) > len(within) && slices.Equal(m.Group[:len(within)], within):
			n := m.Group[len(within)]
			if byName[n] == nil {
				byName[n] = of("group", n, w.group(all, m.Group[:len(within)+1], n))
			}
		case !m.Alias && slices.Equal(m.Group, within):
			byName[m.Name] = of("module", w.module(m))
		}
	}
	var out []*tree
	for _, n := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, byName[n])
	}
	return out
}

// module is the record of one module.
func (w *duneWriter) module(m Module) []*tree {
	if !w.modern {
		return m.flat()
	}
	out := []*tree{of("obj_name", m.Object), of("visibility", m.visibility())}
	if k := m.kind(); k != nil {
		out = append(out, of("kind", k))
	}
	name := slices.Concat(m.Group, []string{m.Name})
	if n := len(m.Group); m.Alias && n > 0 && m.Name != m.Group[n-1] {
		name = []string{m.Name} // somebody wrote a module of the group's name
	}
	source := of("source", of("path", name))
	if m.Intf {
		source.add(of("intf", of("path", m.IntfFile)))
	}
	if m.Impl {
		source.add(of("impl", of("path", m.ImplFile)))
	}
	return append(out, source)
}

func (m Module) visibility() string {
	if m.Private {
		return "private"
	}
	return "public"
}

// kind is what a module is, unless it is like most.
func (m Module) kind() *tree {
	switch {
	case m.Alias && len(m.Group) > 0:
		return of("alias", of(m.Group))
	case m.Alias:
		return &tree{atom: "alias"}
	case m.Compat:
		return &tree{atom: "wrapped_compat"}
	case m.Virtual:
		return &tree{atom: "virtual"}
	case m.Implements:
		return &tree{atom: "impl_vmodule"}
	}
	return nil
}

// flat is the module's record in Flat.
func (m Module) flat() []*tree {
	out := []*tree{of("name", m.Name), of("obj_name", m.Object), of("visibility", m.visibility())}
	if k := m.kind(); k != nil {
		out = append(out, of("kind", k))
	}
	if m.Impl {
		out = append(out, of("impl"))
	}
	if m.Intf {
		out = append(out, of("intf"))
	}
	return out
}
