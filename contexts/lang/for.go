package lang

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// evalFor evaluates [for …] and {for …}.
func (e *evaluator) evalFor(x *hclsyntax.ForExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	coll, diags := e.eval(x.CollExpr, vars)
	coll, marks := coll.Unmark()
	l := &loop{e: e, x: x, vars: vars, known: true, marks: []cty.ValueMarks{marks}, diags: diags}
	switch {
	case coll.IsNull():
		l.fail(x.CollExpr, vars, "Iteration over null value", "A null value cannot be iterated over.")
		return l.unknown(), l.diags
	case coll.Type() == cty.DynamicPseudoType:
		e.maybe = true
		l.dry(cty.DynamicVal, cty.DynamicVal)
		return l.unknown(), l.diags
	case !coll.Type().IsTupleType() && !coll.Type().IsObjectType() && !coll.Type().IsCollectionType():
		l.fail(x.CollExpr, vars, "Iteration over non-iterable value",
			fmt.Sprintf("A value of type %s cannot be iterated over. It must be a list, set, map, tuple or object.", coll.Type().FriendlyName()))
		return l.unknown(), l.diags
	case !coll.IsKnown():
		e.maybe = true
		l.dryOf(coll.Type())
		return l.result(), l.diags
	}
	for it := coll.ElementIterator(); it.Next(); {
		l.step(it.Element())
	}
	return l.result(), l.diags
}

// A loop is one evaluation of a `for` expression.
type loop struct {
	e     *evaluator
	x     *hclsyntax.ForExpr
	vars  *env
	diags hcl.Diagnostics

	known bool             // which elements the result has
	marks []cty.ValueMarks // of the collection, the keys and the conditions
	keys  []string         // of the result, in order; for {for …}
	vals  []cty.Value      // of the result
}

// fail reports an error, after which the result cannot be known.
func (l *loop) fail(x hclsyntax.Expression, vars *env, summary, detail string) {
	l.known = false
	l.diags = append(l.diags, &hcl.Diagnostic{
		Severity:    hcl.DiagError,
		Summary:     summary,
		Detail:      detail,
		Subject:     x.Range().Ptr(),
		Context:     l.x.SrcRange.Ptr(),
		Expression:  x,
		EvalContext: vars.context(),
	})
}

// step evaluates the body for one element.
func (l *loop) step(key, val cty.Value) {
	vars := &env{parent: l.vars, names: map[string]cty.Value{l.x.ValVar: val}}
	if l.x.KeyVar != "" {
		vars.names[l.x.KeyVar] = key
	}
	include := l.include(vars)
	if include.IsKnown() && include.False() {
		return
	}
	maybe := !include.IsKnown()
	var name cty.Value
	if l.x.KeyExpr != nil {
		name = l.key(vars)
	}
	res, diags := l.e.eval(l.x.ValExpr, vars)
	if maybe {
		diags = perhaps(diags)
	}
	l.diags = append(l.diags, diags...)
	l.vals = append(l.vals, res)
	if l.x.KeyExpr == nil {
		return
	}
	if !name.IsKnown() {
		l.keys = append(l.keys, "")
		return
	}
	l.keys = append(l.keys, name.AsString())
}

// include evaluates the `if` clause; the result has no marks and is unknown
// after an error.
func (l *loop) include(vars *env) cty.Value {
	if l.x.CondExpr == nil {
		return cty.True
	}
	cond, diags := l.e.eval(l.x.CondExpr, vars)
	l.diags = append(l.diags, diags...)
	cond, marks := cond.Unmark()
	l.marks = append(l.marks, marks)
	if cond.IsNull() {
		l.fail(l.x.CondExpr, vars, "Invalid 'for' condition", "The value of the 'if' clause must not be null.")
		return cty.UnknownVal(cty.Bool)
	}
	b, err := convert.Convert(cond, cty.Bool)
	if err != nil {
		l.fail(l.x.CondExpr, vars, "Invalid 'for' condition", fmt.Sprintf("The 'if' clause must be true or false: %s.", err))
		return cty.UnknownVal(cty.Bool)
	}
	if !b.IsKnown() {
		l.known, l.e.maybe = false, true
	}
	return b
}

