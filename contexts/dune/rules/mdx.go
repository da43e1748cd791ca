package rules

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// aliasMdx adds the documents of an mdx stanza to runtest: each is a test.
func (r *Rules) aliasMdx(t *engine.Task, k aliasKey, d *dir, i int, s *dune.Mdx, out *Goal) error {
	if k.name != "runtest" {
		return nil
	}
	on, err := r.enabled(t, k.ctx, d, &s.EnabledIf)
	if err != nil || !on {
		return err
	}
	out.found = true
	files := mdxFiles(d, s)
	results := make([][]string, len(files))
	fns := make([]func(*engine.Task) error, len(files))
	for j, name := range files { // each waits for what ocaml-mdx says of it
		fns[j] = func(t *engine.Task) (err error) {
			results[j], err = r.testsQ.Get(t, mdxKey(k.ctx, d, i, name))
			return err
		}
	}
	if err := t.Run(fns...); err != nil {
		return unlessOptional(firstOf(err), false, s.At())
	}
	out.Files = append(out.Files, slices.Concat(results...)...)
	out.Tests = append(out.Tests, slices.Concat(results...)...)
	return nil
}

func mdxKey(c addr.Context, d *dir, i int, name string) key {
	return testKey(key{ctx: c, dir: d.path, index: i}, name)
}

// mdxFiles lists the documents of a stanza.
func mdxFiles(d *dir, s *dune.Mdx) []string {
	var out []string
	for _, n := range d.names {
		standard := path.Ext(n) == ".md" || path.Ext(n) == ".mld" && s.Version.AtLeast(0, 4)
		if s.Files.Match(n, standard) {
			out = append(out, n)
		}
	}
	return out
}

// An mdxTest is the making of what tests the documents of one stanza.
type mdxTest struct {
	r *Rules
	t *engine.Task
	k key // of the document's test
	d *dir
	s *dune.Mdx
}

// mdx defines the test of one document: its blocks of code are run, and it is
// compared with what it should be.
func (r *Rules) mdx(t *engine.Task, k key, d *dir, s *dune.Mdx) (string, error) {
	m := &mdxTest{r, t, k, d, s}
	source := path.Join(d.path, k.part)
	if err := m.available(); err != nil {
		return "", err
	}
	x := r.naming(t, k.ctx, d)
	x.inputs.add(source)
	if err := m.needs(x, source); err != nil {
		return "", err
	}
	run := &dune.Action{Op: dune.ActionRun, Range: s.At()}
	corrected := literal(k.part+".corrected", s.At())
	if s.Version.AtLeast(0, 2) {
		program, err := r.mdxQ.Get(r.w.At(t, s.At()), key{ctx: k.ctx, dir: k.dir, index: k.index, name: string(addr.BlockExecutable) + ".mdx_gen"})
		if err != nil {
			return "", err
		}
		x.own = true
		x.inputs.built(program.path, k.ctx)
		x.inputs.add(program.interfaces...)
		run = &dune.Action{Op: dune.ActionStdoutTo, Args: []dune.Template{corrected}, Range: s.At(), Actions: []*dune.Action{copying(run, program.path, source)}}
	} else {
		run.Args = append(m.ocamlMdx("test"), append(m.preludes(), literal("-o", s.At()), corrected)...)
		copying(run, source)
	}
	all := &dune.Action{Op: dune.ActionProgn, Range: s.At(), Actions: []*dune.Action{run,
		{Op: dune.ActionDiff, Args: []dune.Template{literal(k.part, s.At()), corrected}, Range: s.At()}}}
	j := job{key: k, name: "test " + source, result: path.Join(root(k.ctx), d.path, ".tests", k.part+".mdx.out")}
	return j.result, r.act(x, j, all, s.Locks)
}

// ocamlMdx begins a command line of ocaml-mdx.
func (m *mdxTest) ocamlMdx(command string) []dune.Template {
	return []dune.Template{literal("ocaml-mdx", m.s.At()), literal(command, m.s.At())}
}

// available complains if there is no ocaml-mdx.
func (m *mdxTest) available() error {
	ok, err := m.r.programAvailable(m.t, m.k.ctx, "ocaml-mdx")
	if err == nil && !ok {
		err = errorAt(m.s.At(), "Program not found", "The documents of this stanza are tested with ocaml-mdx, which is neither in the workspace nor on PATH: opam install mdx.")
	}
	return err
}

func (m *mdxTest) preludes() []dune.Template {
	var out []dune.Template
	for _, p := range m.s.Preludes {
		arg := p.File.Value
		if p.Env != "" {
			arg = p.Env + ":" + arg
		}
		out = append(out, literal("--prelude", m.s.At()), literal(arg, p.File.Range))
	}
	return out
}

