package lang

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// TestTouched tells which references an evaluation resolves, in order.
func TestTouched(t *testing.T) {
	tests := []struct {
		src  string
		want []string
	}{
		{`var.yes ? context.a.output.x : context.b.output.x`, []string{"var.yes", "context.a.output.x"}},
		{`var.no ? context.a.output.x : context.b.output.x`, []string{"var.no", "context.b.output.x"}},
		{`u.b ? context.a.output.x : context.b.output.x`, []string{"u.b", "context.a.output.x", "context.b.output.x"}},
		{`var.yes ? 1 : nope(context.b.output.x)`, []string{"var.yes"}},
		{`"%{ if var.no }${context.a.x}%{ else }${context.b.x}%{ endif }"`, []string{"var.no", "context.b.x"}},
		{`var.no && context.a.output.x == "1"`, []string{"var.no", "context.a.output.x"}},
		{`var.yes || context.a.output.x == "1"`, []string{"var.yes", "context.a.output.x"}},
		{`try(context.a.x, context.b.x)`, []string{"context.a.x"}},
		{`try(var.map.nope, context.b.x, context.c.x)`, []string{"var.map.nope", "context.b.x"}},
		{`try(u.list[0], context.b.x)`, []string{"u.list[\"0\"]", "context.b.x"}},
		{`[for k in var.list: k == "a" ? context.app[k].x : ""]`, []string{"var.list", `context.app["a"].x`}},
		{`[for k in []: context.app[k].x]`, nil},
		{`context.app[each.key][var.n].x`, []string{"each.key", "var.n", `context.app["5.3"]["3"].x`}},
		{`context.app[u.s].output.x`, []string{"u.s", "context.app[?].output.x"}},
		{`context.app["*"].output.x`, []string{`context.app["*"].output.x`}},
		{`{context = 1}`, nil},
		{`[for var in ["x"]: var]`, nil},
	}
	for _, tt := range tests {
		scope := newScope()
		_, diags := Eval(parse(t, tt.src), scope)
		if diags.HasErrors() {
			t.Errorf("%s: %s", tt.src, diags)
		}
		if !slices.Equal(scope.asked, tt.want) {
			t.Errorf("%s asks for %q, want %q", tt.src, scope.asked, tt.want)
		}
	}
}

// TestTraversalRest checks that what a Scope leaves of a reference selects
// from the value.
func TestTraversalRest(t *testing.T) {
	val, diags := Eval(parse(t, `context.gen.output.unknown.x`), newScope())
	if !diags.HasErrors() || val != cty.DynamicVal {
		t.Errorf("a list has no attributes, but this gives %#v", val)
	}
}

// A selectScope hands out contexts as capsules that hold their names.
type selectScope struct{ *testScope }

var contextType = cty.Capsule("context", reflect.TypeFor[string]())

func (s selectScope) Resolve(ref Ref) (cty.Value, int, hcl.Diagnostics) {
	if ref.Root == "context" && len(ref.Steps) == 1 {
		return cty.CapsuleVal(contextType, &ref.Steps[0].Name).Mark("m"), 1, nil
	}
	return s.testScope.Resolve(ref)
}

func (s selectScope) Select(val cty.Value, ref Ref) (cty.Value, int, hcl.Diagnostics) {
	if ref.Steps[0].Name != "output" || len(ref.Steps) < 2 {
		return val, 0, nil
	}
	s.asked = append(s.asked, *val.EncapsulatedValue().(*string)+spell(ref))
	return cty.ListVal([]cty.Value{cty.StringVal(ref.Steps[1].Name)}), 2, nil
}

func TestSelector(t *testing.T) {
	scope := selectScope{newScope()}
	val, diags := Eval(parse(t, `[for c in [context.a, context.b]: c.output.x[0]]`), scope)
	if diags.HasErrors() || show(val) != `["x", "x"]` || !slices.Equal(scope.asked, []string{`a.output.x["0"]`, `b.output.x["0"]`}) {
		t.Errorf("got %s after %q: %s", show(val), scope.asked, diags)
	}
	if !val.HasMark("m") && !val.Index(cty.Zero).HasMark("m") {
		t.Error("the mark of the context is lost")
	}
	for _, src := range []string{`(var.yes ? context.a : context.b).nope`, `[context.a][0][1]`} {
		if _, diags := Eval(parse(t, src), scope); !diags.HasErrors() {
			t.Errorf("%s is no error", src)
		}
	}
}

type buildFailure struct{}

func (buildFailure) BuildFailed() bool { return true }

