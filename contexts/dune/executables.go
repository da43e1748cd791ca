package dune

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// An Executable is one program of an executables stanza.
type Executable struct {
	Name       Text // of the module
	PublicName Text // not given: it is not installed
}

// Executables is (executable …) or (executables …).
type Executables struct {
	Head
	Buildable
	Programs           []Executable
	Package            Text
	LinkFlags          Set
	LinkDeps           []Dep
	Modes              []LinkMode
	Optional           bool
	Promote            *Promote
	EmbedInPlugin      []Text // embed_in_plugin_libraries
	ForbiddenLibraries []Text
	BootstrapInfo      Text
	EnabledIf          Bool
}

// A LinkMode is what is linked. Mode is "byte", "native" or "best"; Kind is
// "c", "exe", "object", "shared_object", "plugin", "byte_complete", "js" or
// "wasm".
type LinkMode struct {
	Mode, Kind string
	Range      hcl.Range
}

// Tests is (test …) or (tests …).
type Tests struct {
	Head
	Buildable
	Names              []Text
	Package            Text
	LinkFlags          Set
	Modes              []LinkMode
	Deps               Deps
	Locks              []Template
	EnabledIf          Bool
	BuildIf            Bool
	Action             *Action // nil: run the program; %{test} is it
	ForbiddenLibraries []Text
}

// A Toplevel is (toplevel …).
type Toplevel struct {
	Head
	Name       Text
	Libraries  []Text
	Preprocess Preprocess
}

// executables reads (executable …) and, with many, (executables …).
func (r *reader) executables(h Head, items []*sexp.Node, many bool) []Stanza {
	f := r.fields("an "+h.Name+" stanza", h.Range, items)
	e := &Executables{
		Head:               h,
		Programs:           f.programs(many),
		Buildable:          f.buildable(false),
		Package:            f.get("package").text(),
		LinkFlags:          f.get("link_flags").set(),
		LinkDeps:           f.get("link_deps").deps(),
		Modes:              f.get("modes").linkModes(r.lang.AtLeast(2, 0)),
		Optional:           f.get("optional", since(2, 0)).flag(),
		EmbedInPlugin:      f.get("embed_in_plugin_libraries", since(2, 4)).libNames(),
		ForbiddenLibraries: f.get("forbidden_libraries", since(2, 0)).libNames(),
		BootstrapInfo:      f.get("bootstrap_info", extension("dune-bootstrap-info", 0, 1)).text(),
		EnabledIf:          f.enabledIf(since(2, 3), programVars, !r.lang.AtLeast(2, 6)),
	}
	f.get("link_executables", deletedIn(1, 0, "")).truth()
	if a := f.get("promote", since(1, 11)); a != nil {
		e.Promote = a.r.promote(a.at(), a.args)
	}
	if a := f.get("inline_tests"); a != nil {
		r.errorf(a.at(), "Not a library", "Inline tests are only allowed in libraries.")
	}
	f.end()
	public := slices.ContainsFunc(e.Programs, func(p Executable) bool { return p.PublicName.Given() })
	if e.Package.Given() && !public {
		if f.items["public_name"] == nil && f.items["public_names"] == nil {
			r.errorf(e.Package.Range, "Unused field", "A package is nothing without a public_name.")
		}
	}
	if a := f.items["embed_in_plugin_libraries"]; a != nil && !slices.ContainsFunc(e.Modes, func(m LinkMode) bool { return m.Kind == "plugin" }) {
		r.errorf(a[0].Range, "Unused field", "embed_in_plugin_libraries is for what is linked as a plugin.")
	}
	if public && !slices.ContainsFunc(e.Modes, LinkMode.installable) {
		r.errorf(h.Range, "Nothing to install", "A program with a public_name needs one of the modes exe, native, byte and, since version 3.6 of the dune language, byte_complete.")
	}
	return []Stanza{e}
}

func (m LinkMode) installable() bool {
	return m.Kind == "exe" || m.Kind == "byte_complete"
}

// programs reads name and public_name, or names and public_names.
func (f *fields) programs(many bool) []Executable {
	suffix := ""
	if many {
		suffix = "s"
	}
	a, b := f.get("name"+suffix), f.get("public_name"+suffix)
	var names, public []Text
	if many {
		names, public = a.someTexts(), b.someTexts()
	} else {
		names, public = a.single(), b.single()
	}
	switch {
	case a == nil && b == nil:
		f.missing("name" + suffix)
		return nil
	case a == nil:
		if !f.r.lang.AtLeast(1, 1) {
			f.missing("name" + suffix)
		}
		names = public
	case b == nil:
		public = make([]Text, len(names))
	case len(names) != len(public):
		f.r.errorf(b.at(), "Lists of different length", "There must be as many public_names as names.")
		return nil
	}
	var programs []Executable
	dash := many || f.r.lang.AtLeast(3, 8)
	for i, name := range names {
		p := Executable{Name: name, PublicName: public[i]}
		if dash && p.PublicName.Value == "-" {
			p.PublicName = Text{}
			if a == nil {
				f.r.errorf(name.Range, "Missing name", "A program that is not installed needs a name.")
			}
		}
		f.moduleName(name)
		programs = append(programs, p)
	}
	return programs
}

// single returns the one text of a field as a list.
func (a *field) single() []Text {
	if a == nil {
		return nil
	}
	return []Text{a.text()}
}

