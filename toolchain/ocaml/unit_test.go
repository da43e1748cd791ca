package ocaml

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/cc"
)

func TestParseConfig(t *testing.T) {
	c := parseConfig("version: 5.3.0\nstandard_library: /opt/a b/lib\nflambda: true\nword_size: 64\nint_size: 63\next_exe: \nasm: as\nnative_c_compiler: gcc -O2 -pthread\n")
	if c["standard_library"] != "/opt/a b/lib" || c.command("native_c_compiler") != "gcc" || c.command("none") != "" {
		t.Errorf("%q", c)
	}
	if !c.atLeast(5, 0) || !c.atLeast(4, 14) || c.atLeast(5, 4) {
		t.Error("versions compare wrongly")
	}
	facts := c.facts()
	if !facts["flambda"].True() || facts["word_size"].AsBigFloat().String() != "64" || facts["version"].AsString() != "5.3.0" {
		t.Errorf("%#v", facts)
	}
	if _, ok := facts["architecture"]; ok {
		t.Error("a fact that the compiler does not tell")
	}
}

func TestParseDepend(t *testing.T) {
	got, err := parseDepend([]byte("lib/a.ml: B List\nlib/c.mli: A\nodd: name.ml:\n"), "", []string{"lib/a.ml", "odd: name.ml", "lib/c.mli"})
	if err != nil || len(got) != 3 || !slices.Equal(got[0], []string{"B", "List"}) || len(got[1]) != 0 || !slices.Equal(got[2], []string{"A"}) {
		t.Errorf("%q, %v", got, err)
	}
	// What another context was told serves, though its roots are called and sorted otherwise.
	files := []string{"_build/.source.s/tree/z.ml", "_build/app/a.ml"}
	for _, out := range []string{"../.source.s/tree/z.ml: A\na.ml: B\n", "a.ml: B\n../other/tree/z.ml: A\n"} {
		got, err := parseDepend([]byte(out), "_build/app", files)
		if err != nil || !slices.Equal(got[0], []string{"A"}) || !slices.Equal(got[1], []string{"B"}) {
			t.Errorf("%q: %q, %v", out, got, err)
		}
	}
	for _, bad := range []string{"", "a.ml B\n", "b.ml: C\n", "a.ml: B\na.ml: C\n"} {
		if _, err := parseDepend([]byte(bad), "", []string{"a.ml"}); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

func FuzzParseDepend(f *testing.F) {
	f.Add("lib/a.ml: B List\n", "lib/a.ml")
	f.Fuzz(func(t *testing.T, out, file string) {
		if got, err := parseDepend([]byte(out), "", []string{file}); err == nil && len(got) != 1 {
			t.Errorf("%d answers for a file", len(got))
		}
	})
}

// unitsOf wraps modules and returns "name=unit" and the alias module.
func unitsOf(wrapper string, wrapped bool, names ...string) (string, *builder) {
	var mods []*module
	for _, n := range names {
		mods = append(mods, &module{name: n, impl: n + ".ml"})
	}
	b := &builder{tc: &Toolchain{}, src: &sorted{modules: mods}, exe: wrapper == exeWrapper}
	if !wrapped {
		b.u.Wrapping = Unwrapped
	}
	if err := b.wrap(wrapper); err != nil {
		panic(err)
	}
	var out []string
	for _, m := range mods {
		out = append(out, m.name+"="+m.unit)
	}
	return strings.Join(out, " "), b
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		wrapper string
		wrapped bool
		names   []string
		units   string
		alias   string
	}{
		{"Foo", true, []string{"A", "B"}, "A=foo__A B=foo__B", "Foo"},
		{"Foo", true, []string{"A", "Foo"}, "A=foo__A Foo=foo", "Foo__"},
		{"Foo", true, []string{"Foo"}, "Foo=foo", ""},
		{"Foo", true, []string{"A"}, "A=foo__A", "Foo"},
		{"Foo", false, []string{"A", "Foo"}, "A=a Foo=foo", ""},
		{exeWrapper, true, []string{"Main"}, "Main=erg__exe__Main", ""},
		{exeWrapper, true, []string{"Main", "Util"}, "Main=erg__exe__Main Util=erg__exe__Util", exeWrapper},
	} {
		units, b := unitsOf(c.wrapper, c.wrapped, c.names...)
		name := ""
		if b.alias != nil {
			name = b.alias.name
		}
		if units != c.units || name != c.alias {
			t.Errorf("%s %v: %s with alias module %q", c.wrapper, c.names, units, name)
		}
	}
	_, b := unitsOf("Foo", true, "A", "Foo", "B")
	if got := b.aliases(); got != "(** @canonical Foo.A *)\nmodule A = Foo__A\n\n\n(** @canonical Foo.B *)\nmodule B = Foo__B\n" {
		t.Errorf("aliases %q", got)
	}
	b.u.Heading = "(* made *)"
	if got := b.aliases(); got != "(* made *)\n\n(** @canonical Foo.A *)\nmodule A = Foo__A\n\n(** @canonical Foo.B *)\nmodule B = Foo__B\n" {
		t.Errorf("with a heading: %q", got)
	}
	if got := wrapperOf("my-lib.core"); got != "My_lib_core" {
		t.Error(got)
	}
}

func TestSortSources(t *testing.T) {
	o := cc.Owner{Root: "_build/app", Dir: "lib"}
	s, err := sortSources(o, []string{"lib/b.ml", "lib/a.mli", "lib/a.ml", "lib/lex.mll", "lib/par.mly", "lib/stub.c", "lib/stub.h", "_build/app/lib/gen.ml"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range s.modules {
		got = append(got, m.name+":"+m.impl+":"+m.intf)
	}
	want := []string{"A:lib/a.ml:lib/a.mli", "B:lib/b.ml:", "Gen:_build/app/lib/gen.ml:", "Lex:_build/app/lib/lex.ml:", "Par:_build/app/lib/par.ml:_build/app/lib/par.mli"}
	if !slices.Equal(got, want) || !slices.Equal(s.stubs, []string{"lib/stub.c"}) {
		t.Errorf("%q, stubs %q", got, s.stubs)
	}
	var clash *ClashError
	if _, err := sortSources(o, []string{"lib/lex.mll", "lib/sub/lex.ml"}); !errors.As(err, &clash) || clash.Module != "Lex" {
		t.Errorf("clash: %v", err)
	}
	var source *SourceError
	if _, err := sortSources(o, []string{"lib/x.rs"}); !errors.As(err, &source) {
		t.Errorf("kind: %v", err)
	}
}

// An interface leads to what its mentions lead to, and an implementation
// behind an interface leads nowhere.
func TestReaches(t *testing.T) {
	mods := []*module{
		{name: "A", impl: "a.ml", intf: "a.mli", implNames: []string{"D"}, intfNames: []string{"B"}},
		{name: "B", impl: "b.ml", implNames: []string{"C", "Lib"}},
		{name: "C", impl: "c.ml"},
		{name: "D", impl: "d.ml"},
		{name: "Main", impl: "main.ml", implNames: []string{"A"}},
	}
	if err := resolve("u", mods, mods); err != nil {
		t.Fatal(err)
	}
	ordered, err := order("", mods)
	if err != nil {
		t.Fatal(err)
	}
	r := reaches(ordered, func(names []string) set {
		var s set
		if slices.Contains(names, "Lib") {
			s.add(3)
		}
		return s
	})
	names := func(s set) string {
		var out []string
		for i, m := range ordered {
			if s.has(i) {
				out = append(out, m.name)
			}
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	if got := names(r[mods[0]].public); got != "A B C" {
		t.Errorf("A's interface leads to %s", got)
	}
	if got := names(r[mods[4]].all); got != "A B C D Main" {
		t.Errorf("Main needs %s", got)
	}
	if !r[mods[0]].publicLibs.has(3) || r[mods[3]].publicLibs.has(3) || r[mods[0]].publicLibs.has(2) {
		t.Error("libraries are followed wrongly")
	}
	if last := ordered[len(ordered)-1].name; last != "Main" {
		t.Errorf("%s is linked last", last)
	}
}

func TestStandardClosure(t *testing.T) {
	if got := standardClosure([]string{"threads.posix", "unix"}); !slices.Equal(got, []string{"unix", "threads.posix"}) {
		t.Errorf("%q", got)
	}
	five, four := &Toolchain{conf: config{"version": "5.3.0"}}, &Toolchain{conf: config{"version": "4.13.1"}}
	if got := strings.Join(five.standardFlags([]string{"unix", "threads"}), " "); got != "-I +unix -I +threads" {
		t.Error(got)
	}
	if got := strings.Join(four.standardFlags([]string{"unix", "threads"}), " "); got != "-I +threads" {
		t.Error(got)
	}
}

func golden(s action.Spec) string {
	roots := s.Roots()
	var words []string
	for _, a := range s.Argv {
		words = append(words, action.Expand(a, func(p string, _ bool) string { return roots.Canonical(p) }))
	}
	return s.Dir + "$ " + strings.Join(words, " ")
}

func TestCompileArgv(t *testing.T) {
	tc := &Toolchain{conf: config{"version": "5.3.0"}, tools: map[string]string{"ocamlc": "/b/ocamlc.opt", "ocamlopt": "/b/ocamlopt.opt"}}
	u := Unit{
		Owner:   cc.Owner{Root: "_build/app", Dir: "lib", Name: "foo"},
		Sources: []string{"lib/a.ml", "lib/b.ml", "lib/b.mli", "lib/lex.mll"},
		Flags:   []string{"-w", "+a"}, NativeFlags: []string{"-unsafe"}, Standard: []string{"unix"},
		Deps: []*Library{{Name: "dep", Dir: "_build/tools/dep/.objs/dep", Provides: []string{"Dep"}, Interfaces: []string{"_build/tools/dep/.objs/dep/dep.cmi"}, Opaque: true}},
	}
	b, err := tc.library(u)
	if err != nil {
		t.Fatal(err)
	}
	b.flags = map[Mode][]string{Byte: b.compileFlags(Byte), Native: b.compileFlags(Native)}
	byName := map[string]*module{}
	for _, m := range b.src.modules {
		byName[m.name] = m
	}
	byName["A"].implNames = []string{"B", "Dep", "String"}
	if err := b.resolve(); err != nil {
		t.Fatal(err)
	}
	if b.modules, err = order("", b.src.modules); err != nil {
		t.Fatal(err)
	}
	b.named = b.librariesNamed()
	b.reach = reaches(b.modules, b.named)

	const flags = "-I o:lib/.objs/foo -I x0:dep/.objs/dep -I +unix -no-alias-deps -open Foo"
	for _, c := range []struct {
		spec            action.Spec
		argv            string
		inputs, outputs []string
	}{
		{
			b.implementation(byName["A"], Native),
			"$ /b/ocamlopt.opt -c -g -opaque -w +a -unsafe " + flags + " -intf-suffix .none -o o:lib/.objs/foo/foo__A.cmx -impl s:lib/a.ml",
			[]string{"lib/a.ml", "_build/app/lib/.objs/foo/foo.cmi", "_build/app/lib/.objs/foo/foo__B.cmi", "_build/tools/dep/.objs/dep/dep.cmi"},
			[]string{"foo__A.cmi", "foo__A.cmx", "foo__A.o"},
		},
		{
			b.implementation(byName["A"], Byte),
			"$ /b/ocamlc.opt -c -g -opaque -w +a " + flags + " -intf-suffix .ml -o o:lib/.objs/foo/foo__A.cmo -impl s:lib/a.ml",
			[]string{"lib/a.ml", "_build/app/lib/.objs/foo/foo__A.cmi", "_build/app/lib/.objs/foo/foo.cmi", "_build/app/lib/.objs/foo/foo__B.cmi", "_build/tools/dep/.objs/dep/dep.cmi"},
			[]string{"foo__A.cmo"},
		},
		{
			b.interfaceSpec(byName["B"]),
			"$ /b/ocamlc.opt -c -g -opaque -w +a " + flags + " -o o:lib/.objs/foo/foo__B.cmi -intf s:lib/b.mli",
			[]string{"lib/b.mli", "_build/app/lib/.objs/foo/foo.cmi"},
			[]string{"foo__B.cmi"},
		},
		{
			b.implementation(byName["Lex"], Native),
			"_build/app$ /b/ocamlopt.opt -c -g -opaque -w +a -unsafe " + flags + " -intf-suffix .none -o o:lib/.objs/foo/foo__Lex.cmx -impl o:lib/lex.ml",
			[]string{"_build/app/lib/lex.ml", "_build/app/lib/.objs/foo/foo.cmi"},
			[]string{"foo__Lex.cmi", "foo__Lex.cmx", "foo__Lex.o"},
		},
	} {
		if got := golden(c.spec); got != c.argv {
			t.Errorf("got  %s\nwant %s", got, c.argv)
		}
		if !slices.Equal(c.spec.Inputs, c.inputs) {
			t.Errorf("%s: inputs %q\nwant %q", c.spec.Name, c.spec.Inputs, c.inputs)
		}
		var outputs []string
		for _, o := range c.spec.Outputs {
			outputs = append(outputs, strings.TrimPrefix(o, "_build/app/lib/.objs/foo/"))
		}
		if !slices.Equal(outputs, c.outputs) {
			t.Errorf("%s: outputs %q, want %q", c.spec.Name, outputs, c.outputs)
		}
	}
}

// What libraries depend on is seen, or known and hidden, or neither; those that
// come with the compiler are no exception.
func TestTransitive(t *testing.T) {
	far := &Library{Name: "far", Dir: "_build/app/far", Provides: []string{"Far"}, Interfaces: []string{"_build/app/far/far.cmi"}, Opaque: true}
	near := &Library{Name: "near", Dir: "_build/app/near", Provides: []string{"Near"}, Interfaces: []string{"_build/app/near/near.cmi"}, Opaque: true, Deps: []*Library{far}, Standard: []string{"compiler-libs.common", "threads"}}
	for _, c := range []struct {
		version        string
		closed, hidden bool
		flags          string
		inputs         int
	}{
		{"5.3.0", false, false, "-I o:near -I o:far -I +str -I +compiler-libs -I +unix -I +threads", 2},
		{"5.3.0", true, false, "-I o:near -I +str", 1},
		{"5.3.0", true, true, "-I o:near -H o:far -I +str -H +compiler-libs -H +unix -H +threads", 2},
		{"5.1.0", true, true, "-I o:near -I +str", 1},
		{"4.14.2", true, false, "-I o:near", 1},
	} {
		tc := &Toolchain{conf: config{"version": c.version}, tools: map[string]string{"ocamlc": "/b/ocamlc"}}
		b, err := tc.library(Unit{Owner: cc.Owner{Root: "_build/app", Dir: "x", Name: "x"}, Sources: []string{"x/x.ml"}, Deps: []*Library{near}, Standard: []string{"str"}, Closed: c.closed, Hidden: c.hidden})
		if err != nil {
			t.Fatal(err)
		}
		m := b.src.modules[0]
		m.implNames = []string{"Near"}
		b.flags = map[Mode][]string{Byte: b.compileFlags(Byte)}
		b.modules = b.src.modules
		b.named = b.librariesNamed()
		b.reach = reaches(b.modules, b.named)
		s := b.implementation(m, Byte)
		if got := golden(s); !strings.Contains(got, " -I o:x/.objs/x "+c.flags+" -intf") {
			t.Errorf("%+v: %s", c, got)
		}
		if got := len(s.Inputs) - 1; got != c.inputs {
			t.Errorf("%+v: inputs %q", c, s.Inputs)
		}
		if got := b.named([]string{"Near__Inner"}); got.len() != c.inputs {
			t.Errorf("%+v: a wrapped module leads to %d libraries", c, got.len())
		}
	}
}

func TestEmptyArchive(t *testing.T) {
	for version, want := range map[string]string{"4.11.2": "a.cmxa a.a", "4.12.0": "a.cmxa", "5.3.0": "a.cmxa"} {
		tc := &Toolchain{conf: config{"version": version}}
		l := &Library{Archives: map[Mode][]string{Native: {"a.cmxa"}}, emptyArchive: tc.archivesNothing()}
		if got := strings.Join(l.archiveFiles(Native), " "); got != want {
			t.Errorf("without code, OCaml %s makes %s, not %s", version, want, got)
		}
	}
}

func TestHasC(t *testing.T) {
	stubs := Unit{Sources: []string{"a.ml", "a.c"}}
	for name, c := range map[string]struct {
		u    Unit
		want bool
	}{
		"OCaml":                        {Unit{Sources: []string{"a.ml", "a.mli", "l.mll", "p.mly"}}, false},
		"stubs":                        {stubs, true},
		"objects":                      {Unit{Objects: []string{"a.o"}}, true},
		"a C library":                  {Unit{CDeps: []*cc.Library{{Name: "c"}}}, true},
		"implements C":                 {Unit{Implements: &Library{unit: &stubs}}, true},
		"implements OCaml":             {Unit{Implements: &Library{unit: &Unit{}}}, false},
		"implements what is installed": {Unit{Implements: &Library{}}, false},
	} {
		if got := c.u.HasC(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
