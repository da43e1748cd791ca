package store

import (
	"context"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/fsys"
)

// A pause lets what should be waiting do what it should not.
func pause() { time.Sleep(50 * time.Millisecond) }

// lockPack locks the pack of a key, as another process would.
func lockPack(t *testing.T, s *Store, i, how int) (f *os.File, name string) {
	t.Helper()
	_, name = s.pack(shelfKey(i))
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := unix.Flock(int(f.Fd()), how); err != nil {
		t.Fatal(err)
	}
	return f, name
}

// Who appends waits for the collector, and appends to the new pack.
func TestAppendWaitsForCollector(t *testing.T) {
	h := newShelf(t)
	h.put(1)
	f, name := lockPack(t, h.s, 1, unix.LOCK_EX)
	done := make(chan error)
	go func() { done <- h.s.Put(shelfKey(1), madeEntry(1)) }()
	pause()
	if err := os.WriteFile(name+".new", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := Open(fsys.OS{}, h.s.dir).Lookup(shelfKey(1)); len(got) != 1 {
		t.Errorf("%d entries", len(got))
	}
}

// The collector waits for who appends, and takes along what that was.
func TestCollectorWaitsForAppend(t *testing.T) {
	h := newShelf(t)
	h.put(1)
	h.put(1)
	h.age(nil)
	f, _ := lockPack(t, h.s, 1, unix.LOCK_SH)
	done := make(chan error)
	go func() {
		_, err := Open(fsys.OS{}, h.s.dir).Collect(context.Background(), CollectOptions{})
		done <- err
	}()
	pause()
	b := appendRecord(nil, packKey{entryKind, shelfKey(1)}, []byte(`{"message":"new","outs":[]}`))
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := Open(fsys.OS{}, h.s.dir).Lookup(shelfKey(1)); len(got) != 1 || got[0].Message != "new" {
		t.Errorf("got %+v", got)
	}
	if fi, err := f.Stat(); err != nil || !replaced(fi) {
		t.Errorf("the pack was not written anew: %v", err)
	}
}
