// Package lang evaluates the expressions of erg's configuration files.
//
// It walks HCL's syntax tree itself and leaves only the leaves of the work to
// HCL: operators, function calls, indexing. HCL's own evaluation asks for
// every variable that an expression mentions, before it looks at it. That is
// wrong for a build: a reference may cost a build, the other side of a
// conditional may refer to something that does not exist, and the key of an
// instance may itself have to be computed first. So here
//
//   - a reference is resolved when, and only when, its value is needed, and as
//     one path: context.app[each.key].output.size reaches the Scope as a
//     single Ref whose steps are evaluated already;
//   - a conditional decides first and then evaluates one side;
//   - try and can judge their arguments one after the other;
//   - an error in one part of an expression does not hide those in the others:
//     that part becomes an unknown value, and evaluation goes on.
//
// Values are cty values. What is not known yet is an unknown of its declared
// type, so that planning is evaluation like any other. Marks (the artifacts
// that strings name, sensitive values) survive every operation.
//
// The package does not know what contexts, settings or toolchains are: that is
// behind the Scope. It reads no files: that is behind the FileSource.
//
// Start reading at Eval (eval.go); references are in ref.go, control flow in
// conditional.go, for.go and try.go.
package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// A Scope resolves references. It is asked only for what an evaluation really
// needs, and may block until that is there.
type Scope interface {
	// Resolve returns the value of a reference, and how many of its steps led
	// to that value; the steps that are left select attributes and elements of
	// it in the ordinary way. The steps hold as much of the path as the
	// expression gives. Their keys are evaluated, and may be unknown.
	//
	// On errors the value goes on into the evaluation, to find further errors:
	// an unknown of the right type where the type is known, or else
	// cty.DynamicVal. (The zero Value counts as cty.DynamicVal, with all steps
	// used.)
	Resolve(ref Ref) (val cty.Value, used int, diags hcl.Diagnostics)

	// Roots lists the names that references may start with. Resolve is called
	// for no other.
	Roots() []string

	// Functions are the functions that may be called. The evaluator adds try
	// and can. It is asked once for each Eval; the map is not changed.
	Functions() map[string]function.Function
}

// A Selector is a Scope that can look into opaque values (capsules), so that
// one may be passed around before something of it is selected, as in
// [for c in [context.a, context.b] : c.output.x].
type Selector interface {
	Scope

	// Select is Resolve for a reference that starts from a known, non-null
	// value of a capsule type without marks. The Ref has no Root. If no step
	// is used, there is the usual error about a value without attributes.
	Select(val cty.Value, ref Ref) (res cty.Value, used int, diags hcl.Diagnostics)
}

// A Ref is a reference: a root name and a path of steps from it.
type Ref struct {
	Root  string
	Steps []Step
	Range hcl.Range // of the whole reference
}

// A Step selects an attribute by name, .name, or an element by key, [key].
type Step struct {
	Name  string    // "" for a key
	Key   cty.Value // cty.NilVal for a name
	Range hcl.Range
}

// IsKey reports whether the step is written [key].
func (s Step) IsKey() bool { return s.Key != cty.NilVal }

// Text returns the name, or the key where it is a known string or number, and
// whether there is any. References by .name and ["name"] often mean the same,
// and this is how to treat them alike. Marks are dropped.
func (s Step) Text() (string, bool) {
	if !s.IsKey() {
		return s.Name, true
	}
	return keyText(s.Key)
}

// RangeOf returns the range from the root through the first n steps.
func (r Ref) RangeOf(n int) hcl.Range {
	if n <= 0 || len(r.Steps) == 0 {
		rng := r.Range
		if len(r.Steps) > 0 && r.Steps[0].Range.Start.Byte > rng.Start.Byte {
			rng.End = r.Steps[0].Range.Start
		}
		return rng
	}
	return hcl.RangeBetween(r.Range, r.Steps[min(n, len(r.Steps))-1].Range)
}
