package rules

import (
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// A module is one that sources or rules make up. Paths are those of the tree:
// see Rules.file.
type module struct {
	name  string   // "Point"
	group []string // the modules that it is a component of, with (include_subdirs qualified)
	dir   string
	impl  string // its .ml, "" for none
	intf  string // its .mli

	implFrom, intfFrom string // what these are made from, if they are in a dialect
}

// sources are the module's files as people wrote them.
func (m *module) sources() []string {
	var out []string
	for _, p := range [][2]string{{m.impl, m.implFrom}, {m.intf, m.intfFrom}} {
		switch {
		case p[1] != "":
			out = append(out, p[1])
		case p[0] != "":
			out = append(out, p[0])
		}
	}
	return out
}

// A moduleMap is the modules of a directory by the stanza that has them.
type moduleMap map[int][]*module

// modules shares out the modules of a directory, and of those below that
// include_subdirs adds to it, among its stanzas.
func (r *Rules) modules(t *engine.Task, k dirKey) (moduleMap, error) {
	d, err := r.dirOf(t, k.ctx, k.dir)
	if err != nil {
		return nil, err
	}
	all, diags, err := r.allModules(t, k.ctx, d)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range all {
		names = append(names, m.id())
	}
	out := moduleMap{}
	owner := map[string]int{}
	for i, s := range d.stanzas {
		shared := map[int][]string{} // what other stanzas have of it
		b, on, err := r.buildable(t, k.ctx, d, s)
		if err != nil {
			return nil, r.fail(err, s.At(), "Invalid stanza")
		}
		if b == nil || !on {
			continue
		}
		chosen, err := r.evalModules(r.static(t, k.ctx, d), &b.Modules, names)
		if err != nil {
			return nil, r.fail(err, s.At(), "Invalid modules")
		}
		for _, n := range chosen {
			at := slices.IndexFunc(all, func(m *module) bool { return m.id() == capitalize(n) })
			if at < 0 {
				diags = append(diags, noModule(d, &b.Modules, n, s, names)...)
				continue
			}
			if first, dup := owner[capitalize(n)]; dup && first != i && (isLibrary(s) || isLibrary(d.stanzas[first])) {
				shared[first] = append(shared[first], all[at].called())
				continue
			}
			owner[capitalize(n)] = i
			out[i] = append(out[i], all[at])
		}
		for _, first := range slices.Sorted(maps.Keys(shared)) {
			diags = append(diags, sharedModules(s.At(), d.stanzas[first].At(), shared[first])...)
		}
	}
	return out, r.w.Report(diags)
}

// sharedModules is the error for modules that two stanzas have.
func sharedModules(at, first hcl.Range, names []string) hcl.Diagnostics {
	if len(names) == 1 {
		return errorAt(at, "Module of two stanzas",
			"Module %s is part of this stanza and of the one at %s. Say with (modules …) which of them has it.", names[0], place(first))
	}
	last := len(names) - 1
	return errorAt(at, "Modules of two stanzas",
		"Modules %s and %s are part of this stanza and of the one at %s. Say with (modules …) which of them has each.", strings.Join(names[:last], ", "), names[last], place(first))
}

// isLibrary reports whether a stanza is a library. Programs may share modules:
// each compiles its own.
func isLibrary(s dune.Stanza) bool {
	_, ok := s.(*dune.Library)
	return ok
}

// noModule is the error for a name that is no module; one that comes from
// :standard cannot be.
func noModule(d *dir, set *dune.Set, name string, s dune.Stanza, names []string) hcl.Diagnostics {
	return errorAt(writtenAt(set, name, s), "No such module", "Module %s does not exist in %s.%s", capitalize(name), orTop(d.path), moduleHint(name, names))
}

// writtenAt is where a set names a module; a set that is not there, or gets the
// name from elsewhere, is blamed as a whole.
func writtenAt(set *dune.Set, name string, s dune.Stanza) hcl.Range {
	if n, ok := set.Find(func(n string) bool { return sameModule(n, name) }); ok {
		return n.Range
	}
	if set.Given() {
		return set.Range
	}
	return s.At()
}

// moduleHint asks whether one of the modules was meant.
func moduleHint(name string, modules []string) string {
	if n := lang.Suggest(capitalize(name), modules); n != "" {
		return " Did you mean " + n + "?"
	}
	return ""
}

// buildable returns what a stanza has that compiles modules, and whether it
// does so in a context.
func (r *Rules) buildable(t *engine.Task, c addr.Context, d *dir, s dune.Stanza) (*dune.Buildable, bool, error) {
	var b *dune.Buildable
	var cond *dune.Bool
	switch s := s.(type) {
	case *dune.Library:
		b, cond = &s.Buildable, &s.EnabledIf
	case *dune.Executables:
		b, cond = &s.Buildable, &s.EnabledIf
	case *dune.Tests:
		b, cond = &s.Buildable, &s.BuildIf
	default:
		return nil, false, nil
	}
	on, err := r.enabled(t, c, d, cond)
	if err != nil || !on {
		return b, on, err
	}
	b, err = r.instrumented(t, c, d, b)
	return b, true, err
}

// allModules lists the modules of a directory by name.
func (r *Rules) allModules(t *engine.Task, c addr.Context, d *dir) ([]*module, hcl.Diagnostics, error) {
	byName := map[string]*module{}
	var diags hcl.Diagnostics
	for _, m := range d.members() {
		files, err := r.contentsQ.Get(t, dirKey{c, m.path})
		if err != nil {
			return nil, nil, err
		}
		for _, n := range files.names() {
			w, ok := d.project.writtenAs(n)
			if !ok {
				continue
			}
			if mk := files.makers[n]; mk != nil && !mk.module {
				continue
			}
			mod := &module{name: capitalize(w.module), group: d.groupOf(m), dir: m.path}
			if bad := slices.IndexFunc(mod.group, func(n string) bool { return !isModuleName(n) }); bad >= 0 {
				return nil, nil, badGroup(d, mod.group[bad], path.Join(m.path, n))
			}
			if old := byName[mod.id()]; old != nil {
				mod = old
			} else {
				byName[mod.id()] = mod
			}
			place, from := &mod.impl, &mod.implFrom
			if w.intf {
				place, from = &mod.intf, &mod.intfFrom
			}
			if *place != "" {
				diags = append(diags, errorAt(topOf(d), "Two files for one module", "%s and %s are both the module %s.", *place, path.Join(m.path, n), mod.called())...)
				continue
			}
			*place = path.Join(m.path, w.file)
			if w.dialect != nil {
				*from = path.Join(m.path, n)
			}
		}
	}
	out := make([]*module, 0, len(byName))
	for _, m := range byName {
		out = append(out, m)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].id() < out[j].id() })
	return out, append(diags, overlaps(d, out)...), nil
}

