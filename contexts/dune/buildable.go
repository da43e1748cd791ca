package dune

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// Buildable is what all stanzas have that compile OCaml modules.
type Buildable struct {
	Modules                      Set
	ModulesWithoutImplementation Set
	RootModule                   Text
	EmptyInterfaceIfAbsent       bool // empty_module_interface_if_absent
	Libraries                    []LibDep
	Preprocess                   []Preprocess // the one without Modules is for all that no other names
	PreprocessorDeps             []Dep
	Instrumentation              []Instrumentation
	Lint                         []Preprocess
	Flags                        OCamlFlags
	ForeignStubs                 []ForeignStubs
	ForeignArchives              []Text // dir/name; the file is dir/libname.a
	ExtraObjects                 []Text // without extension
	AllowOverlapping             bool   // allow_overlapping_dependencies
	Ctypes                       *Ctypes
	JavaScript                   JavaScript
	Wasm                         JavaScript // what is installed for who makes WebAssembly
}

// OCamlFlags are flags for compilers.
type OCamlFlags struct {
	Common Set // flags
	Byte   Set // ocamlc_flags
	Native Set // ocamlopt_flags
}

// A LibDep is an element of a libraries field.
type LibDep struct {
	Name     Text // "" for a select
	ReExport bool
	Select   *Select
}

// A Select is (select FILE from choice…): File is a copy of the file of the
// first choice that can be had.
type Select struct {
	File    string
	Choices []Choice
	Range   hcl.Range
}

// A Choice is (required… !forbidden… -> FILE).
type Choice struct {
	Required, Forbidden []Text
	File                Text
	Range               hcl.Range
}

// ForeignStubs is (foreign_stubs …), and what is common to it and
// foreign_library. c_names and cxx_names of old files are among them too.
type ForeignStubs struct {
	Language    string // "c" or "cxx"
	Names       Set    // without extension; :standard is all sources of the language
	Flags       Set
	IncludeDirs []IncludeDir
	ExtraDeps   []Dep
	Mode        string // "byte", "native", or "" for both
	PkgConfig   Text   // a C library whose flags pkg-config tells, after Flags
	Range       hcl.Range
}

// An IncludeDir is an element of include_dirs.
type IncludeDir struct {
	Dir     Template
	Lib     Text     // (lib NAME), or
	Include Template // (include FILE): a file that lists elements
}

// buildable reads the fields of stanzas that compile modules.
func (f *fields) buildable(library bool) Buildable {
	b := Buildable{
		Modules:                      f.get("modules").setSince(3, 13),
		ModulesWithoutImplementation: f.get("modules_without_implementation").setSince(3, 13),
		RootModule:                   f.get("root_module").text(),
		EmptyInterfaceIfAbsent:       f.get("empty_module_interface_if_absent", since(3, 0)).flag(),
		Libraries:                    f.libraries("libraries", library),
		Flags:                        f.ocamlFlags(),
		AllowOverlapping:             f.get("allow_overlapping_dependencies").flag(),
		ExtraObjects:                 f.get("extra_objects", since(3, 5)).texts(),
		ForeignArchives:              f.get("foreign_archives", since(2, 0)).texts(),
	}
	b.Preprocess, b.PreprocessorDeps = f.preprocessing()
	b.Lint = f.get("lint").preprocess()
	for _, a := range f.all("instrumentation", since(2, 7)) {
		b.Instrumentation = append(b.Instrumentation, a.instrumentation())
	}
	for _, a := range f.all("foreign_stubs", since(2, 0)) {
		g := a.fields()
		b.ForeignStubs = append(b.ForeignStubs, g.foreignStubs())
		g.end()
	}
	if library {
		f.oldStubs(&b)
	}
	if a := f.get("ctypes", extension("ctypes", 0, 1)); a != nil {
		b.Ctypes = a.ctypes()
		b.ForeignStubs = append(b.ForeignStubs, b.Ctypes.stubs()...)
		for _, name := range []string{"ctypes", "ctypes.stubs"} {
			b.Libraries = append(b.Libraries, LibDep{Name: Text{Value: name, Range: b.Ctypes.Range}})
		}
	}
	b.JavaScript = f.get("js_of_ocaml").javaScript(library)
	if !library {
		f.ignore("wasm", noWasm, "wasm_of_ocaml")
	}
	b.Wasm = f.get("wasm_of_ocaml", since(3, 17)).wasm(library)
	f.ignore("melange", "Melange is not built, so this has no effect.", "melange.preprocess", "melange.preprocessor_deps",
		"melange.modules", "melange.libraries", "melange.compile_flags", "melange.runtime_deps", "melange.ppx_runtime_libraries")
	return b
}

