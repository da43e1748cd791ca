package rules

import (
	"errors"
	"path"
	"slices"
	"sort"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/ocaml"
)

// An aliasKey names an alias of one directory, without those below.
type aliasKey struct {
	ctx  addr.Context
	dir  string
	name string
}

func (k aliasKey) String() string { return "@@" + path.Join(k.dir, k.name) }

// A Goal is what is to be built: files, and among them results of tests.
type Goal struct {
	Files    []string
	Tests    []string
	Programs []Program
	sources  []string // which there is nothing to do for
	found    bool     // the alias is defined somewhere
	err      error    // why something is missing in it; the rest can be built all the same
}

// A Program is one that a goal makes.
type Program struct {
	Target addr.Target
	Path   string
}

func (g *Goal) add(o *Goal) {
	g.Files = append(g.Files, o.Files...)
	g.Tests = append(g.Tests, o.Tests...)
	g.Programs = append(g.Programs, o.Programs...)
	g.sources = append(g.sources, o.sources...)
	g.found = g.found || o.found
	g.err = errors.Join(g.err, o.err)
}

// standardAliases are those that there are without anybody's saying so.
var standardAliases = []string{"all", "check", "default", "install", "promote", "runtest"}

// Alias says what an alias of a directory stands for, and of all directories
// below it unless only is set. ok is false if no directory defines it. With an
// error, the goal is what can be built all the same.
func (r *Rules) Alias(t *engine.Task, c addr.Context, at, name string, only bool) (*Goal, bool, error) {
	g, err := r.aliasBelow(t, c, at, name, only)
	if err != nil {
		return &Goal{}, false, err
	}
	return g, g.found || slices.Contains(standardAliases, name), firstOf(g.err)
}

func (r *Rules) aliasBelow(t *engine.Task, c addr.Context, at, name string, only bool) (*Goal, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	covers, err := r.w.Covers(t, c)
	if err != nil {
		return nil, err
	}
	top := tr.in(at)
	vendored := top != nil && top.vendored // what is in a vendored directory is asked for from there
	var keys []aliasKey
	for _, d := range tr.order {
		if _, ok := below(at, d.path); (d.path == at || ok && !only) && !d.dataOnly && covers(d.path) && (!d.vendored || vendored) {
			keys = append(keys, aliasKey{c, d.path, name})
		}
	}
	goals := make([]*Goal, len(keys))
	fns := make([]func(*engine.Task) error, len(keys))
	for i, k := range keys {
		fns[i] = func(t *engine.Task) (err error) { goals[i], err = r.aliasQ.Get(t, k); return err }
	}
	out := &Goal{err: t.Run(fns...)}
	for _, g := range goals {
		if g != nil {
			out.add(g)
		}
	}
	return out, nil
}

// alias says what an alias of one directory stands for.
func (r *Rules) alias(t *engine.Task, k aliasKey) (*Goal, error) {
	d, err := r.dirOf(t, k.ctx, k.dir)
	if err != nil {
		return nil, err
	}
	if _, err := r.librariesQ.Get(t, k.ctx); err != nil {
		return nil, err // two of one name are a mistake, whoever names them
	}
	parts := make([]*Goal, len(d.stanzas))
	var fns []func(*engine.Task) error
	for i, s := range d.stanzas {
		parts[i] = &Goal{}
		fns = append(fns, func(t *engine.Task) error {
			return r.fail(r.aliasOf(r.w.At(t, s.At()), k, d, i, s, parts[i]), s.At(), "Invalid stanza")
		})
	}
	out := &Goal{}
	more := &Goal{}
	fns = append(fns, func(t *engine.Task) error { return r.standardAlias(t, k, d, more) })
	out.err = t.Run(fns...)
	for _, p := range parts {
		out.add(p)
	}
	if k.name == "default" && out.found {
		return out, nil
	}
	out.add(more)
	return out, nil
}

// standardAlias adds what an alias stands for in every directory.
func (r *Rules) standardAlias(t *engine.Task, k aliasKey, d *dir, out *Goal) error {
	switch k.name {
	case "default":
		name := "all"
		if !d.project.Lang.AtLeast(2, 0) {
			name = "install"
		}
		g, err := r.aliasBelow(t, k.ctx, k.dir, name, false)
		if err == nil {
			out.add(g)
			out.found = false
		}
		return err
	case "install":
		return r.installAlias(t, k, d, out)
	case "all", "promote":
		if d.project.dir != d.path || !d.project.GenerateOpamFiles {
			return nil
		}
		for _, p := range d.project.packages {
			f, err := r.opamFile(t, k.ctx, d, p)
			if err != nil {
				return r.fail(err, p.Range, "Cannot write an opam file")
			}
			out.Files = append(out.Files, f)
		}
		return nil
	}
	return r.cramAlias(t, k, d, out)
}

