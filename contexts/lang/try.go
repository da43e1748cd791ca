package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A BuildFailure is implemented by the Extra of a diagnostic that tells of a
// failed build, as opposed to a wrong expression. try and can let it pass:
// otherwise a compiler error would silently select a default.
type BuildFailure interface{ BuildFailed() bool }

func isBuildFailed(d *hcl.Diagnostic) bool {
	f, ok := hcl.DiagnosticExtra[BuildFailure](d)
	return ok && f.BuildFailed()
}

// buildFailures returns those of diags that tell of failed builds.
func buildFailures(diags hcl.Diagnostics) hcl.Diagnostics {
	var failed hcl.Diagnostics
	for _, d := range diags {
		if isBuildFailed(d) {
			failed = append(failed, d)
		}
	}
	return failed
}

// attempt evaluates an argument of try or can, and tells whether the outcome
// may change when what is unknown becomes known.
func (e *evaluator) attempt(x hclsyntax.Expression, vars *env) (val cty.Value, maybe bool, diags hcl.Diagnostics) {
	outer := e.maybe
	e.maybe = false
	val, diags = e.eval(x, vars)
	maybe = e.maybe
	e.maybe = outer
	return val, maybe, diags
}

// evalTry returns the first argument that evaluates without an error. Later
// ones are not evaluated, unless that first one may still fail.
func (e *evaluator) evalTry(x *hclsyntax.FunctionCallExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	if diags := checkJudge(x, -1); diags != nil {
		return cty.DynamicVal, diags
	}
	var candidates []cty.Value
	var marks []cty.ValueMarks
	var failures hcl.Diagnostics
	for _, arg := range x.Args {
		val, maybe, diags := e.attempt(arg, vars)
		if failed := buildFailures(diags); failed != nil {
			return cty.DynamicVal, failed
		}
		if diags.HasErrors() {
			failures = append(failures, diags...)
			continue
		}
		if !maybe && candidates == nil {
			return val, diags
		}
		bare, m := val.Unmark()
		candidates, marks = append(candidates, bare), append(marks, m)
		if !maybe {
			break
		}
	}
	if candidates != nil {
		e.maybe = true
		return eitherOf(candidates...).WithMarks(marks...), nil
	}
	return cty.DynamicVal, noneWorked(x, failures)
}

// noneWorked reports each argument's error: any of them may be the mistake.
func noneWorked(x *hclsyntax.FunctionCallExpr, failures hcl.Diagnostics) hcl.Diagnostics {
	diags := hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  "No expression succeeded",
		Detail:   "None of the arguments of try could be evaluated. The errors follow.",
		Subject:  x.Range().Ptr(),
	}}
	for _, d := range failures {
		if d.Severity == hcl.DiagError {
			diags = append(diags, d)
		}
	}
	return diags
}

// evalCan tells whether its argument evaluates without an error.
func (e *evaluator) evalCan(x *hclsyntax.FunctionCallExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	if diags := checkJudge(x, 1); diags != nil {
		return cty.UnknownVal(cty.Bool).RefineNotNull(), diags
	}
	_, maybe, diags := e.attempt(x.Args[0], vars)
	if failed := buildFailures(diags); failed != nil {
		return cty.UnknownVal(cty.Bool).RefineNotNull(), failed
	}
	if diags.HasErrors() {
		return cty.False, nil
	}
	if maybe {
		return cty.UnknownVal(cty.Bool).RefineNotNull(), nil
	}
	return cty.True, nil
}

// checkJudge checks the form of a call of try or can. want is the number of
// arguments, or -1 for at least one.
func checkJudge(x *hclsyntax.FunctionCallExpr, want int) hcl.Diagnostics {
	d := &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Subject:  x.CloseParenRange.Ptr(),
		Context:  x.Range().Ptr(),
		Extra:    never{},
	}
	switch {
	case x.ExpandFinal:
		d.Summary = "Invalid expanding argument"
		d.Detail = "The arguments of " + x.Name + " are expressions to judge one by one, so they cannot be expanded with \"...\"."
	case len(x.Args) == 0:
		d.Summary = "Not enough function arguments"
		d.Detail = "Function \"" + x.Name + "\" needs an expression to judge."
	case want >= 0 && len(x.Args) > want:
		d.Summary = "Too many function arguments"
		d.Detail = "Function \"" + x.Name + "\" judges only one expression."
	default:
		return nil
	}
	return hcl.Diagnostics{d}
}
