package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/fsys/fault"
)

func put(t testing.TB, name, text string) digest.Digest {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return digest.OfString(text)
}

func entry(text string, deps ...Dep) Entry {
	return Entry{Deps: deps, Outs: []Blob{{Digest: digest.OfString(text).String(), Size: int64(len(text)), Exec: true}},
		Message: "said " + text, Took: time.Second, Peak: 3}
}

func dep(path, text string) Dep {
	if text == "" {
		return Dep{Path: path}
	}
	return Dep{Path: path, Digest: digest.OfString(text), Hex: digest.OfString(text).String()}
}

func TestEntries(t *testing.T) {
	s := Open(fsys.OS{}, filepath.Join(t.TempDir(), "deep", "store"))
	key := digest.OfString("key")
	if got := s.Lookup(key); len(got) != 0 {
		t.Fatalf("an empty store has %v", got)
	}
	one := entry("one", dep("s:h", "1"), dep("s:absent", ""))
	two := entry("two", dep("s:h", "2"))
	place := one
	place.Location = "/somewhere"
	for _, e := range []Entry{one, two, place} {
		if err := s.Put(key, e); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Lookup(key); !reflect.DeepEqual(got, []Entry{place, two, one}) {
		t.Errorf("got %+v", got)
	}
	// The same inputs again replace what they gave before.
	again := entry("one again", one.Deps...)
	if err := s.Put(key, again); err != nil {
		t.Fatal(err)
	}
	if got := s.Lookup(key); !reflect.DeepEqual(got, []Entry{again, place, two}) {
		t.Errorf("got %+v", got)
	}
	for i := range 2 * MaxEntries {
		if err := s.Put(key, entry("x", dep("s:h", fmt.Sprint("v", i)))); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Lookup(key); len(got) != MaxEntries || got[0].Deps[0].Digest != digest.OfString(fmt.Sprint("v", 2*MaxEntries-1)) {
		t.Errorf("got %d entries, %+v", len(got), got[0])
	}
}

func TestBlobs(t *testing.T) {
	dir := t.TempDir()
	s := Open(fsys.OS{}, filepath.Join(dir, "store"))
	for _, text := range []string{"", "small", strings.Repeat("large ", 1<<17)} {
		file, out := filepath.Join(dir, "file"), filepath.Join(dir, "out")
		d := put(t, file, text)
		if err := s.Restore(d, out+".tmp~", out, false); !errors.Is(err, ErrAbsent) {
			t.Errorf("restored what is not there: %v", err)
		}
		if _, err := s.Read(d); !errors.Is(err, ErrAbsent) {
			t.Errorf("read what is not there: %v", err)
		}
		for range 2 {
			if err := s.Add(d, file); err != nil {
				t.Fatal(err)
			}
		}
		e := Entry{Outs: []Blob{{Digest: d.String(), Size: int64(len(text))}}}
		if !s.Has(e) {
			t.Error("it does not have what was added")
		}
		if b, err := s.Read(d); err != nil || string(b) != text {
			t.Errorf("read %d bytes, %v", len(b), err)
		}
		for _, exec := range []bool{false, true} {
			if err := s.Restore(d, out+".tmp~", out, exec); err != nil {
				t.Fatal(err)
			}
			fi, err := os.Stat(out)
			if b, _ := os.ReadFile(out); err != nil || string(b) != text || fi.Mode()&0o100 != 0 != exec {
				t.Errorf("restored %d bytes, %v, %v", len(b), fi.Mode(), err)
			}
			if n := fi.Sys().(*syscall.Stat_t).Nlink; n != 1 {
				t.Errorf("what was restored has %d names", n) // file systems bound them
			}
		}
		// Writing to what was restored does not reach the store.
		os.WriteFile(out, []byte("scribble"), 0o666)
		if b, err := s.Read(d); err != nil || string(b) != text {
			t.Errorf("the store was written through: %d bytes, %v", len(b), err)
		}
	}
}

func TestAddOfAChangedFile(t *testing.T) {
	dir := t.TempDir()
	s := Open(fsys.OS{}, filepath.Join(dir, "store"))
	file := filepath.Join(dir, "file")
	put(t, file, "other")
	d := digest.OfString("this")
	if err := s.Add(d, file); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Read(d); !errors.Is(err, ErrAbsent) {
		t.Errorf("it was stored: %v", err)
	}
	noLitter(t, s.Dir())
}

// noLitter fails the test if temporary files are left.
func noLitter(t *testing.T, dir string) {
	t.Helper()
	filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && strings.Contains(name, "tmp~") {
			t.Errorf("%s is left", name)
		}
		return nil
	})
}

