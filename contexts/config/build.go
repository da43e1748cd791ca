package config

import "github.com/hashicorp/hcl/v2"

// A Build is what the build.hcl of a directory says. The slices are in source
// order.
type Build struct {
	Filename string
	File     *hcl.File // for diagnostics; never nil

	Settings    []*Setting
	Libraries   []*Library
	Executables []*Executable
	Rules       []*Rule
	Ninjas      []*Ninja
	Tests       []*Test
	Installs    []*Install
	Packages    []*Package
}

// A Setting declares a setting that the directory reads.
type Setting struct {
	Block
	TypeConstraint
	Default     hcl.Expression
	Description string
}

// A Block is what all blocks of build files have. Here as in the other
// structs, absent attributes are nil.
type Block struct {
	Header
	Enabled hcl.Expression
	ForEach hcl.Expression // of all but settings and installs
}

// A Component is what libraries and executables have in common.
type Component struct {
	Block
	Sources hcl.Expression
	Headers hcl.Expression
	Deps    hcl.Expression
	Public  hcl.Expression
	Flags   hcl.Expression
	Include hcl.Expression
	LDFlags hcl.Expression
	Modes   hcl.Expression // OCaml: byte, native, …
}

// A Library is compiled from sources in C, OCaml or both.
type Library struct {
	Component
	Wrapped hcl.Expression // OCaml: its modules are inside of one that has its name
}

// An Executable is a program.
type Executable struct {
	Component
	LinkerScript hcl.Expression
}

// A Rule runs a program that makes files.
type Rule struct {
	Block
	Run     hcl.Expression
	Inputs  hcl.Expression
	Outputs hcl.Expression
	Stdin   hcl.Expression
	Stdout  hcl.Expression
	Env     hcl.Expression
	Dir     hcl.Expression
	Depfile hcl.Expression
	Public  hcl.Expression
	Timeout hcl.Expression
	Tree    hcl.Expression // a directory that it fills with files that nobody lists
}

// A Ninja takes over the edges of a Ninja build file.
type Ninja struct {
	Block
	File    hcl.Expression
	Targets hcl.Expression
	Dir     hcl.Expression
	Inputs  hcl.Expression
	Env     hcl.Expression
	Bin     hcl.Expression // public programs: a list of outputs, or a map by name
}

// A Test runs a program that must succeed.
type Test struct {
	Block
	Run     hcl.Expression
	Inputs  hcl.Expression
	Expect  hcl.Expression
	Timeout hcl.Expression
	Stdin   hcl.Expression
	Env     hcl.Expression
	Dir     hcl.Expression
}

// An Install puts files into the sections of a package. Its Name is that of
// the package, "" for the directory's own.
type Install struct {
	Block
	Sections []*InstallSection
}

// An InstallSection is one attribute of an install block: a list of files, or
// a map from destinations to files.
type InstallSection struct {
	Section   string // one of InstallSections
	Files     hcl.Expression
	NameRange hcl.Range
}

// InstallSections are the sections of a package, as findlib and dune know them,
// and include for the headers of C libraries.
var InstallSections = []string{
	"bin", "doc", "etc", "include", "lib", "lib_root", "libexec", "libexec_root", "man",
	"misc", "sbin", "share", "share_root", "stublibs", "toplevel",
}
