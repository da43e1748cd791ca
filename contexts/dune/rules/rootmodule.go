package rules

import (
	"path"
	"slices"
	"sort"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/toolchain/ocaml"
)

// describeRoot adds the module of root_module, by which modules of the unit
// name those of libraries that their own names hide.
func describeRoot(x *unit, b *dune.Buildable) error {
	if !b.RootModule.Given() {
		return nil
	}
	names := []string{}
	for _, l := range x.u.Deps {
		names = append(names, l.Provides...)
	}
	for _, n := range x.u.Standard {
		modules, ok := ocaml.StandardModules(n)
		if !ok {
			return errorAt(b.RootModule.Range, "Not supported", "The modules of %s are not known one by one, so root_module cannot name them.", n)
		}
		names = append(names, modules...)
	}
	sort.Strings(names)
	name := capitalize(b.RootModule.Value)
	if i := slices.IndexFunc(x.sources, func(s source) bool { return s.name == name }); i >= 0 {
		return errorAt(b.RootModule.Range, "Two files for one module", "The root module %s is written for this stanza, and %s is there, too.", name, x.sources[i].file())
	}
	x.u.Modules = append(x.u.Modules, ocaml.Module{Name: name, Impl: path.Join(x.u.Layout.Alias, uncapitalize(name)+".ml-gen"), Aliases: slices.Compact(names)})
	return nil
}

// file is a file that says that there is the module.
func (m *module) file() string {
	if m.impl != "" {
		return m.impl
	}
	return m.intf
}
