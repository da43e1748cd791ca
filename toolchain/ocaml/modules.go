package ocaml

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/cc"
)

// # Wrapped modules
//
// All modules that are linked into a program share one space of names, so
// two libraries that both have a module Utils cannot meet. A library foo is
// therefore wrapped: its module A is compiled under the name Foo__A, and an
// alias module says "module A = Foo__A". Compiling with -open of the alias
// module lets sources go on calling it A, and -no-alias-deps keeps an alias
// from being a dependency, so that the alias module needs nothing and is
// compiled first.
//
// If nobody wrote foo.ml, the alias module is Foo itself, and users write
// Foo.A. If somebody did, foo.ml is the library's interface to the world:
// the aliases are in Foo__, and only what foo.ml lets through is public.
//
// The modules of executables are wrapped under Erg__exe, so that no name of
// theirs can be a library's.

// A module is one compilation unit.
type module struct {
	name  string   // as sources call it: "A"
	unit  string   // as it is compiled: "foo__A", the base name of its files
	impl  string   // its .ml; "" when there is only an interface
	intf  string   // its .mli; "" for none
	gen   bool     // an alias module
	in    []string // names of the groups around it: see "Groups"
	group *group   // the innermost, once they are known
	text  string   // of impl, when erg writes it

	aliases  []string // of modules of libraries: see Module.Aliases
	private  bool
	virtual  bool
	inferred string
	apart    bool
	flags    []string
	compat   *module // whose deprecated other name this is
	// implements is the virtual module of another library whose code this is.
	implements *module
	at         place
	cmi, cmx   string // where these are, once somebody asked

	implNames, intfNames []string  // what they mention, as ocamldep says
	implDeps, intfDeps   []*module // what of it is in the unit
}

// needs are the modules of the unit that it mentions at all.
func (m *module) needs() []*module {
	var all []*module
	for _, d := range slices.Concat(m.implDeps, m.intfDeps) {
		if !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all
}

// public are those whose interfaces one must know to know its interface.
func (m *module) public() []*module {
	if m.intf != "" {
		return m.intfDeps
	}
	return m.implDeps
}

// A ClashError says that two sources are the same module.
type ClashError struct {
	Target string // the declaration
	Module string
	A, B   string // the sources
}

func (e *ClashError) Error() string {
	return fmt.Sprintf("%s and %s are both the module %s", e.A, e.B, e.Module)
}

// Hint says what to do.
func (e *ClashError) Hint() string { return "Rename one of them, or leave one out of sources." }

// A SourceError says that a source cannot be compiled as it is named.
type SourceError struct {
	Target string
	Source string
	Reason string
}

func (e *SourceError) Error() string { return e.Source + ": " + e.Reason }

// A sorted tells the sources of a unit apart by kind.
type sorted struct {
	modules []*module // by name
	compat  []*module // by name: see Transitional
	lexers  []string  // .mll
	parsers []string  // .mly
	stubs   []string  // C
}

// sortSources turns sources into modules. What lexers and parsers generate
// counts as sources in the output root.
func sortSources(o cc.Owner, sources []string) (*sorted, error) {
	s := &sorted{}
	byName := map[string]*module{}
	add := func(src string) error {
		name, err := moduleName(o.Target, src)
		if err != nil {
			return err
		}
		m := byName[name]
		if m == nil {
			m = &module{name: name}
			byName[name] = m
			s.modules = append(s.modules, m)
		}
		place := &m.impl
		if path.Ext(src) == ".mli" {
			place = &m.intf
		}
		if *place != "" {
			return &ClashError{o.Target, name, *place, src}
		}
		*place = src
		return nil
	}
	for _, src := range sources {
		var made []string
		switch path.Ext(src) {
		case ".ml", ".mli":
			made = []string{src}
		case ".mll":
			s.lexers = append(s.lexers, src)
			made = []string{generated(o, src, ".ml")}
		case ".mly":
			s.parsers = append(s.parsers, src)
			made = []string{generated(o, src, ".ml"), generated(o, src, ".mli")}
		default:
			if cc.IsHeader(src) {
				continue
			}
			if !cc.IsSource(src) {
				return nil, &SourceError{o.Target, src, "neither an OCaml nor a C compiler compiles files of that kind"}
			}
			s.stubs = append(s.stubs, src)
		}
		for _, m := range made {
			if err := add(m); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(s.modules, func(a, b *module) int { return strings.Compare(a.name, b.name) })
	return s, nil
}

// give adds modules that were said one by one.
func (s *sorted) give(o cc.Owner, modules []Module) error {
	for _, in := range modules {
		name := capitalize(in.Name)
		if i := slices.IndexFunc(s.modules, func(m *module) bool { return m.name == name && slices.Equal(m.in, in.Group) }); i >= 0 {
			old := s.modules[i]
			return &ClashError{o.Target, name, old.file(), cmp.Or(in.Impl, in.Intf)}
		}
		m := &module{name: name, in: in.Group, impl: in.Impl, intf: in.Intf, text: in.Text,
			aliases: in.Aliases, private: in.Private, virtual: in.Virtual, inferred: in.Inferred, apart: in.Apart, flags: in.Flags}
		if m.aliases != nil {
			m.implNames = m.aliases
			for _, n := range m.aliases {
				m.text += "module " + n + " = " + n + "\n"
			}
		}
		switch {
		case m.file() == "":
			return &SourceError{o.Target, name, "the module has neither an implementation nor an interface"}
		case m.virtual && m.impl != "":
			return &SourceError{o.Target, m.impl, "the module is virtual, so its code belongs in libraries that implement this one"}
		case m.virtual && m.intf == "":
			return &SourceError{o.Target, name, "the module is virtual and needs an interface"}
		}
		s.modules = append(s.modules, m)
	}
	slices.SortFunc(s.modules, func(a, b *module) int { return strings.Compare(a.name, b.name) })
	return nil
}

// file is a file that says that there is the module.
func (m *module) file() string { return cmp.Or(m.impl, m.intf) }

// generated returns what a generator makes of a source: a file in the output
// root, where the source would be in the tree.
func generated(o cc.Owner, src, ext string) string {
	_, rest := action.RootOf(src)
	return path.Join(o.Root, strings.TrimSuffix(rest, path.Ext(rest))+ext)
}

// moduleName returns the name of a source's module.
func moduleName(target, src string) (string, error) {
	base := strings.TrimSuffix(path.Base(src), path.Ext(src))
	for i, r := range base {
		if r == '_' || r == '\'' && i > 0 || unicode.IsLetter(r) || unicode.IsDigit(r) && i > 0 {
			continue
		}
		return "", &SourceError{target, src, fmt.Sprintf("%q is no name of a module", base)}
	}
	return capitalize(base), nil
}

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func uncapitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
