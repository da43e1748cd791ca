package dune

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// IsScript reports whether a dune file is an OCaml program, which sends the
// stanzas when it is run.
func IsScript(src []byte) bool { return bytes.HasPrefix(src, []byte("(* -*- tuareg -*- *)")) }

// ReadScript reads what a dune file that is a program has sent: stanzas,
// without those that say what the tree is made of.
func ReadScript(filename string, src []byte, p *Project) (*File, hcl.Diagnostics) {
	r := p.reader()
	f := r.file(r.parse(filename, src), fileOf{included: true, script: true})
	return f, causes(r.diags)
}

// ReadFile reads a dune file of a project.
func ReadFile(filename string, src []byte, p *Project) (*File, hcl.Diagnostics) {
	r := p.reader()
	f := r.file(r.parse(filename, src), fileOf{})
	return f, causes(r.diags)
}

// ReadIncluded reads a file that an Include names: stanzas as in the dune file.
// Those that say what the tree is made of may not come from rules, for which
// the tree must be known.
func ReadIncluded(filename string, src []byte, p *Project, in *Include) (*File, hcl.Diagnostics) {
	r := p.reader()
	f := r.file(r.parse(filename, src), fileOf{included: true, dynamic: in.Dynamic})
	return f, causes(r.diags)
}

// reader returns a reader of files of a project.
func (p *Project) reader() *reader { return &reader{lang: p.Lang, using: p.Using} }

// startOf is the beginning of a file's first line.
func startOf(filename string, length int) hcl.Range {
	rng := hcl.Range{Filename: filename, Start: hcl.InitialPos, End: hcl.InitialPos}
	rng.End.Byte += length
	rng.End.Column += length
	return rng
}

// oneList reads a file that holds one list, and returns its items.
func (r *reader) oneList(filename string, src []byte) []*sexp.Node {
	nodes := r.parse(filename, src)
	if len(nodes) == 1 && nodes[0].Kind == sexp.List {
		return nodes[0].Items
	}
	if !r.diags.HasErrors() {
		r.errorf(startOf(filename, 0), "Not a list", "The file must hold one list.")
	}
	return nil
}

// fileOf says what stanzas may stand in a file.
type fileOf struct{ included, dynamic, script, subdir bool }

// A stanzaReader reads one kind of stanza.
type stanzaReader func(r *reader, h Head, items []*sexp.Node) []Stanza

// stanzaReaders is filled in below, since stanzas are read by methods that lead here.
var stanzaReaders map[string]stanzaReader

func init() {
	stanzaReaders = map[string]stanzaReader{
		"library":                 (*reader).libraryStanza,
		"executable":              func(r *reader, h Head, items []*sexp.Node) []Stanza { return r.executables(h, items, false) },
		"executables":             func(r *reader, h Head, items []*sexp.Node) []Stanza { return r.executables(h, items, true) },
		"test":                    func(r *reader, h Head, items []*sexp.Node) []Stanza { return r.tests(h, items, false) },
		"tests":                   func(r *reader, h Head, items []*sexp.Node) []Stanza { return r.tests(h, items, true) },
		"rule":                    (*reader).rule,
		"alias":                   (*reader).alias,
		"copy_files":              (*reader).copyFiles,
		"copy_files#":             (*reader).copyFiles,
		"ocamllex":                (*reader).lex,
		"ocamlyacc":               (*reader).lex,
		"menhir":                  (*reader).menhir,
		"env":                     func(r *reader, h Head, items []*sexp.Node) []Stanza { return []Stanza{r.env(h, items)} },
		"install":                 (*reader).install,
		"documentation":           (*reader).documentation,
		"cram":                    (*reader).cram,
		"mdx":                     (*reader).mdx,
		"cinaps":                  (*reader).cinaps,
		"foreign_library":         (*reader).foreignLibrary,
		"deprecated_library_name": (*reader).deprecatedLibraryName,
		"generate_sites_module":   (*reader).generateSites,
		"plugin":                  (*reader).plugin,
		"toplevel":                (*reader).toplevel,
		"include":                 (*reader).include,
		"dynamic_include":         (*reader).include,
		"include_subdirs":         (*reader).includeSubdirs,
	}
}

