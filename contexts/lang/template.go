package lang

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// evalTemplate evaluates a quoted string or heredoc with interpolations.
func (e *evaluator) evalTemplate(x *hclsyntax.TemplateExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	node := &hclsyntax.TemplateExpr{Parts: make([]hclsyntax.Expression, len(x.Parts)), SrcRange: x.SrcRange}
	for i, part := range x.Parts {
		val, more := e.eval(part, vars)
		diags = append(diags, more...)
		e.note(val)
		node.Parts[i] = literal(val, part)
	}
	res, more := node.Value(nil)
	return res, append(diags, finish(more, x, vars)...)
}

// evalTemplateJoin joins what a %{for} directive produced. HCL's own version
// loses the marks of unknown parts, so this does not use it.
func (e *evaluator) evalTemplateJoin(x *hclsyntax.TemplateJoinExpr, vars *env) (cty.Value, hcl.Diagnostics) {
	tuple, diags := e.eval(x.Tuple, vars)
	tuple, tupleMarks := tuple.Unmark()
	marks := []cty.ValueMarks{tupleMarks}
	if tuple.IsNull() || !tuple.IsKnown() || !tuple.CanIterateElements() {
		return cty.UnknownVal(cty.String).RefineNotNull().WithMarks(marks...), diags
	}
	known := true
	var b strings.Builder
	for it := tuple.ElementIterator(); it.Next(); {
		_, part := it.Element()
		e.note(part)
		part, partMarks := part.Unmark()
		marks = append(marks, partMarks)
		d := &hcl.Diagnostic{
			Severity:    hcl.DiagError,
			Summary:     "Invalid template interpolation value",
			Subject:     x.Range().Ptr(),
			Expression:  x,
			EvalContext: vars.context(),
		}
		if part.IsNull() {
			d.Detail = "An iteration result is null. Cannot include a null value in a string template."
			known, diags = false, append(diags, d)
			continue
		}
		str, err := convert.Convert(part, cty.String)
		if err != nil {
			d.Detail = "Cannot include one of the iteration results in the string template: " + err.Error() + "."
			known, diags = false, append(diags, d)
			continue
		}
		if !str.IsKnown() {
			known = false
			continue
		}
		b.WriteString(str.AsString())
	}
	if !known {
		return cty.UnknownVal(cty.String).RefineNotNull().WithMarks(marks...), diags
	}
	return cty.StringVal(b.String()).WithMarks(marks...), diags
}
