package rules

import (
	"errors"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
)

// contents are the files of a directory in a context.
type contents struct {
	dir    *dir
	makers map[string]*maker // of what is made, by name
	dirs   map[string]*maker // of directories that rules make
}

// A maker has the actions defined that make some files.
type maker struct {
	at      hcl.Range
	key     key
	outs    []string // names in the directory
	dirs    []string // names of directories in it
	module  bool     // they may be modules of the directory's stanzas
	program bool     // they are linked for the context
	// implicit files are there for who asks for them by name.
	implicit bool
	copyOf   string // the file of the tree that copy_files copies; "" for others
	define   func(t *engine.Task) error
	promote  *dune.Promote // of dirs, if they are copied among the sources
}

// names lists the files, sorted.
func (c *contents) names() []string {
	all := slices.Clone(c.dir.names)
	for n := range c.makers {
		all = append(all, n)
	}
	sort.Strings(all)
	return slices.Compact(all)
}

// A filler finds out which files a directory has.
type filler struct {
	r     *Rules
	t     *engine.Task
	ctx   addr.Context
	d     *dir
	out   *contents
	diags hcl.Diagnostics

	promote *dune.Promote // of the stanza that is being added
}

// contents finds out which files a directory has in a context.
func (r *Rules) contents(t *engine.Task, k dirKey) (*contents, error) {
	d, err := r.dirOf(t, k.ctx, k.dir)
	if err != nil {
		return nil, err
	}
	f := &filler{r: r, t: t, ctx: k.ctx, d: d, out: &contents{dir: d, makers: map[string]*maker{}, dirs: map[string]*maker{}}}
	covers, err := r.w.Covers(t, k.ctx)
	if err != nil {
		return nil, err
	}
	if d.dataOnly || !covers(d.path) {
		return f.out, nil
	}
	// What is a copy of whatever another directory has comes last.
	for _, copies := range []bool{false, true} {
		for i, s := range d.stanzas {
			if _, ok := s.(*dune.CopyFiles); ok != copies {
				continue
			}
			if err := f.stanza(i, s); err != nil {
				var diags hcl.Diagnostics
				if !errors.As(err, &diags) {
					return nil, r.fail(err, s.At(), "Invalid stanza")
				}
				f.diags = append(f.diags, diags...)
			}
		}
	}
	if err := f.dialects(); err != nil {
		var diags hcl.Diagnostics
		if !errors.As(err, &diags) {
			return nil, err
		}
		f.diags = append(f.diags, diags...)
	}
	if d.project.dir == d.path {
		for _, p := range d.project.packages {
			f.diags = append(f.diags, f.pkg(p)...)
		}
	}
	return f.out, r.w.Report(f.diags)
}

// pkg adds the files that are written for a package.
func (f *filler) pkg(p *dune.Package) hcl.Diagnostics {
	f.promote = nil
	name := p.Name.Value
	k := packageTarget(f.ctx, f.d, name)
	m := &maker{at: p.Range, key: k, outs: []string{"META." + name, name + ".dune-package", name + ".install"}, define: func(t *engine.Task) error {
		_, err := f.r.Install(t, f.ctx, name)
		return err
	}}
	diags, _ := f.add(m, dune.ModePromote).(hcl.Diagnostics)
	if !f.d.project.GenerateOpamFiles {
		return diags
	}
	more, _ := f.add(&maker{at: p.Range, key: k, outs: []string{name + ".opam"}, define: func(t *engine.Task) error {
		_, err := f.r.opamFile(t, f.ctx, f.d, p)
		return err
	}}, dune.ModePromote).(hcl.Diagnostics)
	return append(diags, more...)
}

// packageTarget is the key of what is written for a package.
func packageTarget(c addr.Context, d *dir, name string) key {
	return key{ctx: c, dir: d.path, index: -1, name: string(addr.BlockRule) + "." + name + ".install"}
}