// refused are stanzas that are known and cannot be built, with the reason.
var refused = map[string]string{
	"coq.theory":        "Coq theories cannot be built.",
	"coq.extraction":    "Coq theories cannot be built.",
	"coq.pp":            "Coq theories cannot be built.",
	"coqlib":            "Coq theories cannot be built.",
	"rocq.theory":       "Rocq theories cannot be built.",
	"rocq.extraction":   "Rocq theories cannot be built.",
	"rocq.pp":           "Rocq theories cannot be built.",
	"melange.emit":      "Melange cannot be built.",
	"library_parameter": "Parameterised libraries of OxCaml cannot be built.",
	"jbuild_version":    "This was for jbuilder; dune files have had no such stanza since version 1.0 of the dune language.",
	"external_variant":  "Variants of libraries were deleted in version 2.6 of the dune language. Use (default_implementation …) instead.",
}

// file reads stanzas.
func (r *reader) file(nodes []*sexp.Node, of fileOf) *File {
	f := &File{}
	for _, n := range nodes {
		name, ok := n.Head()
		if !ok {
			r.errorf(n.Range, "Not a stanza", "A stanza is expected here: (NAME …).")
			continue
		}
		h, items := Head{Name: name, Range: n.Range}, n.Items[1:]
		switch name {
		case "dirs", "data_only_dirs", "vendored_dirs", "ignored_subdirs", "files", "subdir":
			if of.dynamic || of.script {
				r.errorf(n.Range, "Too late for this", "%q may not stand in what rules make or programs send, since it decides which directories there are.", name)
				continue
			}
			r.treeStanza(f, h, items, of)
			continue
		}
		read, ok := stanzaReaders[name]
		switch reason := refused[name]; {
		case reason != "":
			r.errorf(n.Range, "Not supported", "%s", reason)
		case !ok:
			words := slices.Concat(slices.Collect(maps.Keys(stanzaReaders)), []string{"dirs", "data_only_dirs", "vendored_dirs", "subdir"})
			r.errorf(n.Items[0].Range, "Unknown stanza", "There is no stanza %q.%s", name, hint(name, words))
		default:
			f.Stanzas = append(f.Stanzas, read(r, h, items)...)
		}
	}
	return f
}

// treeStanza reads a stanza that says what the tree is made of.
func (r *reader) treeStanza(f *File, h Head, items []*sexp.Node, of fileOf) {
	once := func(old *Predicate) bool {
		if old != nil {
			r.errorf(h.Range, "Stanza given twice", "%q is said already, in line %d.", h.Name, old.Range.Start.Line)
		}
		return old == nil
	}
	globs := func() *Predicate {
		p := r.predicate(PredicateOr, items, h.Range, r.globElement)
		return &p
	}
	switch d := &f.Dirs; h.Name {
	case "dirs":
		since(1, 6)(r, "'dirs'", h.Range)
		r.notBoth(f, h)
		switch p := globs(); {
		case d.Dirs != nil && r.lang.AtLeast(3, 23):
			d.Dirs = &Predicate{Op: PredicateOr, Args: []Predicate{*d.Dirs, *p}, Range: d.Dirs.Range}
		case once(d.Dirs):
			d.Dirs = p
		}
	case "files":
		since(3, 21)(r, "'files'", h.Range)
		if once(d.Files) {
			d.Files = globs()
		}
	case "data_only_dirs":
		since(1, 6)(r, "'data_only_dirs'", h.Range)
		r.notBoth(f, h)
		if !f.ignored && once(d.DataOnly) {
			d.DataOnly = r.subdirGlobs(h, items)
		}
	case "vendored_dirs":
		since(1, 11)(r, "'vendored_dirs'", h.Range)
		if once(d.Vendored) {
			d.Vendored = r.subdirGlobs(h, items)
		}
	case "ignored_subdirs":
		r.ignoredSubdirs(f, h, items, of)
	case "subdir":
		r.subdir(f, h, items, of)
	}
}

// notBoth complains of ignored_subdirs beside what has replaced it.
func (r *reader) notBoth(f *File, h Head) {
	if f.ignored {
		r.errorf(h.Range, "Two stanzas for one", "ignored_subdirs may stand neither with dirs nor with data_only_dirs. Use these.")
	}
}

// subdirGlobs reads patterns for immediate subdirectories.
func (r *reader) subdirGlobs(h Head, items []*sexp.Node) *Predicate {
	p := &Predicate{Op: PredicateOr, Range: h.Range}
	for _, n := range items {
		e := r.globElement(n)
		r.immediate(h.Name, Text{e.Glob.Pattern, n.Range})
		p.Args = append(p.Args, e)
	}
	return p
}

