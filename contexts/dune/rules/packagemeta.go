package rules

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/findlib"
	"erg.build/erg/engine"
)

// listed is the name by which dune sorts libraries of a package.
func (b *installer) listed(name string) string {
	if _, local, private := strings.Cut(name, ".__private__."); private && b.format() == findlib.Flat {
		return local
	}
	return name
}

// filesOf lists what is installed, by section.
func filesOf(entries []Entry) []findlib.SectionFiles {
	var out []findlib.SectionFiles
	for _, section := range findlib.Sections() {
		f := findlib.SectionFiles{Section: section}
		for _, e := range entries {
			if e.Section == section {
				f.Names = append(f.Names, e.Name)
			}
		}
		if len(f.Names) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// defines reports whether a library that was renamed is described by the
// package: by a package of its name, or of one that it had before.
func (b *installer) defines(s *dune.DeprecatedLibraryName) bool {
	old := publicPackage(s.OldPublicName.Value)
	return old == b.pkg.Name.Value || b.wasCalled(old)
}

func (b *installer) wasCalled(pkg string) bool {
	return slices.ContainsFunc(b.pkg.Deprecated, func(n dune.Text) bool { return n.Value == pkg })
}

// formerNames adds META and dune-package of the names that the package had
// before, which lead to its libraries.
func (b *installer) formerNames(t *engine.Task, out *Installation, libs []*installedLibrary) error {
	at := path.Join(root(b.ctx), b.project.dir)
	for _, former := range b.pkg.Deprecated {
		name := former.Value
		var list []*findlib.Package
		for _, l := range libs {
			if l.deprecated != nil && publicPackage(l.deprecated.OldPublicName.Value) == name {
				list = append(list, l.describe())
			}
		}
		slices.SortFunc(list, func(a, b *findlib.Package) int { return strings.Compare(a.Name, b.Name) })
		p := &findlib.DunePackage{Name: name, Version: out.Version, Libraries: list, Sites: b.sites()}
		if len(p.Sites) > 0 {
			p.Sections = b.sections(nil)
		}
		meta, pkg := path.Join(at, "META."+name), path.Join(at, name+".dune-package")
		k := packageTarget(b.ctx, b.tree.in(b.project.dir), b.pkg.Name.Value)
		if err := b.r.write(t, k, meta, (&findlib.MetaFile{Version: out.Version, Libraries: list, Former: true}).Text()); err != nil {
			return err
		}
		if err := b.r.write(t, k, pkg, p.Text(b.format())); err != nil {
			return err
		}
		out.Entries = append(out.Entries, Entry{"lib_root", name + "/META", meta}, Entry{"lib_root", name + "/dune-package", pkg})
	}
	return nil
}

func (b *installer) format() findlib.Format {
	return findlib.FormatFor(b.version.Major, b.version.Minor)
}

// odocConfig adds what odoc is told of a package whose documentation needs
// others, as dune-project has it: versions of dune since 3.22 write that, and do
// not look into opam files for it.
func (b *installer) odocConfig(t *engine.Task, out *Installation) error {
	if !b.version.AtLeast(3, 22) || path.Base(b.pkg.Range.Filename) != "dune-project" {
		return nil
	}
	var names []string
	for _, d := range b.pkg.Depends {
		if d.Constraint != nil && withDoc(*d.Constraint) {
			names = append(names, d.Name.Value)
		}
	}
	if len(names) == 0 {
		return nil
	}
	file := path.Join(root(b.ctx), b.project.dir, b.pkg.Name.Value+".odoc-config.sexp")
	out.Entries = append(out.Entries, Entry{"doc", "odoc-config.sexp", file})
	return b.r.write(t, packageTarget(b.ctx, b.tree.in(b.project.dir), b.pkg.Name.Value), file, "(packages "+strings.Join(names, " ")+")")
}

// withDoc reports whether a dependency is one for documentation.
func withDoc(c dune.Constraint) bool {
	switch c.Op {
	case "":
		return c.Right == ":with-doc"
	case "and":
		return slices.ContainsFunc(c.Args, withDoc)
	case "or":
		return !slices.ContainsFunc(c.Args, func(arg dune.Constraint) bool { return !withDoc(arg) })
	case "not":
		return len(c.Args) == 1 && !withDoc(c.Args[0])
	}
	return false
}