// TestBuildFailure checks that try and can do not catch failed builds.
func TestBuildFailure(t *testing.T) {
	for _, src := range []string{
		`try(context.a.output.x, "default")`,
		`can(context.a.output.x)`,
		`try(can(context.a.output.x), "default")`,
		`try(var.map.nope, "${upper(context.a.output.x)}", "default")`,
		`u.b ? context.a.output.x : "b"`,
	} {
		scope := newScope()
		scope.failed = map[string]hcl.Diagnostics{"context.a.output.x": {{
			Severity: hcl.DiagError, Summary: "Build failed", Extra: buildFailure{},
		}}}
		val, diags := Eval(parse(t, src), scope)
		if len(diags) != 1 || !diags.HasErrors() || diags[0].Summary != "Build failed" || val.IsKnown() {
			t.Errorf("%s gives %#v, %v", src, val, diags)
		}
	}
	// The same reference, missing rather than failed.
	scope := newScope()
	scope.failed = map[string]hcl.Diagnostics{"context.a.output.x": {{Severity: hcl.DiagError, Summary: "No such context"}}}
	val, diags := Eval(parse(t, `try(context.a.output.x, "default")`), scope)
	if len(diags) != 0 || show(val) != `"default"` {
		t.Errorf("got %#v, %v", val, diags)
	}
}

// TestMarks follows the mark of a file through all operations.
func TestMarks(t *testing.T) {
	tests := []struct{ src, want string }{
		{`var.file`, `"gen.h"{gen.h}`},
		{`"-I${var.file}"`, `"-Igen.h"{gen.h}`},
		{`"-I${u.file}"`, `?string!{gen.h}`},
		{`[var.file, "x"]`, `["gen.h"{gen.h}, "x"]`},
		{`{a = var.file}`, `{"a": "gen.h"{gen.h}}`},
		{`{(var.file) = 1}`, `{"gen.h": 1}{gen.h}`},
		{`{(u.s) = var.file}`, `?dynamic{gen.h}`},
		{`{(u.file) = 1}`, `?dynamic{gen.h}`},
		{`[var.file][0]`, `"gen.h"{gen.h}`},
		{`[var.file][*]`, `["gen.h"{gen.h}]`},
		{`[{f = var.file}][*].f`, `["gen.h"{gen.h}]`},
		{`var.map[trimsuffix(replace(var.file, "gen", "k1"), ".h")]`, `"v1"{gen.h}`},
		{`var.file == "gen.h"`, `true{gen.h}`},
		{`var.file == "gen.h" ? "a" : "b"`, `"a"{gen.h}`},
		{`u.file == "x" ? "a" : "b"`, `?string!{gen.h}`},
		{`u.b ? var.file : "b"`, `?string!{gen.h}`},
		{`[for f in [var.file]: upper(f)]`, `["GEN.H"{gen.h}]`},
		{`[for f in toset([var.file]): f]`, `["gen.h"]{gen.h}`},
		{`{for f in [var.file]: f => 1}`, `{"gen.h": 1}{gen.h}`},
		{`[for x in ["a"]: x if var.file != ""]`, `["a"]{gen.h}`},
		{`[for x in u.list: var.file]`, `?list of string!{gen.h}`},
		{`"%{ for f in [var.file] }${f} %{ endfor }"`, `"gen.h "{gen.h}`},
		{`"%{ for f in [u.file] }${f} %{ endfor }"`, `?string!{gen.h}`},
		{`"%{ for f in u.list }${var.file} %{ endfor }"`, `?string!{gen.h}`},
		{`join(" ", [var.file, "x"])`, `"gen.h x"{gen.h}`},
		{`join(" ", [var.file, u.s])`, `?string!{gen.h}`},
		{`format("%s!", var.file)`, `"gen.h!"{gen.h}`},
		{`jsonencode([var.file])`, `"[\"gen.h\"]"{gen.h}`},
		{`concat([var.file], ["x"])`, `["gen.h"{gen.h}, "x"]`},
		{`merge({a = var.file}, {b = 1})`, `{"a": "gen.h"{gen.h}, "b": 1}`},
		{`flatten([[var.file], "x"])`, `["gen.h"{gen.h}, "x"]`},
		{`length([var.file])`, `1`},
		{`lookup({a = var.file}, "a")`, `"gen.h"{gen.h}`},
		{`lookup({}, "a", var.file)`, `"gen.h"{gen.h}`},
		{`max([length(var.file)]...)`, `5{gen.h}`},
		{`join(" ", split(",", u.file)...)`, `?dynamic{gen.h}`},
		{`concat(u.any, [var.file]...)`, `?dynamic{gen.h}`},
		{`try(var.file, "x")`, `"gen.h"{gen.h}`},
		{`try(u.list[0], var.file)`, `?string{gen.h}`},
		{`basename("a/${var.file}")`, `"gen.h"{gen.h}`},
		{`lines(var.file)`, `["gen.h"]{gen.h}`},
		{`<<-EOT
		-I${var.file}
		EOT
		`, `"-Igen.h\n"{gen.h}`},
	}
	for _, tt := range tests {
		got, diags := Eval(parse(t, tt.src), newScope())
		if diags.HasErrors() {
			t.Errorf("%s: %s", tt.src, diags)
			continue
		}
		if s := show(got); s != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.src, s, tt.want)
		}
	}
}