// validModule reports whether a name is one of a module, but for its case.
func validModule(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '_' || c == '\'')) {
			return false
		}
	}
	return name != ""
}

// moduleName checks that a program's name is one of a module.
func (f *fields) moduleName(t Text) {
	if !validModule(t.Value) && f.r.lang.AtLeast(3, 0) && t.Given() {
		f.r.errorf(t.Range, summaryName, "%q is no name of a module: that begins with a letter, and is made of letters, digits, _ and '. Names of installed programs, public_name, are free.", t)
	}
}

// simpleModes are the words for what is linked.
var simpleModes = map[string]LinkMode{
	"exe": {Mode: "best", Kind: "exe"}, "object": {Mode: "best", Kind: "object"}, "shared_object": {Mode: "best", Kind: "shared_object"},
	"plugin": {Mode: "best", Kind: "plugin"}, "byte": {Mode: "byte", Kind: "exe"}, "native": {Mode: "native", Kind: "exe"},
	"byte_complete": {Mode: "byte", Kind: "byte_complete"}, "js": {Mode: "byte", Kind: "js"}, "wasm": {Mode: "byte", Kind: "wasm"},
	"c": {Mode: "byte", Kind: "c"},
}

// linkModes reads modes. Without any, a program is linked as exe and, by
// versions of the language from before exeOnly, as byte code.
func (a *field) linkModes(exeOnly bool) []LinkMode {
	switch {
	case a == nil && exeOnly:
		return []LinkMode{simpleModes["exe"]}
	case a == nil:
		return []LinkMode{simpleModes["byte"], simpleModes["exe"]}
	}
	if len(a.args) == 0 {
		a.r.errorf(a.at(), "Missing value", "At least one mode is needed.")
	}
	var modes []LinkMode
	for _, n := range a.args {
		m, ok := a.r.linkMode(n)
		if !ok {
			continue
		}
		m.Range = n.Range
		same := slices.ContainsFunc(modes, func(o LinkMode) bool { return o.Mode == m.Mode && o.Kind == m.Kind })
		if !same {
			modes = append(modes, m)
		}
	}
	return modes
}

func (r *reader) linkMode(n *sexp.Node) (LinkMode, bool) {
	words := slices.Sorted(maps.Keys(simpleModes))
	if n.Kind != sexp.List {
		word := r.word(n, words...)
		if word == "wasm" {
			since(3, 17)(r, "'wasm'", n.Range)
		}
		return simpleModes[word], word != ""
	}
	if len(n.Items) != 2 {
		r.errorf(n.Range, "Unknown mode", "It is (MODE KIND), as in (byte exe).")
		return LinkMode{}, false
	}
	mode := r.word(n.Items[0], "byte", "native", "best")
	kind := r.word(n.Items[1], "c", "exe", "object", "shared_object", "plugin", "js", "wasm")
	switch {
	case kind == "c":
		since(1, 2)(r, "'c'", n.Range)
		if mode == "native" {
			r.errorf(n.Range, "Unknown mode", "Only byte code can be made a C file.")
		}
	case kind == "plugin":
		since(2, 4)(r, "'plugin'", n.Range)
	case (kind == "js" || kind == "wasm") && mode != "byte":
		r.errorf(n.Range, "Unknown mode", "%s is made of byte code.", kind)
	}
	return LinkMode{Mode: mode, Kind: kind}, mode != "" && kind != ""
}

// tests reads (test …) and, with many, (tests …).
func (r *reader) tests(h Head, items []*sexp.Node, many bool) []Stanza {
	f := r.fields("a "+h.Name+" stanza", h.Range, items)
	t := &Tests{Head: h, Deps: f.get("deps").bindings()}
	r.scoped(t.Deps, func() {
		if many {
			t.Names = f.need("names").someTexts()
		} else {
			t.Names = f.need("name").single()
		}
		t.Buildable = f.buildable(false)
		t.Package = f.get("package").text()
		t.LinkFlags = f.get("link_flags").set()
		t.Locks = f.get("locks").templates()
		t.Modes = f.get("modes").linkModes(r.lang.AtLeast(3, 0))
		t.EnabledIf = f.get("enabled_if", since(1, 4)).boolean()
		t.Action = f.get("action", sinceOrWarn(1, 2)).action()
		t.ForbiddenLibraries = f.get("forbidden_libraries", since(2, 0)).libNames()
		t.BuildIf = f.get("build_if", since(3, 9)).boolean()
	})
	f.end()
	return []Stanza{t}
}

// toplevel reads (toplevel …).
func (r *reader) toplevel(h Head, items []*sexp.Node) []Stanza {
	since(1, 7)(r, "'toplevel'", h.Range)
	f := r.fields("a toplevel stanza", h.Range, items)
	t := &Toplevel{Head: h, Name: f.need("name").text(), Libraries: f.get("libraries").libNames()}
	if n := f.get("preprocess", since(2, 5)).one(); n != nil {
		t.Preprocess = r.preprocess(n)
		if k := t.Preprocess.Kind; k == PreprocessAction || k == PreprocessFutureSyntax {
			r.errorf(n.Range, "Not supported", "A toplevel may be preprocessed with pps only.")
		}
	}
	f.end()
	return []Stanza{t}
}
