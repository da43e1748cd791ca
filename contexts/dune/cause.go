package dune

import "github.com/hashicorp/hcl/v2"

// causes returns the diagnostics without those errors that only follow from
// another one: a field is missing when its name is misspelt, what could not be
// read is no good name either, and a field that is too new may hold what is too.
func causes(diags hcl.Diagnostics) hcl.Diagnostics {
	var out hcl.Diagnostics
	for i, d := range diags {
		if d.Severity != hcl.DiagError || !follows(d, i, diags) {
			out = append(out, d)
		}
	}
	return out
}

// follows reports whether d, the one at i, follows from another error.
func follows(d *hcl.Diagnostic, i int, diags hcl.Diagnostics) bool {
	for j, c := range diags {
		if j == i || c.Severity != hcl.DiagError {
			continue
		}
		switch {
		case d.Summary == summaryMissing:
			if (c.Summary == summaryUnknown || c.Summary == summaryNoField) && within(c.Subject, d.Subject) {
				return true
			}
		case d.Summary == summaryNewer && c.Summary == summaryNewer:
			if within(d.Subject, c.Subject) && (j < i || !within(c.Subject, d.Subject)) {
				return true
			}
		case d.Summary == summaryName && c.Summary == summaryNoText:
			if within(d.Subject, c.Subject) {
				return true
			}
		}
	}
	return false
}

// Summaries of errors that others follow from, or that follow from others.
const (
	summaryMissing = "Missing field"
	summaryUnknown = "Unknown field"
	summaryNoField = "Not a field"
	summaryNewer   = "Newer language needed"
	summaryName    = "Invalid name"
	summaryNoText  = "Not text"
)

// within reports whether a lies in b.
func within(a, b *hcl.Range) bool {
	return a.Filename == b.Filename && b.Start.Byte <= a.Start.Byte && a.End.Byte <= b.End.Byte
}
