package dune

import "github.com/hashicorp/hcl/v2"

// A File is what one dune file says, or the part of it in a subdir stanza.
//
// Include stanzas stay in Stanzas, in their place: whoever can read files reads
// what they name with ReadIncluded, and appends. What is said about
// directories is apart, since the tree is walked before stanzas matter.
type File struct {
	Stanzas []Stanza
	Subdirs []*Subdir
	Dirs    Dirs
}

// A Stanza is one of the pointers to structs below: *Library, *Executables, …
type Stanza interface {
	// Keyword returns the name that the file calls the stanza by.
	Keyword() string
	// At returns the place of the whole stanza.
	At() hcl.Range
}

// A Head is what all stanzas have.
type Head struct {
	Name  string // the keyword: "library", "executables", …
	Range hcl.Range
}

// Keyword returns the name that the file calls the stanza by.
func (h *Head) Keyword() string { return h.Name }

// At returns the place of the whole stanza.
func (h *Head) At() hcl.Range { return h.Range }

// Dirs says which entries of a directory are part of the project, and how.
// Nil fields are not given. Fallbacks are dune's: dirs is all but names that
// begin with "." or "_", and nothing is data only or vendored.
type Dirs struct {
	Dirs     *Predicate // dirs
	DataOnly *Predicate // data_only_dirs, ignored_subdirs
	Vendored *Predicate // vendored_dirs
	Files    *Predicate // files
}

// A Subdir is (subdir DIR stanza…): a dune file for a directory below.
type Subdir struct {
	Dir   Text // clean, relative to the file's directory
	File  *File
	Range hcl.Range
}

// An Include is (include FILE) or (dynamic_include FILE): stanzas from a
// source, or from a file that rules make.
type Include struct {
	Head
	File    Text
	Dynamic bool
}

// IncludeSubdirs is (include_subdirs …).
type IncludeSubdirs struct {
	Head
	Mode SubdirsMode
}

// A SubdirsMode says whether modules in directories below are part of the one above.
type SubdirsMode string

// The modes of include_subdirs.
const (
	SubdirsNo          SubdirsMode = "no"
	SubdirsUnqualified SubdirsMode = "unqualified"
	SubdirsQualified   SubdirsMode = "qualified"
)

// Buildable is what all stanzas have that compile OCaml modules.
type Buildable struct {
	Modules                      Set
	ModulesWithoutImplementation Set
	RootModule                   Text
	EmptyInterfaceIfAbsent       bool // empty_module_interface_if_absent
	Libraries                    []LibDep
	Preprocess                   []Preprocess // per module; see PreprocessOf
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
	Range               hcl.Range
}

// SpecialBuiltin is (special_builtin_support …).
type SpecialBuiltin struct {
	Kind       string // "findlib_dynload", "dune_site", "build_info", "configurator"
	DataModule string // of build_info and dune_site
	Plugins    bool
	Range      hcl.Range
}

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

// A Rule is (rule …).
type Rule struct {
	Head
	Targets   []Target
	Infer     bool // neither target nor targets is there: the action tells
	One       bool // (target …): %{target} may be used
	Deps      Deps
	Action    *Action
	Mode      RuleMode
	Promote   *Promote // of ModePromote
	Locks     []Template
	EnabledIf Bool
	Package   Text
	Aliases   []Text
}

// A Target is a file, or a directory, that a rule makes.
type Target struct {
	Path Template
	Dir  bool
}

// A RuleMode says what happens to a rule's targets.
type RuleMode uint8

// The modes of rules.
const (
	ModeStandard RuleMode = iota
	ModeFallback          // sources come first
	ModePromote           // copied among the sources
)

// Promote says how targets get among the sources.
type Promote struct {
	UntilClean bool
	Into       Template   // a directory
	Only       *Predicate // nil: all
	Range      hcl.Range
}

// A Lex is (ocamllex …) or (ocamlyacc …).
type Lex struct {
	Head
	Modules   Set // without extension
	Mode      RuleMode
	Promote   *Promote
	EnabledIf Bool
	Flags     Set
}

// Menhir is (menhir …).
type Menhir struct {
	Head
	Modules   []Text
	MergeInto Text // "" for as many parsers as modules
	Flags     Set
	Mode      RuleMode
	Promote   *Promote
	Infer     bool
	EnabledIf Bool
	Explain   *Bool
	Version   Version // of the extension
}

// Env is (env …).
type Env struct {
	Head
	Profiles []EnvProfile
}