// key evaluates the key of an element; the result has no marks and is unknown
// after an error.
func (l *loop) key(vars *env) cty.Value {
	val, diags := l.e.eval(l.x.KeyExpr, vars)
	l.diags = append(l.diags, diags...)
	name, marks, d := objectKey(val, l.x.KeyExpr)
	l.marks = append(l.marks, marks)
	if d != nil {
		l.known = false
		l.diags = append(l.diags, finish(hcl.Diagnostics{d}, l.x.KeyExpr, vars)...)
		return cty.UnknownVal(cty.String)
	}
	if !name.IsKnown() {
		l.known, l.e.maybe = false, true
	}
	return name
}

// dryOf evaluates the body for what is known of an unknown collection, to find
// errors and the type of the result.
func (l *loop) dryOf(ty cty.Type) {
	switch {
	case ty.IsMapType():
		l.dry(cty.UnknownVal(cty.String).RefineNotNull(), cty.UnknownVal(ty.ElementType()))
	case ty.IsListType():
		l.dry(cty.UnknownVal(cty.Number).RefineNotNull(), cty.UnknownVal(ty.ElementType()))
	case ty.IsSetType():
		elem := cty.UnknownVal(ty.ElementType())
		l.dry(elem, elem)
	case ty.IsObjectType(): // which elements there are is known
		names := attributeNames(ty)
		slices.Sort(names)
		for _, name := range names {
			l.step(cty.StringVal(name), cty.UnknownVal(ty.AttributeType(name)))
		}
	case ty.IsTupleType():
		for i, ety := range ty.TupleElementTypes() {
			l.step(cty.NumberIntVal(int64(i)), cty.UnknownVal(ety))
		}
	}
}

// dry evaluates the body once, for all elements of a collection.
func (l *loop) dry(key, val cty.Value) {
	n := len(l.diags)
	l.step(key, val)
	// The collection may be empty, and conditions select among its elements.
	dry := l.diags[n:]
	if l.x.CondExpr != nil {
		dry = perhaps(dry)
	}
	l.diags = append(l.diags[:n:n], dry...)
	l.known = false
}

// result builds the value from all elements.
func (l *loop) result() cty.Value {
	if !l.known {
		return l.unknown()
	}
	if l.x.KeyExpr == nil {
		return cty.TupleVal(l.vals).WithMarks(l.marks...)
	}
	if l.x.Group {
		groups := make(map[string][]cty.Value)
		for i, k := range l.keys {
			groups[k] = append(groups[k], l.vals[i])
		}
		vals := make(map[string]cty.Value, len(groups))
		for k, g := range groups {
			vals[k] = cty.TupleVal(g)
		}
		return cty.ObjectVal(vals).WithMarks(l.marks...)
	}
	vals := make(map[string]cty.Value, len(l.keys))
	for i, k := range l.keys {
		if _, dup := vals[k]; dup {
			l.fail(l.x.KeyExpr, l.vars, "Duplicate object key", fmt.Sprintf(
				"Two different items produced the key %q in this 'for' expression. To collect them in a list, put an ellipsis (...) after the value expression.", k))
			return l.unknown()
		}
		vals[k] = l.vals[i]
	}
	return cty.ObjectVal(vals).WithMarks(l.marks...)
}

// unknown returns an unknown of the most precise type that can be told: a list
// or map of what the body gives. (Once known, the value is a tuple or object,
// which converts to that.)
func (l *loop) unknown() cty.Value {
	marks := l.marks
	types := make([]cty.Type, len(l.vals))
	for i, v := range l.vals {
		types[i] = v.Type()
		marks = append(marks, deepMarks(v))
	}
	elem := cty.DynamicPseudoType
	if len(types) > 0 {
		if ty, _ := convert.Unify(types); ty != cty.NilType {
			elem = ty
		}
	}
	if elem.HasDynamicTypes() {
		return cty.DynamicVal.WithMarks(marks...)
	}
	var ty cty.Type
	switch {
	case l.x.KeyExpr == nil:
		ty = cty.List(elem)
	case l.x.Group:
		ty = cty.Map(cty.List(elem))
	default:
		ty = cty.Map(elem)
	}
	return cty.UnknownVal(ty).RefineNotNull().WithMarks(marks...)
}
