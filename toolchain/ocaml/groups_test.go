package ocaml

import (
	"errors"
	"strings"
	"testing"
)

// grouped makes modules of paths such as "Bar.Baz" and wraps them.
func grouped(t *testing.T, wrapper string, wrapping Wrapping, paths ...string) (*builder, map[string]*module) {
	t.Helper()
	byPath := map[string]*module{}
	b := &builder{tc: &Toolchain{}, src: &sorted{}, exe: wrapper == exeWrapper}
	b.u.Wrapping = wrapping
	for _, p := range paths {
		parts := strings.Split(p, ".")
		m := &module{name: parts[len(parts)-1], in: parts[:len(parts)-1], impl: strings.ToLower(strings.ReplaceAll(p, ".", "/")) + ".ml"}
		byPath[p] = m
		b.src.modules = append(b.src.modules, m)
	}
	if b.exe {
		wrapper = "Dune__exe"
	}
	if err := b.wrap(wrapper); err != nil {
		t.Fatal(err)
	}
	return b, byPath
}

func TestGroupUnits(t *testing.T) {
	paths := []string{"A", "Bar.Baz", "Bar.Deep.X", "Face.Face", "Face.In"}
	for _, c := range []struct {
		wrapper  string
		wrapping Wrapping
		want     string
	}{
		{"Foo", Wrapped, "foo__A foo__Bar__Baz foo__Bar__Deep__X foo__Face foo__Face__In | foo__Bar foo__Bar__Deep foo__Face__"},
		{"Foo", Unwrapped, "a bar__Baz bar__Deep__X face face__In | bar bar__Deep face__"},
		{exeWrapper, Wrapped, "dune__exe__A dune__exe__Bar__Baz dune__exe__Bar__Deep__X dune__exe__Face__Face dune__exe__Face__In | dune__exe__Bar dune__exe__Bar__Deep dune__exe__Face__"},
		{exeWrapper, Unwrapped, "a bar__Baz bar__Deep__X face face__In | bar bar__Deep face__"},
	} {
		b, byPath := grouped(t, c.wrapper, c.wrapping, paths...)
		var units, aliases []string
		for _, p := range paths {
			units = append(units, byPath[p].unit)
		}
		for _, m := range b.nested {
			aliases = append(aliases, m.unit)
		}
		if got := strings.Join(units, " ") + " | " + strings.Join(aliases, " "); got != c.want {
			t.Errorf("%s, %d: %s\nwant %s", c.wrapper, c.wrapping, got, c.want)
		}
	}
}

func TestGroupAliases(t *testing.T) {
	b, byPath := grouped(t, "Foo", Wrapped, "A", "Bar.Baz", "Bar.Deep.X", "Face.Face", "Face.In")
	const all = `(** @canonical Foo.A *)
module A = Foo__A


(** @canonical Foo.Bar *)
module Bar = Foo__Bar


(** @canonical Foo.Face *)
module Face = Foo__Face
`
	if got := b.aliases(); got != all {
		t.Errorf("all:\n%s", got)
	}
	const bar = `(** @canonical Foo.Bar.Baz *)
module Baz = Foo__Bar__Baz


(** @canonical Foo.Bar.Deep *)
module Deep = Foo__Bar__Deep
`
	if got := b.aliasesOf(byPath["Bar.Baz"].group); got != bar {
		t.Errorf("Bar:\n%s", got)
	}
	const face = `(** @canonical Foo.Face.In *)
module In = Foo__Face__In
`
	if got := b.aliasesOf(byPath["Face.In"].group); got != face {
		t.Errorf("Face:\n%s", got)
	}
}

// The nearest module of a name is meant, and a group leads to what is in it,
// unless its interface says what is.
func TestGroupDeps(t *testing.T) {
	b, byPath := grouped(t, "Foo", Wrapped, "A", "B", "Bar.A", "Bar.B", "Bar.Deep.X", "Face.Face", "Face.In")
	byPath["B"].implNames = []string{"A", "Bar", "Face"}
	byPath["Bar.B"].implNames = []string{"A", "Deep", "Face"}
	byPath["Bar.Deep.X"].implNames = []string{"B", "X"}
	byPath["Face.Face"].implNames = []string{"In", "Face"}
	if err := b.resolve(); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]string{
		"B":          "foo__A foo__Bar foo__Bar__A foo__Bar__B foo__Bar__Deep foo__Bar__Deep__X foo__Face__ foo__Face",
		"Bar.B":      "foo__Bar foo__Bar__A foo__Bar__Deep foo__Bar__Deep__X foo__Face__ foo__Face",
		"Bar.Deep.X": "foo__Bar foo__Bar__Deep foo__Bar__B",
		"Face.Face":  "foo__Face__ foo__Face__In",
	} {
		var got []string
		for _, d := range byPath[p].implDeps {
			got = append(got, d.unit)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %s\nwant %s", p, s, want)
		}
	}
}

func TestGroupErrors(t *testing.T) {
	b, byPath := grouped(t, "Foo", Wrapped, "Bar.Bar", "Bar.Deep.X")
	byPath["Bar.Deep.X"].implNames = []string{"Bar"}
	var inside *GroupError
	if err := b.resolve(); !errors.As(err, &inside) {
		t.Fatalf("mention of a group inside of it: %v", err)
	}
	if got, want := inside.Error(), "bar/deep/x.ml: module Bar.Deep.X mentions Bar, of which it is a part"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	clash := &builder{tc: &Toolchain{}, src: &sorted{modules: []*module{{name: "Bar", impl: "bar.ml"}, {name: "X", in: []string{"Bar"}, impl: "bar/x.ml"}}}}
	if err := clash.wrap("Foo"); err == nil || !strings.Contains(err.Error(), "the module Bar is a group of modules, too") {
		t.Errorf("module and group of one name: %v", err)
	}
}
