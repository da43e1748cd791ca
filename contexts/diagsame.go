package contexts

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/rules"
)

// longest drops diagnostics that others of the same cause say more about.
func longest(diags hcl.Diagnostics) hcl.Diagnostics {
	var out hcl.Diagnostics
	for _, d := range diags {
		same, ok := d.Extra.(rules.Same)
		i := slices.IndexFunc(out, func(o *hcl.Diagnostic) bool {
			other, is := o.Extra.(rules.Same)
			return ok && is && other == same && sameRange(o.Subject, d.Subject)
		})
		switch {
		case i < 0:
			out = append(out, d)
		case len(out[i].Detail) < len(d.Detail):
			out[i] = d
		}
	}
	return out
}

// together says once what holds in several contexts alike: five of them should
// not take five times as long to read.
func together(diags hcl.Diagnostics) hcl.Diagnostics {
	type group struct {
		first    *hcl.Diagnostic
		at       int
		text     string // without the context
		contexts []string
	}
	const what = "context "
	var out hcl.Diagnostics
	var groups []*group
	for _, d := range diags {
		same, ok := d.Extra.(rules.Same)
		before, after, found := strings.Cut(d.Detail, what+same.Context)
		if !ok || !found || strings.Contains(after, same.Context) {
			out = append(out, d)
			continue
		}
		text := before + "\x00" + after
		i := slices.IndexFunc(groups, func(g *group) bool {
			return g.text == text && g.first.Summary == d.Summary && sameRange(g.first.Subject, d.Subject)
		})
		if i < 0 {
			groups = append(groups, &group{d, len(out), text, []string{same.Context}})
			out = append(out, d)
			continue
		}
		groups[i].contexts = append(groups[i].contexts, same.Context)
	}
	for _, g := range groups {
		if len(g.contexts) == 1 {
			continue
		}
		slices.Sort(g.contexts)
		d := *g.first
		n := len(g.contexts) - 1
		d.Detail = strings.Replace(g.text, "\x00", "contexts "+strings.Join(g.contexts[:n], ", ")+" and "+g.contexts[n], 1)
		out[g.at] = &d
	}
	return out
}
