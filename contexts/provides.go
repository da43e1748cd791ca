package contexts

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// A provided file is one that a package's provides block names.
type provided struct {
	pkg  addr.Element
	path string // in the install tree
	rng  hcl.Range
}

// A providing is what the packages of a context let others name.
type providing struct {
	files map[string]provided    // by path
	libs  map[string]providedLib // by name
}

// A provider is the definition of a context, or its build files: what a
// definition provides must not depend on these.
type provider struct {
	ctx   addr.Context
	build bool
}

func (p provider) String() string { return p.ctx.String() }

// provider returns those packages of a context that provide an element, or
// else those of its build files.
func (ev *Evaluator) provider(t *engine.Task, el addr.Element) (*providing, error) {
	first, err := ev.providesQ.Get(t, provider{el.Context, false})
	if err != nil || first.has(el) {
		return first, err
	}
	return ev.providesQ.Get(t, provider{el.Context, true})
}

// providedNames lists the elements of a kind that packages provide, for
// suggestions.
func (ev *Evaluator) providedNames(t *engine.Task, el addr.Element) []string {
	var out []string
	for _, build := range []bool{false, true} {
		if all, err := ev.providesQ.Get(t, provider{el.Context, build}); err == nil {
			out = append(out, all.names(el.Kind)...)
		}
	}
	return out
}

// packagesOf lists the packages of a provider.
func (ev *Evaluator) packagesOf(t *engine.Task, from provider) ([]*packageDecl, error) {
	if !from.build {
		set, err := ev.packagesQ.Get(t, from.ctx)
		if err != nil {
			return nil, err
		}
		return set.list, nil
	}
	dirs, err := ev.directories(t, from.ctx)
	var list []*packageDecl
	for _, d := range dirs {
		for _, g := range d.order {
			if g.pkg != nil && g.enabled {
				list = append(list, g.packageDecl())
			}
		}
	}
	return list, err
}

// provides evaluates what packages provide. Nothing need be built for it.
func (ev *Evaluator) provides(t *engine.Task, from provider) (*providing, error) {
	list, err := ev.packagesOf(t, from)
	if err != nil {
		return nil, err
	}
	out := &providing{map[string]provided{}, map[string]providedLib{}}
	var diags hcl.Diagnostics
	for _, p := range list {
		v := p.block.Provides
		if v == nil {
			continue
		}
		sc, err := ev.packageScope(t, from.ctx, p)
		if err != nil {
			return nil, err
		}
		el := addr.Element{Context: from.ctx, Kind: addr.KindPrefix, Name: p.name}
		for _, s := range []struct {
			dir  string
			expr hcl.Expression
		}{{"bin", v.Bin}, {"lib", v.Lib}, {"share", v.Share}} {
			if s.expr != nil {
				diags = append(diags, out.add(sc, el, p.key, s.dir, s.expr)...)
			}
		}
		for _, l := range v.Libraries {
			diags = append(diags, out.addLibrary(sc, el, p.key, l)...)
		}
	}
	return out, ev.report(diags)
}

func (o *providing) add(sc *scope, el addr.Element, key, dir string, expr hcl.Expression) hcl.Diagnostics {
	val, diags := lang.Eval(expr, sc)
	list, more := lang.StringList(val, expr.Range(), dir)
	if diags = append(diags, more...); diags.HasErrors() {
		return diags
	}
	if !list.Known {
		return errorAt(expr.Range(), "Not known before building", "What a package provides must be known before anything is built.")
	}
	for i, name := range list.Value {
		rng := elementRange(expr, i)
		p, err := inside(dir, name)
		if err != nil || !strings.HasPrefix(p, dir+"/") {
			diags = append(diags, errorAt(rng, "Outside of the package", "%s is a list of files below %s in the package's prefix; %q is none.", dir, dir, name)...)
			continue
		}
		public := keyed(p, key)
		if old, dup := o.files[public]; dup && old.pkg != el {
			diags = append(diags, errorAt(rng, "Two public names", "Package %q provides %s, too.", old.pkg.Name, public)...)
		}
		o.files[public] = provided{el, p, rng}
	}
	return diags
}

// lookup finds the file of an element that a package provides.
func (o *providing) lookup(el addr.Element) (provided, bool) {
	p := el.Name
	switch el.Kind {
	case addr.KindBin:
		p = path.Join("bin", el.Name)
	case addr.KindShare:
		p = path.Join("share", el.Name)
	case addr.KindFile:
	default:
		return provided{}, false
	}
	f, ok := o.files[p]
	return f, ok
}

