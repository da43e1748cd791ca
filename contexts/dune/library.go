package dune

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A Library is (library …).
type Library struct {
	Head
	Buildable
	Name                   Text
	PublicName             Text
	Package                Text // given without a public name
	Synopsis               string
	Wrapped                Wrapped
	Modes                  LibraryModes
	Kind                   LibraryKind
	Cookies                []Cookie // of a kind ppx_…
	InstallCHeaders        []Text   // without extension
	PublicHeaders          []Dep
	PpxRuntimeLibraries    []Text
	LibraryFlags           Set
	CLibraryFlags          Set
	VirtualDeps            []Text
	Optional               bool
	NoDynlink              bool
	InlineTests            *InlineTests
	InlineTestsBackend     *InlineTestsBackend
	VirtualModules         *Set // nil: the library is not virtual
	Implements             Text
	DefaultImplementation  Text
	PrivateModules         *Set
	PpxDriver              *PpxDriver
	SpecialBuiltin         *SpecialBuiltin
	EnabledIf              Bool
	InstrumentationBackend Text // the ppx of instrumentation.backend
	Stdlib                 bool
}

// Wrapped says whether a library's modules are hidden behind one.
type Wrapped struct {
	Yes        bool // also the default
	Transition Text // the message with which the old names are kept
	Given      bool // else an implementation has what its virtual library has
}

// LibraryModes says for what a library is compiled.
type LibraryModes struct {
	Byte, Native bool
	Best         bool // native if there is a native compiler, byte code if not
	Given        bool
}

// A LibraryKind is what a library is to ppx.
type LibraryKind string

// The kinds of libraries.
const (
	KindNormal      LibraryKind = "normal"
	KindPpxRewriter LibraryKind = "ppx_rewriter"
	KindPpxDeriver  LibraryKind = "ppx_deriver"
)

// A Cookie is passed to a ppx driver.
type Cookie struct {
	Name  string
	Value Template
}

// InlineTests is (inline_tests …) in a library.
type InlineTests struct {
	Deps      []Dep
	Flags     Set
	OCaml     OCamlFlags // of the runner
	LinkFlags Set        // of the runner
	Backend   Text
	Libraries []Text
	Modes     []string // "best", "byte", "native", "js", "wasm"
	EnabledIf Bool
	Range     hcl.Range
}

// InlineTestsBackend is (inline_tests.backend …) in a library.
type InlineTestsBackend struct {
	RunnerLibraries     []Text
	Flags               Set
	ListPartitionsFlags *Set
	GenerateRunner      *Action
	Extends             []Text
	Fields              []*sexp.Node // as they are written
	Range               hcl.Range
}

// PpxDriver is (ppx.driver …) in a library: how programs that rewrite sources
// with it are made and run.
type PpxDriver struct {
	Main       string // the function that a driver calls
	Flags      Set
	AsPpxFlags Set // when the compiler runs it: staged_pps
	LintFlags  Set
	Replaces   []Text
	Fields     []*sexp.Node // as they are written
	Range      hcl.Range
}

// SpecialBuiltin is (special_builtin_support …).
type SpecialBuiltin struct {
	Kind       string // "findlib_dynload", "dune_site", "build_info", "configurator"
	DataModule string // of build_info and dune_site
	Plugins    bool
	Node       *sexp.Node // as it is written
	Range      hcl.Range
}

// A ForeignLibrary is (foreign_library …).
type ForeignLibrary struct {
	Head
	ForeignStubs
	ArchiveName   Text
	EnabledIf     Bool
	ExtraObjects  Set
	CLibraryFlags Set
}

// DeprecatedLibraryName is (deprecated_library_name …).
type DeprecatedLibraryName struct {
	Head
	OldPublicName, NewPublicName Text
}

