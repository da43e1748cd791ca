package contexts

import (
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

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

	siblings []string         // OCaml sources of the directory
	host     *ocaml.Toolchain // the host's, if it is to lend tools
}

// parts evaluates the attributes of a component.
func (ev *Evaluator) parts(sc *scope, g *target) (*parts, hcl.Diagnostics) {
	var b *config.Component
	p := &parts{wrapped: true, owner: cc.Owner{Target: g.addr().String()}}
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
		diags = append(diags, modeList(sc, b.Modes, p, g)...)
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
		switch {
		case cc.IsHeader(s):
			heads = append(heads, s)
		case isOCaml(s):
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
		if strings.HasPrefix(s, d.root+"/") || strings.HasPrefix(s, sourceRoots) {
			dirs = append(dirs, path.Dir(s))
		}
	}
	if b.Include != nil {
		val, more := lang.Eval(b.Include, sc)
		diags = append(diags, more...)
		l, more := lang.StringList(val, b.Include.Range(), "include")
		diags = append(diags, more...)
		sc.useTrees(l.Marks)
		for _, s := range l.Value {
			if tr, rel := inTree(s, l.Marks); tr != nil {
				if !tr.names[rel] || tr.isFile(rel) {
					diags = append(diags, errorAt(b.Include.Range(), "No such directory in a source", "%s has no directory %q.", tr.addr, rel)...)
				}
				dirs = append(dirs, path.Join(tr.dir, rel))
				continue
			}
			at, err := inside(d.dir, s)
			if err != nil {
				diags = append(diags, errorAt(b.Include.Range(), "Outside of the workspace", "%s", sentence(err.Error()))...)
				continue
			}
			dirs = append(dirs, at, joinPath(d.root, at))
		}
	}
	p.include = unique(dirs)
	// What of a tree is included, only compiling tells.
	for _, tr := range sc.trees {
		p.headers = append(p.headers, tr.files...)
	}
	p.headers = unique(p.headers)
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
	list, more := stringsOf(val, expr.Range(), what)
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
			c, err := ev.libraryOf(sc, *v.EncapsulatedValue().(*libraryRef), rng)
			if err != nil {
				diags = append(diags, ev.diagnose(err, rng, "Invalid library")...)
				continue
			}
			if c == nil {
				continue // a plan does not know it yet
			}
			diags = append(diags, ev.sameABI(sc, c, rng)...)
			p.libs = append(p.libs, c)
		case !v.IsNull() && v.Type() == cty.String && ocaml.IsStandard(v.AsString()):
			p.std = append(p.std, v.AsString())
		case !v.IsNull() && v.Type() == cty.String:
			diags = append(diags, ev.outsideLibrary(sc, v.AsString(), p, rng)...)
		default:
			diags = append(diags, errorAt(rng, "Not a library", "deps is a list of libraries: [library.NAME, ctx.lib.NAME, \"unix\"].")...)
		}
	}
	return diags
}

// isLibraryAddress reports whether a string is what a library is called on the
// command line.
func isLibraryAddress(s string) bool {
	a, err := addr.Parse(s)
	target, ok := a.(addr.Target)
	return err == nil && ok && target.Kind == addr.BlockLibrary
}

// libraryOf evaluates a library as far as its users must know it; nil stands for
// one that is not known yet.
func (ev *Evaluator) libraryOf(sc *scope, ref libraryRef, rng hcl.Range) (*component, error) {
	t := sc.t.At(site(rng))
	if ref.provided == (addr.Element{}) {
		return ev.outlineQ.Get(t, ref.target)
	}
	l, err := ev.providedLibQ.Get(t, ref.provided)
	if l == nil && err == nil {
		sc.waitFor(ref.provided.String())
	}
	if l == nil {
		return nil, err
	}
	return &component{provided: ref.provided, cc: l}, nil
}

// sameABI judges whether a library of another context can be linked here.
func (ev *Evaluator) sameABI(sc *scope, c *component, rng hcl.Range) hcl.Diagnostics {
	here, there := sc.dir.ctx, c.context()
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
		return errorAt(rng, "Library of another compiler", "%s is compiled by another OCaml compiler than context %s uses: modules can only be linked with those of the same compiler.", c.address(), here)
	case kind == "cc" && a.Target() != b.Target():
		return errorAt(rng, "Library of another machine", "%s is compiled for %s, and context %s for %s.", c.address(), b.Target(), here, a.Target())
	}
	return nil
}

// modeList evaluates for what OCaml sources are compiled.
func modeList(sc *scope, expr hcl.Expression, p *parts, g *target) hcl.Diagnostics {
	val, diags := lang.Eval(expr, sc)
	l, more := lang.StringList(val, expr.Range(), "modes")
	diags = append(diags, more...)
	modes := []string{string(ocaml.Byte), string(ocaml.Native)}
	if g.executable != nil {
		modes = append(modes, string(ocaml.C))
	}
	for _, m := range l.Value {
		if !contains(modes, m) {
			diags = append(diags, errorAt(expr.Range(), "No such mode", "%s%s", sentence(fmt.Sprintf("%s has no mode %q", article(string(g.kind)), m)), didYouMean(m, modes))...)
			continue
		}
		p.modes = append(p.modes, ocaml.Mode(m))
	}
	if containsMode(p.modes, ocaml.C) {
		diags = append(diags, sourceMode(expr.Range(), p, g)...)
	}
	return diags
}

// sourceMode judges an executable whose byte code becomes a C source.
func sourceMode(rng hcl.Range, p *parts, g *target) hcl.Diagnostics {
	bad := func(format string, args ...any) hcl.Diagnostics {
		return errorAt(rng, "Not a program", "With the mode \"c\", %s becomes a C source, which another executable has among its sources: sources = [%s, \"main.c\"].\n"+format,
			append([]any{g.id(), g.id()}, args...)...)
	}
	switch {
	case len(p.modes) > 1:
		return bad("So there can be no other modes beside it.")
	case g.public:
		return bad("That one can be public.")
	case len(p.c) > 0:
		return bad("%s belongs to that one, too.", path.Base(p.c[0]))
	}
	return nil
}
