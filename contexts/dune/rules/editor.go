package rules

import (
	"errors"
	"path"
	"slices"
	"sort"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/ocaml"
)

// An Editing is what an editor must know of the modules of one stanza to read
// their sources as the compiler does. Paths of the workspace are relative.
type Editing struct {
	Standard string   // the directory of the standard library
	Objects  []string // directories of compiled interfaces
	Sources  []string // directories of sources
	// HiddenObjects and HiddenSources are those that sources must not name,
	// and whose interfaces the compiler may read nevertheless.
	HiddenObjects, HiddenSources []string
	Flags                        []string
	Modules                      []EditedModule
	// Suffixes are pairs of extensions, of implementations and interfaces, that
	// sources of the project may have beside OCaml's own: ".mlx .mlxi".
	Suffixes []string
	// Readers are programs that read such sources for editors, by extension.
	Readers map[string][]string
	// Incomplete says that a build has to tell how some preprocessor runs:
	// after it, the answer may be another.
	Incomplete bool
}

// An EditedModule is a module of a stanza.
type EditedModule struct {
	Unit  string   // of compilation: "shapes__Point"
	Files []string // its sources, as written
	Open  []string // the modules that are opened first
	// Stem is the path of a source without what follows the first dot: what
	// a generator makes a module of (lexer.mll) is edited with its settings.
	Stem string
	// Rewriter runs a preprocessor over what the editor holds: a program, with
	// arguments that may hold tokens. Nil for none.
	Rewriter []string
	// Ppx: it is a rewriter of syntax trees, and none of text.
	Ppx bool
}

// Editing returns what an editor must know of the stanza that a file of the
// tree belongs to, nil if there is none. It builds nothing.
func (r *Rules) Editing(t *engine.Task, c addr.Context, file string) (*Editing, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	covers, err := r.w.Covers(t, c)
	if err != nil {
		return nil, err
	}
	d := tr.in(cleanDir(path.Dir(file)))
	if d == nil || d.dataOnly || !covers(d.path) {
		return nil, nil
	}
	as := file
	k, err := r.stanzaWith(t, c, d, file)
	if err == nil && k == nil {
		k, as, err = r.copiedInto(t, c, tr, covers, file)
	}
	if err != nil || k == nil {
		return nil, err
	}
	e := &editing{r: r, t: t, out: &Editing{}}
	_, s, err := r.stanzaOf(t, *k)
	if err != nil {
		return nil, err
	}
	err = e.stanza(*k)
	var m *missing
	if errors.As(err, &m) {
		err = m.diags(s.At())
	}
	if i := slices.IndexFunc(e.out.Modules, func(m EditedModule) bool { return slices.Contains(m.Files, as) }); i >= 0 && as != file {
		e.out.Modules[i].Files = append(e.out.Modules[i].Files, file)
	}
	return e.out, r.fail(err, s.At(), "Invalid stanza")
}

// Module returns the module that a file belongs to, nil if it is of another
// stanza.
func (e *Editing) Module(file string) *EditedModule {
	for _, same := range []func(m EditedModule) bool{
		func(m EditedModule) bool { return slices.Contains(m.Files, file) },
		func(m EditedModule) bool { return m.Stem == stem(file) },
	} {
		if i := slices.IndexFunc(e.Modules, same); i >= 0 {
			return &e.Modules[i]
		}
	}
	return nil
}

// Reader is how an editor reads a file of a module; nil for as OCaml. One that
// is none of its sources is made of these.
func (e *Editing) Reader(m *EditedModule, file string) []string {
	files := m.Files
	if slices.Contains(files, file) {
		files = []string{file}
	}
	for _, f := range files {
		longest := ""
		for ext := range e.Readers {
			if strings.HasSuffix(f, ext) && len(ext) > len(longest) {
				longest = ext
			}
		}
		if longest != "" {
			return e.Readers[longest]
		}
	}
	return nil
}

// stem is a path up to the first dot of the file's name.
func stem(p string) string {
	base, _, _ := strings.Cut(path.Base(p), ".")
	return path.Join(path.Dir(p), base)
}

