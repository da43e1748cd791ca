package dune

import "github.com/hashicorp/hcl/v2"

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
