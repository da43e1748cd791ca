package dune

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// packageField reads (package …) in dune-project.
func (a *field) packageField(p *Project) *Package {
	f := a.fields()
	pkg := &Package{
		Name:        f.need("name").text(),
		Version:     f.get("version", since(2, 5)).text(),
		Synopsis:    f.get("synopsis").text().Value,
		Description: f.get("description").text().Value,
		Depends:     f.get("depends").packageDeps(),
		Conflicts:   f.get("conflicts").packageDeps(),
		Depopts:     f.get("depopts").packageDeps(),
		Tags:        f.get("tags").tags(),
		Deprecated:  f.get("deprecated_package_names", since(2, 0)).texts(),
		Sites:       f.get("sites", since(2, 8)).sites(),
		AllowEmpty:  f.get("allow_empty", since(3, 0)).flagOr(!a.r.lang.AtLeast(3, 0)),
		Dir:         f.get("dir", since(3, 21)).text(),
		EnabledIf:   f.get("enabled_if").boolean(),
		Info:        p.Info.superposed(f.info(&Version{2, 0})),
		Range:       a.at(),
	}
	f.end()
	if pkg.Name.Given() {
		a.r.packageName(pkg.Name)
	}
	if !pkg.Version.Given() {
		pkg.Version = p.Version
	}
	return pkg
}

// packageName complains of a name that no package of opam may have.
func (r *reader) packageName(name Text) {
	letter, other := false, name.Value == ""
	for i := range len(name.Value) {
		switch c := name.Value[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letter = true
		case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '_':
		default:
			other = true
		}
	}
	if name.Value == "" || r.lang.AtLeast(3, 11) && (!letter || other) {
		r.errorf(name.Range, summaryName, "%q is no name of a package: that is letters, digits, -, _ and +, with a letter at least.", name)
	}
}

// info reads the fields that say of a project where it comes from. In
// packages, all are there since one version of the language.
func (f *fields) info(all *Version) PackageInfo {
	from := func(major, minor int) check {
		if all != nil {
			return since(all.Major, all.Minor)
		}
		return since(major, minor)
	}
	i := PackageInfo{
		Source:            f.get("source", from(1, 7)).source(),
		Authors:           f.get("authors", from(1, 9)).strings(),
		Homepage:          f.get("homepage", from(1, 10)).text().Value,
		Documentation:     f.get("documentation", from(1, 10)).text().Value,
		BugReports:        f.get("bug_reports", from(1, 10)).text().Value,
		Maintainers:       f.get("maintainers", from(1, 10)).strings(),
		MaintenanceIntent: f.get("maintenance_intent", since(3, 18)).strings(),
	}
	if a := f.get("license", from(1, 9)); a != nil {
		i.License = a.strings()
		if len(a.args) > 1 {
			from(3, 2)(f.r, "More than one license", a.at())
		}
	}
	return i
}

// superposed returns what a package says, and of the rest what the project says.
func (i PackageInfo) superposed(over PackageInfo) PackageInfo {
	if over.Source == (Source{}) {
		over.Source = i.Source
	}
	for _, s := range []struct{ to, from *string }{
		{&over.Homepage, &i.Homepage}, {&over.Documentation, &i.Documentation}, {&over.BugReports, &i.BugReports},
	} {
		if *s.to == "" {
			*s.to = *s.from
		}
	}
	for _, s := range []struct{ to, from *[]string }{
		{&over.Authors, &i.Authors}, {&over.Maintainers, &i.Maintainers}, {&over.License, &i.License}, {&over.MaintenanceIntent, &i.MaintenanceIntent},
	} {
		if *s.to == nil {
			*s.to = *s.from
		}
	}
	return over
}

// source reads (source (HOST PATH)).
func (a *field) source() Source {
	n := a.one()
	if n == nil {
		return Source{}
	}
	if n.Kind != sexp.List || len(n.Items) != 2 {
		a.r.errorf(n.Range, "Wrong source", "It is (HOST USER/REPOSITORY) or (uri URI).")
		return Source{}
	}
	host := a.r.word(n.Items[0], "uri", "github", "bitbucket", "gitlab", "sourcehut", "codeberg", "tangled")
	at := a.r.text(n.Items[1])
	if slashes := strings.Count(at.Value, "/"); host != "uri" && host != "" && slashes != 1 && !(host == "gitlab" && slashes == 2) {
		a.r.errorf(at.Range, "Wrong source", "%q is not of the form USER/REPOSITORY.", at)
	}
	return Source{Host: host, Path: at.Value}
}

