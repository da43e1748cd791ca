package rules

import (
	"errors"
	"path"
	"slices"
	"sort"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// A packageKey names a package of the workspace in a context.
type packageKey struct {
	ctx  addr.Context
	name string
}

func (k packageKey) String() string { return "package " + k.name + " in " + k.ctx.String() }

// An Entry is a file of an installation.
type Entry struct {
	Section string // "lib", "bin", …: see Installation
	Name    string // below the section's directory for the package
	Source  string // a source or an output
}

// An Installation is what a package of the workspace installs. Sections are
// opam's: of lib, libexec, share, doc and etc each package has a directory of
// its own name.
type Installation struct {
	Package string
	Version string
	Dir     string // of the project
	Entries []Entry
}

// Packages lists the packages of the workspace that a context builds.
func (r *Rules) Packages(t *engine.Task, c addr.Context) ([]string, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	covers, err := r.w.Covers(t, c)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range tr.projects {
		for _, k := range p.packages {
			if covers(p.dir) {
				out = append(out, k.Name.Value)
			}
		}
	}
	sort.Strings(out)
	return out, nil
}

// PackageDir is the directory of the project that declares a package; ok is
// false if none does.
func (r *Rules) PackageDir(t *engine.Task, c addr.Context, name string) (dir string, ok bool, err error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return "", false, err
	}
	pkg, p := tr.find(name)
	if pkg == nil {
		return "", false, nil
	}
	return p.dir, true, nil
}

// Install says what a package installs, and has all of it defined.
func (r *Rules) Install(t *engine.Task, c addr.Context, pkg string) (*Installation, error) {
	in, err := r.packageQ.Get(t, packageKey{c, pkg})
	if m, ok := err.(*missing); ok {
		err = r.w.Report(m.diags(m.at))
	}
	return in, err
}

// pkg collects what a package installs.
func (r *Rules) pkg(t *engine.Task, k packageKey) (*Installation, error) {
	tr, err := r.treeOf(t, k.ctx)
	if err != nil {
		return nil, err
	}
	pkg, p := tr.find(k.name)
	if pkg == nil {
		return nil, errors.New("there is no package " + k.name)
	}
	covers, err := r.w.Covers(t, k.ctx)
	if err != nil {
		return nil, err
	}
	b := &installer{r: r, ctx: k.ctx, tree: tr, pkg: pkg, project: p}
	if b.version, err = r.standsForQ.Get(t, k.ctx); err != nil {
		return nil, err
	}
	type part struct {
		d     *dir
		index int
	}
	var parts []part
	for _, d := range tr.order {
		if d.project == p && !d.dataOnly && covers(d.path) {
			if d, err = r.whole(t, k.ctx, d); err != nil {
				return nil, err
			}
			for i := range d.stanzas {
				parts = append(parts, part{d, i})
			}
		}
	}
	made := make([]installed1, len(parts))
	fns := make([]func(*engine.Task) error, len(parts))
	for i, x := range parts {
		fns[i] = func(t *engine.Task) error {
			s := x.d.stanzas[x.index]
			return r.fail(b.stanza(r.w.At(t, s.At()), x.d, x.index, s, &made[i]), s.At(), "Cannot install")
		}
	}
	if err := t.Run(fns...); err != nil {
		return nil, firstOf(err)
	}
	out := &Installation{Package: k.name, Version: versionOf(pkg, p), Dir: p.dir}
	var libs []*installedLibrary
	for _, m := range made {
		out.Entries = append(out.Entries, m.entries...)
		libs = append(libs, m.libs...)
	}
	return out, b.metadata(t, out, libs)
}

// An installer collects what one package installs.
type installer struct {
	r       *Rules
	ctx     addr.Context
	tree    *tree
	pkg     *dune.Package
	project *project
	version dune.Version // of dune, that it stands for
}

// installed1 is what one stanza installs.
type installed1 struct {
	entries []Entry
	libs    []*installedLibrary
}

func (m *installed1) add(section, name, source string) {
	m.entries = append(m.entries, Entry{section, name, source})
}

