package lang

import "github.com/hashicorp/hcl/v2"

// dedupe drops repetitions, which come from evaluating a part several times:
// once per element of a `for`.
func dedupe(diags hcl.Diagnostics) hcl.Diagnostics {
	if len(diags) < 2 {
		return diags
	}
	type key struct {
		severity hcl.DiagnosticSeverity
		summary  string
		detail   string
		subject  hcl.Range
	}
	seen := make(map[key]bool, len(diags))
	out := make(hcl.Diagnostics, 0, len(diags))
	for _, d := range diags {
		k := key{severity: d.Severity, summary: d.Summary, detail: d.Detail}
		if d.Subject != nil {
			k.subject = *d.Subject
		}
		if !seen[k] {
			seen[k] = true
			out = append(out, d)
		}
	}
	return out
}
