package contexts

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// A packageDecl is a package block in one context, or an instance of it.
type packageDecl struct {
	name  string // public: NAME or NAME@KEY
	key   string
	block *config.Package
	each  *eachValue // of the block; nil without for_each
	g     *target    // of a build file; nil for the definition of the context
}

// A packageSet are the packages that the definition of a context has.
type packageSet struct {
	list []*packageDecl          // in the order of the source
	each map[string]*instances   // by the name of the block
	by   map[string]*packageDecl // by public name
}

// packageSet lists the packages of a context and of its templates.
func (ev *Evaluator) packageSet(t *engine.Task, c addr.Context) (*packageSet, error) {
	d, err := ev.definition(t, c)
	if err != nil {
		return nil, err
	}
	set := &packageSet{each: map[string]*instances{}, by: map[string]*packageDecl{}}
	var diags hcl.Diagnostics
	for _, def := range ev.chain(d) {
		for _, x := range def.Packages {
			if set.each[x.Name] != nil {
				continue
			}
			b := ev.findPackage(d, x.Name)
			in, more := ev.expand(b.ForEach, d.scope)
			diags = append(diags, more...)
			if in == nil {
				continue
			}
			set.each[b.Name] = in
			if !in.known {
				t.Deferred(c.String(), "all instances of package "+b.Name, in.waits)
			}
			for _, k := range in.keys {
				p := &packageDecl{name: keyed(b.Name, k), key: k, block: b, each: in.each[k]}
				set.list, set.by[p.name] = append(set.list, p), p
			}
		}
	}
	scope := c.String() + "//:" + string(addr.BlockPackage) + "."
	t.Prune(scope, func(target, _ string) bool {
		name := strings.TrimPrefix(target, scope)
		base, _, _ := strings.Cut(name, "@")
		return set.each[base] == nil || set.by[name] != nil || set.later(name) // a build file may have it
	})
	return set, ev.report(diags)
}

// declaresPackage reports whether the definition of a context has the package
// of a target's id, "package.NAME@KEY".
func (ev *Evaluator) declaresPackage(d *definedAt, id string) bool {
	name, ok := strings.CutPrefix(id, string(addr.BlockPackage)+".")
	base, _, _ := strings.Cut(name, "@")
	return ok && ev.findPackage(d, base) != nil
}

// keyed is the public name of an instance.
func keyed(name, key string) string {
	if key == "" {
		return name
	}
	return name + "@" + key
}

// later reports whether only a build can tell if there is a package of a name.
func (s *packageSet) later(name string) bool {
	base, _, _ := strings.Cut(name, "@")
	in := s.each[base]
	return in != nil && !in.known
}

func (s *packageSet) names() []string {
	var out []string
	for _, p := range s.list {
		out = append(out, p.name)
	}
	return out
}

// packageDecl finds a package of a context, in its definition or in a build
// file; nil if only a build can tell whether there is one. checkPackage found
// that there may be.
func (ev *Evaluator) packageDecl(t *engine.Task, el addr.Element) (*packageDecl, error) {
	set, err := ev.packagesQ.Get(t, el.Context)
	if err != nil {
		return nil, err
	}
	if p := set.by[el.Name]; p != nil || set.later(el.Name) {
		return p, nil
	}
	pub, err := ev.publicQ.Get(t, el.Context)
	if err != nil {
		return nil, err
	}
	return pub.packages[el.Name].packageDecl(), nil
}

// packageDecl describes a package block of a build file.
func (g *target) packageDecl() *packageDecl {
	return &packageDecl{name: g.fileName(), key: g.key, block: g.pkg, each: g.each, g: g}
}

// checkPackage judges whether a context has a package.
func (ev *Evaluator) checkPackage(t *engine.Task, el addr.Element, ref lang.Ref, absent absence) hcl.Diagnostics {
	set, err := ev.packagesQ.Get(t, el.Context)
	if err != nil {
		return ev.diagnose(err, ref.Range, "Invalid context")
	}
	if set.by[el.Name] != nil || set.later(el.Name) {
		return nil
	}
	if in := set.each[el.Name]; in != nil {
		return errorAt(ref.Range, "Invalid reference", "Package %q has instances: write %s.prefix.%s[\"KEY\"].%s", el.Name, el.Context.Expr(), el.Name, instanceList(in))
	}
	pub, err := ev.publicQ.Get(t, el.Context)
	if err != nil {
		return ev.diagnose(err, ref.Range, "Invalid context")
	}
	return pub.check(pub.packages, el.Name, func() hcl.Diagnostics {
		return absent("package", append(set.names(), keys(pub.packages)...))
	}, ref.Range)
}

// packageScope is in what the attributes of a package are evaluated.
func (ev *Evaluator) packageScope(t *engine.Task, c addr.Context, p *packageDecl) (*scope, error) {
	if p.g != nil {
		d, err := ev.directoryQ.Get(t, dirKey{c, p.g.dir})
		return &scope{ev: ev, t: t, dir: d, each: p.each}, err
	}
	d, err := ev.definition(t, c)
	if err != nil {
		return nil, err
	}
	sc := *d.scope
	if p.each != nil {
		sc.each = p.each
	}
	return &sc, nil
}

// target is the address of a package's block.
func (p *packageDecl) target(c addr.Context) string {
	a := addr.Target{Context: c, Kind: addr.BlockPackage, Name: p.block.Name, Key: p.key}
	if p.g != nil {
		a.Dir = p.g.dir
	}
	return a.String()
}

// checkPackages finds references to nothing in the packages of a build file.
func (ev *Evaluator) checkPackages(b *config.Build) hcl.Diagnostics {
	var diags hcl.Diagnostics
	check := func(attrs hcl.Attributes, roots []string) {
		for _, a := range attrs {
			diags = append(diags, lang.Check(a.Expr, &scope{ev: ev, static: roots})...)
		}
	}
	for _, p := range b.Packages {
		roots := buildRoots(p.ForEach != nil)
		check(p.Attrs, append(roots, "prefix"))
		if p.Provides != nil {
			check(p.Provides.Attrs, roots)
			for _, l := range p.Provides.Libraries {
				check(l.Attrs, roots)
			}
		}
	}
	return diags
}
