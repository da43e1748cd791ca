package lang

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

func TestNative(t *testing.T) {
	rng := hcl.Range{Filename: "x.hcl"}
	type result struct {
		val   any
		known bool
		marks cty.ValueMarks
	}
	str := func(v cty.Value) (result, hcl.Diagnostics) {
		n, d := String(v, rng, "the name")
		return result{n.Value, n.Known, n.Marks}, d
	}
	boolean := func(v cty.Value) (result, hcl.Diagnostics) {
		n, d := Bool(v, rng, "the name")
		return result{n.Value, n.Known, n.Marks}, d
	}
	integer := func(v cty.Value) (result, hcl.Diagnostics) {
		n, d := Int(v, rng, "the name")
		return result{n.Value, n.Known, n.Marks}, d
	}
	duration := func(v cty.Value) (result, hcl.Diagnostics) {
		n, d := Duration(v, rng, "the name")
		return result{n.Value, n.Known, n.Marks}, d
	}
	list := func(v cty.Value) (result, hcl.Diagnostics) {
		n, d := StringList(v, rng, "the name")
		return result{n.Value, n.Known, n.Marks}, d
	}
	dict := func(v cty.Value) (result, hcl.Diagnostics) {
		n, d := StringMap(v, rng, "the name")
		return result{n.Value, n.Known, n.Marks}, d
	}
	tests := []struct {
		f    func(cty.Value) (result, hcl.Diagnostics)
		src  string
		want string // the value, "unknown", or part of an error
	}{
		{str, `"a"`, "a"},
		{str, `1`, "1"},
		{str, `var.file`, "gen.h {gen.h}"},
		{str, `u.s`, "unknown"},
		{str, `u.any`, "unknown"},
		{str, `u.file`, "unknown {gen.h}"},
		{str, `null`, "Unsuitable value for the name: it must not be null."},
		{str, `["a"]`, "Unsuitable value for the name: string required, but have tuple."},
		{boolean, `true`, "true"},
		{boolean, `"false"`, "false"},
		{boolean, `"x"`, "a bool is required"},
		{integer, `3`, "3"},
		{integer, `3.5`, "a whole number is required"},
		{integer, `pow(10, 30)`, "a whole number is required"},
		{duration, `"90s"`, "1m30s"},
		{duration, `2`, "2s"},
		{duration, `"0.5"`, "500ms"},
		{duration, `"-1s"`, `"-1s" is not a duration`},
		{duration, `"soon"`, `"soon" is not a duration`},
		{list, `["a", 1]`, "[a 1]"},
		{list, `toset(["b", "a"])`, "[a b]"},
		{list, `[]`, "[]"},
		{list, `[var.file, "x"]`, "[gen.h x] {gen.h}"},
		{list, `["a", u.s]`, "unknown"},
		{list, `["a", null]`, "element 1 must not be null"},
		{list, `"a"`, "list of string required"},
		{list, `["a", ["b"]]`, "element 1: string required"},
		{dict, `{a = 1, b = null}`, "map[a:1]"},
		{dict, `var.map`, "map[k1:v1 k2:v2]"},
		{dict, `[]`, "map of string required"},
	}
	for _, tt := range tests {
		val, diags := Eval(parse(t, tt.src), newScope())
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		res, diags := tt.f(val)
		got := "unknown"
		switch {
		case diags.HasErrors():
			got = diags[0].Detail
			if res.known || *diags[0].Subject != rng {
				t.Errorf("%s: known with an error, or one without a place", tt.src)
			}
		case res.known:
			got = fmt.Sprint(res.val)
		}
		for _, f := range FilesOf(res.marks) {
			got += " {" + f.Path + "}"
		}
		if got != tt.want && !(diags.HasErrors() && strings.Contains(got, tt.want)) {
			t.Errorf("%s: got %s, want %s", tt.src, got, tt.want)
		}
	}
}

func TestStrings(t *testing.T) {
	rng := hcl.Range{}
	val, _ := Eval(parse(t, `["cc", "-I${var.file}", u.file]`), newScope())
	n, diags := Strings(val, rng, "run")
	if diags.HasErrors() || !n.Known || len(n.Value) != 3 {
		t.Fatalf("got %+v, %v", n, diags)
	}
	a, b, c := n.Value[0], n.Value[1], n.Value[2]
	if a.Value != "cc" || len(a.Marks) != 0 || b.Value != "-Igen.h" || len(FilesOf(b.Marks)) != 1 || c.Known || len(FilesOf(c.Marks)) != 1 {
		t.Errorf("got %+v", n.Value)
	}
	for _, src := range []string{`null`, `"x"`, `["a", null]`} {
		val, _ := Eval(parse(t, src), newScope())
		if _, diags := Strings(val, rng, "run"); !diags.HasErrors() {
			t.Errorf("%s is no error", src)
		}
	}
	if n, diags := Strings(cty.DynamicVal, rng, "run"); n.Known || diags.HasErrors() {
		t.Errorf("got %+v, %v", n, diags)
	}
}

func TestConvertUnknown(t *testing.T) {
	ty := cty.ObjectWithOptionalAttrs(map[string]cty.Type{"a": cty.Number}, []string{"a"})
	val, diags := Convert(cty.StringVal("x"), ty, hcl.Range{}, "it")
	if !diags.HasErrors() || val.IsKnown() || !val.Type().IsObjectType() {
		t.Errorf("got %#v, %v", val, diags)
	}
	if val, diags := Convert(cty.NilVal, cty.String, hcl.Range{}, "it"); diags.HasErrors() || val.IsKnown() {
		t.Errorf("got %#v, %v", val, diags)
	}
}

func TestFiles(t *testing.T) {
	a, b := FileMark{Path: "a", ID: 1}, FileMark{Path: "b", ID: 2}
	val := cty.ObjectVal(map[string]cty.Value{
		"x": cty.ListVal([]cty.Value{FileVal(b), FileVal(a)}),
		"y": FileVal(a).Mark("other"),
	}).Mark(FileMark{Path: "a", ID: 0})
	want := []FileMark{{Path: "a", ID: 0}, a, b}
	if got := Files(val); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if Files(cty.NilVal) != nil || IsSensitive(cty.NilVal) || IsSensitive(val) || !IsSensitive(val.Mark(SensitiveMark{})) {
		t.Error("wrong marks")
	}
}

func TestSuggest(t *testing.T) {
	names := []string{"context", "cc", "local", "length", "toolchain"}
	for name, want := range map[string]string{
		"contxt": "context", "conetxt": "context", "Local": "local", "ld": "", "lenght": "length", "x": "", "": "",
		"c": "", "completely": "", "toolchian": "toolchain", "local": "",
	} {
		if got := Suggest(name, names); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", name, got, want)
		}
	}
}
