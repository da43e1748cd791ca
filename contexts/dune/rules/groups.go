package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/findlib"
	"erg.build/erg/toolchain/ocaml"
)

// With (include_subdirs qualified), directories are modules, and what is in
// them are components of these. What dune files name by a module's name are
// the modules beside the stanza alone: it has no names for the others.

// groupMark joins the parts of a module's id. No name in a dune file has it.
const groupMark = "\x00"

// id tells the modules of a directory and of those below apart. The modules
// beside the stanza have their names.
func (m *module) id() string {
	if len(m.group) == 0 {
		return m.name
	}
	return strings.Join(append(slices.Clone(m.group), m.name), groupMark)
}

// called is how people call the module.
func (m *module) called() string { return strings.ReplaceAll(m.id(), groupMark, ".") }

// groupOf returns the modules that those of a directory, d or one below, are
// components of.
func (d *dir) groupOf(below *dir) []string {
	if d.subdirs != dune.SubdirsQualified || below.path == d.path {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(below.path, d.path), "/"), "/")
	for i, p := range parts {
		parts[i] = capitalize(p)
	}
	return parts
}

// topNames are the names of the modules beside a stanza.
func topNames(mods []*module) []string {
	var out []string
	for _, m := range mods {
		if len(m.group) == 0 {
			out = append(out, m.name)
		}
	}
	return out
}

// badGroup is the error for a source in a directory that cannot be a module.
func badGroup(d *dir, name, file string) error {
	fit := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == ' ' {
			return '_'
		}
		return r
	}, uncapitalize(name))
	hint := ""
	if isModuleName(fit) {
		hint = fmt.Sprintf(" Call it %s.", fit)
	}
	return errorAt(qualifiedAt(d), "Invalid module name",
		"%s is in the directory %s, and directories are modules here, but %q is no name of a module.%s", file, path.Base(path.Dir(file)), uncapitalize(name), hint)
}

// overlaps are the errors for directories that have a module of their name
// beside them.
func overlaps(d *dir, mods []*module) hcl.Diagnostics {
	byID := map[string]*module{}
	for _, m := range mods {
		byID[m.id()] = m
	}
	var diags hcl.Diagnostics
	said := map[string]bool{}
	for _, m := range mods {
		for i := range m.group {
			id := strings.Join(m.group[:i+1], groupMark)
			if other := byID[id]; other != nil && !said[id] {
				said[id] = true
				diags = append(diags, errorAt(qualifiedAt(d), "Module and directory of one name",
					"%s is the module %s, and so is the directory of %s. Rename one of them, or move the module into the directory: there it says what others see of the directory.", other.file(), other.called(), m.file())...)
			}
		}
	}
	return diags
}

// qualifiedAt is where a directory says that those below are modules.
func qualifiedAt(d *dir) hcl.Range {
	if d.subdirsAt.Filename != "" {
		return d.subdirsAt
	}
	return topOf(d)
}

// flatten makes the one module of a stanza one of no group, if nothing wraps it.
func flatten(x *unit, mods []*module) []*module {
	if len(mods) != 1 || len(mods[0].group) == 0 {
		return mods
	}
	m := *mods[0]
	if x.u.Wrapping != ocaml.Unwrapped && (x.u.Implements != nil || m.name != x.u.Main) {
		return mods
	}
	m.group = nil
	return []*module{&m}
}

// objectName is what the compiled files of a module of a library are called.
func objectName(u *unit, m *module) string {
	prefix := u.u.Main
	if u.u.Wrapping == ocaml.Unwrapped || len(m.group) == 0 && m.name == u.u.Main {
		prefix = ""
	}
	return ocaml.UnitName(prefix, m.group, m.name, len(u.u.Programs) > 0)
}

// aliasModules are the modules that hold nothing but names for others: that of
// the library, if it has one, and those of groups.
func aliasModules(c *component) []findlib.Module {
	var out []findlib.Module
	if a := aliasModule(c); a != nil {
		out = append(out, *a)
	}
	prefix := c.u.Main
	if c.u.Wrapping == ocaml.Unwrapped {
		prefix = ""
	}
	seen := map[string]bool{}
	for _, s := range c.sources {
		for i := range s.group {
			g := s.group[:i+1]
			id := strings.Join(g, groupMark)
			if seen[id] {
				continue
			}
			seen[id] = true
			main := slices.ContainsFunc(c.sources, func(o source) bool { return slices.Equal(o.group, g) && o.name == g[i] })
			object := ocaml.AliasName(prefix, g, main)
			a := findlib.Module{Name: g[i], Group: g, Object: object, Impl: true, Alias: true}
			if main {
				a.Name = capitalize(object)
			}
			out = append(out, a)
		}
	}
	return out
}

// aliasModule is that of a library as a whole, nil for none.
func aliasModule(c *component) *findlib.Module {
	if c.u.Wrapping == ocaml.Unwrapped {
		return nil
	}
	if v := c.u.Implements; v != nil {
		name := v.Main + "__" + uncapitalize(c.u.Main) + "__"
		return &findlib.Module{Name: name, Object: uncapitalize(name), Impl: true, Alias: true}
	}
	main := slices.ContainsFunc(c.sources, func(s source) bool { return len(s.group) == 0 && s.name == c.u.Main })
	low := uncapitalize(c.u.Main)
	switch {
	case !main:
		return &findlib.Module{Name: c.u.Main, Object: low, Impl: true, Alias: true}
	case len(c.sources) > 1:
		return &findlib.Module{Name: c.u.Main + "__", Object: low + "__", Impl: true, Alias: true}
	}
	return nil
}

// installedAs is where a source of a library is installed in its directory.
func (x *installedLibrary) installedAs(m *module, file string) string {
	if len(m.group) == 0 && !x.nested {
		return path.Base(file)
	}
	return path.Join(strings.TrimPrefix(strings.TrimPrefix(m.dir, x.c.dir.path), "/"), path.Base(file))
}

// aliasInstalledAs is where a module of aliases is: one that is what others see of
// a group, where a source for that would be.
func aliasInstalledAs(a *findlib.Module) string {
	if len(a.Group) == 0 || a.Name != a.Group[len(a.Group)-1] {
		return a.Object + ".ml"
	}
	parts := make([]string, len(a.Group))
	for i, g := range a.Group {
		parts[i] = uncapitalize(g)
	}
	return path.Join(path.Join(parts...), parts[len(parts)-1]+".ml")
}
