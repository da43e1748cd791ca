package trace

import (
	"encoding/binary"
	"errors"
	"time"
	"unsafe"

	"erg.build/erg/engine/digest"
)

var errCorrupt = errors.New("trace: record is damaged")

// An encoder writes varints, and strings and digests interned: a path that
// a hundred actions read is spelled once.
type encoder struct {
	buf     []byte
	strings map[string]uint64
	digests map[digest.Digest]uint64
}

// newEncoder returns an encoder for about n records.
func newEncoder(n int) *encoder {
	return &encoder{strings: make(map[string]uint64, 4*n), digests: make(map[digest.Digest]uint64, 4*n)}
}

func (e *encoder) uint(v uint64) { e.buf = binary.AppendUvarint(e.buf, v) }
func (e *encoder) int(v int64)   { e.buf = binary.AppendVarint(e.buf, v) }
func (e *encoder) bool(v bool) {
	if v {
		e.buf = append(e.buf, 1)
	} else {
		e.buf = append(e.buf, 0)
	}
}

// string writes 0 and the string when it is new, and its number otherwise.
func (e *encoder) string(s string) {
	if n, ok := e.strings[s]; ok {
		e.uint(n)
		return
	}
	e.strings[s] = uint64(len(e.strings) + 1)
	e.uint(0)
	e.uint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *encoder) bytes(b []byte) {
	e.uint(uint64(len(b)))
	e.buf = append(e.buf, b...)
}

func (e *encoder) digest(d digest.Digest) {
	if n, ok := e.digests[d]; ok {
		e.uint(n)
		return
	}
	e.digests[d] = uint64(len(e.digests) + 1)
	e.uint(0)
	e.buf = append(e.buf, d[:]...)
}

// A decoder reads what an encoder wrote. After the first damage it yields
// zero values and err is set, so that callers check once, at the end.
type decoder struct {
	buf     []byte
	strings []string
	digests []digest.Digest
	err     error
	// stable says that nobody changes or unmaps buf: strings and slices may
	// share its memory.
	stable bool
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

func (d *decoder) bool() bool {
	if len(d.buf) == 0 {
		d.fail()
		return false
	}
	v := d.buf[0]
	d.buf = d.buf[1:]
	return v != 0
}

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

func (d *decoder) string() string {
	n := d.uint()
	if n > 0 {
		if n > uint64(len(d.strings)) {
			d.fail()
			return ""
		}
		return d.strings[n-1]
	}
	b := d.bytes()
	var s string
	if d.stable && len(b) > 0 {
		s = unsafe.String(&b[0], len(b))
	} else {
		s = string(b)
	}
	d.strings = append(d.strings, s)
	return s
}

func (d *decoder) bytes() []byte {
	n := d.count()
	if d.err != nil || n == 0 {
		return nil
	}
	b := d.buf[:n:n]
	d.buf = d.buf[n:]
	return b
}

// ownBytes is bytes that may be kept.
func (d *decoder) ownBytes() []byte {
	if d.stable {
		return d.bytes()
	}
	return append([]byte(nil), d.bytes()...)
}

func (d *decoder) digest() digest.Digest {
	n := d.uint()
	if n > 0 {
		if n > uint64(len(d.digests)) {
			d.fail()
			return digest.Digest{}
		}
		return d.digests[n-1]
	}
	var v digest.Digest
	if len(d.buf) < len(v) {
		d.fail()
		return v
	}
	copy(v[:], d.buf)
	d.buf = d.buf[len(v):]
	d.digests = append(d.digests, v)
	return v
}

func (e *encoder) action(a *Action) {
	e.string(a.Name)
	e.string(a.Context)
	e.string(a.Target)
	e.digest(a.Spec)
	e.bytes(a.Manifest)
	e.digest(a.Key)
	e.digest(a.Full)
	e.uint(uint64(len(a.Deps)))
	for _, p := range a.Deps {
		e.string(p.Path)
		e.digest(p.Digest)
		e.bool(p.Discovered)
	}
	e.uint(uint64(len(a.Outs)))
	for _, o := range a.Outs {
		e.string(o.Path)
		e.digest(o.Digest)
		e.int(o.Size)
		e.bool(o.Exec)
		e.digest(o.Mark)
	}
	e.bytes(a.Message)
	e.int(int64(a.Took))
	e.int(a.Peak)
	e.uint(uint64(a.Verified))
	e.uint(uint64(a.Ran))
	e.bool(a.Failed)
	e.bool(a.Baked)
	e.changes(a.Why)
	e.uint(uint64(a.Changed))
	e.changes(a.Cause)
}

func (e *encoder) changes(cs []Change) {
	e.uint(uint64(len(cs)))
	for _, w := range cs {
		e.string(w.What)
		e.string(w.Name)
		e.string(w.Old)
		e.string(w.New)
	}
}

func (d *decoder) changes() []Change {
	n := d.count()
	if n == 0 {
		return nil
	}
	cs := make([]Change, n)
	for i := range cs {
		cs[i] = Change{d.string(), d.string(), d.string(), d.string()}
	}
	return cs
}

func (d *decoder) action() *Action {
	a := &Action{Name: d.string(), Context: d.string(), Target: d.string(), Spec: d.digest()}
	a.Manifest = d.ownBytes()
	a.Key = d.digest()
	a.Full = d.digest()
	a.Deps = make([]Dep, d.count())
	for i := range a.Deps {
		a.Deps[i] = Dep{d.string(), d.digest(), d.bool()}
	}
	a.Outs = make([]Out, d.count())
	for i := range a.Outs {
		a.Outs[i] = Out{d.string(), d.digest(), d.int(), d.bool(), d.digest()}
	}
	a.Message = d.ownBytes()
	a.Took = time.Duration(d.int())
	a.Peak = d.int()
	a.Verified = uint32(d.uint())
	a.Ran = uint32(d.uint())
	a.Failed = d.bool()
	a.Baked = d.bool()
	a.Why = d.changes()
	a.Changed = uint32(d.uint())
	a.Cause = d.changes()
	if len(a.Outs) == 0 {
		d.fail()
	}
	return a
}

func (e *encoder) element(m *Element) {
	e.string(m.Address)
	e.string(m.Value)
	e.string(m.Previous)
	e.string(m.Site)
	e.bool(m.Sensitive)
	e.uint(uint64(m.Changed))
	e.uint(uint64(m.Seen))
	e.uint(uint64(len(m.Deps)))
	for _, p := range m.Deps {
		e.string(p)
	}
	e.changes(m.Why)
}

func (d *decoder) element() *Element {
	m := &Element{Address: d.string(), Value: d.string(), Previous: d.string(), Site: d.string(),
		Sensitive: d.bool(), Changed: uint32(d.uint()), Seen: uint32(d.uint())}
	m.Deps = make([]string, d.count())
	for i := range m.Deps {
		m.Deps[i] = d.string()
	}
	m.Why = d.changes()
	return m
}
