package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
)

// typeWithDefaults reads a type expression: string, number, bool, any, list(T),
// set(T), map(T), tuple([…]), object({name = T, other = optional(T)}); with the
// defaults of optional attributes, or nil.
func typeWithDefaults(expr hcl.Expression) (cty.Type, *typeexpr.Defaults, hcl.Diagnostics) {
	if expr == nil {
		return cty.DynamicPseudoType, nil, nil
	}
	return typeexpr.TypeConstraintWithDefaults(expr)
}

// TypeString spells a type as type expressions do. Types with opaque parts
// (contexts, toolchains, libraries) have no such spelling.
func TypeString(ty cty.Type) string {
	if hasCapsule(ty) {
		return ty.FriendlyName()
	}
	return typeexpr.TypeString(ty)
}

func hasCapsule(ty cty.Type) bool {
	switch {
	case ty.IsCapsuleType():
		return true
	case ty.IsCollectionType():
		return hasCapsule(ty.ElementType())
	case ty.IsTupleType():
		return slices.ContainsFunc(ty.TupleElementTypes(), hasCapsule)
	case ty.IsObjectType():
		for _, a := range ty.AttributeTypes() {
			if hasCapsule(a) {
				return true
			}
		}
	}
	return false
}

// A TypeConstraint is what a `type` attribute demands of a value.
type TypeConstraint struct {
	Type     cty.Type           // cty.DynamicPseudoType if any type will do
	Defaults *typeexpr.Defaults // of optional attributes; nil if there are none
	Expr     hcl.Expression     // nil if there is no such attribute
}

func (d *decoder) typeConstraint(expr hcl.Expression) TypeConstraint {
	ty, defaults, diags := typeWithDefaults(expr)
	d.diags = append(d.diags, diags...)
	return TypeConstraint{Type: ty, Defaults: defaults, Expr: expr}
}