// mine reports whether something belongs to the package: by a field, or since
// it is the only one of the project.
func (b *installer) mine(pkg dune.Text) bool {
	if pkg.Given() || pkg.Value != "" {
		return pkg.Value == b.pkg.Name.Value
	}
	return len(b.project.packages) == 1
}

func (b *installer) stanza(t *engine.Task, d *dir, i int, s dune.Stanza, out *installed1) error {
	switch s := s.(type) {
	case *dune.Library:
		return b.library(t, d, i, s, out)
	case *dune.Executables:
		return b.executables(t, d, i, s, out)
	case *dune.Install:
		return b.files(t, d, s, out)
	case *dune.Documentation:
		return b.documentation(t, d, s, out)
	case *dune.Plugin:
		return b.plugin(t, d, i, s, out)
	case *dune.DeprecatedLibraryName:
		if b.defines(s) {
			out.libs = append(out.libs, &installedLibrary{deprecated: s, exports: b.version.AtLeast(3, 17)})
		}
	}
	return nil
}

// documentation adds pages for odoc.
func (b *installer) documentation(t *engine.Task, d *dir, s *dune.Documentation, out *installed1) error {
	if !b.mine(s.Package) {
		return nil
	}
	files, err := b.r.contentsQ.Get(t, dirKey{b.ctx, d.path})
	if err != nil {
		return err
	}
	var std []string
	for _, n := range files.names() {
		if stem, ok := strings.CutSuffix(n, ".mld"); ok {
			std = append(std, stem)
		}
	}
	names, err := b.r.evalSet(b.r.static(t, b.ctx, d), &s.MldFiles, std)
	if err != nil {
		return err
	}
	for _, n := range names {
		p, err := b.r.file(t, b.ctx, path.Join(d.path, n+".mld"), s.At())
		if err != nil {
			return err
		}
		out.add("doc", path.Join("odoc-pages", n+".mld"), p)
	}
	return nil
}

// executables adds public programs.
func (b *installer) executables(t *engine.Task, d *dir, i int, s *dune.Executables, out *installed1) error {
	on, err := b.r.enabled(t, b.ctx, d, &s.EnabledIf)
	if err != nil || !on || !b.mine(s.Package) || !slices.ContainsFunc(s.Programs, func(p dune.Executable) bool { return p.PublicName.Given() }) {
		return err
	}
	k := executableKey(b.ctx, d, i, s.Programs[0].Name.Value)
	c, err := b.r.componentQ.Get(t, k)
	if err != nil {
		return unlessOptional(err, s.Optional, s.At())
	}
	installed := installedMode(s.Modes).ext()
	for _, p := range s.Programs {
		if !p.PublicName.Given() {
			continue
		}
		for _, made := range c.programs {
			if made.Name != p.Name.Value || path.Base(made.Path) != p.Name.Value+installed {
				continue
			}
			name := p.PublicName.Value
			if tc, err := b.r.w.OCaml(t, b.ctx); err == nil && tc != nil {
				name += tc.Config("ext_exe")
			}
			out.add("bin", name, made.Path)
		}
	}
	return nil
}

// files adds what an install stanza names.
func (b *installer) files(t *engine.Task, d *dir, s *dune.Install, out *installed1) error {
	on, err := b.r.enabled(t, b.ctx, d, &s.EnabledIf)
	if err != nil || !on || !b.mine(s.Package) {
		return err
	}
	x := b.r.naming(t, b.ctx, d)
	to := destination{section: s.Section.Value}
	if s.Site.Given() {
		if to, err = b.r.intoSite(t, b.ctx, dune.SiteOfPackage{Package: s.SitePackage, Site: s.Site}); err != nil {
			return err
		}
	}
	for _, f := range s.Files {
		if err := b.file(x, to, f, out); err != nil {
			return err
		}
	}
	for _, f := range slices.Concat(s.SourceTrees, s.Dirs) {
		src, err := f.Src.ExpandOne(x.expand)
		if err != nil {
			return err
		}
		dst, err := bindingName(x, f.FileBinding)
		if err != nil {
			return err
		}
		if err := b.installTree(x, to, dst, src, f.Range, out); err != nil {
			return err
		}
	}
	return nil
}

