package store

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// batchOf is entries with a blob each.
func batchOf(t *testing.T, texts ...string) *Batch {
	t.Helper()
	b := &Batch{}
	for _, text := range texts {
		b.Blob(digest.OfString(text), []byte(text))
		if err := b.Entry(digest.OfString("key of "+text), entry(text)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func hasAll(t *testing.T, s *Store, texts ...string) {
	t.Helper()
	for _, text := range texts {
		es := s.Lookup(digest.OfString("key of " + text))
		if len(es) != 1 || !s.Has(es[0]) || string(mustRead(t, s, es[0])) != text {
			t.Errorf("%s: %+v", text, es)
		}
	}
}

func numbered(prefix string, n int) (texts []string) {
	for i := range n {
		texts = append(texts, fmt.Sprint(prefix, i))
	}
	return texts
}

func TestBatch(t *testing.T) {
	dir := t.TempDir()
	s, other := Open(fsys.OS{}, dir), Open(fsys.OS{}, dir)
	// Several records for each pack, by two who both have it open.
	first, second, third := numbered("a", 700), numbered("b", 700), numbered("c", 700)
	for i, texts := range [][]string{first, second, third} {
		who := []*Store{s, other, s}[i]
		if err := who.Write(batchOf(t, texts...)); err != nil {
			t.Fatal(err)
		}
	}
	for _, who := range []*Store{s, other, Open(fsys.OS{}, dir)} {
		hasAll(t, who, first...)
		hasAll(t, who, second...)
		hasAll(t, who, third...)
	}
}

// What was appended is indexed without being read again, and at the right places.
func TestBatchIsIndexed(t *testing.T) {
	s := Open(fsys.OS{}, t.TempDir())
	for _, texts := range [][]string{numbered("a", 600), numbered("b", 600)} {
		if err := s.Write(batchOf(t, texts...)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range s.packs {
		p := &s.packs[i]
		if p.f == nil {
			continue
		}
		fi, err := p.f.Stat()
		if err != nil || p.size != fi.Size() {
			t.Fatalf("pack %x: %d of %d bytes are indexed, %v", i, p.size, fi.Size(), err)
		}
		var fresh pack
		if err := fresh.refresh(fsys.OS{}, s.packName(byte(i))); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(fresh.index, fresh.last) != fmt.Sprint(p.index, p.last) {
			t.Errorf("pack %x: the index is not the one that a reader makes", i)
		}
	}
}

func TestBatchStoresBlobsOnce(t *testing.T) {
	dir := t.TempDir()
	s := Open(fsys.OS{}, dir)
	d := digest.OfString("text")
	size := func() int64 {
		fi, err := os.Stat(s.packName(d[0]))
		if err != nil {
			t.Fatal(err)
		}
		return fi.Size()
	}
	write := func() {
		t.Helper()
		b := &Batch{}
		b.Blob(d, []byte("text"))
		b.Blob(d, []byte("text"))
		if err := s.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	write()
	once := size()
	if once != int64(packHead+len("text")) {
		t.Errorf("one blob takes %d bytes", once)
	}
	write()
	if size() != once {
		t.Error("a blob that is there was stored again")
	}
	// One that is damaged is stored again.
	if err := os.WriteFile(s.packName(d[0]), make([]byte, once), 0o666); err != nil {
		t.Fatal(err)
	}
	write()
	if b, err := s.Read(d); err != nil || string(b) != "text" {
		t.Errorf("read %q, %v", b, err)
	}
	// The directory may go away altogether.
	if err := os.RemoveAll(filepath.Join(dir, "packs")); err != nil {
		t.Fatal(err)
	}
	write()
	if b, err := s.Read(d); err != nil || string(b) != "text" {
		t.Errorf("after the store was removed: read %q, %v", b, err)
	}
}

func TestConcurrentBatches(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			s := Open(fsys.OS{}, dir)
			for k := range 5 {
				if err := s.Write(batchOf(t, numbered(fmt.Sprint(w, k, " "), 100)...)); err != nil {
					t.Error(err)
				}
			}
			for k := range 5 {
				hasAll(t, s, numbered(fmt.Sprint(w, k, " "), 100)...)
			}
		})
	}
	wg.Wait()
}