// stanza adds what one stanza makes.
func (f *filler) stanza(i int, s dune.Stanza) error {
	f.promote = promotion(s)
	if _, ok := s.(*dune.Executables); ok {
		f.promote = nil // which happens when they are linked
	}
	switch s := s.(type) {
	case *dune.Rule:
		return f.rule(i, s)
	case *dune.Lex:
		return f.lex(i, s)
	case *dune.Menhir:
		return f.menhir(i, s)
	case *dune.CopyFiles:
		return f.copyFiles(i, s)
	case *dune.Library:
		return f.library(i, s)
	case *dune.Executables:
		return f.executables(i, s)
	case *dune.Tests:
		return f.tests(i, s)
	case *dune.ForeignLibrary:
		return f.foreignLibrary(i, s)
	case *dune.Toplevel:
		return f.toplevel(i, s)
	case *dune.GenerateSites:
		return f.generateSites(i, s)
	}
	return nil
}

// add registers the files of a maker. mode decides what it means that there
// are sources of these names.
func (f *filler) add(m *maker, mode dune.RuleMode) error {
	var sources []string
	for _, o := range m.outs {
		if slices.Contains(f.d.names, o) {
			sources = append(sources, o)
		}
	}
	if len(sources) > 0 {
		switch mode {
		case dune.ModeFallback:
			if len(sources) == len(m.outs) {
				return nil
			}
			return errorAt(m.at, "Some targets are sources",
				"A fallback rule makes all of its targets or none, and of %s only %s is among the sources.", strings.Join(m.outs, ", "), strings.Join(sources, ", "))
		case dune.ModeStandard:
			return errorAt(m.at, "A target is a source",
				"%s is among the sources, and this makes it too. Remove the file, or say (mode fallback) to take the source, or (mode promote) to keep it up to date.", path.Join(f.d.path, sources[0]))
		}
	}
	if p := f.promote; p != nil {
		f.promoting(m, p)
	}
	for _, o := range m.outs {
		if old := f.maker(o); old != nil {
			diags := errorAt(m.at, "Two rules for one file", "%s is made here and at %s.", path.Join(f.d.path, o), place(old.at))
			diags[0].Extra = both(old.at)
			return diags
		}
		f.out.makers[o] = m
	}
	return f.addDirs(m)
}

// maker returns what makes a file or directory, nil if nothing does so far.
func (f *filler) maker(name string) *maker {
	if m := f.out.makers[name]; m != nil {
		return m
	}
	return f.out.dirs[name]
}

// promoting has what a maker makes copied among the sources.
func (f *filler) promoting(m *maker, p *dune.Promote) {
	m.promote = p
	define, d := m.define, f.d
	var outs []string
	for _, o := range m.outs {
		outs = append(outs, path.Join(root(m.key.ctx), d.path, o))
	}
	m.define = func(t *engine.Task) error {
		if err := define(t); err != nil {
			return err
		}
		return f.r.fail(f.r.promote(t, m.key, d, p, m.at, outs), m.at, "Cannot promote")
	}
}

// enabled evaluates a stanza's condition.
func (f *filler) enabled(b *dune.Bool) (bool, error) { return f.r.enabled(f.t, f.ctx, f.d, b) }

// rule adds the targets of a rule.
func (f *filler) rule(i int, s *dune.Rule) error {
	if on, err := f.enabled(&s.EnabledIf); err != nil || !on {
		return err
	}
	g, err := f.r.targets(f.t, f.ctx, f.d, s)
	if err != nil || len(g.all()) == 0 {
		return err
	}
	k := ruleKey(f.ctx, f.d, i, g.all())
	return f.add(&maker{at: s.At(), key: k, outs: g.files, dirs: g.dirs, module: true, define: func(t *engine.Task) error {
		_, err := f.r.ruleQ.Get(t, k)
		return err
	}}, s.Mode)
}

func ruleKey(c addr.Context, d *dir, i int, outs []string) key {
	return key{ctx: c, dir: d.path, index: i, name: string(addr.BlockRule) + "." + outs[0]}
}

