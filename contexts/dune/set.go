package dune

import "github.com/hashicorp/hcl/v2"

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
