package store

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"path/filepath"

	"erg.build/erg/engine/fsys"
)

// Beside each pack may be a file with its index, so that who opens the store
// reads the index and scans only what was appended since it was written.
//
//	magic and version
//	how much of the pack is covered (8 bytes), where in it the last record begins (8)
//	the header of that record
//	the number of records (4), their tags (8 each), their locs (8 each)
//	checksum (4)
//
// Packs are only appended to, so an index is good for each pack that begins
// with what it covers. Of two packs of one name that differ within that (one
// was cut, or collected, or comes from another store), the last record
// tells them apart: its header has the digest and the checksum of what is at
// an offset that depends on all before it. An index that is not this pack's
// counts as absent. Should one pass nevertheless, no harm is done: a record
// that is read must say itself what it is.
//
// Nobody is kept from replacing the file: what is renamed last, stays. It may
// cover less than what was there before, or a pack that has just been
// replaced, and is written again by who comes across that.

const (
	indexSuffix = ".idx"
	indexMagic  = "\xe7ergidx1"
	indexHead   = len(indexMagic) + 8 + 8 + packHead + 4
)

// Who reads a pack to find that this much of it is not covered, or a part of it
// (so that writing indexes costs no more than a fraction of writing packs),
// writes the index anew.
const (
	indexStep = 128 << 10
	indexPart = 16
)

// load takes the index from its file, if that is one of this pack, which is
// size bytes long.
func (p *pack) load(fsy fsys.FS, name string, size int64) {
	f, err := fsy.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || fi.Size() < int64(indexHead+4) {
		return
	}
	// A whole index has 16 bytes for each record, which is 45 bytes or more.
	if fi.Size() > size+int64(indexHead+4) {
		return
	}
	b := make([]byte, fi.Size())
	if n, _ := f.ReadAt(b, 0); n < len(b) {
		return
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if string(b[:len(indexMagic)]) != indexMagic || crc32.Checksum(body, castagnoli()) != sum {
		return
	}
	body = body[len(indexMagic):]
	covered := int64(binary.LittleEndian.Uint64(body))
	last := int64(binary.LittleEndian.Uint64(body[8:]))
	head := body[16 : 16+packHead]
	n := int(binary.LittleEndian.Uint32(body[16+packHead:]))
	body = body[16+packHead+4:]
	if covered > size || last < 0 || last > covered || len(body) != 16*n {
		return
	}
	there := make([]byte, packHead)
	if _, err := p.f.ReadAt(there, last); err != nil || !bytes.Equal(there, head) {
		return
	}
	p.index.reserve(n)
	for i := range n {
		loc := binary.LittleEndian.Uint64(body[8*(n+i):])
		kind := byte(blobKind)
		if loc&locKind != 0 {
			kind = entryKind
		}
		p.index.add(kind, binary.LittleEndian.Uint64(body[8*i:]), loc)
	}
	p.size, p.saved, p.last = covered, covered, last
}

// saveIndex writes the index of a pack, if enough of it is new. It is an
// optimisation: an error leaves things as they are.
func (s *Store) saveIndex(p *pack, name string) {
	if p.f == nil || !p.write {
		return
	}
	fi, err := p.f.Stat()
	if err != nil || replaced(fi) || !p.stale && fi.Size()-p.saved < max(s.step, p.saved/indexPart) {
		return
	}
	if p.refresh(s.fs, name) != nil || p.size == 0 {
		return
	}
	head := make([]byte, packHead)
	if _, err := p.f.ReadAt(head, p.last); err != nil {
		return
	}
	tmp, err := s.temp(filepath.Dir(name))
	if err != nil {
		return
	}
	err = fsys.WriteAll(tmp, p.index.encode(p.size, p.last, head))
	if s.settle(tmp, name+indexSuffix, err) == nil {
		p.saved, p.stale = p.size, false
	}
}

// encode returns the index file's content.
func (x *index) encode(covered, last int64, head []byte) []byte {
	n := 0
	for r := range x.loc {
		if !x.dropped(uint32(r)) {
			n++
		}
	}
	b := make([]byte, 0, indexHead+16*n+4)
	b = append(b, indexMagic...)
	b = binary.LittleEndian.AppendUint64(b, uint64(covered))
	b = binary.LittleEndian.AppendUint64(b, uint64(last))
	b = append(b, head...)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	for _, column := range [][]uint64{x.tag, x.loc} {
		for r, v := range column {
			if !x.dropped(uint32(r)) {
				b = binary.LittleEndian.AppendUint64(b, v)
			}
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}