// libraryStanza reads (library …).
func (r *reader) libraryStanza(h Head, items []*sexp.Node) []Stanza {
	f := r.fields("a library stanza", h.Range, items)
	l := &Library{
		Head:                   h,
		Wrapped:                f.get("wrapped").wrapped(),
		Buildable:              f.buildable(true),
		Name:                   f.get("name").text(),
		PublicName:             f.get("public_name").libName(),
		Package:                f.get("package", since(2, 8)).text(),
		Synopsis:               f.get("synopsis").text().Value,
		InstallCHeaders:        f.get("install_c_headers").texts(),
		PublicHeaders:          f.get("public_headers", since(3, 8)).deps(),
		PpxRuntimeLibraries:    f.get("ppx_runtime_libraries").libNames(),
		LibraryFlags:           f.get("library_flags").set(),
		CLibraryFlags:          f.get("c_library_flags").set(),
		VirtualDeps:            f.get("virtual_deps").libNames(),
		Modes:                  f.get("modes").libraryModes(),
		Optional:               f.get("optional").flag(),
		NoDynlink:              f.get("no_dynlink").flag(),
		VirtualModules:         f.get("virtual_modules", since(1, 7)).setSince(3, 13).optional(),
		Implements:             f.get("implements", since(1, 7)).libName(),
		DefaultImplementation:  f.get("default_implementation", since(2, 6)).libName(),
		PrivateModules:         f.get("private_modules", since(1, 2)).setSince(3, 13).optional(),
		EnabledIf:              f.libraryEnabledIf(),
		InstrumentationBackend: f.get("instrumentation.backend", since(2, 7)).backendPpx(),
		InlineTests:            f.get("inline_tests").inlineTests(),
		InlineTestsBackend:     f.get("inline_tests.backend").inlineTestsBackend(),
		PpxDriver:              f.get("ppx.driver").ppxDriver(),
		SpecialBuiltin:         f.get("special_builtin_support", since(1, 10)).specialBuiltin(),
		Stdlib:                 f.get("stdlib", extension("experimental_building_ocaml_compiler_with_dune", 0, 1)) != nil,
	}
	l.Kind, l.Cookies = f.get("kind").libraryKind()
	if a := f.get("no_keep_locs"); a != nil {
		if r.lang.AtLeast(2, 0) {
			r.errorf(a.at(), "Unused field", "no_keep_locs has no effect. Remove it.")
		} else {
			r.note(a.at(), "no_keep_locs", "no_keep_locs has no effect.")
		}
	}
	if a := f.get("parameters"); a != nil {
		r.errorf(a.at(), "Not supported", "Parameterised libraries of OxCaml cannot be built.")
	}
	f.end()
	r.finishLibrary(l)
	return []Stanza{l}
}

// libraryEnabledIf reads enabled_if, where any variable may be used since 3.15.
func (f *fields) libraryEnabledIf() Bool {
	if f.r.lang.AtLeast(3, 15) {
		return f.get("enabled_if").boolean()
	}
	return f.enabledIf(since(1, 10), libraryVars, false)
}

// finishLibrary fills in what fields say together, and holds them against each other.
func (r *reader) finishLibrary(l *Library) {
	switch {
	case l.Name.Given():
	case !l.PublicName.Given() && r.lang.AtLeast(1, 1):
		r.errorf(l.Range, summaryMissing, "A library needs a name or a public_name.")
	case !l.PublicName.Given(), !r.lang.AtLeast(1, 1):
		r.errorf(l.Range, summaryMissing, "The field \"name\" of a library stanza is missing. It may be left out, with a public_name, since version 1.1 of the dune language.")
	case !validLibName(l.PublicName.Value):
		r.errorf(l.PublicName.Range, summaryName, "%q cannot be the name of a library, as it would be: that is letters, digits and _. Add a field \"name\".", l.PublicName)
	}
	if l.Name.Given() {
		if !validLibName(l.Name.Value) {
			r.errorf(l.Name.Range, summaryName, "%q is no name of a library: that is letters, digits and _. Public names are free.", l.Name)
		}
	} else {
		l.Name = l.PublicName
	}
	if l.Package.Given() && l.PublicName.Given() {
		r.errorf(l.Package.Range, "Two fields for one", "This library has a public_name, which says what package it belongs to.")
	}
	virtual, kind := l.VirtualModules != nil, l.Kind
	switch {
	case virtual && l.Implements.Given():
		r.errorf(l.Implements.Range, "Two fields for one", "A library cannot be virtual and implement %s.", l.Implements)
	case virtual && kind != KindNormal:
		r.errorf(l.VirtualModules.Range, "Two fields for one", "A library cannot be virtual and of kind %s.", kind)
	case !virtual && l.DefaultImplementation.Given():
		r.errorf(l.DefaultImplementation.Range, "No virtual library", "Only a library with virtual_modules can have a default implementation.")
	case l.Implements.Given() && l.Wrapped.Given:
		r.errorf(l.Implements.Range, "Two fields for one", "An implementation is wrapped as its virtual library is: remove the field \"wrapped\".")
	}
}

func validLibName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '\'' && i > 0) {
			return false
		}
	}
	return name != ""
}

// wrapped reads (wrapped true), (wrapped false) or (wrapped (transition MESSAGE)).
func (a *field) wrapped() Wrapped {
	n := a.one()
	switch head := ""; {
	case n == nil:
		return Wrapped{Yes: true}
	case n.Kind == sexp.List:
		head, _ = n.Head()
		if head != "transition" || len(n.Items) != 2 {
			a.r.errorf(n.Range, "Unknown value", "It is true, false or (transition MESSAGE).")
			return Wrapped{Yes: true}
		}
		since(1, 2)(a.r, "'transition'", n.Range)
		return Wrapped{Yes: true, Transition: a.r.text(n.Items[1]), Given: true}
	}
	return Wrapped{Yes: a.r.truth(n), Given: true}
}

