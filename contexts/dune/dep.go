package dune

import "github.com/hashicorp/hcl/v2"

// A DepKind says what a Dep names.
type DepKind uint8

// The dependency specifications.
const (
	DepFile         DepKind = iota // a file, or several: %{read-lines:…}, %{deps-of-others}
	DepAlias                       // Arg: name, or dir/name
	DepAliasRec                    // as DepAlias, and in all directories below
	DepGlobFiles                   // Arg: dir/glob
	DepGlobFilesRec                // as DepGlobFiles, and in all directories below dir
	DepSourceTree                  // all files below the directory Arg
	DepPackage                     // all that the package Arg installs
	DepUniverse                    // anything: run always
	DepEnvVar                      // the environment variable Arg
	DepSandbox                     // no dependency: how the action is to run, Sandbox
	DepInclude                     // (include Arg): the dependencies that the file Arg lists
)

// A Dep is one dependency specification.
type Dep struct {
	Kind    DepKind
	Arg     Template
	Sandbox []string // "none", "always", "preserve_file_kind", "patch_back_source_tree"
	Range   hcl.Range
}

// A Binding is an element of a deps field: one dependency without a name, or
// several with the name of a variable that stands for them.
type Binding struct {
	Name  string // "" for none
	Deps  []Dep
	Range hcl.Range
}

// Deps is a deps field.
type Deps []Binding

// All returns the dependencies, named or not, in order.
func (d Deps) All() []Dep {
	var all []Dep
	for _, b := range d {
		all = append(all, b.Deps...)
	}
	return all
}

// Named returns the binding with a name.
func (d Deps) Named(name string) (Binding, bool) {
	for _, b := range d {
		if name != "" && b.Name == name {
			return b, true
		}
	}
	return Binding{}, false
}