func (r *reader) immediate(stanza string, name Text) {
	switch {
	case strings.Contains(name.Value, "/"):
		r.errorf(name.Range, "Not a subdirectory", "Only immediate subdirectories may be named. To name %s, write (%s %s) in %s/dune, or in (subdir %s …).", name, stanza, path.Base(name.Value), path.Dir(name.Value), path.Dir(name.Value))
	case name.Value == "" || name.Value == "." || name.Value == "..":
		r.errorf(name.Range, "Not a subdirectory", "%q is no name of a subdirectory.", name.Value)
	}
}

// ignoredSubdirs reads (ignored_subdirs (NAME…)), the old way to say data_only_dirs.
func (r *reader) ignoredSubdirs(f *File, h Head, items []*sexp.Node, of fileOf) {
	if of.subdir {
		r.errorf(h.Range, "Not here", "ignored_subdirs may not stand in subdir. Use dirs instead.")
		return
	}
	if len(items) != 1 || items[0].Kind != sexp.List {
		r.errorf(h.Range, "Wrong stanza", "It is (ignored_subdirs (NAME…)).")
		return
	}
	if r.lang.AtLeast(1, 6) {
		r.note(h.Range, "ignored_subdirs", "ignored_subdirs is deprecated since version 1.6 of the dune language. Use dirs or data_only_dirs.")
	}
	if (f.Dirs.DataOnly != nil || f.Dirs.Dirs != nil) && !f.ignored {
		f.ignored = true
		r.notBoth(f, h)
	}
	p := &Predicate{Op: PredicateOr, Range: h.Range}
	for _, n := range items[0].Items {
		t := r.text(n)
		r.immediate(h.Name, t)
		p.Args = append(p.Args, Predicate{Op: PredicateElement, Glob: Glob{Pattern: t.Value, Range: n.Range, literal: t.Value}, Range: n.Range})
	}
	if old := f.Dirs.DataOnly; old != nil {
		p.Args = append(p.Args, *old)
	}
	f.Dirs.DataOnly, f.ignored = p, true
}

// subdir reads (subdir DIR stanza…).
func (r *reader) subdir(f *File, h Head, items []*sexp.Node, of fileOf) {
	since(2, 5)(r, "'subdir'", h.Range)
	if of.included {
		since(2, 7)(r, "'subdir' in a file that is included", h.Range)
	}
	if len(items) == 0 {
		r.errorf(h.Range, "Missing directory", "It is (subdir DIRECTORY STANZA…).")
		return
	}
	dir := r.text(items[0])
	clean := path.Clean(dir.Value)
	if dir.Value == "" || path.IsAbs(dir.Value) || clean == ".." || strings.HasPrefix(clean, "../") {
		r.errorf(dir.Range, "Not a subdirectory", "%q leads out of the directory of this file.", dir.Value)
		return
	}
	of.subdir = true
	f.Subdirs = append(f.Subdirs, &Subdir{Dir: Text{clean, dir.Range}, File: r.file(items[1:], of), Range: h.Range})
}

// include reads (include FILE) and (dynamic_include FILE).
func (r *reader) include(h Head, items []*sexp.Node) []Stanza {
	in := &Include{Head: h, Dynamic: h.Name == "dynamic_include"}
	if in.Dynamic {
		since(3, 14)(r, "'dynamic_include'", h.Range)
	}
	if len(items) != 1 {
		r.errorf(h.Range, "Wrong stanza", "It is (%s FILE).", h.Name)
		return nil
	}
	in.File = r.text(items[0])
	if path.IsAbs(in.File.Value) || in.File.Value == "" {
		r.errorf(in.File.Range, "Not a relative path", "The file must be named relative to the directory of this one.")
		return nil
	}
	return []Stanza{in}
}

// includeSubdirs reads (include_subdirs MODE).
func (r *reader) includeSubdirs(h Head, items []*sexp.Node) []Stanza {
	since(1, 1)(r, "'include_subdirs'", h.Range)
	if len(items) != 1 {
		r.errorf(h.Range, "Wrong stanza", "It is (include_subdirs MODE), where MODE is no, unqualified or qualified.")
		return nil
	}
	mode := SubdirsMode(r.word(items[0], string(SubdirsNo), string(SubdirsUnqualified), string(SubdirsQualified)))
	if _, coq := r.using["coq"]; mode == SubdirsQualified && !coq {
		since(3, 7)(r, "'qualified'", items[0].Range)
	}
	return []Stanza{&IncludeSubdirs{Head: h, Mode: mode}}
}
