package dune

import "github.com/hashicorp/hcl/v2"

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

// A PreprocessKind says how sources are preprocessed.
type PreprocessKind uint8

// The kinds of preprocessing.
const (
	PreprocessNone PreprocessKind = iota
	PreprocessPps
	PreprocessStagedPps
	PreprocessAction
	PreprocessFutureSyntax
)

// A Preprocess says how some modules are preprocessed.
type Preprocess struct {
	Kind    PreprocessKind
	Modules []Text     // nil: all that no other element names
	Pps     []Text     // libraries
	Flags   []Template // for the driver
	Action  *Action    // %{input-file} is the source
	Range   hcl.Range
}

// Instrumentation is (instrumentation (backend LIB flags…) (deps …)).
type Instrumentation struct {
	Backend Text
	Flags   []Template
	Deps    []Dep
	Range   hcl.Range
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
	Range       hcl.Range
}

// An IncludeDir is an element of include_dirs.
type IncludeDir struct {
	Dir     Template
	Lib     Text     // (lib NAME), or
	Include Template // (include FILE): a file that lists elements
}

// Ctypes is (ctypes …): bindings that programs generate.
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
