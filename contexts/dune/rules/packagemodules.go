package rules

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/dune/findlib"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// implemented adds the virtual modules that a library implements, with their
// interfaces, which are installed with it once more. With dune 3 all of the
// virtual library is that has no code to link: programs of its users look for
// nothing in the directory of that one.
func (b *installer) implemented(t *engine.Task, x *installedLibrary) error {
	l := x.l.implements
	if l == nil || l.stanza == nil {
		return nil
	}
	v, err := b.r.unitQ.Get(t, l.key)
	if err != nil {
		return err
	}
	x.virtual = map[string]string{}
	for i, m := range v.u.Modules {
		if !m.Virtual {
			continue
		}
		object := objectName(v, v.sources[i].module) + ".cmi"
		for _, f := range v.lib.Interfaces {
			if path.Base(f) == object {
				x.virtual[v.sources[i].name] = f
			}
		}
	}
	if !b.version.AtLeast(3, 0) {
		return nil
	}
	for _, f := range slices.Concat(v.lib.Interfaces, v.lib.Optimised) {
		if !slices.Contains(slices.Collect(maps.Values(x.virtual)), f) {
			x.copied = append(x.copied, Entry{Name: path.Base(f), Source: f})
		}
	}
	for _, f := range v.lib.Private {
		x.copied = append(x.copied, Entry{Name: path.Join(".private", path.Base(f)), Source: f})
	}
	return nil
}

// mainModule is the module by which users of a wrapped library name the others.
func mainModule(u *unit) string {
	if v := u.u.Implements; v != nil {
		return v.Main
	}
	return u.u.Main
}

// cmiDir is the directory below the library's in which its interfaces are
// installed, "" for that itself. Who is not to use a library does not look into
// the directory.
func (x *installedLibrary) cmiDir() string {
	return either(!x.l.stanza.PublicName.Given(), ".public_cmi", "")
}

// modules lists the modules as dune-package has them.
func (x *installedLibrary) modules() []findlib.Module {
	c := x.c
	aliases := aliasModules(c)
	var out []findlib.Module
	sub := subdirectory(installedName(x.l.stanza))
	at := func(m *module, file string) string {
		if file == "" {
			return ""
		}
		return path.Join(sub, x.installedAs(m, file))
	}
	for i, s := range c.sources {
		m := c.u.Modules[i]
		_, implements := x.virtual[s.name]
		object := objectName(c.unit, s.module)
		if v := c.u.Implements; v != nil && len(aliases) > 0 {
			prefix := aliases[0].Object
			if c.u.ShortPrefix {
				prefix = strings.TrimSuffix(prefix, "__")
			}
			object = ocaml.UnitName(either(implements, v.Main, prefix), s.group, s.name, false)
		}
		out = append(out, findlib.Module{Name: s.name, Group: s.group, Object: object, Private: m.Private, Virtual: m.Virtual, Implements: implements,
			Impl: s.impl != "", Intf: s.intf != "", ImplFile: at(s.module, cmp.Or(s.implFrom, s.impl)), IntfFile: at(s.module, cmp.Or(s.intfFrom, s.intf))})
	}
	slices.SortFunc(out, func(a, b findlib.Module) int { return strings.Compare(a.Name, b.Name) })
	for _, a := range aliases {
		a.ImplFile = path.Join(sub, a.Object+".ml-gen")
		out = append(out, a)
	}
	for _, m := range x.compat() {
		m.ImplFile = path.Join(sub, m.ImplFile)
		out = append(out, m)
	}
	return out
}

// compat are the modules that stand for those of the library under the names
// that these had before it was wrapped. Files are relative to its directory.
func (x *installedLibrary) compat() []findlib.Module {
	if x.c.u.Wrapping != ocaml.Transitional {
		return nil
	}
	var out []findlib.Module
	for i, s := range x.c.sources {
		if m := x.c.u.Modules[i]; m.Private || s.name == x.c.u.Main || s.impl == "" {
			continue
		}
		out = append(out, findlib.Module{Name: s.name, Object: uncapitalize(s.name), Impl: true, Compat: true, ImplFile: path.Join(either(x.nested, ".wrapped_compat", ""), s.name+".ml-gen")})
	}
	slices.SortFunc(out, func(a, b findlib.Module) int { return strings.Compare(a.Name, b.Name) })
	return out
}
