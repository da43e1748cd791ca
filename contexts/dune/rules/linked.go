package rules

import (
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// Libraries go both ways between dune files and the build files of other
// kinds: a Linked is one that dune files, or the machine, give to others, and
// an Outer is one that others give to dune files.

// A Linked is a library, with what package rules knows of it, for a component
// that no dune file declares.
type Linked struct {
	Lib *ocaml.Library
	l   *library
}

// An Outer is a public library of the workspace that no dune file declares.
type Outer struct {
	Name    string
	Dir     string    // where it is declared
	Range   hcl.Range // its declaration
	Outline func(*engine.Task) (*ocaml.Library, error)
	Define  func(*engine.Task) error
}

// An outerKey names an Outer in a context.
type outerKey installedKey

func (k outerKey) String() string { return k.name }

// outer returns the library that another kind of build file declares; nil for
// none. What it needs in turn is not looked at before something is compiled
// with it: that may be the library which asks.
func (r *Rules) outer(t *engine.Task, k outerKey) (*library, error) {
	o, err := r.w.Library(t, k.ctx, k.name)
	if o == nil || err != nil {
		return nil, err
	}
	return &library{name: o.Name, public: o.Name, outer: o}, nil
}

// Linked returns a library that a dune file declares.
func (r *Rules) Linked(t *engine.Task, x *Target, at hcl.Range) (*Linked, error) {
	l, err := r.libraryQ.Get(t, x.key)
	if err != nil {
		return nil, r.fail(err, at, "Cannot link a library")
	}
	return r.linked(t, x.key.ctx, l, at)
}

// A Wanted is a library that somebody names.
type Wanted struct {
	Name string
	Who  string // names it, for messages
	At   hcl.Range
	Hint string // what else may have been meant, if there is none
}

// Installed returns a library that lies outside of the workspace; nil for one
// that comes with the compiler.
func (r *Rules) Installed(t *engine.Task, c addr.Context, x Wanted) (*Linked, error) {
	l, err := r.outside(t, c, x.Name)
	var m *missing
	switch {
	case errors.As(err, &m):
		diags := m.by(x.Who).diags(x.At)
		diags[0].Detail += "\n" + x.Hint
		return nil, r.w.Report(diags)
	case err != nil:
		return nil, r.fail(err, x.At, "Cannot link a library")
	case l.standard:
		return nil, nil
	}
	return r.linked(t, c, l, x.At)
}

func (r *Rules) linked(t *engine.Task, c addr.Context, l *library, at hcl.Range) (*Linked, error) {
	lib, err := r.described(t, c, l)
	if err != nil {
		return nil, r.fail(err, at, "Cannot link a library")
	}
	return &Linked{Lib: lib, l: l}, nil
}

// Private returns the address of the library that a name leads to in the
// project to which a directory belongs, public or not; nil if it leads to none.
// Names are all that the project has.
func (r *Rules) Private(t *engine.Task, c addr.Context, dir, name string) (a *addr.Target, names []string, err error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, nil, err
	}
	all, err := r.librariesQ.Get(t, c)
	if err != nil {
		return nil, nil, err
	}
	d := tr.in(dir)
	for ; d == nil; d = tr.in(dir) {
		dir = cleanDir(path.Dir(dir))
	}
	x, _, err := r.leadsTo(t, all, d.project, name)
	if err != nil {
		return nil, nil, err
	}
	if x != nil {
		return &addr.Target{Context: c, Dir: x.key.dir, Kind: addr.BlockLibrary, Name: libraryName(x.stanza)}, nil, nil
	}
	for n := range all.own[d.project] {
		names = append(names, n)
	}
	return nil, names, nil
}

// Declares returns the public library of that name, for who would take one
// from outside.
func (r *Rules) Declares(t *engine.Task, c addr.Context, name string) (bool, error) {
	all, err := r.librariesQ.Get(t, c)
	if err != nil {
		return false, err
	}
	_, ok, err := r.declared(t, all, nil, name)
	return ok, err
}

// Define has the actions of a library defined.
func (r *Rules) Define(t *engine.Task, x *Linked) error {
	err := r.defineLibrary(t, x.l)
	return r.fail(err, hcl.Range{}, "Cannot build library "+x.l.name)
}

// Complete adds what a program must link that links these libraries: code for
// modules that they leave open.
func (r *Rules) Complete(t *engine.Task, c addr.Context, libs []*Linked, who string, at hcl.Range) ([]*Linked, error) {
	var deps []*library
	for _, x := range libs {
		deps = append(deps, x.l)
	}
	for _, l := range closure(deps) {
		special, diags := specialOf(l)
		if diags.HasErrors() {
			return nil, r.w.Report(diags)
		}
		if special != nil && special.DataModule != "" {
			return nil, r.w.Report(errorAt(at, "Not supported", "Library %q leaves a module to the programs that link it, which only those of dune files have: declare %s in a dune file.", l.name, who))
		}
	}
	all, err := r.implemented(t, c, deps, who, at)
	if err != nil {
		return nil, r.fail(err, at, "Cannot link a library")
	}
	var out []*Linked
	for _, l := range all[len(deps):] {
		x, err := r.linked(t, c, l, at)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// notOfPackage refuses to install what needs a library that is not.
func notOfPackage(l *library, s dune.Stanza) error {
	i := slices.IndexFunc(l.deps, func(d *library) bool { return d.outer != nil })
	if i < 0 {
		return nil
	}
	o := l.deps[i].outer
	return errorAt(s.At(), "Library that is not installed", "Library %q of a package needs %q, which is declared at %s and belongs to no package: nobody could use what is installed. Declare it in a dune file, or leave public_name out.",
		l.name, o.Name, fmt.Sprintf("%s:%d", o.Range.Filename, o.Range.Start.Line))
}