// aliasOf adds what one stanza attaches to an alias.
func (r *Rules) aliasOf(t *engine.Task, k aliasKey, d *dir, i int, s dune.Stanza, out *Goal) error {
	if k.name == "promote" {
		if err := r.promoteAlias(t, k, i, s, out); err != nil {
			return err
		}
	}
	switch s := s.(type) {
	case *dune.Alias:
		if s.Name.Value == k.name {
			return r.aliasStanza(t, k, d, s, out)
		}
	case *dune.Rule:
		return r.aliasRule(t, k, d, i, s, out)
	case *dune.Library:
		return r.aliasLibrary(t, k, d, i, s, out)
	case *dune.Executables:
		return r.aliasPrograms(t, k, d, executableKey(k.ctx, d, i, s.Programs[0].Name.Value), s, s.Optional, out)
	case *dune.Tests:
		key := executableKey(k.ctx, d, i, s.Names[0].Value)
		if err := r.aliasTests(t, k, d, key, s, out); err != nil {
			return err
		}
		return r.aliasPrograms(t, k, d, key, s, false, out)
	case *dune.CopyFiles:
		if k.name == "all" || s.Alias.Value == k.name {
			out.found = out.found || s.Alias.Value == k.name
			return r.aliasMade(t, k, i, out)
		}
	case *dune.Lex, *dune.Menhir, *dune.ForeignLibrary:
		if k.name == "all" {
			return r.aliasMade(t, k, i, out)
		}
	case *dune.Toplevel:
		if k.name == "all" {
			return r.aliasMade(t, k, i, out)
		}
	case *dune.Mdx:
		return r.aliasMdx(t, k, d, i, s, out)
	case *dune.Cinaps:
		if k.name == "runtest" {
			return r.unsupported(s, "erg does not run "+s.Keyword()+" stanzas, so this one is left out.")
		}
	}
	return nil
}

func containsText(list []dune.Text, s string) bool {
	return slices.ContainsFunc(list, func(t dune.Text) bool { return t.Value == s })
}

// aliasStanza adds the dependencies of an alias stanza.
func (r *Rules) aliasStanza(t *engine.Task, k aliasKey, d *dir, s *dune.Alias, out *Goal) error {
	on, err := r.enabled(t, k.ctx, d, &s.EnabledIf)
	if err != nil || !on {
		return err
	}
	x := r.naming(t, k.ctx, d)
	if err := x.deps(s.Deps); err != nil {
		return err
	}
	out.found = true
	for _, f := range x.inputs.files {
		if action.IsOutput(f) {
			out.Files = append(out.Files, f)
		} else {
			out.sources = append(out.sources, f)
		}
	}
	return nil
}

// aliasRule adds a rule that is attached to the alias, or makes something.
func (r *Rules) aliasRule(t *engine.Task, k aliasKey, d *dir, i int, s *dune.Rule, out *Goal) error {
	attached := containsText(s.Aliases, k.name)
	if !attached && k.name != "all" {
		return nil
	}
	on, err := r.enabled(t, k.ctx, d, &s.EnabledIf)
	if err != nil || !on {
		return err
	}
	g, err := r.targets(t, k.ctx, d, s)
	if err != nil {
		return err
	}
	outs := g.all()
	if len(outs) > 0 && !attached {
		return r.aliasMade(t, k, i, out)
	}
	if !attached {
		return nil
	}
	out.found = true
	if len(outs) > 0 {
		return r.aliasMade(t, k, i, out)
	}
	m, err := r.ruleQ.Get(t, actionKey(k.ctx, d, i, s))
	if err != nil {
		return err
	}
	if k.name == "runtest" {
		out.Tests = append(out.Tests, m.result)
	}
	out.Files = append(out.Files, m.result)
	return nil
}

// aliasMade adds what a stanza makes in the directory.
func (r *Rules) aliasMade(t *engine.Task, k aliasKey, i int, out *Goal) error {
	return r.addMade(t, dirKey{k.ctx, k.dir}, func(m *maker) bool { return m.key.index == i }, out)
}

