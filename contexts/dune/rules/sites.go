package rules

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/findlib"
	"erg.build/erg/contexts/dune/placeholder"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// sectionOf is the section of a site: of a package of the workspace, or of
// one that is installed.
func (r *Rules) sectionOf(t *engine.Task, c addr.Context, s dune.SiteOfPackage) (string, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return "", err
	}
	var names []string
	if pkg, _ := tr.find(s.Package.Value); pkg != nil {
		for _, x := range pkg.Sites {
			if x.Name.Value == s.Site.Value {
				return x.Section.Value, nil
			}
			names = append(names, x.Name.Value)
		}
		return "", noSite(s, names)
	}
	search, err := r.searchQ.Get(t, c)
	if err != nil {
		return "", err
	}
	sites, found, err := findlib.Sites(t, search, s.Package.Value)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", errorAt(s.Package.Range, "No such package", "There is no package %q: neither the workspace nor the installed libraries have it.", s.Package.Value)
	}
	for _, x := range sites {
		if x.Name == s.Site.Value {
			return x.Section, nil
		}
		names = append(names, x.Name)
	}
	return "", noSite(s, names)
}

func noSite(s dune.SiteOfPackage, names []string) error {
	text := fmt.Sprintf("Package %s has no site %q.", s.Package.Value, s.Site.Value)
	if i := slices.IndexFunc(names, func(n string) bool { return suggest(s.Site.Value, n) }); i >= 0 {
		text += fmt.Sprintf("\nDid you mean %q?", names[i])
	}
	return errorAt(s.Site.Range, "No such site", "%s", text)
}

// A destination is where files of an install stanza go.
type destination struct {
	section string
	below   string // a directory of the section
}

func (d destination) in(name string) string { return path.Join(d.below, name) }

// intoSite is the directory of a site: whose package it is does not matter to
// who installs into it, so it is named from the root of the section.
func (r *Rules) intoSite(t *engine.Task, c addr.Context, s dune.SiteOfPackage) (destination, error) {
	section, err := r.sectionOf(t, c, s)
	if err != nil {
		return destination{}, err
	}
	switch section {
	case "lib", "libexec", "share":
		return destination{section + "_root", path.Join(s.Package.Value, s.Site.Value)}, nil
	case "etc", "doc":
		return destination{}, errorAt(s.Site.Range, "Not supported", "The site %s of package %s is in the section %s, into which no other package can install.", s.Site.Value, s.Package.Value, section)
	}
	return destination{section, s.Site.Value}, nil
}

// plugin adds a plugin: a META file that names its libraries, in the site
// where a program looks for plugins.
func (b *installer) plugin(t *engine.Task, d *dir, i int, s *dune.Plugin, out *installed1) error {
	if !b.mine(s.Package) {
		return nil
	}
	to, err := b.r.intoSite(t, b.ctx, s.Site)
	if err != nil {
		return err
	}
	var names []string
	for _, n := range s.Libraries {
		l, err := b.r.find(t, b.ctx, d.project, n)
		if err != nil {
			return unlessOptional(wanted(err, fmt.Sprintf("plugin %s in %s", s.Name, orTop(d.path))), s.Optional, s.At())
		}
		if l.stanza != nil && installedName(l.stanza) == "" {
			return errorAt(n.Range, "Private library", "Library %q is not installed, so the plugin could not load it. Give it a public_name.", n)
		}
		names = append(names, publicName(l))
	}
	sort.Strings(names)
	file := path.Join(root(b.ctx), d.path, ".site", s.Site.Package.Value, s.Site.Site.Value, s.Name.Value, "META")
	k := key{ctx: b.ctx, dir: d.path, index: i, name: string(addr.BlockRule) + ".plugin-" + s.Name.Value}
	if err := b.r.write(t, k, file, `requires = "`+strings.Join(slices.Compact(names), " ")+`"`); err != nil {
		return err
	}
	out.add(to.section, to.in(path.Join(s.Name.Value, "META")), file)
	return nil
}

