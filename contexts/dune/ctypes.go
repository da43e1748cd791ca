package dune

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// Ctypes is (ctypes …): bindings to a C library that programs generate, from
// descriptions of its types and functions in OCaml.
type Ctypes struct {
	ExternalLibraryName Text
	PkgConfig           bool // build_flags_resolver; else CFlags and LinkFlags
	CFlags              Set
	LinkFlags           Set
	Headers             Set // (headers (include …))
	Preamble            Template
	TypeDescription     CtypesUnit
	FunctionDescription []CtypesUnit
	GeneratedTypes      Text
	GeneratedEntryPoint Text
	Deps                []Dep
	Version             Version // of the extension
	Range               hcl.Range
}

// A CtypesUnit is (type_description …) or (function_description …).
type CtypesUnit struct {
	Functor, Instance        Text
	Concurrency, ErrnoPolicy string
}

// ctypes reads (ctypes …).
func (a *field) ctypes() *Ctypes {
	f := a.fields()
	c := &Ctypes{
		ExternalLibraryName: f.need("external_library_name").text(),
		GeneratedTypes:      f.get("generated_types").text(),
		GeneratedEntryPoint: f.need("generated_entry_point").text(),
		Deps:                f.get("deps").deps(),
		PkgConfig:           true,
		Version:             a.r.using["ctypes"],
		Range:               a.at(),
	}
	if c.GeneratedTypes.Value == "" {
		c.GeneratedTypes.Value = "Types_generated"
	}
	if g := f.get("build_flags_resolver"); g != nil {
		if n := g.one(); n != nil && n.Kind == sexp.List {
			h := a.r.fields("(vendored …)", n.Range, n.Items[min(1, len(n.Items)):])
			c.PkgConfig = false
			c.CFlags, c.LinkFlags = h.get("c_flags").set(), h.get("c_library_flags").set()
			h.end()
		} else if n != nil {
			c.PkgConfig = a.r.word(n, "pkg_config", "vendored") != "vendored"
		}
	}
	if g := f.get("headers"); g != nil {
		h := g.fields()
		c.Headers, c.Preamble = h.get("include").set(), h.get("preamble").template()
		h.end()
	}
	if g := f.need("type_description"); g != nil {
		c.TypeDescription = g.ctypesUnit(false)
	}
	names := map[string]bool{}
	for _, g := range f.all("function_description") {
		u := g.ctypesUnit(true)
		if name := c.Functions(u); names[name] {
			a.r.errorf(g.at(), "Two descriptions of one name", "Only a single function_description can instantiate %s as %s.", u.Functor, u.Instance)
		} else {
			names[name] = true
		}
		c.FunctionDescription = append(c.FunctionDescription, u)
	}
	f.end()
	return c
}

func (a *field) ctypesUnit(functions bool) CtypesUnit {
	f := a.fields()
	u := CtypesUnit{Functor: f.need("functor").text(), Instance: f.need("instance").text()}
	if functions {
		u.Concurrency = f.get("concurrency").word("sequential", "unlocked", "lwt_jobs", "lwt_preemptive")
		u.ErrnoPolicy = f.get("errno_policy").word("ignore_errno", "return_errno")
	}
	f.end()
	u.Functor.Value, u.Instance.Value = capitalizedName(u.Functor.Value), capitalizedName(u.Instance.Value)
	return u
}

func capitalizedName(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Prefix is the name of the C library as names in OCaml and C begin with it.
func (c *Ctypes) Prefix() string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '\'' {
			return r
		}
		return '_'
	}, c.ExternalLibraryName.Value)
}

// Functions is how the files for a function_description end.
func (c *Ctypes) Functions(u CtypesUnit) string { return u.Functor.Value + "__" + u.Instance.Value }

// FunctionStubs is the C source, without extension, that is made for a
// function_description.
func (c *Ctypes) FunctionStubs(u CtypesUnit) string {
	return c.ExternalLibraryName.Value + "__c_cout_generated_functions__" + c.Functions(u)
}

// stubs are the C sources that are made, as foreign_stubs says it.
func (c *Ctypes) stubs() []ForeignStubs {
	if len(c.FunctionDescription) == 0 {
		return nil
	}
	st := ForeignStubs{Language: "c", Flags: c.CFlags, ExtraDeps: c.Deps, Range: c.Range,
		IncludeDirs: []IncludeDir{{Lib: Text{Value: "ctypes", Range: c.Range}}}, Names: Set{Op: SetUnion, Range: c.Range}}
	for _, u := range c.FunctionDescription {
		name := Template{Parts: []sexp.Part{{Text: c.FunctionStubs(u)}}, Range: c.Range}
		st.Names.Sets = append(st.Names.Sets, Set{Op: SetElement, Element: name, Range: c.Range})
	}
	if c.PkgConfig {
		st.PkgConfig, st.Flags = c.ExternalLibraryName, Set{Op: SetStandard}
	}
	return []ForeignStubs{st}
}
