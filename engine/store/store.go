// Package store is the local content-addressed cache that all workspaces of
// a user share: what an action with some key made, and the bytes it made.
//
// It knows keys, entries and blobs; not what an action is. A key has several
// entries, one for each set of inputs that was only discovered by running
// (a compiler's headers): the caller compares those digests and picks.
//
// Whatever it holds can be lost. Entries and small blobs are appended to
// packs (pack.go), each with an index beside it (indexfile.go); large blobs
// are files, written beside their place and renamed. All carry checksums, so
// that damage is noticed when they are read; what is damaged counts as absent.
// When entries were used is noted (uses.go), for collections (collect.go),
// which may go on while others build. Blobs come back by reflink where the file system can, else by copying: never by hard
// link, since a link would let a program that runs as root write into the
// store.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// MaxEntries bounds how many sets of discovered inputs a key remembers; the
// oldest goes first.
const MaxEntries = 16

// A Store is the cache in one directory. It is safe for concurrent use, by
// several processes too.
type Store struct {
	fs    fsys.FS
	dir   string
	packs [packCount]pack
	uses  uses
	step  int64 // indexStep, but in tests
}

// A Dep is an input that an action discovered, under its canonical name.
type Dep struct {
	Path   string        `json:"path"`
	Digest digest.Digest `json:"-"`
	Hex    string        `json:"digest,omitempty"` // empty: it was absent
}

// A Blob is an output.
type Blob struct {
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
	Exec   bool   `json:"exec,omitempty"`
}

// An Entry is what an action made, given what it discovered.
type Entry struct {
	Deps    []Dep         `json:"deps,omitempty"`
	Outs    []Blob        `json:"outs"` // in the order of the action's outputs
	Message string        `json:"message,omitempty"`
	Took    time.Duration `json:"took"`
	Peak    int64         `json:"peak,omitempty"`
	// Location is set when an output holds its own absolute place: the
	// entry is good only there.
	Location string `json:"location,omitempty"`
}

// Open returns the store in dir, which is made when something is stored.
func Open(fsy fsys.FS, dir string) *Store { return &Store{fs: fsy, dir: dir, step: indexStep} }

// Dir returns the directory of the store.
func (s *Store) Dir() string { return s.dir }

func (s *Store) blobPath(d digest.Digest) string {
	h := d.String()
	return filepath.Join(s.dir, "blobs", h[:2], h)
}

// Lookup returns the entries of a key, newest first. What cannot be read
// counts as absent.
func (s *Store) Lookup(key digest.Digest) []Entry {
	var entries []Entry
	for b := range s.each(entryKind, key) {
		e, err := decodeEntry(b)
		if err == nil && !slices.ContainsFunc(entries, e.supersedes) {
			entries = append(entries, e)
		}
		if len(entries) == MaxEntries {
			break
		}
	}
	if len(entries) > 0 {
		s.used(key)
	}
	return entries
}

func decodeEntry(b []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(b, &e); err != nil {
		return e, err
	}
	var err error
	for i := range e.Deps {
		p := &e.Deps[i]
		if p.Hex == "" {
			continue
		}
		if p.Digest, err = digest.Parse(p.Hex); err != nil {
			return e, err
		}
	}
	return e, nil
}

// supersedes reports whether two entries of a key are for the same inputs and
// the same place.
func (e Entry) supersedes(old Entry) bool {
	return sameDeps(old.Deps, e.Deps) && old.Location == e.Location
}

// Put remembers an entry under key, in front of those that are there. Its
// blobs must have been added before.
func (s *Store) Put(key digest.Digest, e Entry) error {
	var b Batch
	if err := b.Entry(key, e); err != nil {
		return err
	}
	return s.Write(&b)
}

func sameDeps(a, b []Dep) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Path != b[i].Path || a[i].Digest != b[i].Digest {
			return false
		}
	}
	return true
}

const tempPrefix = "tmp~"