// libraryModes reads modes: since 3.8 a set, of which the standard is byte and best.
func (a *field) libraryModes() LibraryModes {
	if a == nil {
		return LibraryModes{Byte: true, Best: true}
	}
	s := a.constantSet()
	if plain := !slices.ContainsFunc(s.Sets, func(e Set) bool { return e.Op != SetElement }); !plain || s.Op == SetDiff {
		since(3, 8)(a.r, "A set of modes", a.at())
	}
	for _, t := range s.Templates() {
		if mode, ok := t.Text(); ok && !slices.Contains([]string{"byte", "native", "best", "melange"}, mode) {
			a.r.errorf(t.Range, "Unknown mode", "%q is no mode of a library. It may be byte, native, best or melange.", mode)
		}
	}
	// The set is constant, so there is nothing that can fail.
	words, _ := s.Eval(SetEval{Standard: []string{"byte", "best"}, Expand: func(*sexp.Var) ([]string, error) { return nil, nil }})
	if slices.Contains(words, "melange") {
		a.r.note(a.at(), "melange", "Melange is not built, so this has no effect.")
	}
	return LibraryModes{
		Byte: slices.Contains(words, "byte"), Native: slices.Contains(words, "native"), Best: slices.Contains(words, "best"),
		Given: true,
	}
}

// libraryKind reads normal, ppx_rewriter or ppx_deriver, maybe with cookies.
func (a *field) libraryKind() (LibraryKind, []Cookie) {
	n := a.one()
	if n == nil {
		return KindNormal, nil
	}
	word, items := n, []*sexp.Node(nil)
	if n.Kind == sexp.List && len(n.Items) > 0 {
		word, items = n.Items[0], n.Items[1:]
	}
	kind := a.r.word(word, "normal", "ppx_rewriter", "ppx_deriver")
	var cookies []Cookie
	f := a.r.fields("(kind …)", n.Range, items)
	if c := f.get("cookies"); c != nil {
		cookies = a.r.cookies(c.args)
	}
	f.end()
	if kind == "" {
		kind = string(KindNormal)
	}
	return LibraryKind(kind), cookies
}

// cookies reads (NAME VALUE)….
func (r *reader) cookies(items []*sexp.Node) []Cookie {
	var cookies []Cookie
	for _, item := range items {
		if item.Kind != sexp.List || len(item.Items) != 2 {
			r.errorf(item.Range, "Wrong cookie", "It is (NAME VALUE).")
			continue
		}
		since(1, 10)(r, "A cookie", item.Range)
		cookies = append(cookies, Cookie{Name: r.text(item.Items[0]).Value, Value: r.template(item.Items[1])})
	}
	return cookies
}

// ReadCookies reads the cookies that an installed rewriter wants.
func ReadCookies(items []*sexp.Node) ([]Cookie, hcl.Diagnostics) {
	r := DefaultProject().reader()
	return r.cookies(items), r.diags
}

// ReadInlineTestsBackend reads what an installed library says of inline tests:
// a list that begins with inline_tests.backend.
func ReadInlineTestsBackend(n *sexp.Node) (*InlineTestsBackend, hcl.Diagnostics) {
	r := DefaultProject().reader()
	a := &field{r: r, name: "inline_tests.backend", node: n, args: n.Items[1:]}
	return a.inlineTestsBackend(), r.diags
}

// backendPpx reads (instrumentation.backend (ppx LIBRARY)).
func (a *field) backendPpx() Text {
	if a == nil {
		return Text{}
	}
	f := a.fields()
	defer f.end()
	return f.need("ppx").libName()
}

func (a *field) inlineTests() *InlineTests {
	if a == nil {
		return nil
	}
	f := a.fields()
	t := &InlineTests{
		Deps:      f.get("deps").deps(),
		Flags:     f.get("flags").set(),
		Backend:   f.get("backend").libName(),
		Libraries: f.get("libraries").libNames(),
		EnabledIf: f.get("enabled_if", since(3, 0)).boolean(),
		Modes:     []string{"best"},
		Range:     a.at(),
	}
	if m := f.get("modes", since(1, 11)); m != nil {
		t.Modes = nil
		for _, n := range m.args {
			t.Modes = append(t.Modes, a.r.word(n, "byte", "native", "best", "js", "wasm"))
		}
	}
	if e := f.get("executable", since(2, 8)); e != nil {
		g := e.fields()
		t.OCaml, t.LinkFlags = g.ocamlFlags(), g.get("link_flags", since(3, 0)).set()
		g.end()
	}
	f.end()
	return t
}

