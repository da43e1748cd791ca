package contexts

import (
	"errors"
	"path"
	"sort"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// A component is a library or an executable in one context: its actions are
// defined, and its users know it by this.
type component struct {
	g      *target
	parts  *parts
	cc     *cc.Library    // a library with C users
	ocaml  *ocaml.Library // a library of OCaml modules
	path   string         // of a program
	native bool           // a program that runs on the build machine
	source bool           // path is a C source, of which others make a program
	files  []string       // what building it means

	provided addr.Element  // by a package, and then there is no g; else zero
	linked   *rules.Linked // of a dune file, or installed, and then there is no g
}

// context is where a component is built.
func (c *component) context() addr.Context {
	if c.g == nil {
		return c.provided.Context
	}
	return c.g.ctx
}

// address names a component for people.
func (c *component) address() string {
	if c.g == nil {
		return c.provided.String()
	}
	return c.g.addr().String()
}

func (c *component) program() *program {
	return &program{g: c.g, name: c.g.fileName(), path: c.path, art: artifact{ctx: c.g.ctx, target: c.g.addr().String(), program: !c.source, native: c.native, source: c.source}}
}

// outline evaluates a library block as far as its users must know it. An
// OCaml library is only described: whoever compiles against it need not wait
// for its ocamldep, so the libraries of a chain are analysed at the same time.
func (ev *Evaluator) outline(t *engine.Task, a addr.Target) (*component, error) {
	d, g, err := ev.targetOf(t, a)
	if err != nil {
		return nil, err
	}
	ev.noteTarget(t, g)
	if g.isDuneLibrary() {
		return ev.duneLibrary(t, g)
	}
	sc := &scope{ev: ev, t: t, dir: d, each: g.each}
	p, diags := ev.parts(sc, g)
	if err := ev.report(diags); err != nil {
		return nil, err
	}
	if sc.partial {
		t.Deferred(g.ctx.String(), "sources of "+g.addr().String(), sc.waits())
	}
	cct, oct, err := ev.loaded(t, g.ctx, p)
	if err != nil {
		return nil, err
	}
	c := &component{g: g, parts: p}
	switch {
	case len(p.ml) > 0 && oct == nil:
		return nil, ev.report(lacking(g, "ocaml", "OCaml"))
	case len(p.ml) == 0 && cct == nil:
		return nil, ev.report(lacking(g, "cc", "C"))
	case len(p.ml) == 0 && len(p.std) > 0:
		return nil, ev.report(errorAt(g.header.AttrRange("deps"), "Library of another language",
			"%q is a library of the OCaml distribution, and %s has no OCaml sources. A library of the system goes into ldflags: [\"-l%s\"].", p.std[0], g.addr(), p.std[0]))
	case g.library == nil:
	case len(p.ml) > 0:
		c.ocaml, err = oct.Describe(p.ocamlUnit(cct))
	default:
		err = c.cLibrary(t, p, cct)
	}
	if err != nil {
		return nil, ev.report(ev.componentError(err, g))
	}
	return c, nil
}

// component defines the actions of a library or executable, and sees to it
// that those of the libraries it needs are.
func (ev *Evaluator) component(t *engine.Task, a addr.Target) (*component, error) {
	out, err := ev.outlineQ.Get(t, a)
	if err != nil {
		return nil, err
	}
	if out.linked != nil {
		return out, duneError(ev.dune.Define(t, out.linked))
	}
	c := *out
	if c.g.executable != nil {
		if err := ev.complete(t, &c); err != nil {
			return nil, err
		}
	}
	fns := []func(*engine.Task) error{func(t *engine.Task) error { return ev.defineComponent(t, &c) }}
	for _, l := range c.parts.libs {
		switch {
		case l.linked != nil:
			fns = append(fns, func(t *engine.Task) error { return duneError(ev.dune.Define(t, l.linked)) })
			continue
		case l.g == nil:
			continue // its package was built
		}
		fns = append(fns, func(t *engine.Task) error {
			_, err := ev.componentQ.Get(t.At(site(c.g.header.Range)), l.g.addr())
			return err
		})
	}
	if err := t.Run(fns...); err != nil {
		return nil, errReported
	}
	t.PruneTarget(a.String())
	return &c, nil
}

// defineComponent does what outline left.
func (ev *Evaluator) defineComponent(t *engine.Task, c *component) error {
	p := c.parts
	cct, oct, err := ev.loaded(t, c.g.ctx, p)
	if err != nil {
		return err
	}
	if len(p.ml) > 0 {
		if p.siblings, err = ev.modulesQ.Get(t, dirKey{c.g.ctx, c.g.dir}); err != nil {
			return err
		}
		if p.host, err = ev.hostSuite(t, c.g.ctx, oct); err != nil {
			return err
		}
	}
	switch {
	case c.g.library != nil && len(p.ml) > 0:
		err = c.ocamlLibrary(t, p, oct, cct)
	case c.g.library != nil:
	case len(p.ml) > 0:
		err = c.ocamlProgram(t, p, oct, cct)
	default:
		err = c.cProgram(t, p, cct)
	}
	return ev.report(ev.componentError(err, c.g))
}

// modules lists the OCaml sources of a directory's components, as far as they
// are known without evaluating what the components refer to: one process asks
// for the dependencies of all of them.
func (ev *Evaluator) modules(t *engine.Task, k dirKey) ([]string, error) {
	d, err := ev.directoryQ.Get(t, k)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, g := range d.order {
		var expr hcl.Expression
		switch {
		case !g.enabled:
		case g.library != nil:
			expr = g.library.Sources
		case g.executable != nil:
			expr = g.executable.Sources
		}
		if expr == nil || len(lang.References(expr)) > 0 {
			continue
		}
		val, diags := lang.Eval(expr, &scope{ev: ev, t: t, dir: d})
		list, more := lang.StringList(val, expr.Range(), "sources")
		if diags.HasErrors() || more.HasErrors() {
			continue // its component reports that
		}
		for _, s := range list.Value {
			p := joinPath(d.dir, s)
			if ext := path.Ext(s); ext != ".ml" && ext != ".mli" || d.outputs[joinPath(s)] != nil {
				continue
			}
			if ok, err := t.Exists(p); err == nil && ok {
				all = append(all, p)
			}
		}
	}
	sort.Strings(all)
	return unique(all), nil
}

// componentError words errors of the toolchains.
func (ev *Evaluator) componentError(err error, g *target) hcl.Diagnostics {
	if err == nil {
		return nil
	}
	var clash *ocaml.ClashError
	var cycle *ocaml.CycleError
	var machine *ocaml.MachineError
	at := g.header.AttrRange("sources")
	switch {
	case errors.As(err, &clash):
		return errorAt(at, "Two sources for one module", "%s\n%s", sentence(clash.Error()), clash.Hint())
	case errors.As(err, &machine):
		return errorAt(at, "Toolchains for two machines", "%s\n%s", sentence(machine.Error()), machine.Hint())
	case errors.As(err, &cycle):
		return errorAt(at, "Cycle of modules", "%s", sentence(cycle.Error()))
	}
	return ev.diagnose(err, at, "Cannot build "+string(g.kind)+" "+g.name)
}

// split sorts the dependencies by language.
func (p *parts) split() (c []*cc.Library, ml []*ocaml.Library) {
	for _, l := range p.libs {
		if l.ocaml != nil {
			ml = append(ml, l.ocaml)
		} else if l.cc != nil {
			c = append(c, l.cc)
		}
	}
	return c, ml
}

func (p *parts) unit(libs []*cc.Library) cc.Unit {
	u := cc.Unit{Owner: p.owner, Sources: p.c, Generated: p.headers, Include: p.include, Flags: p.flags, Inputs: unique(p.inputs)}
	u.Use(libs)
	return u
}

func (c *component) cLibrary(t *engine.Task, p *parts, tc *cc.Toolchain) error {
	libs, ml := p.split()
	if len(ml) > 0 {
		return errors.New("a library of C sources cannot depend on OCaml library " + ml[0].Name)
	}
	c.cc = &cc.Library{Name: p.owner.Name, Include: p.include, Headers: p.headers, Flags: p.ldflags, Inputs: p.inputs, Deps: libs}
	c.files = append(c.files, p.headers...)
	if len(p.c) == 0 {
		return nil
	}
	objects, err := tc.Objects(t, p.unit(libs))
	if err != nil {
		return err
	}
	c.cc.Archive, err = tc.Archive(t, p.owner, objects)
	c.files = append(c.files, c.cc.Archive)
	return err
}

func (c *component) cProgram(t *engine.Task, p *parts, tc *cc.Toolchain) error {
	libs, ml := p.split()
	if len(ml) > 0 {
		return errors.New("a program of C sources cannot depend on OCaml library " + ml[0].Name + ": give it an OCaml main module")
	}
	objects, err := tc.Objects(t, p.unit(libs))
	if err != nil {
		return err
	}
	c.native = tc.Native()
	c.path, err = tc.Link(t, cc.Program{Owner: p.owner, Objects: objects, Libs: libs, Flags: p.ldflags, Script: p.script, Inputs: unique(p.inputs), Cxx: hasCxx(p.c)})
	c.files = []string{c.path}
	return err
}

func hasCxx(srcs []string) bool {
	for _, s := range srcs {
		switch path.Ext(s) {
		case ".cc", ".cpp", ".cxx", ".C":
			return true
		}
	}
	return false
}

func (p *parts) ocamlUnit(stubs *cc.Toolchain) ocaml.Unit {
	libs, ml := p.split()
	wrapping := ocaml.Wrapped
	if !p.wrapped {
		wrapping = ocaml.Unwrapped
	}
	return ocaml.Unit{Owner: p.owner, Sources: append(append([]string{}, p.ml...), p.c...), Generated: p.headers, Deps: ml, Standard: p.std, CDeps: libs,
		Directory: p.siblings, Wrapping: wrapping, Flags: p.flags, LinkFlags: p.ldflags, Include: p.include, Inputs: unique(p.inputs), Modes: p.modes, Stubs: stubs, Host: p.host}
}

func (c *component) ocamlLibrary(t *engine.Task, p *parts, tc *ocaml.Toolchain, stubs *cc.Toolchain) error {
	lib, err := tc.Library(t, p.ocamlUnit(stubs))
	if err != nil {
		return err
	}
	c.ocaml = lib
	for _, m := range []ocaml.Mode{ocaml.Byte, ocaml.Native} {
		if len(lib.Archives[m]) > 0 && (len(p.modes) == 0 || containsMode(p.modes, m)) {
			c.files = append(c.files, lib.Files(m)...)
		}
	}
	c.files = unique(c.files)
	return nil
}

func containsMode(ms []ocaml.Mode, m ocaml.Mode) bool {
	for _, x := range ms {
		if x == m {
			return true
		}
	}
	return false
}

func (c *component) ocamlProgram(t *engine.Task, p *parts, tc *ocaml.Toolchain, stubs *cc.Toolchain) error {
	progs, err := tc.Executables(t, p.ocamlUnit(stubs))
	if err != nil {
		return err
	}
	c.native = tc.Native()
	for _, pr := range progs {
		c.files = append(c.files, pr.Path)
		c.source = pr.Mode == ocaml.C
		if c.path == "" || pr.Mode == ocaml.Native {
			c.path = pr.Path
		}
	}
	return nil
}