// temp makes a file under a name of its own, so that two processes that store
// the same thing do not meet.
func (s *Store) temp(dir string) (fsys.File, error) {
	if err := s.fs.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	for i := 0; ; i++ {
		f, err := s.fs.OpenFile(filepath.Join(dir, fmt.Sprintf(tempPrefix+"%d.%d.%d", os.Getpid(), time.Now().UnixNano(), i)),
			os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// settle closes tmp and gives it its name, unless err says that writing failed.
func (s *Store) settle(tmp fsys.File, name string, err error) error {
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = s.fs.Rename(tmp.Name(), name)
	}
	if err != nil {
		s.fs.Remove(tmp.Name())
	}
	return err
}

// Add puts the file at name, whose content has digest d, into the store.
func (s *Store) Add(d digest.Digest, name string) error {
	src, err := s.fs.Open(name)
	if err != nil {
		return err
	}
	defer src.Close()
	fi, err := src.Stat()
	if err != nil {
		return err
	}
	if fi.Size() <= packMax {
		return s.addSmall(d, src)
	}
	dst := s.blobPath(d)
	if fi, err := s.fs.Lstat(dst); err == nil && fi.Mode().IsRegular() {
		return nil
	}
	tmp, err := s.temp(filepath.Dir(dst))
	if err != nil {
		return err
	}
	// The copy is hashed, not the original: the blob must be what its name says.
	got, _, err := cloneOrCopy(tmp, src, nil)
	if err == nil && got != d {
		err = fmt.Errorf("%s: %w", name, ErrChanged)
	}
	return s.settle(tmp, dst, err)
}

// addSmall puts a small file into a pack, unless it is in one.
func (s *Store) addSmall(d digest.Digest, src fsys.File) error {
	b, err := io.ReadAll(io.LimitReader(src, packMax+1))
	if err != nil {
		return err
	}
	if digest.Of(b) != d {
		return fmt.Errorf("%s: %w", src.Name(), ErrChanged)
	}
	return s.append(d[0], packRecord{packKey{blobKind, d}, b})
}

// small returns a blob that is in a pack.
func (s *Store) small(d digest.Digest) ([]byte, bool) {
	p, name := s.pack(d)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refresh(s.fs, name) != nil {
		return nil, false
	}
	return p.blob(d)
}

// ErrChanged says that a file had another content than the one to be stored.
var ErrChanged = errors.New("changed while it was stored")

// ErrAbsent says that the store does not hold a blob (any longer).
var ErrAbsent = errors.New("not in the store")

// Restore writes the blob with digest d to tmp and renames that to name,
// replacing what is there. A blob that is damaged is removed from the store
// and reported as ErrAbsent.
func (s *Store) Restore(d digest.Digest, tmp, name string, exec bool) error {
	if b, ok := s.small(d); ok {
		return place(s.fs, tmp, name, exec, func(f fsys.File) error { return fsys.WriteAll(f, b) })
	}
	src, err := s.fs.Open(s.blobPath(d))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrAbsent
	}
	if err != nil {
		return err
	}
	defer src.Close()
	err = Copy(s.fs, src, tmp, name, d, exec)
	if errors.Is(err, errDamaged) {
		s.fs.Remove(s.blobPath(d))
		return ErrAbsent
	}
	return err
}

var errDamaged = errors.New("content differs from its digest")

// Copy writes src to tmp, checks that it has digest d, and renames it to name.
func Copy(fsy fsys.FS, src fsys.File, tmp, name string, d digest.Digest, exec bool) error {
	return place(fsy, tmp, name, exec, func(dst fsys.File) error {
		got, _, err := cloneOrCopy(dst, src, nil)
		if err == nil && got != d {
			err = fmt.Errorf("%s: %w", src.Name(), errDamaged)
		}
		return err
	})
}

// place makes the file tmp, has it filled, and renames it to name.
func place(fsy fsys.FS, tmp, name string, exec bool, fill func(fsys.File) error) error {
	perm := fs.FileMode(0o666)
	if exec {
		perm = 0o777
	}
	dst, err := fsy.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	err = fill(dst)
	if cerr := dst.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = fsy.Rename(tmp, name)
	}
	if err != nil {
		fsy.Remove(tmp)
	}
	return err
}

// Read returns a blob's content, or ErrAbsent.
func (s *Store) Read(d digest.Digest) ([]byte, error) {
	if b, ok := s.small(d); ok {
		return b, nil
	}
	b, err := fsys.ReadFile(s.fs, s.blobPath(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrAbsent
	}
	if err != nil {
		return nil, err
	}
	if digest.Of(b) != d {
		s.fs.Remove(s.blobPath(d))
		return nil, ErrAbsent
	}
	return b, nil
}

// Has reports whether the store holds all blobs of an entry.
func (s *Store) Has(e Entry) bool {
	for _, o := range e.Outs {
		d, err := digest.Parse(o.Digest)
		if err != nil {
			return false
		}
		if o.Size <= packMax && s.holds(d, o.Size) {
			continue
		}
		if fi, err := s.fs.Lstat(s.blobPath(d)); err != nil || fi.Size() != o.Size {
			return false
		}
	}
	return true
}
