package ninja

import (
	"bytes"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// An arena keeps bytes that are written once. Its address space is cut into
// chunks of equal size; a text lies within one chunk, except that a long text
// has a chunk of its own that takes the addresses of several.
type arena struct {
	chunks [][]byte
}

const (
	chunkBits = 20
	chunkSize = 1 << chunkBits
)

// A span is a text in an arena.
type span struct{ off, len uint32 }

// add copies b into the arena. It reports false if the arena is full: its
// addresses have 32 bits.
func (a *arena) add(b []byte) (span, bool) {
	last := len(a.chunks) - 1
	if last < 0 || len(b) > cap(a.chunks[last])-len(a.chunks[last]) {
		n := max(1, (len(b)+chunkSize-1)/chunkSize)
		if (len(a.chunks)+n)<<chunkBits > math.MaxUint32 {
			return span{}, false
		}
		last = len(a.chunks)
		a.chunks = append(a.chunks, make([]byte, 0, n*chunkSize))
		for range n - 1 {
			a.chunks = append(a.chunks, nil)
		}
	}
	s := span{uint32(last<<chunkBits + len(a.chunks[last])), uint32(len(b))}
	a.chunks[last] = append(a.chunks[last], b...)
	return s, true
}

// bytes returns the text of a span; it must not be changed.
func (a *arena) bytes(s span) []byte {
	if s.len == 0 {
		return nil
	}
	at := s.off & (chunkSize - 1)
	return a.chunks[s.off>>chunkBits][at : at+s.len : at+s.len]
}

// string returns the text of a span without copying it: bytes of an arena
// never change and never move.
func (a *arena) string(s span) string {
	b := a.bytes(s)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// A table numbers texts: equal ones get equal numbers, from 0 on, in the
// order in which they first came.
type table struct {
	arena
	spans []span
	// slots is an open-addressing hash table with linear probing: half of
	// the hash above, the number plus one below, 0 for an empty slot. Its length is a power of two.
	slots []uint64
	seed  maphash.Seed
	full  bool // a text got no number, for want of room
}

func newTable() table {
	return table{slots: make([]uint64, 64), seed: maphash.MakeSeed()}
}

// reserve makes room for n more texts.
func (t *table) reserve(n int) {
	n += len(t.spans)
	t.spans = slices.Grow(t.spans, n-len(t.spans))
	if 3*n > 2*len(t.slots) {
		t.resize(1 << bits.Len(uint(3*n/2)))
	}
}

func (t *table) hash(b []byte) uint32 { return uint32(maphash.Bytes(t.seed, b) >> 32) }

// find returns the number of b, or the empty slot where it would be.
func (t *table) find(b []byte, hash uint32) (id uint32, slot int, ok bool) {
	mask := len(t.slots) - 1
	for i := int(hash) & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s == 0 {
			return 0, i, false
		}
		if uint32(s>>32) == hash {
			id := uint32(s) - 1
			if bytes.Equal(t.bytes(t.spans[id]), b) {
				return id, i, true
			}
		}
	}
}

// lookup returns the number of b if it has one.
func (t *table) lookup(b []byte) (uint32, bool) {
	id, _, ok := t.find(b, t.hash(b))
	return id, ok
}

// intern returns the number of b, a new one if b is new. If there is no room
// for it, the number is wrong and the table says so from then on.
func (t *table) intern(b []byte) uint32 {
	hash := t.hash(b)
	id, slot, ok := t.find(b, hash)
	if ok {
		return id
	}
	s, ok := t.add(b)
	if !ok || len(t.spans) >= math.MaxUint32-1 {
		t.full = true
		return 0
	}
	t.spans = append(t.spans, s)
	t.slots[slot] = uint64(hash)<<32 | uint64(len(t.spans))
	if 3*len(t.spans) > 2*len(t.slots) {
		t.resize(2 * len(t.slots))
	}
	return uint32(len(t.spans) - 1)
}

// resize changes the length of the hash table. The stored halves of the hashes are all it needs.
func (t *table) resize(size int) {
	old := t.slots
	t.slots = make([]uint64, size)
	mask := len(t.slots) - 1
	for _, s := range old {
		if s == 0 {
			continue
		}
		i := int(s>>32) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

func (t *table) text(id uint32) string { return t.string(t.spans[id]) }

func (t *table) textBytes(id uint32) []byte { return t.bytes(t.spans[id]) }
