package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
)

// A backend is a library that says how the tests inside of libraries are
// collected and run.
type backend struct {
	lib  *library
	info *dune.InlineTestsBackend
}

// backendsOf finds out how the tests of a library are run: as it says itself,
// or as the libraries and rewriters say that it uses. A backend that extends
// others follows them.
func (r *Rules) backendsOf(t *engine.Task, c addr.Context, d *dir, s *dune.Library, l *library) ([]*backend, error) {
	at := s.InlineTests.Range
	var found []*library
	if name := s.InlineTests.Backend; name.Given() {
		b, err := r.find(t, c, d.project, name)
		if err != nil {
			return nil, wanted(err, fmt.Sprintf("the inline tests of library %q in %s", l.name, orTop(d.path)))
		}
		if b.backend() == nil {
			return nil, errorAt(name.Range, "Not an inline tests backend", "%s is not an inline tests backend.", name)
		}
		found = []*library{b}
	} else {
		rewriters, err := r.rewriters(t, c, d, s.Preprocess)
		if err != nil {
			return nil, err
		}
		found = append(slices.Clone(l.deps), rewriters...)
	}
	var all []*backend
	extended := map[*library]bool{}
	for _, b := range found {
		if b.backend() == nil {
			continue
		}
		var err error
		if all, err = r.extending(t, c, b, all, extended); err != nil {
			return nil, err
		}
	}
	var roots []string
	for _, b := range all {
		if !extended[b.lib] {
			roots = append(roots, fmt.Sprintf("\n- %q in %s", b.lib.name, b.lib.where()))
		}
	}
	switch len(roots) {
	case 0:
		return nil, errorAt(at, "No inline tests backend", "No inline tests backend found: none of the libraries and preprocessors that library %q uses says how to run its inline tests. Name one: (inline_tests (backend LIBRARY)).", l.name)
	case 1:
		return all, nil
	}
	return nil, errorAt(at, "Several inline tests backends", "Too many independent inline tests backends found:%s\nName one: (inline_tests (backend LIBRARY)).", strings.Join(roots, ""))
}

// extending adds a backend to a list, behind those that it extends.
func (r *Rules) extending(t *engine.Task, c addr.Context, l *library, all []*backend, extended map[*library]bool) ([]*backend, error) {
	if slices.ContainsFunc(all, func(o *backend) bool { return o.lib.same(l) }) {
		return all, nil
	}
	b := &backend{l, l.backend()}
	for _, name := range b.info.Extends {
		o, err := r.findFor(t, l, c, name)
		if err != nil {
			return nil, wanted(err, fmt.Sprintf("the inline tests backend %q", l.name))
		}
		if o.backend() == nil {
			return nil, errorAt(name.Range, "Not an inline tests backend", "%q is not an inline tests backend.", name)
		}
		if all, err = r.extending(t, c, o, all, extended); err != nil {
			return nil, err
		}
		for _, other := range all {
			if other.lib.same(o) {
				extended[other.lib] = true
			}
		}
	}
	return append(all, b), nil
}

// findFor finds a library in a context by the name that another library calls
// it by.
func (r *Rules) findFor(t *engine.Task, l *library, c addr.Context, name dune.Text) (*library, error) {
	if l.dir == nil {
		return r.outside(t, c, name.Value)
	}
	return r.find(t, c, l.dir.project, name)
}

// backend is what a library says of inline tests, nil for nothing.
func (l *library) backend() *dune.InlineTestsBackend {
	switch {
	case l.stanza != nil:
		return l.stanza.InlineTestsBackend
	case l.inst != nil:
		return l.inst.backend
	}
	return nil
}

// where is where a library lies, for messages.
func (l *library) where() string {
	switch {
	case l.dir != nil:
		return orTop(l.dir.path)
	case l.inst != nil:
		return l.inst.Dir
	}
	return "the compiler's distribution"
}

// rewriters lists the rewriters that sources are preprocessed with, of the
// host, with all that they need.
func (r *Rules) rewriters(t *engine.Task, c addr.Context, d *dir, list []dune.Preprocess) ([]*library, error) {
	var libs []*library
	err := r.eachRewriter(t, c, d, list, func(_ dune.Text, l *library) { libs = append(libs, l) })
	return closure(libs), err
}

// readBackend reads what an installed library says of inline tests and
// cookies.
func (r *Rules) readBackend(in *installed) error {
	var diags hcl.Diagnostics
	if in.Backend != nil {
		in.backend, diags = dune.ReadInlineTestsBackend(in.Backend)
	}
	if len(in.Cookies) > 0 {
		cookies, more := dune.ReadCookies(in.Cookies)
		in.cookies, diags = cookies, append(diags, more...)
	}
	return r.w.Report(diags)
}

// installedBackend is what a library says of inline tests, for its
// dune-package: libraries have the names by which others find them.
func installedBackend(l *library, names func(string) string) *sexp.Node {
	b := l.stanza.InlineTestsBackend
	if b == nil {
		return nil
	}
	out := &sexp.Node{Kind: sexp.List, Items: []*sexp.Node{atom("inline_tests.backend")}}
	for _, name := range []string{"runner_libraries", "flags", "list_partitions_flags", "generate_runner", "extends"} {
		i := slices.IndexFunc(b.Fields, func(n *sexp.Node) bool { h, _ := n.Head(); return h == name })
		switch {
		case i < 0 && name == "flags":
			out.Items = append(out.Items, &sexp.Node{Kind: sexp.List, Items: []*sexp.Node{atom("flags"), atom(":standard")}})
		case i < 0:
		case name == "runner_libraries" || name == "extends":
			out.Items = append(out.Items, renamed(b.Fields[i], names))
		default:
			out.Items = append(out.Items, b.Fields[i])
		}
	}
	return out
}

// renamed is a field with the names in it changed.
func renamed(n *sexp.Node, names func(string) string) *sexp.Node {
	out := &sexp.Node{Kind: sexp.List, Items: slices.Clone(n.Items)}
	for i, x := range out.Items[1:] {
		if name, ok := x.Text(); ok {
			out.Items[i+1] = atom(names(name))
		}
	}
	return out
}

// installedCookies are the cookies that a library wants, for its dune-package.
func installedCookies(s *dune.Library) []*sexp.Node {
	var out []*sexp.Node
	for _, c := range s.Cookies {
		value := &sexp.Node{Kind: sexp.Atom, Parts: c.Value.Parts}
		if c.Value.Quoted {
			value.Kind = sexp.Quoted
		}
		out = append(out, &sexp.Node{Kind: sexp.List, Items: []*sexp.Node{atom(c.Name), value}})
	}
	return out
}

func atom(text string) *sexp.Node {
	return &sexp.Node{Kind: sexp.Atom, Parts: []sexp.Part{{Text: text}}}
}
