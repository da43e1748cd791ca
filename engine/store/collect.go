package store

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/fsys"
)

// A collection makes the store smaller. It decides by entries: one that stays
// keeps its blobs, and blobs that no entry keeps go.
//
// Others may build meanwhile. What they store while the collection reads stays
// (see mark), and while it writes too (see pack.go). What they are about to
// restore may go: an entry without a blob counts as absent, and an action whose
// blobs vanish while they are being restored runs. The one thing that can be
// lost is a result of which a blob was in the store already, when nothing
// else kept it, and whose entry came while packs were written: that entry
// counts as absent, and the action will run once more.
//
// Killed at any instant, a collection leaves each pack as it was or as it is
// to be.

// CollectOptions say what stays. What nothing can find, or is not whole, never
// does.
type CollectOptions struct {
	MaxSize int64         // of what stays, the last used first; no limit if 0
	MaxAge  time.Duration // of what stays, since it was used; no limit if 0
	DryRun  bool          // change nothing
	Trees   []*Tree       // which the caller removes
	now     time.Time
}

// A Tree is a directory beside the store that an entry refers to by a
// discovered input. It stays while such an entry does, and while it was used
// recently enough itself; it takes its place in the size of what stays.
type Tree struct {
	Input string    // the discovered input
	Size  int64     // of all that goes with it
	Used  time.Time // when it was used last, as far as no entry tells
	Held  bool      // it stays
	Needs []*Tree   // which stay with it, directly or not; all are among CollectOptions.Trees
	Keep  bool      // what Collect decides

	used int64 // seconds
}

// A Collection tells what a collection did.
type Collection struct{ Kept, Removed Amount }

// An Amount is a part of a store.
type Amount struct {
	Entries int   `json:"entries"` // results of actions
	Blobs   int   `json:"blobs"`   // their files
	Trees   int   `json:"packages"`
	Bytes   int64 `json:"bytes"`
}

// ErrCollecting says that somebody else is collecting the store.
var ErrCollecting = errors.New("it is being collected by another erg")

// grace is how long what is not used yet is left alone.
const grace = time.Hour

// Collect removes what need not stay. When it fails, or ctx is cancelled, a
// part of that may have been removed.
func (s *Store) Collect(ctx context.Context, o CollectOptions) (Collection, error) {
	o.now = time.Now()
	if _, err := s.fs.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return Collection{}, nil
	}
	if !o.DryRun {
		lock, err := s.fs.OpenFile(filepath.Join(s.dir, "collecting"), os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return Collection{}, err
		}
		defer lock.Close()
		if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
			return Collection{}, ErrCollecting
		}
		// A process that is being forked has the lock too, until it is another
		// program: closing the file is not enough.
		defer flock(lock, unix.LOCK_UN)
	}
	m, err := s.mark(ctx, o)
	if err != nil {
		return Collection{}, err
	}
	m.choose(o)
	done := m.sum()
	if o.DryRun {
		return done, nil
	}
	return done, s.sweep(ctx, m, o.now)
}

// sum counts what was chosen.
func (m *marking) sum() Collection {
	var c Collection
	for i := range m.packs {
		p := &m.packs[i]
		for _, e := range m.entries[p.first:p.last] {
			c.of(e.keep).add(1, 0, e.size+recordCost)
			if e.keep && e.off < p.limit {
				p.kept += int64(packHead) + e.size
			}
		}
	}
	for d, id := range m.ids {
		b, p := &m.blobs[id], &m.packs[d[0]]
		if !b.there {
			continue
		}
		c.of(b.keep).add(0, 1, b.cost())
		if b.keep && b.off >= 0 && b.off < p.limit {
			p.kept += int64(packHead) + b.size
		}
	}
	for _, t := range m.trees {
		c.of(t.Keep).Trees++
		c.of(t.Keep).Bytes += t.Size
	}
	return c
}

func (c *Collection) of(keep bool) *Amount {
	if keep {
		return &c.Kept
	}
	return &c.Removed
}

func (a *Amount) add(entries, blobs int, bytes int64) {
	a.Entries += entries
	a.Blobs += blobs
	a.Bytes += bytes
}

