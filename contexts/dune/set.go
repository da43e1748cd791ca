package dune

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A SetOp says how a Set is made.
type SetOp uint8

// The operations of the ordered set language.
const (
	SetStandard SetOp = iota // :standard, also for a field that is not there
	SetElement               // Element
	SetUnion                 // of Sets, in order; none: the empty set
	SetDiff                  // Sets[0] \ Sets[1]
	SetInclude               // (:include Element): the set that the file Element holds
)

// A Set is an expression of the ordered set language. Its zero value is :standard.
type Set struct {
	Op      SetOp
	Element Template
	Sets    []Set
	Range   hcl.Range
}

// Given reports whether the set is written in a file.
func (s *Set) Given() bool { return s.Range.Filename != "" }

// Find returns the first element that is written in the set, as it stands
// there, and that match accepts.
func (s *Set) Find(match func(string) bool) (Text, bool) {
	if s.Op == SetElement {
		text, ok := s.Element.Text()
		return Text{text, s.Element.Range}, ok && match(text)
	}
	for i := range s.Sets {
		if t, ok := s.Sets[i].Find(match); ok {
			return t, true
		}
	}
	return Text{}, false
}

// A SetEval is what a Set is evaluated with.
type SetEval struct {
	Standard []string
	Expand   Expander
	// Include returns the set in a file; see ReadSet. Nil: no file may be included.
	Include func(file string, at hcl.Range) (Set, error)
	// Equal says which elements are the same. Nil: those that are equal.
	Equal func(a, b string) bool
}

// Eval returns the elements of a set, in order, as often as they are in it.
func (s *Set) Eval(e SetEval) ([]string, error) {
	switch s.Op {
	case SetStandard:
		return e.Standard, nil
	case SetElement:
		return s.Element.Expand(e.Expand)
	case SetDiff:
		left, err := s.Sets[0].Eval(e)
		if err != nil {
			return nil, err
		}
		right, err := s.Sets[1].Eval(e)
		if err != nil {
			return nil, err
		}
		return e.without(left, right), nil
	case SetInclude:
		if e.Include == nil {
			return nil, errorAt(s.Range, "No files here", "(:include FILE) may not be used here.")
		}
		file, err := s.Element.ExpandOne(e.Expand)
		if err != nil {
			return nil, err
		}
		in, err := e.Include(file, s.Element.Range)
		if err != nil {
			return nil, err
		}
		e.Include = nil
		return in.Eval(e)
	}
	var all []string
	for i := range s.Sets {
		elements, err := s.Sets[i].Eval(e)
		if err != nil {
			return nil, err
		}
		all = append(all, elements...)
	}
	return all, nil
}

// without returns the elements of left that are not in right.
func (e *SetEval) without(left, right []string) []string {
	drop := make(map[string]bool, len(right))
	for _, r := range right {
		drop[r] = true
	}
	return slices.DeleteFunc(slices.Clone(left), func(l string) bool {
		return drop[l] || e.Equal != nil && slices.ContainsFunc(right, func(r string) bool { return e.Equal(l, r) })
	})
}

// Templates returns all elements that are written in a set, also those that
// are taken away, but no names of included files.
func (s *Set) Templates() []Template {
	var all []Template
	if s.Op == SetElement {
		all = append(all, s.Element)
	}
	for i := range s.Sets {
		all = append(all, s.Sets[i].Templates()...)
	}
	return all
}

// Includes returns the names of the files that a set includes.
func (s *Set) Includes() []Template {
	var all []Template
	if s.Op == SetInclude {
		all = append(all, s.Element)
	}
	for i := range s.Sets {
		all = append(all, s.Sets[i].Includes()...)
	}
	return all
}

// constant reports whether a set says all without variables and files.
func (s *Set) constant() bool {
	for _, t := range s.Templates() {
		if _, ok := t.Text(); !ok {
			return false
		}
	}
	return len(s.Includes()) == 0
}

// ReadSet reads a file that a set includes: one list, or one element, without
// variables and further files.
func ReadSet(filename string, src []byte, p *Project) (Set, hcl.Diagnostics) {
	r := p.reader()
	nodes := r.parse(filename, src)
	set := Set{Op: SetUnion, Range: startOf(filename, 0)}
	switch {
	case r.diags.HasErrors():
	case len(nodes) != 1:
		r.errorf(set.Range, "Not a set", "The file must hold one s-expression, a list of elements; it holds %d.", len(nodes))
	case nodes[0].Kind == sexp.List:
		set = r.set(nodes[0].Items, nodes[0].Range)
	default:
		set = r.setItem(nodes[0])
	}
	if !set.constant() {
		r.errorf(set.Range, "No variables here", "Neither variables nor (:include …) may be used in a file that a set includes.")
	}
	return set, r.diags
}

// set reads items as a set: their union, or what is before \ without what is
// after it.
func (r *reader) set(items []*sexp.Node, rng hcl.Range) Set {
	union := Set{Op: SetUnion, Range: rng}
	for i, n := range items {
		if n.IsAtom(`\`) {
			return Set{Op: SetDiff, Sets: []Set{union, r.set(items[i+1:], rng)}, Range: rng}
		}
		union.Sets = append(union.Sets, r.setItem(n))
	}
	return union
}

func (r *reader) setItem(n *sexp.Node) Set {
	if n.Kind == sexp.List {
		head, ok := n.Head()
		switch {
		case !ok, strings.HasPrefix(head, "-"), head == `\`, head == ":standard":
		case head == ":include":
			if len(n.Items) != 2 {
				r.errorf(n.Range, "Wrong include", "It is (:include FILE).")
				return Set{Op: SetUnion, Range: n.Range}
			}
			return Set{Op: SetInclude, Element: r.template(n.Items[1]), Range: n.Range}
		case strings.HasPrefix(head, ":"):
		case head != "":
			r.errorf(n.Items[0].Range, "Quotes needed", "This must be in quotes, since it is the first element of a list and begins with neither - nor :.")
		}
		return r.set(n.Items, n.Range)
	}
	if text, ok := n.Text(); ok && n.Kind == sexp.Atom && strings.HasPrefix(text, ":") {
		switch text {
		case ":standard":
			return Set{Op: SetStandard, Range: n.Range}
		case ":include":
			r.errorf(n.Range, "Wrong include", "It is (:include FILE).")
		default:
			r.errorf(n.Range, "Unknown symbol", "There is no %s.%s", text, hint(text, []string{":standard", ":include"}))
		}
		return Set{Op: SetUnion, Range: n.Range}
	}
	return Set{Op: SetElement, Element: r.template(n), Range: n.Range}
}

// set reads the arguments of a field as a set.
func (a *field) set() Set {
	if a == nil {
		return Set{}
	}
	return a.r.set(a.args, a.node.Range)
}

// setSince is set, but what is not constant needs a version of the language.
func (a *field) setSince(major, minor int) Set {
	s := a.set()
	if !s.constant() {
		since(major, minor)(a.r, "A list of modules that is not constant", a.node.Range)
	}
	return s
}

// constantSet is set, but neither variables nor files may be used.
func (a *field) constantSet() Set {
	s := a.set()
	if !s.constant() {
		a.r.errorf(a.node.Range, "No variables here", "Neither variables nor (:include …) may be used in the field %q.", a.name)
	}
	return s
}

// optional returns nil for a field that is not there.
func (s Set) optional() *Set {
	if s.Given() {
		return &s
	}
	return nil
}
