package contexts

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/contexts/ninja"
	"erg.build/erg/contexts/ninja/drive"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
)

// A ninjaGraph is a ninja block in one context. Its edges are defined when
// something needs them.
type ninjaGraph struct {
	g       *target
	d       *directory
	root    string // of the workspace, absolute
	file    string // the build file
	maker   addr.Target
	dir     string // where edges run
	inPlace bool   // they make files among the sources
	extra   []string
	waits   []string // what an unknown graph waits for

	graph   *ninja.Graph // nil: not known yet
	without map[ninja.Edge]bool
	driver  *drive.Driver
	targets []ninja.Node
	native  bool   // its programs run on the build machine
	suffix  string // of programs
}

// ninja evaluates a ninja block: it has the build file made and reads it.
func (ev *Evaluator) ninja(t *engine.Task, a addr.Target) (*ninjaGraph, error) {
	d, g, err := ev.targetOf(t, a)
	if err != nil {
		return nil, err
	}
	ev.noteTarget(t, g)
	b := &ninjaGraph{g: g, d: d, root: t.Abs("")}
	sc := &scope{ev: ev, t: t, dir: d, each: g.each}
	base, diags := ev.ninjaBase(sc, b)
	if err := ev.report(diags); err != nil {
		return nil, err
	}
	if err := ev.ninjaTools(t, b, &base); err != nil {
		return nil, err
	}
	known, err := ev.readNinja(t, b)
	if err != nil {
		return nil, err
	}
	if !known {
		t.Deferred(d.ctx.String(), "edges of "+g.addr().String(), b.waits)
		return b, nil
	}
	if err := ev.ninjaLeft(t, b); err != nil {
		return nil, err
	}
	b.driver = drive.New(b.graph, drive.Options{NoConsole: true, Base: base, At: b.at, Without: b.without,
		Made: func(t *engine.Task, p string) (bool, error) { return ev.madeBeside(t, b, p) }})
	if err := ev.report(ev.ninjaTargets(sc, b)); err != nil {
		return nil, err
	}
	id := g.addr().String()
	t.Prune(id, func(tgt, output string) bool { return tgt != id || b.makes(output) })
	return b, nil
}

// ninjaBase evaluates the attributes of a block that say where the graph is
// and how its edges run.
func (ev *Evaluator) ninjaBase(sc *scope, b *ninjaGraph) (action.Spec, hcl.Diagnostics) {
	x, d := b.g.ninja, b.d
	spec := action.Spec{Name: "ninja ", Context: d.ctx.String(), Target: b.g.addr().String(), Root: d.root}
	diags := ev.ninjaFile(sc, b)
	b.dir = cleanDir(path.Dir(b.file))
	b.inPlace = !strings.HasPrefix(b.file, action.BuildDir+"/")
	if x.Dir != nil {
		val, more := lang.Eval(x.Dir, sc)
		diags = append(diags, more...)
		s, more := lang.String(val, x.Dir.Range(), "dir")
		diags = append(diags, more...)
		if at, more := insideOutputs(d, s.Value, x.Dir.Range(), "dir"); s.Known {
			diags = append(diags, more...)
			b.dir, b.inPlace = at, false
		}
	}
	spec.Dir = b.dir
	env := environment{vars: map[string]string{}}
	if x.Env != nil {
		val, more := lang.Eval(x.Env, sc)
		diags = append(diags, more...)
		if !more.HasErrors() {
			env.add(val, x.Env.Range(), &diags)
		}
	}
	spec.Env = toolchain.Environ(map[string]string{"PATH": searchPath}, env.vars)
	for i, e := range spec.Env {
		spec.Env[i] = absolute(e)
	}
	in, more := ev.inputFiles(sc, x.Inputs, d.dir)
	diags = append(diags, more...)
	b.extra = unique(append(in, env.inputs...))
	spec.Order = b.extra
	if !b.inPlace && action.IsOutput(b.file) {
		spec.Order = append(slices.Clip(b.extra), b.file) // what makes it comes before
	}
	if !diags.HasErrors() {
		diags = append(diags, ev.makeInputs(sc, b.extra, b.g.header.AttrRange("inputs"))...)
	}
	spec.Unknown = sc.waits()
	b.waits = spec.Unknown
	return spec, diags
}

// cleanDir spells the top directory as package action does.
func cleanDir(dir string) string {
	if dir == "." {
		return ""
	}
	return dir
}

// absolute makes the files that a string mentions absolute.
func absolute(s string) string {
	return action.Expand(s, func(p string, _ bool) string { return action.Abs(p) })
}

// insideOutputs is a directory below the one that the outputs of a build file
// go to.
func insideOutputs(d *directory, name string, rng hcl.Range, what string) (string, hcl.Diagnostics) {
	if p := path.Clean(name); !path.IsAbs(name) && p != ".." && !strings.HasPrefix(p, "../") {
		return joinPath(d.root, d.dir, p), nil
	}
	return "", errorAt(rng, "Outside of the directory of outputs", "%s is a directory below the one that this build file's outputs go to: \"out\", not %q.", what, name)
}

