package store

import (
	"encoding/json"
	"io"

	"erg.build/erg/engine/digest"
)

// Small is the size up to which content can be put into a Batch.
const Small = packMax

// A Batch is what is to be stored at once: each pack is locked and written
// once for all that it takes of it.
type Batch struct {
	packs map[byte][]packRecord
	blobs map[digest.Digest]bool
	keys  []digest.Digest // of entries
}

// A packRecord is what is to be appended to a pack.
type packRecord struct {
	packKey
	payload []byte
}

func (b *Batch) add(kind byte, d digest.Digest, payload []byte) {
	if b.packs == nil {
		b.packs = map[byte][]packRecord{}
	}
	b.packs[d[0]] = append(b.packs[d[0]], packRecord{packKey{kind, d}, payload})
}

// Blob adds the content with digest d, which is of Small size and must not be
// changed afterwards.
func (b *Batch) Blob(d digest.Digest, content []byte) {
	if b.blobs[d] {
		return
	}
	if b.blobs == nil {
		b.blobs = map[digest.Digest]bool{}
	}
	b.blobs[d] = true
	b.add(blobKind, d, content)
}

// Entry adds an entry, as Put does. Its blobs must be in the store, or in the
// batch: who finds it before them takes it for one whose blobs are lost.
func (b *Batch) Entry(key digest.Digest, e Entry) error {
	for i := range e.Deps {
		if e.Deps[i].Hex = ""; !e.Deps[i].Digest.IsZero() {
			e.Deps[i].Hex = e.Deps[i].Digest.String()
		}
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	b.add(entryKind, key, text)
	b.keys = append(b.keys, key)
	return nil
}

// Write stores a batch. After an error a part of it may be stored.
func (s *Store) Write(b *Batch) error {
	for _, key := range b.keys {
		s.used(key)
	}
	for i, records := range b.packs {
		if err := s.append(i, records...); err != nil {
			return err
		}
	}
	return nil
}

// append adds records to a pack, but for blobs that it has.
func (s *Store) append(i byte, records ...packRecord) error {
	p, name := &s.packs[i], s.packName(i)
	p.mu.Lock()
	defer p.mu.Unlock()
	for again := reopenings; ; again-- {
		p.refresh(s.fs, name) // should that fail, blobs are stored twice
		if err := p.open(s.fs, name, true); err != nil {
			return err
		}
		text, starts := p.missing(records)
		if len(text) == 0 {
			return nil
		}
		written, err := appendTo(p.f, text, again == 0)
		if err != nil {
			return err
		}
		if written {
			p.appended(text, starts)
			return nil
		}
		p.close()
	}
}

// missing returns the text of the records that are to be appended, and where in
// it each begins. A blob must be whole to count as there: what is damaged is
// stored again.
func (p *pack) missing(records []packRecord) (text []byte, starts []int) {
	size := 0
	for _, r := range records {
		size += packHead + len(r.payload)
	}
	text = make([]byte, 0, size)
	for _, r := range records {
		if r.kind == blobKind {
			if _, ok := p.blob(r.d); ok {
				continue
			}
		}
		starts = append(starts, len(text))
		text = appendRecord(text, r.packKey, r.payload)
	}
	return text, starts
}

// blob returns a blob that is in the pack, as far as that is indexed.
func (p *pack) blob(d digest.Digest) ([]byte, bool) {
	for r, ok := p.index.newest(blobKind, d); ok; r, ok = p.index.older(r) {
		if b, ok := p.read(packKey{blobKind, d}, r); ok && digest.Of(b) == d {
			return b, true
		}
	}
	return nil, false
}

// appended indexes what was appended just now, if nobody else appended between
// it and what is indexed: then it need not be read for that.
func (p *pack) appended(text []byte, starts []int) {
	end, err := p.f.Seek(0, io.SeekCurrent)
	if err != nil || end-int64(len(text)) != p.size {
		return
	}
	at := p.size
	for _, start := range starts {
		h, _ := parseHeader(text[start:])
		p.last = at + int64(start)
		p.index.add(h.kind, tagOf(h.d), locate(h.kind, p.last, h.n))
	}
	p.size = end
}
