package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A rawStep is a step whose key is not evaluated yet.
type rawStep struct {
	step Step
	key  hclsyntax.Expression // nil for a name or a literal key
}

// flatten splits a chain of attributes and indexes into the expression that it
// starts from and its steps. HCL nests them: context.app[each.key].output.x is
// a traversal of an index of a traversal.
func flatten(expr hclsyntax.Expression) (base hclsyntax.Expression, steps []rawStep) {
	for {
		switch x := expr.(type) {
		case *hclsyntax.ParenthesesExpr:
			expr = x.Expression
			continue
		case *hclsyntax.RelativeTraversalExpr:
			steps = append(stepsOf(x.Traversal), steps...)
			expr = x.Source
			continue
		case *hclsyntax.IndexExpr:
			s := rawStep{key: x.Key, step: Step{Range: x.BracketRange}}
			steps = append([]rawStep{s}, steps...)
			expr = x.Collection
			continue
		case *hclsyntax.ScopeTraversalExpr:
			steps = append(stepsOf(x.Traversal[1:]), steps...)
		}
		return expr, steps
	}
}

// stepsOf turns a traversal into steps. A traversal has no others than these two:
// HCL parses a splat into an expression of its own.
func stepsOf(t hcl.Traversal) []rawStep {
	steps := make([]rawStep, 0, len(t))
	for _, tr := range t {
		switch tr := tr.(type) {
		case hcl.TraverseAttr:
			steps = append(steps, rawStep{step: Step{Name: tr.Name, Range: tr.SrcRange}})
		case hcl.TraverseIndex:
			steps = append(steps, rawStep{step: Step{Key: tr.Key, Range: tr.SrcRange}})
		}
	}
	return steps
}

// evalPath evaluates a chain of attributes and indexes: a reference, or a
// selection from the value of another expression.
func (e *evaluator) evalPath(expr hclsyntax.Expression, vars *env) (cty.Value, hcl.Diagnostics) {
	base, raw := flatten(expr)
	var diags hcl.Diagnostics
	steps := make([]Step, len(raw))
	for i, r := range raw {
		steps[i] = r.step
		if r.key != nil {
			key, more := e.eval(r.key, vars)
			steps[i].Key, diags = key, append(diags, more...)
			if !key.IsKnown() {
				e.maybe = true // there may be no such instance
			}
		}
	}
	root, ok := base.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		val, more := e.eval(base, vars)
		return e.apply(val, steps, append(more, diags...), expr, vars)
	}
	name := root.Traversal.RootName()
	if val, ok := vars.lookup(name); ok {
		return e.apply(val, steps, diags, expr, vars)
	}
	ref := Ref{Root: name, Steps: steps, Range: expr.Range()}
	if !slices.Contains(e.roots, name) {
		return cty.DynamicVal, append(diags, e.unknownRoot(root, vars))
	}
	if diags.HasErrors() {
		// With a broken key there is nothing sensible to ask for.
		return cty.DynamicVal, diags
	}
	val, used, more := e.scope.Resolve(ref)
	diags = append(diags, more...)
	if val == cty.NilVal {
		return cty.DynamicVal, diags
	}
	used = max(0, min(used, len(steps)))
	return e.apply(val, steps[used:], diags, expr, vars)
}

// apply selects steps from a value.
func (e *evaluator) apply(val cty.Value, steps []Step, diags hcl.Diagnostics, expr hclsyntax.Expression, vars *env) (cty.Value, hcl.Diagnostics) {
	for len(steps) > 0 {
		if res, used, more := e.selectOpaque(val, steps, expr); used > 0 {
			val, steps, diags = res, steps[used:], append(diags, more...)
			continue
		}
		s := steps[0]
		steps = steps[1:]
		e.noteStep(val, s)
		var more hcl.Diagnostics
		if s.IsKey() {
			val, more = index(val, s)
		} else {
			val, more = attribute(val, s)
		}
		diags = append(diags, finish(more, expr, vars)...)
		if more.HasErrors() {
			return cty.DynamicVal, diags
		}
	}
	return val, diags
}

// noteStep is note for the selection of s from val.
func (e *evaluator) noteStep(val cty.Value, s Step) {
	// Only an attribute that the type promises is there for sure.
	if !val.IsKnown() && (s.IsKey() || !val.Type().IsObjectType()) {
		e.maybe = true
	}
}

