package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/fsys/fault"
)

// A shelf is a store of which a test knows what should be in it.
type shelf struct {
	t    testing.TB
	s    *Store
	file string
}

func newShelf(t testing.TB) *shelf {
	dir := t.TempDir()
	return &shelf{t, Open(fsys.OS{}, filepath.Join(dir, "store")), filepath.Join(dir, "file")}
}

// made is what an action makes: a small blob, shared by three, and, for every
// other action, a large one.
func made(i int) []string {
	texts := []string{fmt.Sprint("small ", i/3)}
	if i%2 == 0 {
		texts = append(texts, strings.Repeat(fmt.Sprint("large ", i), packMax/4))
	}
	return texts
}

func shelfKey(i int) digest.Digest { return digest.OfString(fmt.Sprint("action ", i)) }

func madeEntry(i int) Entry {
	e := Entry{Message: fmt.Sprint("made ", i)}
	for _, text := range made(i) {
		e.Outs = append(e.Outs, Blob{Digest: digest.OfString(text).String(), Size: int64(len(text))})
	}
	return e
}

// put stores what action i made.
func (h *shelf) put(i int) {
	h.t.Helper()
	for _, text := range made(i) {
		if err := h.s.Add(put(h.t, h.file, text), h.file); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := h.s.Put(shelfKey(i), madeEntry(i)); err != nil {
		h.t.Fatal(err)
	}
}

// age makes it that actions were last used so long ago, in days, and that
// nothing was stored recently.
func (h *shelf) age(days map[int]int) {
	h.t.Helper()
	h.s.Close()
	var b []byte
	for i, n := range days {
		b = appendUses(b, time.Now().AddDate(0, 0, -n), []uint64{useOf(shelfKey(i))})
	}
	if err := os.WriteFile(filepath.Join(h.s.dir, usesName), b, 0o666); err != nil {
		h.t.Fatal(err)
	}
	long := time.Now().Add(-2 * grace)
	filepath.WalkDir(h.s.dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chtimes(name, long, long)
		}
		return err
	})
}

// has reports whether what action i made is there, and fails the test if it
// is something else.
func (h *shelf) has(s *Store, i int) bool {
	h.t.Helper()
	got := s.Lookup(shelfKey(i))
	if len(got) == 0 || !s.Has(got[0]) {
		return false
	}
	if got[0].Message != fmt.Sprint("made ", i) {
		h.t.Fatalf("%d: %+v", i, got[0])
	}
	for j, text := range made(i) {
		d, err := digest.Parse(got[0].Outs[j].Digest)
		if err != nil {
			h.t.Fatal(err)
		}
		if b, err := s.Read(d); err != nil || string(b) != text {
			h.t.Fatalf("%d: output %d: %d bytes, %v", i, j, len(b), err)
		}
	}
	return true
}

// all lists those of n actions that are there.
func (h *shelf) all(n int) (there []int) {
	h.t.Helper()
	s := Open(fsys.OS{}, h.s.dir)
	defer s.Close()
	for i := range n {
		if h.has(s, i) {
			there = append(there, i)
		}
	}
	return there
}

