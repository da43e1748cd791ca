// Package sexp reads the syntax of dune's files: s-expressions with places,
// comments, the escapes of quoted strings, and the variables in text, of all
// versions of the dune language.
//
// It knows no fields and no stanzas; see package dune for these.
package sexp

import "github.com/hashicorp/hcl/v2"

// A Kind says what a Node is.
type Kind uint8

// The kinds of nodes.
const (
	Atom   Kind = iota // text without quotes; it may hold variables
	Quoted             // text in quotes, or a block of lines
	List
	comment // lines behind semicolons, for Format alone
)

// A Node is one s-expression.
type Node struct {
	Kind  Kind
	Parts []Part  // of Atom and Quoted; nil is the empty text
	Items []*Node // of List
	Range hcl.Range
}

// A Part is a piece of text: literal, or a variable.
type Part struct {
	Text string // if Var is nil
	Var  *Var
}

// A Var is a use of a variable, %{name}, or of a macro, %{name:payload}.
type Var struct {
	Name       string
	Payload    string
	HasPayload bool // a colon is there
	Range      hcl.Range
}

// String returns the variable as it is written.
func (v *Var) String() string {
	if v.HasPayload {
		return "%{" + v.Name + ":" + v.Payload + "}"
	}
	return "%{" + v.Name + "}"
}

// Text returns the text of an atom or a quoted string without variables.
func (n *Node) Text() (string, bool) {
	switch {
	case n.Kind == List:
		return "", false
	case len(n.Parts) == 0:
		return "", true
	case len(n.Parts) == 1 && n.Parts[0].Var == nil:
		return n.Parts[0].Text, true
	}
	return "", false
}

// IsAtom reports whether the node is an atom, without quotes, with this text.
func (n *Node) IsAtom(text string) bool {
	got, ok := n.Text()
	return ok && n.Kind == Atom && got == text
}

// Head returns the atom that a list begins with, as stanzas and fields do.
func (n *Node) Head() (string, bool) {
	if n.Kind != List || len(n.Items) == 0 || n.Items[0].Kind != Atom {
		return "", false
	}
	return n.Items[0].Text()
}