func (a *field) inlineTestsBackend() *InlineTestsBackend {
	if a == nil {
		return nil
	}
	f := a.fields()
	b := &InlineTestsBackend{
		RunnerLibraries:     f.get("runner_libraries").libNames(),
		Flags:               f.get("flags").set(),
		ListPartitionsFlags: f.get("list_partitions_flags", since(3, 8)).set().optional(),
		GenerateRunner:      f.get("generate_runner").action(),
		Extends:             f.get("extends").libNames(),
		Fields:              a.args,
		Range:               a.at(),
	}
	f.end()
	return b
}

func (a *field) ppxDriver() *PpxDriver {
	if a == nil {
		return nil
	}
	f := a.fields()
	d := f.ppxDriver(a.at())
	d.Fields = a.args
	f.end()
	return d
}

func (f *fields) ppxDriver(at hcl.Range) *PpxDriver {
	return &PpxDriver{
		Main:       f.need("main").text().Value,
		Flags:      f.get("flags").set(),
		AsPpxFlags: f.get("as_ppx_flags").set(),
		LintFlags:  f.get("lint_flags").set(),
		Replaces:   f.get("replaces").libNames(),
		Range:      at,
	}
}

// ReadPpxDriver reads (ppx.driver …) as it stands in a dune-package file,
// where newer versions of dune may write more than is known.
func ReadPpxDriver(n *sexp.Node) (*PpxDriver, hcl.Diagnostics) {
	r := &reader{lang: Latest}
	d := r.fields("(ppx.driver …)", n.Range, n.Items[1:]).ppxDriver(n.Range)
	return d, r.diags
}

// specialBuiltin reads findlib_dynload, or (build_info …) and the like.
func (a *field) specialBuiltin() *SpecialBuiltin {
	n := a.one()
	if n == nil {
		return nil
	}
	return a.r.specialBuiltin(n)
}

// ReadSpecialBuiltin reads what special_builtin_support says in a
// dune-package file.
func ReadSpecialBuiltin(n *sexp.Node) (*SpecialBuiltin, hcl.Diagnostics) {
	r := &reader{lang: Latest}
	return r.specialBuiltin(n), r.diags
}

func (r *reader) specialBuiltin(n *sexp.Node) *SpecialBuiltin {
	word, items := n, []*sexp.Node(nil)
	if n.Kind == sexp.List && len(n.Items) > 0 {
		word, items = n.Items[0], n.Items[1:]
	}
	b := &SpecialBuiltin{Kind: r.word(word, "findlib_dynload", "build_info", "configurator", "dune_site"), Node: n, Range: n.Range}
	f := r.fields("(special_builtin_support …)", n.Range, items)
	b.DataModule = f.get("data_module").text().Value
	b.Plugins = f.get("plugins").flag()
	f.get("api_version").text()
	f.end()
	return b
}

// foreignLibrary reads (foreign_library …).
func (r *reader) foreignLibrary(h Head, items []*sexp.Node) []Stanza {
	since(2, 0)(r, "'foreign_library'", h.Range)
	f := r.fields("a foreign_library stanza", h.Range, items)
	l := &ForeignLibrary{
		Head:          h,
		ArchiveName:   f.need("archive_name").text(),
		ForeignStubs:  f.foreignStubs(),
		EnabledIf:     f.get("enabled_if", since(3, 14)).boolean(),
		ExtraObjects:  f.get("extra_objects", since(3, 19)).set(),
		CLibraryFlags: f.get("c_library_flags", since(3, 23)).set(),
	}
	f.end()
	if n := l.ArchiveName; n.Value == "." || n.Value == ".." || strings.ContainsAny(n.Value, `/\`) {
		r.errorf(n.Range, summaryName, "%q is no name of an archive.", n)
	}
	return []Stanza{l}
}

// deprecatedLibraryName reads (deprecated_library_name …).
func (r *reader) deprecatedLibraryName(h Head, items []*sexp.Node) []Stanza {
	since(2, 0)(r, "'deprecated_library_name'", h.Range)
	f := r.fields("a deprecated_library_name stanza", h.Range, items)
	d := &DeprecatedLibraryName{Head: h, OldPublicName: f.need("old_public_name").libName(), NewPublicName: f.need("new_public_name").libName()}
	f.end()
	if d.OldPublicName.Value == d.NewPublicName.Value && d.OldPublicName.Given() {
		r.errorf(d.OldPublicName.Range, "Same name", "The old name and the new one must differ.")
	}
	return []Stanza{d}
}
