package findlib

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"erg.build/erg/contexts/dune/sexp"
)

// WriteMeta writes a package's META file as dune does, so that who compares
// installations sees no difference: libraries nest by their names, and each
// part of a name has a directory. Template is the text of a META template, if
// the package has one: a line "# DUNE_GEN" in it stands for what is generated.
func WriteMeta(pkg, version string, libs []*Package, template string) string {
	tree := &block{}
	for _, l := range libs {
		tree.add(strings.Split(l.Name, ".")[1:], settings(l, version))
	}
	text := strings.TrimSuffix(tree.text(""), "\n")
	if template == "" {
		return text
	}
	lines := strings.SplitAfter(template, "\n")
	for i, l := range lines {
		switch strings.TrimRight(l, "\r\n") {
		case "# DUNE_GEN", "# JBUILDER_GEN":
			lines[i] = text + "\n"
		}
	}
	return strings.Join(lines, "")
}

// A block is a package within a META file.
type block struct {
	lines []string
	subs  map[string]*block
}

func (b *block) add(path []string, lines []string) {
	for _, name := range path {
		if b.subs == nil {
			b.subs = map[string]*block{}
		}
		if b.subs[name] == nil {
			b.subs[name] = &block{}
		}
		b = b.subs[name]
	}
	b.lines = append(b.lines, lines...)
}

func (b *block) text(indent string) string {
	var out strings.Builder
	for _, l := range b.lines {
		out.WriteString(folded(indent, l) + "\n")
	}
	names := make([]string, 0, len(b.subs))
	for n := range b.subs {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		out.WriteString(indent + "package " + metaQuoted(n) + " (\n")
		out.WriteString(indent + "  " + setting("directory", "", n) + "\n")
		out.WriteString(b.subs[n].text(indent+"  ") + indent + ")\n")
	}
	return out.String()
}

// folded is a line as dune's printer folds it: where it is too long, the value
// begins a line, and if it is too long still, so does each word of a list.
func folded(indent, line string) string {
	name, value, ok := strings.Cut(line, " = ")
	limit := width
	if indent != "" {
		limit-- // within a box
	}
	if !ok || len(indent)+len(line) <= limit {
		return indent + line
	}
	variable, _, _ := strings.Cut(name, "(")
	if len(indent)+len(value) > limit && slices.Contains(wordLists, variable) {
		value = strings.ReplaceAll(value, " ", "\n"+indent+" ")
	}
	return indent + name + " =\n" + indent + value
}

// wordLists are the variables whose values dune's printer folds between words.
var wordLists = []string{"archive", "plugin", "requires", "ppx_runtime_deps", "linkopts", "jsoo_runtime"}

func metaQuoted(s string) string {
	return `"` + strings.NewReplacer(`"`, `\"`).Replace(s) + `"`
}

func setting(variable, predicates, value string) string {
	if predicates != "" {
		variable += "(" + predicates + ")"
	}
	return variable + " = " + metaQuoted(value)
}

// settings are the lines that describe a library.
func settings(l *Package, version string) []string {
	var out []string
	add := func(variable, predicates, value string) { out = append(out, setting(variable, predicates, value)) }
	if version != "" {
		add("version", "", version)
	}
	if l.Archives == nil && l.Plugins == nil { // a name for another one
		add("requires", "", names(l.Requires, false))
		add("exports", "", names(l.Requires, true))
		return out
	}
	add("description", "", description(l))
	driver, comma := "", ""
	if l.Kind == Rewriter || l.Kind == Deriver {
		driver, comma = "ppx_driver", "ppx_driver,"
	}
	add("requires", driver, names(l.Requires, false))
	for _, x := range []struct {
		variable string
		files    map[string][]string
	}{{"archive", l.Archives}, {"plugin", l.Plugins}} {
		add(x.variable, comma+Byte, bases(x.files[Byte]))
		add(x.variable, comma+Native, bases(x.files[Native]))
	}
	if len(l.PPXRuntimeDeps) > 0 {
		out = append(out, "# This is what dune uses to find out the runtime dependencies of", "# a preprocessor")
		add("ppx_runtime_deps", "", sorted(l.PPXRuntimeDeps))
	}
	if driver != "" {
		out = append(out, "# This line makes things transparent for people mixing preprocessors", "# and normal dependencies")
		add("requires", "-ppx_driver", sorted(l.RuntimeClosure))
		if l.Kind == Rewriter {
			add("ppx", "-ppx_driver,-custom_ppx", "./ppx.exe --as-ppx")
		} else {
			out = append(out, `requires(-ppx_driver,-custom_ppx) += "ppx_deriving"`)
			add("ppxopt", "-ppx_driver,-custom_ppx", "ppx_deriving,package:"+l.Name)
		}
		add("library_kind", "", string(l.Kind))
	}
	if len(l.JSRuntime) > 0 {
		add("jsoo_runtime", "", bases(l.JSRuntime))
	}
	return out
}