// Whatever is damaged counts as absent, and can be stored again; with an index
// file that knows nothing of the damage, and without.
func TestDamage(t *testing.T) {
	for _, indexed := range []bool{false, true} {
		t.Run(fmt.Sprint("indexed=", indexed), func(t *testing.T) { damagePacks(t, indexed) })
	}
}

func damagePacks(t *testing.T, indexed bool) {
	dir := t.TempDir()
	s := Open(fsys.OS{}, filepath.Join(dir, "store"))
	if indexed {
		s.step = 1
	}
	file, out := filepath.Join(dir, "file"), filepath.Join(dir, "out")
	key := digest.OfString("key")
	d := put(t, file, "content")
	e := entry("content", dep("s:h", "1"))
	if err := errors.Join(s.Add(d, file), s.Put(key, e), s.Close()); err != nil {
		t.Fatal(err)
	}
	// Both are in one pack if their digests say so; each pack is damaged in
	// every byte, and cut at every byte, under a reader's hands and before it.
	for _, of := range []digest.Digest{key, d} {
		_, name := s.pack(of)
		good, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(name + indexSuffix); (err == nil) != indexed {
			t.Fatalf("the index: %v", err)
		}
		for i := range good {
			flipped := bytes.Clone(good)
			flipped[i] ^= 1
			for _, bad := range [][]byte{good[:i], flipped} {
				warm := Open(fsys.OS{}, s.Dir())
				warm.Lookup(key)
				warm.holds(d, 7)
				os.WriteFile(name, bad, 0o666)
				for _, st := range []*Store{warm, Open(fsys.OS{}, s.Dir())} {
					for _, got := range st.Lookup(key) {
						if !reflect.DeepEqual(got, e) {
							t.Fatalf("damaged at %d: %+v", i, got)
						}
					}
					if b, err := st.Read(d); err == nil && string(b) != "content" {
						t.Fatalf("damaged at %d: %q", i, b)
					}
					if err := st.Restore(d, out+".tmp~", out, false); err == nil {
						if b, _ := os.ReadFile(out); string(b) != "content" {
							t.Fatalf("damaged at %d: restored %q", i, b)
						}
					}
					os.Remove(out)
				}
			}
			// What is damaged can be stored again, behind it.
			again := Open(fsys.OS{}, s.Dir())
			if err := errors.Join(again.Add(d, file), again.Put(key, e)); err != nil {
				t.Fatal(err)
			}
			if b, err := again.Read(d); err != nil || string(b) != "content" || len(again.Lookup(key)) != 1 {
				t.Fatalf("damaged at %d: is not repaired: %q, %v", i, b, err)
			}
			os.WriteFile(name, good, 0o666)
		}
	}
	noLitter(t, dir)
}

// A large blob that is damaged is taken away.
func TestDamagedBlob(t *testing.T) {
	dir := t.TempDir()
	s := Open(fsys.OS{}, filepath.Join(dir, "store"))
	file, out := filepath.Join(dir, "file"), filepath.Join(dir, "out")
	large := strings.Repeat("content", packMax)
	d := put(t, file, large)
	fill := func() {
		t.Helper()
		if err := s.Add(d, file); err != nil {
			t.Fatal(err)
		}
	}
	fill()
	for _, bad := range []string{"", large[1:], "C" + large[1:], large + "!"} {
		os.WriteFile(s.blobPath(d), []byte(bad), 0o666)
		if err := s.Restore(d, out+".tmp~", out, false); !errors.Is(err, ErrAbsent) {
			t.Fatalf("restored damage: %v", err)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatal("damage was restored")
		}
		fill()
		os.WriteFile(s.blobPath(d), []byte(bad), 0o666)
		if _, err := s.Read(d); !errors.Is(err, ErrAbsent) {
			t.Fatalf("read damage: %v", err)
		}
		fill()
		if b, err := s.Read(d); err != nil || string(b) != large {
			t.Fatalf("is not repaired: %d bytes, %v", len(b), err)
		}
	}
	noLitter(t, dir)
}