// oldStubs reads what foreign_stubs and foreign_archives were before 2.0.
func (f *fields) oldStubs(b *Buildable) {
	stubs := deletedIn(2, 0, " Use (foreign_stubs …) instead.")
	for _, language := range []string{"c", "cxx"} {
		names := f.get(language+"_names", stubs)
		flags := f.get(language+"_flags", stubs)
		if names != nil {
			b.ForeignStubs = append(b.ForeignStubs, ForeignStubs{Language: language, Names: names.constantSet().withoutStandard(), Flags: flags.set(), Range: names.at()})
		}
	}
	archive := f.get("self_build_stubs_archive", deletedIn(2, 0, " Use (foreign_archives …) instead."))
	if archive == nil {
		return
	}
	if len(b.ForeignStubs) > 0 {
		f.r.errorf(archive.at(), "Two fields for one", "A library cannot have both self_build_stubs_archive and c_names. Both can be had since version 2.0 of the dune language.")
	}
	n := archive.one()
	if n == nil || n.Kind != sexp.List || len(n.Items) > 1 {
		f.r.errorf(archive.at(), "Wrong value", "It is (self_build_stubs_archive (NAME)) or (self_build_stubs_archive ()).")
		return
	}
	for _, name := range f.r.texts(n.Items) {
		name.Value += "_stubs"
		b.ForeignArchives = append(b.ForeignArchives, name)
	}
}

// withoutStandard returns the set with nothing for :standard.
func (s Set) withoutStandard() Set {
	if s.Op == SetStandard {
		return Set{Op: SetUnion, Range: s.Range}
	}
	s.Sets = slices.Clone(s.Sets)
	for i := range s.Sets {
		s.Sets[i] = s.Sets[i].withoutStandard()
	}
	return s
}

func (f *fields) ocamlFlags() OCamlFlags {
	return OCamlFlags{Common: f.get("flags").set(), Byte: f.get("ocamlc_flags").set(), Native: f.get("ocamlopt_flags").set()}
}

// libraries reads a field of dependencies on libraries.
func (f *fields) libraries(name string, reExport bool) []LibDep {
	a := f.get(name)
	if a == nil {
		return nil
	}
	var deps []LibDep
	seen := make(map[string]bool)
	for _, n := range a.args {
		d, ok := f.r.library(n, reExport)
		if !ok {
			continue
		}
		if seen[d.Name.Value] && d.Select == nil {
			f.r.errorf(n.Range, "Library given twice", "The library %s is there already.", d.Name)
		}
		seen[d.Name.Value] = true
		deps = append(deps, d)
	}
	return deps
}

// library reads an element of a libraries field.
func (r *reader) library(n *sexp.Node, reExport bool) (LibDep, bool) {
	if n.Kind != sexp.List {
		return LibDep{Name: r.libName(n)}, true
	}
	head, _ := n.Head()
	switch head {
	case "re_export":
		since(2, 0)(r, "'re_export'", n.Range)
		if !reExport {
			r.errorf(n.Range, "Nothing to export", "re_export is for libraries: nothing depends on this stanza.")
		}
		if len(n.Items) == 2 {
			return LibDep{Name: r.libName(n.Items[1]), ReExport: true}, true
		}
		r.errorf(n.Range, "Wrong library", "It is (re_export LIBRARY).")
	case "select":
		return r.selection(n)
	case "instantiate":
		r.errorf(n.Range, "Not supported", "Parameterised libraries of OxCaml cannot be built.")
	default:
		r.errorf(n.Range, "Unknown kind of library", "%s is no dependency on a library.%s It is a name, (re_export NAME) or (select FILE from …).", n, hint(head, []string{"re_export", "select"}))
	}
	return LibDep{}, false
}

