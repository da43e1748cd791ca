package rules

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// siteEnv tells programs where sites are while they run in actions: where packages
// are laid out.
func (x *expander) siteEnv(tr *tree) error {
	env, err := x.r.siteEnv(x.t, x.ctx, tr)
	for _, v := range env {
		x.inputs.setenv(v.name, v.value)
	}
	return err
}

type envVar struct{ name, value string }

// siteEnv lists the variables by which dune-site finds sites that are not
// installed; none in a workspace without sites.
func (r *Rules) siteEnv(t *engine.Task, c addr.Context, tr *tree) ([]envVar, error) {
	sections, err := r.siteSections(t, c, tr)
	if err != nil || len(sections) == 0 {
		return nil, err
	}
	standard, search, err := r.LibraryPath(t, c)
	if err != nil || standard == "" {
		return nil, err
	}
	laid := path.Join(root(c), laidOutDir)
	var dirs []string
	for _, s := range sections {
		dirs = append(dirs, s.pkg, s.section, action.Abs(path.Join(laid, SectionDir(s.pkg, s.section))))
	}
	return []envVar{
		{"DUNE_DIR_LOCATIONS", strings.Join(dirs, ":")},
		{"DUNE_OCAML_STDLIB", standard},
		{"DUNE_OCAML_HARDCODED", strings.Join(search, ":")},
		{"DUNE_SOURCEROOT", action.Abs(".")},
	}, nil
}

type siteSection struct{ pkg, section string }

// siteSections are the sections with sites of packages of the workspace, and
// those of installed packages into whose sites the workspace installs.
func (r *Rules) siteSections(t *engine.Task, c addr.Context, tr *tree) ([]siteSection, error) {
	var all []siteSection
	add := func(pkg, section string) {
		if s := (siteSection{pkg, section}); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	covers, err := r.w.Covers(t, c)
	if err != nil {
		return nil, err
	}
	for _, p := range tr.projects {
		for _, pkg := range p.packages {
			for _, x := range pkg.Sites {
				add(pkg.Name.Value, x.Section.Value)
			}
		}
	}
	for _, d := range tr.order {
		if d.dataOnly || !covers(d.path) {
			continue
		}
		for _, s := range d.stanzas {
			var site dune.SiteOfPackage
			switch s := s.(type) {
			case *dune.Install:
				site = dune.SiteOfPackage{Package: s.SitePackage, Site: s.Site}
			case *dune.Plugin:
				site = s.Site
			}
			if !site.Site.Given() {
				continue
			}
			if section, err := r.sectionOf(t, c, site); err == nil { // else whoever installs it says so
				add(site.Package.Value, section)
			}
		}
	}
	slices.SortFunc(all, func(a, b siteSection) int { return strings.Compare(a.pkg+" "+a.section, b.pkg+" "+b.section) })
	return all, nil
}

// SiteEnv returns the variables by which a program that people run finds sites,
// and the files that are to be there for it: packages with sites, those that
// install into them, and those that plugins need. There are none for a program
// that does not ask for sites.
func (r *Rules) SiteEnv(t *engine.Task, of *Target) (map[string]string, []string, error) {
	u, err := r.unitQ.Get(t, unitKey(of.key))
	if err != nil || len(u.u.LinkModules) == 0 {
		return nil, nil, err
	}
	c := of.key.ctx
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, nil, err
	}
	list, err := r.siteEnv(t, c, tr)
	if err != nil || len(list) == 0 {
		return nil, nil, err
	}
	names, err := r.sitePackages(t, c, tr)
	if err != nil {
		return nil, nil, err
	}
	var files []string
	for _, n := range names {
		laid, err := r.laidOutQ.Get(t, packageKey{c, n})
		if err != nil {
			return nil, nil, err
		}
		files = append(files, laid...)
	}
	env := map[string]string{"OCAMLPATH": libraryPath(t, c)}
	for _, v := range list {
		env[v.name] = v.value
	}
	return env, files, nil
}

// sitePackages are the packages of the workspace that matter to sites.
func (r *Rules) sitePackages(t *engine.Task, c addr.Context, tr *tree) ([]string, error) {
	all, err := r.Packages(t, c)
	if err != nil {
		return nil, err
	}
	covers, err := r.w.Covers(t, c)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	want := func(p *project, pkg dune.Text) {
		if pkg.Value != "" {
			wanted[pkg.Value] = true
		} else if len(p.packages) == 1 {
			wanted[p.packages[0].Name.Value] = true
		}
	}
	for _, p := range tr.projects {
		for _, pkg := range p.packages {
			wanted[pkg.Name.Value] = wanted[pkg.Name.Value] || len(pkg.Sites) > 0
		}
	}
	for _, d := range tr.order {
		if d.dataOnly || !covers(d.path) {
			continue
		}
		for _, s := range d.stanzas {
			switch s := s.(type) {
			case *dune.Install:
				if s.Site.Given() {
					want(d.project, s.Package)
				}
			case *dune.Plugin:
				want(d.project, s.Package)
				for _, n := range s.Libraries {
					l, err := r.find(t, c, d.project, n)
					if err != nil {
						continue // its installation says so, if it is not optional
					}
					for _, x := range closure([]*library{l}) {
						wanted[publicPackage(publicName(x))] = true
					}
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(n string) bool { return !wanted[n] }), nil
}

// LibraryPath returns the directories of a context's standard library of OCaml
// and of its installed libraries; none without OCaml.
func (r *Rules) LibraryPath(t *engine.Task, c addr.Context) (standard string, libraries []string, err error) {
	tc, err := r.w.OCaml(t, c)
	if err != nil || tc == nil {
		return "", nil, err
	}
	libraries, err = r.searchQ.Get(t, c)
	return tc.Config("standard_library"), libraries, err
}
