package ocaml

import (
	"fmt"
	"slices"
	"strings"
)

// # Virtual modules
//
// A library may leave open what the code of some of its modules is: they have
// an interface only, against which it and its users compile. Another library
// implements it: it compiles the code of these modules, under their names and
// against their interfaces, and its archive holds all modules of both. For a
// program one implementation is chosen and linked; the virtual library has no
// archive of its own.
//
// Order is the reason that there is but one archive: modules of the virtual
// library may need virtual ones, whose code may need others of the library.

// implement finds the modules of the unit that are code of virtual ones.
func (b *builder) implement() error {
	l := b.u.Implements
	if l == nil {
		return nil
	}
	if l.unit == nil {
		return fmt.Errorf("library %s lies outside the workspace, so it cannot be implemented here", l.Name)
	}
	var err error
	if b.vlib, err = b.tc.library(*l.unit); err != nil {
		return err
	}
	var missing []string
	for _, v := range b.vlib.src.modules {
		if !v.virtual {
			continue
		}
		i := slices.IndexFunc(b.src.modules, func(m *module) bool { return m.name == v.name && slices.Equal(m.in, v.in) })
		switch {
		case i < 0 || b.src.modules[i].impl == "":
			missing = append(missing, v.name)
		case b.src.modules[i].intf != "":
			return &SourceError{b.u.Target, b.src.modules[i].intf, "the interface of a virtual module is that of the library " + l.Name}
		default:
			b.src.modules[i].implements = v
			b.src.modules[i].intf = v.intf
		}
	}
	if len(missing) > 0 {
		return &SourceError{b.u.Target, "library " + b.u.Name, fmt.Sprintf("it implements %s and has no code for %s", l.Name, strings.Join(missing, ", "))}
	}
	return nil
}

// withVirtual adds to libraries the one that another implements: who names an
// implementation alone means the modules of both.
func withVirtual(libs []*Library, v *Library) []*Library {
	if v == nil || slices.Contains(libs, v) {
		return libs
	}
	return append(slices.Clip(libs), v)
}

// checkImplemented finds libraries that nothing implements of what is linked.
func (b *builder) checkImplemented() error {
	for _, v := range b.libs {
		if v.virtual && !slices.ContainsFunc(b.libs, func(l *Library) bool { return l.Implements == v }) {
			return &SourceError{b.u.Target, "library " + v.Name, "it is virtual, and none of the libraries that are linked implements it"}
		}
	}
	return nil
}

// foreign are the modules of the library that the unit implements, with its
// alias module, for all that is no virtual module.
func (b *builder) foreign() []*module {
	if b.vlib == nil {
		return nil
	}
	return slices.DeleteFunc(b.vlib.all(), func(m *module) bool { return m.virtual })
}

// foreignModules is foreign without the alias module of all.
func (b *builder) foreignModules() []*module {
	return slices.DeleteFunc(b.foreign(), func(m *module) bool { return m == b.vlib.alias })
}

// visibleInside are the modules that the unit's own mention by short names:
// those of the virtual library that are not private come after its own.
func (b *builder) visibleInside() []*module {
	if b.vlib == nil {
		return b.src.modules
	}
	all := slices.Clone(b.src.modules)
	for _, v := range b.vlib.src.modules {
		if !v.private && !v.virtual && !(v.top() && v.name == b.vlib.wrapper) && !slices.ContainsFunc(all, func(m *module) bool { return m.called() == v.called() }) {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b *module) int { return strings.Compare(a.name, b.name) })
	return all
}

// shownInside are those that the alias module has names for, with groups.
func (b *builder) shownInside() []*module {
	if b.vlib == nil {
		return b.root.shown()
	}
	var out []*module
	for _, m := range b.visibleInside() {
		if !m.top() {
			g := m.group
			for g.parent.parent != nil {
				g = g.parent
			}
			m = g.face()
		}
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}