// sweep removes what does not stay.
func (s *Store) sweep(ctx context.Context, m *marking, now time.Time) error {
	for i := range m.packs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if m.packs[i].limit == m.packs[i].kept {
			continue
		}
		if err := s.rewrite(m, byte(i)); err != nil {
			return err
		}
		s.reindex(byte(i))
	}
	var errs []error
	for d, id := range m.ids {
		if b := &m.blobs[id]; b.there && b.off < 0 && !b.keep {
			if err := s.fs.Remove(s.blobPath(d)); !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	s.removeLitter(now)
	return errors.Join(append(errs, s.compactUses(m, now))...)
}

// rewrite writes a pack anew, with what stays.
func (s *Store) rewrite(m *marking, i byte) error {
	p, name := &m.packs[i], s.packName(i)
	f, err := s.fs.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	tmp, err := s.temp(filepath.Dir(name))
	if err != nil {
		return err
	}
	err = m.copyKept(tmp, f, p)
	// From here on nobody appends to the old pack.
	flock(f, unix.LOCK_EX)
	defer flock(f, unix.LOCK_UN)
	fi, serr := f.Stat()
	switch {
	case err != nil:
	case serr != nil:
		err = serr
	case replaced(fi):
		err = ErrCollecting
	default:
		err = copyRecords(tmp, f, p.limit, fi.Size(), func(int64, header) bool { return true })
	}
	return s.settle(tmp, name, err)
}

// copyKept copies the records of a pack that were judged and stay.
func (m *marking) copyKept(to, f fsys.File, p *markedPack) error {
	entries := m.entries[p.first:p.last]
	return copyRecords(to, f, 0, p.limit, func(off int64, h header) bool {
		switch h.kind {
		case blobKind:
			id, ok := m.ids[h.d]
			return ok && m.blobs[id].keep && m.blobs[id].off == off
		case entryKind:
			// An entry that was not understood is not among them.
			for len(entries) > 0 && entries[0].off < off {
				entries = entries[1:]
			}
			return len(entries) > 0 && entries[0].off == off && entries[0].keep
		}
		return false
	})
}

// copyRecords appends those records between two offsets of f that stay.
func copyRecords(to, f fsys.File, from, end int64, stays func(off int64, h header) bool) error {
	w := bufio.NewWriterSize(shortWriter{to}, scanWindow)
	err := scan(f, from, end, func(off int64, h header, record []byte) {
		if stays(off, h) {
			w.Write(record)
		}
	})
	return errors.Join(err, w.Flush())
}

// A shortWriter takes a write that was short for an error.
type shortWriter struct{ f fsys.File }

func (w shortWriter) Write(b []byte) (int, error) {
	if err := fsys.WriteAll(w.f, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// reindex writes the index of a pack that has just been written.
func (s *Store) reindex(i byte) {
	name := s.packName(i)
	s.fs.Remove(name + indexSuffix)
	var p pack
	defer p.close()
	if p.refresh(s.fs, name) == nil {
		s.saveIndex(&p, name)
	}
}

// removeLitter removes the temporary files of ergs that were killed.
func (s *Store) removeLitter(now time.Time) {
	dirs := []string{filepath.Join(s.dir, "packs"), s.dir}
	blobs, _ := s.fs.ReadDir(filepath.Join(s.dir, "blobs"))
	for _, b := range blobs {
		dirs = append(dirs, filepath.Join(s.dir, "blobs", b.Name()))
	}
	for _, dir := range dirs {
		files, _ := s.fs.ReadDir(dir)
		for _, f := range files {
			fi, err := f.Info()
			if strings.HasPrefix(f.Name(), tempPrefix) && err == nil && fi.Mode().IsRegular() && now.Sub(fi.ModTime()) > grace {
				s.fs.Remove(filepath.Join(dir, f.Name()))
			}
		}
	}
}

// compactUses leaves one use of each entry that stays, and those of keys that
// the marking does not know.
func (s *Store) compactUses(m *marking, began time.Time) error {
	name := filepath.Join(s.dir, usesName)
	f, err := s.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	flock(f, unix.LOCK_EX)
	defer flock(f, unix.LOCK_UN)
	uses, err := s.readUses()
	if err != nil {
		return err
	}
	last := map[uint64]int64{}
	for k, at := range uses {
		if at >= began.Unix() {
			last[k] = at
		}
	}
	for i := range m.entries {
		if e := &m.entries[i]; e.keep {
			last[e.use] = max(last[e.use], e.used)
		}
	}
	at := map[int64][]uint64{}
	for k, t := range last {
		at[t] = append(at[t], k)
	}
	var b []byte
	for _, t := range slices.Sorted(maps.Keys(at)) {
		slices.Sort(at[t])
		b = appendUses(b, time.Unix(t, 0), at[t])
	}
	tmp, err := s.temp(s.dir)
	if err != nil {
		return err
	}
	return s.settle(tmp, name, fsys.WriteAll(tmp, b))
}
