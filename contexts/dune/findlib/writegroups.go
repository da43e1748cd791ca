package findlib

import (
	"slices"
	"strings"
)

// grouped reports whether modules of the library are components of others
// within it: (include_subdirs qualified). Versions of dune that know them read
// modules in a form of their own.
func (l *Package) grouped() bool {
	return slices.ContainsFunc(l.Modules, func(m Module) bool { return len(m.Group) > 0 })
}

// groupedTree says which modules there are, with groups.
func (l *Package) groupedTree() *tree {
	if !slices.ContainsFunc(l.Modules, func(m Module) bool { return m.Alias && len(m.Group) == 0 }) {
		return of("modules", of("unwrapped", l.groupItems(nil)))
	}
	return of("modules", of("wrapped", of("group", l.groupFields(nil)), of("wrapped", "true")))
}

// groupFields are the fields of a group, the library's own for no name.
func (l *Package) groupFields(group []string) []*tree {
	name := l.MainModule
	if len(group) > 0 {
		name = group[len(group)-1]
	}
	var alias *tree
	for _, m := range l.Modules {
		if m.Alias && slices.Equal(m.Group, group) {
			alias = of("alias", m.groupedFields())
		}
	}
	return []*tree{alias, of("name", name), of("modules", l.groupItems(group))}
}

// groupItems are the modules and the groups in a group, by name.
func (l *Package) groupItems(group []string) []*tree {
	items := map[string]*tree{}
	for _, m := range l.Modules {
		switch {
		case m.Alias && len(m.Group) == len(group)+1 && slices.Equal(m.Group[:len(group)], group):
			name := m.Group[len(group)]
			items[name] = of("group", name, l.groupFields(m.Group))
		case !m.Alias && slices.Equal(m.Group, group):
			items[m.Name] = of("module", m.groupedFields())
		}
	}
	names := make([]string, 0, len(items))
	for n := range items {
		names = append(names, n)
	}
	slices.SortFunc(names, strings.Compare)
	out := make([]*tree, len(names))
	for i, n := range names {
		out[i] = items[n]
	}
	return out
}

// groupedFields are the fields of a module.
func (m Module) groupedFields() []*tree {
	visibility := "public"
	if m.Private {
		visibility = "private"
	}
	out := []*tree{of("obj_name", m.Object), of("visibility", visibility)}
	name := append(slices.Clone(m.Group), m.Name)
	switch {
	case m.Alias && len(m.Group) == 0:
		out = append(out, of("kind", "alias"))
	case m.Alias:
		out = append(out, of("kind", of("alias", of(m.Group))))
		if m.Name != m.Group[len(m.Group)-1] {
			name = []string{m.Name}
		}
	case m.Virtual:
		out = append(out, of("kind", "virtual"))
	case m.Implements:
		out = append(out, of("kind", "impl_vmodule"))
	case !m.Impl:
		out = append(out, of("kind", "intf_only"))
	}
	source := of("source", of("path", name))
	for _, f := range [][2]string{{"intf", m.IntfFile}, {"impl", m.ImplFile}} {
		if f[1] != "" {
			source.items = append(source.items, of(f[0], of("path", f[1])))
		}
	}
	return append(out, source)
}
