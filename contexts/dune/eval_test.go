package dune_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
)

// latest is a project of the newest language.
var latest = dune.DefaultProject()

// rule reads the first stanza of a dune file, a rule.
func rule(t *testing.T, src string) *dune.Rule {
	t.Helper()
	f, diags := dune.ReadFile("dune", []byte(src), latest)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return f.Stanzas[0].(*dune.Rule)
}

// expand knows %{deps}, two values, %{test}, none, and of macros their payload.
func expand(v *sexp.Var) ([]string, error) {
	switch {
	case v.HasPayload:
		return []string{v.Payload}, nil
	case v.Name == "deps":
		return []string{"d1", "d2"}, nil
	case v.Name == "test":
		return nil, nil
	}
	return nil, errors.New("no " + v.Name)
}

func TestExpand(t *testing.T) {
	for _, test := range []struct{ arg, want, one string }{
		{`a`, `a`, `a`},
		{`%{deps}`, `d1|d2`, `dune:1,13-20: Several values for one; %{deps} stands for 2 values, and one is expected here. Quote it to join them.`},
		{`"%{deps}"`, `d1 d2`, `d1 d2`},
		{`x%{deps}%{env:y}`, `xd1d2y`, `xd1d2y`},
		{`"x%{deps}%{env:y}"`, `xd1 d2y`, `xd1 d2y`},
		{`%{test}`, ``, `dune:1,13-20: Several values for one; %{test} stands for 0 values, and one is expected here. Quote it to join them.`},
		{`"%{test}"`, ``, ``},
		{`a%{cc}`, `error: no cc`, `no cc`},
	} {
		tmpl := rule(t, `(rule (echo `+test.arg+`))`).Action.Args[0]
		values, err := tmpl.Expand(expand)
		got := strings.Join(values, "|")
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.arg, got, test.want)
		}
		one, err := tmpl.ExpandOne(expand)
		if err != nil {
			one = err.Error()
		}
		if one != test.one {
			t.Errorf("%s: got one %q, want %q", test.arg, one, test.one)
		}
	}
}

func TestSetEval(t *testing.T) {
	read := func(src string) dune.Set {
		f, diags := dune.ReadFile("dune", []byte("(library (name x) (flags "+src+"))"), latest)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return f.Stanzas[0].(*dune.Library).Flags.Common
	}
	include := func(file string, _ hcl.Range) (dune.Set, error) {
		text, ok := map[string]string{"list": "(i1 i2 :standard)", "one": "i3"}[file]
		if !ok {
			return dune.Set{}, errors.New("no " + file)
		}
		s, diags := dune.ReadSet(file, []byte(text), latest)
		if diags.HasErrors() {
			return s, diags
		}
		return s, nil
	}
	for _, test := range []struct{ src, want string }{
		{``, ``},
		{`:standard`, `s1 s2`},
		{`a :standard b a`, `a s1 s2 b a`},
		{`("a" ("b")) ()`, `a b`},
		{`:standard \ s1`, `s2`},
		{`a b c \ b \ c`, `a c`}, // c is taken from what is taken away
		{`(:standard \ s1) x (-y \ -y)`, `s2 x`},
		{`%{deps} "%{deps}" \ d1`, `d2 d1 d2`},
		{`(:include list) (:include one)`, `i1 i2 s1 s2 i3`},
		{`(:include %{env:one})`, `i3`},
		{`a A \ A`, `a`},
		{`(:include none)`, `error: no none`},
		{`%{cc}`, `error: no cc`},
	} {
		s := read(test.src)
		values, err := s.Eval(dune.SetEval{Standard: []string{"s1", "s2"}, Expand: expand, Include: include})
		got := strings.Join(values, " ")
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.src, got, test.want)
		}
	}
	s := read(`a b \ A`)
	if got, err := s.Eval(dune.SetEval{Equal: strings.EqualFold}); err != nil || !slices.Equal(got, []string{"b"}) {
		t.Errorf("got %q, %v", got, err)
	}
	s = read(`(:include list)`)
	if _, err := s.Eval(dune.SetEval{}); err == nil || !strings.Contains(err.Error(), "(:include FILE) may not be used here.") {
		t.Errorf("got %v", err)
	}
	if s = (dune.Set{}); s.Given() {
		t.Error("a set that is not there is given")
	}
}

