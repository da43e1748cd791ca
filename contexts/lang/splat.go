package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// evalSplat evaluates list[*].name. As in HCL, a value that is no list counts
// as a list of one, and null as the empty list.
func (e *evaluator) evalSplat(x *hclsyntax.SplatExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	if d := splatOnInstances(x, vars); d != nil {
		return cty.DynamicVal, hcl.Diagnostics{d}
	}
	src, diags := e.eval(x.Source, vars)
	src, marks := src.Unmark()
	ty := src.Type()
	isList := ty.IsTupleType() || ty.IsListType() || ty.IsSetType()
	switch {
	case src.IsNull() && isList:
		return cty.DynamicVal.WithMarks(marks), append(diags, &hcl.Diagnostic{
			Severity:    hcl.DiagError,
			Summary:     "Splat of null value",
			Detail:      "A splat expression (with the * symbol) cannot be applied to null.",
			Subject:     x.Source.Range().Ptr(),
			Context:     hcl.RangeBetween(x.Source.Range(), x.MarkerRange).Ptr(),
			Expression:  x.Source,
			EvalContext: vars.context(),
		})
	case src.IsNull():
		return cty.EmptyTupleVal.WithMarks(marks), diags
	case ty == cty.DynamicPseudoType:
		e.maybe = true
		return cty.DynamicVal.WithMarks(marks), diags
	case !src.IsKnown():
		val, more := e.splatUnknown(x, src, vars)
		return val.WithMarks(marks), append(diags, more...)
	case !isList:
		val, more := e.splatItem(x, src, vars)
		return cty.TupleVal([]cty.Value{val}).WithMarks(marks), append(diags, more...)
	}
	var vals []cty.Value
	for it := src.ElementIterator(); it.Next(); {
		_, item := it.Element()
		val, more := e.splatItem(x, item, vars)
		vals, diags = append(vals, val), append(diags, more...)
	}
	return splatResult(ty, vals).WithMarks(marks), diags
}

func (e *evaluator) splatItem(x *hclsyntax.SplatExpr, item cty.Value, vars *env) (cty.Value, hcl.Diagnostics) {
	return e.eval(x.Each, &env{parent: vars, item: x.Item, val: item})
}

// splatResult is a list of the results for the elements of a list or set, as
// long as they are of one type, and else a tuple.
func splatResult(ty cty.Type, vals []cty.Value) cty.Value {
	if ty.IsTupleType() || len(vals) == 0 || !cty.CanListVal(vals) {
		return cty.TupleVal(vals)
	}
	return cty.ListVal(vals)
}

// splatUnknown finds the type of the result and the errors in spite of a
// source that is not known.
func (e *evaluator) splatUnknown(x *hclsyntax.SplatExpr, src cty.Value, vars *env) (cty.Value, hcl.Diagnostics) {
	ty := src.Type()
	switch {
	case ty.IsListType() || ty.IsSetType():
		val, diags := e.splatItem(x, cty.UnknownVal(ty.ElementType()), vars)
		bare, marks := val.UnmarkDeep()
		e.maybe = true
		if bare.Type().HasDynamicTypes() {
			return cty.DynamicVal.WithMarks(marks), diags
		}
		return cty.UnknownVal(cty.List(bare.Type())).RefineNotNull().WithMarks(marks), diags
	case ty.IsTupleType():
		var diags hcl.Diagnostics
		vals := make([]cty.Value, 0, ty.Length())
		for _, ety := range ty.TupleElementTypes() {
			val, more := e.splatItem(x, cty.UnknownVal(ety), vars)
			vals, diags = append(vals, val), append(diags, more...)
		}
		return cty.TupleVal(vals), diags
	}
	val, diags := e.splatItem(x, src, vars)
	if src.Range().DefinitelyNotNull() {
		return cty.TupleVal([]cty.Value{val}), diags
	}
	// One element or none: that depends on whether it is null.
	e.maybe = true
	return cty.DynamicVal.WithMarks(deepMarks(val)), diags
}

// splatOnInstances refuses context.app[*] and toolchain.cc.x[*]. The instances
// of a context are no list; they have keys.
func splatOnInstances(x *hclsyntax.SplatExpr, vars *env) *hcl.Diagnostic {
	base, steps := flatten(x.Source)
	root, ok := base.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return nil
	}
	name := root.Traversal.RootName()
	if _, local := vars.lookup(name); local {
		return nil
	}
	if !(name == "context" && len(steps) == 1 || name == "toolchain" && len(steps) == 2) {
		return nil
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Splat of instances",
		Detail:   fmt.Sprintf("The instances of a %s are no list. Use [\"*\"] in place of [*]: it gives a map of all instances' values, by key.", name),
		Subject:  x.MarkerRange.Ptr(),
		Context:  x.Range().Ptr(),
		Extra:    never{},
	}
}
