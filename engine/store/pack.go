package store

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// Entries and small blobs are many and small: a file for each costs the
// kernel more than all else that storing it takes. They are appended to packs
// instead, of which there are 256, by the first byte of the digest.
//
// A record is appended with one write, which the kernel keeps apart from
// those of other processes, and carries a checksum. A reader skips what is
// damaged, so a torn record costs itself only. Nothing is ever changed in
// place; what is recorded twice, or superseded, is told apart by order.
//
// Only a collection (collect.go) removes records: it writes the pack anew
// beside it and renames. Who has the old file open notices by its count of
// links, and opens the new one. To lose nothing that is appended meanwhile,
// who appends locks the file, shared, and looks at the count under the lock;
// the collector has it for itself while it copies the last records and
// renames. Where the kernel has no such locks, or counts links otherwise, a
// record that is appended during a collection may be lost: it is as if it had
// never been stored.

// packMax is the size up to which a blob goes into a pack.
const packMax = 16 << 10

// packCount is how many packs there are.
const packCount = 256

// A pack is one such file. The index grows as the file does.
type pack struct {
	mu    sync.Mutex
	f     fsys.File // nil until it is used
	write bool      // f can be written
	index index
	size  int64 // how much of f is indexed
	last  int64 // where the last record that is indexed begins
	saved int64 // how much of f the index file covers
	stale bool  // the index file has records that are damaged
}

func (s *Store) pack(d digest.Digest) (*pack, string) {
	return &s.packs[d[0]], s.packName(d[0])
}

func (s *Store) packName(i byte) string {
	return filepath.Join(s.dir, "packs", digest.Digest{i}.String()[:2])
}

// open opens the file, to be written too if possible.
func (p *pack) open(fsy fsys.FS, name string, create bool) error {
	if p.f != nil && (p.write || !create) {
		return nil
	}
	flag := os.O_RDWR | os.O_APPEND
	if create {
		flag |= os.O_CREATE
		if err := fsy.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
	}
	f, err := fsy.OpenFile(name, flag, 0o666)
	write := err == nil
	if err != nil && !create && !errors.Is(err, fs.ErrNotExist) {
		f, err = fsy.Open(name)
	}
	if err != nil {
		return err
	}
	p.close()
	p.f, p.write = f, write
	return nil
}

// close closes the file and forgets what is known of it.
func (p *pack) close() error {
	var err error
	if p.f != nil {
		err = p.f.Close()
	}
	p.f, p.write, p.stale = nil, false, false
	p.forget()
	return err
}

func (p *pack) forget() { p.index, p.size, p.last, p.saved = index{}, 0, 0, 0 }

// replaced reports whether the file is no longer the pack.
func replaced(fi fs.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}

// reopenings is how often a file that was replaced is opened again before it is
// taken as it is: some file systems count no links at all.
const reopenings = 3

// refresh opens the pack, if need be, and indexes what was appended since.
// The caller holds mu.
func (p *pack) refresh(fsy fsys.FS, name string) error {
	for again := reopenings; ; again-- {
		if err := p.open(fsy, name, false); err != nil {
			return err
		}
		fi, err := p.f.Stat()
		if err != nil {
			return err
		}
		if replaced(fi) && again > 0 {
			p.close()
			continue
		}
		if fi.Size() < p.size {
			p.forget() // somebody cut it
		}
		if fi.Size() == p.size {
			return nil
		}
		if p.size == 0 {
			p.load(fsy, name+indexSuffix, fi.Size())
		}
		return scan(p.f, p.size, fi.Size(), func(off int64, h header, record []byte) {
			if h.kind == entryKind || h.kind == blobKind {
				p.index.add(h.kind, tagOf(h.d), locate(h.kind, off, h.n))
			}
			p.last, p.size = off, off+int64(len(record))
		})
	}
}

// read returns the payload of a record, if it is one of k and whole. One that
// is damaged is forgotten, so that it is stored again.
func (p *pack) read(k packKey, r uint32) ([]byte, bool) {
	off, n, sure := located(p.index.loc[r])
	if !sure {
		head := make([]byte, packHead)
		if _, err := p.f.ReadAt(head, off); err != nil {
			return nil, false
		}
		h, _ := parseHeader(head)
		n = int(max(0, min(int64(h.n), p.size-off))) // no more than there is, should it be damaged
	}
	b := make([]byte, packHead+n)
	if got, err := p.f.ReadAt(b, off); err != nil && !errors.Is(err, io.EOF) {
		return nil, false
	} else {
		b = b[:got]
	}
	h, payload, ok := parseRecord(b)
	if !ok {
		p.index.drop(r)
		p.stale = true
	}
	return payload, ok && h.packKey == k
}

// each gives the payloads recorded under a key, newest first. The pack is
// locked meanwhile.
func (s *Store) each(kind byte, d digest.Digest) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		p, name := s.pack(d)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.refresh(s.fs, name) != nil {
			return
		}
		for r, ok := p.index.newest(kind, d); ok; r, ok = p.index.older(r) {
			if b, ok := p.read(packKey{kind, d}, r); ok && !yield(b) {
				return
			}
		}
	}
}

// holds reports whether there is a record of a blob, of the given size. It
// looks no further than the index: that the record is whole is seen when it
// is read.
func (s *Store) holds(d digest.Digest, size int64) bool {
	p, name := s.pack(d)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refresh(s.fs, name) != nil {
		return false
	}
	for r, ok := p.index.newest(blobKind, d); ok; r, ok = p.index.older(r) {
		if _, n, sure := located(p.index.loc[r]); sure && int64(n) == size {
			return true
		}
	}
	return false
}

// appendTo appends to a file that others append to, unless it was replaced and
// that matters.
func appendTo(f fsys.File, b []byte, anyway bool) (written bool, err error) {
	locked := flock(f, unix.LOCK_SH)
	if locked {
		defer flock(f, unix.LOCK_UN)
	}
	fi, err := f.Stat()
	if err != nil || replaced(fi) && !anyway {
		return false, err
	}
	return true, fsys.WriteAll(f, b)
}

// flock locks or unlocks an open file, if that can be done.
func flock(f fsys.File, how int) bool {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if err != unix.EINTR {
			return err == nil
		}
	}
}

// Close saves what makes the next use of the store faster, and releases what
// it holds open.
func (s *Store) Close() error {
	s.flushUses()
	var errs []error
	for i := range s.packs {
		p := &s.packs[i]
		p.mu.Lock()
		if p.f != nil {
			s.saveIndex(p, s.packName(byte(i)))
			errs = append(errs, p.close())
		}
		p.mu.Unlock()
	}
	return errors.Join(errs...)
}