// names lists the elements of a kind, for suggestions.
func (o *providing) names(k addr.Kind) []string {
	if k == addr.KindLib {
		return keys(o.libs)
	}
	var out []string
	for p := range o.files {
		if k == addr.KindFile {
			out = append(out, p)
		} else if rest, ok := strings.CutPrefix(p, string(k)+"/"); ok {
			out = append(out, rest)
		}
	}
	return out
}

// providedFile evaluates an element that a package provides; ok is false for
// any other.
func (ev *Evaluator) providedFile(t *engine.Task, el addr.Element) (val cty.Value, ok bool, err error) {
	all, err := ev.provider(t, el)
	if err != nil {
		return cty.UnknownVal(cty.String), true, err
	}
	f, ok := all.lookup(el)
	if !ok {
		return cty.NilVal, false, nil
	}
	p, err := ev.packageQ.Get(ev.at(t, f.rng), f.pkg)
	if err != nil {
		return cty.UnknownVal(cty.String), true, err
	}
	return p.at(f.path), true, nil
}

// checkProvided looks whether a package installed what it says that it
// provides.
func (ev *Evaluator) checkProvided(t *engine.Task, p *pkg) error {
	all, err := ev.providesQ.Get(t, provider{p.el.Context, p.decl.g != nil})
	if err != nil || p.tree == nil {
		return err
	}
	var diags hcl.Diagnostics
	for _, f := range all.files {
		if f.pkg != p.el {
			continue
		}
		e := p.tree.Lookup(f.path)
		if e == nil {
			diags = append(diags, notInstalled(p, f)...)
			continue
		}
		if e.Kind != engine.EntryFile && e.Kind != engine.EntryProgram {
			continue
		}
		// The tree's stamp says that it was whole, and not that nobody has
		// removed a part of it since.
		if there, err := t.Exists(path.Join(p.tree.Prefix, f.path)); err != nil || !there {
			diags = append(diags, errorAt(f.rng, "Damaged package", "Package %q installed %s, but somebody has removed it. Remove all of %s, and erg builds the package again.", p.el.Name, f.path, p.tree.Prefix)...)
		}
	}
	for _, l := range all.libs {
		if l.pkg == p.el {
			diags = append(diags, l.check(p)...)
		}
	}
	return ev.report(diags)
}

func notInstalled(p *pkg, f provided) hcl.Diagnostics {
	var there []string
	for _, e := range p.tree.Entries {
		if path.Dir(e.Path) == path.Dir(f.path) {
			there = append(there, e.Path)
		}
	}
	return errorAt(f.rng, "Not installed", "Package %q says that it provides %s, but its steps do not install that.%s", p.el.Name, f.path, didYouMean(f.path, there))
}

// invokeProvided is Invoke for the address of a program that a package
// provides; it returns nil for any other.
func (ev *Evaluator) invokeProvided(t *engine.Task, ws *config.Workspace, name string, args []string) (*Invocation, error) {
	var el addr.Element
	switch a, _ := addr.Parse(name); a := a.(type) {
	case addr.Public:
		el = a.Element()
	case addr.Element:
		el = a
	}
	if el.Kind != addr.KindBin || knownContext(ws, el.Context) != nil || ev.knownInstance(t, ws, el.Context) != nil {
		return nil, nil // whoever looks for it will say so
	}
	val, ok, err := ev.providedFile(t, el)
	if !ok || err != nil {
		return nil, err
	}
	plain, _ := val.Unmark()
	if !plain.IsKnown() {
		return nil, engine.ErrUnknown
	}
	return &Invocation{Argv: append([]string{plain.AsString()}, args...)}, nil
}

// packageWords is Words for what packages make public.
func (ev *Evaluator) packageWords(t *engine.Task, c addr.Context, of string) []string {
	var out []string
	for _, build := range []bool{false, true} {
		list, err := ev.packagesOf(t, provider{c, build})
		if err != nil {
			continue
		}
		for _, p := range list {
			switch of {
			case "elements":
				out = append(out, addr.Element{Context: c, Kind: addr.KindPrefix, Name: p.name}.String())
			case "targets":
				out = append(out, addr.Public{Context: c, Kind: addr.KindPrefix, Name: p.name}.String())
			}
		}
		all, err := ev.providesQ.Get(t, provider{c, build})
		if err != nil {
			continue
		}
		kinds := map[string][]addr.Kind{"programs": {addr.KindBin}, "targets": {addr.KindBin, addr.KindLib}}
		for _, k := range kinds[of] {
			for _, name := range all.names(k) {
				out = append(out, addr.Public{Context: c, Kind: k, Name: name}.String())
			}
		}
	}
	slices.Sort(out)
	return out
}
