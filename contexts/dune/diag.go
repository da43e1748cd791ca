package dune

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// errorAt makes one error diagnostic.
func errorAt(rng hcl.Range, summary, format string, args ...any) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &rng}}
}