func (h *shelf) collect(o CollectOptions) Collection {
	h.t.Helper()
	c, err := Open(fsys.OS{}, h.s.dir).Collect(context.Background(), o)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func (h *shelf) size() int64 {
	h.t.Helper()
	st, err := Open(fsys.OS{}, h.s.dir).Stats()
	if err != nil {
		h.t.Fatal(err)
	}
	return st.Packs + st.Files
}

func (h *shelf) want(n int, want ...int) {
	h.t.Helper()
	if got := h.all(n); fmt.Sprint(got) != fmt.Sprint(want) {
		h.t.Errorf("there are %v, want %v", got, want)
	}
}

// What was used last stays, by age and by size, whole.
func TestCollect(t *testing.T) {
	h := newShelf(t)
	days := map[int]int{0: 50, 1: 10, 2: 40, 3: 20, 4: 30, 5: 5}
	for i := range 6 {
		h.put(i)
	}
	h.age(days)
	full := h.size()
	dry := h.collect(CollectOptions{MaxAge: 25 * 24 * time.Hour, DryRun: true})
	if h.size() != full {
		t.Fatal("a dry run removed something")
	}
	got := h.collect(CollectOptions{MaxAge: 25 * 24 * time.Hour})
	// 1, 3 and 5 have no large blobs; 1 keeps what it shares with 0 and 2, as do 3 and 5.
	if got != dry || got.Kept.Entries != 3 || got.Removed.Entries != 3 || got.Kept.Blobs != 2 || got.Removed.Blobs != 3 {
		t.Errorf("got %+v, would %+v", got, dry)
	}
	if size := h.size(); size >= full/10 {
		t.Errorf("%d bytes of %d are left", size, full)
	}
	h.want(6, 1, 3, 5)
	again := h.collect(CollectOptions{MaxAge: 25 * 24 * time.Hour})
	if again.Removed != (Amount{}) || again.Kept != got.Kept {
		t.Errorf("a second collection: %+v", again)
	}
	// By size: 5 and then 1 were used last.
	limit := got.Kept.Bytes - 1
	if got := h.collect(CollectOptions{MaxSize: limit}); got.Kept.Bytes > limit || got.Kept.Entries != 2 {
		t.Errorf("got %+v", got)
	}
	// all looked all three up: 3 is gone nevertheless, being as old as the others and not the first.
	if n := len(h.all(6)); n != 2 {
		t.Errorf("%d are left", n)
	}
	h.collect(CollectOptions{MaxSize: 1})
	h.want(6)
	h.put(0)
	h.want(6, 0)
	noLitter(t, h.s.dir)
}

// What cannot be found, or is not whole, goes without being asked for.
func TestCollectUseless(t *testing.T) {
	h := newShelf(t)
	for range 3 {
		for i := range 3 {
			h.put(i)
		}
	}
	for i := range 2 * MaxEntries {
		if err := h.s.Put(shelfKey(9), entry("none", dep("s:h", fmt.Sprint(i)))); err != nil {
			t.Fatal(err) // its blob is not there
		}
	}
	orphan := put(t, h.file, "orphan")
	h.s.Add(orphan, h.file)
	bigOrphan := put(t, h.file, strings.Repeat("orphan", packMax))
	h.s.Add(bigOrphan, h.file)
	if c := h.collect(CollectOptions{}); c.Kept.Entries != 3 || c.Kept.Blobs != 3+2 || c.Removed.Entries != 6+2*MaxEntries {
		t.Errorf("at once: %+v", c)
	}
	if !h.s.Has(Entry{Outs: []Blob{{Digest: orphan.String(), Size: 6}, {Digest: bigOrphan.String(), Size: 6 * packMax}}}) {
		t.Error("blobs are gone of which the entry may be on its way")
	}
	h.age(nil)
	litter := filepath.Join(h.s.dir, "packs", tempPrefix+"1")
	os.WriteFile(litter, nil, 0o666)
	os.Chtimes(litter, time.Now(), time.Now().Add(-2*grace))
	if c := h.collect(CollectOptions{}); c.Kept.Entries != 3 || c.Kept.Blobs != 3 || c.Removed.Blobs != 2 {
		t.Errorf("later: %+v", c)
	}
	h.want(10, 0, 1, 2)
	noLitter(t, h.s.dir)
}

// What was never noted as used counts as used when a collection saw it first.
func TestCollectUnknownUse(t *testing.T) {
	h := newShelf(t)
	h.put(0)
	h.age(nil)
	h.collect(CollectOptions{MaxAge: time.Hour})
	h.want(1, 0)
	if uses, err := h.s.readUses(); err != nil || len(uses) != 1 {
		t.Errorf("uses %v, %v", uses, err)
	}
}

// Who looks up has used.
func TestUses(t *testing.T) {
	h := newShelf(t)
	h.put(0)
	h.put(1)
	h.age(map[int]int{0: 9, 1: 9})
	h.s.Lookup(shelfKey(1))
	h.s.Lookup(shelfKey(7))
	h.s.Close()
	h.collect(CollectOptions{MaxAge: 24 * time.Hour})
	h.want(8, 1)
}

func TestUsesAreWrittenEarly(t *testing.T) {
	s := Open(fsys.OS{}, t.TempDir())
	for i := range usesBlock + 1 {
		s.used(shelfKey(i))
	}
	if uses, err := s.readUses(); err != nil || len(uses) != usesBlock {
		t.Errorf("%d uses, %v", len(uses), err)
	}
}

// Damage to the uses costs what is damaged.
func TestDamagedUses(t *testing.T) {
	good := appendUses(nil, time.Unix(1000, 0), []uint64{1, 2})
	first := len(good)
	good = appendUses(good, time.Unix(2000, 0), []uint64{2, 3})
	if got := parseUses(good); fmt.Sprint(got) != "map[1:1000 2:2000 3:2000]" {
		t.Fatal(got)
	}
	for i := range good {
		flipped := bytes.Clone(good)
		flipped[i] ^= 1
		want := "map[2:2000 3:2000]"
		if i >= first {
			want = "map[1:1000 2:1000]"
		}
		if got := parseUses(flipped); fmt.Sprint(got) != want {
			t.Errorf("flipped at %d: %v", i, got)
		}
		want = "map[]"
		if i >= first {
			want = "map[1:1000 2:1000]"
		}
		if got := parseUses(good[:i]); fmt.Sprint(got) != want {
			t.Errorf("cut at %d: %v", i, got)
		}
	}
}

func TestCollectNothing(t *testing.T) {
	s := Open(fsys.OS{}, filepath.Join(t.TempDir(), "none"))
	if c, err := s.Collect(t.Context(), CollectOptions{}); err != nil || c != (Collection{}) {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := os.Stat(s.dir); err == nil {
		t.Error("the store was made")
	}
}

func TestCollectOnce(t *testing.T) {
	h := newShelf(t)
	h.put(0)
	lock, err := os.Create(filepath.Join(h.s.dir, "collecting"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := h.s.Collect(t.Context(), CollectOptions{}); !errors.Is(err, ErrCollecting) {
		t.Errorf("got %v", err)
	}
}

// Every single call of a collection fails once, or is its last: what was to
// stay, stays.
func TestCollectFaults(t *testing.T) {
	killed := errors.New("killed")
	for _, kind := range []fault.Fault{{Err: killed}, {Err: syscall.EIO}, {Err: syscall.ENOSPC, Short: 3}} {
		for n := 1; ; n++ {
			h := newShelf(t)
			for i := range 4 {
				h.put(i)
			}
			h.age(map[int]int{0: 9, 1: 0, 2: 0, 3: 9})
			calls := 0
			f := &fault.FS{Decide: func(op fault.Op) fault.Fault {
				// That a pack is not there is not worth a fault each.
				if op.Name == "stat" || op.Name == "open" {
					if _, err := os.Stat(op.Path); err != nil {
						return fault.Fault{}
					}
				}
				calls++
				if kind.Err == killed && calls >= n {
					panic(killed)
				}
				if calls != n {
					return fault.Fault{}
				}
				return kind
			}}
			func() {
				defer func() {
					if r := recover(); r != nil && r != killed {
						panic(r)
					}
				}()
				Open(f, h.s.dir).Collect(t.Context(), CollectOptions{MaxAge: 24 * time.Hour})
			}()
			s := Open(fsys.OS{}, h.s.dir)
			if !h.has(s, 1) || !h.has(s, 2) {
				t.Fatalf("%v at call %d: something is lost", kind.Err, n)
			}
			h.has(s, 0)
			s.Close()
			if calls < n {
				h.want(4, 1, 2)
				break
			}
		}
	}
}

// Builds go on while the store is collected, again and again: what they find
// is right, and what they stored and nothing removes is there in the end.
func TestCollectDuringBuilds(t *testing.T) {
	for _, o := range []CollectOptions{{}, {MaxSize: 20_000}} {
		h := newShelf(t)
		var building sync.WaitGroup
		var done atomic.Bool
		const each, builders = 60, 3
		for w := range builders {
			building.Go(func() {
				b := &shelf{t, Open(fsys.OS{}, h.s.dir), filepath.Join(t.TempDir(), fmt.Sprint("file", w))}
				// Three neighbours share a blob: they are one builder's.
				for i := w * each; i < (w+1)*each; i++ {
					b.put(i)
					b.put(i) // which leaves something to collect
					for j := w * each; j <= i; j += 7 {
						// It may be gone, and go while it is looked at; it is nothing else.
						for _, e := range b.s.Lookup(shelfKey(j)) {
							d := digest.OfString(made(j)[0])
							if got, err := b.s.Read(d); e.Message != fmt.Sprint("made ", j) || err == nil && string(got) != made(j)[0] {
								t.Errorf("%d: %+v, %q, %v", j, e, got, err)
							}
						}
					}
				}
				b.s.Close()
			})
		}
		var collecting sync.WaitGroup
		collections := 0
		collecting.Go(func() {
			for !done.Load() || collections < 2 {
				if _, err := Open(fsys.OS{}, h.s.dir).Collect(context.Background(), o); err != nil {
					t.Error(err)
				}
				collections++
			}
		})
		building.Wait()
		done.Store(true)
		collecting.Wait()
		if n := len(h.all(builders * each)); o.MaxSize == 0 && n != builders*each {
			t.Errorf("%d of %d are left after %d collections", n, builders*each, collections)
		}
		noLitter(t, h.s.dir)
	}
}

// An open store goes on in the packs that a collection made.
func TestCollectUnderOpenStore(t *testing.T) {
	h := newShelf(t)
	h.put(1)
	h.put(3)
	h.age(map[int]int{1: 9, 3: 0})
	open := &shelf{t, Open(fsys.OS{}, h.s.dir), h.file}
	if !h.has(open.s, 1) || !h.has(open.s, 3) {
		t.Fatal("not stored")
	}
	h.collect(CollectOptions{MaxAge: 24 * time.Hour})
	if h.has(open.s, 1) || !h.has(open.s, 3) {
		t.Error("the store does not see the collection")
	}
	open.put(1)
	h.want(4, 1, 3)
}

func TestStats(t *testing.T) {
	h := newShelf(t)
	if st, err := h.s.Stats(); err != nil || st != (Stats{}) {
		t.Errorf("got %+v, %v", st, err)
	}
	for range 2 {
		for i := range 4 {
			h.put(i)
		}
	}
	h.age(map[int]int{0: 9, 1: 2})
	st, err := h.s.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if st.Keys != 4 || st.Entries != 8 || st.Small != 2 || st.Large != 2 || st.Files != int64(len(made(0)[1])+len(made(2)[1])) {
		t.Errorf("got %+v", st)
	}
	if d := st.Newest.Sub(st.Oldest); d.Round(24*time.Hour) != 7*24*time.Hour {
		t.Errorf("uses %v apart", d)
	}
	var size int64
	filepath.WalkDir(h.s.dir, func(_ string, d os.DirEntry, err error) error {
		if fi, ferr := d.Info(); ferr == nil && fi.Mode().IsRegular() {
			size += fi.Size()
		}
		return err
	})
	if st.Size() != size {
		t.Errorf("%d bytes, want %d", st.Size(), size)
	}
}