// description is what dune says of libraries without a synopsis.
func description(l *Package) string {
	switch {
	case l.Description != "":
		return l.Description
	case strings.HasSuffix(l.Name, ".runtime-lib"):
		return "Runtime library for " + strings.TrimSuffix(l.Name, ".runtime-lib")
	case strings.HasSuffix(l.Name, ".expander"):
		return "Expander for " + strings.TrimSuffix(l.Name, ".expander")
	}
	return ""
}

func names(list []Require, exported bool) string {
	var out []string
	for _, r := range list {
		if r.ReExport || !exported {
			out = append(out, r.Name)
		}
	}
	return sorted(out)
}

func sorted(list []string) string {
	list = append([]string{}, list...)
	sort.Strings(list)
	var out []string
	for i, s := range list {
		if i == 0 || s != list[i-1] {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

func bases(files []string) string {
	var out []string
	for _, f := range files {
		out = append(out, f[strings.LastIndexByte(f, '/')+1:])
	}
	return strings.Join(out, " ")
}

// packageFormat is the version of dune-package files that WriteDunePackage
// writes: one that all of today's dune can read.
const packageFormat = "2.9"

// WriteDunePackage writes a package's dune-package file. Files of the
// libraries are relative to the package's directory.
//
// Sites come with the sections of the package, since users of the sites look
// for them there.
func WriteDunePackage(pkg, version string, libs []*Package, sections map[string]string, sites []Site) string {
	var b strings.Builder
	line := func(x *tree) { x.write(&b, 0); b.WriteByte('\n') }
	line(of("lang", "dune", packageFormat))
	line(of("name", pkg))
	if version != "" {
		line(of("version", version))
	}
	if len(sites) > 0 {
		sectionsOf, siteList := of("sections"), of("sites")
		for _, n := range slices.Sorted(maps.Keys(sections)) {
			sectionsOf.items = append(sectionsOf.items, of(n, sections[n]))
		}
		for _, x := range sites {
			siteList.items = append(siteList.items, of(x.Name, x.Section))
		}
		line(sectionsOf)
		line(siteList)
	}
	for _, l := range libs {
		if l.Archives == nil && l.Plugins == nil {
			line(of("deprecated_library_name", of("old_public_name", l.Name), of("new_public_name", l.Requires[0].Name)))
			continue
		}
		line(l.tree())
	}
	return b.String()
}

// A tree is an s-expression to be printed as dune does: on one line if it
// fits, else each item on a line of its own.
type tree struct {
	atom  string
	items []*tree
}

// of makes a list of strings and trees.
func of(items ...any) *tree {
	t := &tree{}
	for _, x := range items {
		switch x := x.(type) {
		case string:
			t.items = append(t.items, &tree{atom: sexp.Quote(x)})
		case []string:
			t.items = append(t.items, of(anys(x)...).items...)
		case *tree:
			if x != nil {
				t.items = append(t.items, x)
			}
		case []*tree:
			t.items = append(t.items, x...)
		}
	}
	return t
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// width is the number of columns that fit.
const width = 78

func (t *tree) flat() string {
	if t.atom != "" {
		return t.atom
	}
	parts := make([]string, len(t.items))
	for i, x := range t.items {
		parts[i] = x.flat()
	}
	return "(" + strings.Join(parts, " ") + ")"
}

// write writes the tree at a column. Parentheses that close what is around it
// do not count.
func (t *tree) write(b *strings.Builder, col int) {
	if s := t.flat(); t.atom != "" || col+len(s) <= width {
		b.WriteString(s)
		return
	}
	b.WriteByte('(')
	for i, x := range t.items {
		if i > 0 {
			b.WriteString("\n" + strings.Repeat(" ", col+1))
		}
		x.write(b, col+1)
	}
	b.WriteByte(')')
}

// field is a field, if there is something in it.
func field(name string, values []string) *tree {
	if len(values) == 0 {
		return nil
	}
	return of(name, values)
}

func some(name, value string) *tree {
	if value == "" {
		return nil
	}
	return of(name, value)
}

func byMode(name string, files map[string][]string) *tree {
	byte, native := field(Byte, files[Byte]), field(Native, files[Native])
	if byte == nil && native == nil {
		return nil
	}
	return of(name, byte, native)
}

// tree is the library's record.
func (l *Package) tree() *tree {
	var requires []*tree
	for _, r := range l.Requires {
		if r.ReExport {
			requires = append(requires, of("re_export", r.Name))
		} else {
			requires = append(requires, &tree{atom: sexp.Quote(r.Name)})
		}
	}
	var req *tree
	if len(requires) > 0 {
		req = of("requires", requires)
	}
	var virtual *tree
	if l.Virtual {
		virtual = of("virtual")
	}
	var private *tree
	if slices.ContainsFunc(l.Modules, func(m Module) bool { return m.Private }) {
		private = of("obj_dir", of("private_dir", ".private"))
	}
	return of("library", of("name", l.Name), of("kind", l.kindTree()), virtual,
		some("synopsis", l.Description), some("orig_src_dir", l.SourceDir),
		byMode("archives", l.Archives), byMode("plugins", l.Plugins),
		field("foreign_objects", l.ForeignObjects), field("foreign_archives", l.StubArchives),
		field("native_archives", l.NativeArchives), field("jsoo_runtime", l.JSRuntime),
		req, field("ppx_runtime_deps", l.PPXRuntimeDeps), some("implements", l.Implements),
		some("default_implementation", l.Default), some("main_module_name", l.MainModule),
		field("modes", l.Modes), private, l.modulesTree(), some("instrumentation.backend", l.Instrumentation), written(l.Backend), written(l.Driver), l.special())
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

// written is a node as it was written.
func written(n *sexp.Node) *tree {
	switch {
	case n == nil:
		return nil
	case n.Kind != sexp.List:
		return &tree{atom: n.String()}
	}
	t := &tree{}
	for _, item := range n.Items {
		t.items = append(t.items, written(item))
	}
	return t
}

// modulesTree says which modules there are.
func (l *Package) modulesTree() *tree {
	if l.grouped() {
		return l.groupedTree()
	}
	var alias *Module
	var list []Module
	for i, m := range l.Modules {
		if m.Alias {
			alias = &l.Modules[i]
		} else {
			list = append(list, m)
		}
	}
	records := make([]*tree, len(list))
	for i, m := range list {
		records[i] = of(m.fields())
	}
	var modules *tree
	if len(records) > 0 {
		modules = of("modules", records)
	}
	switch {
	case alias != nil:
		return of("modules", of("wrapped", of("main_module_name", l.MainModule), modules, of("alias_module", alias.fields()), of("wrapped", "true")))
	case len(list) == 1:
		return of("modules", of("singleton", list[0].fields()))
	}
	return of("modules", of("unwrapped", records))
}

func (m Module) fields() []*tree {
	visibility := "public"
	if m.Private {
		visibility = "private"
	}
	out := []*tree{of("name", m.Name), of("obj_name", m.Object), of("visibility", visibility)}
	switch {
	case m.Alias:
		out = append(out, of("kind", "alias"))
	case m.Virtual:
		out = append(out, of("kind", "virtual"))
	case m.Implements:
		out = append(out, of("kind", "impl_vmodule"))
	}
	if m.Impl {
		out = append(out, of("impl"))
	}
	if m.Intf {
		out = append(out, of("intf"))
	}
	return out
}
