package rules

import (
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// A Target is a stanza, or a part of one, that has an address.
type Target struct {
	Address addr.Target
	Range   hcl.Range
	Public  string // of a program or a library: its public name
	Test    bool

	key key
	s   dune.Stanza
}

// Directories lists the directories that have stanzas.
func (r *Rules) Directories(t *engine.Task) ([]string, error) {
	tr, err := r.treeQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range tr.order {
		declares, err := r.declares(t, d)
		if err != nil {
			return nil, err
		}
		if declares {
			out = append(out, d.path)
		}
	}
	return out, nil
}

// declares reports whether there is something to make of a directory: stanzas,
// the packages of a project, or tests that need no stanza.
func (r *Rules) declares(t *engine.Task, d *dir) (bool, error) {
	if d.dataOnly {
		return false, nil
	}
	if len(d.stanzas) > 0 || len(d.dynamic) > 0 || d.script != "" || d.project.dir == d.path && len(d.project.packages) > 0 {
		return true, nil
	}
	tests, err := r.cramTests(t, d)
	return len(tests) > 0, err
}

// Has reports whether dune files speak of a directory.
func (r *Rules) Has(t *engine.Task, dir string) (bool, error) {
	tr, err := r.treeQ.Get(t, "")
	return err == nil && tr.in(dir) != nil, err
}

// Roots returns the directories, of those that a context names as its own,
// whose default aliases are a goal where nothing is said. Vendored ones are there for
// the others, if there are others.
func (r *Rules) Roots(t *engine.Task, c addr.Context, dirs []string) ([]string, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(dirs), func(p string) bool {
		d := tr.in(p)
		return d != nil && d.vendored
	})
	if len(own) == 0 {
		return dirs, nil
	}
	return own, nil
}

// Targets lists what a directory declares in a context.
func (r *Rules) Targets(t *engine.Task, c addr.Context, at string) ([]*Target, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	d := tr.in(at)
	if d == nil || d.dataOnly {
		return nil, nil
	}
	if d, err = r.whole(t, c, d); err != nil {
		return nil, err
	}
	files, err := r.contentsQ.Get(t, dirKey{c, at})
	if err != nil {
		return nil, err
	}
	var out []*Target
	seen := map[string]bool{}
	add := func(k key, name string, s dune.Stanza, at hcl.Range, public string) {
		kind, rest, _ := strings.Cut(name, ".")
		if !seen[name] {
			seen[name] = true
			out = append(out, &Target{Address: addr.Target{Context: c, Dir: d.path, Kind: addr.BlockKind(kind), Name: rest},
				Range: at, Public: public, Test: kind == string(addr.BlockTest), key: k, s: s})
		}
	}
	for i, s := range d.stanzas {
		if err := r.stanzaTargets(t, c, d, i, s, add); err != nil {
			return nil, r.fail(err, s.At(), "Invalid stanza")
		}
	}
	tests, err := r.cramTests(t, d)
	if err != nil {
		return nil, err
	}
	for _, x := range tests {
		k := cramKey(c, d, x)
		add(k, k.name, nil, hcl.Range{Filename: x.file, Start: hcl.InitialPos, End: hcl.InitialPos}, "")
	}
	var names []string
	for n := range files.makers {
		names = append(names, n)
	}
	for n := range files.dirs {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		m := files.makers[n]
		if m == nil {
			m = files.dirs[n]
		}
		if strings.HasPrefix(m.key.name, string(addr.BlockRule)+".") && !m.implicit {
			var s dune.Stanza
			if m.key.index >= 0 {
				s = d.stanzas[m.key.index]
			}
			add(m.key, m.key.name, s, m.at, "")
		}
	}
	return out, nil
}

type adder func(k key, name string, s dune.Stanza, at hcl.Range, public string)

// stanzaTargets adds what a stanza declares, but for rules with targets.
func (r *Rules) stanzaTargets(t *engine.Task, c addr.Context, d *dir, i int, s dune.Stanza, add adder) error {
	b, on, err := r.buildable(t, c, d, s)
	if err != nil || b != nil && !on {
		return err
	}
	switch s := s.(type) {
	case *dune.Library:
		k := libraryKey(c, d, i, s)
		add(k, k.name, s, s.At(), s.PublicName.Value)
		if on, err = r.hasInlineTests(t, c, d, s); err != nil || !on {
			return err
		}
		parts, err := r.inlineParts(t, c, d, s)
		for _, p := range parts {
			tk := testKey(k, p.part)
			add(tk, tk.name, s, s.InlineTests.Range, "")
		}
		return err
	case *dune.Executables:
		k := executableKey(c, d, i, s.Programs[0].Name.Value)
		for _, p := range s.Programs {
			k.part = p.Name.Value
			add(k, programKind+p.Name.Value, s, s.At(), p.PublicName.Value)
		}
	case *dune.Tests:
		k := executableKey(c, d, i, s.Names[0].Value)
		for _, n := range s.Names {
			k.part = n.Value
			add(k, programKind+n.Value, s, s.At(), "")
		}
		if on, err = r.enabled(t, c, d, &s.EnabledIf); err != nil || !on {
			return err
		}
		for _, n := range s.Names {
			parts, err := r.programTests(t, c, d, s, n.Value)
			if err != nil {
				return err
			}
			for _, p := range parts {
				tk := testKey(k, p.part)
				add(tk, tk.name, s, s.At(), "")
			}
		}
	case *dune.Mdx:
		if on, err = r.enabled(t, c, d, &s.EnabledIf); err != nil || !on {
			return err
		}
		for _, n := range mdxFiles(d, s) {
			k := mdxKey(c, d, i, n)
			add(k, k.name, s, s.At(), "")
		}
	case *dune.Rule:
		if on, err = r.enabled(t, c, d, &s.EnabledIf); err != nil || !on {
			return err
		}
		g, err := r.targets(t, c, d, s)
		if err != nil || len(g.all()) > 0 {
			return nil // reported with the contents of the directory
		}
		k := actionKey(c, d, i, s)
		add(k, k.name, s, s.At(), "")
	}
	return nil
}

