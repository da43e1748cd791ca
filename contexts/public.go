package contexts

import (
	"path"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// publicNames are the names under which others see what a context builds.
type publicNames struct {
	bins, libs map[string]*target
	packages   map[string]*target
	rules      map[string]*target // public rules, by workspace path of their outputs
	shares     map[string]*target // install blocks, by "pkg/path"
	files      map[string]*target // rules and install blocks, by path
}

// publicNames collects them from the build files of a context.
func (ev *Evaluator) publicNames(t *engine.Task, c addr.Context) (*publicNames, error) {
	dirs, err := ev.directories(t, c)
	if err != nil {
		return nil, err
	}
	pub := &publicNames{bins: map[string]*target{}, libs: map[string]*target{}, packages: map[string]*target{}, rules: map[string]*target{}, shares: map[string]*target{}, files: map[string]*target{}}
	var diags hcl.Diagnostics
	put := func(m map[string]*target, name string, g *target, what string) {
		if old := m[name]; old != nil && old.enabled && g.enabled && old.addr() != g.addr() {
			diags = append(diags, errorAt(g.header.Range, "Two public names", "Context %s has two %s of the name %q: %s, at %s, and %s.",
				c, what, name, old.addr(), site(old.header.Range), g.addr())...)
			return
		}
		if m[name] == nil || g.enabled {
			m[name] = g
		}
	}
	for _, d := range dirs {
		for _, g := range d.order {
			switch {
			case g.install != nil && g.enabled:
				names, more := ev.installNames(t, d, g)
				diags = append(diags, more...)
				for _, n := range names {
					put(pub.files, n, g, "files")
					if rest, ok := cutSection(n, "share"); ok && pub.files[n] == g {
						pub.shares[rest] = g
					}
				}
			case g.ninja != nil:
				for name := range g.bins {
					put(pub.bins, name, g, "programs")
				}
			case g.isDuneProgram() && g.public:
				put(pub.bins, g.dune.Public, g, "programs")
			case g.pkg != nil:
				put(pub.packages, g.fileName(), g, "packages")
			case g.isDuneLibrary() && g.public:
				put(pub.libs, g.dune.Public, g, "libraries")
			case !g.public || g.dune != nil:
			case g.library != nil:
				put(pub.libs, g.fileName(), g, "libraries")
			case g.executable != nil:
				put(pub.bins, g.fileName(), g, "programs")
			case g.rule != nil:
				for _, o := range g.outs {
					put(pub.files, path.Join(d.dir, o), g, "files")
				}
			}
		}
	}
	return pub, ev.report(diags)
}

// check judges a reference to a public name.
func (p *publicNames) check(m map[string]*target, name string, absent func() hcl.Diagnostics, rng hcl.Range) hcl.Diagnostics {
	switch g := m[name]; {
	case g == nil:
		return absent()
	case !g.enabled:
		return g.disabled(rng)
	}
	return nil
}

// publicFile evaluates context.C.file["path"]: an output of a public rule, or
// an installed file.
func (ev *Evaluator) publicFile(t *engine.Task, pub *publicNames, el addr.Element) (cty.Value, error) {
	name := el.Name
	g := pub.files[name]
	if g == nil {
		p, err := ev.duneFile(t, el)
		if err != nil {
			return cty.UnknownVal(cty.String), err
		}
		return lang.FileVal(lang.FileMark{Path: p, ID: artifact{ctx: el.Context}}), nil
	}
	if g.install != nil {
		return ev.installed(t, g, name)
	}
	if _, err := ev.ruleQ.Get(ev.at(t, g.header.Range), g.addr()); err != nil {
		return cty.UnknownVal(cty.String), err
	}
	return lang.FileVal(lang.FileMark{Path: joinPath(contextRoot(g.ctx), name), ID: artifact{ctx: g.ctx, target: g.addr().String()}}), nil
}

// resolveLib resolves ctx.lib.N: public in this context, or in those that it
// imports; two candidates are an error.
func (sc *scope) resolveLib(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	all := len(ref.Steps)
	name, diags := stepName(ref, 1, "the name of a library")
	if name == "" {
		return cty.DynamicVal, all, diags
	}
	imports, err := sc.ev.importsQ.Get(sc.t, attrKey{sc.dir.ctx, "imports"})
	if err != nil {
		return cty.DynamicVal, all, sc.ev.diagnose(err, ref.Range, "Invalid imports")
	}
	var found []candidate
	var names []string
	for _, c := range append([]addr.Context{sc.dir.ctx}, imports...) {
		pub, err := sc.ev.publicQ.Get(sc.t, c)
		if err != nil {
			return cty.DynamicVal, all, sc.ev.diagnose(err, ref.Range, "Invalid context")
		}
		if g := pub.libs[name]; g != nil {
			found = append(found, candidate{c, g})
		}
		provided, err := sc.ev.provider(sc.t, addr.Element{Context: c, Kind: addr.KindLib, Name: name})
		if err != nil {
			return cty.DynamicVal, all, sc.ev.diagnose(err, ref.Range, "Invalid context")
		}
		if _, ok := provided.libs[name]; ok {
			found = append(found, candidate{c, nil})
		}
		names = append(append(names, keys(pub.libs)...), sc.ev.providedNames(sc.t, addr.Element{Context: c, Kind: addr.KindLib})...)
	}
	private, more, err := sc.privateLibrary(name)
	if err != nil {
		return cty.DynamicVal, all, sc.ev.diagnose(err, ref.Range, "Invalid reference")
	}
	switch {
	case len(found) == 0 && private != nil:
		return libraryVal(*private), 2, nil
	case len(found) == 0:
		names = append(names, more...)
		return absentRef(ref, 2, "public library | in context "+sc.dir.ctx.String()+" and its imports", name, names)
	case len(found) > 1:
		return cty.DynamicVal, all, errorAt(ref.Range, "Two libraries of one name",
			"%s and %s are both meant by ctx.lib.%s: write %s.lib.%s or %s.lib.%s.", found[0].text(name), found[1].text(name), name, found[0].ctx.Expr(), name, found[1].ctx.Expr(), name)
	case found[0].g != nil && !found[0].g.enabled:
		return cty.DynamicVal, all, found[0].g.disabled(ref.Range)
	case private != nil && (found[0].g == nil || *private != found[0].g.addr()):
		return cty.DynamicVal, all, errorAt(ref.Range, "Two libraries of one name",
			"%s and %s, of the dune project here, are both meant by ctx.lib.%s: write %s.lib.%s for the former.", found[0].text(name), private, name, found[0].ctx.Expr(), name)
	}
	sc.ev.link(sc.dir.ctx, found[0].ctx, "lib."+name)
	if found[0].g == nil {
		return providedLibVal(addr.Element{Context: found[0].ctx, Kind: addr.KindLib, Name: name}), 2, nil
	}
	return libraryVal(found[0].g.addr()), 2, nil
}

// A candidate is a library of some name: a target, or provided by a package.
type candidate struct {
	ctx addr.Context
	g   *target // nil: provided
}

func (c candidate) text(name string) string {
	if c.g == nil {
		return addr.Element{Context: c.ctx, Kind: addr.KindLib, Name: name}.String() + ", of a package,"
	}
	return c.g.addr().String()
}

// targetOf finds a target by its address. Whoever has the address got it
// from a directory, so it is there.
func (ev *Evaluator) targetOf(t *engine.Task, a addr.Target) (*directory, *target, error) {
	d, err := ev.directoryQ.Get(t, dirKey{a.Context, a.Dir})
	if err != nil {
		return nil, nil, err
	}
	return d, d.targets[targetID(a.Kind, a.Name, a.Key)], nil
}
