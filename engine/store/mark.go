package store

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"erg.build/erg/engine/digest"
)

// A marking is what a collection knows of a store, and what it decided to
// keep. It is made of integers where there are many: a store may have millions
// of entries.
type marking struct {
	packs   [packCount]markedPack
	entries []markedEntry // by pack, and by offset
	outs    []int32       // the blobs of all entries, as indices of blobs
	blobs   []markedBlob
	ids     map[digest.Digest]int32 // of blobs
	trees   []*Tree
	byInput map[string]int32 // the trees, by Input
	seed    maphash.Seed
}

type markedPack struct {
	limit       int64 // up to here records are judged; those behind stay
	kept        int64 // bytes of those that were judged and stay
	first, last int   // its entries
	recent      bool  // it was appended to within the grace
}

type markedEntry struct {
	off        int64
	size       int64
	used       int64 // seconds
	use        uint64
	first, end int32 // its outs
	tree       int32 // the tree that it refers to, in trees; -1 for none
	dead       bool  // superseded, or its blobs are not there
	keep       bool
}

type markedBlob struct {
	off    int64 // of its newest record; -1 for a file
	size   int64
	there  bool
	wanted bool // by any entry, dead ones too
	recent bool // a file that was made within the grace
	keep   bool
}

// recordCost is what a record takes beside its payload: in the pack, and in
// the index.
const recordCost = int64(packHead) + 16

// mark reads the store. The limits are taken before anything is read: blobs
// that were stored before are wanted by an entry that is read, but for those
// of results that are being stored right then, and even these most likely.
func (s *Store) mark(ctx context.Context, o CollectOptions) (*marking, error) {
	m, now := &marking{ids: map[digest.Digest]int32{}, trees: o.Trees, byInput: map[string]int32{}, seed: maphash.MakeSeed()}, o.now
	for i, t := range m.trees {
		m.byInput[t.Input] = int32(i)
		t.used = t.Used.Unix()
	}
	for i := range m.packs {
		fi, err := s.fs.Stat(s.packName(byte(i)))
		if err == nil {
			m.packs[i].limit, m.packs[i].recent = fi.Size(), now.Sub(fi.ModTime()) < grace
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	err := s.largeBlobs(func(d digest.Digest, fi os.FileInfo) {
		*m.blob(d) = markedBlob{off: -1, size: fi.Size(), there: true, recent: now.Sub(fi.ModTime()) < grace}
	})
	if err != nil {
		return nil, err
	}
	uses, err := s.readUses()
	if err != nil {
		return nil, err
	}
	for i := range m.packs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &m.packs[i]
		p.first = len(m.entries)
		err := m.readPack(s, byte(i), uses, now.Unix())
		p.last = len(m.entries)
		if err != nil {
			return nil, err
		}
	}
	for i := range m.entries {
		m.judge(&m.entries[i])
	}
	return m, nil
}

// largeBlobs visits the blobs that are files.
func (s *Store) largeBlobs(visit func(digest.Digest, os.FileInfo)) error {
	top := filepath.Join(s.dir, "blobs")
	dirs, err := s.fs.ReadDir(top)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, dir := range dirs {
		if !dir.IsDir() {
			continue // none of the store's
		}
		files, ferr := s.fs.ReadDir(filepath.Join(top, dir.Name()))
		err = errors.Join(err, ferr)
		for _, f := range files {
			d, err := digest.Parse(f.Name())
			if err != nil || !strings.HasPrefix(f.Name(), dir.Name()) {
				continue
			}
			if fi, err := f.Info(); err == nil && fi.Mode().IsRegular() {
				visit(d, fi)
			}
		}
	}
	return err
}

// blob returns what is known of a blob, to be filled in.
func (m *marking) blob(d digest.Digest) *markedBlob {
	id, ok := m.ids[d]
	if !ok {
		id = int32(len(m.blobs))
		m.ids[d] = id
		m.blobs = append(m.blobs, markedBlob{})
	}
	return &m.blobs[id]
}

// readPack notes the records of a pack.
func (m *marking) readPack(s *Store, i byte, uses map[uint64]int64, now int64) error {
	// Also packs that were not there a moment ago are read: older entries may
	// want what is in them.
	f, err := s.fs.Open(s.packName(i))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	var names []entryName
	p := &m.packs[i]
	err = scan(f, 0, fi.Size(), func(off int64, h header, record []byte) {
		if off < p.limit {
			p.limit = max(p.limit, off+int64(len(record))) // it was being written
		}
		switch h.kind {
		case blobKind:
			b := m.blob(h.d)
			b.off, b.size, b.there = off, int64(h.n), true
		case entryKind:
			e, err := decodeEntry(record[packHead:])
			if err != nil {
				return // it is good for nothing
			}
			use := useOf(h.d)
			at, ok := uses[use]
			if !ok {
				at = now
			}
			first := len(m.outs)
			for _, o := range e.Outs {
				if d, err := digest.Parse(o.Digest); err == nil {
					m.blob(d).wanted = true
					m.outs = append(m.outs, m.ids[d])
				}
			}
			m.entries = append(m.entries, markedEntry{off: off, size: int64(h.n), used: at, use: use,
				first: int32(first), end: int32(len(m.outs)), tree: m.treeOf(e)})
			names = append(names, entryName{h.d, m.hash(e)})
		}
	})
	supersede(m.entries[p.first:], names)
	return err
}

// treeOf finds the tree that an entry refers to.
func (m *marking) treeOf(e Entry) int32 {
	if len(m.trees) > 0 {
		for _, d := range e.Deps {
			if i, ok := m.byInput[d.Path]; ok {
				return i
			}
		}
	}
	return -1
}

// An entryName is the key of an entry, and what tells it from others there.
type entryName struct {
	key  digest.Digest
	deps uint64
}

// hash is the same for entries of which one supersedes the other.
func (m *marking) hash(e Entry) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	h.WriteString(e.Location)
	for _, d := range e.Deps {
		h.WriteByte(0)
		h.WriteString(d.Path)
		h.WriteByte(0)
		h.Write(d.Digest[:])
	}
	return h.Sum64()
}

