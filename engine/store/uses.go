package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// What a collection may remove is decided by when entries were last used:
// put or looked up. The file "uses" has that, as blocks that are appended, one
// for each build and thousand of uses:
//
//	magic, time (8 bytes, seconds), number of uses (4), checksum (4)
//	the first eight bytes of each key
//
// It is compacted by collections alone. An entry without a use in the file
// (its build was killed before it could write) counts as used now, by a
// collection which then remembers that.

const (
	usesName  = "uses"
	usesMagic = "\xe7use"
	usesHead  = len(usesMagic) + 8 + 4 + 4
	// usesBlock is how many uses wait until they are written.
	usesBlock = 4096
)

// useOf is what the file has of a key. That two keys are the same here makes
// one of them stay longer.
func useOf(d digest.Digest) uint64 { return binary.BigEndian.Uint64(d[:]) }

// uses are those that were not written yet.
type uses struct {
	mu      sync.Mutex
	waiting []uint64
}

// used notes the use of a key.
func (s *Store) used(key digest.Digest) {
	s.uses.mu.Lock()
	s.uses.waiting = append(s.uses.waiting, useOf(key))
	full := len(s.uses.waiting) >= usesBlock
	s.uses.mu.Unlock()
	if full {
		s.flushUses()
	}
}

// flushUses writes what waits. A failure (the store cannot be written) makes
// entries seem older than they are: no more than that.
func (s *Store) flushUses() {
	s.uses.mu.Lock()
	keys := s.uses.waiting
	s.uses.waiting = nil
	s.uses.mu.Unlock()
	if len(keys) == 0 {
		return
	}
	b := appendUses(nil, time.Now(), keys)
	for again := reopenings; ; again-- {
		f, err := s.fs.OpenFile(filepath.Join(s.dir, usesName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		if err != nil {
			return
		}
		written, err := appendTo(f, b, again == 0)
		f.Close()
		if written || err != nil {
			return
		}
	}
}

func appendUses(b []byte, at time.Time, keys []uint64) []byte {
	start := len(b)
	b = append(b, usesMagic...)
	b = binary.LittleEndian.AppendUint64(b, uint64(at.Unix()))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(keys)))
	b = append(b, 0, 0, 0, 0)
	for _, k := range keys {
		b = binary.LittleEndian.AppendUint64(b, k)
	}
	binary.LittleEndian.PutUint32(b[start+usesHead-4:], usesSum(b[start:]))
	return b
}

// usesSum is the checksum of the block b.
func usesSum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:usesHead-4], castagnoli()), castagnoli(), b[usesHead:])
}

// parseUses returns when each key was last used. What is damaged is skipped.
func parseUses(b []byte) map[uint64]int64 {
	last := map[uint64]int64{}
	for {
		i := bytes.Index(b, []byte(usesMagic))
		if i < 0 {
			return last
		}
		b = b[i:]
		if len(b) < usesHead {
			return last
		}
		at := int64(binary.LittleEndian.Uint64(b[len(usesMagic):]))
		n := int64(binary.LittleEndian.Uint32(b[len(usesMagic)+8:]))
		whole := int64(usesHead) + 8*n
		if whole > int64(len(b)) || usesSum(b[:whole]) != binary.LittleEndian.Uint32(b[usesHead-4:]) {
			b = b[len(usesMagic):]
			continue
		}
		for j := range n {
			k := binary.LittleEndian.Uint64(b[int64(usesHead)+8*j:])
			last[k] = max(last[k], at)
		}
		b = b[whole:]
	}
}

// readUses reads the file.
func (s *Store) readUses() (map[uint64]int64, error) {
	b, err := fsys.ReadFile(s.fs, filepath.Join(s.dir, usesName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return parseUses(b), nil
}