// file adds one element of an install stanza.
func (b *installer) file(x *expander, to destination, f dune.InstallFile, out *installed1) error {
	switch {
	case f.Include.Given():
		return b.included(x, to, f, out)
	case f.GlobFiles:
		pattern, err := f.Src.ExpandOne(x.expand)
		if err != nil {
			return err
		}
		g, diags := dune.ParseGlob(path.Base(pattern), f.Range)
		if diags.HasErrors() {
			return diags
		}
		prefix := path.Dir(pattern)
		if f.WithPrefix.Given() {
			if prefix, err = f.WithPrefix.ExpandOne(x.expand); err != nil {
				return err
			}
		}
		at := joinPath(x.d.path, path.Dir(pattern))
		found, err := b.r.globFiles(x.t, b.ctx, at, g.Match, f.Recursive, f.Range)
		if err != nil {
			return err
		}
		for _, p := range found {
			real, err := b.r.file(x.t, b.ctx, p, f.Range)
			if err != nil {
				return err
			}
			rel, _ := below(at, p)
			out.add(to.section, to.in(path.Join(prefix, rel)), real)
		}
		return nil
	}
	src, err := f.Src.ExpandOne(x.expand)
	if err != nil {
		return err
	}
	dst, err := bindingName(x, f.FileBinding)
	if err != nil {
		return err
	}
	real, isToken := tokenPath(src)
	if !isToken {
		if real, err = b.r.file(x.t, b.ctx, joinPath(x.d.path, src), f.Range); err != nil {
			return err
		}
	}
	section := to.section
	if section == "man" && !strings.Contains(dst, "/") {
		dst = "man" + strings.TrimPrefix(path.Ext(strings.TrimSuffix(dst, ".gz")), ".") + "/" + dst
	}
	if section == "stublibs" || section != "bin" && section != "sbin" {
		out.add(section, to.in(dst), real)
		return nil
	}
	if tc, err := b.r.w.OCaml(x.t, b.ctx); err == nil && tc != nil && path.Ext(src) == ".exe" && !strings.HasSuffix(dst, ".exe") {
		dst += tc.Config("ext_exe")
	}
	out.add(section, to.in(dst), real)
	return nil
}

// included adds what a file lists.
func (b *installer) included(x *expander, to destination, f dune.InstallFile, out *installed1) error {
	name, err := f.Include.ExpandOne(x.expand)
	if err != nil {
		return err
	}
	p, err := b.r.file(x.t, b.ctx, joinPath(x.d.path, name), f.Range)
	if err != nil {
		return err
	}
	text, err := b.r.content(x.t, p)
	if err != nil {
		return err
	}
	b.r.w.File(p, []byte(text))
	list, diags := dune.ReadInstallFiles(p, []byte(text), x.d.project.Project)
	if diags.HasErrors() {
		return diags
	}
	for _, g := range list {
		if err := b.file(x, to, g, out); err != nil {
			return err
		}
	}
	return nil
}

// installAlias adds what the packages of a project install: they belong to
// the directory of the project.
func (r *Rules) installAlias(t *engine.Task, k aliasKey, d *dir, out *Goal) error {
	if d.project.dir != d.path {
		return nil
	}
	for _, p := range d.project.packages {
		if err := r.addPackage(t, k.ctx, p.Name.Value, out); err != nil {
			return err
		}
	}
	return nil
}

// addPackage adds the files of a package to a goal.
func (r *Rules) addPackage(t *engine.Task, c addr.Context, pkg string, out *Goal) error {
	in, err := r.Install(t, c, pkg)
	if err != nil {
		return err
	}
	out.found = true
	for _, e := range in.Entries {
		if action.IsOutput(e.Source) {
			out.Files = append(out.Files, e.Source)
		}
	}
	out.Files = append(out.Files, path.Join(root(c), in.Dir, pkg+".install"))
	return nil
}