// supersede marks the entries of a pack that Lookup would not return.
func supersede(entries []markedEntry, names []entryName) {
	seen := map[entryName]bool{}
	count := map[digest.Digest]int{}
	for i, n := range slices.Backward(names) {
		if seen[n] || count[n.key] == MaxEntries {
			entries[i].dead = true
			continue
		}
		seen[n] = true
		count[n.key]++
	}
}

// judge marks an entry whose blobs are not all there, as Has would see it.
func (m *marking) judge(e *markedEntry) {
	for _, id := range m.outs[e.first:e.end] {
		e.dead = e.dead || !m.blobs[id].there
	}
}

// choose decides what stays: what was stored since the marking began, and of
// the rest what was used last.
func (m *marking) choose(o CollectOptions) {
	size := m.keepHeld()
	var order []int32
	for i := range m.packs {
		p := &m.packs[i]
		for j := p.first; j < p.last; j++ {
			switch e := &m.entries[j]; {
			case e.off >= p.limit:
				size += m.price(e)
				m.keep(e)
			case !e.dead:
				order = append(order, int32(j))
			}
		}
	}
	for d, id := range m.ids {
		b, p := &m.blobs[id], &m.packs[d[0]]
		young := b.off >= p.limit
		if !b.wanted {
			// The entry that it belongs to may be on its way.
			young = young || b.recent || b.off >= 0 && p.recent
		}
		if b.there && young && !b.keep {
			b.keep = true
			size += b.cost()
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(m.entries[b].used, m.entries[a].used) })
	trees := m.treesByUse()
	stays := func(used, price int64) bool {
		size += price
		return (o.MaxAge <= 0 || o.now.Unix()-used <= int64(o.MaxAge/time.Second)) && (o.MaxSize <= 0 || size <= o.MaxSize)
	}
	for len(order)+len(trees) > 0 {
		// A tree was used no earlier than any entry that refers to it.
		if len(trees) > 0 && (len(order) == 0 || trees[0].used >= m.entries[order[0]].used) {
			if !stays(trees[0].used, trees[0].price()) {
				return
			}
			trees[0].keep()
			trees = trees[1:]
			continue
		}
		e := &m.entries[order[0]]
		if !stays(e.used, m.price(e)) {
			return
		}
		m.keep(e)
		order = order[1:]
	}
}

func (b *markedBlob) cost() int64 {
	if b.off < 0 {
		return b.size
	}
	return b.size + recordCost
}

// price is what it takes to keep one more entry, with its blobs.
func (m *marking) price(e *markedEntry) int64 {
	size := e.size + recordCost
	for _, id := range m.outs[e.first:e.end] {
		if b := &m.blobs[id]; b.there && !b.keep {
			size += b.cost()
		}
	}
	if e.tree >= 0 {
		size += m.trees[e.tree].price()
	}
	return size
}

func (m *marking) keep(e *markedEntry) {
	e.keep = true
	if e.tree >= 0 {
		m.trees[e.tree].keep()
	}
	for _, id := range m.outs[e.first:e.end] {
		m.blobs[id].keep = m.blobs[id].there
	}
}