// ninjaFile evaluates which build file is meant, and what makes it.
func (ev *Evaluator) ninjaFile(sc *scope, b *ninjaGraph) hcl.Diagnostics {
	expr := b.g.ninja.File
	val, diags := lang.Eval(expr, sc)
	if diags.HasErrors() {
		return diags
	}
	file, ok, more := ev.filePath(sc.t, val, b.d.dir, b.d, expr.Range())
	if diags = append(diags, more...); !ok {
		return diags
	}
	b.file = file
	_, marks := val.Unmark()
	for _, m := range lang.FilesOf(marks) {
		if art, ok := m.ID.(artifact); ok && m.Path == file {
			if a, err := addr.Parse(art.target); err == nil {
				b.maker, _ = a.(addr.Target)
			}
		}
	}
	for o, g := range b.d.outputs {
		if g.enabled && joinPath(b.d.root, b.d.dir, o) == file {
			b.maker = g.addr()
		}
	}
	return append(diags, ev.makeInputs(sc, []string{file}, expr.Range())...)
}

// ninjaTools adds what edges run with beyond what the block says: the
// environment of the context, and its compilers by identity. Which of them a
// command runs is not known, so all count.
func (ev *Evaluator) ninjaTools(t *engine.Task, b *ninjaGraph, spec *action.Spec) error {
	if err := ev.addContextEnv(t, b.d.ctx, spec); err != nil {
		return err
	}
	spec.Order, spec.Inputs = unique(append(spec.Order, spec.Inputs...)), nil
	b.native = true
	tools, err := ev.contextTools(t, b.d.ctx)
	if err != nil {
		return err
	}
	spec.Tools = tools
	cct, err := ev.ccOf(t, b.d.ctx)
	if cct != nil {
		b.native, b.suffix = cct.Native(), cct.ExeSuffix()
	}
	return err
}

// contextTools are the compilers of a context, by identity.
func (ev *Evaluator) contextTools(t *engine.Task, c addr.Context) ([]action.Tool, error) {
	var tools []action.Tool
	for _, kind := range toolchainKinds {
		tc, err := ev.toolchainOf(t, c, kind)
		if err != nil {
			return nil, err
		}
		if tc != nil {
			tools = append(tools, action.Tool{Name: kind, Identity: tc.Identity()})
		}
	}
	return tools, nil
}

// at spells a path of the graph as package action does.
func (b *ninjaGraph) at(p string) string {
	if !path.IsAbs(p) {
		p = path.Join(b.root, b.dir, p)
	}
	p = path.Clean(p)
	if rest, ok := strings.CutPrefix(p, b.root+"/"); ok {
		return rest
	}
	return p
}

// lookup is the inverse of at.
func (b *ninjaGraph) lookup(p string) (ninja.Node, bool) {
	if n, ok := b.graph.Lookup(action.Relative(b.dir, p)); ok {
		return n, true
	}
	return b.graph.Lookup(path.Join(b.root, p))
}

// makes reports whether an edge of the graph makes a file.
func (b *ninjaGraph) makes(p string) bool {
	n, ok := b.lookup(p)
	return ok && b.producer(n) != ninja.NoEdge
}

// producer returns the edge that makes a file and is part of the build.
func (b *ninjaGraph) producer(n ninja.Node) ninja.Edge {
	e := b.graph.Producer(n)
	if e != ninja.NoEdge && b.without[e] {
		return ninja.NoEdge
	}
	return e
}

// madeBeside reports whether something of the workspace that is no edge of the
// graph makes a file, and has it defined.
func (ev *Evaluator) madeBeside(t *engine.Task, b *ninjaGraph, p string) (bool, error) {
	if !action.IsOutput(p) {
		return false, nil
	}
	if p == b.file || slices.Contains(b.extra, p) {
		return true, nil
	}
	for o, g := range b.d.outputs {
		if g.enabled && joinPath(b.d.root, b.d.dir, o) == p {
			_, err := ev.ruleQ.Get(ev.at(t, b.g.header.Range), g.addr())
			return true, err
		}
	}
	return false, nil
}

// defineNinja defines what targets of a graph need, and returns what is to be
// built.
func (ev *Evaluator) defineNinja(t *engine.Task, b *ninjaGraph, targets []ninja.Node) ([]string, error) {
	paths, err := b.driver.Define(ev.at(t, b.g.header.Range), targets)
	if err != nil {
		return nil, ev.report(ev.ninjaError(t, b, err))
	}
	return paths, nil
}

// makeNinja makes the targets of a block and its public programs.
func (ev *Evaluator) makeNinja(t *engine.Task, g *target, out *Outcome) error {
	b, err := ev.ninjaQ.Get(t, g.addr())
	if err != nil || b.graph == nil {
		return err
	}
	paths, err := ev.defineNinja(t, b, b.targets)
	if err != nil {
		return err
	}
	for name := range g.bins {
		p, err := ev.builtProgram(t, g, name)
		if err != nil {
			return err
		}
		out.program(p)
		paths = append(paths, p.path)
	}
	return t.Build(unique(paths)...)
}

// defineMaker defines the edge that makes a file, if there is one.
func (ev *Evaluator) defineMaker(t *engine.Task, g *target, p string) error {
	b, err := ev.ninjaQ.Get(t, g.addr())
	if err != nil || b.graph == nil || !b.makes(p) {
		return err
	}
	n, _ := b.lookup(p)
	_, err = ev.defineNinja(t, b, []ninja.Node{n})
	return err
}
