package lang

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// evalCall calls a function. try and can are no functions: they see
// expressions, not values.
func (e *evaluator) evalCall(x *hclsyntax.FunctionCallExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	switch x.Name {
	case "try":
		return e.evalTry(x, vars)
	case "can":
		return e.evalCan(x, vars)
	}
	var diags hcl.Diagnostics
	var marks []cty.ValueMarks
	node := *x
	node.Args = make([]hclsyntax.Expression, len(x.Args))
	for i, arg := range x.Args {
		val, more := e.eval(arg, vars)
		diags = append(diags, more...)
		if !val.IsWhollyKnown() {
			e.maybe = true // a function may refuse a value that it sees
		}
		marks = append(marks, deepMarks(val))
		node.Args[i] = literal(val, arg)
	}
	f, ok := e.funcs[x.Name]
	if !ok {
		return cty.DynamicVal, append(diags, e.unknownFunction(x))
	}
	res, more := node.Value(&hcl.EvalContext{Functions: map[string]function.Function{x.Name: f}})
	for _, d := range more {
		d.EvalContext = nil // ours has the loop variables
	}
	diags = append(diags, finish(more, x, vars)...)
	if !res.IsKnown() {
		// HCL drops the marks when it gives up on an unknown list of
		// arguments, and so do some functions.
		res = res.WithMarks(marks...)
	}
	return res, diags
}

func (e *evaluator) unknownFunction(x *hclsyntax.FunctionCallExpr) *hcl.Diagnostic {
	names := append(slices.Collect(maps.Keys(e.funcs)), "try", "can")
	slices.Sort(names)
	detail := fmt.Sprintf("There is no function named %q.", x.Name)
	if s := Suggest(x.Name, names); s != "" {
		detail += fmt.Sprintf(" Did you mean %q?", s)
	} else if why, ok := impure[x.Name]; ok {
		detail += " " + why
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Call to unknown function",
		Detail:   detail,
		Subject:  x.NameRange.Ptr(),
		Context:  x.Range().Ptr(),
		Extra:    never{},
	}
}

// impure explains what to use in place of functions that people look for and
// that cannot be: the value of an expression may only depend on what erg sees.
var impure = map[string]string{
	"env":       "Declare a variable block, and set it with --var or ERG_VAR_NAME.",
	"getenv":    "Declare a variable block, and set it with --var or ERG_VAR_NAME.",
	"timestamp": "Expressions cannot read the clock: a build must not depend on when it runs.",
	"uuid":      "Expressions are pure: a build must not depend on chance.",
	"shell":     "Programs run as actions: declare an output with run, or a rule.",
	"exec":      "Programs run as actions: declare an output with run, or a rule.",
	"run":       "Programs run as actions: declare an output with run, or a rule.",
}

// deepMarks returns all marks in a value.
func deepMarks(val cty.Value) cty.ValueMarks {
	_, marks := val.UnmarkDeep()
	return marks
}