// An EnvProfile is what an env stanza says for one profile.
type EnvProfile struct {
	Profile     string // "_" is any; the first that matches counts
	Flags       OCamlFlags
	CFlags      Set
	CxxFlags    Set
	LinkFlags   Set
	EnvVars     []EnvVar
	Binaries    []FileBinding
	InlineTests string // "enabled", "disabled", "ignored", or ""
	MenhirFlags Set
	Explain     *Bool // of menhir
	BinAnnot    *bool
	Formatting  bool
	Range       hcl.Range
}

// An EnvVar is set for actions.
type EnvVar struct {
	Name, Value string
	Range       hcl.Range
}

// A FileBinding is a file, and the name that it gets: (FILE as NAME).
type FileBinding struct {
	Src, Dst Template // Dst is not given: the name of Src
	Range    hcl.Range
}

// An Alias is (alias (name …) (deps …)); with an action, in old files, it is a Rule.
type Alias struct {
	Head
	Name      Text
	Deps      Deps
	Package   Text
	EnabledIf Bool
}

// Documentation is (documentation …).
type Documentation struct {
	Head
	Package  Text
	MldFiles Set // without extension
	Files    []InstallFile
}

// An Install is (install …).
type Install struct {
	Head
	Section     Text // "bin", "share_root", …
	Site        Text // or (site (PACKAGE SITE)), with SitePackage
	SitePackage Text
	Files       []InstallFile
	Dirs        []InstallFile
	SourceTrees []InstallFile
	Package     Text
	EnabledIf   Bool
}

// An InstallFile is an element of files, dirs or source_trees.
type InstallFile struct {
	FileBinding
	GlobFiles  bool     // (glob_files GLOB (with_prefix P)): Src is the glob
	Recursive  bool     // glob_files_rec
	WithPrefix Template // Dst of globs
	Include    Template // (include FILE): a file that lists elements
}

// Cram is (cram …): settings for cram tests of the directory.
type Cram struct {
	Head
	AppliesTo    []Text // names of tests; nil, and not WholeSubtree: all of the directory
	WholeSubtree bool
	Aliases      []Text
	Deps         []Dep
	EnabledIf    Bool
	Locks        []Template
	Package      Text
	RuntestAlias *bool
	SetupScripts []Text
	Timeout      string // seconds, as written
	Shell        string // "sh" or "bash"; "": the default
	Conflict     string // conflict_markers: "error", "ignore" or ""
}

// CopyFiles is (copy_files …) or (copy_files# …).
type CopyFiles struct {
	Head
	LineDirective bool
	Files         Template // a glob, maybe in another directory
	OnlySources   *Bool
	Aliases       []Text
	Mode          RuleMode
	Promote       *Promote
	EnabledIf     Bool
}

// Mdx is (mdx …).
type Mdx struct {
	Head
	Files        Predicate
	FilesDefault bool // files is not given
	Deps         Deps // for 0.2 and later; packages are among them
	Preludes     []Prelude
	Libraries    []Text
	Package      Text
	Locks        []Template
	EnabledIf    Bool
	Version      Version // of the extension
}

// A Prelude is a file that mdx evaluates first.
type Prelude struct {
	Env  string
	File Text
}

// GenerateSites is (generate_sites_module …).
type GenerateSites struct {
	Head
	Module       Text
	SourceRoot   bool
	HashForParam bool
	Sites        []Text // packages
	Plugins      []SiteOfPackage
	Relocatable  bool
}

// A SiteOfPackage is a site and its package.
type SiteOfPackage struct{ Package, Site Text }

// A Plugin is (plugin …).
type Plugin struct {
	Head
	Package   Text
	Name      Text
	Libraries []Text
	Site      SiteOfPackage
	Optional  bool
	EnabledIf Bool
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

// A Toplevel is (toplevel …).
type Toplevel struct {
	Head
	Name       Text
	Libraries  []Text
	Preprocess Preprocess
}

// DeprecatedLibraryName is (deprecated_library_name …).
type DeprecatedLibraryName struct {
	Head
	OldPublicName, NewPublicName Text
}

// Cinaps is (cinaps …).
type Cinaps struct {
	Head
	Files         Predicate
	Libraries     []LibDep
	Preprocess    []Preprocess
	PpxDeps       []Dep // preprocessor_deps
	RuntimeDeps   []Dep
	CinapsVersion Text
	Alias         Text
	LinkFlags     Set
}
