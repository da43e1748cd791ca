package dune_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
)

// seeds adds the files of some name in the testdata.
func seeds(f *testing.F, match func(name string) bool) {
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.txtar"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, in := range txtar.Parse(data).Files {
			if match(filepath.Base(in.Name)) {
				f.Add(in.Data)
			}
		}
	}
}

// checkDiags fails for a diagnostic without a text or a place in the file.
func checkDiags(t *testing.T, diags hcl.Diagnostics, src []byte) {
	for _, d := range diags {
		s := d.Subject
		if d.Summary == "" || d.Detail == "" || s == nil || s.Filename != "file" || s.Start.Line < 1 || s.Start.Byte > s.End.Byte || s.End.Byte > len(src) {
			t.Fatalf("got %#v at %v", d, s)
		}
	}
}

// withExtensions returns a project that may use all stanzas.
func withExtensions() *dune.Project {
	p := dune.DefaultProject()
	p.Using = map[string]dune.Version{"menhir": {3, 0}, "mdx": {0, 4}, "dune_site": {0, 1}, "ctypes": {0, 3}, "cinaps": {1, 3}}
	return p
}

// FuzzFile reads anything as a dune file. What is accepted can be evaluated.
func FuzzFile(f *testing.F) {
	seeds(f, func(name string) bool { return name == "dune" || name == "dune.inc" })
	p := withExtensions()
	f.Fuzz(func(t *testing.T, src []byte) {
		file, diags := dune.ReadFile("file", src, p)
		checkDiags(t, diags, src)
		_ = dump(file)
		for _, s := range file.Stanzas {
			if s.Keyword() == "" || s.At().Filename != "file" {
				t.Fatalf("stanza %q at %v", s.Keyword(), s.At())
			}
			evaluate(s)
		}
	})
}

// evaluate evaluates parts of a stanza, for what they must not do: panic.
func evaluate(s dune.Stanza) {
	expand := func(v *sexp.Var) ([]string, error) { return []string{v.Name, v.Payload}, nil }
	e := dune.SetEval{Standard: []string{"s"}, Expand: expand}
	switch s := s.(type) {
	case *dune.Library:
		_, _ = s.Modules.Eval(e)
		_, _ = s.Flags.Common.Eval(e)
		_, _ = s.EnabledIf.Eval(expand)
	case *dune.Rule:
		_, _ = s.EnabledIf.Eval(expand)
		_ = s.Deps.All()
	case *dune.Cram:
		if s.AppliesTo != nil {
			_ = s.AppliesTo.Match("name", true)
		}
	}
}

func FuzzProject(f *testing.F) {
	seeds(f, func(name string) bool { return name == "dune-project" || name == "dune-workspace" })
	f.Fuzz(func(t *testing.T, src []byte) {
		p, diags := dune.ReadProject("file", src)
		checkDiags(t, diags, src)
		if p.Lang == (dune.Version{}) {
			t.Fatal("no version")
		}
		w, diags := dune.ReadWorkspace("file", src)
		checkDiags(t, diags, src)
		_ = dump(p) + dump(w)
	})
}

func FuzzOpam(f *testing.F) {
	seeds(f, func(name string) bool { return filepath.Ext(name) == ".opam" })
	f.Fuzz(func(t *testing.T, src []byte) {
		o, diags := dune.ReadOpam("file", src)
		checkDiags(t, diags, src)
		_ = dump(o)
	})
}

func FuzzGlob(f *testing.F) {
	for _, glob := range []string{"*.ml", "**", "a{b,c*}[!d]?", `\*`, "[]", "[!]", "[^a-z\\]"} {
		f.Add(glob, "a.ml")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		g, diags := dune.ParseGlob(pattern, hcl.Range{})
		if !diags.HasErrors() {
			g.Match(name)
		}
	})
}

// TestMutations reads dune files of which parts were taken out, doubled or put
// elsewhere: what text that is changed at random hardly ever is.
func TestMutations(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var stanzas, pool []*sexp.Node
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			nodes, _ := sexp.Read("file", f.Data)
			if f.Name != "want" {
				stanzas = append(stanzas, nodes...)
			}
		}
	}
	for _, n := range stanzas {
		pool = appendAll(pool, n)
	}
	p, old := withExtensions(), &dune.Project{Lang: dune.Version{Major: 1, Minor: 0}}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		src := []byte(mutate(stanzas[random.IntN(len(stanzas))], pool, random).String())
		for _, project := range []*dune.Project{p, old} {
			file, diags := dune.ReadFile("file", src, project)
			checkDiags(t, diags, src)
			for _, s := range file.Stanzas {
				evaluate(s)
			}
		}
		src = append([]byte("(lang dune 3.10)"), src...)
		_, diags := dune.ReadProject("file", src)
		checkDiags(t, diags, src)
		_, diags = dune.ReadWorkspace("file", src)
		checkDiags(t, diags, src)
	}
}

func appendAll(to []*sexp.Node, n *sexp.Node) []*sexp.Node {
	to = append(to, n)
	for _, item := range n.Items {
		to = appendAll(to, item)
	}
	return to
}

// mutate returns a node with one change somewhere in it.
func mutate(n *sexp.Node, pool []*sexp.Node, random *rand.Rand) *sexp.Node {
	if len(n.Items) == 0 || random.IntN(4) == 0 {
		return pool[random.IntN(len(pool))]
	}
	c := *n
	c.Items = slices.Clone(n.Items)
	i := random.IntN(len(c.Items))
	switch random.IntN(4) {
	case 0:
		c.Items = slices.Delete(c.Items, i, i+1)
	case 1:
		c.Items = append(c.Items, c.Items[i])
	default:
		c.Items[i] = mutate(c.Items[i], pool, random)
	}
	return &c
}
