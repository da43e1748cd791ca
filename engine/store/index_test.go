package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// The index agrees with a map, where tags clash and records are dropped too.
func TestIndex(t *testing.T) {
	type key struct {
		kind byte
		d    digest.Digest
	}
	r := rand.New(rand.NewPCG(1, 2))
	var x index
	want := map[key][]uint64{}
	var keys []key
	for i := range 5000 {
		k := key{entryKind, digest.Digest{1: byte(r.IntN(40)), 8: byte(r.IntN(40))}}
		if r.IntN(2) == 0 {
			k.kind = blobKind
		}
		loc := locate(k.kind, int64(i)*1000, r.IntN(1<<20))
		x.add(k.kind, tagOf(k.d), loc)
		want[k] = append(want[k], loc)
		keys = append(keys, k)
		if r.IntN(4) == 0 {
			// Forget the newest of some key.
			k := keys[r.IntN(len(keys))]
			if n, ok := x.newest(k.kind, k.d); ok {
				x.drop(n)
				want[k] = want[k][:len(want[k])-1]
			}
		}
	}
	for k, locs := range want {
		var got []uint64
		for r, ok := x.newest(k.kind, k.d); ok; r, ok = x.older(r) {
			got = append(got, x.loc[r])
		}
		slices.Reverse(got)
		if !slices.Equal(got, locs) {
			t.Fatalf("%v: got %x, want %x", k, got, locs)
		}
	}
	if _, ok := x.newest(entryKind, digest.Digest{2: 1}); ok {
		t.Error("found what was never added")
	}
}

func TestLocate(t *testing.T) {
	for _, off := range []int64{0, 1, 1<<locBits - 1} {
		for _, n := range []int{0, 1, packMax, locLen - 2, locLen - 1, locLen, 1 << 30} {
			for _, kind := range []byte{entryKind, blobKind} {
				loc := locate(kind, off, n)
				x := index{loc: []uint64{loc}}
				gotOff, gotN, sure := located(loc)
				if gotOff != off || sure != (n < locLen-1) || sure && gotN != n || x.kind(0) != kind || x.dropped(0) {
					t.Errorf("%c %d %d: got %c %d %d %v", kind, off, n, x.kind(0), gotOff, gotN, sure)
				}
			}
		}
	}
}

// bytes is what the index takes.
func (x *index) bytes() int {
	return 8*cap(x.tag) + 8*cap(x.loc) + 4*cap(x.prev) + 4*cap(x.table)
}

func TestIndexIsCompact(t *testing.T) {
	const n = 100_000
	r := rand.New(rand.NewPCG(1, 2))
	var grown, loaded index
	loaded.reserve(n)
	for i := range n {
		tag := r.Uint64()
		grown.add(blobKind, tag, locate(blobKind, int64(i), 1))
		loaded.add(blobKind, tag, locate(blobKind, int64(i), 1))
	}
	if got := loaded.bytes() / n; got > 28 {
		t.Errorf("loaded: %d bytes per record", got)
	}
	if got := grown.bytes() / n; got > 33 {
		t.Errorf("grown: %d bytes per record", got)
	}
}

// Keys of which the index knows the same are told apart by their records.
func TestClash(t *testing.T) {
	s := Open(fsys.OS{}, t.TempDir())
	a := digest.OfString("key")
	b := a
	b[20] ^= 1
	one, two := entry("one", dep("s:h", "1")), entry("two", dep("s:h", "2"))
	if err := errors.Join(s.Put(a, one), s.Put(b, two)); err != nil {
		t.Fatal(err)
	}
	if got := s.Lookup(a); !reflect.DeepEqual(got, []Entry{one}) {
		t.Errorf("got %+v", got)
	}
	if got := s.Lookup(b); !reflect.DeepEqual(got, []Entry{two}) {
		t.Errorf("got %+v", got)
	}
	c := a
	c[20] ^= 2
	if got := s.Lookup(c); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	if p, _ := s.pack(a); p.stale {
		t.Error("a clash was taken for damage")
	}
}

// Entries longer than the index can tell, and than a scan reads at once.
func TestLongEntry(t *testing.T) {
	dir := t.TempDir()
	s := Open(fsys.OS{}, dir)
	s.step = 1
	key := digest.OfString("key")
	long := entry("x")
	long.Message = string(bytes.Repeat([]byte("warning "), scanWindow/2))
	if err := errors.Join(s.Put(key, entry("y", dep("s:h", "1"))), s.Put(key, long), s.Put(key, entry("z", dep("s:h", "3")))); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := s.Lookup(key); len(got) != 3 || !reflect.DeepEqual(got[1], long) {
			t.Fatalf("%d entries", len(got))
		}
		s.Close() // and once more from the index
	}
}

