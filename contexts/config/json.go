package config

import (
	"bytes"
	encjson "encoding/json"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// fromJSON turns the expression of a JSON file into one of the native syntax:
// strings are templates, objects and arrays are what they look like. A string
// that is nothing but an interpolation stands for its expression, so
// "${context.tools}" is the reference.
//
// With asType, the string is an expression: "type": "list(string)".
func fromJSON(expr hcl.Expression, asType bool) (hclsyntax.Expression, hcl.Diagnostics) {
	if list, diags := hcl.ExprList(expr); !diags.HasErrors() {
		out := &hclsyntax.TupleConsExpr{SrcRange: expr.Range(), OpenRange: expr.StartRange()}
		var all hcl.Diagnostics
		for _, elem := range list {
			x, more := fromJSON(elem, false)
			out.Exprs, all = append(out.Exprs, x), append(all, more...)
		}
		return out, all
	}
	if pairs, diags := hcl.ExprMap(expr); !diags.HasErrors() {
		out := &hclsyntax.ObjectConsExpr{SrcRange: expr.Range(), OpenRange: expr.StartRange()}
		var all hcl.Diagnostics
		for _, p := range pairs {
			key, more := fromJSON(p.Key, false)
			all = append(all, more...)
			val, more := fromJSON(p.Value, false)
			all = append(all, more...)
			out.Items = append(out.Items, hclsyntax.ObjectConsItem{
				KeyExpr:   &hclsyntax.ObjectConsKeyExpr{Wrapped: key, ForceNonLiteral: true},
				ValueExpr: val,
			})
		}
		return out, all
	}
	// Without a context, a JSON string is the plain string.
	val, diags := expr.Value(nil)
	if diags.HasErrors() || val.IsNull() || !val.IsKnown() || val.Type() != cty.String {
		return &hclsyntax.LiteralValueExpr{Val: val, SrcRange: expr.Range()}, diags
	}
	rng := expr.Range()
	start := hcl.Pos{Line: rng.Start.Line, Column: rng.Start.Column + 1, Byte: rng.Start.Byte + 1}
	parse := hclsyntax.ParseTemplate
	if asType {
		parse = hclsyntax.ParseExpression
	}
	x, diags := parse([]byte(val.AsString()), rng.Filename, start)
	if diags.HasErrors() {
		return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: rng}, diags
	}
	return x, diags
}

const duplicateKey = "Duplicate key"

// duplicateKeys finds the keys that an object of a JSON file has twice. HCL
// takes those of blocks for several blocks, and those of values for a matter
// of evaluation.
func duplicateKeys(src []byte, filename string) hcl.Diagnostics {
	type object struct {
		keys  map[string]hcl.Range // nil for an array
		value bool                 // the next token is (the start of) a value
	}
	var diags hcl.Diagnostics
	var stack []*object
	dec := encjson.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	for {
		before := int(dec.InputOffset())
		tok, err := dec.Token()
		if err != nil {
			return diags // HCL's parser reports what is wrong
		}
		var top *object
		if len(stack) > 0 {
			top = stack[len(stack)-1]
		}
		if key, ok := tok.(string); ok && top != nil && top.keys != nil && !top.value {
			end := int(dec.InputOffset())
			start := before + max(0, bytes.IndexByte(src[before:end], '"'))
			rng := rangeAt(src, filename, start, end)
			if first, dup := top.keys[key]; dup && key != "//" {
				diags = append(diags, &hcl.Diagnostic{
					Severity: hcl.DiagError,
					Summary:  duplicateKey,
					Detail:   fmt.Sprintf("The key %q is already given at %s.", key, position(first)),
					Subject:  rng.Ptr(),
				})
			}
			top.keys[key] = rng
			top.value = true
			continue
		}
		if top != nil {
			top.value = false
		}
		switch tok {
		case encjson.Delim('{'):
			stack = append(stack, &object{keys: make(map[string]hcl.Range)})
		case encjson.Delim('['):
			stack = append(stack, &object{})
		case encjson.Delim('}'), encjson.Delim(']'):
			stack = stack[:len(stack)-1]
		}
	}
}