func TestBoolEval(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{`true`, "true"},
		{`false`, "false"},
		{`%{env:true}`, "true"},
		{`(= a a)`, "true"},
		{`(<> a a)`, "false"},
		{`(< 10 9)`, "true"}, // text, as in dune
		{`(<= a a)`, "true"},
		{`(> b a)`, "true"},
		{`(>= a b)`, "false"},
		{`(= %{deps} "d1 d2")`, "false"},
		{`(= "%{deps}" "d1 d2")`, "true"},
		{`(and)`, "true"},
		{`(or)`, "false"},
		{`(and true (or false (not (= a b))))`, "true"},
		{`(and false %{cc})`, "false"}, // decided before
		{`(or %{cc} true)`, "error: no cc"},
		{`%{deps}`, `error: dune:1,19-26: Not true or false; %{deps} is ["d1" "d2"], which is neither true nor false.`},
	} {
		b := rule(t, `(rule (enabled_if `+test.src+`) (action (progn)))`).EnabledIf
		value, err := b.Eval(expand)
		got := map[bool]string{true: "true", false: "false"}[value]
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.src, got, test.want)
		}
	}
	if ok, err := (&dune.Bool{}).Eval(nil); !ok || err != nil {
		t.Error("an expression that is not there is not true")
	}
}

func TestGlob(t *testing.T) {
	for _, test := range []struct{ glob, match, fail string }{
		{"a.ml", "a.ml", "aXml b.ml a.mli"},
		{"*.ml", "a.ml a.b.ml", ".ml .a.ml d/a.ml a.mli"},
		{"*", "a a.b", ".a"},
		{"a*", "a ab a.b", "b a/b"},
		{"a**", "ab abc", "a a.b"},
		{"**", "a .a a/b", ""},
		{"a?c", "abc a.c", "ac a/c"},
		{"{a,b*}.{c,d}", "a.c b.d bx.c", "a.e c.c ab.c"},
		{"{a{b,c},d}", "ab ac d", "a abd"},
		{"a,b", "a,b", "a b"},
		{"[ab-]x", "ax bx -x", "cx x"},
		{"[!ab]x", "cx", "ax bx"},
		{"[]x", "", "x ]x"},
		{`\*\{a\}`, "*{a}", "x{a}"},
		{`.*`, ".a ..", "a"},
		{"*+(.)*", "a+(.)b", "aa"},
	} {
		g, diags := dune.ParseGlob(test.glob, hcl.Range{})
		if diags.HasErrors() {
			t.Errorf("%s: %v", test.glob, diags)
			continue
		}
		for _, name := range strings.Fields(test.match) {
			if !g.Match(name) {
				t.Errorf("%s does not match %s", test.glob, name)
			}
		}
		for _, name := range strings.Fields(test.fail) {
			if g.Match(name) {
				t.Errorf("%s matches %q", test.glob, name)
			}
		}
	}
}

func TestPredicate(t *testing.T) {
	f, diags := dune.ReadFile("dune", []byte(`(dirs :standard .x (and b* (not bc)) \ c (or d e))`), latest)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for name, want := range map[string]bool{".x": true, "s": true, "ba": true, "bc": true, "c": false, "e": false} {
		if f.Dirs.Dirs.Match(name, true) != want {
			t.Errorf("%s: not %v", name, want)
		}
	}
	for name, want := range map[string]bool{".x": true, "s": false, "ba": true, "bc": false} {
		if f.Dirs.Dirs.Match(name, false) != want {
			t.Errorf("%s without standard: not %v", name, want)
		}
	}
	for _, test := range []struct {
		codes   string
		in, out int
	}{
		{"0", 0, 1},
		{"(or 1 2)", 2, 3},
		{"(not 1)", 0, 1},
		{"(and :standard 0)", 0, 1},
		{"(\"1\" 2 3 \\ 2)", 3, 2},
	} {
		codes := rule(t, `(rule (action (with-accepted-exit-codes `+test.codes+` (run x))))`).Action.Codes
		if !codes.MatchCode(test.in) || codes.MatchCode(test.out) {
			t.Errorf("%s: %d or %d", test.codes, test.in, test.out)
		}
	}
}

