package trace

import (
	"encoding/binary"
	"errors"

	"erg.build/erg/engine/digest"
)

var errCorrupt = errors.New("trace: record is damaged")

// An encoder writes varints and what is made of them.
type encoder struct{ buf []byte }

func (e *encoder) uint(v uint64) { e.buf = binary.AppendUvarint(e.buf, v) }
func (e *encoder) int(v int64)   { e.buf = binary.AppendVarint(e.buf, v) }
func (e *encoder) row(r Row)     { e.uint(uint64(r)) }
func (e *encoder) byte(v byte)   { e.buf = append(e.buf, v) }

func (e *encoder) bool(v bool) {
	if v {
		e.byte(1)
	} else {
		e.byte(0)
	}
}

func (e *encoder) string(s string) {
	e.uint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *encoder) bytes(b []byte) {
	e.uint(uint64(len(b)))
	e.buf = append(e.buf, b...)
}

func (e *encoder) strings(ss []string) {
	e.uint(uint64(len(ss)))
	for _, s := range ss {
		e.string(s)
	}
}

func (e *encoder) rows(rs []Row) {
	e.uint(uint64(len(rs)))
	for _, r := range rs {
		e.row(r)
	}
}

// How a digest is written.
const (
	digestZero  = iota // it is the zero digest
	digestGiven        // its bytes follow
	digestLike         // it is another one, which the reader knows
)

// digest writes a digest, shortly if it is like.
func (e *encoder) digest(d, like digest.Digest) {
	switch {
	case d.IsZero():
		e.byte(digestZero)
	case d == like:
		e.byte(digestLike)
	default:
		e.byte(digestGiven)
		e.buf = append(e.buf, d[:]...)
	}
}

// A decoder reads what an encoder wrote. After the first damage it yields
// zero values and err is set, so that callers check once, at the end.
type decoder struct {
	buf []byte
	err error
}

func (d *decoder) fail() {
	d.err = errCorrupt
	d.buf = nil
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.buf)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.buf)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) row() Row {
	v := d.uint()
	if v >= uint64(noRow) {
		d.fail()
		return 0
	}
	return Row(v)
}

func (d *decoder) byte() byte {
	if len(d.buf) == 0 {
		d.fail()
		return 0
	}
	v := d.buf[0]
	d.buf = d.buf[1:]
	return v
}

func (d *decoder) bool() bool { return d.byte() != 0 }

// count reads a length, which cannot exceed what is left: each counted
// thing takes a byte at least.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.buf)) {
		d.fail()
		return 0
	}
	return int(n)
}

// bytes returns a part of what is being read.
func (d *decoder) bytes() []byte {
	n := d.count()
	if d.err != nil || n == 0 {
		return nil
	}
	b := d.buf[:n:n]
	d.buf = d.buf[n:]
	return b
}

// own is bytes that do not share memory with what is being read.
func (d *decoder) own() []byte { return append([]byte(nil), d.bytes()...) }

func (d *decoder) string() string { return string(d.bytes()) }

func (d *decoder) strings() []string {
	n := d.count()
	if n == 0 {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = d.string()
	}
	return out
}

func (d *decoder) rows() []Row {
	n := d.count()
	if n == 0 {
		return nil
	}
	out := make([]Row, n)
	for i := range out {
		out[i] = d.row()
	}
	return out
}

func (d *decoder) digest(like digest.Digest) digest.Digest {
	var v digest.Digest
	switch d.byte() {
	case digestZero:
	case digestLike:
		return like
	case digestGiven:
		if len(d.buf) < len(v) {
			d.fail()
			return v
		}
		copy(v[:], d.buf)
		d.buf = d.buf[len(v):]
	default:
		d.fail()
	}
	return v
}
