package contexts

import (
	"path"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/cc"
)

// A providedLib is a C library that a package's provides block describes.
type providedLib struct {
	pkg     addr.Element
	block   *config.ProvidedLibrary
	archive string   // in the install tree; "" for headers only
	include []string // directories in it; nil for include, if there is one
}

// providedLibVal is the value of a library that a package provides.
func providedLibVal(el addr.Element) cty.Value {
	return cty.CapsuleVal(libraryType, &libraryRef{provided: el})
}

// has reports whether a package provides an element.
func (o *providing) has(el addr.Element) bool {
	if el.Kind == addr.KindLib {
		_, ok := o.libs[el.Name]
		return ok
	}
	_, ok := o.lookup(el)
	return ok
}

func (ev *Evaluator) providesLibrary(t *engine.Task, el addr.Element) (bool, error) {
	all, err := ev.provider(t, el)
	return err == nil && all.has(el), err
}

// addLibrary evaluates where the parts of a library are.
func (o *providing) addLibrary(sc *scope, el addr.Element, key string, b *config.ProvidedLibrary) hcl.Diagnostics {
	name := keyed(b.Name, key)
	if old, dup := o.libs[name]; dup && old.pkg != el {
		return errorAt(b.Range, "Two public names", "Package %q provides a library %q, too.", old.pkg.Name, name)
	}
	l := providedLib{pkg: el, block: b}
	var diags hcl.Diagnostics
	if b.Archive != nil {
		val, more := lang.Eval(b.Archive, sc)
		diags = append(diags, more...)
		s, more := lang.String(val, b.Archive.Range(), "archive")
		diags = append(diags, more...)
		var bad hcl.Diagnostics
		l.archive, bad = inPackage(s.Value, s.Known, b.Archive.Range(), "archive is a file")
		if !diags.HasErrors() {
			diags = append(diags, bad...)
		}
	}
	if b.Include != nil {
		val, more := lang.Eval(b.Include, sc)
		diags = append(diags, more...)
		list, more := lang.StringList(val, b.Include.Range(), "include")
		diags = append(diags, more...)
		l.include = []string{}
		for i, dir := range list.Value {
			p, more := inPackage(dir, list.Known, elementRange(b.Include, i), "include is a list of directories")
			diags = append(diags, more...)
			l.include = append(l.include, p)
		}
	}
	o.libs[name] = l
	return diags
}

// inPackage judges a path in an install tree.
func inPackage(name string, known bool, rng hcl.Range, what string) (string, hcl.Diagnostics) {
	if !known {
		return "", errorAt(rng, "Not known before building", "What a package provides must be known before anything is built.")
	}
	p, err := inside("", name)
	if err != nil || p == "" {
		return "", errorAt(rng, "Outside of the package", "%s in the package's prefix; %q is none.", what, name)
	}
	return p, nil
}

// check looks whether a package installed what a library of it consists of.
func (l providedLib) check(p *pkg) hcl.Diagnostics {
	var diags hcl.Diagnostics
	if l.archive != "" && p.tree.Lookup(l.archive) == nil {
		diags = append(diags, notInstalled(p, provided{l.pkg, l.archive, l.block.Archive.Range()})...)
	}
	for i, dir := range l.include {
		if p.tree.Lookup(dir) == nil {
			diags = append(diags, notInstalled(p, provided{l.pkg, dir, elementRange(l.block.Include, i)})...)
		}
	}
	return diags
}

