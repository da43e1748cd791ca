package ocaml

import (
	"fmt"
	"slices"
	"strings"
)

// # Groups
//
// Modules of a wrapped unit are components of one module; with groups, some are
// components of a component. The module Bar.Baz of a library foo is compiled
// under the name Foo__Bar__Baz, and its group Bar is to it what Foo is to Bar: a
// generated module of aliases, which all that is in the group opens after
// those of the groups around it. So sources of a group call each other by short
// names, and whoever is outside goes through the group.
//
// If somebody wrote a module Bar in the group Bar, that is what is seen from
// outside, and the aliases are in Foo__Bar__.
//
// In a unit that is not wrapped, groups are modules like any other.

// A group is modules that are components of one module.
type group struct {
	name    string   // of the module: "Bar"
	path    []string // the names of all groups around it and its own; none for the unit as a whole
	parent  *group   // nil for the unit as a whole
	main    *module  // its interface, if somebody wrote it
	alias   *module  // that is opened; the unit as a whole may have none
	modules []*module
	groups  []*group
}

// top reports whether a module belongs to no group.
func (m *module) top() bool { return m.group == nil || m.group.parent == nil }

// called is how the unit calls a module that it can be asked for by: "Bar.Baz".
func (m *module) called() string {
	if m.group == nil {
		return m.name
	}
	return strings.Join(append(slices.Clone(m.group.path), m.name), ".")
}

// sub returns the group of a path below g, and makes it.
func (g *group) sub(path []string) *group {
	for _, name := range path {
		i := slices.IndexFunc(g.groups, func(s *group) bool { return s.name == name })
		if i < 0 {
			i = len(g.groups)
			g.groups = append(g.groups, &group{name: name, path: append(slices.Clone(g.path), name), parent: g})
		}
		g = g.groups[i]
	}
	return g
}

// all lists the groups below g, each after what is around it.
func (g *group) all() []*group {
	var out []*group
	for _, s := range g.groups {
		out = append(append(out, s), s.all()...)
	}
	return out
}

// shown are the modules of a group, with those that stand for groups in it: what
// has an alias in it, by name. The interface of the group has none.
func (g *group) shown() []*module {
	var out []*module
	for _, m := range g.modules {
		if m != g.main {
			out = append(out, m)
		}
	}
	for _, s := range g.groups {
		out = append(out, s.face())
	}
	slices.SortFunc(out, func(a, b *module) int { return strings.Compare(a.known(), b.known()) })
	return out
}

// face is what is seen of a group from outside.
func (g *group) face() *module {
	if g.main != nil {
		return g.main
	}
	return g.alias
}

// known is the name of a module outside of its group.
func (m *module) known() string {
	if m.gen && m.group != nil {
		return m.group.name
	}
	return m.name
}

// mentioned lists what the mention of a group by its name may lead to. ocamldep
// tells the first component of a path and no more, so that is all that is in
// it, unless its interface says what is.
func (g *group) mentioned() []*module {
	if g.main != nil {
		return []*module{g.alias, g.main}
	}
	out := append([]*module{g.alias}, g.modules...)
	for _, s := range g.groups {
		out = append(out, s.mentioned()...)
	}
	return out
}

// opened lists the aliases that a module opens after those of the unit.
func (m *module) opened() []*module {
	var out []*module
	for g := m.group; g != nil && g.parent != nil; g = g.parent {
		out = append([]*module{g.alias}, out...)
	}
	return out
}

// group sorts the unit's modules into groups.
func (b *builder) group(wrapper string) error {
	b.root = &group{}
	if b.u.Wrapping != Unwrapped {
		b.root.name = wrapper
	}
	for _, m := range b.src.modules {
		g := b.root.sub(m.in)
		m.group = g
		g.modules = append(g.modules, m)
		if m.name == g.name {
			g.main = m
		}
	}
	for _, g := range append([]*group{b.root}, b.root.all()...) {
		for _, s := range g.groups {
			if i := slices.IndexFunc(g.modules, func(m *module) bool { return m.name == s.name }); i >= 0 {
				return &SourceError{b.u.Target, g.modules[i].file(), fmt.Sprintf("the module %s is a group of modules, too", g.modules[i].called())}
			}
		}
	}
	return nil
}

// UnitName is the name of the compilation unit of a module, and the base name
// of its files. Prefix is the module that wraps the unit, "" for none. The
// interface of a group has the group's name, but in programs that are wrapped.
func UnitName(prefix string, group []string, name string, program bool) string {
	parts := slices.Clone(group)
	if len(group) == 0 || group[len(group)-1] != name || program && prefix != "" {
		parts = append(parts, name)
	}
	if prefix != "" {
		parts = append([]string{prefix}, parts...)
	}
	return uncapitalize(strings.Join(parts, "__"))
}

// AliasName is the same for the module that a group's modules open.
func AliasName(prefix string, group []string, hasInterface bool) string {
	parts := slices.Clone(group)
	if prefix != "" {
		parts = append([]string{prefix}, parts...)
	}
	if hasInterface {
		parts = append(parts, "")
	}
	return uncapitalize(strings.Join(parts, "__"))
}

// wrapGroups names what is in groups.
func (b *builder) wrapGroups(prefix string) {
	for _, g := range b.root.all() {
		for _, m := range g.modules {
			if m.implements == nil {
				m.unit = UnitName(prefix, g.path, m.name, b.exe)
			}
		}
		unit := AliasName(prefix, g.path, g.main != nil)
		g.alias = &module{name: capitalize(unit), unit: unit, gen: true, at: b.at, group: g}
		b.nested = append(b.nested, g.alias)
	}
}

// A GroupError says that a module mentions the group that it is in: it would be
// a part of what it needs.
type GroupError struct {
	Target string
	Module string // "Bar.Baz"
	Group  string // "Bar"
	File   string
}

func (e *GroupError) Error() string {
	return fmt.Sprintf("%s: module %s mentions %s, of which it is a part", e.File, e.Module, e.Group)
}

// Hint says what to do.
func (e *GroupError) Hint() string {
	return fmt.Sprintf("Modules of %s call each other by their own names, without %s.", e.Group, e.Group)
}
