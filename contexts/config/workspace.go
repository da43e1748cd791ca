package config

import (
	"github.com/hashicorp/hcl/v2"
)

// A Workspace is what erg.hcl says. The slices are in source order.
type Workspace struct {
	Filename string
	File     *hcl.File // for diagnostics; never nil

	Header                         // of the workspace block; its Range is that of the file's start if there is none
	RequiredVersion string         // "" if absent
	Default         hcl.Expression // the contexts to build when none is named

	Variables  []*Variable
	Locals     []*Local
	Sources    []*Source
	Toolchains []*Toolchain
	Templates  []*Template
	Contexts   []*Context
}

// A Variable is a value that is set from outside.
type Variable struct {
	Header
	TypeConstraint
	Default     hcl.Expression // constant
	Description string
	Validations []*Validation
}

// A Validation is a condition on a variable's value.
type Validation struct {
	Header
	Condition    hcl.Expression
	ErrorMessage hcl.Expression
}

// A Local is a named expression.
type Local struct {
	Name      string
	Expr      hcl.Expression
	Range     hcl.Range // of name and value
	NameRange hcl.Range
}

// A Source is a tree from elsewhere. Absent attributes are nil. Exactly one of
// NPM, URL, Git and Dir is set, in a file without errors.
type Source struct {
	Header
	ForEach            hcl.Expression
	NPM, URL, Git, Dir hcl.Expression
	Rev                hcl.Expression // of Git
	Integrity          hcl.Expression
	Strip              hcl.Expression
	Patches            hcl.Expression
	MaxFiles, MaxSize  hcl.Expression
}

// SourceKinds are the attributes that say where a source comes from.
var SourceKinds = []string{"npm", "url", "git", "dir"}

// Kind returns which of SourceKinds is set, and its expression.
func (s *Source) Kind() (string, hcl.Expression) {
	for i, x := range []hcl.Expression{s.NPM, s.URL, s.Git, s.Dir} {
		if x != nil {
			return SourceKinds[i], x
		}
	}
	return "", nil
}

// A Toolchain is a compiler suite. Absent attributes are nil.
type Toolchain struct {
	Header
	Kind    string
	ForEach hcl.Expression
	Prefix  hcl.Expression
	Target  hcl.Expression
	CC      hcl.Expression
	Flags   hcl.Expression
	Env     hcl.Expression
	Runner  *Runner
}

// A Runner says how programs are run on the build machine.
type Runner struct {
	Header
	Command hcl.Expression
	Env     hcl.Expression
	State   hcl.Expression
}

// A Definition is what contexts and templates have in common. Absent
// attributes are nil.
type Definition struct {
	Toolchains hcl.Expression
	Host       hcl.Expression
	Imports    hcl.Expression
	Dirs       hcl.Expression
	Exclude    hcl.Expression
	Profile    hcl.Expression
	Settings   hcl.Expression // see Items
	Env        hcl.Expression
	Extends    hcl.Expression
	Runner     *Runner
	Outputs    []*Output
	Packages   []*Package
}

// A Template is a set of attributes for contexts to start from.
type Template struct {
	Header
	Definition
}

// A Context is a configuration in which part of the tree is built.
type Context struct {
	Header
	Definition
	ForEach hcl.Expression
}

// An Output is a typed public value of a context. Exactly one of Value, Run
// and File is set, in a file without errors.
type Output struct {
	Header
	TypeConstraint
	Value       hcl.Expression
	Run         hcl.Expression
	File        hcl.Expression
	Parse       string // "" if absent, else one of ParseModes
	Inputs      hcl.Expression
	Env         hcl.Expression
	Description string
	Sensitive   bool
}

// A Package is a foreign build that a context has, declared in it or in a build
// file, where it may have Enabled.
type Package struct {
	Block
	Source   hcl.Expression // a directory
	Only     hcl.Expression // the files of it that the package is built from
	Dir      hcl.Expression // in it, where the steps run
	Steps    hcl.Expression // argument vectors
	Deps     hcl.Expression // prefixes of other packages
	Tools    hcl.Expression // programs of the machine that the steps run
	Env      hcl.Expression
	Timeout  hcl.Expression // of each step
	Provides *Provides
}

// Provides are the files of a package that others may name.
type Provides struct {
	Header
	Bin   hcl.Expression
	Lib   hcl.Expression
	Share hcl.Expression

	Libraries []*ProvidedLibrary
}

// A ProvidedLibrary is a C library that a package installs.
type ProvidedLibrary struct {
	Header
	Archive hcl.Expression // a file of the package; nil for headers only
	Include hcl.Expression // directories of the package
	LDFlags hcl.Expression // of programs that it is linked with
	Deps    hcl.Expression // libraries that it needs
}

// ParseModes are the ways to read what a program printed or a file contains.
var ParseModes = []string{"text", "lines", "words", "json"}

// Variable returns the variable of that name, or nil.
func (w *Workspace) Variable(name string) *Variable {
	for _, v := range w.Variables {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// Local returns the local value of that name, or nil.
func (w *Workspace) Local(name string) *Local {
	for _, l := range w.Locals {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// Source returns the source of that name, or nil.
func (w *Workspace) Source(name string) *Source {
	for _, s := range w.Sources {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Toolchain returns the toolchain of that kind and name, or nil.
func (w *Workspace) Toolchain(kind, name string) *Toolchain {
	for _, t := range w.Toolchains {
		if t.Kind == kind && t.Name == name {
			return t
		}
	}
	return nil
}

// Template returns the template of that name, or nil.
func (w *Workspace) Template(name string) *Template {
	for _, t := range w.Templates {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Context returns the context of that name, or nil.
func (w *Workspace) Context(name string) *Context {
	for _, c := range w.Contexts {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Package returns the package of that name, or nil.
func (d *Definition) Package(name string) *Package {
	for _, p := range d.Packages {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Output returns the output of that name, or nil.
func (d *Definition) Output(name string) *Output {
	for _, o := range d.Outputs {
		if o.Name == name {
			return o
		}
	}
	return nil
}
