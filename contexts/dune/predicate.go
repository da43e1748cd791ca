package dune

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A PredicateOp says how a Predicate is made.
type PredicateOp uint8

// The operations of the predicate language.
const (
	PredicateStandard PredicateOp = iota
	PredicateElement
	PredicateNot  // Args[0]
	PredicateAnd  // all Args
	PredicateOr   // one of Args; with none, nothing
	PredicateDiff // Args[0] and not Args[1]
)

// A Predicate is an expression of the predicate language: over names, where
// elements are globs, or over exit codes, where they are numbers. Its zero
// value is :standard.
type Predicate struct {
	Op    PredicateOp
	Glob  Glob // of an element over names
	Code  int  // of an element over exit codes
	Args  []Predicate
	Range hcl.Range
}

// Match reports whether a name is in a predicate over names. Standard says
// whether it is in :standard.
func (p *Predicate) Match(name string, standard bool) bool {
	return p.eval(standard, func(e *Predicate) bool { return e.Glob.Match(name) })
}

// MatchCode reports whether an exit code is in a predicate over exit codes,
// where :standard is 0.
func (p *Predicate) MatchCode(code int) bool {
	return p.eval(code == 0, func(e *Predicate) bool { return e.Code == code })
}

func (p *Predicate) eval(standard bool, element func(*Predicate) bool) bool {
	switch p.Op {
	case PredicateStandard:
		return standard
	case PredicateElement:
		return element(p)
	case PredicateNot:
		return !p.Args[0].eval(standard, element)
	case PredicateDiff:
		return p.Args[0].eval(standard, element) && !p.Args[1].eval(standard, element)
	}
	decides := p.Op == PredicateOr
	for i := range p.Args {
		if p.Args[i].eval(standard, element) == decides {
			return decides
		}
	}
	return !decides
}

// An elementReader reads an element of a predicate.
type elementReader func(n *sexp.Node) Predicate

// globElement reads an element that is a glob.
func (r *reader) globElement(n *sexp.Node) Predicate {
	return Predicate{Op: PredicateElement, Glob: r.glob(n), Range: n.Range}
}

// predicate reads items as a predicate: op of them, or what is before \
// without what is after it.
func (r *reader) predicate(op PredicateOp, items []*sexp.Node, rng hcl.Range, element elementReader) Predicate {
	p := Predicate{Op: op, Range: rng}
	for i, n := range items {
		if n.IsAtom(`\`) {
			return Predicate{Op: PredicateDiff, Args: []Predicate{p, r.predicate(PredicateOr, items[i+1:], rng, element)}, Range: rng}
		}
		p.Args = append(p.Args, r.predicateItem(n, element))
	}
	return p
}

func (r *reader) predicateItem(n *sexp.Node, element elementReader) Predicate {
	if n.Kind == sexp.List {
		head, ok := n.Head()
		switch {
		case head == "or":
			return r.predicate(PredicateOr, n.Items[1:], n.Range, element)
		case head == "and":
			return r.predicate(PredicateAnd, n.Items[1:], n.Range, element)
		case head == "not":
			return Predicate{Op: PredicateNot, Args: []Predicate{r.predicate(PredicateOr, n.Items[1:], n.Range, element)}, Range: n.Range}
		case head == ":include":
			r.errorf(n.Range, "No files here", "(:include FILE) may not be used here.")
			return Predicate{Op: PredicateOr, Range: n.Range}
		case ok && head != "" && !strings.HasPrefix(head, "-") && !strings.HasPrefix(head, ":") && head != `\`:
			r.errorf(n.Items[0].Range, "Quotes needed", "This must be in quotes, since it is the first element of a list and begins with neither - nor :.")
		}
		return r.predicate(PredicateOr, n.Items, n.Range, element)
	}
	if text, ok := n.Text(); ok && n.Kind == sexp.Atom && strings.HasPrefix(text, ":") {
		if text != ":standard" {
			r.errorf(n.Range, "Unknown symbol", "There is no %s.%s", text, hint(text, []string{":standard"}))
		}
		return Predicate{Op: PredicateStandard, Range: n.Range}
	}
	return element(n)
}

// predicate reads the arguments of a field as a predicate over names. It is
// nil for a field that is not there.
func (a *field) predicate() *Predicate {
	if a == nil {
		return nil
	}
	p := a.r.predicate(PredicateOr, a.args, a.node.Range, a.r.globElement)
	return &p
}
