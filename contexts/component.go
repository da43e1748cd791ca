package contexts

import (
	"errors"
	"path"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
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
	files  []string       // what building it means
}

func (c *component) programVal() cty.Value {
	return lang.FileVal(lang.FileMark{Path: c.path, ID: artifact{ctx: c.g.ctx, target: c.g.addr().String(), program: true, native: c.native}})
}

// parts are a component's attributes, evaluated.
type parts struct {
	owner   cc.Owner
	c       []string // C and assembly sources
	ml      []string // OCaml sources
	headers []string // generated ones
	include []string // directories, of the component and for its users
	flags   []string
	ldflags []string
	inputs  []string // files that flags name
	script  string
	libs    []*component
	std     []string // libraries of the OCaml distribution
	modes   []ocaml.Mode
	wrapped bool

	siblings []string // OCaml sources of the directory
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
	sc := &scope{ev: ev, t: t, dir: d, each: g.each}
	p, diags := ev.parts(sc, g)
	if err := ev.report(diags); err != nil {
		return nil, err
	}
	cct, oct, err := ev.loaded(t, g.ctx)
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
	c := *out
	fns := []func(*engine.Task) error{func(t *engine.Task) error { return ev.defineComponent(t, &c) }}
	for _, l := range c.parts.libs {
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
	cct, oct, err := ev.loaded(t, c.g.ctx)
	if err != nil {
		return err
	}
	p := c.parts
	if len(p.ml) > 0 {
		if p.siblings, err = ev.modulesQ.Get(t, dirKey{c.g.ctx, c.g.dir}); err != nil {
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
	at := g.header.AttrRange("sources")
	switch {
	case errors.As(err, &clash):
		return errorAt(at, "Two sources for one module", "%s\n%s", sentence(clash.Error()), clash.Hint())
	case errors.As(err, &cycle):
		return errorAt(at, "Cycle of modules", "%s", sentence(cycle.Error()))
	}
	return ev.diagnose(err, at, "Cannot build "+string(g.kind)+" "+g.name)
}

// parts evaluates the attributes of a component.
func (ev *Evaluator) parts(sc *scope, g *target) (*parts, hcl.Diagnostics) {
	var b *config.Component
	p := &parts{wrapped: true}
	var diags hcl.Diagnostics
	if g.library != nil {
		b = &g.library.Component
		if g.library.Wrapped != nil {
			val, more := lang.Eval(g.library.Wrapped, sc)
			diags = append(diags, more...)
			w, more := lang.Bool(val, g.library.Wrapped.Range(), "wrapped")
			diags = append(diags, more...)
			p.wrapped = !w.Known || w.Value
		}
	} else {
		b = &g.executable.Component
		if x := g.executable.LinkerScript; x != nil {
			val, more := lang.Eval(x, sc)
			diags = append(diags, more...)
			file, ok, more := ev.filePath(sc.t, val, sc.dir.dir, sc.dir, x.Range())
			diags = append(diags, more...)
			if ok {
				p.script = file
				diags = append(diags, ev.makeInputs(sc, []string{file}, x.Range())...)
			}
		}
	}
	diags = append(diags, ev.sources(sc, b, p)...)
	p.flags, p.inputs = ev.flagList(sc, b.Flags, "flags", &diags)
	var more []string
	p.ldflags, more = ev.flagList(sc, b.LDFlags, "ldflags", &diags)
	p.inputs = append(p.inputs, more...)
	if b.Deps != nil {
		diags = append(diags, ev.deps(sc, b.Deps, p)...)
	}
	if b.Modes != nil {
		diags = append(diags, modeList(sc, b.Modes, p)...)
	}
	return p, append(diags, ev.owner(sc, g, p)...)
}

// owner fills in for whom the component is built.
func (ev *Evaluator) owner(sc *scope, g *target, p *parts) hcl.Diagnostics {
	p.owner = cc.Owner{Context: g.ctx.String(), Target: g.addr().String(), Root: sc.dir.root, Dir: g.dir, Name: g.fileName()}
	profile, err := ev.profileQ.Get(sc.t, attrKey{g.ctx, "profile"})
	if err != nil {
		return ev.diagnose(err, g.header.Range, "Invalid profile")
	}
	env, err := ev.envQ.Get(sc.t, attrKey{g.ctx, "env"})
	if err != nil {
		return ev.diagnose(err, g.header.Range, "Invalid env")
	}
	p.owner.Profile, p.owner.Env = profile, env.vars
	p.inputs = append(p.inputs, env.inputs...)
	p.owner.Unknown = unique(append(sc.waits(), env.waits...))
	return nil
}

// sources evaluates sources, headers and include, and sorts the sources by
// language.
func (ev *Evaluator) sources(sc *scope, b *config.Component, p *parts) hcl.Diagnostics {
	d := sc.dir
	srcs, diags := ev.inputFiles(sc, b.Sources, d.dir)
	heads, more := ev.inputFiles(sc, b.Headers, d.dir)
	diags = append(diags, more...)
	diags = append(diags, ev.makeInputs(sc, append(append([]string{}, srcs...), heads...), b.AttrRange("sources"))...)
	for _, s := range srcs {
		switch ext := path.Ext(s); {
		case cc.IsHeader(s):
			heads = append(heads, s)
		case ext == ".ml" || ext == ".mli" || ext == ".mll" || ext == ".mly":
			p.ml = append(p.ml, s)
		case cc.IsSource(s):
			p.c = append(p.c, s)
		default:
			diags = append(diags, errorAt(b.AttrRange("sources"), "Not a source", "No toolchain compiles %q. Sources end in .c, .S, .s, .ml, .mli, .mll or .mly; what else a component reads goes into headers, or into the inputs of a rule.", path.Base(s))...)
		}
	}
	dirs := []string{d.dir}
	for _, h := range heads {
		if strings.HasPrefix(h, d.root+"/") {
			p.headers = append(p.headers, h)
			dirs = append(dirs, path.Dir(h))
		}
	}
	for _, s := range append(append([]string{}, p.c...), p.ml...) {
		if strings.HasPrefix(s, d.root+"/") {
			dirs = append(dirs, path.Dir(s))
		}
	}
	if b.Include != nil {
		val, more := lang.Eval(b.Include, sc)
		diags = append(diags, more...)
		l, more := lang.StringList(val, b.Include.Range(), "include")
		diags = append(diags, more...)
		for _, s := range l.Value {
			at, err := inside(d.dir, s)
			if err != nil {
				diags = append(diags, errorAt(b.Include.Range(), "Outside of the workspace", "%s", sentence(err.Error()))...)
				continue
			}
			dirs = append(dirs, at, joinPath(d.root, at))
		}
	}
	p.include = unique(dirs)
	return diags
}

// flagList evaluates a list of flags, some of which may name files.
func (ev *Evaluator) flagList(sc *scope, expr hcl.Expression, what string, diags *hcl.Diagnostics) (flags, inputs []string) {
	if expr == nil {
		return nil, nil
	}
	val, more := lang.Eval(expr, sc)
	*diags = append(*diags, more...)
	if more.HasErrors() {
		return nil, nil
	}
	list, more := lang.Strings(val, expr.Range(), what)
	*diags = append(*diags, more...)
	for _, a := range list.Value {
		if !a.Known {
			continue
		}
		text, files := tokens(a.Value, a.Marks)
		flags = append(flags, text)
		inputs = append(inputs, files...)
	}
	*diags = append(*diags, ev.makeInputs(sc, inputs, expr.Range())...)
	return flags, inputs
}

// deps evaluates a list of libraries. Strings are libraries that come with
// the OCaml compiler.
func (ev *Evaluator) deps(sc *scope, expr hcl.Expression, p *parts) hcl.Diagnostics {
	val, diags := lang.Eval(expr, sc)
	val, _ = val.UnmarkDeep()
	if diags.HasErrors() || !val.IsKnown() {
		return diags
	}
	if val.IsNull() || !val.CanIterateElements() {
		return append(diags, errorAt(expr.Range(), "Not libraries", "deps is a list of libraries: [library.NAME, ctx.lib.NAME, \"unix\"].")...)
	}
	i := 0
	for it := val.ElementIterator(); it.Next(); i++ {
		_, v := it.Element()
		rng := elementRange(expr, i)
		switch {
		case !v.IsKnown():
		case !v.IsNull() && v.Type().Equals(libraryType):
			a := *v.EncapsulatedValue().(*addr.Target)
			c, err := ev.outlineQ.Get(sc.t.At(site(rng)), a)
			if err != nil {
				diags = append(diags, ev.diagnose(err, rng, "Invalid library")...)
				continue
			}
			diags = append(diags, ev.sameABI(sc, c, rng)...)
			p.libs = append(p.libs, c)
		case !v.IsNull() && v.Type() == cty.String && ocaml.IsStandard(v.AsString()):
			p.std = append(p.std, v.AsString())
		case !v.IsNull() && v.Type() == cty.String:
			diags = append(diags, errorAt(rng, "No such library", "%q is not a library of the OCaml distribution. A library of this workspace is library.NAME or ctx.lib.NAME; one of the system goes into ldflags: [\"-l%s\"].", v.AsString(), v.AsString())...)
		default:
			diags = append(diags, errorAt(rng, "Not a library", "deps is a list of libraries: [library.NAME, ctx.lib.NAME, \"unix\"].")...)
		}
	}
	return diags
}

// sameABI judges whether a library of another context can be linked here.
func (ev *Evaluator) sameABI(sc *scope, c *component, rng hcl.Range) hcl.Diagnostics {
	here, there := sc.dir.ctx, c.g.ctx
	if here == there {
		return nil
	}
	kind := "cc"
	if c.ocaml != nil {
		kind = "ocaml"
	}
	a, err := ev.toolchainOf(sc.t, here, kind)
	if err != nil {
		return ev.diagnose(err, rng, "Invalid toolchain")
	}
	b, err := ev.toolchainOf(sc.t, there, kind)
	if err != nil {
		return ev.diagnose(err, rng, "Invalid toolchain")
	}
	switch {
	case a == nil || b == nil:
	case kind == "ocaml" && a.Identity() != b.Identity():
		return errorAt(rng, "Library of another compiler", "%s is compiled by another OCaml compiler than context %s uses: modules can only be linked with those of the same compiler.", c.g.addr(), here)
	case kind == "cc" && a.Target() != b.Target():
		return errorAt(rng, "Library of another machine", "%s is compiled for %s, and context %s for %s.", c.g.addr(), b.Target(), here, a.Target())
	}
	return nil
}

func modeList(sc *scope, expr hcl.Expression, p *parts) hcl.Diagnostics {
	val, diags := lang.Eval(expr, sc)
	l, more := lang.StringList(val, expr.Range(), "modes")
	diags = append(diags, more...)
	for _, m := range l.Value {
		if m != string(ocaml.Byte) && m != string(ocaml.Native) {
			diags = append(diags, errorAt(expr.Range(), "No such mode", "There is no mode %q.%s", m, didYouMean(m, []string{"byte", "native"}))...)
			continue
		}
		p.modes = append(p.modes, ocaml.Mode(m))
	}
	return diags
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
	return ocaml.Unit{Owner: p.owner, Sources: append(append([]string{}, p.ml...), p.c...), Generated: p.headers, Deps: ml, Standard: p.std, CDeps: libs,
		Directory: p.siblings, Unwrapped: !p.wrapped, Flags: p.flags, LinkFlags: p.ldflags, Include: p.include, Inputs: unique(p.inputs), Modes: p.modes, Stubs: stubs}
}

func (c *component) ocamlLibrary(t *engine.Task, p *parts, tc *ocaml.Toolchain, stubs *cc.Toolchain) error {
	lib, err := tc.Library(t, p.ocamlUnit(stubs))
	if err != nil {
		return err
	}
	c.ocaml = lib
	for _, m := range []ocaml.Mode{ocaml.Byte, ocaml.Native} {
		if lib.Archives[m] != "" && (len(p.modes) == 0 || containsMode(p.modes, m)) {
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
		if c.path == "" || pr.Mode == ocaml.Native {
			c.path = pr.Path
		}
	}
	return nil
}
