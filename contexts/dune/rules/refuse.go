package rules

import (
	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
)

// refuse complains of fields that dune knows and erg cannot do, in a stanza
// that is to be built: without them something else would be built than dune
// builds.
func (r *Rules) refuse(d *dir, s dune.Stanza, b *dune.Buildable) error {
	no := func(at hcl.Range, field string) hcl.Diagnostics {
		return errorAt(at, "Not supported", "erg cannot do what %s asks for.", field)
	}
	var diags hcl.Diagnostics
	if l, ok := s.(*dune.Library); ok {
		if l.Stdlib {
			diags = append(diags, no(l.At(), "stdlib")...)
		}
		if b := l.SpecialBuiltin; b != nil && b.Kind == "configurator" {
			diags = append(diags, no(l.At(), "special_builtin_support")...)
		}
	}
	if diags.HasErrors() {
		return diags
	}
	return nil
}
