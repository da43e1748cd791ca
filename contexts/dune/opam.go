package dune

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// An OpamFile is what a NAME.opam file says of a package. Of fields that are
// nothing to dune, only the syntax is checked.
type OpamFile struct {
	Name        string // of the file
	Version     Text
	Synopsis    string
	Description string
	Depends     []PackageDep
	Conflicts   []PackageDep
	Depopts     []PackageDep
	Tags        []string
	Info        PackageInfo
	Range       hcl.Range // the beginning of the file
}

// Package returns the package that the file describes.
func (f *OpamFile) Package() *Package {
	return &Package{
		Name: Text{f.Name, f.Range}, Version: f.Version, Synopsis: f.Synopsis, Description: f.Description, Depends: f.Depends,
		Conflicts: f.Conflicts, Depopts: f.Depopts, Tags: f.Tags, Info: f.Info, Range: f.Range,
	}
}

// ReadOpam reads a NAME.opam file. It must be good as to syntax; of values that
// are not what a field should have, nothing is said.
func ReadOpam(filename string, src []byte) (*OpamFile, hcl.Diagnostics) {
	f := &OpamFile{Name: strings.TrimSuffix(path.Base(filename), ".opam"), Range: startOf(filename, 0)}
	fields, diags := parseOpam(filename, src)
	for _, field := range fields {
		f.set(field.name, field.value)
	}
	return f, diags
}

func (f *OpamFile) set(name string, v *opamValue) {
	switch name {
	case "version":
		f.Version = Text{v.text, v.rng}
	case "synopsis":
		f.Synopsis = v.text
	case "description":
		f.Description = v.text
	case "depends":
		f.Depends = v.packageDeps()
	case "conflicts":
		f.Conflicts = v.packageDeps()
	case "depopts":
		f.Depopts = v.packageDeps()
	case "tags":
		f.Tags = v.texts()
	case "authors":
		f.Info.Authors = v.texts()
	case "maintainer":
		f.Info.Maintainers = v.texts()
	case "license":
		f.Info.License = v.texts()
	case "homepage":
		f.Info.Homepage = v.first()
	case "doc":
		f.Info.Documentation = v.first()
	case "bug-reports":
		f.Info.BugReports = v.first()
	case "dev-repo":
		f.Info.Source = Source{Host: "uri", Path: v.first()}
	}
}

// An opamValue is a value of a field. Kind is "string", "ident", "list",
// "group", or an operator with args: a relation, "&", "|", "!", "?", or "{", a
// value with a filter, which may be missing.
type opamValue struct {
	kind string
	text string
	args []*opamValue
	rng  hcl.Range
}

// texts returns the strings of a value that is one or a list of them.
func (v *opamValue) texts() []string {
	if v.kind == "string" {
		return []string{v.text}
	}
	var texts []string
	if v.kind == "list" {
		for _, a := range v.args {
			texts = append(texts, a.texts()...)
		}
	}
	return texts
}

func (v *opamValue) first() string {
	if texts := v.texts(); len(texts) > 0 {
		return texts[0]
	}
	return ""
}

// packageDeps returns the packages of a formula, all of them, whichever of
// them suffice.
func (v *opamValue) packageDeps() []PackageDep {
	switch v.kind {
	case "string":
		return []PackageDep{{Name: Text{v.text, v.rng}}}
	case "{":
		deps := v.args[0].packageDeps()
		if len(v.args) > 1 {
			c := v.args[1].constraint()
			for i := range deps {
				deps[i].Constraint = &c
			}
		}
		return deps
	case "list", "group", "|", "&":
		var deps []PackageDep
		for _, a := range v.args {
			deps = append(deps, a.packageDeps()...)
		}
		return deps
	}
	return nil
}

// constraint returns a filter as dune would write it.
func (v *opamValue) constraint() Constraint {
	op := v.kind
	switch op {
	case "string":
		return Constraint{Right: v.text}
	case "ident":
		return Constraint{Right: ":" + v.text}
	case "group":
		if len(v.args) == 1 {
			return v.args[0].constraint()
		}
		op = "and"
	case "&":
		op = "and"
	case "|":
		op = "or"
	case "!":
		op = "not"
	case "!=":
		op = "<>"
		fallthrough
	case "=", ">", "<", ">=", "<=":
		c := Constraint{Op: op, Right: v.args[len(v.args)-1].constraint().Right}
		if len(v.args) == 2 {
			c.Left = v.args[0].constraint().Right
		}
		return c
	}
	c := Constraint{Op: op}
	for _, a := range v.args {
		c.Args = append(c.Args, a.constraint())
	}
	return c
}
