package trace

import (
	"iter"
	"math/bits"
)

// A Set is a set of rows, a bit for each.
type Set []byte

// Has reports whether a row is in the set.
func (s Set) Has(r Row) bool { return int(r/8) < len(s) && s[r/8]&(1<<(r%8)) != 0 }

// Add puts a row into the set.
func (s *Set) Add(r Row) {
	for int(r/8) >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[r/8] |= 1 << (r % 8)
}

// Len returns how many rows are in the set.
func (s Set) Len() int {
	n := 0
	for _, b := range s {
		n += bits.OnesCount8(b)
	}
	return n
}

// All ranges over the rows, in order.
func (s Set) All() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for i, b := range s {
			for ; b != 0; b &= b - 1 {
				if !yield(Row(i*8 + bits.TrailingZeros8(b))) {
					return
				}
			}
		}
	}
}

// renumber returns the set of the rows' new numbers; those that have none are
// left out.
func (s Set) renumber(to []Row) Set {
	var out Set
	for r := range s.All() {
		if n := to[r]; n != noRow {
			out.Add(n)
		}
	}
	return out
}
