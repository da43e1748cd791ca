package store

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"erg.build/erg/engine/digest"
)

// Stats tell what a store holds, as far as that is known without reading it.
type Stats struct {
	Keys    int   // actions of which there are results
	Entries int   // their results, superseded ones too
	Small   int   // blobs in packs
	Large   int   // blobs that are files
	Packs   int64 // bytes
	Files   int64 // bytes of large blobs
	Other   int64 // bytes of all else: indexes, uses, stamps
	// Oldest and Newest are when an entry was used last, of those of which it
	// is known; zero if there are none.
	Oldest, Newest time.Time
}

// Size is what the store takes.
func (s *Stats) Size() int64 { return s.Packs + s.Files + s.Other }

// Stats describes the store. A store that is not there is empty.
func (s *Store) Stats() (Stats, error) {
	var st Stats
	if _, err := s.fs.ReadDir(s.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return st, err
	}
	for i := range s.packs {
		p, name := &s.packs[i], s.packName(byte(i))
		p.mu.Lock()
		err := p.refresh(s.fs, name)
		if err == nil {
			p.index.count(&st)
			st.Packs += s.fileSize(name)
			st.Other += s.fileSize(name + indexSuffix)
		}
		p.mu.Unlock()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return st, err
		}
	}
	err := s.largeBlobs(func(_ digest.Digest, fi os.FileInfo) {
		st.Large++
		st.Files += fi.Size()
	})
	if err != nil {
		return st, err
	}
	top, _ := s.fs.ReadDir(s.dir)
	for _, f := range top {
		if fi, err := f.Info(); err == nil && fi.Mode().IsRegular() {
			st.Other += fi.Size()
		}
	}
	uses, err := s.readUses()
	for _, at := range uses {
		t := time.Unix(at, 0)
		if st.Oldest.IsZero() || t.Before(st.Oldest) {
			st.Oldest = t
		}
		if t.After(st.Newest) {
			st.Newest = t
		}
	}
	return st, err
}

func (s *Store) fileSize(name string) int64 {
	fi, err := s.fs.Lstat(name)
	if err != nil {
		return 0
	}
	return fi.Size()
}

// count adds the records of a pack.
func (x *index) count(st *Stats) {
	for r := range x.loc {
		if !x.dropped(uint32(r)) && x.kind(uint32(r)) == entryKind {
			st.Entries++
		}
	}
	for _, r := range x.table {
		if r == 0 {
			continue
		}
		if _, ok := x.skip(r); !ok {
			continue
		}
		if x.kind(r-1) == entryKind {
			st.Keys++
		} else {
			st.Small++
		}
	}
}
