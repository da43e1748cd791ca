package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/trace"
)

// leaves are the files that a session has examined: each once, unless an
// action made it since. What was found is in the trace.
type leaves struct {
	leafMu sync.Mutex
	info   []leafInfo // by row
	busy   map[trace.Row]chan struct{}
	odd    map[trace.Row]oddLeaf

	touched trace.Set   // what the goal depends on
	asked   trace.Set   // what queries asked for
	read    []trace.Row // outputs that queries read, in order
	readSet trace.Set   // the same
}

type leafInfo struct {
	at    time.Duration // after the session began it was examined
	epoch uint32        // how many foreign processes had ended then
	known bool
}

// An oddLeaf is one of which there is more to say.
type oddLeaf struct {
	err     error
	entries []Entry // of a listing
}

// at returns what is known of a row. The caller holds leafMu.
func (l *leaves) at(r trace.Row) *leafInfo {
	for int(r) >= len(l.info) {
		l.info = append(l.info, make([]leafInfo, max(64, int(r)+1-len(l.info)))...)
	}
	return &l.info[r]
}

// abs returns the operating system's path of a path of package action.
func (e *Engine) abs(p string) string {
	if path.IsAbs(p) {
		return filepath.FromSlash(p)
	}
	return filepath.Join(e.opts.Root, filepath.FromSlash(p))
}

func stampOf(fi fs.FileInfo) trace.Stamp {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return trace.Stamp{Size: fi.Size(), Mtime: fi.ModTime().UnixNano(), Mode: uint32(fi.Mode())}
	}
	return trace.Stamp{Dev: st.Dev, Ino: st.Ino, Size: st.Size, Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano(), Mode: st.Mode}
}

// stat returns the stamp of the file that p leads to; the zero stamp when
// there is none.
func (e *Engine) stat(p string) (trace.Stamp, error) {
	if fast, ok := e.fs.(fsys.Stater); ok {
		var buf unix.Statx_t
		name := e.abs(p)
		st, err := statAt(fast, unix.AT_FDCWD, append(append(make([]byte, 0, len(name)+1), name...), 0), &buf)
		if err != nil {
			err = &fs.PathError{Op: "stat", Path: name, Err: err}
		}
		return st, err
	}
	fi, err := e.fs.Stat(e.abs(p))
	switch {
	case err == nil:
		return stampOf(fi), nil
	case absent(err):
		return trace.Stamp{}, nil
	}
	return trace.Stamp{}, err
}

func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// leaf examines a file, once per session, and records that the goal depends
// on it.
func (s *Session) leaf(p string, kind trace.Kind) (*trace.File, error) {
	return s.examine(trace.FileKey{Path: p, Kind: kind}, true)
}

func (s *Session) examine(k trace.FileKey, goal bool) (*trace.File, error) {
	r := s.row(k)
	s.leafMu.Lock()
	if goal {
		s.touched.Add(r)
	}
	for !s.leaves.at(r).known {
		if done := s.busy[r]; done != nil {
			s.leafMu.Unlock()
			<-done
			s.leafMu.Lock()
			continue
		}
		s.look(k, r)
	}
	err := s.odd[r].err
	s.leafMu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.recorded(k), nil
}

// ask examines a file for a query: what it finds decides what there is to do.
func (t *Task) ask(p string, kind trace.Kind) (*trace.File, error) {
	f, err := t.s.leaf(p, kind)
	r := t.s.row(trace.FileKey{Path: p, Kind: kind})
	t.s.leafMu.Lock()
	t.s.asked.Add(r)
	t.s.leafMu.Unlock()
	return f, err
}

// row numbers a file.
func (s *Session) row(k trace.FileKey) trace.Row {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	return s.eng.state.AddRow(k)
}

// examinedAt is when, after the session began, the content of a file was
// examined.
func (s *Session) examinedAt(p string) time.Duration {
	r := s.row(trace.FileKey{Path: p})
	s.leafMu.Lock()
	defer s.leafMu.Unlock()
	return s.leaves.at(r).at
}

