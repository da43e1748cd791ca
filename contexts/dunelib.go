package contexts

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// isDuneLibrary reports whether a target of a dune file is a library.
func (g *target) isDuneLibrary() bool { return g.dune != nil && g.kind == addr.BlockLibrary }

// duneLibrary is a library that a dune file declares, as the components that
// link it see it.
func (ev *Evaluator) duneLibrary(t *engine.Task, g *target) (*component, error) {
	x, err := ev.dune.Linked(ev.at(t, g.header.Range), g.dune, g.header.Range)
	if err != nil {
		return nil, duneError(err)
	}
	return &component{g: g, parts: &parts{}, ocaml: x.Lib, linked: x}, nil
}

// outsideLibrary evaluates a string among deps: a library that is neither of the
// workspace nor of the OCaml distribution.
func (ev *Evaluator) outsideLibrary(sc *scope, name string, p *parts, rng hcl.Range) hcl.Diagnostics {
	if isLibraryAddress(name) {
		return errorAt(rng, "Not a name of a library", "%q is an address. A library of this workspace is %s.", name, ev.meantBy(sc, name))
	}
	c := sc.dir.ctx
	own, err := ev.dune.Declares(sc.t, c, name)
	if err != nil {
		return ev.diagnose(duneError(err), rng, "Invalid library")
	}
	if own {
		return errorAt(rng, "Library of this workspace", "%q is declared in this workspace, and strings are libraries from outside: write %s.", name, libraryExpr("ctx", name))
	}
	hint := fmt.Sprintf("A library of this workspace is library.NAME or ctx.lib.NAME; one of the system goes into ldflags: [\"-l%s\"].", name)
	oct, err := ev.toolchainOf(sc.t, c, "ocaml")
	if err != nil {
		return ev.diagnose(err, rng, "Invalid toolchain")
	}
	if oct == nil {
		return errorAt(rng, "No such library", "Context %s has no OCaml compiler that %q could be a library for. %s", c, name, hint)
	}
	x, err := ev.dune.Installed(sc.t.At(site(rng)), c, rules.Wanted{Name: name, Who: p.owner.Target, At: rng, Hint: hint})
	if err != nil || x == nil {
		return ev.diagnose(duneError(err), rng, "Invalid library")
	}
	p.libs = append(p.libs, &component{parts: &parts{}, ocaml: x.Lib, linked: x})
	return nil
}

// meantBy is the expression for a library that is named by its address.
func (ev *Evaluator) meantBy(sc *scope, address string) string {
	a, err := addr.Parse(address)
	x, ok := a.(addr.Target)
	if err != nil || !ok {
		return "library.NAME or ctx.lib.NAME"
	}
	x.Context = sc.dir.ctx
	if x.Dir == sc.dir.dir {
		return libraryExpr("", x.Name)
	}
	if _, g, err := ev.targetOf(sc.t, x); err == nil && g != nil && g.isDuneLibrary() && g.public {
		return libraryExpr("ctx", g.dune.Public)
	}
	return libraryExpr("ctx", x.Name) + ", where it is public"
}

// libraryExpr spells a reference to a library.
func libraryExpr(root, name string) string {
	switch {
	case root == "":
		return "library." + name
	case hclsyntax.ValidIdentifier(name):
		return root + ".lib." + name
	}
	return fmt.Sprintf("%s.lib[%q]", root, name)
}

// privateLibrary finds ctx.lib.N in the dune project that the build file lies in,
// by the name that dune files there have for it; nil if there is none. Names
// are all that the project has.
func (sc *scope) privateLibrary(name string) (a *addr.Target, names []string, err error) {
	a, names, err = sc.ev.dune.Private(sc.t, sc.dir.ctx, sc.dir.dir, name)
	return a, names, duneError(err)
}

