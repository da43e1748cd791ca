package dune

import (
	"strconv"

	"erg.build/erg/contexts/dune/sexp"
)

// Cram is (cram …): settings for cram tests of the directory.
type Cram struct {
	Head
	AppliesTo    *Predicate // over names of tests; nil, and not WholeSubtree: all of the directory
	WholeSubtree bool
	Alias        Text
	Deps         Deps
	EnabledIf    Bool
	Locks        []Template
	Package      Text
	RuntestAlias *Bool // nil: no stanza decides; true by default
	SetupScripts []Text
	Timeout      float64 // seconds; 0: none
	Shell        string  // "sh" or "bash"; "": not given
	Conflict     string  // conflict_markers: "error", "ignore", or "": not given
}

// Mdx is (mdx …).
type Mdx struct {
	Head
	Files     Predicate // :standard is *.md, since 0.4 also *.mld
	Packages  []Text    // of 0.1
	Deps      Deps
	Preludes  []Prelude
	Libraries []LibDep
	Package   Text
	Locks     []Template
	EnabledIf Bool
	Version   Version // of the extension
}

// A Prelude is a file that mdx evaluates first.
type Prelude struct {
	Env  string
	File Text
}

// Cinaps is (cinaps …).
type Cinaps struct {
	Head
	Files            Predicate // :standard is all
	Libraries        []LibDep
	Preprocess       []Preprocess
	PreprocessorDeps []Dep
	RuntimeDeps      []Dep
	Alias            Text
	LinkFlags        Set
	Version          Version // of the extension
}

// cram reads (cram …).
func (r *reader) cram(h Head, items []*sexp.Node) []Stanza {
	since(2, 7)(r, "'cram'", h.Range)
	f := r.fields("a cram stanza", h.Range, items)
	c := &Cram{Head: h, Deps: f.get("deps").bindings()}
	if a := f.get("applies_to"); a != nil {
		if len(a.args) == 1 && a.args[0].IsAtom(":whole_subtree") {
			c.WholeSubtree = true
		} else {
			c.AppliesTo = a.predicate()
		}
	}
	r.scoped(c.Deps, func() {
		c.Alias = f.get("alias").text()
		c.EnabledIf = f.get("enabled_if").boolean()
		c.Locks = f.get("locks", since(2, 9)).templates()
		c.Package = f.get("package", since(2, 8)).text()
		c.RuntestAlias = f.get("runtest_alias", since(3, 12)).boolean().optional()
		if b := c.RuntestAlias; b != nil && (b.Op != BoolValue || len(b.Left.Vars()) > 0) {
			since(3, 24)(r, "An expression in 'runtest_alias'", b.Range)
		}
		c.Conflict = f.get("conflict_markers", since(3, 21)).word("error", "ignore")
		c.SetupScripts = f.get("setup_scripts", since(3, 21)).texts()
		c.Shell = f.get("shell", since(3, 22)).word("sh", "bash")
		c.Timeout = f.get("timeout", since(3, 20)).seconds()
	})
	f.end()
	return []Stanza{c}
}

// seconds reads a number that is not negative.
func (a *field) seconds() float64 {
	if a == nil {
		return 0
	}
	t := a.text()
	s, err := strconv.ParseFloat(t.Value, 64)
	if t.Given() && (err != nil || !(s >= 0) || s > 1e9) {
		a.r.errorf(t.Range, "Not a duration", "%q is no number of seconds.", t.Value)
		return 0
	}
	return s
}

// mdx reads (mdx …).
func (r *reader) mdx(h Head, items []*sexp.Node) []Stanza {
	extension("mdx", 0, 1)(r, "'mdx'", h.Range)
	f := r.fields("an mdx stanza", h.Range, items)
	m := &Mdx{
		Head:      h,
		Packages:  f.get("packages").texts(),
		Deps:      f.get("deps", extension("mdx", 0, 2)).bindings(),
		Libraries: f.libraries("libraries", false),
		Package:   f.get("package", since(2, 9)).text(),
		Locks:     f.get("locks", extension("mdx", 0, 3)).templates(),
		EnabledIf: f.get("enabled_if", since(2, 9)).boolean(),
		Version:   r.using["mdx"],
	}
	if p := f.get("files").predicate(); p != nil {
		m.Files = *p
	}
	if a := f.get("preludes"); a != nil {
		for _, n := range a.args {
			m.Preludes = append(m.Preludes, r.prelude(n))
		}
	}
	f.end()
	return []Stanza{m}
}

// prelude reads FILE or (env NAME FILE).
func (r *reader) prelude(n *sexp.Node) Prelude {
	if n.Kind != sexp.List {
		return Prelude{File: r.text(n)}
	}
	if len(n.Items) != 3 || !n.Items[0].IsAtom("env") {
		r.errorf(n.Range, "Wrong prelude", "It is FILE or (env NAME FILE).")
		return Prelude{}
	}
	return Prelude{Env: r.text(n.Items[1]).Value, File: r.text(n.Items[2])}
}

// cinaps reads (cinaps …).
func (r *reader) cinaps(h Head, items []*sexp.Node) []Stanza {
	extension("cinaps", 1, 0)(r, "'cinaps'", h.Range)
	f := r.fields("a cinaps stanza", h.Range, items)
	c := &Cinaps{
		Head:        h,
		Libraries:   f.libraries("libraries", false),
		RuntimeDeps: f.get("runtime_deps", extension("cinaps", 1, 1)).deps(),
		Alias:       f.get("alias").text(),
		LinkFlags:   f.get("link_flags", extension("cinaps", 1, 3)).set(),
		Version:     r.using["cinaps"],
	}
	c.Preprocess, c.PreprocessorDeps = f.preprocessing()
	if p := f.get("files").predicate(); p != nil {
		c.Files = *p
	}
	f.ocamlFlags()
	f.end()
	return []Stanza{c}
}