// forget makes the session look again at files and directories that an action
// has just made.
func (s *Session) forget(paths ...string) {
	for _, p := range paths {
		for _, kind := range [...]trace.Kind{trace.Content, trace.Presence, trace.Listing, trace.Mtime} {
			s.stateMu.Lock()
			r, ok := s.eng.state.Row(trace.FileKey{Path: p, Kind: kind})
			s.stateMu.Unlock()
			if ok {
				s.forgetRow(r)
			}
		}
	}
}

func (s *Session) forgetRow(r trace.Row) {
	s.leafMu.Lock()
	defer s.leafMu.Unlock()
	s.leaves.at(r).known = false
	delete(s.busy, r) // what is being found just now is of before
}

// look compares a file with its record and hashes it when they differ. The
// caller holds leafMu, which it gives up meanwhile.
func (s *Session) look(k trace.FileKey, r trace.Row) {
	done := make(chan struct{})
	s.busy[r] = done
	s.leafMu.Unlock()
	info := leafInfo{at: time.Since(s.began), epoch: uint32(s.epoch.Load()), known: true}
	entries, err := s.lookAt(k)
	if err != nil && !errors.Is(err, syscall.EISDIR) {
		// Of what cannot be examined nothing tells when it changes.
		s.incomplete.Store(true)
	}
	s.leafMu.Lock()
	defer close(done)
	if s.busy[r] != done {
		return // it was forgotten meanwhile
	}
	delete(s.busy, r)
	*s.leaves.at(r) = info
	if err != nil || entries != nil {
		s.odd[r] = oddLeaf{err, entries}
	} else {
		delete(s.odd, r)
	}
}

func (s *Session) lookAt(k trace.FileKey) (entries []Entry, err error) {
	began := time.Now()
	stamp, err := s.eng.stat(k.Path)
	if err != nil {
		return nil, err
	}
	old := s.recorded(k)
	same := old != nil && !old.Racy && sameStamp(k.Kind, old.Stamp, stamp)
	f := &trace.File{Path: k.Path, Kind: k.Kind, Stamp: stamp}
	switch {
	case k.Kind == trace.Listing, k.Kind == trace.Names:
		// Names are not kept, so a directory is always read.
		if entries, err = s.eng.list(k.Path, k.Kind == trace.Names); err != nil {
			return nil, err
		}
		if !stamp.Absent() {
			f.Digest = digest.OfString(listingText(entries))
			f.Racy = s.eng.racy(stamp, began)
		}
		same = same && old.Digest == f.Digest
	case k.Kind == trace.Content && stamp.Mode&syscall.S_IFMT == syscall.S_IFDIR && (s.eng.opts.InPlace || s.foreign.Load()):
		return nil, s.lookAtDir(f, old)
	case k.Kind == trace.Content && stamp.Mode&syscall.S_IFMT == syscall.S_IFDIR:
		f.Digest = digest.OfString("directory")
		if !same {
			s.record(f, old)
		}
		return nil, &fs.PathError{Op: "read", Path: k.Path, Err: syscall.EISDIR}
	case same || stamp.Absent():
	case k.Kind == trace.Presence:
		f.Digest = digest.OfString("present")
	case k.Kind == trace.Mtime:
		f.Digest = digest.OfString(strconv.FormatInt(stamp.Mtime, 10))
	default:
		if err := s.hashLeaf(f); err != nil {
			return nil, err
		}
	}
	if !same {
		s.record(f, old)
	}
	return entries, nil
}

// record puts a file into the trace. Changed moves only with the digest.
func (s *Session) record(f, old *trace.File) *trace.File {
	f.Changed = s.rev
	if old != nil && old.Digest == f.Digest {
		f.Changed = old.Changed
	}
	s.stateMu.Lock()
	s.eng.state.SetFile(*f)
	s.stateMu.Unlock()
	s.dirty.Store(true)
	return f
}

