package lang

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// References lists the references in an expression, in source order, without
// evaluating anything: those of both sides of conditionals, and with
// cty.DynamicVal for keys that have to be computed. It is an approximation,
// good for validation and for hints. What an evaluation depends on is what it
// asks its Scope for.
func References(expr hcl.Expression) []Ref {
	var refs []Ref
	w := &walker{visit: func(n any) {
		if r, ok := n.(Ref); ok {
			refs = append(refs, r)
		}
	}}
	w.walk(expr, nil)
	return refs
}

// Check finds the errors in an expression that no value can put right:
// references that start with no root of the scope, and calls of functions that
// are not there, in all parts of the expression. Evaluation finds those only
// in the parts that it touches. What try and can judge may refer to anything:
// that is how to ask whether there is an "each".
func Check(expr hcl.Expression, scope Scope) hcl.Diagnostics {
	e := newEvaluator(scope)
	var diags hcl.Diagnostics
	w := &walker{}
	w.visit = func(n any) {
		switch n := n.(type) {
		case *hclsyntax.ScopeTraversalExpr:
			if w.judged == 0 && !slices.Contains(e.roots, n.Traversal.RootName()) {
				diags = append(diags, e.unknownRoot(n, nil))
			}
		case *hclsyntax.FunctionCallExpr:
			if n.Name == "try" || n.Name == "can" {
				return
			}
			if _, ok := e.funcs[n.Name]; !ok {
				diags = append(diags, e.unknownFunction(n))
			}
		}
	}
	w.walk(expr, nil)
	return diags
}

// A walker visits each reference, as a Ref and as the traversal that it starts
// with, and each function call. It leaves out `for` variables.
type walker struct {
	visit  func(any)
	judged int // how many calls of try and can it is in
}

func (w *walker) walk(expr hcl.Expression, vars *env) {
	each := func(exprs ...hclsyntax.Expression) {
		for _, x := range exprs {
			if x != nil {
				w.walk(x, vars)
			}
		}
	}
	switch x := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		each(x.Expression)
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr:
		w.walkPath(x.(hclsyntax.Expression), vars)
	case *hclsyntax.TemplateExpr:
		each(x.Parts...)
	case *hclsyntax.TemplateWrapExpr:
		each(x.Wrapped)
	case *hclsyntax.TemplateJoinExpr:
		each(x.Tuple)
	case *hclsyntax.FunctionCallExpr:
		w.visit(x)
		judge := x.Name == "try" || x.Name == "can"
		if judge {
			w.judged++
		}
		each(x.Args...)
		if judge {
			w.judged--
		}
	case *hclsyntax.ConditionalExpr:
		each(x.Condition, x.TrueResult, x.FalseResult)
	case *hclsyntax.BinaryOpExpr:
		each(x.LHS, x.RHS)
	case *hclsyntax.UnaryOpExpr:
		each(x.Val)
	case *hclsyntax.TupleConsExpr:
		each(x.Exprs...)
	case *hclsyntax.ObjectConsExpr:
		for _, item := range x.Items {
			each(item.KeyExpr, item.ValueExpr)
		}
	case *hclsyntax.ObjectConsKeyExpr:
		if x.ForceNonLiteral || hcl.ExprAsKeyword(x.Wrapped) == "" {
			each(x.Wrapped)
		}
	case *hclsyntax.ForExpr:
		each(x.CollExpr)
		vars = &env{parent: vars, names: map[string]cty.Value{x.KeyVar: cty.DynamicVal, x.ValVar: cty.DynamicVal}}
		each(x.KeyExpr, x.ValExpr, x.CondExpr)
	case *hclsyntax.SplatExpr:
		each(x.Source, x.Each)
	}
}

func (w *walker) walkPath(expr hclsyntax.Expression, vars *env) {
	base, raw := flatten(expr)
	if root, ok := base.(*hclsyntax.ScopeTraversalExpr); !ok {
		w.walk(base, vars)
	} else if _, local := vars.lookup(root.Traversal.RootName()); !local {
		w.visit(root)
		ref := Ref{Root: root.Traversal.RootName(), Range: expr.Range()}
		for _, r := range raw {
			s := r.step
			if r.key != nil {
				s.Key = staticKey(r.key)
			}
			ref.Steps = append(ref.Steps, s)
		}
		w.visit(ref)
	}
	for _, r := range raw {
		if r.key != nil {
			w.walk(r.key, vars)
		}
	}
}

// staticKey returns the value of a key that is a constant.
func staticKey(x hclsyntax.Expression) cty.Value {
	if len(x.Variables()) > 0 {
		return cty.DynamicVal
	}
	val, diags := x.Value(nil)
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	return val
}