// stanzaWith finds the stanza that a source belongs to; nil if there is none.
func (r *Rules) stanzaWith(t *engine.Task, c addr.Context, d *dir, file string) (*key, error) {
	g, err := r.whole(t, c, d.group())
	if err != nil {
		return nil, err
	}
	all, err := r.modulesQ.Get(t, dirKey{c, g.path})
	if err != nil {
		return nil, err
	}
	for _, same := range []func(p string) bool{
		func(p string) bool { return p == file },
		func(p string) bool { return stem(p) == stem(file) },
	} {
		for i := range g.stanzas {
			for _, m := range all[i] {
				if m.impl != "" && same(m.impl) || m.intf != "" && same(m.intf) {
					k := unitOf(c, g, i)
					return &k, nil
				}
			}
		}
	}
	return nil, nil
}

// copiedInto finds the stanza of another directory that a copy of a source
// belongs to, and the path of the copy.
func (r *Rules) copiedInto(t *engine.Task, c addr.Context, tr *tree, covers func(string) bool, file string) (*key, string, error) {
	for _, d := range tr.order {
		if d.dataOnly || !covers(d.path) || !slices.ContainsFunc(d.stanzas, func(s dune.Stanza) bool { _, ok := s.(*dune.CopyFiles); return ok }) {
			continue
		}
		files, err := r.contentsQ.Get(t, dirKey{c, d.path})
		if err != nil {
			return nil, "", err
		}
		if m := files.makers[path.Base(file)]; m == nil || m.copyOf != file {
			continue
		}
		as := path.Join(d.path, path.Base(file))
		if k, err := r.stanzaWith(t, c, d, as); err != nil || k != nil {
			return k, as, err
		}
	}
	return nil, "", nil
}

// An editing is one in the making.
type editing struct {
	r   *Rules
	t   *engine.Task
	tc  *ocaml.Toolchain
	out *Editing
}

func (e *editing) stanza(k key) error {
	x, err := e.r.unitQ.Get(e.t, k)
	if err != nil {
		return err
	}
	s := x.dir.stanzas[k.index]
	if e.tc, err = e.r.compilerOf(e.t, k.ctx, s); err != nil {
		return err
	}
	o, err := e.r.outline(e.t, e.tc, x)
	if err != nil {
		return err
	}
	e.out.Standard = e.tc.StandardLibrary()
	if err := e.directories(x, o); err != nil {
		return err
	}
	b, _, err := e.r.buildable(e.t, k.ctx, x.dir, s)
	if err != nil {
		return err
	}
	if e.out.Flags, err = e.flags(x, b); err != nil {
		return err
	}
	e.out.Suffixes, e.out.Readers = x.dir.project.editorDialects()
	return e.modules(x, s, o)
}

// directories lists where interfaces and sources are.
func (e *editing) directories(x *unit, o *ocaml.Outline) error {
	all := closure(x.needs.deps)
	visible := all
	if x.u.Closed {
		visible = exported(x.needs.deps)
	}
	var hidden []*library
	if e.tc.AtLeast(5, 2) {
		for _, l := range all {
			if !slices.ContainsFunc(visible, l.same) {
				hidden = append(hidden, l)
			}
		}
	}
	var err error
	if e.out.Objects, e.out.Sources, err = e.libraries(x, visible); err != nil {
		return err
	}
	if e.out.HiddenObjects, e.out.HiddenSources, err = e.libraries(x, hidden); err != nil {
		return err
	}
	e.out.Objects = inOrder(append(e.out.Objects, o.Search...))
	for _, m := range x.dir.members() {
		e.out.Sources = append(e.out.Sources, orDot(m.path))
	}
	for _, src := range x.sources {
		e.out.Sources = append(e.out.Sources, orDot(src.dir))
	}
	e.out.Sources = inOrder(e.out.Sources)
	return nil
}

