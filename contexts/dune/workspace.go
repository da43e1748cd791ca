package dune

import "github.com/hashicorp/hcl/v2"

// A Workspace is what a dune-workspace file says.
type Workspace struct {
	Lang           Version
	Contexts       []Context // none: one, "default"
	Profile        Text
	Env            *Env
	InstrumentWith []Text
}

// A Context is one (context …) of a workspace. Each of its targets but native
// is one more context, NAME.TARGET, with this one as its host.
type Context struct {
	Name           string // "default", the switch's, or as given
	Kind           string // "default" or "opam"
	Switch         Text   // of opam
	Root           Text   // of opam
	Targets        []ContextTarget
	Host           Text
	Toolchain      Text
	Profile        Text // not given: the workspace's
	Env            *Env // to be merged over the workspace's
	Paths          []PathEdit
	InstrumentWith []Text
	Given          bool // instrument_with is there
	DisableDynlink bool // disable_dynamically_linked_foreign_archives
	Merlin         bool
	Range          hcl.Range
}

// A ContextTarget is an element of targets: "native", or the name of a findlib toolchain.
type ContextTarget struct {
	Name Text
	Exec Template
}

// A PathEdit is (paths (VAR set)): an environment variable that lists paths.
type PathEdit struct {
	Var   string
	Value Set
}
