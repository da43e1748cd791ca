package dune

import "github.com/hashicorp/hcl/v2"

// A Predicate is an expression of the predicate language: over names, where
// elements are globs, or over exit codes, where they are numbers. Its zero
// value is :standard.
type Predicate struct {
	Op    PredicateOp
	Glob  Glob // of an element
	Args  []Predicate
	Range hcl.Range
}

// A PredicateOp says how a Predicate is made.
type PredicateOp uint8

// The operations of the predicate language.
const (
	PredicateStandard PredicateOp = iota
	PredicateElement
	PredicateNot // Args[0]
	PredicateAnd
	PredicateOr   // with no Args, nothing
	PredicateDiff // Args[0] and not Args[1]
	PredicateTrue
	PredicateFalse
)

// A Glob is a pattern for names: *, ?, **, [a-z], [^a-z], {a,b}.
type Glob struct {
	Pattern string
	Range   hcl.Range
}