func TestIncludedLists(t *testing.T) {
	deps, diags := dune.ReadDeps("deps.sexp", []byte("(a (:x b c) (universe))"), latest)
	if x, ok := deps.Named("x"); diags.HasErrors() || len(deps.All()) != 4 || !ok || len(x.Deps) != 2 {
		t.Errorf("got %v, %v", deps, diags)
	}
	if _, ok := deps.Named(""); ok {
		t.Error("a dependency without a name has one")
	}
	files, diags := dune.ReadInstallFiles("files.sexp", []byte("(a (b as c))"), latest)
	if diags.HasErrors() || len(files) != 2 || files[1].Dst.String() != "c" {
		t.Errorf("got %v, %v", files, diags)
	}
	for _, test := range []struct{ name, src, want string }{
		{"deps", "a", "f:1,1-1: Not a list; The file must hold one list."},
		{"deps", "(a", "f:1,1-2: Unclosed parenthesis; This parenthesis is not closed by the end of the file."},
		{"files", "(a) (b)", "f:1,1-1: Not a list; The file must hold one list."},
		{"set", "a b", "f:1,1-1: Not a set; The file must hold one s-expression, a list of elements; it holds 2."},
		{"set", "(a %{b})", "f:1,1-9: No variables here; Neither variables nor (:include …) may be used in a file that a set includes."},
		{"set", "((:include x))", "f:1,1-15: No variables here; Neither variables nor (:include …) may be used in a file that a set includes."},
	} {
		var diags hcl.Diagnostics
		switch test.name {
		case "deps":
			_, diags = dune.ReadDeps("f", []byte(test.src), latest)
		case "files":
			_, diags = dune.ReadInstallFiles("f", []byte(test.src), latest)
		case "set":
			p, _ := dune.ReadProject("dune-project", []byte("(lang dune 2.9)"))
			_, diags = dune.ReadSet("f", []byte(test.src), p)
		}
		if got := diags.Error(); got != test.want {
			t.Errorf("%s of %s: got %s, want %s", test.name, test.src, got, test.want)
		}
	}
}

func TestAddOpamFiles(t *testing.T) {
	read := func(name, src string) *dune.OpamFile {
		f, diags := dune.ReadOpam(name, []byte(src))
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return f
	}
	files := []*dune.OpamFile{read("d/a.opam", `version: "2"`), read("d/b.opam", `homepage: "h"`)}
	p, _ := dune.ReadProject("dune-project", []byte("(lang dune 3.0) (version 1) (license ISC)"))
	if diags := p.AddOpamFiles(files); diags.HasErrors() || len(p.Packages) != 2 {
		t.Fatalf("got %v, %v", p.Packages, diags)
	}
	a, b := p.Find("a"), p.Find("b")
	if a.Version.Value != "2" || b.Version.Value != "1" || b.Info.Homepage != "h" || !slices.Equal(a.Info.License, []string{"ISC"}) {
		t.Errorf("got %+v and %+v", a, b)
	}
	p, _ = dune.ReadProject("dune-project", []byte("(lang dune 3.0) (package (name a))"))
	want := "d/b.opam:1,1-1: Package without a stanza; dune-project has (package …) for other packages, and so it needs one for b too."
	if diags := p.AddOpamFiles(files); diags.Error() != want || len(p.Packages) != 1 {
		t.Errorf("got %v, want %s", diags, want)
	}
	if p.Find("b") != nil {
		t.Error("b is there")
	}
}

func TestEnvFind(t *testing.T) {
	f, diags := dune.ReadFile("dune", []byte("(env (dev (flags a)) (_ (flags b)))"), latest)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	env := f.Stanzas[0].(*dune.Env)
	for profile, want := range map[string]string{"dev": "a", "release": "b"} {
		if got := env.Find(profile).Flags.Common.Templates()[0].String(); got != want {
			t.Errorf("%s: got %s", profile, got)
		}
	}
	if (&dune.Env{}).Find("dev") != nil {
		t.Error("an empty stanza says something")
	}
}
