package dune

import (
	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A FileBinding is a file, and the name that it gets: (FILE as NAME).
type FileBinding struct {
	Src, Dst Template // Dst is not given: the name of Src
	Range    hcl.Range
}

// Documentation is (documentation …).
type Documentation struct {
	Head
	Package  Text
	MldFiles Set // without extension
	Files    []InstallFile
}

// An Install is (install …).
type Install struct {
	Head
	Section     Text // "bin", "share_root", …
	Site        Text // or (site (PACKAGE SITE)), with SitePackage
	SitePackage Text
	Files       []InstallFile
	Dirs        []InstallFile
	SourceTrees []InstallFile
	Package     Text
	EnabledIf   Bool
}

// An InstallFile is an element of files, dirs or source_trees.
type InstallFile struct {
	FileBinding
	GlobFiles  bool     // (glob_files GLOB (with_prefix P)): Src is the glob
	Recursive  bool     // glob_files_rec
	WithPrefix Template // Dst of globs
	Include    Template // (include FILE): a file that lists elements
}

// A SiteOfPackage is a site and its package.
type SiteOfPackage struct{ Package, Site Text }

// sections are the places of an installation.
var sections = []string{"lib", "lib_root", "libexec", "libexec_root", "bin", "sbin", "toplevel", "share", "share_root", "etc", "doc", "stublibs", "man"}

// install reads (install …).
func (r *reader) install(h Head, items []*sexp.Node) []Stanza {
	f := r.fields("an install stanza", h.Range, items)
	in := &Install{Head: h}
	if n := f.need("section").one(); n != nil {
		r.section(in, n)
	}
	files, dirs, trees := f.get("files"), f.get("dirs", since(3, 5)), f.get("source_trees", since(3, 11))
	in.Files, in.Dirs, in.SourceTrees = files.installFiles(true), dirs.installFiles(false), trees.installFiles(false)
	in.Package = f.get("package").text()
	in.EnabledIf = f.enabledIf(since(2, 6), installVars, false)
	if files == nil && dirs == nil && trees == nil {
		f.missing("files")
	}
	f.end()
	return []Stanza{in}
}

// section reads the name of a section, or (site (PACKAGE SITE)).
func (r *reader) section(in *Install, n *sexp.Node) {
	if n.Kind != sexp.List {
		if n.IsAtom("misc") {
			r.errorf(n.Range, "Unknown section", "The section misc is not for install stanzas.")
			return
		}
		in.Section = Text{r.word(n, sections...), n.Range}
		return
	}
	extension("dune_site", 0, 1)(r, "'site'", n.Range)
	if head, _ := n.Head(); head != "site" || len(n.Items) != 2 {
		r.errorf(n.Range, "Unknown section", "It is the name of a section or (site (PACKAGE SITE)).")
		return
	}
	s := r.site(n.Items[1])
	in.SitePackage, in.Site = s.Package, s.Site
}

// installFiles reads the elements of files and, without globs, of dirs and source_trees.
func (a *field) installFiles(globs bool) []InstallFile {
	if a == nil {
		return nil
	}
	var files []InstallFile
	for _, n := range a.args {
		files = append(files, a.r.installFile(n, globs))
	}
	return files
}

func (r *reader) installFile(n *sexp.Node, globs bool) InstallFile {
	head, _ := n.Head()
	switch {
	case len(n.Items) == 3 && n.Items[1].IsAtom("as"):
	case head == "include" && len(n.Items) == 2:
		since(3, 5)(r, "'include'", n.Range)
		return InstallFile{Include: r.template(n.Items[1]), FileBinding: FileBinding{Range: n.Range}}
	case globs && (head == "glob_files" || head == "glob_files_rec") && len(n.Items) == 2:
		since(3, 6)(r, "'"+head+"'", n.Range)
		f := InstallFile{GlobFiles: true, Recursive: head == "glob_files_rec", FileBinding: FileBinding{Range: n.Range}}
		glob := n.Items[1]
		if glob.Kind == sexp.List {
			if len(glob.Items) != 3 || !glob.Items[1].IsAtom("with_prefix") {
				r.errorf(glob.Range, "Wrong pattern", "It is (GLOB with_prefix DIRECTORY).")
				return f
			}
			since(3, 11)(r, "'with_prefix'", glob.Range)
			f.WithPrefix = r.template(glob.Items[2])
			glob = glob.Items[0]
		}
		f.Src = r.template(glob)
		return f
	}
	return InstallFile{FileBinding: r.fileBinding(n)}
}

// ReadInstallFiles reads a file that (include FILE) among files to install
// names: one list of elements, which may include others.
func ReadInstallFiles(filename string, src []byte, p *Project) ([]InstallFile, hcl.Diagnostics) {
	r := p.reader()
	var files []InstallFile
	for _, n := range r.oneList(filename, src) {
		files = append(files, r.installFile(n, true))
	}
	return files, r.diags
}

// fileBinding reads FILE or (FILE as NAME).
func (r *reader) fileBinding(n *sexp.Node) FileBinding {
	b := FileBinding{Range: n.Range}
	switch {
	case n.Kind != sexp.List:
		b.Src = r.template(n)
	case len(n.Items) == 3 && n.Items[1].IsAtom("as"):
		b.Src, b.Dst = r.template(n.Items[0]), r.template(n.Items[2])
	default:
		r.errorf(n.Range, "Wrong file", "It is FILE or (FILE as NAME).")
		return b
	}
	for _, t := range []Template{b.Src, b.Dst} {
		if _, ok := t.Text(); !ok {
			since(1, 6)(r, "A variable in the name of a file to install", t.Range)
		}
	}
	return b
}

func (a *field) fileBindings() []FileBinding {
	if a == nil {
		return nil
	}
	var all []FileBinding
	for _, n := range a.args {
		all = append(all, a.r.fileBinding(n))
	}
	return all
}

// documentation reads (documentation …).
func (r *reader) documentation(h Head, items []*sexp.Node) []Stanza {
	f := r.fields("a documentation stanza", h.Range, items)
	d := &Documentation{
		Head:     h,
		Package:  f.get("package").text(),
		MldFiles: f.get("mld_files").constantSet(),
		Files:    f.get("files").installFiles(true),
	}
	f.end()
	return []Stanza{d}
}
