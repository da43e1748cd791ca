package rules

import (
	"path"
	"slices"
	"strings"

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
	if b.Ctypes != nil {
		diags = append(diags, no(b.Ctypes.Range, "ctypes")...)
	}
	if l, ok := s.(*dune.Library); ok {
		if l.Stdlib {
			diags = append(diags, no(l.At(), "stdlib")...)
		}
		if l.SpecialBuiltin != nil {
			diags = append(diags, no(l.At(), "special_builtin_support")...)
		}
	}
	for i := range d.project.Dialects {
		diags = append(diags, d.inDialect(&d.project.Dialects[i])...)
	}
	if diags.HasErrors() {
		return diags
	}
	return nil
}

// inDialect complains of sources of a dialect, which nothing would compile.
func (d *dir) inDialect(x *dune.Dialect) hcl.Diagnostics {
	for _, m := range d.members() {
		for _, ext := range []string{x.Implementation.Extension, x.Interface.Extension} {
			i := slices.IndexFunc(m.names, func(n string) bool { return ext != "" && strings.HasSuffix(n, "."+ext) })
			if i >= 0 {
				return errorAt(x.Range, "Not supported", "%s is written in the dialect %s, and erg compiles OCaml's own syntax alone.", path.Join(m.path, m.names[i]), x.Name)
			}
		}
	}
	return nil
}