// selection reads (select FILE from (required… !forbidden… -> FILE)…).
func (r *reader) selection(n *sexp.Node) (LibDep, bool) {
	if len(n.Items) < 3 || !n.Items[2].IsAtom("from") {
		r.errorf(n.Range, "Wrong selection", "It is (select FILE from (LIBRARY… -> FILE)…).")
		return LibDep{}, false
	}
	s := &Select{File: path.Clean(r.text(n.Items[1]).Value), Range: n.Range}
	for _, item := range n.Items[3:] {
		c := Choice{Range: item.Range}
		arrow := slices.IndexFunc(item.Items, func(n *sexp.Node) bool { return n.IsAtom("->") })
		if arrow < 0 || arrow != len(item.Items)-2 {
			r.errorf(item.Range, "Wrong choice", "It is (LIBRARY… !LIBRARY… -> FILE).")
			continue
		}
		for _, lib := range item.Items[:arrow] {
			name := r.libName(lib)
			if not, ok := strings.CutPrefix(name.Value, "!"); ok {
				name.Value = not
				c.Forbidden = append(c.Forbidden, name)
			} else {
				c.Required = append(c.Required, name)
			}
		}
		c.File = r.text(item.Items[arrow+1])
		c.File.Value = path.Clean(c.File.Value)
		r.checkChoice(s.File, c.File)
		s.Choices = append(s.Choices, c)
	}
	return LibDep{Select: s}, true
}

// checkChoice holds the name of a choice's file against that of the result,
// of which it must have the beginning and the extension.
func (r *reader) checkChoice(result string, file Text) {
	ext := path.Ext(result)
	stem := strings.TrimSuffix(result, ext)
	if r.lang.AtLeast(2, 0) && !(strings.HasPrefix(file.Value, stem) && strings.HasSuffix(file.Value, ext)) {
		r.errorf(file.Range, "Wrong name", "The files to choose from must be named %s.NAME%s.", stem, ext)
	}
}

// libName reads the name of a library.
func (r *reader) libName(n *sexp.Node) Text {
	t := r.text(n)
	if _, ok := n.Text(); ok && (t.Value == "" || t.Value[0] == '.') {
		r.errorf(n.Range, summaryName, "%q is no name of a library.", t.Value)
	}
	return t
}

func (a *field) libNames() []Text {
	if a == nil {
		return nil
	}
	var names []Text
	for _, n := range a.args {
		names = append(names, a.r.libName(n))
	}
	return names
}

func (a *field) libName() Text {
	if n := a.one(); n != nil {
		return a.r.libName(n)
	}
	return Text{}
}

// foreignStubs reads the fields of foreign_stubs, which foreign_library has too.
func (f *fields) foreignStubs() ForeignStubs {
	s := ForeignStubs{
		Language:  f.need("language").word("c", "cxx"),
		Names:     f.get("names").constantSet(),
		Flags:     f.get("flags").set(),
		ExtraDeps: f.get("extra_deps").deps(),
		Mode:      f.get("mode", extension("mode_specific_stubs", 0, 1)).word("byte", "native"),
		Range:     f.rng,
	}
	if a := f.get("include_dirs"); a != nil {
		for _, n := range a.args {
			s.IncludeDirs = append(s.IncludeDirs, f.r.includeDir(n))
		}
	}
	return s
}

func (r *reader) includeDir(n *sexp.Node) IncludeDir {
	if n.Kind != sexp.List {
		return IncludeDir{Dir: r.template(n)}
	}
	switch head, _ := n.Head(); {
	case head == "lib" && len(n.Items) == 2:
		return IncludeDir{Lib: r.libName(n.Items[1])}
	case head == "include" && len(n.Items) == 2:
		since(3, 5)(r, "'include'", n.Range)
		return IncludeDir{Include: r.template(n.Items[1])}
	}
	r.errorf(n.Range, "Wrong directory", "It is a directory, (lib NAME) or (include FILE).")
	return IncludeDir{}
}