// sites are the package's own, for dune-package.
func (b *installer) sites() []findlib.Site {
	var out []findlib.Site
	for _, x := range b.pkg.Sites {
		out = append(out, findlib.Site{Name: x.Name.Value, Section: x.Section.Value})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// sections are the places of all that a package installs and of its sites, from
// the directory of its dune-package file.
func (b *installer) sections(entries []Entry) map[string]string {
	name := b.pkg.Name.Value
	out := map[string]string{}
	add := func(section string) {
		out[section] = action.Relative(path.Join("lib", name), SectionDir(name, section))
	}
	add("lib")
	for _, e := range entries {
		add(e.Section)
	}
	for _, x := range b.pkg.Sites {
		add(x.Section.Value)
	}
	return out
}

// SectionDir is the directory of a package's section, below the prefix.
func SectionDir(pkg, section string) string { return Place(pkg, Entry{Section: section}) }

// generateSites adds the module through which programs find sites.
func (f *filler) generateSites(i int, s *dune.GenerateSites) error {
	name := capitalize(s.Module.Value)
	k := key{ctx: f.ctx, dir: f.d.path, index: i, name: string(addr.BlockRule) + "." + name + ".ml"}
	return f.add(&maker{at: s.At(), key: k, outs: []string{name + ".ml"}, module: true, define: func(t *engine.Task) error {
		text, err := f.r.sitesModule(t, k.ctx, s)
		if err != nil {
			return f.r.fail(err, s.At(), "Cannot write the module")
		}
		return f.r.write(t, k, path.Join(root(k.ctx), f.d.path, name+".ml"), text)
	}}, dune.ModeStandard)
}

const siteHelpers, sitePlugins = "Dune_site.Private_.Helpers", "Dune_site_plugins.Private_.Plugins"

// sitesModule is the text of that module.
func (r *Rules) sitesModule(t *engine.Task, c addr.Context, s *dune.GenerateSites) (string, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if s.SourceRoot {
		fmt.Fprintf(&b, "let sourceroot = %s.sourceroot %s\n", siteHelpers, encoded(placeholder.SourceRoot))
	}
	if s.Relocatable {
		fmt.Fprintf(&b, "let relocatable = Lazy.force %s.relocatable\n", siteHelpers)
	}
	names := slices.Clone(s.Sites)
	plugins := slices.Clone(s.Plugins)
	for _, p := range plugins {
		names = append(names, p.Package)
	}
	slices.SortStableFunc(names, func(a, b dune.Text) int { return strings.Compare(a.Value, b.Value) })
	names = slices.CompactFunc(names, func(a, b dune.Text) bool { return a.Value == b.Value })
	if len(names) > 0 {
		b.WriteString("module Sites = struct\n")
		for _, n := range names {
			pkg, _ := tr.find(n.Value)
			if pkg == nil {
				return "", errorAt(n.Range, "No such package", "The workspace has no package %q.", n.Value)
			}
			writeSites(&b, pkg)
		}
		b.WriteString("end\n")
	}
	if len(plugins) > 0 {
		slices.SortStableFunc(plugins, func(a, b dune.SiteOfPackage) int { return strings.Compare(a.Package.Value, b.Package.Value) })
		b.WriteString("module Plugins = struct\n")
		for _, p := range plugins {
			if _, err := r.sectionOf(t, c, p); err != nil {
				return "", err
			}
			n := siteIdentifier(p.Site.Value)
			fmt.Fprintf(&b, "    module %s : %s.S = %s.Make(struct let paths = Sites.%s end)\n", capitalize(n), sitePlugins, sitePlugins, n)
		}
		b.WriteString("end\n")
	}
	return b.String(), nil
}

// writeSites writes the sites of a package.
func writeSites(b *strings.Builder, pkg *dune.Package) {
	sites := slices.Clone(pkg.Sites)
	slices.SortFunc(sites, func(a, b dune.Site) int { return strings.Compare(a.Name.Value, b.Name.Value) })
	for _, x := range sites {
		fmt.Fprintf(b, "    let %s = %s.site\n      ~package:%s\n      ~section:Dune_section.%s\n      ~suffix:%s\n      ~encoded:%s\n",
			siteIdentifier(x.Name.Value), siteHelpers, ocamlString(pkg.Name.Value), capitalize(x.Section.Value), ocamlString(x.Name.Value),
			encoded(placeholder.Location(x.Section.Value, pkg.Name.Value)))
	}
}

// encoded is a placeholder in OCaml, which no compiler may look into. There is room
// for a path of any length.
func encoded(value string) string {
	return "(Sys.opaque_identity " + ocamlString(placeholder.Encode(value, maxPath)) + ")"
}

const maxPath = 4096

// siteIdentifier is the name of a site as a value of OCaml.
func siteIdentifier(site string) string {
	name := uncapitalize(site)
	if slices.Contains(ocamlKeywords, strings.TrimRight(name, "_")) {
		return name + "_"
	}
	return name
}

var ocamlKeywords = strings.Fields("and as assert asr begin class constraint do done downto else end exception external false for fun function functor " +
	"if in include inherit initializer land lazy let lor lsl lsr lxor match method mod module mutable new nonrec object of open or private rec sig " +
	"struct then to true try type val virtual when while with")
