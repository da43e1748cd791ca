package trace

import "unsafe"

// freshRows are rows in memory: columns without pointers to anything but
// themselves, since a large build has very many.
type freshRows struct {
	recs  []freshRow
	text  []byte
	slots []uint32 // an open-addressing hash table; number plus one, 0 for empty
}

type freshRow struct {
	rowData
	at, len uint32 // of the path in text
	hash    uint32
	kind    Kind
}

// hashKey hashes a file's path and kind: FNV-1a, folded, since the hash is
// part of the file format.
func hashKey(k FileKey) uint32 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := range len(k.Path) {
		h = (h ^ uint64(k.Path[i])) * prime
	}
	h = (h ^ uint64(k.Kind)) * prime
	return uint32(h>>32) ^ uint32(h)
}

func (f *freshRows) key(r Row) FileKey {
	rec := &f.recs[r]
	return FileKey{f.string(rec), rec.kind}
}

// string returns a row's path, which shares memory with the others: what was
// written to text stays as it is, even when text moves.
func (f *freshRows) string(rec *freshRow) string {
	b := f.text[rec.at : rec.at+rec.len]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// find returns the number of a file, or the empty slot where it would be.
func (f *freshRows) slot(k FileKey, hash uint32) (r Row, slot int, ok bool) {
	mask := len(f.slots) - 1
	for i := int(hash) & mask; ; i = (i + 1) & mask {
		n := f.slots[i]
		if n == 0 {
			return 0, i, false
		}
		rec := &f.recs[n-1]
		if rec.hash == hash && rec.kind == k.Kind && f.string(rec) == k.Path {
			return Row(n - 1), i, true
		}
	}
}

func (f *freshRows) find(k FileKey, hash uint32) (Row, bool) {
	if len(f.recs) == 0 {
		return 0, false
	}
	r, _, ok := f.slot(k, hash)
	return r, ok
}

func (f *freshRows) intern(k FileKey, hash uint32) Row {
	if 3*(len(f.recs)+1) > 2*len(f.slots) {
		f.grow()
	}
	r, slot, ok := f.slot(k, hash)
	if ok {
		return r
	}
	f.recs = append(f.recs, freshRow{at: uint32(len(f.text)), len: uint32(len(k.Path)), hash: hash, kind: k.Kind})
	f.text = append(f.text, k.Path...)
	f.slots[slot] = uint32(len(f.recs))
	return Row(len(f.recs) - 1)
}

func (f *freshRows) grow() {
	f.slots = make([]uint32, max(64, 2*len(f.slots)))
	mask := len(f.slots) - 1
	for n := range f.recs {
		i := int(f.recs[n].hash) & mask
		for f.slots[i] != 0 {
			i = (i + 1) & mask
		}
		f.slots[i] = uint32(n + 1)
	}
}
