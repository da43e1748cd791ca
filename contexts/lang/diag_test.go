package lang_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

var update = flag.Bool("update", false, "rewrite testdata/diagnostics.txt")

// values is a scope of plain values.
type values map[string]cty.Value

func (v values) Resolve(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) { return v[ref.Root], 0, nil }

func (v values) Roots() []string {
	var roots []string
	for name := range v {
		roots = append(roots, name)
	}
	return roots
}

func (v values) Functions() map[string]function.Function { return lang.Functions(nil) }

var scope = values{
	"context": cty.ObjectVal(map[string]cty.Value{"app": cty.EmptyObjectVal}),
	"ctx":     cty.ObjectVal(map[string]cty.Value{"settings": cty.ObjectVal(map[string]cty.Value{"cflags": cty.EmptyTupleVal})}),
	"local": cty.ObjectVal(map[string]cty.Value{
		"map":  cty.MapVal(map[string]cty.Value{"one": cty.NumberIntVal(1), "two": cty.NumberIntVal(2)}),
		"list": cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}),
		"null": cty.NullVal(cty.String),
		"u":    cty.UnknownVal(cty.Bool),
		"ulst": cty.UnknownVal(cty.List(cty.String)),
	}),
}

// TestDiagnostics evaluates each expression in testdata/diagnostics.txt, which
// are set off by lines of dashes, and compares what is printed. One expression
// may have several errors: none hides another.
func TestDiagnostics(t *testing.T) {
	const name = "testdata/diagnostics.txt"
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const ruler = "----------------\n"
	var all []string
	for _, part := range strings.Split(string(data), ruler) {
		src, want, _ := strings.Cut(part, "=>\n")
		got := diagnose(t, src)
		if got != want && !*update {
			t.Errorf("%s=>\ngot:\n%s\nwant:\n%s", src, got, want)
		}
		all = append(all, src+"=>\n"+got)
	}
	if *update {
		if err := os.WriteFile(name, []byte(strings.Join(all, ruler)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func diagnose(t *testing.T, src string) string {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(src), "x.hcl", hcl.InitialPos)
	if !diags.HasErrors() {
		_, diags = lang.Eval(expr, scope)
	}
	var out bytes.Buffer
	files := map[string]*hcl.File{"x.hcl": {Bytes: []byte(src)}}
	if err := config.WriteDiagnostics(&out, files, diags, false, 80); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestJSON evaluates the expressions of a JSON file.
func TestJSON(t *testing.T) {
	src := `{"locals": {
		"text": "a\"${local.list[0]}\"", "expr": "${local.map.one}", "list": ["${local.list}", 1, true, null],
		"object": {"k-${local.list[1]}": {"//": "x"}}, "for": "${[for x in local.list : upper(x)]}", "if": "${local.u ? 1 : 2}",
		"plain": "$${x} %%{y}", "empty": ""
	}}`
	w, diags := config.ParseWorkspace("erg.json", []byte(src))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want := map[string]cty.Value{
		"text": cty.StringVal(`a"a"`),
		"expr": cty.NumberIntVal(1),
		"list": cty.TupleVal([]cty.Value{
			cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}), cty.NumberIntVal(1), cty.True, cty.NullVal(cty.DynamicPseudoType),
		}),
		"object": cty.ObjectVal(map[string]cty.Value{"k-b": cty.ObjectVal(map[string]cty.Value{"//": cty.StringVal("x")})}),
		"for":    cty.TupleVal([]cty.Value{cty.StringVal("A"), cty.StringVal("B")}),
		"if":     cty.UnknownVal(cty.Number).RefineNotNull(),
		"plain":  cty.StringVal("${x} %{y}"),
		"empty":  cty.StringVal(""),
	}
	for _, l := range w.Locals {
		got, diags := lang.Eval(l.Expr, scope)
		if diags.HasErrors() {
			t.Errorf("%s: %s", l.Name, diags)
		} else if !got.RawEquals(want[l.Name]) {
			t.Errorf("%s = %#v, want %#v", l.Name, got, want[l.Name])
		}
	}
	if len(w.Locals) != len(want) {
		t.Errorf("there are %d locals", len(w.Locals))
	}
}