// topOf is a place in the dune file of a directory.
func topOf(d *dir) hcl.Range {
	if len(d.stanzas) > 0 {
		return d.stanzas[0].At()
	}
	return hcl.Range{Filename: path.Join(d.path, "dune"), Start: hcl.InitialPos, End: hcl.InitialPos}
}

func isModuleName(s string) bool {
	for i, c := range s {
		if c == '_' || c == '\'' && i > 0 || unicode.IsLetter(c) || unicode.IsDigit(c) && i > 0 {
			continue
		}
		return false
	}
	return s != ""
}

// modulesOf returns the modules of a stanza.
func (r *Rules) modulesOf(t *engine.Task, k key) ([]*module, error) {
	all, err := r.modulesQ.Get(t, dirKey{k.ctx, k.dir})
	if err != nil {
		return nil, err
	}
	return all[k.index], nil
}

// contradicts finds modules of which two fields of a stanza say what cannot be
// true at once, or one says what their files do not bear out.
func contradicts(s dune.Stanza, b *dune.Buildable, mods []*module, private, virtual, without []string) error {
	has := func(name string) bool {
		return slices.ContainsFunc(mods, func(m *module) bool { return len(m.group) == 0 && m.name == name && m.impl != "" })
	}
	for _, name := range virtual {
		at := s.(*dune.Library).VirtualModules.Range
		switch {
		case slices.Contains(private, name):
			return errorAt(at, "A module that is virtual and private", "Module %s is virtual: others implement it, and must see it. Take it out of private_modules.", name)
		case slices.Contains(without, name):
			return errorAt(at, "A module that is virtual and has no implementation", "Module %s is virtual: others implement it. Take it out of modules_without_implementation.", name)
		case has(name):
			return errorAt(at, "A virtual module with an implementation", "Module %s is virtual, and has an implementation here. That belongs to the libraries that implement this one.", name)
		}
	}
	for _, name := range without {
		if has(name) {
			return errorAt(b.ModulesWithoutImplementation.Range, "A module that has an implementation", "Module %s has an implementation, so modules_without_implementation may not name it.", name)
		}
	}
	return nil
}

// moduleSet evaluates a field that names some of a stanza's modules.
func (r *Rules) moduleSet(x *expander, s *dune.Set, std, all []string, what string) ([]string, error) {
	names, err := r.evalModules(x, s, std)
	if err != nil {
		return nil, err
	}
	known := names[:0]
	for _, n := range names {
		n = capitalize(n)
		if slices.Contains(all, n) {
			known = append(known, n)
		} else if x.d.project.Lang.AtLeast(3, 11) && !x.d.vendored { // before, dune only warned
			at := s.Range
			if word, ok := s.Find(func(w string) bool { return sameModule(w, n) }); ok {
				at = word.Range
			}
			return nil, errorAt(at, "No such module", "%s names module %s, which is not among the modules of this stanza.%s", what, n, moduleHint(n, all))
		}
	}
	return known, nil
}

// literal is a template of one text.
func literal(s string, at hcl.Range) dune.Template {
	return dune.Template{Parts: []sexp.Part{{Text: s}}, Quoted: true, Range: at}
}