const programKind = string(addr.BlockExecutable) + "."

// Make says what building a target means; of a test, running it.
func (r *Rules) Make(t *engine.Task, x *Target) (*Goal, error) {
	out := &Goal{}
	err := r.makeTarget(r.w.At(t, x.Range), x, out)
	if m, ok := err.(*missing); ok {
		at := x.Range
		if m.at.Filename != "" {
			at = m.at
		}
		err = m.diags(at)
	}
	return out, r.fail(err, x.Range, "Cannot build "+x.Address.String())
}

func (r *Rules) makeTarget(t *engine.Task, x *Target, out *Goal) error {
	if x.Test && x.s == nil {
		g, err := r.aliasQ.Get(t, aliasKey{x.key.ctx, x.key.dir, x.key.part})
		if err == nil {
			out.add(g)
			err = firstOf(g.err)
		}
		return err
	}
	if x.Test {
		switch x.s.(type) {
		case *dune.Tests, *dune.Library, *dune.Mdx:
			results, err := r.testsQ.Get(t, x.key)
			out.Files, out.Tests = results, results
			return err
		}
	}
	switch x.s.(type) {
	case *dune.Library, *dune.Executables, *dune.Tests:
		if x.Address.Kind == addr.BlockRule {
			break // a select
		}
		c, err := r.componentQ.Get(t, unitKey(x.key))
		if err != nil {
			return err
		}
		if c.lib != nil {
			out.Files = libraryFiles(c.lib)
			return nil
		}
		for _, p := range c.programs {
			if p.Name == x.key.part {
				out.Files = append(out.Files, p.Path)
				out.Programs = append(out.Programs, Program{x.Address, p.Path})
			}
		}
		return nil
	}
	if _, ok := x.s.(*dune.Rule); ok {
		m, err := r.ruleQ.Get(t, x.key)
		if err != nil {
			return err
		}
		if m.result != "" {
			out.Files = []string{m.result}
			if x.Test {
				out.Tests = out.Files
			}
			return nil
		}
	}
	return r.addMade(t, dirKey{x.key.ctx, x.key.dir}, func(m *maker) bool { return m.key == x.key }, out)
}

// unitKey is the key of the unit that a program is part of.
func unitKey(k key) key {
	k.part = ""
	return k
}

// ProgramOf returns the file of a target that is a program, and whether it
// runs on the build machine.
func (r *Rules) ProgramOf(t *engine.Task, x *Target) (string, bool, error) {
	c, err := r.componentQ.Get(r.w.At(t, x.Range), unitKey(x.key))
	if err != nil {
		if m, ok := err.(*missing); ok {
			err = r.fail(m, x.Range, "")
		}
		return "", false, err
	}
	path := ""
	for _, p := range c.programs {
		runs := p.Mode != ocaml.C && (p.Kind == ocaml.Executable || p.Kind == ocaml.Script)
		if p.Name == x.key.part && runs && (path == "" || p.Mode == ocaml.Native) {
			path = p.Path
		}
	}
	if path == "" {
		return "", false, r.fail(errorAt(x.Range, "No program to run", "The modes of %s have no program among them that runs by itself.", x.key.part), x.Range, "")
	}
	tc, err := r.w.OCaml(t, x.Address.Context)
	return path, tc != nil && tc.Native(), err
}

// File returns a file of the tree in a context, and has its maker defined. ok
// is false if neither a rule nor a person makes it.
func (r *Rules) File(t *engine.Task, c addr.Context, p string) (string, bool, error) {
	at := hcl.Range{Filename: "(command line)", Start: hcl.InitialPos, End: hcl.InitialPos}
	real, ok, err := r.lookup(t, c, p, at)
	if m, is := err.(*missing); is {
		err = r.fail(m, at, "")
	}
	return real, ok, err
}

// Named returns the files that a variable names in the top directory, as
// %{cma:lib/greet} does. ok is false if it names none.
func (r *Rules) Named(t *engine.Task, c addr.Context, v *sexp.Var) (files []string, ok bool, err error) {
	tr, err := r.treeOf(t, c)
	if err != nil || tr.in("") == nil {
		return nil, false, err
	}
	x := r.naming(t, c, tr.in(""))
	if _, err = x.file(v); err != nil {
		return nil, false, r.fail(err, v.Range, "Invalid argument")
	}
	return x.inputs.files, true, nil
}

// DirectoryFiles returns the files of a directory that a rule makes, or of one in
// it. ok is false if the path names none.
func (r *Rules) DirectoryFiles(t *engine.Task, c addr.Context, p string) (files []string, ok bool, err error) {
	at := hcl.Range{Filename: "(command line)", Start: hcl.InitialPos, End: hcl.InitialPos}
	g, rel, err := r.inMadeDir(t, c, p, at)
	if err != nil || g == nil || !g.isDir(rel) {
		return nil, false, err
	}
	return g.below(rel), true, nil
}

// Files lists the names of files near a path, for suggestions.
func (r *Rules) Files(t *engine.Task, c addr.Context, p string) []string {
	dirName := cleanDir(path.Dir(p))
	tr, err := r.treeOf(t, c)
	if err != nil || tr.in(dirName) == nil {
		return nil
	}
	files, err := r.contentsQ.Get(t, dirKey{c, dirName})
	if err != nil {
		return nil
	}
	out := slices.Clone(files.names())
	for i, n := range out {
		out[i] = path.Join(dirName, n)
	}
	return out
}
