package lang

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// A testScope resolves references from a tree of values and records which
// were asked for. The steps of context refs are consumed up to output.NAME.
type testScope struct {
	vars   map[string]cty.Value
	asked  []string
	failed map[string]hcl.Diagnostics // by spelling
	fs     FileSource
}

func (s *testScope) Roots() []string {
	roots := []string{"context"}
	for n := range s.vars {
		roots = append(roots, n)
	}
	return roots
}

func (s *testScope) Functions() map[string]function.Function { return Functions(s.fs) }

func (s *testScope) Resolve(ref Ref) (cty.Value, int, hcl.Diagnostics) {
	s.asked = append(s.asked, spell(ref))
	if diags, ok := s.failed[spell(ref)]; ok {
		return cty.NilVal, 0, diags
	}
	if ref.Root != "context" {
		return s.vars[ref.Root], 0, nil
	}
	// context.NAME[KEY].output.x is the text of the path; anything unknown in
	// it makes it an unknown string.
	for i, st := range ref.Steps {
		if st.IsKey() && !st.Key.IsKnown() {
			return cty.UnknownVal(cty.String), len(ref.Steps), nil
		}
		if st.Name == "unknown" {
			return cty.UnknownVal(cty.List(cty.String)), i + 1, nil
		}
	}
	return cty.StringVal(spell(ref)), len(ref.Steps), nil
}

func spell(ref Ref) string {
	var b strings.Builder
	b.WriteString(ref.Root)
	for _, s := range ref.Steps {
		text, ok := s.Text()
		switch {
		case !s.IsKey():
			b.WriteString("." + text)
		case ok:
			fmt.Fprintf(&b, "[%q]", text)
		default:
			b.WriteString("[?]")
		}
	}
	return b.String()
}

func parse(t testing.TB, src string) hclsyntax.Expression {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(src), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("parse %s: %s", src, diags)
	}
	return expr
}

func newScope() *testScope {
	gen := FileVal(FileMark{Path: "gen.h", ID: 1})
	return &testScope{vars: map[string]cty.Value{
		"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal("5.3")}),
		"var": cty.ObjectVal(map[string]cty.Value{
			"n": cty.NumberIntVal(3), "s": cty.StringVal("text"), "yes": cty.True, "no": cty.False,
			"null": cty.NullVal(cty.String), "list": cty.ListVal([]cty.Value{cty.StringVal("b"), cty.StringVal("a")}),
			"objs": cty.ListVal([]cty.Value{
				cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("x"), "on": cty.True}),
				cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("y"), "on": cty.False}),
			}),
			"map":  cty.MapVal(map[string]cty.Value{"k1": cty.StringVal("v1"), "k2": cty.StringVal("v2")}),
			"file": gen,
		}),
		"u": cty.ObjectVal(map[string]cty.Value{
			"s": cty.UnknownVal(cty.String), "n": cty.UnknownVal(cty.Number), "b": cty.UnknownVal(cty.Bool),
			"list": cty.UnknownVal(cty.List(cty.String)), "map": cty.UnknownVal(cty.Map(cty.Number)),
			"any": cty.DynamicVal, "obj": cty.UnknownVal(cty.Object(map[string]cty.Type{"a": cty.String})),
			"set": cty.UnknownVal(cty.Set(cty.String)), "anys": cty.UnknownVal(cty.List(cty.DynamicPseudoType)),
			"tup":  cty.UnknownVal(cty.Tuple([]cty.Type{cty.String, cty.Number})),
			"objs": cty.UnknownVal(cty.List(cty.Object(map[string]cty.Type{"name": cty.String}))),
			"file": cty.UnknownVal(cty.String).Mark(FileMark{Path: "gen.h", ID: 1}),
		}),
	}}
}

