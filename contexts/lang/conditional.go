package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// evalConditional decides first, and then touches only the side it chose. That
// side need not be of the other's type: nobody looks at the other.
func (e *evaluator) evalConditional(x *hclsyntax.ConditionalExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	cond, diags := e.eval(x.Condition, vars)
	decision, marks, more := condition(cond, x, vars)
	diags = append(diags, more...)
	if !decision.IsKnown() {
		e.maybe = true
		val, more := e.evalUndecided(x, vars, diags.HasErrors())
		return val.WithMarks(marks), append(diags, more...)
	}
	side := x.FalseResult
	if decision.True() {
		side = x.TrueResult
	}
	val, more := e.eval(side, vars)
	return val.WithMarks(marks), append(diags, more...)
}

// condition checks the value of a condition and takes off its marks. It is
// unknown if there is an error.
func condition(cond cty.Value, x *hclsyntax.ConditionalExpr, vars *env) (cty.Value, cty.ValueMarks, hcl.Diagnostics) {
	cond, marks := cond.Unmark()
	d := &hcl.Diagnostic{
		Severity:    hcl.DiagError,
		Subject:     x.Condition.Range().Ptr(),
		Context:     &x.SrcRange,
		Expression:  x.Condition,
		EvalContext: vars.context(),
	}
	if cond.IsNull() {
		d.Summary = "Null condition"
		d.Detail = "The condition is null. It must be true or false."
		return cty.UnknownVal(cty.Bool), marks, hcl.Diagnostics{d}
	}
	b, err := convert.Convert(cond, cty.Bool)
	if err != nil {
		d.Summary = "Incorrect condition type"
		d.Detail = "The condition must be true or false: " + err.Error() + "."
		return cty.UnknownVal(cty.Bool), marks, hcl.Diagnostics{d}
	}
	return b, marks, nil
}

// evalUndecided evaluates both sides of a conditional whose condition is not
// known. The result is unknown, of the type that both sides convert to, or of
// any type if there is none: that is no error, since one side will do in the
// end.
//
// For the same reason an error in a side is only a warning, because the
// condition may be there to avoid just that; unless the condition itself is
// wrong, when all there is to say is said.
func (e *evaluator) evalUndecided(x *hclsyntax.ConditionalExpr, vars *env, broken bool) (cty.Value, hcl.Diagnostics) {
	yes, yesDiags := e.eval(x.TrueResult, vars)
	no, noDiags := e.eval(x.FalseResult, vars)
	diags := append(yesDiags, noDiags...)
	if !broken {
		diags = perhaps(diags)
	}
	yes, yesMarks := yes.Unmark()
	no, noMarks := no.Unmark()
	return eitherOf(yes, no).WithMarks(yesMarks, noMarks), diags
}

// eitherOf returns an unknown that stands for one of some values without marks.
func eitherOf(vals ...cty.Value) cty.Value {
	types := make([]cty.Type, 0, len(vals))
	notNull := true
	for _, v := range vals {
		if v.IsNull() || !v.Range().DefinitelyNotNull() {
			notNull = false
		}
		if v.IsNull() && v.Type() == cty.DynamicPseudoType {
			continue // a null fits every type
		}
		if v.Type().HasDynamicTypes() {
			return cty.DynamicVal // unification would guess
		}
		types = append(types, v.Type())
	}
	if len(types) == 0 {
		return cty.DynamicVal
	}
	ty, _ := convert.UnifyUnsafe(types)
	if ty == cty.NilType || ty.HasDynamicTypes() {
		return cty.DynamicVal
	}
	ret := cty.UnknownVal(ty)
	if notNull {
		ret = ret.RefineNotNull()
	}
	return ret
}

// perhaps turns the errors of a part that may not be evaluated in the end into
// warnings, except for those that are wrong under all circumstances.
func perhaps(diags hcl.Diagnostics) hcl.Diagnostics {
	out := make(hcl.Diagnostics, 0, len(diags))
	for _, d := range diags {
		if d.Severity == hcl.DiagError && !isNever(d) && !isBuildFailed(d) {
			w := *d
			w.Severity = hcl.DiagWarning
			w.Detail += " (This is an error only if this part is chosen, which is not known yet.)"
			d = &w
		}
		out = append(out, d)
	}
	return out
}

// never marks a diagnostic of something that no value can put right: an
// unknown name or function.
type never struct{}

func isNever(d *hcl.Diagnostic) bool {
	_, ok := hcl.DiagnosticExtra[never](d)
	return ok
}
