package rules

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// A Description is what the dune files of a workspace declare in one context.
// Paths are relative to the workspace, but for those of what is installed.
type Description struct {
	Context     addr.Context
	Dir         string // of its outputs
	OCaml       string // the compiler's version
	Standard    string // the directory of its standard library
	Packages    []DescribedPackage
	Libraries   []DescribedLibrary
	Executables []DescribedExecutables
	Tests       []DescribedTest
	Installed   []DescribedInstalled // that the others need, with all that these need
}

// A DescribedPackage is a package of the workspace.
type DescribedPackage struct {
	Name, Version, Dir, Synopsis string
}

// A DescribedUnit is what libraries and programs have in common.
type DescribedUnit struct {
	Dir      string
	Site     string   // FILE:LINE of the stanza
	Requires []string // libraries, by the names under which they are listed
	Ppx      []string // libraries that rewrite its sources
	Modules  []DescribedModule
	// Unavailable says which library keeps the stanza from being built; then
	// nothing else is known of it.
	Unavailable string
}

// A DescribedLibrary is a library of the workspace.
type DescribedLibrary struct {
	DescribedUnit
	Address    addr.Target
	Name       string // by which other projects know it; in its own, if it is not public
	LocalName  string
	Package    string // "" for none
	Kind       string
	Main       string // the module that users name; "" if it is not wrapped
	Implements string
	Virtual    bool
	Search     string            // the directory of its interfaces
	Archives   map[string]string // by mode
}

// DescribedExecutables are the programs of one stanza, which share modules.
type DescribedExecutables struct {
	DescribedUnit
	Programs []DescribedProgram
}

// A DescribedProgram is a program of the workspace.
type DescribedProgram struct {
	Address addr.Target
	Name    string
	Public  string
	Paths   []string // of what is linked
}

// A DescribedModule is a module with its files.
type DescribedModule struct {
	Name      string
	Unit      string // of compilation: "Shapes__Point"
	Impl      string // as written, or as a generator makes it; "" for none
	Intf      string
	Interface string   // the compiled one
	Objects   []string // .cmo, .cmx and .o
	Trees     []string // .cmt and .cmti
	Private   bool
	Virtual   bool
}

// A DescribedTest is a test by its address.
type DescribedTest struct {
	Address addr.Target
	Site    string
}

// A DescribedInstalled is a library that lies outside of the workspace.
type DescribedInstalled struct {
	Name     string
	Dir      string
	Requires []string
	Standard bool // it comes with the compiler
}

// A describer collects one description.
type describer struct {
	r    *Rules
	t    *engine.Task
	ctx  addr.Context
	tc   *ocaml.Toolchain
	out  *Description
	seen map[string]bool // installed libraries
}

// Describe lists what there is in a context. It defines nothing.
func (r *Rules) Describe(t *engine.Task, c addr.Context) (*Description, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	covers, err := r.w.Covers(t, c)
	if err != nil {
		return nil, err
	}
	b := &describer{r: r, t: t, ctx: c, out: &Description{Context: c, Dir: root(c)}, seen: map[string]bool{}}
	if b.tc, err = r.w.OCaml(t, c); err != nil {
		return nil, err
	}
	if b.tc != nil {
		b.out.OCaml, b.out.Standard = b.tc.Version(), b.tc.StandardLibrary()
	}
	for _, p := range tr.projects {
		if !covers(p.dir) {
			continue
		}
		for _, k := range p.packages {
			b.out.Packages = append(b.out.Packages, DescribedPackage{k.Name.Value, versionOf(k, p), p.dir, k.Synopsis})
		}
	}
	for _, d := range tr.order {
		if d.dataOnly || !covers(d.path) {
			continue
		}
		if err := b.directory(d); err != nil {
			return nil, err
		}
	}
	sort.Slice(b.out.Installed, func(i, j int) bool { return b.out.Installed[i].Name < b.out.Installed[j].Name })
	return b.out, nil
}

// directory adds what the stanzas of a directory declare.
func (b *describer) directory(d *dir) error {
	d, err := b.r.whole(b.t, b.ctx, d)
	if err != nil {
		return err
	}
	for i, s := range d.stanzas {
		_, on, err := b.r.buildable(b.t, b.ctx, d, s)
		if err == nil && on {
			switch s := s.(type) {
			case *dune.Library:
				err = b.library(d, i, s)
			case *dune.Executables, *dune.Tests:
				err = b.executables(d, i, s)
			}
		}
		if err != nil {
			return b.r.fail(err, s.At(), "Invalid stanza")
		}
	}
	list, err := b.r.Targets(b.t, b.ctx, d.path)
	for _, x := range list {
		if x.Test {
			b.out.Tests = append(b.out.Tests, DescribedTest{x.Address, place(x.Range)})
		}
	}
	return err
}

// library adds a library.
func (b *describer) library(d *dir, i int, s *dune.Library) error {
	k := libraryKey(b.ctx, d, i, s)
	out := DescribedLibrary{Name: s.PublicName.Value, LocalName: libraryName(s), Kind: string(s.Kind), Package: s.Package.Value,
		Implements: s.Implements.Value, Virtual: s.VirtualModules != nil,
		Address: addr.Target{Context: b.ctx, Dir: d.path, Kind: addr.BlockLibrary, Name: libraryName(s)}}
	if out.Name == "" {
		out.Name = out.LocalName
	} else {
		out.Package = publicPackage(out.Name)
	}
	if out.Kind == "" {
		out.Kind = string(dune.KindNormal)
	}
	x, err := b.unit(k, d, s, &out.DescribedUnit)
	if err != nil {
		return err
	}
	if x != nil {
		out.Main, out.Search = x.lib.Main, x.lib.Dir
		out.Archives = map[string]string{}
		for mode, files := range x.lib.Archives {
			if len(files) == 1 {
				out.Archives[string(mode)] = files[0]
			}
		}
	}
	b.out.Libraries = append(b.out.Libraries, out)
	return nil
}