// library adds the archives of a library, and the files of its selects.
func (f *filler) library(i int, s *dune.Library) error {
	k := libraryKey(f.ctx, f.d, i, s)
	on, when, err := f.r.unlessAsked(f.t, k, f.d, &s.EnabledIf)
	if err == nil && when != (key{}) {
		on, err = f.r.thereQ.Get(f.t, when)
	}
	if err != nil || !on {
		return err
	}
	name := libraryName(s)
	m := &maker{at: s.At(), key: k, define: func(t *engine.Task) error {
		_, err := f.r.componentQ.Get(t, k)
		return err
	}}
	for _, ext := range []string{".cma", ".cmxa", ".a", ".cmxs"} {
		m.outs = append(m.outs, name+ext)
	}
	if err := f.add(m, dune.ModePromote); err != nil {
		return err
	}
	if err := f.ctypes(i, k, s.Ctypes); err != nil {
		return err
	}
	return f.selects(k, &s.Buildable)
}

// executables adds programs.
func (f *filler) executables(i int, s *dune.Executables) error {
	if on, err := f.enabled(&s.EnabledIf); err != nil || !on {
		return err
	}
	k := executableKey(f.ctx, f.d, i, s.Programs[0].Name.Value)
	for _, p := range s.Programs {
		if err := f.program(k, p.Name.Value, s.At(), &s.Buildable, s.Modes); err != nil {
			return err
		}
	}
	if err := f.ctypes(i, k, s.Ctypes); err != nil {
		return err
	}
	return f.selects(k, &s.Buildable)
}

func (f *filler) tests(i int, s *dune.Tests) error {
	if on, err := f.enabled(&s.BuildIf); err != nil || !on {
		return err
	}
	k := executableKey(f.ctx, f.d, i, s.Names[0].Value)
	for _, n := range s.Names {
		if err := f.program(k, n.Value, s.At(), &s.Buildable, s.Modes); err != nil {
			return err
		}
	}
	if err := f.ctypes(i, k, s.Ctypes); err != nil {
		return err
	}
	return f.selects(k, &s.Buildable)
}

// executableKey is the key of a stanza of programs. They share their modules,
// so all actions are the first one's.
func executableKey(c addr.Context, d *dir, i int, first string) key {
	return key{ctx: c, dir: d.path, index: i, name: string(addr.BlockExecutable) + "." + first}
}

// stanzaKey is the key of a stanza that compiles modules.
func stanzaKey(c addr.Context, d *dir, i int) key {
	switch s := d.stanzas[i].(type) {
	case *dune.Library:
		return libraryKey(c, d, i, s)
	case *dune.Executables:
		return executableKey(c, d, i, s.Programs[0].Name.Value)
	case *dune.Tests:
		return executableKey(c, d, i, s.Names[0].Value)
	}
	panic("a stanza without modules")
}

func (f *filler) program(k key, name string, at hcl.Range, b *dune.Buildable, modes []dune.LinkMode) error {
	if err := f.javaScript(k, name, at, b, modes); err != nil {
		return err
	}
	m := &maker{at: at, key: k, program: true, define: func(t *engine.Task) error {
		_, err := f.r.componentQ.Get(t, k)
		return err
	}}
	for _, l := range linkModes(modes) {
		if o := name + l.ext(); !l.translated() && !slices.Contains(m.outs, o) {
			m.outs = append(m.outs, o)
		}
	}
	return f.add(m, dune.ModePromote)
}

// selects adds the files that a stanza selects among.
func (f *filler) selects(k key, b *dune.Buildable) error {
	for _, dep := range b.Libraries {
		if dep.Select == nil {
			continue
		}
		sel := dep.Select
		m := &maker{at: sel.Range, key: k, outs: []string{sel.File}, module: true, define: func(t *engine.Task) error {
			return f.r.selectFile(t, k, f.d, b, sel)
		}}
		if err := f.add(m, dune.ModeStandard); err != nil {
			return err
		}
	}
	return nil
}
