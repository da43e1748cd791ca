package dune

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A BoolOp says how a Bool is made.
type BoolOp uint8

// The operations of the boolean language.
const (
	BoolTrue    BoolOp = iota // true, also for a field that is not there
	BoolValue                 // Left, which must be true or false
	BoolNot                   // not Args[0]
	BoolAnd                   // all Args
	BoolOr                    // one of Args
	BoolCompare               // Left Rel Right
)

// A Bool is an expression of the boolean language. Its zero value is true.
type Bool struct {
	Op          BoolOp
	Rel         string // "=", "<>", "<", "<=", ">", ">="
	Left, Right Template
	Args        []Bool
	Range       hcl.Range
}

// Given reports whether the expression is written in a file.
func (b *Bool) Given() bool { return b.Range.Filename != "" }

// Eval returns the value of an expression. As in dune, values are compared as
// text, not as numbers or versions.
func (b *Bool) Eval(expand Expander) (bool, error) {
	switch b.Op {
	case BoolTrue:
		return true, nil
	case BoolValue:
		values, err := b.Left.Expand(expand)
		if err != nil {
			return false, err
		}
		if len(values) == 1 && (values[0] == "true" || values[0] == "false") {
			return values[0] == "true", nil
		}
		return false, errorAt(b.Range, "Not true or false", "%s is %q, which is neither true nor false.", b.Left, values)
	case BoolCompare:
		left, err := b.Left.Expand(expand)
		if err != nil {
			return false, err
		}
		right, err := b.Right.Expand(expand)
		if err != nil {
			return false, err
		}
		return relation(b.Rel, slices.Compare(left, right)), nil
	case BoolNot:
		value, err := b.Args[0].Eval(expand)
		return !value, err
	}
	decides := b.Op == BoolOr
	for i := range b.Args {
		value, err := b.Args[i].Eval(expand)
		if err != nil || value == decides {
			return value, err
		}
	}
	return !decides, nil
}

func relation(rel string, order int) bool {
	switch rel {
	case "=":
		return order == 0
	case "<>":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// Asks reports whether the expression asks for what other stanzas make or
// declare: what a file holds, whether there is a library.
func (b *Bool) Asks() bool {
	return slices.ContainsFunc(b.templates(), func(t Template) bool {
		return slices.ContainsFunc(t.Vars(), func(v *sexp.Var) bool {
			return strings.HasPrefix(v.Name, "read") || strings.HasSuffix(v.Name, "-available")
		})
	})
}

// templates returns all text in an expression.
func (b *Bool) templates() []Template {
	var all []Template
	switch b.Op {
	case BoolValue:
		all = append(all, b.Left)
	case BoolCompare:
		all = append(all, b.Left, b.Right)
	}
	for i := range b.Args {
		all = append(all, b.Args[i].templates()...)
	}
	return all
}

// relations are the operators of comparisons.
var relations = []string{"=", "<>", "<", "<=", ">", ">="}

// boolean reads an expression of the boolean language.
func (r *reader) boolean(n *sexp.Node) Bool {
	if n.Kind != sexp.List {
		t := r.template(n)
		if text, ok := t.Text(); ok && text != "true" && text != "false" {
			r.errorf(n.Range, "Not true or false", "%q is neither true nor false.", text)
		}
		return Bool{Op: BoolValue, Left: t, Range: n.Range}
	}
	since(1, 1)(r, "The boolean language", n.Range)
	head, _ := n.Head()
	b := Bool{Range: n.Range}
	switch {
	case head == "and":
		b.Op = BoolAnd
	case head == "or":
		b.Op = BoolOr
	case head == "not":
		since(3, 2)(r, "'not'", n.Range)
		b.Op = BoolNot
	case slices.Contains(relations, head):
		if len(n.Items) != 3 {
			r.errorf(n.Range, "Wrong comparison", "It is (%s LEFT RIGHT).", head)
			return Bool{Range: n.Range}
		}
		return Bool{Op: BoolCompare, Rel: head, Left: r.template(n.Items[1]), Right: r.template(n.Items[2]), Range: n.Range}
	default:
		words := slices.Concat(relations, []string{"and", "or", "not"})
		r.errorf(n.Range, "Unknown operator", "%s is no operator.%s It may be %s.", n, hint(head, slices.Clone(words)), enumerate(words, "or"))
		return Bool{Range: n.Range}
	}
	for _, item := range n.Items[1:] {
		b.Args = append(b.Args, r.boolean(item))
	}
	if b.Op == BoolNot && len(b.Args) != 1 {
		r.errorf(n.Range, "Wrong negation", "It is (not EXPRESSION).")
		return Bool{Range: n.Range}
	}
	return b
}

// boolean reads the argument of a field as an expression of the boolean language.
func (a *field) boolean() Bool {
	if n := a.one(); n != nil {
		return a.r.boolean(n)
	}
	return Bool{}
}

// optional returns nil for a field that is not there.
func (b Bool) optional() *Bool {
	if b.Given() {
		return &b
	}
	return nil
}
