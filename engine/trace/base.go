package trace

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"

	"erg.build/erg/engine/digest"
)

// The base: a header, and sections each with a length and a checksum in it.
//
//	hot       counts; a record per row, sorted by path (hence by directory); the paths; the goals
//	index     a hash table of the rows, as in freshRows
//	cold      the actions' records, one behind the other
//	actions   per action, sorted by the first output's row: where its record is, and its outputs
//	links     per row: the action that makes it, and those that use it
//	elements  the named values
//	builds    what the last builds did
//
// The checksum of a cold record is kept with the action, so that reading one
// record does not read them all.
const (
	magic      = "erg trace\n"
	schema     = 12
	headerSize = len(magic) + 2 + 8 + numSections*12 + 4
)

const (
	secHot = iota
	secIndex
	secCold
	secActions
	secLinks
	secElements
	secBuilds
	numSections
)

// checksum is CRC-32 by the polynomial of IEEE: another one's tables take longer
// to make than a null build's checksum takes to compute.
func checksum(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

var le = binary.LittleEndian

// A base is a mapped base file. A nil base has nothing in it.
type base struct {
	id       uint64
	size     int
	sections [numSections][]byte
	sums     [numSections]uint32
	hot      *Hot
	n        uint32 // rows
	acts     uint32
	outs     []byte // of sections[secActions]
	makers   []byte // of sections[secLinks]
	starts   []byte
	uses     []byte
}

// openBase reads the header and the hot section.
func openBase(b []byte) (*base, error) {
	if len(b) < headerSize || string(b[:len(magic)]) != magic {
		return nil, errCorrupt
	}
	h := b[len(magic):headerSize]
	if v := le.Uint16(h); v != schema {
		return nil, fmt.Errorf("trace: written by another version of erg (schema %d, this is %d)", v, schema)
	}
	if checksum(b[:headerSize-4]) != le.Uint32(b[headerSize-4:]) {
		return nil, errCorrupt
	}
	x := &base{id: le.Uint64(h[2:]), size: len(b)}
	rest := b[headerSize:]
	for i := range x.sections {
		n := le.Uint64(h[10+12*i:])
		x.sums[i] = le.Uint32(h[18+12*i:])
		if n > uint64(len(rest)) {
			return nil, errCorrupt
		}
		x.sections[i], rest = rest[:n], rest[n:]
	}
	if len(rest) > 0 || checksum(x.sections[secHot]) != x.sums[secHot] {
		return nil, errCorrupt
	}
	var err error
	if x.hot, err = openHot(x.sections[secHot]); err != nil {
		return nil, err
	}
	x.n = uint32(x.hot.nbase)
	return x, nil
}

// openWarm checks what is needed beyond the hot section.
func (b *base) openWarm() error {
	for i := range b.sections {
		if i != secHot && i != secCold && checksum(b.sections[i]) != b.sums[i] {
			return errCorrupt
		}
	}
	return b.layout()
}

// layout finds the columns of the sections, and checks that they have room.
func (b *base) layout() error {
	index, acts, links := b.sections[secIndex], b.sections[secActions], b.sections[secLinks]
	slots := uint64(len(index) / 4)
	if len(index)%4 != 0 || slots&(slots-1) != 0 || slots <= uint64(b.n) && b.n > 0 {
		return errCorrupt
	}
	if len(acts) < 4 {
		return errCorrupt
	}
	b.acts = le.Uint32(acts)
	if uint64(b.acts)*actionSize > uint64(len(acts)-4) {
		return errCorrupt
	}
	for n := range b.acts {
		if uint32(b.first(n)) >= b.n {
			return errCorrupt
		}
	}
	b.outs = acts[4+uint64(b.acts)*actionSize:]
	n := uint64(b.n)
	if uint64(len(links)) < 4*n+4*(n+1) {
		return errCorrupt
	}
	b.makers, b.starts, b.uses = links[:4*n], links[4*n:8*n+4], links[8*n+4:]
	return nil
}

func (b *base) rows() int {
	if b == nil {
		return 0
	}
	return int(b.n)
}

// find looks a file up.
func (b *base) find(k FileKey, hash uint32) (Row, bool) {
	if b == nil || b.n == 0 {
		return 0, false
	}
	slots := b.sections[secIndex]
	mask := uint32(len(slots)/4 - 1)
	for i, tries := hash&mask, uint32(0); tries <= mask; i, tries = (i+1)&mask, tries+1 {
		n := le.Uint32(slots[4*i:])
		if n == 0 || n > b.n {
			return 0, false
		}
		if f, name := b.hot.at(int(n - 1)); f.Kind == k.Kind && string(name[:len(name)-1]) == k.Path {
			return Row(n - 1), true
		}
	}
	return 0, false
}

func (b *base) key(r Row) FileKey {
	f, name := b.hot.at(int(r))
	return FileKey{string(name[:len(name)-1]), f.Kind}
}

func (b *base) data(r Row) rowData {
	f, _ := b.hot.at(int(r))
	return rowData{Stamp: f.Stamp, Digest: b.hot.digest(int(r)), Changed: f.Changed, Racy: f.Racy, Known: b.hot.known(int(r))}
}

// An action's entry: the row of its first output, where its record is and
// its checksum, where its outputs end, and flags.
const (
	acFirst    = 0
	acOff      = 4 // uint64
	acLen      = 12
	acSum      = 16
	acOutEnd   = 20
	acFlags    = 24
	actionSize = 28

	acUnfinished = 1 // its record does not hold
)

func (b *base) entry(n uint32) []byte { return b.sections[secActions][4+uint64(n)*actionSize:] }

// actions ranges over the numbers of the actions.
func (b *base) actions() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for n := uint32(0); b != nil && n < b.acts; n++ {
			if !yield(n) {
				return
			}
		}
	}
}