// selectOpaque lets the scope select from an opaque value. It uses no step if
// the value is none or the scope cannot.
func (e *evaluator) selectOpaque(val cty.Value, steps []Step, expr hclsyntax.Expression) (cty.Value, int, hcl.Diagnostics) {
	sel, ok := e.scope.(Selector)
	if !ok || !val.Type().IsCapsuleType() {
		return val, 0, nil
	}
	bare, marks := val.Unmark()
	if !bare.IsKnown() || bare.IsNull() {
		return val, 0, nil
	}
	res, used, diags := sel.Select(bare, Ref{Steps: steps, Range: expr.Range()})
	if res == cty.NilVal {
		return cty.DynamicVal.WithMarks(marks), len(steps), diags
	}
	return res.WithMarks(marks), min(used, len(steps)), diags
}

// attribute selects val.name.
func attribute(val cty.Value, s Step) (cty.Value, hcl.Diagnostics) {
	if ty := val.Type(); ty.IsObjectType() && !ty.HasAttribute(s.Name) {
		return cty.DynamicVal, missing("Unsupported attribute", "This object has no attribute named", s, s.Name, attributeNames(ty))
	}
	bare, _ := val.Unmark()
	if !bare.IsNull() && bare.IsKnown() && bare.Type().IsMapType() {
		if keys := mapKeys(bare); !slices.Contains(keys, s.Name) {
			return cty.DynamicVal, missing("Missing map element", "This map has no element named", s, s.Name, keys)
		}
	}
	return hcl.GetAttr(val, s.Name, s.Range.Ptr())
}

// index selects val[key].
func index(val cty.Value, s Step) (cty.Value, hcl.Diagnostics) {
	bare, _ := val.Unmark()
	name, isText := keyText(s.Key)
	if isText && !bare.IsNull() {
		ty := bare.Type()
		if ty.IsObjectType() && !ty.HasAttribute(name) {
			return cty.DynamicVal, missing("Invalid index", "This object has no attribute named", s, name, attributeNames(ty))
		}
		if bare.IsKnown() && ty.IsMapType() {
			if keys := mapKeys(bare); !slices.Contains(keys, name) {
				return cty.DynamicVal, missing("Invalid index", "This map has no element with the key", s, name, keys)
			}
		}
	}
	return hcl.Index(val, s.Key, s.Range.Ptr())
}

// missing describes a name that is not there, with what there is.
func missing(summary, text string, s Step, name string, have []string) hcl.Diagnostics {
	slices.Sort(have)
	detail := fmt.Sprintf("%s %q.", text, name)
	switch close := Suggest(name, have); {
	case close != "":
		detail += fmt.Sprintf(" Did you mean %q?", close)
	case len(have) == 0:
		detail += " It is empty."
	case len(have) <= 12:
		detail += " It has " + quoted(have) + "."
	}
	return hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  summary,
		Detail:   detail,
		Subject:  s.Range.Ptr(),
	}}
}

// quoted spells names as a list: "a", "b" and "c".
func quoted(names []string) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			b.WriteString(" and ")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", n)
	}
	return b.String()
}

func attributeNames(ty cty.Type) []string {
	var names []string
	for name := range ty.AttributeTypes() {
		names = append(names, name)
	}
	return names
}

// mapKeys lists the keys of a known map without marks.
func mapKeys(val cty.Value) []string {
	var keys []string
	for it := val.ElementIterator(); it.Next(); {
		k, _ := it.Element()
		keys = append(keys, k.AsString())
	}
	return keys
}

// keyText returns a known key as text.
func keyText(key cty.Value) (string, bool) {
	if key == cty.NilVal {
		return "", false
	}
	key, _ = key.Unmark()
	if !key.IsKnown() || key.IsNull() || !key.Type().IsPrimitiveType() {
		return "", false
	}
	s, err := convert.Convert(key, cty.String)
	if err != nil {
		return "", false
	}
	return s.AsString(), true
}

// unknownRoot says that no reference can start with this name.
func (e *evaluator) unknownRoot(root *hclsyntax.ScopeTraversalExpr, vars *env) *hcl.Diagnostic {
	name := root.Traversal.RootName()
	roots := slices.Clone(e.roots)
	for v := vars; v != nil; v = v.parent {
		for n := range v.names {
			roots = append(roots, n)
		}
	}
	slices.Sort(roots)
	detail := fmt.Sprintf("Nothing is called %q here.", name)
	switch close := Suggest(name, roots); {
	case close != "":
		detail += fmt.Sprintf(" Did you mean %q?", close)
	case len(root.Traversal) == 1 && len(roots) > 0:
		detail += fmt.Sprintf(" A reference starts with %s; a string is written in quotes.", alternatives(roots))
	case len(roots) > 0:
		detail += fmt.Sprintf(" A reference starts with %s.", alternatives(roots))
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Unknown name",
		Detail:   detail,
		Subject:  root.Traversal[0].SourceRange().Ptr(),
		Context:  root.Range().Ptr(),
		Extra:    never{},
	}
}

// alternatives spells names as a choice: a, b or c.
func alternatives(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}