func TestEval(t *testing.T) {
	tests := []struct{ src, want string }{
		// Literals and operators.
		{`1 + 2 * 3`, `7`},
		{`-var.n`, `-3`},
		{`!var.yes`, `false`},
		{`7 % 4 == 3 && 1 < 2 || false`, `true`},
		{`"5" == 5`, `false`},
		{`[1, "a", null, true]`, `[1, "a", null, true]`},
		{`{a = 1, "b" = 2, (var.s) = 3, "${var.s}2" = 4}`, `{"a": 1, "b": 2, "text": 3, "text2": 4}`},
		{`{null = 1, true = 2}`, `{"null": 1, "true": 2}`},
		{`(((1)))`, `1`},
		// References.
		{`context.app[each.key].output.x`, `"context.app[\"5.3\"].output.x"`},
		{`context.app["*"].output.size`, `"context.app[\"*\"].output.size"`},
		{`(context.app)[each.key].output.x`, `"context.app[\"5.3\"].output.x"`},
		{`context.app["a${each.key}"].output.x`, `"context.app[\"a5.3\"].output.x"`},
		{`[for k in ["a", "b"]: context.app[k].output.x]`, `["context.app[\"a\"].output.x", "context.app[\"b\"].output.x"]`},
		{`var.list[0]`, `"b"`},
		{`var.list.0`, `"b"`},
		{`var.map.k1`, `"v1"`},
		{`var.map["k2"]`, `"v2"`},
		{`var.map[format("k%d", 2)]`, `"v2"`},
		{`{a = [1, 2]}.a[1]`, `2`},
		// Templates.
		{`"a${var.n}b"`, `"a3b"`},
		{`"${var.list}"`, `["b", "a"]`},
		{`"%{ if var.yes }yes%{ else }no%{ endif }!"`, `"yes!"`},
		{`"%{ for x in var.list }<${x}>%{ endfor }"`, `"<b><a>"`},
		{`"%{ for i, x in var.list }${i}${x}%{ endfor }."`, `"0b1a."`},
		{"<<-EOT\n    a ${var.s}\n      b\n    EOT\n", `"a text\n  b\n"`},
		{`"$${x} %%{y}"`, `"${x} %{y}"`},
		// Conditionals.
		{`"true" ? 1 : 2`, `1`},
		{`var.yes ? "a" : ["b"]`, `"a"`},
		{`var.no ? null : var.map.k1`, `"v1"`},
		{`u.b ? "a" : "b"`, `?string!`},
		{`u.b ? 1 : "b"`, `?string!`},
		{`u.b ? null : "b"`, `?string`},
		{`u.b ? [1] : "b"`, `?dynamic`},
		{`u.b ? u.s : u.s`, `?string`},
		// for.
		{`[for x in var.list: upper(x)]`, `["B", "A"]`},
		{`[for i, x in var.list: "${i}${x}" if x != "b"]`, `["1a"]`},
		{`[for k, v in var.map: "${k}=${v}"]`, `["k1=v1", "k2=v2"]`},
		{`[for k, v in {b = 1, a = 2}: k]`, `["a", "b"]`},
		{`[for s in toset(["b", "a", "b"]): s]`, `["a", "b"]`},
		{`{for x in var.objs: x.name => x.on}`, `{"x": true, "y": false}`},
		{`{for x in [1, 2, 3]: x % 2 == 0 ? "even" : "odd" => x...}`, `{"even": [2], "odd": [1, 3]}`},
		{`[for x in [[1, 2], [3]]: [for y in x: y * length(x)]]`, `[[2, 4], [3]]`},
		{`[for x in []: x]`, `[]`},
		{`[for x in u.list: upper(x)]`, `?list of string!`},
		{`[for x in u.objs: x.name]`, `?list of string!`},
		{`{for x in u.list: x => 1}`, `?map of number!`},
		{`{for x in u.list: x => 1...}`, `?map of list of number!`},
		{`[for x in u.any: x]`, `?dynamic`},
		{`[for x in var.list: x if u.b]`, `?list of string!`},
		{`"%{ for x in u.list }<${x}>%{ endfor }"`, `?string!`},
		{`[for k, v in u.map: v + 1]`, `?list of number!`},
		{`[for v in u.set: v]`, `?list of string!`},
		{`{for k, v in u.obj: k => v}`, `{"a": ?string}`},
		{`[for i, v in u.tup: "${i}${v}"]`, `[?string!, ?string!]`},
		{`[for x in u.objs: x]`, `?list of object!`},
		{`{for x in ["a"]: x => u.s if u.b}`, `?map of string!`},
		// Splats.
		{`var.objs[*].name`, `["x", "y"]`},
		{`var.objs.*.name`, `["x", "y"]`},
		{`var.list[*]`, `["b", "a"]`},
		{`var.s[*]`, `["text"]`},
		{`var.null[*]`, `[]`},
		{`[{a = [{b = 1}]}][*].a[0].b`, `[1]`},
		{`[[{b = 1}, {b = 2}]][*][*].b`, `[[1, 2]]`},
		{`u.objs[*].name`, `?list of string!`},
		{`u.set[*]`, `?list of string!`},
		{`u.tup[*]`, `[?string, ?number]`},
		{`u.obj[*].a`, `?dynamic`},
		{`"a${u.s}"[*]`, `[?string!]`},
		{`u.any[*].x`, `?dynamic`},
		{`u.anys[*].x`, `?dynamic`},
		{`toset(["b", "a"])[*]`, `["a", "b"]`},
		// Unknowns.
		{`"a${u.s}"`, `?string!`},
		{`u.n + 1`, `?number!`},
		{`u.obj.a`, `?string`},
		{`u.list[0]`, `?string`},
		{`[u.s, 1]`, `[?string, 1]`},
		{`{(u.s) = 1}`, `?dynamic`},
		{`length([u.s])`, `1`},
		{`u.b && var.no`, `false`},
		{`var.yes || u.b`, `true`},
		{`join(",", u.list)`, `?string!`},
		{`min(u.list...)`, `?dynamic`},
		{`context.gen.output.unknown[0]`, `?string`},
		// try and can.
		{`try(var.map.nope, "d")`, `"d"`},
		{`try(var.n, nothing.there)`, `3`},
		{`try(nope.x, nope(), "d")`, `"d"`},
		{`try(regex("x", var.s)[0][0], upper("d"))`, `"D"`},
		{`can(var.map.nope)`, `false`},
		{`can(var.map.k1)`, `true`},
		{`can(u.obj.nope)`, `false`},
		{`can(u.obj.a)`, `true`},
		{`can(u.list[0])`, `?bool!`},
		{`try(u.s, 7)`, `?string`},
		{`try(u.list[0], "d")`, `?string`},
		{`try(u.any.x, "d")`, `?dynamic`},
		{`try(u.list[0], ["d"])`, `?dynamic`},
		{`try(tonumber(u.s), 0)`, `?number`},
		{`try(context.app[u.s].output.x, 1)`, `?string`},
		{`can(context.app[u.s].output.x)`, `?bool!`},
		{`can(1 / u.n)`, `?bool!`},
		{`can(u.s == 1)`, `true`},
		{`try(null, 1)`, `null`},
		// Calls.
		{`max([1, 5, 3]...)`, `5`},
		{`merge({a = 1}, {b = 2})`, `{"a": 1, "b": 2}`},
	}
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			got, diags := Eval(parse(t, tt.src), newScope())
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if s := show(got); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

// show spells a value: ?type for an unknown, with ! if it cannot be null, and
// {marks} after what is marked.
func show(v cty.Value) string {
	v, marks := v.Unmark()
	s := ""
	switch ty := v.Type(); {
	case !v.IsKnown():
		s = "?" + ty.FriendlyName()
		if ty != cty.DynamicPseudoType && v.Range().DefinitelyNotNull() {
			s += "!"
		}
	case v.IsNull():
		s = "null"
	case ty == cty.String:
		s = fmt.Sprintf("%q", v.AsString())
	case ty == cty.Number:
		s = v.AsBigFloat().Text('g', -1)
	case ty == cty.Bool:
		s = fmt.Sprint(v.True())
	case ty.IsObjectType() || ty.IsMapType():
		var parts []string
		for it := v.ElementIterator(); it.Next(); {
			k, e := it.Element()
			parts = append(parts, fmt.Sprintf("%q: %s", k.AsString(), show(e)))
		}
		s = "{" + strings.Join(parts, ", ") + "}"
	default:
		var parts []string
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			parts = append(parts, show(e))
		}
		s = "[" + strings.Join(parts, ", ") + "]"
	}
	for _, f := range FilesOf(marks) {
		s += "{" + f.Path + "}"
	}
	return s
}