// TestUndecided checks that an error in a part that may not be chosen is a
// warning, but that what is always wrong stays an error.
func TestUndecided(t *testing.T) {
	tests := []struct {
		src      string
		severity []hcl.DiagnosticSeverity
	}{
		{`u.b ? var.map.nope : "x"`, []hcl.DiagnosticSeverity{hcl.DiagWarning}},
		{`u.b ? vra.x : nope()`, []hcl.DiagnosticSeverity{hcl.DiagError, hcl.DiagError}},
		{`[for x in u.list: x + 1 if x != "a"]`, nil},
		{`[for x in u.objs: x.nope]`, []hcl.DiagnosticSeverity{hcl.DiagError}},
		{`[for x in u.objs: x.nope if x.name == ""]`, []hcl.DiagnosticSeverity{hcl.DiagWarning}},
		{`[for x in var.list: nope(x)]`, []hcl.DiagnosticSeverity{hcl.DiagError}}, // once
	}
	for _, tt := range tests {
		_, diags := Eval(parse(t, tt.src), newScope())
		var got []hcl.DiagnosticSeverity
		for _, d := range diags {
			got = append(got, d.Severity)
		}
		if !slices.Equal(got, tt.severity) {
			t.Errorf("%s: %v: %s", tt.src, got, diags)
		}
	}
}

func TestReferences(t *testing.T) {
	tests := []struct{ src, want string }{
		{`u.b ? context.a.output.x : context.b[each.key].output.x`, `u.b context.a.output.x context.b[?].output.x each.key`},
		{`[for x in var.list: x.y if x != context.a.z]`, `var.list context.a.z`},
		{`{for k, v in var.map: "${k}${local.x}" => v...}`, `var.map local.x`},
		{`context.a["k"].b[0].c`, `context.a["k"].b["0"].c`},
		{`join(",", var.objs[*].name)`, `var.objs`},
		{`{a = b, (c) = d.e, "${f}" = !g, h.i = -1}`, `b c d.e f g h.i`},
		{`"%{ for x in y }${x}${z}%{ endfor }"`, `y z`},
		{`(context.a).b + try(c[(d)])`, `context.a.b c[?] d`},
		{`f(x).y[z]`, `x z`},
		{`1`, ``},
	}
	for _, tt := range tests {
		var got []string
		for _, r := range References(parse(t, tt.src)) {
			got = append(got, spell(r))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("References(%s) = %s, want %s", tt.src, s, tt.want)
		}
	}
	if refs := References(nil); refs != nil {
		t.Errorf("References(nil) = %v", refs)
	}
}

func TestCheck(t *testing.T) {
	diags := Check(parse(t, `var.yes ? [for x in var.list: x] : [vra.x, jion(",", try(each2.x, 1), loca.x)]`), newScope())
	var got []string
	for _, d := range diags {
		got = append(got, d.Detail)
	}
	want := []string{
		`Nothing is called "vra" here. Did you mean "var"?`,
		`There is no function named "jion". Did you mean "join"?`,
		`Nothing is called "loca" here. A reference starts with context, each, u or var.`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRefRange(t *testing.T) {
	src := `context.app[each.key].output.x`
	refs := References(parse(t, src))
	for n, want := range []string{"context", "context.app", "context.app[each.key]", "context.app[each.key].output", src, src} {
		if got := string(refs[0].RangeOf(n).SliceBytes([]byte(src))); got != want {
			t.Errorf("RangeOf(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestEvalForeignExpression(t *testing.T) {
	val, diags := Eval(hcl.StaticExpr(cty.StringVal("x"), hcl.Range{}), newScope())
	if diags.HasErrors() || show(val) != `"x"` {
		t.Errorf("got %#v, %v", val, diags)
	}
	val, _ = Eval(nil, newScope())
	if val != cty.DynamicVal {
		t.Errorf("Eval(nil) = %#v", val)
	}
	broken := &hclsyntax.ExprSyntaxError{ParseDiags: hcl.Diagnostics{{Severity: hcl.DiagError}}}
	if val, diags := Eval(broken, newScope()); val != cty.DynamicVal || !diags.HasErrors() {
		t.Errorf("got %#v, %v", val, diags)
	}
}

// FuzzEval looks for panics.
func FuzzEval(f *testing.F) {
	for _, s := range []string{
		`context.app[each.key].output.x`, `[for k, v in u.map: "${k}" => v... if u.b]`, `try(u.any[*].x, {a = var.file}.a)`,
		`"%{ for x in u.list }${x}%{ endfor }"`, `u.b ? null : [null]`, `max(u.list..., 1)`, `{(null) = 1}`, `[][0]`, `-u.s`,
		`lookup(var.map, u.s, null)`, `one([])`, `index([u.s], "a")`, `sum(["a"])`, `version_at_least("1", "2-a.1")`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		expr, diags := hclsyntax.ParseExpression([]byte(src), "f.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			return
		}
		scope := newScope()
		val, _ := Eval(expr, scope)
		if val == cty.NilVal {
			t.Fatalf("%s evaluates to nothing", src)
		}
		Files(val)
		References(expr)
		Check(expr, scope)
	})
}