// Two processes are two stores in one directory.
func TestConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	key := digest.OfString("key")
	var wg sync.WaitGroup
	s := Open(fsys.OS{}, filepath.Join(dir, "store"))
	other := Open(fsys.OS{}, filepath.Join(dir, "store"))
	for i := range 6 {
		wg.Go(func() {
			st := s
			if i%2 == 1 {
				st = other
			}
			text := fmt.Sprint("text ", i%3)
			file := filepath.Join(dir, fmt.Sprint("file", i))
			d := put(t, file, text)
			for j := range 20 {
				k := digest.OfString(fmt.Sprint("key", j))
				if err := errors.Join(st.Add(d, file), st.Put(k, entry(text, dep("s:h", text))), st.Put(key, entry(text, dep("s:h", text)))); err != nil {
					t.Error(err)
				}
				for _, e := range st.Lookup(k) {
					if e.Message != "said "+string(mustRead(t, st, e)) {
						t.Errorf("entry %+v", e)
					}
				}
			}
		})
	}
	wg.Wait()
	noLitter(t, dir)
}

func mustRead(t *testing.T, s *Store, e Entry) []byte {
	d, err := digest.Parse(e.Outs[0].Digest)
	if err != nil {
		t.Error(err)
	}
	b, err := s.Read(d)
	if err != nil {
		t.Error(err)
	}
	return b
}

// Within a process no entry of a key is lost to another.
func TestConcurrentPut(t *testing.T) {
	s := Open(fsys.OS{}, t.TempDir())
	key := digest.OfString("key")
	var wg sync.WaitGroup
	for i := range MaxEntries {
		wg.Go(func() {
			if err := s.Put(key, entry("x", dep("s:h", fmt.Sprint(i)))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.Lookup(key); len(got) != MaxEntries {
		t.Errorf("%d of %d entries", len(got), MaxEntries)
	}
}

// Every single call fails once, in every way: what comes of it is an error
// or nothing, never something wrong, and no litter.
func TestFaults(t *testing.T) {
	for _, kind := range []fault.Fault{{Err: syscall.ENOSPC}, {Err: syscall.ENOSPC, Short: 3}, {Err: syscall.EIO}, {Err: syscall.EROFS}, {Short: 2}} {
		for n := 1; ; n++ {
			hit := ""
			dir := t.TempDir()
			file, out := filepath.Join(dir, "file"), filepath.Join(dir, "out")
			d := put(t, file, "content")
			key := digest.OfString("key")
			f := &fault.FS{Decide: func(op fault.Op) fault.Fault {
				if op.N != n || kind.Err == nil && op.Name != "write" {
					return fault.Fault{}
				}
				hit = op.Name
				return kind
			}}
			s := Open(f, filepath.Join(dir, "store"))
			s.step = 1
			err := errors.Join(s.Add(d, file), s.Put(key, entry("content")))
			if n%2 == 0 {
				s.Close() // what follows reads the index file, if there is one
			}
			if err != nil && !errors.Is(err, kind.Err) && kind.Err != nil {
				t.Errorf("%s: %v", hit, err)
			}
			for _, e := range s.Lookup(key) {
				if !reflect.DeepEqual(e, entry("content")) {
					t.Errorf("%s: entry %+v", hit, e)
				}
			}
			if err := s.Restore(d, out+".tmp~", out, false); err == nil {
				if b, _ := os.ReadFile(out); string(b) != "content" {
					t.Errorf("%s: restored %q", hit, b)
				}
			} else if _, serr := os.Stat(out); serr == nil {
				t.Errorf("%s: %v, and yet there is something", hit, err)
			}
			if b, err := s.Read(d); err == nil && string(b) != "content" {
				t.Errorf("%s: read %q", hit, b)
			}
			s.Close()
			if hit != "remove" {
				noLitter(t, dir)
			}
			if f.Calls() < n {
				break
			}
		}
	}
}