// needs adds what the blocks of a document may read: what the stanza declares,
// and what the document itself names.
func (m *mdxTest) needs(x *expander, source string) error {
	if err := x.deps(m.s.Deps); err != nil {
		return err
	}
	for _, name := range m.s.Packages {
		if err := x.packageDep(&dune.Dep{Kind: dune.DepPackage, Range: name.Range}, name.Value); err != nil {
			return err
		}
	}
	for _, p := range m.s.Preludes {
		if _, err := x.token(p.File.Value, x.ctx, p.File.Range); err != nil {
			return err
		}
	}
	const variable = "MDX_RUN_NON_DETERMINISTIC"
	if v := m.t.Getenv(variable); v != "" {
		x.inputs.setenv(variable, v)
	}
	text, err := m.asked(source)
	if err != nil {
		return err
	}
	deps, ok := csexpPairs(text)
	if !ok {
		return errorAt(m.s.At(), "Unknown answer", "What ocaml-mdx says of the dependencies of %s cannot be read. Version 1.6.0 of mdx or a newer one is needed.", source)
	}
	for _, dep := range deps {
		switch {
		case path.IsAbs(dep[1]):
			return errorAt(m.s.At(), "Absolute path", "%s names %s. Documents name files by relative paths.", source, dep[1])
		case strings.HasPrefix(path.Clean(dep[1]), "..") && !m.s.Version.AtLeast(0, 3):
			return errorAt(m.s.At(), "Path in another directory", "%s names %s. Documents may name files of other directories since version 0.3 of mdx: (using mdx 0.3).", source, dep[1])
		case dep[0] == "dir":
			_, err = x.sourceTree(dep[1])
		default:
			_, err = x.token(dep[1], x.ctx, m.s.At())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// asked is what ocaml-mdx says of the files that a document names.
func (m *mdxTest) asked(source string) (string, error) {
	x := m.r.naming(m.t, m.k.ctx, m.d)
	x.inputs.add(source)
	out := path.Join(root(m.k.ctx), m.d.path, ".mdx", m.k.part+".deps")
	run := copying(&dune.Action{Op: dune.ActionRun, Args: m.ocamlMdx("deps"), Range: m.s.At()}, source)
	to := copying(&dune.Action{Op: dune.ActionStdoutTo, Range: m.s.At(), Actions: []*dune.Action{run}}, out)
	if err := m.r.act(x, job{key: m.k, name: "ocaml-mdx deps " + source, outs: []string{out}}, to, nil); err != nil {
		return "", err
	}
	return m.r.content(m.t, out)
}

// csexpPairs reads a canonical s-expression: a list of pairs of strings.
func csexpPairs(text string) ([][2]string, bool) {
	take := func(c byte) bool {
		ok := strings.HasPrefix(text, string(c))
		if ok {
			text = text[1:]
		}
		return ok
	}
	word := func() (string, bool) {
		size, rest, ok := strings.Cut(text, ":")
		n, err := strconv.Atoi(size)
		if !ok || err != nil || n < 0 || n > len(rest) {
			return "", false
		}
		text = rest[n:]
		return rest[:n], true
	}
	text = strings.TrimSpace(text)
	if !take('(') {
		return nil, false
	}
	var out [][2]string
	for take('(') {
		kind, ok1 := word()
		value, ok2 := word()
		if !ok1 || !ok2 || !take(')') {
			return nil, false
		}
		out = append(out, [2]string{kind, value})
	}
	return out, take(')') && text == ""
}

// An mdxProgram runs the blocks of a stanza's documents: a toplevel with the
// stanza's libraries in it. Interfaces of those of the workspace are looked at
// while it runs.
type mdxProgram struct {
	path       string
	interfaces []string
}

func (r *Rules) mdxProgram(t *engine.Task, k key) (*mdxProgram, error) {
	d, st, err := r.stanzaOf(t, k)
	if err != nil {
		return nil, err
	}
	s := st.(*dune.Mdx)
	m := &mdxTest{r, t, k, d, s}
	program, err := m.program()
	if miss, ok := err.(*missing); ok {
		return nil, miss
	}
	return program, r.fail(err, s.At(), "Invalid mdx stanza")
}

func (m *mdxTest) program() (*mdxProgram, error) {
	r, t, k, d, s := m.r, m.t, m.k, m.d, m.s
	tc, err := r.compilerOf(t, k.ctx, s)
	if err != nil {
		return nil, err
	}
	b := &dune.Buildable{}
	for _, name := range []string{"mdx.test", "mdx.top", "unix"} {
		b.Libraries = append(b.Libraries, dune.LibDep{Name: dune.Text{Value: name, Range: s.At()}})
	}
	b.Libraries = append(b.Libraries, s.Libraries...)
	needs, err := r.requires(t, k.ctx, d, b, "an mdx stanza in "+orTop(d.path))
	if err != nil {
		return nil, err
	}
	env, err := r.w.Env(t, k.ctx)
	if err != nil {
		return nil, err
	}
	link, err := r.standardQ.Get(t, standardKey{dirKey{k.ctx, d.path}, flagsLink})
	if err != nil {
		return nil, err
	}
	dir := path.Join(root(k.ctx), d.path, fmt.Sprintf(".mdx-%d", k.index))
	u := &unit{dir: d, needs: needs, key: k}
	u.u = ocaml.Unit{Owner: cc.Owner{Context: k.ctx.String(), Target: k.String(), Root: root(k.ctx), Dir: d.path, Name: "mdx_gen", Env: env.Vars, Unknown: env.Waits},
		Exact: true, Wrapping: ocaml.Unwrapped, Flags: []string{"-w", "-40", "-g"}, LinkFlags: append([]string{"-linkall"}, link...),
		Layout:   ocaml.Layout{Objects: dir, Alias: dir},
		Modules:  []ocaml.Module{{Name: "Mdx_gen", Impl: path.Join(dir, "mdx_gen.ml")}},
		Mains:    []string{"mdx_gen"},
		Programs: []ocaml.Program{{Name: "mdx_gen", Mode: ocaml.Byte, Kind: ocaml.Executable, Path: path.Join(dir, "mdx_gen.bc.exe")}}}
	if err := r.implementations(t, u, s.At()); err != nil {
		return nil, err
	}
	if err := r.describeDeps(t, u); err != nil {
		return nil, err
	}
	if err := r.linkModules(t, u, nil, tc); err != nil {
		return nil, err
	}
	if err := m.generate(tc, u, needs); err != nil {
		return nil, err
	}
	fns := []func(*engine.Task) error{func(t *engine.Task) error {
		_, err := tc.Executables(t, u.u)
		return r.fail(err, s.At(), "Cannot build the program that tests documents")
	}}
	for _, l := range u.needs.deps {
		fns = append(fns, func(t *engine.Task) error { return r.defineLibrary(t, l) })
	}
	out := &mdxProgram{path: u.u.Programs[0].Path}
	for _, l := range closure(needs.deps) {
		if l.stanza == nil && l.outer == nil {
			continue
		}
		lib, err := r.described(t, k.ctx, l)
		if err != nil {
			return nil, err
		}
		out.interfaces = append(out.interfaces, lib.Interfaces...)
	}
	return out, firstOf(t.Run(fns...))
}

// generate defines how the main module is written. It names the directories
// that have the interfaces of the stanza's libraries.
func (m *mdxTest) generate(tc *ocaml.Toolchain, u *unit, needs *needs) error {
	x := m.r.naming(m.t, m.k.ctx, m.d)
	args := append(m.ocamlMdx("dune-gen"), m.preludes()...)
	for _, p := range m.s.Preludes {
		if _, err := x.token(p.File.Value, x.ctx, p.File.Range); err != nil {
			return err
		}
	}
	for _, l := range needs.deps[3:] {
		dir, err := m.interfaces(l)
		if err != nil {
			return err
		}
		if dir != "" {
			args = append(args, literal("--directory", m.s.At()), literal(dir, m.s.At()))
		}
	}
	out := u.u.Modules[0].Impl
	to := copying(&dune.Action{Op: dune.ActionStdoutTo, Range: m.s.At(), Actions: []*dune.Action{{Op: dune.ActionRun, Args: args, Range: m.s.At()}}}, out)
	return m.r.act(x, job{key: m.k, name: strings.TrimSpace("ocaml-mdx dune-gen " + m.d.path), outs: []string{out}}, to, nil)
}

// interfaces is the directory of a library's interfaces, as tests see it.
func (m *mdxTest) interfaces(l *library) (string, error) {
	switch {
	case l.standard:
		return "", nil
	case l.inst != nil:
		return l.inst.Dir, nil
	case l.outer != nil:
		lib, err := l.outer.Outline(m.t)
		if err != nil {
			return "", err
		}
		return action.Relative(m.d.path, inWorkspace(lib.Dir)), nil
	}
	x, err := m.r.unitQ.Get(m.t, l.key)
	if err != nil {
		return "", err
	}
	return action.Relative(m.d.path, inWorkspace(x.u.Layout.Objects)), nil
}
