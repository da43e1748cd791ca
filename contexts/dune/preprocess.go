package dune

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A PreprocessKind says how sources are preprocessed.
type PreprocessKind uint8

// The kinds of preprocessing.
const (
	PreprocessNone PreprocessKind = iota
	PreprocessPps
	PreprocessStagedPps
	PreprocessAction
	PreprocessFutureSyntax
)

// A Preprocess says how some modules are preprocessed.
type Preprocess struct {
	Kind    PreprocessKind
	Modules []Text     // nil: all that no other element names
	Pps     []Text     // libraries
	Flags   []Template // for the driver
	Action  *Action    // %{input-file} is the source
	Range   hcl.Range
}

// Instrumentation is (instrumentation (backend LIB flags…) (deps …)).
type Instrumentation struct {
	Backend Text
	Flags   []Template
	Deps    []Dep
	Range   hcl.Range
}

// preprocessing reads how modules are preprocessed, and what that depends on.
func (f *fields) preprocessing() ([]Preprocess, []Dep) {
	pps := f.get("preprocess").preprocess()
	deps := f.get("preprocessor_deps")
	useful := slices.ContainsFunc(pps, func(p Preprocess) bool {
		return p.Kind != PreprocessNone && p.Kind != PreprocessFutureSyntax
	})
	if deps != nil && !useful {
		if f.r.lang.AtLeast(2, 0) {
			f.r.errorf(deps.at(), "Unused field", "preprocessor_deps has no effect, since no preprocessor is given that might use it.")
		} else {
			f.r.note(deps.at(), "preprocessor_deps", "preprocessor_deps has no effect, since no preprocessor is given that might use it.")
		}
		return pps, nil
	}
	return pps, deps.deps()
}

// preprocess reads (preprocess SPEC) or (preprocess (per_module (SPEC MODULE…)…)).
func (a *field) preprocess() []Preprocess {
	n := a.one()
	if n == nil {
		return nil
	}
	if head, _ := n.Head(); head != "per_module" {
		return []Preprocess{a.r.preprocess(n)}
	}
	var all []Preprocess
	seen := make(map[string]bool)
	for _, item := range n.Items[1:] {
		if item.Kind != sexp.List || len(item.Items) == 0 {
			a.r.errorf(item.Range, "Wrong preprocessing", "It is (per_module (SPEC MODULE…)…).")
			continue
		}
		p := a.r.preprocess(item.Items[0])
		p.Modules = append([]Text{}, a.r.texts(item.Items[1:])...)
		for i, m := range p.Modules {
			if !validModule(m.Value) {
				a.r.errorf(m.Range, summaryName, "%q is no name of a module.", m)
			} else {
				p.Modules[i].Value = strings.ToUpper(m.Value[:1]) + m.Value[1:]
			}
			if seen[p.Modules[i].Value] {
				a.r.errorf(m.Range, "Module given twice", "How %s is preprocessed is said already.", m)
			}
			seen[p.Modules[i].Value] = true
		}
		all = append(all, p)
	}
	return all
}

// preprocess reads one way to preprocess.
func (r *reader) preprocess(n *sexp.Node) Preprocess {
	p := Preprocess{Range: n.Range}
	head, isList := n.Head()
	if !isList {
		head, _ = n.Text()
	}
	items := n.Items[min(1, len(n.Items)):]
	switch head {
	case "no_preprocessing":
	case "future_syntax":
		since(1, 8)(r, "'future_syntax'", n.Range)
		p.Kind = PreprocessFutureSyntax
	case "action":
		p.Kind = PreprocessAction
		if len(items) != 1 {
			r.errorf(n.Range, "Wrong preprocessing", "It is (action ACTION).")
			return Preprocess{Range: n.Range}
		}
		p.Action = r.action(items[0])
	case "pps":
		p.Kind = PreprocessPps
		r.pps(&p, items)
	case "staged_pps":
		since(1, 1)(r, "'staged_pps'", n.Range)
		p.Kind = PreprocessStagedPps
		r.pps(&p, items)
	default:
		words := []string{"no_preprocessing", "action", "pps", "staged_pps", "future_syntax"}
		r.errorf(n.Range, "Unknown preprocessing", "%s is not known here.%s It may be %s.", n, hint(head, slices.Clone(words)), enumerate(words, "or"))
	}
	return p
}

// pps reads the arguments of (pps LIBRARY… FLAG… -- FLAG…).
func (r *reader) pps(p *Preprocess, items []*sexp.Node) {
	flags := false // after --
	for _, n := range items {
		if n.IsAtom("--") && !flags {
			flags = true
			continue
		}
		first := ""
		if len(n.Parts) > 0 {
			first = n.Parts[0].Text
		}
		switch {
		case flags, strings.HasPrefix(first, "-"), strings.HasPrefix(first, "+"):
			if !flags && first[0] == '+' {
				since(3, 18)(r, "An argument of a ppx that begins with +", n.Range)
			}
			t := r.template(n)
			if _, ok := t.Text(); !ok {
				since(1, 10)(r, "A variable in flags for a ppx", n.Range)
			}
			p.Flags = append(p.Flags, t)
		default:
			p.Pps = append(p.Pps, r.libName(n))
		}
	}
	if len(p.Pps) == 0 {
		r.errorf(p.Range, "No rewriter", "At least one ppx rewriter must be named.")
	}
}

// instrumentation reads (instrumentation (backend LIBRARY FLAG…) (deps …)).
func (a *field) instrumentation() Instrumentation {
	f := a.fields()
	in := Instrumentation{Deps: f.get("deps", since(2, 9)).deps(), Range: a.at()}
	if b := f.need("backend"); b != nil {
		if len(b.args) == 0 {
			b.one()
		} else {
			in.Backend = a.r.libName(b.args[0])
			in.Flags = a.r.templates(b.args[1:])
			if len(in.Flags) > 0 {
				since(2, 8)(a.r, "An argument of an instrumentation backend", in.Flags[0].Range)
			}
		}
	}
	f.end()
	return in
}