// complete adds to what a program links what the libraries of dune files leave
// to programs.
func (ev *Evaluator) complete(t *engine.Task, c *component) error {
	var all []*rules.Linked
	seen := map[*component]bool{}
	var visit func(x *component)
	visit = func(x *component) {
		if seen[x] || x.parts == nil {
			return
		}
		seen[x] = true
		if x.linked != nil {
			all = append(all, x.linked)
		}
		for _, l := range x.parts.libs {
			visit(l)
		}
	}
	visit(c)
	if len(all) == 0 {
		return nil
	}
	more, err := ev.dune.Complete(t, c.g.ctx, all, c.g.id(), c.g.header.AttrRange("deps"))
	if err != nil {
		return duneError(err)
	}
	p := *c.parts
	p.libs = slices.Clone(p.libs)
	for _, x := range more {
		p.libs = append(p.libs, &component{parts: &parts{}, ocaml: x.Lib, linked: x})
	}
	c.parts = &p
	return nil
}

// A libraryBlock says where a build file of a context declares a library.
type libraryBlock struct {
	dir   string
	block *config.Library
}

// libraryBlocks lists the library blocks in the build files of a context by
// name, without those that are several.
func (ev *Evaluator) libraryBlocks(t *engine.Task, c addr.Context) (map[string][]libraryBlock, error) {
	s, err := ev.spanQ.Get(t, attrKey{c, "dirs"})
	if err != nil {
		return nil, err
	}
	dirs := map[string]bool{}
	for _, r := range s.roots {
		if err := findBuildFiles(t, r, s.exclude, dirs); err != nil {
			return nil, err
		}
	}
	out := map[string][]libraryBlock{}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		b, err := ev.buildFileQ.Get(t, dir)
		if err != nil {
			return nil, err
		}
		for _, x := range b.Libraries {
			if x.ForEach == nil && x.Public != nil {
				out[x.Name] = append(out[x.Name], libraryBlock{dir, x})
			}
		}
	}
	return out, nil
}

// Library returns a public library of OCaml that a build.hcl declares.
func (w duneWorld) Library(t *engine.Task, c addr.Context, name string) (*rules.Outer, error) {
	blocks, err := w.ev.blocksQ.Get(t, c)
	if err != nil {
		return nil, err
	}
	for _, x := range blocks[name] {
		a := addr.Target{Context: c, Dir: x.dir, Kind: addr.BlockLibrary, Name: name}
		d, g, err := w.ev.targetOf(t, a)
		if err != nil {
			return nil, rulesError(err)
		}
		if g == nil || !g.enabled || !g.public || !hasOCaml(x.block.Sources, &scope{ev: w.ev, t: t, dir: d}) {
			continue
		}
		return &rules.Outer{Name: name, Dir: x.dir, Range: g.header.Range,
			Outline: func(t *engine.Task) (*ocaml.Library, error) {
				out, err := w.ev.outlineQ.Get(t, a)
				if err != nil {
					return nil, rulesError(err)
				}
				return out.ocaml, nil
			},
			Define: func(t *engine.Task) error {
				_, err := w.ev.componentQ.Get(t, a)
				return rulesError(err)
			}}, nil
	}
	return nil, nil
}

// hasOCaml reports whether there are OCaml sources among a component's, as far
// as is known; mistakes in them are reported with the component.
func hasOCaml(sources hcl.Expression, sc *scope) bool {
	if sources == nil {
		return false
	}
	val, diags := lang.Eval(sources, sc)
	list, more := stringsOf(val, sources.Range(), "sources")
	if diags.HasErrors() || more.HasErrors() {
		return false
	}
	return slices.ContainsFunc(list.Value, func(s lang.Native[string]) bool { return isOCaml(s.Value) })
}

// isOCaml reports whether a file is an OCaml source.
func isOCaml(name string) bool {
	return slices.Contains([]string{".ml", ".mli", ".mll", ".mly"}, path.Ext(name))
}

// rulesError is an error of the queries here as package rules has it.
func rulesError(err error) error {
	if later := (*notYet)(nil); errors.As(err, &later) {
		return &rules.Later{Waits: later.waits}
	}
	return err
}
