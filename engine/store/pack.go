package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// Entries and small blobs are many and small: a file for each costs the
// kernel more than all else that storing it takes. They are appended to packs
// instead, of which there are 256, by the first byte of the digest.
//
// A record is appended with one write, which the kernel keeps apart from
// those of other processes, and carries a checksum. A reader skips what is
// damaged, so a torn record costs itself only. Nothing is ever changed in
// place; what is recorded twice, or superseded, is told apart by order.

// packMax is the size up to which a blob goes into a pack.
const packMax = 16 << 10

const (
	packMagic = "\xe7pak"
	packHead  = len(packMagic) + 1 + digest.Size + 4 + 4 // kind, digest, length, checksum
)

// Kinds of records.
const (
	entryKind = 'e'
	blobKind  = 'b'
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type packKey struct {
	kind byte
	d    digest.Digest
}

type packRef struct {
	off int64 // of the payload
	n   int
	sum uint32
}

// A pack is one such file. The index grows as the file does.
type pack struct {
	mu    sync.Mutex
	f     fsys.File // nil until it is used
	write bool      // f can be written
	size  int64     // how much of it is indexed
	index map[packKey][]packRef
}

func (s *Store) pack(d digest.Digest) (*pack, string) {
	return &s.packs[d[0]], filepath.Join(s.dir, "packs", d.String()[:2])
}

// open opens the file, to be written too if possible.
func (p *pack) open(fsy fsys.FS, name string, create bool) error {
	if p.f != nil && (p.write || !create) {
		return nil
	}
	flag := os.O_RDWR | os.O_APPEND
	if create {
		flag |= os.O_CREATE
		if err := fsy.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
	}
	f, err := fsy.OpenFile(name, flag, 0o666)
	write := err == nil
	if err != nil && !create && !errors.Is(err, fs.ErrNotExist) {
		f, err = fsy.Open(name)
	}
	if err != nil {
		return err
	}
	if p.f != nil {
		p.f.Close()
	}
	p.f, p.write = f, write
	return nil
}

// refresh indexes what was appended since. The caller holds mu.
func (p *pack) refresh() error {
	fi, err := p.f.Stat()
	if err != nil {
		return err
	}
	if fi.Size() < p.size {
		p.size, p.index = 0, nil // somebody cut it
	}
	if fi.Size() == p.size {
		return nil
	}
	b := make([]byte, fi.Size()-p.size)
	if n, err := p.f.ReadAt(b, p.size); err != nil && !errors.Is(err, io.EOF) {
		return err
	} else {
		b = b[:n]
	}
	if p.index == nil {
		p.index = map[packKey][]packRef{}
	}
	at := p.size
	for {
		i := bytes.Index(b, []byte(packMagic))
		if i < 0 {
			return nil
		}
		b, at = b[i:], at+int64(i)
		k, ref, ok := parseRecord(b)
		if !ok {
			// Damaged, or not whole yet: then it is looked at again.
			b, at = b[len(packMagic):], at+int64(len(packMagic))
			continue
		}
		ref.off = at + int64(packHead)
		p.index[k] = append(p.index[k], ref)
		b, at = b[packHead+ref.n:], at+int64(packHead+ref.n)
		p.size = at
	}
}

// parseRecord reads the record with which b begins.
func parseRecord(b []byte) (k packKey, ref packRef, ok bool) {
	if len(b) < packHead {
		return k, ref, false
	}
	h := b[len(packMagic):]
	k.kind = h[0]
	copy(k.d[:], h[1:])
	n := binary.LittleEndian.Uint32(h[1+digest.Size:])
	ref.sum = binary.LittleEndian.Uint32(h[1+digest.Size+4:])
	if uint64(n) > uint64(len(b)-packHead) {
		return k, ref, false
	}
	ref.n = int(n)
	return k, ref, ref.sum == packSum(k, b[packHead:packHead+ref.n])
}

func packSum(k packKey, payload []byte) uint32 {
	return crc32.Update(crc32.Update(crc32.Checksum([]byte{k.kind}, castagnoli), castagnoli, k.d[:]), castagnoli, payload)
}

// get returns the payloads recorded under a key, oldest first.
func (s *Store) get(kind byte, d digest.Digest) [][]byte {
	p, name := s.pack(d)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open(s.fs, name, false) != nil || p.refresh() != nil {
		return nil
	}
	k := packKey{kind, d}
	var out [][]byte
	for _, ref := range p.index[k] {
		b := make([]byte, ref.n)
		if _, err := p.f.ReadAt(b, ref.off); err == nil && packSum(k, b) == ref.sum {
			out = append(out, b)
		}
	}
	return out
}

// holds reports whether there is a record of a blob, of the given size.
func (s *Store) holds(d digest.Digest, size int64) bool {
	p, name := s.pack(d)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open(s.fs, name, false) != nil || p.refresh() != nil {
		return false
	}
	refs := p.index[packKey{blobKind, d}]
	return len(refs) > 0 && int64(refs[len(refs)-1].n) == size
}

// append adds a record.
func (s *Store) append(kind byte, d digest.Digest, payload []byte) error {
	k := packKey{kind, d}
	b := make([]byte, 0, packHead+len(payload))
	b = append(b, packMagic...)
	b = append(b, kind)
	b = append(b, d[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, packSum(k, payload))
	b = append(b, payload...)
	p, name := s.pack(d)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.open(s.fs, name, true); err != nil {
		return err
	}
	return fsys.WriteAll(p.f, b)
}

// Close releases what the store holds open.
func (s *Store) Close() error {
	var errs []error
	for i := range s.packs {
		p := &s.packs[i]
		p.mu.Lock()
		if p.f != nil {
			errs = append(errs, p.f.Close())
			p.f, p.size, p.index = nil, 0, nil
		}
		p.mu.Unlock()
	}
	return errors.Join(errs...)
}
