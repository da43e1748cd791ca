package rules

import (
	"cmp"
	"slices"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
)

// rewriter is the program that is installed with a rewriter, for those who
// build without dune: META tells compilers to run it. It is the driver of this
// rewriter alone, and the host's. A rewriter that nothing drives has none.
func (b *installer) rewriter(t *engine.Task, d *dir, s *dune.Library, l *library) (string, error) {
	if !slices.ContainsFunc(closure([]*library{l}), func(l *library) bool { return l.driver != nil }) {
		return "", nil
	}
	host, err := b.r.w.Host(t, b.ctx)
	if err != nil {
		return "", err
	}
	name := dune.Text{Value: cmp.Or(s.PublicName.Value, libraryName(s)), Range: s.At()}
	k, err := b.r.driverOf(t, d, host, &dune.Preprocess{Pps: []dune.Text{name}})
	if err != nil {
		return "", err
	}
	x, err := b.r.driverQ.Get(t, k)
	if err != nil {
		return "", err
	}
	return x.path, nil
}

// installedDriver is what a library says of drivers, for its dune-package.
func installedDriver(s *dune.Library, names func(string) string) *sexp.Node {
	if s.PpxDriver == nil {
		return nil
	}
	out := &sexp.Node{Kind: sexp.List, Items: []*sexp.Node{atom("ppx.driver")}}
	for _, name := range []string{"flags", "lint_flags", "main", "replaces"} {
		i := slices.IndexFunc(s.PpxDriver.Fields, func(n *sexp.Node) bool { h, _ := n.Head(); return h == name })
		switch {
		case i < 0 && (name == "flags" || name == "lint_flags"):
			out.Items = append(out.Items, &sexp.Node{Kind: sexp.List, Items: []*sexp.Node{atom(name), atom(":standard")}})
		case i < 0:
		case name == "replaces":
			out.Items = append(out.Items, renamed(s.PpxDriver.Fields[i], names))
		default:
			out.Items = append(out.Items, s.PpxDriver.Fields[i])
		}
	}
	return out
}
