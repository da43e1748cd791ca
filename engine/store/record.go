package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"sync"

	"erg.build/erg/engine/digest"
)

const (
	packMagic = "\xe7pak"
	packHead  = len(packMagic) + 1 + digest.Size + 4 + 4 // kind, digest, length, checksum
)

// Kinds of records.
const (
	entryKind = 'e'
	blobKind  = 'b'
)

// castagnoli is made when it is needed: that takes as long as starting erg does
// otherwise, and who finds that there is nothing to do needs no store.
var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

type packKey struct {
	kind byte
	d    digest.Digest
}

// A header is that of a record.
type header struct {
	packKey
	n   int // the payload's length
	sum uint32
}

// parseHeader reads the header with which b begins.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < packHead || string(b[:len(packMagic)]) != packMagic {
		return h, false
	}
	b = b[len(packMagic):]
	h.kind = b[0]
	copy(h.d[:], b[1:])
	h.n = int(binary.LittleEndian.Uint32(b[1+digest.Size:]))
	h.sum = binary.LittleEndian.Uint32(b[1+digest.Size+4:])
	return h, true
}

// parseRecord reads the record with which b begins.
func parseRecord(b []byte) (h header, payload []byte, ok bool) {
	h, ok = parseHeader(b)
	if !ok || h.n > len(b)-packHead {
		return h, nil, false
	}
	payload = b[packHead : packHead+h.n]
	return h, payload, h.sum == packSum(h.packKey, payload)
}

func packSum(k packKey, payload []byte) uint32 {
	return crc32.Update(crc32.Update(crc32.Checksum([]byte{k.kind}, castagnoli()), castagnoli(), k.d[:]), castagnoli(), payload)
}

func appendRecord(b []byte, k packKey, payload []byte) []byte {
	b = append(b, packMagic...)
	b = append(b, k.kind)
	b = append(b, k.d[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, packSum(k, payload))
	return append(b, payload...)
}

// scanWindow is how much of a pack is read at a time.
const scanWindow = 1 << 20

// scan calls visit for each whole record in f between two offsets. What is
// damaged is skipped: the next record is found by its magic. The record given
// to visit is only valid until it returns.
func scan(f io.ReaderAt, from, to int64, visit func(off int64, h header, record []byte)) error {
	window := make([]byte, min(scanWindow, to-from))
	for from < to {
		b := window[:min(int64(len(window)), to-from)]
		n, err := f.ReadAt(b, from)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n < len(b) {
			to = from + int64(n) // somebody cut it
		}
		done, need := scanBytes(b[:n], from, to, visit)
		from += int64(done)
		if need > len(window) {
			window = make([]byte, need)
		}
	}
	return nil
}

// scanBytes visits the records in b, which is what a file that ends at to
// holds at an offset. It returns how much of b is done with, and how long the
// record behind that is at most, if it does not lie in b whole.
func scanBytes(b []byte, at, to int64, visit func(off int64, h header, record []byte)) (done, need int) {
	last := at+int64(len(b)) == to
	for {
		i := bytes.Index(b[done:], []byte(packMagic))
		if i < 0 {
			if last {
				return len(b), 0
			}
			return max(done, len(b)-len(packMagic)+1), 0
		}
		done += i
		if len(b)-done < packHead && !last {
			return done, packHead
		}
		h, ok := parseHeader(b[done:])
		whole := packHead + h.n
		switch {
		case !ok || int64(whole) > to-at-int64(done):
			done += len(packMagic) // damaged, or not whole yet
			continue
		case whole > len(b)-done:
			return done, whole
		}
		if _, _, ok = parseRecord(b[done:]); !ok {
			done += len(packMagic)
			continue
		}
		visit(at+int64(done), h, b[done:done+whole])
		done += whole
	}
}