func (b *base) first(n uint32) Row { return Row(le.Uint32(b.entry(n)[acFirst:])) }

// record returns the bytes of a record, none if they are damaged.
func (b *base) record(n uint32) []byte {
	en, cold := b.entry(n), b.sections[secCold]
	off, size := le.Uint64(en[acOff:]), uint64(le.Uint32(en[acLen:]))
	if off > uint64(len(cold)) || size > uint64(len(cold))-off {
		return nil
	}
	rec := cold[off : off+size]
	if checksum(rec) != le.Uint32(en[acSum:]) {
		return nil
	}
	return rec
}

// action reads a record. It returns nil if that is damaged: then it is as if
// the action had never run.
func (b *base) action(n uint32) *Action {
	d := decoder{buf: b.record(n)}
	a := d.action(func(r Row) (FileKey, bool) {
		if uint32(r) >= b.n {
			return FileKey{}, false
		}
		return b.key(r), true
	}, b.digest)
	if d.err != nil {
		return nil
	}
	return a
}

// discovered reads of a record what the action was seen to read.
func (b *base) discovered(n uint32) []Row {
	var rows []Row
	d := decoder{buf: b.record(n)}
	var a Action
	d.actionHead(&a, func(r Row) (FileKey, bool) {
		rows = append(rows, r)
		return FileKey{}, uint32(r) < b.n
	}, b.digest)
	if d.err != nil {
		return nil
	}
	rows = rows[len(rows)-len(a.Deps):] // those of the outputs come first
	found := rows[:0]
	for i, dep := range a.Deps {
		if dep.Discovered {
			found = append(found, rows[i])
		}
	}
	return found
}

// digest is the one that the base has for a row.
func (b *base) digest(r Row) digest.Digest {
	if b == nil || uint32(r) >= b.n {
		return digest.Digest{}
	}
	return b.hot.digest(int(r))
}

// producer returns the number of the action that makes a row.
func (b *base) producer(r Row) (uint32, bool) {
	if b == nil || uint32(r) >= b.n {
		return 0, false
	}
	n := le.Uint32(b.makers[4*r:])
	return n - 1, n > 0 && n <= b.acts
}

func (b *base) outputs(n uint32) []Row {
	from := uint64(0)
	if n > 0 {
		from = uint64(le.Uint32(b.entry(n - 1)[acOutEnd:]))
	}
	to := uint64(le.Uint32(b.entry(n)[acOutEnd:]))
	if from > to || 4*to > uint64(len(b.outs)) {
		return nil
	}
	rows := make([]Row, 0, to-from)
	for i := from; i < to; i++ {
		if r := le.Uint32(b.outs[4*i:]); r < b.n {
			rows = append(rows, Row(r))
		}
	}
	return rows
}

// usersOf returns the numbers of the actions that use a row.
func (b *base) usersOf(r Row) []uint32 {
	if b == nil || uint32(r) >= b.n {
		return nil
	}
	from, to := uint64(le.Uint32(b.starts[4*r:])), uint64(le.Uint32(b.starts[4*r+4:]))
	if from > to || 4*to > uint64(len(b.uses)) {
		return nil
	}
	out := make([]uint32, 0, to-from)
	for i := from; i < to; i++ {
		if n := le.Uint32(b.uses[4*i:]); n < b.acts {
			out = append(out, n)
		}
	}
	return out
}

func (b *base) elements() map[string]*Element {
	m := map[string]*Element{}
	if b == nil {
		return m
	}
	d := decoder{buf: b.sections[secElements]}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		if e := d.element(); d.err == nil {
			m[e.Address] = e
		}
	}
	return m
}

func (b *base) goals() map[string]*Goal {
	m := map[string]*Goal{}
	if b == nil {
		return m
	}
	d := decoder{buf: b.hot.goals}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		key, body := d.string(), d.bytes()
		gd := decoder{buf: body}
		if g, _ := gd.goal(key); gd.err == nil && d.err == nil {
			m[key] = g
		}
	}
	return m
}
