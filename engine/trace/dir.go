package trace

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/fsys"
)

const (
	baseName = "trace"
	logName  = "trace.log"
)

// A Dir is the directory that holds a workspace's trace.
type Dir struct {
	fs      fsys.FS
	path    string
	log     fsys.File // open for appending
	reader  fsys.File // the log, open for reading
	logSize int64     // of the good part, once it was read
	torn    bool      // there is more than the good part
	broken  bool      // a write failed: what the log ends with is not known
	base    *base
	baseErr error
	mapped  [][]byte // all mappings: of former bases, too, since states refer to them
	scratch [2]logWriter

	window   []byte // a part of the log
	windowAt int64
}

// OpenDir returns the trace directory at path, which must exist.
func OpenDir(fsy fsys.FS, path string) *Dir { return &Dir{fs: fsy, path: path} }

// open maps the base file, once. The mapping is private and the file is
// only ever replaced, never truncated, so reading it cannot fault.
func (d *Dir) open() (*base, error) {
	if d.base != nil || d.baseErr != nil {
		return d.base, d.baseErr
	}
	b, err := d.mapFile()
	if err == nil {
		d.base, err = openBase(b)
	}
	d.baseErr = err
	return d.base, err
}

func (d *Dir) mapFile() ([]byte, error) {
	f, err := d.fs.Open(filepath.Join(d.path, baseName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Size() == 0 {
		return nil, errCorrupt
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(fi.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", f.Name(), err)
	}
	d.mapped = append(d.mapped, b)
	return b, nil
}

func (d *Dir) readLog() []byte {
	b, err := fsys.ReadFile(d.fs, filepath.Join(d.path, logName))
	if err != nil {
		return nil
	}
	return b
}

// Hot returns what a null build needs, or an error when there is no such
// thing: no trace, a damaged one, or a log that a killed build left behind.
// It is valid until the Dir is closed.
func (d *Dir) Hot() (*Hot, error) {
	b, err := d.open()
	if err != nil {
		return nil, err
	}
	log := d.readLog()
	if len(log) == 0 {
		return b.hot, nil
	}
	h := *b.hot
	h.log = &logHot{goals: map[string][]byte{}}
	h.changed = map[Row]*hotRow{}
	good, closed := scanLog(log, b.id, h.replay)
	if !closed || good < len(log) {
		return nil, errors.New("trace: the log does not end with the end of a session")
	}
	return &h, nil
}

// Load opens the whole trace. It never fails for what is on disk: what
// cannot be used is left out, and repaired tells what, for people ("" when
// all was well). The state is valid until the Dir is closed.
func (d *Dir) Load() (s *State, repaired string) {
	s = NewState()
	b, err := d.open()
	if err == nil {
		err = b.openWarm()
	}
	if err != nil {
		d.base, d.baseErr = nil, err
		if !errors.Is(err, fs.ErrNotExist) {
			repaired = "the record of the last build cannot be used and is made anew (" + err.Error() + ")"
		}
	} else {
		s.base = b
		s.BuildID, s.Revision = b.hot.BuildID, b.hot.Revision
	}
	log := d.readLog()
	s.readLog = d.readRecord
	var cut []Row // actions of a session that did not come to its end
	good, _ := scanLog(log, s.id(), func(kind byte, d *decoder, end int64) bool {
		if kind == recCommit {
			cut = nil
		}
		act, ok := s.replay(kind, d, end)
		if act != noRow {
			cut = append(cut, act)
		}
		return ok
	})
	d.logSize, d.torn = int64(good), good < len(log)
	s.flushed = len(s.fresh.recs)
	s.unsaved.rows = nil
	s.markSaved()
	if len(cut) > 0 {
		s.dropGoals(cut)
	}
	return s, repaired
}

// dropGoals forgets goals that have any of some actions. Of a session that was
// killed it is known what these actions made of what they found, but not what
// files it saw change: what such a goal says of them goes with other records.
func (s *State) dropGoals(acts []Row) {
	for key, g := range s.Goals() {
		if slices.ContainsFunc(acts, g.Actions.Has) {
			s.DeleteGoal(key)
		}
	}
}

func (s *State) id() uint64 {
	if s.base == nil {
		return 0
	}
	return s.base.id
}

// markSaved notes that the log has all rows' files.
func (s *State) markSaved() {
	for i := range s.fresh.recs {
		s.fresh.recs[i].unsaved = false
	}
	for r, x := range s.moved {
		if x.unsaved {
			x.unsaved = false
			s.moved[r] = x
		}
	}
	s.unsaved.rows, s.unsaved.builds = nil, 0
	clear(s.unsaved.acts)
	clear(s.unsaved.elems)
	clear(s.unsaved.goals)
}

// Append adds an action's record, which the state has, to the log.
func (d *Dir) Append(s *State, a *Action) error {
	size, err := d.append(s, func(w *logWriter) { w.logAction(s, a) })
	if err != nil {
		return err
	}
	r := s.AddRow(FileKey{Path: a.ID()})
	if e, ok := s.acts.get(r); ok && e.rec == a {
		delete(s.unsaved.acts, r)
		// From now on it is read from there: a large build has very many.
		n := size - recordHead - 1
		s.acts.set(r, actEntry{at: d.logSize - int64(n), n: uint32(n)})
	}
	return nil
}

// AppendStart notes in the log that an action is about to run, so that its
// record does not hold if nothing more is heard of it.
func (d *Dir) AppendStart(s *State, id string) error {
	r := s.AddRow(FileKey{Path: id})
	_, err := d.append(s, func(w *logWriter) { w.record(recStart, func() { w.row(r) }) })
	return err
}

// append writes a record behind the rows that came up with it, and returns its
// size.
func (d *Dir) append(s *State, put func(*logWriter)) (int, error) {
	rec, w := &d.scratch[0], &d.scratch[1]
	rec.buf, w.buf = rec.buf[:0], w.buf[:0]
	put(rec)
	w.logRows(s)
	w.buf = append(w.buf, rec.buf...)
	return len(rec.buf), d.write(s, w.buf)
}

// write appends to the log, which it begins if there is none.
func (d *Dir) write(s *State, b []byte) error {
	name := filepath.Join(d.path, logName)
	if d.log == nil || d.torn || d.logSize == 0 {
		if err := d.beginLog(s, name); err != nil {
			return err
		}
	}
	if d.log == nil {
		f, err := d.fs.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		if err != nil {
			return err
		}
		d.log = f
	}
	if err := fsys.WriteAll(d.log, b); err != nil {
		d.broken = true
		return err
	}
	d.logSize += int64(len(b))
	return nil
}

// logWindow is how much of the log is read at once. What was recorded together
// is mostly asked for together.
const logWindow = 64 << 10

// readRecord reads a part of the log.
func (d *Dir) readRecord(at int64, n uint32) ([]byte, error) {
	if b, ok := d.inWindow(at, n); ok {
		return b, nil
	}
	if d.reader == nil {
		f, err := d.fs.Open(filepath.Join(d.path, logName))
		if err != nil {
			return nil, err
		}
		d.reader = f
	}
	if n <= logWindow {
		if d.window == nil {
			d.window = make([]byte, logWindow)
		}
		got, _ := d.reader.ReadAt(d.window[:logWindow], at) // an error shows below
		d.window, d.windowAt = d.window[:got], at
		if b, ok := d.inWindow(at, n); ok {
			return b, nil
		}
	}
	b := make([]byte, n)
	_, err := d.reader.ReadAt(b, at)
	return b, err
}

// inWindow returns a part of the log that was read before. What was written
// there is never changed.
func (d *Dir) inWindow(at int64, n uint32) ([]byte, bool) {
	from := at - d.windowAt
	if from < 0 || from+int64(n) > int64(len(d.window)) {
		return nil, false
	}
	return bytes.Clone(d.window[from : from+int64(n)]), true
}

// beginLog makes the log end with a good record.
func (d *Dir) beginLog(s *State, name string) error {
	if d.logSize > 0 && !d.torn {
		return nil
	}
	good := newLog(s.id())
	if d.logSize > 0 {
		good = d.readLog()[:d.logSize]
	}
	d.closeLog() // it is of the file that is being replaced
	if err := fsys.WriteFile(d.fs, name, good, 0o666); err != nil {
		return err
	}
	d.logSize, d.torn = int64(len(good)), false
	return nil
}

// logLimit is how large a log may become before it is folded into the base: a
// null build reads it, and a base is written in proportion to its size.
func (s *State) logLimit() int64 {
	if s.base == nil {
		return 0
	}
	return 64<<10 + int64(s.base.size)/8
}

// Save writes what is not saved yet: to the log, or into a new base if the
// log has grown too large; then the state is of no further use, and folded
// tells so. When it fails, what was saved before is still there.
func (d *Dir) Save(s *State) (folded bool, err error) {
	var w logWriter
	if !d.broken && d.logSize < s.logLimit() {
		s.appendUnsaved(&w)
		if d.logSize+int64(len(w.buf)) < s.logLimit() {
			if err := d.write(s, w.buf); err != nil {
				return false, fmt.Errorf("save the trace: %w", err)
			}
			s.markSaved()
			return false, nil
		}
	}
	if err := d.writeBase(s); err != nil {
		return false, fmt.Errorf("save the trace: %w", err)
	}
	d.closeLog()
	d.base, d.baseErr, d.logSize, d.torn, d.broken = nil, nil, 0, false, false
	// The old log does not belong to the new base. It goes all the same.
	if err := d.fs.Remove(filepath.Join(d.path, logName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, fmt.Errorf("save the trace: %w", err)
	}
	return true, nil
}

func (s *State) replayed(g *Goal) iter.Seq[*Action] {
	return func(yield func(*Action) bool) {
		for _, r := range g.Replay {
			if !yield(s.ActionAt(r)) {
				return
			}
		}
	}
}

func (d *Dir) closeLog() {
	d.window = d.window[:0]
	for _, f := range [...]*fsys.File{&d.log, &d.reader} {
		if *f != nil {
			(*f).Close()
			*f = nil
		}
	}
}

// Close releases the mappings and the log.
func (d *Dir) Close() {
	d.closeLog()
	for _, b := range d.mapped {
		unix.Munmap(b)
	}
	d.mapped, d.base, d.baseErr = nil, nil, errors.New("trace: closed")
}