// addMade adds what some makers of a directory make.
func (r *Rules) addMade(t *engine.Task, k dirKey, which func(*maker) bool, out *Goal) error {
	files, err := r.contentsQ.Get(t, k)
	if err != nil {
		return err
	}
	for n, m := range files.makers {
		if !which(m) || m.implicit {
			continue
		}
		if err := m.define(t); err != nil {
			return err
		}
		out.Files = append(out.Files, path.Join(root(k.ctx), k.dir, n))
	}
	for _, m := range files.dirs {
		if !which(m) {
			continue
		}
		if err := m.define(t); err != nil {
			return err
		}
		if err := r.addDirs(t, k, m, out); err != nil {
			return err
		}
	}
	sort.Strings(out.Files)
	return nil
}

// aliasLibrary adds a library to all and check, and its tests to runtest.
func (r *Rules) aliasLibrary(t *engine.Task, k aliasKey, d *dir, i int, s *dune.Library, out *Goal) error {
	if err := r.aliasInline(t, k, d, libraryKey(k.ctx, d, i, s), s, out); err != nil {
		return err
	}
	if k.name != "all" && k.name != "check" {
		return nil
	}
	on, err := r.enabled(t, k.ctx, d, &s.EnabledIf)
	if err != nil || !on {
		return err
	}
	c, err := r.componentQ.Get(t, libraryKey(k.ctx, d, i, s))
	if err != nil {
		// One without modules is but a name for the libraries that it needs:
		// that some are missing is for who uses it.
		mods, err2 := r.modulesOf(t, libraryKey(k.ctx, d, i, s))
		return unlessOptional(err, s.Optional || err2 == nil && len(mods) == 0, s.At())
	}
	if k.name == "check" {
		return r.checked(t, c, out)
	}
	out.Files = append(out.Files, libraryFiles(c.lib)...)
	return nil
}

// libraryFiles are the archives of a library.
func libraryFiles(l *ocaml.Library) []string {
	var out []string
	for _, m := range []ocaml.Mode{ocaml.Byte, ocaml.Native} {
		if len(l.Archives[m]) > 0 {
			out = append(out, l.Files(m)...)
		} else {
			out = append(out, l.Interfaces...)
		}
	}
	for _, f := range []string{l.Plugin, l.Shared} {
		if f != "" {
			out = append(out, f)
		}
	}
	return unique(out)
}

// unlessOptional is the error for what misses a library.
func unlessOptional(err error, optional bool, at hcl.Range) error {
	var m *missing
	switch {
	case !errors.As(err, &m):
		return err
	case optional:
		return nil
	case m.at.Filename != "":
		at = m.at
	}
	return m.diags(at)
}

// aliasPrograms adds programs to all and check.
func (r *Rules) aliasPrograms(t *engine.Task, k aliasKey, d *dir, key key, s dune.Stanza, optional bool, out *Goal) error {
	if k.name != "all" && k.name != "check" {
		return nil
	}
	_, on, err := r.buildable(t, k.ctx, d, s)
	if err != nil || !on {
		return err
	}
	c, err := r.componentQ.Get(t, key)
	if err != nil {
		return unlessOptional(err, optional, s.At())
	}
	if k.name == "check" {
		return r.checked(t, c, out)
	}
	for _, p := range c.programs {
		out.Files = append(out.Files, p.Path)
		out.Programs = append(out.Programs, Program{programAddr(key, p.Name), p.Path})
	}
	return r.aliasJS(t, key, d, s, out)
}

func programAddr(k key, name string) addr.Target {
	return addr.Target{Context: k.ctx, Dir: k.dir, Kind: addr.BlockExecutable, Name: name}
}

// aliasDep makes what an alias stands for an input.
func (x *expander) aliasDep(d *dune.Dep, arg string) error {
	at, name := path.Split(arg)
	g, err := x.r.aliasBelow(x.t, x.ctx, joinPath(x.d.path, at), name, d.Kind == dune.DepAlias)
	if err == nil {
		err = firstOf(g.err)
	}
	if err != nil {
		return err
	}
	if !g.found && !slices.Contains(standardAliases, name) {
		return errorAt(d.Range, "No such alias", "No alias %q is defined in %s.", name, orTop(joinPath(x.d.path, at)))
	}
	x.inputs.add(g.Files...)
	x.inputs.add(g.sources...)
	return nil
}