// providedLibrary evaluates a library that a package provides, as who links it
// must know it. nil stands for one whose package a plan does not know yet.
func (ev *Evaluator) providedLibrary(t *engine.Task, el addr.Element) (*cc.Library, error) {
	all, err := ev.provider(t, el)
	if err != nil {
		return nil, err
	}
	l := all.libs[el.Name]
	p, err := ev.packageQ.Get(ev.at(t, l.block.Range), l.pkg)
	if err != nil || p.tree == nil {
		return nil, err
	}
	lib := &cc.Library{Name: el.Name, Inputs: []string{p.list}}
	if l.archive != "" {
		lib.Flags = append(lib.Flags, path.Join(p.tree.Prefix, l.archive))
	}
	if dir := p.tree.Lookup("include"); l.include == nil && dir != nil && dir.Kind == engine.EntryDir {
		l.include = []string{"include"}
	}
	for _, dir := range l.include {
		lib.Include = append(lib.Include, path.Join(p.tree.Prefix, dir))
	}
	sc, err := ev.packageScope(t, el.Context, p.decl)
	if err != nil {
		return nil, err
	}
	diags := ev.providedFlags(sc, l.block, lib)
	diags = append(diags, ev.providedDeps(sc, all, l, p.decl.key, lib)...)
	if err := ev.report(diags); err != nil {
		return nil, err
	}
	if len(sc.waits()) > 0 {
		return nil, nil
	}
	return lib, nil
}

// providedFlags evaluates what programs need that link a library.
func (ev *Evaluator) providedFlags(sc *scope, b *config.ProvidedLibrary, lib *cc.Library) hcl.Diagnostics {
	if b.LDFlags == nil {
		return nil
	}
	val, diags := lang.Eval(b.LDFlags, sc)
	list, more := stringsOf(val, b.LDFlags.Range(), "ldflags")
	for _, a := range list.Value {
		if a.Known {
			text, files := tokens(a.Value, a.Marks)
			lib.Flags, lib.Inputs = append(lib.Flags, text), append(lib.Inputs, files...)
		}
	}
	return append(diags, more...)
}

// providedDeps evaluates which libraries a library needs: those that the same
// package provides by their names, and others by reference.
func (ev *Evaluator) providedDeps(sc *scope, all *providing, l providedLib, key string, lib *cc.Library) hcl.Diagnostics {
	expr := l.block.Deps
	if expr == nil {
		return nil
	}
	val, diags := lang.Eval(expr, sc)
	val, _ = val.UnmarkDeep()
	wrong := func(rng hcl.Range) hcl.Diagnostics {
		return errorAt(rng, "Not libraries", "deps is a list of libraries of packages: those of the same package by their names, [\"crypto\"], others as context.NAME.lib.NAME.")
	}
	switch {
	case diags.HasErrors() || !val.IsKnown():
		return diags
	case val.IsNull() || !val.CanIterateElements():
		return wrong(expr.Range())
	}
	for it, i := val.ElementIterator(), 0; it.Next(); i++ {
		_, v := it.Element()
		rng := elementRange(expr, i)
		var ref libraryRef
		switch {
		case !v.IsKnown():
			continue
		case !v.IsNull() && v.Type().Equals(libraryType):
			if ref = *v.EncapsulatedValue().(*libraryRef); ref.provided == (addr.Element{}) {
				diags = append(diags, wrong(rng)...)
				continue
			}
		case !v.IsNull() && v.Type() == cty.String && all.libs[keyed(v.AsString(), key)].pkg == l.pkg:
			ref.provided = addr.Element{Context: l.pkg.Context, Kind: addr.KindLib, Name: keyed(v.AsString(), key)}
		case !v.IsNull() && v.Type() == cty.String:
			var names []string
			for _, x := range all.libs {
				if x.pkg == l.pkg {
					names = append(names, x.block.Name)
				}
			}
			diags = append(diags, errorAt(rng, "No such library", "Package %q provides no library %q.%s", l.pkg.Name, v.AsString(), didYouMean(v.AsString(), names))...)
			continue
		default:
			diags = append(diags, wrong(rng)...)
			continue
		}
		c, err := ev.libraryOf(sc, ref, rng)
		switch {
		case err != nil:
			diags = append(diags, ev.diagnose(err, rng, "Invalid library")...)
		case c != nil:
			lib.Deps = append(lib.Deps, c.cc)
		}
	}
	return diags
}
