package dune

import (
	"erg.build/erg/contexts/dune/sexp"
)

// A Lex is (ocamllex …) or (ocamlyacc …).
type Lex struct {
	Head
	Modules   Set // without extension
	Mode      RuleMode
	Promote   *Promote
	EnabledIf Bool
	Flags     Set
}

// Menhir is (menhir …).
type Menhir struct {
	Head
	Modules   Set
	MergeInto Text // not given: as many parsers as modules
	Flags     Set
	Mode      RuleMode
	Promote   *Promote
	Infer     bool
	EnabledIf Bool
	Explain   *Bool
	Version   Version // of the extension
}

// GenerateSites is (generate_sites_module …).
type GenerateSites struct {
	Head
	Module       Text
	SourceRoot   bool
	HashForParam bool
	Sites        []Text // packages
	Plugins      []SiteOfPackage
	Relocatable  bool
}

// A Plugin is (plugin …).
type Plugin struct {
	Head
	Package   Text
	Name      Text
	Libraries []Text
	Site      SiteOfPackage
	Optional  bool
}

// lex reads (ocamllex …) and (ocamlyacc …), with fields or as a set of modules.
func (r *reader) lex(h Head, items []*sexp.Node) []Stanza {
	l := &Lex{Head: h}
	head := ""
	if len(items) > 0 {
		head, _ = items[0].Head()
	}
	switch head {
	case "modules", "mode", "enabled_if", "flags":
		f := r.fields("an "+h.Name+" stanza", h.Range, items)
		l.Modules = f.get("modules").setSince(3, 22)
		l.Mode, l.Promote = f.mode()
		l.EnabledIf = f.get("enabled_if", since(1, 4)).boolean()
		l.Flags = f.get("flags", since(3, 25)).set()
		f.end()
	default:
		l.Modules = r.set(items, h.Range)
		if !l.Modules.constant() {
			since(3, 22)(r, "A list of modules that is not constant", h.Range)
		}
	}
	return []Stanza{l}
}

// menhir reads (menhir …).
func (r *reader) menhir(h Head, items []*sexp.Node) []Stanza {
	extension("menhir", 1, 0)(r, "'menhir'", h.Range)
	f := r.fields("a menhir stanza", h.Range, items)
	m := &Menhir{
		Head:      h,
		Modules:   f.get("modules").setSince(3, 22),
		MergeInto: f.get("merge_into").text(),
		Flags:     f.get("flags").set(),
		Infer:     f.get("infer", extension("menhir", 2, 0)).flagOr(r.using["menhir"].AtLeast(2, 0)),
		EnabledIf: f.get("enabled_if", since(1, 4)).boolean(),
		Explain:   f.get("explain", extension("menhir", 3, 0)).boolean().optional(),
		Version:   r.using["menhir"],
	}
	m.Mode, m.Promote = f.mode()
	f.end()
	return []Stanza{m}
}

// generateSites reads (generate_sites_module …).
func (r *reader) generateSites(h Head, items []*sexp.Node) []Stanza {
	extension("dune_site", 0, 1)(r, "'generate_sites_module'", h.Range)
	f := r.fields("a generate_sites_module stanza", h.Range, items)
	g := &GenerateSites{
		Head:        h,
		Module:      f.need("module").text(),
		SourceRoot:  f.get("sourceroot").flag(),
		Relocatable: f.get("relocatable").flag(),
		Sites:       f.get("sites").texts(),
	}
	if a := f.get("plugins"); a != nil {
		for _, n := range a.args {
			g.Plugins = append(g.Plugins, r.site(n))
		}
	}
	f.end()
	return []Stanza{g}
}

// site reads (PACKAGE SITE).
func (r *reader) site(n *sexp.Node) SiteOfPackage {
	if n.Kind != sexp.List || len(n.Items) != 2 {
		r.errorf(n.Range, "Wrong site", "It is (PACKAGE SITE).")
		return SiteOfPackage{}
	}
	return SiteOfPackage{Package: r.text(n.Items[0]), Site: r.text(n.Items[1])}
}

// plugin reads (plugin …).
func (r *reader) plugin(h Head, items []*sexp.Node) []Stanza {
	extension("dune_site", 0, 1)(r, "'plugin'", h.Range)
	f := r.fields("a plugin stanza", h.Range, items)
	p := &Plugin{
		Head:      h,
		Package:   f.get("package").text(),
		Name:      f.need("name").text(),
		Libraries: f.need("libraries").libNames(),
		Optional:  f.get("optional").flag(),
	}
	if n := f.need("site").one(); n != nil {
		p.Site = r.site(n)
	}
	f.end()
	return []Stanza{p}
}