// recorded returns what the trace knows of a file, nil if nothing.
func (s *Session) recorded(k trace.FileKey) *trace.File {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	if f, ok := s.eng.state.File(k); ok {
		return &f
	}
	return nil
}

// sameStamp compares what matters for the kind: of a file of which only the
// presence counts, that, whether it is a directory and whether it is a program.
func sameStamp(k trace.Kind, a, b trace.Stamp) bool {
	switch k {
	case trace.Presence:
		const kept = syscall.S_IFMT | 0o111
		return a.Absent() == b.Absent() && a.Mode&kept == b.Mode&kept
	case trace.Mtime:
		return a.Mtime == b.Mtime && a.Absent() == b.Absent()
	case trace.Listing, trace.Names:
		return a.Dev == b.Dev && a.Ino == b.Ino && a.Mtime == b.Mtime
	}
	return a == b
}

// hashLeaf fills the digest of f, and its stamp, so that the two belong
// together: a file that changes while it is read is read again.
func (s *Session) hashLeaf(f *trace.File) error {
	if path.IsAbs(f.Path) {
		if d, ok := s.eng.stamps.get(f.Path, f.Stamp); ok {
			f.Digest = effective(d, executable(f.Stamp))
			return nil
		}
	}
	for try := 0; try < 5; try++ {
		began := time.Now()
		d, st, err := s.eng.hashFile(f.Path)
		if absent(err) {
			f.Stamp = trace.Stamp{} // it has gone since it was looked at
			return nil
		}
		if err != nil {
			return err
		}
		after, err := s.eng.stat(f.Path)
		if err != nil {
			return err
		}
		if after != st {
			time.Sleep(time.Duration(1<<try) * time.Millisecond)
			continue
		}
		f.Stamp, f.Racy, f.Digest = st, s.eng.racy(st, began), effective(d, executable(st))
		if path.IsAbs(f.Path) && !f.Racy {
			s.eng.stamps.put(f.Path, st, d)
		}
		return nil
	}
	return fmt.Errorf("%s changes while it is being read", f.Path)
}

func (e *Engine) hashFile(p string) (digest.Digest, trace.Stamp, error) {
	f, err := e.fs.Open(e.abs(p))
	if err != nil {
		return digest.Digest{}, trace.Stamp{}, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return digest.Digest{}, trace.Stamp{}, err
	}
	if !fi.Mode().IsRegular() {
		return digest.Digest{}, trace.Stamp{}, fmt.Errorf("%s is not a regular file", p)
	}
	d, _, err := digest.OfReader(f)
	return d, stampOf(fi), err
}

func executable(st trace.Stamp) bool { return st.Mode&0o111 != 0 }

// effective is the digest that a file has as an input: its content and
// whether it can be executed.
func effective(d digest.Digest, exec bool) digest.Digest {
	if !exec || d.IsZero() {
		return d
	}
	return digest.Of(append(d[:], 'x'))
}

// list reads a directory, with the names that begin with a dot if hidden.
func (e *Engine) list(dir string, hidden bool) ([]Entry, error) {
	entries, err := e.fs.ReadDir(e.abs(dir))
	if err != nil {
		if absent(err) {
			return nil, nil
		}
		return nil, err
	}
	var out []Entry
	for _, d := range entries {
		name := d.Name()
		if !hidden && strings.HasPrefix(name, ".") || (dir == "" || dir == ".") && name == action.BuildDir {
			continue
		}
		en := Entry{Name: name, Dir: d.IsDir(), Link: d.Type()&fs.ModeSymlink != 0}
		if en.Link {
			// A link that leads nowhere, or in a circle, is an entry too: it
			// is an error only for who reads it.
			if fi, err := e.fs.Stat(filepath.Join(e.abs(dir), name)); err == nil {
				en.Dir = fi.IsDir()
			}
		}
		out = append(out, en)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

func listingText(es []Entry) string {
	var b strings.Builder
	for _, e := range es {
		fmt.Fprintf(&b, "%q %t %t\n", e.Name, e.Dir, e.Link)
	}
	return b.String()
}
