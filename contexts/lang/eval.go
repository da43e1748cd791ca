package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Eval evaluates an expression. The value is never the zero Value; with error
// diagnostics it is what could be found out in spite of them, unknown where
// nothing could.
func Eval(expr hcl.Expression, scope Scope) (cty.Value, hcl.Diagnostics) {
	e := newEvaluator(scope)
	val, diags := e.eval(expr, nil)
	return val, dedupe(diags)
}

// An evaluator does one Eval.
type evaluator struct {
	scope Scope
	roots []string
	funcs map[string]function.Function

	// maybe is set when something was computed from an unknown value that
	// could still fail once the value is known. It is how try and can know
	// whether their judgement is final.
	maybe bool
}

func newEvaluator(scope Scope) *evaluator {
	return &evaluator{scope: scope, roots: scope.Roots(), funcs: scope.Functions()}
}

// An env holds the variables of `for` expressions, innermost first, and the
// items of splat expressions.
type env struct {
	parent *env
	names  map[string]cty.Value
	item   *hclsyntax.AnonSymbolExpr
	val    cty.Value // of item
}

// lookup finds a `for` variable.
func (v *env) lookup(name string) (cty.Value, bool) {
	for ; v != nil; v = v.parent {
		if val, ok := v.names[name]; ok {
			return val, true
		}
	}
	return cty.NilVal, false
}

// eval evaluates one node. It sees to all of the node's children itself.
func (e *evaluator) eval(expr hcl.Expression, vars *env) (cty.Value, hcl.Diagnostics) {
	switch x := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		return x.Val, nil
	case *hclsyntax.ParenthesesExpr:
		return e.eval(x.Expression, vars)
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr:
		return e.evalPath(x.(hclsyntax.Expression), vars)
	case *hclsyntax.AnonSymbolExpr:
		return evalItem(x, vars), nil
	case *hclsyntax.TemplateExpr:
		return e.evalTemplate(x, vars)
	case *hclsyntax.TemplateWrapExpr:
		return e.eval(x.Wrapped, vars)
	case *hclsyntax.TemplateJoinExpr:
		return e.evalTemplateJoin(x, vars)
	case *hclsyntax.FunctionCallExpr:
		return e.evalCall(x, vars)
	case *hclsyntax.ConditionalExpr:
		return e.evalConditional(x, vars)
	case *hclsyntax.BinaryOpExpr:
		return e.evalBinary(x, vars)
	case *hclsyntax.UnaryOpExpr:
		return e.evalUnary(x, vars)
	case *hclsyntax.TupleConsExpr:
		return e.evalTuple(x, vars)
	case *hclsyntax.ObjectConsExpr:
		return e.evalObject(x, vars)
	case *hclsyntax.ObjectConsKeyExpr:
		return e.evalObjectKey(x, vars)
	case *hclsyntax.ForExpr:
		return e.evalFor(x, vars)
	case *hclsyntax.SplatExpr:
		return e.evalSplat(x, vars)
	case *hclsyntax.ExprSyntaxError:
		return orDynamic(x.Placeholder), x.ParseDiags
	case nil:
		return cty.DynamicVal, nil
	}
	// Not of the native syntax: a constant that a program made, such as
	// hcl.StaticExpr. It gets no variables.
	val, diags := expr.Value(nil)
	return orDynamic(val), diags
}

func orDynamic(v cty.Value) cty.Value {
	if v == cty.NilVal {
		return cty.DynamicVal
	}
	return v
}

// literal puts a value in the place of the expression that it was computed
// from, so that HCL can do the one operation that is left, and its diagnostics
// still point at the source.
func literal(val cty.Value, of hclsyntax.Expression) hclsyntax.Expression {
	return &hclsyntax.LiteralValueExpr{Val: val, SrcRange: of.Range()}
}

// finish gives the diagnostics of an operation on operands their context: the
// expression as it was written and the loop variables, whose values are then
// printed with the message.
func finish(diags hcl.Diagnostics, expr hclsyntax.Expression, vars *env) hcl.Diagnostics {
	for _, d := range diags {
		if d.EvalContext != nil {
			continue
		}
		d.Expression = expr
		d.EvalContext = vars.context()
	}
	return diags
}

// context returns the loop variables as HCL's text writer wants them, or nil.
func (v *env) context() *hcl.EvalContext {
	var all map[string]cty.Value
	for ; v != nil; v = v.parent {
		for name, val := range v.names {
			if all == nil {
				all = make(map[string]cty.Value)
			}
			if _, shadowed := all[name]; !shadowed {
				all[name] = val
			}
		}
	}
	if all == nil {
		return nil
	}
	return &hcl.EvalContext{Variables: all}
}

func (e *evaluator) evalTuple(x *hclsyntax.TupleConsExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	vals := make([]cty.Value, len(x.Exprs))
	for i, elem := range x.Exprs {
		val, more := e.eval(elem, vars)
		vals[i], diags = val, append(diags, more...)
	}
	return cty.TupleVal(vals), diags
}

func (e *evaluator) evalUnary(x *hclsyntax.UnaryOpExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	val, diags := e.eval(x.Val, vars)
	e.note(val)
	node := *x
	node.Val = literal(val, x.Val)
	res, more := node.Value(nil)
	return res, append(diags, finish(more, x, vars)...)
}

// evalBinary evaluates both sides, those of && and || too: what the result
// depends on must not change with the order in which values become known.
func (e *evaluator) evalBinary(x *hclsyntax.BinaryOpExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	lhs, diags := e.eval(x.LHS, vars)
	rhs, more := e.eval(x.RHS, vars)
	diags = append(diags, more...)
	switch x.Op {
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual: // any two values compare
	case hclsyntax.OpDivide, hclsyntax.OpModulo:
		if !lhs.IsKnown() || !rhs.IsKnown() {
			e.maybe = true // might divide by zero
		}
		if isZero(rhs) {
			// HCL would give an infinity, which nothing can use.
			d := &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Division by zero",
				Detail:   "The right operand is zero.",
				Subject:  x.RHS.Range().Ptr(),
				Context:  x.SrcRange.Ptr(),
			}
			return cty.UnknownVal(cty.Number).WithSameMarks(lhs, rhs), append(diags, finish(hcl.Diagnostics{d}, x, vars)...)
		}
	default:
		e.note(lhs)
		e.note(rhs)
	}
	node := *x
	node.LHS, node.RHS = literal(lhs, x.LHS), literal(rhs, x.RHS)
	res, more := node.Value(nil)
	if !res.IsKnown() && (lhs.IsMarked() || rhs.IsMarked()) {
		// HCL drops the marks where it finds an error.
		res = res.WithSameMarks(lhs, rhs)
	}
	return res, append(diags, finish(more, x, vars)...)
}

func isZero(val cty.Value) bool {
	text, ok := keyText(val)
	if !ok {
		return false
	}
	n, err := cty.ParseNumberVal(text)
	return err == nil && n.RawEquals(cty.Zero)
}

// note records that val goes into an operation on values of a certain simple
// type, which can still fail if val is unknown and might turn out to be of
// another type, or null.
func (e *evaluator) note(val cty.Value) {
	if val.IsKnown() {
		return
	}
	val, _ = val.Unmark()
	if !val.Type().IsPrimitiveType() || !val.Range().DefinitelyNotNull() {
		e.maybe = true
	}
}

// evalItem returns the current item of the splat expression that x belongs to.
func evalItem(x *hclsyntax.AnonSymbolExpr, vars *env) cty.Value {
	for ; vars != nil; vars = vars.parent {
		if vars.item == x {
			return vars.val
		}
	}
	return cty.DynamicVal
}