// indexedStore is a store with n keys in one pack, and the pack's name.
func indexedStore(t *testing.T, dir, what string, n int) (keys []digest.Digest, name string) {
	t.Helper()
	s := Open(fsys.OS{}, dir)
	s.step = 1
	for i := range n {
		k := digest.OfString(fmt.Sprint(what, i))
		k[0] = 0xab
		keys = append(keys, k)
		if err := s.Put(k, entry(fmt.Sprint(what, i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return keys, s.packName(0xab)
}

// found returns how many of the keys are there, and how much of the pack was
// taken from the index file.
func found(t *testing.T, dir, what string, keys []digest.Digest) (n int, saved int64) {
	t.Helper()
	s := Open(fsys.OS{}, dir)
	for i, k := range keys {
		got := s.Lookup(k)
		if len(got) > 0 && !reflect.DeepEqual(got, []Entry{entry(fmt.Sprint(what, i))}) {
			t.Fatalf("key %d: got %+v", i, got)
		}
		n += len(got)
	}
	return n, s.packs[0xab].saved
}

// An index file is used if it is whole and the pack's own; else all is found
// without it.
func TestIndexFile(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	keys, name := indexedStore(t, dir, "a", 5)
	_, foreign := indexedStore(t, other, "b", 5)
	pack, _ := os.ReadFile(name)
	good, err := os.ReadFile(name + indexSuffix)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, idx []byte, want bool) {
		t.Helper()
		os.WriteFile(name+indexSuffix, idx, 0o666)
		if n, saved := found(t, dir, "a", keys); n != len(keys) || saved > 0 != want {
			t.Errorf("%s: %d entries, %d bytes covered", what, n, saved)
		}
	}
	check("whole", good, true)
	for i := range good {
		check(fmt.Sprint("cut at ", i), good[:i], false)
		flipped := bytes.Clone(good)
		flipped[i] ^= 1
		check(fmt.Sprint("flipped at ", i), flipped, false)
	}
	check("extended", append(bytes.Clone(good), 0), false)
	alien, _ := os.ReadFile(foreign + indexSuffix)
	check("another store's", alien, false)

	// The pack was cut, and grew again by other records.
	os.WriteFile(name+indexSuffix, good, 0o666)
	os.WriteFile(name, pack[:len(pack)-1], 0o666)
	if n, saved := found(t, dir, "a", keys); n != len(keys)-1 || saved != 0 {
		t.Errorf("cut: %d entries, %d bytes covered", n, saved)
	}
	theirs, _ := os.ReadFile(foreign)
	os.WriteFile(name, append(bytes.Clone(pack[:len(pack)/2]), theirs...), 0o666)
	if n, saved := found(t, dir, "a", keys); n != 2 || saved != 0 {
		t.Errorf("cut and grown: %d entries, %d bytes covered", n, saved)
	}

	// A pack that has grown: the index is as good as it was.
	os.WriteFile(name, append(bytes.Clone(pack), theirs...), 0o666)
	if n, saved := found(t, dir, "a", keys); n != len(keys) || saved != int64(len(pack)) {
		t.Errorf("grown: %d entries, %d bytes covered", n, saved)
	}
}

// An index is written anew only if that pays.
func TestIndexStep(t *testing.T) {
	dir := t.TempDir()
	keys, name := indexedStore(t, dir, "a", 5)
	before, _ := os.Stat(name + indexSuffix)
	s := Open(fsys.OS{}, dir)
	if err := errors.Join(s.Put(keys[0], entry("new")), s.Close()); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(name + indexSuffix); !os.SameFile(before, after) {
		t.Error("it was written for one record")
	}
	large := entry("large")
	large.Message = string(make([]byte, indexStep))
	if err := errors.Join(s.Put(keys[0], large), s.Close()); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(name + indexSuffix); os.SameFile(before, after) {
		t.Error("it was not written")
	}
}

// Several ergs append to one pack and write its index over one another.
func TestIndexRace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 25 {
				s := Open(fsys.OS{}, dir)
				s.step = 1
				k := digest.OfString(fmt.Sprint(w, " ", i))
				k[0] = 0xab
				if err := errors.Join(s.Put(k, entry("x")), s.Close()); err != nil {
					t.Error(err)
				}
				if len(s.Lookup(k)) != 1 {
					t.Error("what was put is not there")
				}
				s.Close()
			}
		})
	}
	wg.Wait()
	s := Open(fsys.OS{}, dir)
	for w := range 4 {
		for i := range 25 {
			k := digest.OfString(fmt.Sprint(w, " ", i))
			k[0] = 0xab
			if len(s.Lookup(k)) != 1 {
				t.Errorf("%d %d is lost", w, i)
			}
		}
	}
	noLitter(t, dir)
}