// tags reads (tags (TAG…)).
func (a *field) tags() []string {
	n := a.one()
	if n == nil {
		return nil
	}
	if n.Kind != sexp.List {
		a.r.errorf(n.Range, "Not a list", "It is (tags (TAG…)).")
		return nil
	}
	var tags []string
	for _, t := range a.r.texts(n.Items) {
		tags = append(tags, t.Value)
	}
	return tags
}

// sites reads (SECTION NAME)….
func (a *field) sites() []Site {
	if a == nil {
		return nil
	}
	var all []Site
	for _, n := range a.args {
		if n.Kind != sexp.List || len(n.Items) != 2 {
			a.r.errorf(n.Range, "Wrong site", "It is (SECTION NAME).")
			continue
		}
		section := Text{a.r.word(n.Items[0], sections...), n.Items[0].Range}
		all = append(all, Site{Section: section, Name: a.r.text(n.Items[1])})
	}
	return all
}

func (a *field) packageDeps() []PackageDep {
	if a == nil {
		return nil
	}
	var deps []PackageDep
	for _, n := range a.args {
		if n.Kind != sexp.List {
			deps = append(deps, PackageDep{Name: a.r.text(n)})
			continue
		}
		if len(n.Items) < 2 || len(n.Items) > 2 {
			a.r.errorf(n.Range, "Wrong dependency", "It is NAME or (NAME CONSTRAINT). Several constraints are joined: (and CONSTRAINT…).")
			continue
		}
		c := a.r.constraint(n.Items[1])
		deps = append(deps, PackageDep{Name: a.r.text(n.Items[0]), Constraint: &c})
	}
	return deps
}

// constraint reads a constraint of a dependency on a package.
func (r *reader) constraint(n *sexp.Node) Constraint {
	if n.Kind != sexp.List {
		t := r.text(n)
		if !strings.HasPrefix(t.Value, ":") {
			r.errorf(n.Range, "Wrong constraint", "It is a variable, as in :with-test, or (OPERATOR …).")
		}
		return Constraint{Right: t.Value}
	}
	head, _ := n.Head()
	c := Constraint{Op: head}
	args := n.Items[min(1, len(n.Items)):]
	switch {
	case slices.Contains(relations, head) && len(args) == 1:
		c.Right = r.text(args[0]).Value
	case slices.Contains(relations, head) && len(args) == 2:
		since(2, 1)(r, "A comparison of two values", n.Range)
		c.Left, c.Right = r.text(args[0]).Value, r.text(args[1]).Value
	case head == "and", head == "or", head == "not" && len(args) == 1:
		if head == "not" {
			since(3, 18)(r, "'not'", n.Range)
		}
		for _, arg := range args {
			c.Args = append(c.Args, r.constraint(arg))
		}
	default:
		words := append(slices.Clone(relations), "and", "or", "not")
		r.errorf(n.Range, "Wrong constraint", "%s is no constraint.%s It is (OPERATOR …), where the operator is %s.", n, hint(head, slices.Clone(words)), enumerate(words, "or"))
	}
	return c
}

// AddOpamFiles adds the packages that *.opam files of a project describe. Where
// dune-project names packages, it names all, and says more than the files.
func (p *Project) AddOpamFiles(files []*OpamFile) hcl.Diagnostics {
	if len(p.Packages) == 0 {
		for _, f := range files {
			pkg := f.Package()
			pkg.Info = p.Info.superposed(pkg.Info)
			if !pkg.Version.Given() {
				pkg.Version = p.Version
			}
			pkg.AllowEmpty = true
			p.Packages = append(p.Packages, pkg)
		}
		return nil
	}
	if p.OpamFilesInDirectory {
		return nil
	}
	var diags hcl.Diagnostics
	for _, f := range files {
		if p.Find(f.Name) == nil {
			diags = append(diags, errorAt(f.Range, "Package without a stanza", "dune-project has (package …) for other packages, and so it needs one for %s too.", f.Name)...)
		}
	}
	return diags
}
