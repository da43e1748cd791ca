package ocaml

import (
	"path"
	"slices"
)

// An Outline is what can be said of a unit's modules before anything is
// compiled: what editors and other tools ask for.
type Outline struct {
	Modules []Outlined // the unit's, without those that wrapping adds
	// Search are the directories of their compiled interfaces.
	Search []string
}

// An Outlined is one module with its files.
type Outlined struct {
	Name  string // as the unit's sources call it: "Point"
	Group []string
	Unit  string // of compilation: "shapes__Point"
	// Open are the alias modules that are opened in it.
	Open        []string
	Impl, Intf  string // what compilers get, "" for none
	Interface   string // .cmi
	Objects     map[Mode][]string
	Annotations []string // .cmt, .cmti
	Private     bool
	Virtual     bool
}

// Outline lists the modules of a unit. It defines nothing.
func (tc *Toolchain) Outline(u Unit) (*Outline, error) {
	var b *builder
	var err error
	if len(u.Mains)+len(u.Programs) == 0 {
		b, err = tc.library(u)
	} else {
		var modes []Mode
		for _, p := range tc.programs(u) {
			if mode := p.Mode.compiler(); !slices.Contains(modes, mode) {
				modes = append(modes, mode)
			}
		}
		b, err = tc.newBuilder(u, exeWrapper, modes)
	}
	if err != nil {
		return nil, err
	}
	o := &Outline{Search: b.searched(Byte)}
	if b.vlib != nil {
		o.Search = append(o.Search, b.vlib.searched(Byte)...)
	}
	for _, m := range b.src.modules {
		x := Outlined{Name: m.name, Group: m.in, Unit: m.unit, Impl: m.impl, Intf: m.intf, Interface: b.file(m, ".cmi"),
			Annotations: b.annotations(m), Private: m.private, Virtual: m.virtual, Objects: map[Mode][]string{}}
		if b.alias != nil {
			x.Open = append(x.Open, b.alias.name)
		}
		for _, a := range m.opened() {
			x.Open = append(x.Open, a.name)
		}
		for _, mode := range b.modes {
			if files := b.objects(m, mode); len(files) > 0 {
				x.Objects[mode] = files
			}
		}
		o.Modules = append(o.Modules, x)
	}
	return o, nil
}

// StandardDirs are the directories of libraries that come with the compiler.
func (tc *Toolchain) StandardDirs(names []string) []string {
	var dirs []string
	for _, n := range standardClosure(names) {
		s := standards[n]
		dir := tc.StandardLibrary()
		if s.dir != "" && (s.always || tc.conf.atLeast(5, 0)) {
			dir = path.Join(dir, s.dir)
		}
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