// executables adds the programs of a stanza.
func (b *describer) executables(d *dir, i int, s dune.Stanza) error {
	var out DescribedExecutables
	program := func(name, public string) {
		a := addr.Target{Context: b.ctx, Dir: d.path, Kind: addr.BlockExecutable, Name: name}
		out.Programs = append(out.Programs, DescribedProgram{Address: a, Name: name, Public: public})
	}
	switch s := s.(type) {
	case *dune.Executables:
		for _, p := range s.Programs {
			program(p.Name.Value, p.PublicName.Value)
		}
	case *dune.Tests:
		for _, n := range s.Names {
			program(n.Value, "")
		}
	}
	x, err := b.unit(unitOf(b.ctx, d, i), d, s, &out.DescribedUnit)
	if err != nil {
		return err
	}
	if x != nil {
		for _, linked := range x.u.Programs {
			j := slices.IndexFunc(out.Programs, func(p DescribedProgram) bool { return p.Name == linked.Name })
			if j >= 0 && linked.Kind != ocaml.Raw {
				out.Programs[j].Paths = append(out.Programs[j].Paths, linked.Path)
			}
		}
	}
	b.out.Executables = append(b.out.Executables, out)
	return nil
}

// unitOf is the key of the unit of a stanza that has modules.
func unitOf(c addr.Context, d *dir, i int) key {
	switch s := d.stanzas[i].(type) {
	case *dune.Library:
		return libraryKey(c, d, i, s)
	case *dune.Executables:
		return executableKey(c, d, i, s.Programs[0].Name.Value)
	case *dune.Tests:
		return executableKey(c, d, i, s.Names[0].Value)
	}
	panic(fmt.Sprintf("%s has no modules", d.stanzas[i].At()))
}

// unit describes what libraries and programs have in common; nil for what
// cannot be built since a library is missing: that is for a build to complain of.
func (b *describer) unit(k key, d *dir, s dune.Stanza, out *DescribedUnit) (*unit, error) {
	out.Dir, out.Site = d.path, place(s.At())
	x, err := b.r.unitQ.Get(b.r.w.At(b.t, s.At()), k)
	var m *missing
	if errors.As(err, &m) {
		out.Unavailable = m.Error()
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out.Requires = b.names(x.needs.deps)
	field, _, err := b.r.buildable(b.t, b.ctx, d, s)
	if err != nil {
		return nil, err
	}
	for _, p := range field.Preprocess {
		for _, n := range p.Pps {
			out.Ppx = append(out.Ppx, n.Value)
		}
	}
	out.Ppx = unique(out.Ppx)
	out.Modules, err = b.modules(x)
	return x, err
}

// modules lists the modules of a unit.
func (b *describer) modules(x *unit) ([]DescribedModule, error) {
	o, err := b.r.outline(b.t, b.tc, x)
	if err != nil {
		return nil, err
	}
	var out []DescribedModule
	for _, m := range o.Modules {
		e := DescribedModule{Name: strings.Join(append(slices.Clone(m.Group), m.Name), "."), Unit: capitalize(m.Unit), Interface: m.Interface, Trees: m.Annotations, Private: m.Private, Virtual: m.Virtual}
		for _, mode := range []ocaml.Mode{ocaml.Byte, ocaml.Native} {
			e.Objects = append(e.Objects, m.Objects[mode]...)
		}
		for _, src := range x.sources {
			if src.name != m.Name || !slices.Equal(src.group, m.Group) {
				continue
			}
			// What a preprocessor makes of a source is no source.
			if e.Impl, err = b.written(src.impl); err != nil {
				return nil, err
			}
			if e.Intf, err = b.written(src.intf); err != nil {
				return nil, err
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// written is where a source is, before it is preprocessed.
func (b *describer) written(p string) (string, error) {
	if p == "" {
		return "", nil
	}
	return b.r.real(b.t, b.ctx, p)
}

// outline lists the modules of a unit as the compiler will know them.
func (r *Rules) outline(t *engine.Task, tc *ocaml.Toolchain, x *unit) (*ocaml.Outline, error) {
	env, err := r.envQ.Get(t, dirKey{x.key.ctx, x.dir.path})
	if err != nil {
		return nil, err
	}
	u := x.u
	u.Annotate = env.binAnnot
	return tc.Outline(u)
}

// names lists libraries by name, and describes those that are installed.
func (b *describer) names(libs []*library) []string {
	var out []string
	for _, l := range libs {
		out = append(out, l.name)
		if l.stanza == nil && l.outer == nil && !b.seen[l.name] {
			b.seen[l.name] = true
			e := DescribedInstalled{Name: l.name, Standard: l.standard}
			switch {
			case l.inst != nil:
				e.Dir = l.inst.Dir
			case b.tc != nil:
				e.Dir = strings.Join(b.tc.StandardDirs([]string{l.name})[:1], "")
			}
			e.Requires = b.names(l.deps)
			b.out.Installed = append(b.out.Installed, e)
		}
	}
	return out
}