// libraries lists the directories of libraries.
func (e *editing) libraries(x *unit, libs []*library) (objects, sources []string, err error) {
	for _, l := range libs {
		switch {
		case l.standard:
			dirs := e.tc.StandardDirs([]string{l.name})
			objects, sources = append(objects, dirs...), append(sources, dirs...)
		case l.inst != nil:
			objects, sources = append(objects, l.inst.Dir), append(sources, l.inst.Dir)
		case l.outer != nil: // what it needs is seen as well, and no dune file tells where that is written
			lib, err := l.outer.Outline(e.t)
			if err != nil {
				return nil, nil, err
			}
			for _, x := range ocaml.Libraries([]*ocaml.Library{lib}) {
				objects = append(objects, x.Dir)
			}
			sources = append(sources, orDot(l.outer.Dir))
		default:
			of, err := e.r.unitQ.Get(e.t, l.key)
			if err != nil {
				return nil, nil, err
			}
			objects = append(objects, of.lib.Dir)
			for _, src := range of.sources {
				sources = append(sources, orDot(src.dir))
			}
		}
	}
	return inOrder(objects), inOrder(sources), nil
}

// inOrder sorts directories, those of the machine first, and drops those that
// are there already.
func inOrder(dirs []string) []string {
	sort.Slice(dirs, func(i, j int) bool {
		if a, b := path.IsAbs(dirs[i]), path.IsAbs(dirs[j]); a != b {
			return a
		}
		return dirs[i] < dirs[j]
	})
	return slices.Compact(dirs)
}

// flags evaluates what the compiler gets for all modules.
func (e *editing) flags(x *unit, b *dune.Buildable) ([]string, error) {
	names := e.r.naming(e.t, x.key.ctx, x.dir)
	flags, err := names.evalFlags(&b.Flags.Common, flagsOCaml)
	if err != nil {
		return nil, err
	}
	own, err := names.evalFlags(&b.Flags.Byte, flagsByte)
	return slices.Concat(flags, own), err
}

// modules lists the modules with their preprocessors.
func (e *editing) modules(x *unit, s dune.Stanza, o *ocaml.Outline) error {
	rewriters := map[*dune.Preprocess][]string{}
	for _, m := range o.Modules {
		i := slices.IndexFunc(x.sources, func(src source) bool { return src.name == m.Name && slices.Equal(src.group, m.Group) })
		if i < 0 {
			continue
		}
		src := x.sources[i]
		out := EditedModule{Unit: m.Unit, Open: m.Open}
		for _, p := range src.sources() {
			out.Files, out.Stem = append(out.Files, p), stem(p)
		}
		if p := src.pre; p != nil {
			argv, ok := rewriters[p]
			if !ok {
				var err error
				if argv, err = e.rewriter(x, s, p); err != nil {
					return err
				}
				rewriters[p] = argv
			}
			out.Rewriter, out.Ppx = argv, p.Kind != dune.PreprocessAction
		}
		e.out.Modules = append(e.out.Modules, out)
	}
	return nil
}

// rewriter is how a preprocessor runs for an editor; nil for one that an
// editor cannot run, or of which only a build can tell how it does.
func (e *editing) rewriter(x *unit, s dune.Stanza, p *dune.Preprocess) ([]string, error) {
	argv, err := e.command(x, s, p)
	var later *Later
	if errors.As(err, &later) || errors.Is(err, engine.ErrUnknown) {
		e.out.Incomplete = true
		return nil, nil
	}
	return argv, err
}

func (e *editing) command(x *unit, s dune.Stanza, p *dune.Preprocess) ([]string, error) {
	y := newActing(e.r.naming(e.t, x.key.ctx, x.dir))
	if p.Kind == dune.PreprocessAction {
		a := p.Action
		if a.Op != dune.ActionRun || len(a.Args) < 2 {
			return nil, nil
		}
		last := a.Args[len(a.Args)-1]
		if v, ok := last.Var(); !ok || v.Name != "input-file" {
			return nil, nil
		}
		run := *a
		run.Args = a.Args[:len(a.Args)-1]
		args, err := y.all(run.Args)
		if err != nil {
			return nil, err
		}
		return y.command(args[0], args[1:], run.Args[0].Range)
	}
	host, err := e.r.w.Host(e.t, x.key.ctx)
	if err != nil {
		return nil, err
	}
	k, err := e.r.driverOf(e.t, x.dir, host, p)
	if err != nil {
		return nil, err
	}
	lib, _ := s.(*dune.Library)
	args, err := e.r.driverArgs(y.expander, x.dir, p, lib)
	if m := (*missing)(nil); errors.As(err, &m) {
		err = nil // a build will say so
	}
	return append([]string{action.Ref(k.path()), "--as-ppx"}, args...), err
}
