package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// evalObject builds an object. A key that is given twice is an error: HCL
// would take the last one and say nothing.
func (e *evaluator) evalObject(x *hclsyntax.ObjectConsExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	var marks []cty.ValueMarks
	vals := make(map[string]cty.Value, len(x.Items))
	where := make(map[string]hcl.Range, len(x.Items))
	known := true
	for _, item := range x.Items {
		key, more := e.eval(item.KeyExpr, vars)
		diags = append(diags, more...)
		broken := more.HasErrors()
		val, more := e.eval(item.ValueExpr, vars)
		diags = append(diags, more...)
		if broken {
			known = false
			continue
		}
		name, keyMarks, d := objectKey(key, item.KeyExpr)
		marks = append(marks, keyMarks)
		if d != nil {
			diags = append(diags, finish(hcl.Diagnostics{d}, item.KeyExpr, vars)...)
			known = false
			continue
		}
		if !name.IsKnown() {
			known, e.maybe = false, true
			marks = append(marks, deepMarks(val))
			continue
		}
		k := name.AsString()
		if first, dup := where[k]; dup {
			diags = append(diags, finish(hcl.Diagnostics{duplicateKey(k, item.KeyExpr.Range(), first)}, item.KeyExpr, vars)...)
			continue
		}
		vals[k], where[k] = val, item.KeyExpr.Range()
	}
	if !known {
		for _, val := range vals {
			marks = append(marks, deepMarks(val))
		}
		return cty.DynamicVal.WithMarks(marks...), diags
	}
	return cty.ObjectVal(vals).WithMarks(marks...), diags
}

func duplicateKey(name string, at, first hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Duplicate key",
		Detail:   fmt.Sprintf("The key %q is already set at %s:%d:%d.", name, first.Filename, first.Start.Line, first.Start.Column),
		Subject:  at.Ptr(),
	}
}

// objectKey converts a value to a key without marks.
func objectKey(key cty.Value, x hclsyntax.Expression) (cty.Value, cty.ValueMarks, *hcl.Diagnostic) {
	key, marks := key.Unmark()
	d := &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Invalid object key",
		Subject:  x.Range().Ptr(),
	}
	if key.IsNull() {
		d.Detail = "A key must not be null."
		return key, marks, d
	}
	str, err := convert.Convert(key, cty.String)
	if err != nil {
		d.Detail = fmt.Sprintf("Cannot use this value as a key: %s.", err)
		return key, marks, d
	}
	return str, marks, nil
}

// evalObjectKey evaluates a key of an object: a bare name stands for itself.
func (e *evaluator) evalObjectKey(x *hclsyntax.ObjectConsKeyExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	if x.ForceNonLiteral {
		return e.eval(x.Wrapped, vars)
	}
	if name := hcl.ExprAsKeyword(x.Wrapped); name != "" {
		return cty.StringVal(name), nil
	}
	if _, ok := x.Wrapped.(*hclsyntax.ScopeTraversalExpr); ok {
		// HCL's own error: is it a reference or a name with dots?
		return x.Value(nil)
	}
	return e.eval(x.Wrapped, vars)
}
