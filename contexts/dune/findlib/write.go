package findlib

import (
	"slices"
	"sort"
	"strings"
)

// A MetaFile is what a META file says.
type MetaFile struct {
	Version   string
	Libraries []*Package
	// Template is the text of a META template, if the package has one: a line
	// "# DUNE_GEN" in it stands for what is generated.
	Template string
	// Exports says that libraries name what they re-export. What has another
	// name does so in any case.
	Exports bool
	// Former says that the package has nothing but names for the libraries of
	// another one.
	Former bool
}

// Text writes the file as dune does, so that who compares installations sees
// no difference: libraries nest by their names, and each part of a name has a
// directory.
func (m *MetaFile) Text() string {
	tree := &block{}
	for _, l := range m.Libraries {
		tree.add(strings.Split(l.Name, ".")[1:], m.settings(l))
	}
	text := strings.TrimSuffix(tree.text("", !m.Former), "\n")
	switch {
	case m.Former:
		return text + "\n"
	case m.Template == "":
		return text
	}
	lines := strings.SplitAfter(m.Template, "\n")
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

func (b *block) text(indent string, dirs bool) string {
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
		if dirs {
			out.WriteString(indent + "  " + setting("directory", "", n) + "\n")
		}
		out.WriteString(b.subs[n].text(indent+"  ", dirs) + indent + ")\n")
	}
	return out.String()
}

// folded is a line as dune's printer folds it: where it is too long, the value
// begins a line, and if a list is too long still, so does each of its words. After
// predicates the value stays where it is.
func folded(indent, line string) string {
	name, value, ok := strings.Cut(line, " = ")
	limit := width
	if indent != "" {
		limit-- // within a box
	}
	if !ok || len(indent)+len(line) <= limit {
		return indent + line
	}
	variable, _, predicates := strings.Cut(name, "(")
	list := slices.Contains(lists, variable)
	words := func(column int) string { return strings.ReplaceAll(value, " ", "\n"+strings.Repeat(" ", column)) }
	switch {
	case predicates && list:
		start := indent + name + " = "
		return start + words(len(start)+len(`"`))
	case predicates:
		return indent + line
	case list && len(indent)+len(value) > limit:
		value = words(len(indent) + len(`"`))
	}
	return indent + name + " =\n" + indent + value
}

// lists are the variables whose values are broken where they are long.
var lists = []string{"archive", "plugin", "requires", "ppx_runtime_deps", "linkopts", "jsoo_runtime", "wasmoo_runtime"}

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
func (m *MetaFile) settings(l *Package) []string {
	var out []string
	add := func(variable, predicates, value string) { out = append(out, setting(variable, predicates, value)) }
	exports := names(l.Requires, true)
	if m.Version != "" {
		add("version", "", m.Version)
	}
	if l.Archives == nil && l.Plugins == nil { // a name for another one
		add("requires", "", names(l.Requires, false))
		if exports != "" {
			add("exports", "", exports)
		}
		return out
	}
	add("description", "", description(l))
	driver, comma := "", ""
	if l.Kind == Rewriter || l.Kind == Deriver {
		driver, comma = "ppx_driver", "ppx_driver,"
	}
	add("requires", driver, names(l.Requires, false))
	if m.Exports && exports != "" {
		add("exports", "", exports)
	}
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
	if len(l.WasmRuntime) > 0 {
		add("wasmoo_runtime", "", bases(l.WasmRuntime))
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
