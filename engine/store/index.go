package store

import (
	"encoding/binary"

	"erg.build/erg/engine/digest"
)

// An index finds the records of a pack. It is columns of integers, some 30
// bytes per record in all, in which the garbage collector has nothing to
// look for.
//
// A record is known by eight bytes of its digest, next to the first, which
// all records of a pack share. Records of which these are equal are chained;
// that they are not the same is seen when they are read.
type index struct {
	tag  []uint64 // bytes 1 to 8 of the digest
	loc  []uint64 // where it is: see locate; 0 for a record that is damaged
	prev []uint32 // the record before it with this tag and kind, plus one
	// table has the newest record of each tag and kind, plus one, by open
	// addressing.
	table []uint32
	used  int // slots of the table
}

// A loc is an offset, the length of the payload as far as it fits, and a bit
// for the kind. No record is at loc 0: it would be an empty blob at the
// beginning, for which the length is one more than it is.
const (
	locKind = 1 << 63 // an entry
	locLen  = 1<<(63-locBits) - 1
	locBits = 44 // of the offset: 16 TiB
)

func locate(kind byte, off int64, n int) uint64 {
	l := uint64(off) | min(uint64(n)+1, locLen)<<locBits
	if kind == entryKind {
		l |= locKind
	}
	return l
}

// located returns where a record is and how long its payload is, if sure.
func located(loc uint64) (off int64, n int, sure bool) {
	l := loc >> locBits & locLen
	return int64(loc & (1<<locBits - 1)), int(l) - 1, l < locLen
}

func tagOf(d digest.Digest) uint64 { return binary.LittleEndian.Uint64(d[1:]) }

// slot returns where in the table a tag and kind are, or would be.
func (x *index) slot(kind byte, tag uint64) int {
	n := uint64(len(x.table))
	for i := tag >> 32 * n >> 32; ; i++ {
		if i == n {
			i = 0
		}
		r := x.table[i]
		if r == 0 || x.tag[r-1] == tag && x.loc[r-1]&locKind != 0 == (kind == entryKind) {
			return int(i)
		}
	}
}

// add notes a record. Those of one key come in the order of their age.
func (x *index) add(kind byte, tag uint64, loc uint64) {
	if x.used+x.used/4 >= len(x.table) {
		x.grow(max(16, len(x.table)+len(x.table)/2))
	}
	i := x.slot(kind, tag)
	x.tag = append(x.tag, tag)
	x.loc = append(x.loc, loc)
	x.prev = append(x.prev, x.table[i])
	if x.table[i] == 0 {
		x.used++
	}
	x.table[i] = uint32(len(x.tag))
}

// grow makes the table larger.
func (x *index) grow(size int) {
	old := x.table
	x.table = make([]uint32, size)
	for _, r := range old {
		if r != 0 {
			x.table[x.slot(x.kind(r-1), x.tag[r-1])] = r
		}
	}
}

func (x *index) kind(r uint32) byte {
	if x.loc[r]&locKind != 0 {
		return entryKind
	}
	return blobKind
}

// reserve makes room for records that are to be added.
func (x *index) reserve(n int) {
	*x = index{tag: make([]uint64, 0, n), loc: make([]uint64, 0, n), prev: make([]uint32, 0, n)}
	x.grow(n + n/2 + 16)
}

// drop forgets a record that turned out to be damaged. Its kind stays, so that
// those before it are found.
func (x *index) drop(r uint32) { x.loc[r] &= locKind }

// dropped reports whether a record was dropped.
func (x *index) dropped(r uint32) bool { return x.loc[r]&^locKind == 0 }

// newest returns the newest record of a key, and whether there is one;
// older goes on from there.
func (x *index) newest(kind byte, d digest.Digest) (r uint32, ok bool) {
	if len(x.table) == 0 {
		return 0, false
	}
	return x.skip(x.table[x.slot(kind, tagOf(d))])
}

func (x *index) older(r uint32) (uint32, bool) { return x.skip(x.prev[r]) }

func (x *index) skip(next uint32) (uint32, bool) {
	for next != 0 && x.dropped(next-1) {
		next = x.prev[next-1]
	}
	return next - 1, next != 0
}
