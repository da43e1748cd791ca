package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/fsys"
)

const (
	baseName   = "trace"
	logName    = "trace.log"
	magic      = "erg trace\n"
	schema     = 5
	headerSize = len(magic) + 2 + 8 + 8 + 4 + 4 + 4
)

// Each record of the log begins with recordMagic, its length and its checksum.
const (
	recordMagic = "\xe7erg"
	recordHead  = len(recordMagic) + 4 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Dir is the directory that holds a workspace's trace.
type Dir struct {
	fs   fsys.FS
	path string
	log  fsys.File
	base []byte // the mapping
}

// OpenDir returns the trace directory at path, which must exist.
func OpenDir(fsy fsys.FS, path string) *Dir { return &Dir{fs: fsy, path: path} }

// header returns the two sections of a base, after checking that they are
// whole. The body's checksum is checked only when it is wanted.
func sections(b []byte) (hot, body []byte, bodySum uint32, err error) {
	if len(b) < headerSize || string(b[:len(magic)]) != magic {
		return nil, nil, 0, errCorrupt
	}
	le, h := binary.LittleEndian, b[len(magic):]
	if le.Uint16(h) != schema {
		return nil, nil, 0, fmt.Errorf("trace: written by another version of erg (schema %d, this is %d)", le.Uint16(h), schema)
	}
	nh, nb := le.Uint64(h[2:]), le.Uint64(h[10:])
	hotSum, bodySum, headSum := le.Uint32(h[18:]), le.Uint32(h[22:]), le.Uint32(h[26:])
	if crc32.Checksum(b[:headerSize-4], castagnoli) != headSum {
		return nil, nil, 0, errCorrupt
	}
	rest := b[headerSize:]
	if nh > uint64(len(rest)) || nb != uint64(len(rest))-nh {
		return nil, nil, 0, errCorrupt
	}
	hot, body = rest[:nh], rest[nh:]
	if crc32.Checksum(hot, castagnoli) != hotSum {
		return nil, nil, 0, errCorrupt
	}
	return hot, body, bodySum, nil
}

// mapBase maps the base file, once. The mapping is private and the file is
// only ever replaced, never truncated, so reading it cannot fault.
func (d *Dir) mapBase() ([]byte, error) {
	if d.base != nil {
		return d.base, nil
	}
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
	d.base = b
	return b, nil
}

func (d *Dir) unmap() {
	if d.base != nil {
		unix.Munmap(d.base)
		d.base = nil
	}
}

// Hot returns what a null build needs, or an error when there is no such
// thing: no trace, a damaged one, or a log that a killed build left behind.
// It is valid until the Dir is saved or closed.
func (d *Dir) Hot() (*Hot, error) {
	if fi, err := d.fs.Stat(filepath.Join(d.path, logName)); err == nil && fi.Size() > 0 {
		return nil, errors.New("trace: there is a log")
	}
	b, err := d.mapBase()
	if err != nil {
		return nil, err
	}
	hot, _, _, err := sections(b)
	if err != nil {
		return nil, err
	}
	return openHot(hot)
}

// Load reads the whole trace. It never fails for what is on disk: what
// cannot be used is left out, and repaired tells what, for people ("" when
// all was well).
func (d *Dir) Load() (s *State, repaired string) {
	s = NewState()
	if err := d.loadBase(s); err != nil {
		s = NewState()
		if !errors.Is(err, fs.ErrNotExist) {
			repaired = "the record of the last build cannot be used and is made anew (" + err.Error() + ")"
		}
	}
	d.replayLog(s)
	return s, repaired
}

func (d *Dir) loadBase(s *State) error {
	b, err := d.mapBase()
	if err != nil {
		return err
	}
	hot, body, sum, err := sections(b)
	if err != nil {
		return err
	}
	h, err := openHot(hot)
	if err != nil {
		return err
	}
	if err := decodeHot(h, s); err != nil {
		return err
	}
	if crc32.Checksum(body, castagnoli) != sum {
		return errCorrupt
	}
	return decodeBody(bytes.Clone(body), s) // the mapping goes away with the Dir
}

// decodeBody reads a body into s, which shares its memory.
func decodeBody(body []byte, s *State) error {
	dec := decoder{buf: body, stable: true}
	for n := dec.count(); n > 0 && dec.err == nil; n-- {
		if a := dec.action(); dec.err == nil {
			s.Actions[a.ID()] = a
		}
	}
	for n := dec.count(); n > 0 && dec.err == nil; n-- {
		m := dec.element()
		s.Elements[m.Address] = m
	}
	return dec.err
}

func encodeBody(s *State) []byte {
	e := newEncoder(len(s.Actions))
	ids, size := make([]string, 0, len(s.Actions)), 1024
	for id, a := range s.Actions {
		ids = append(ids, id)
		size += len(a.Manifest) + len(a.Message) + 4*len(id) + 300 // about
	}
	e.buf = make([]byte, 0, size)
	sort.Strings(ids)
	e.uint(uint64(len(ids)))
	for _, id := range ids {
		e.action(s.Actions[id])
	}
	e.uint(uint64(len(s.Elements)))
	for _, m := range s.Elements {
		e.element(m)
	}
	return e.buf
}

// Encode returns the bytes of a base file.
func Encode(s *State) []byte {
	var hot []byte
	var wg sync.WaitGroup
	wg.Go(func() { hot, _ = encodeHot(s) })
	body := encodeBody(s)
	wg.Wait()
	le := binary.LittleEndian
	b := append(make([]byte, 0, headerSize+len(hot)+len(body)), magic...)
	b = le.AppendUint16(b, schema)
	b = le.AppendUint64(b, uint64(len(hot)))
	b = le.AppendUint64(b, uint64(len(body)))
	b = le.AppendUint32(b, crc32.Checksum(hot, castagnoli))
	b = le.AppendUint32(b, crc32.Checksum(body, castagnoli))
	b = le.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return append(append(b, hot...), body...)
}

// Save replaces the base by s and empties the log. When it fails, the old
// base and the log are still there.
func (d *Dir) Save(s *State) error {
	if err := fsys.WriteFile(d.fs, filepath.Join(d.path, baseName), Encode(s), 0o666); err != nil {
		return fmt.Errorf("save the trace: %w", err)
	}
	d.unmap() // it is of the former base
	d.closeLog()
	if err := d.fs.Remove(filepath.Join(d.path, logName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("save the trace: %w", err)
	}
	return nil
}

// Append adds an action's record to the log.
func (d *Dir) Append(a *Action) error {
	if d.log == nil {
		f, err := d.fs.OpenFile(filepath.Join(d.path, logName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		if err != nil {
			return err
		}
		d.log = f
	}
	return fsys.WriteAll(d.log, EncodeRecord(a))
}

// EncodeRecord returns a record of the log.
func EncodeRecord(a *Action) []byte {
	e := newEncoder(0)
	e.buf = append(e.buf, recordMagic...)
	e.buf = append(e.buf, make([]byte, 8)...)
	e.action(a)
	body := e.buf[recordHead:]
	binary.LittleEndian.PutUint32(e.buf[len(recordMagic):], uint32(len(body)))
	binary.LittleEndian.PutUint32(e.buf[len(recordMagic)+4:], crc32.Checksum(body, castagnoli))
	return e.buf
}

// replayLog applies the log's records to s.
func (d *Dir) replayLog(s *State) {
	b, err := fsys.ReadFile(d.fs, filepath.Join(d.path, logName))
	if err != nil {
		return
	}
	ReplayLog(b, s)
}

// ReplayLog applies the records of a log to s and returns how many were good.
// What is damaged is skipped: a killed erg leaves half a record, and the next
// one appends behind it.
func ReplayLog(b []byte, s *State) (good int) {
	for {
		i := bytes.Index(b, []byte(recordMagic))
		if i < 0 {
			return good
		}
		b = b[i:]
		a, size := decodeRecord(b)
		if a == nil {
			b = b[len(recordMagic):]
			continue
		}
		s.Actions[a.ID()] = a
		s.Revision = max(s.Revision, a.Ran, a.Verified)
		b = b[size:]
		good++
	}
}

// decodeRecord reads the record with which b begins. It returns nil when there
// is none that is whole.
func decodeRecord(b []byte) (*Action, int) {
	if len(b) < recordHead {
		return nil, 0
	}
	head := b[len(recordMagic):]
	n, sum := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
	if uint64(n) > uint64(len(b)-recordHead) {
		return nil, 0
	}
	size := recordHead + int(n)
	body := b[recordHead:size]
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, 0
	}
	d := decoder{buf: body}
	a := d.action()
	if d.err != nil || len(d.buf) > 0 {
		return nil, 0
	}
	return a, size
}

func (d *Dir) closeLog() {
	if d.log != nil {
		d.log.Close()
		d.log = nil
	}
}

// Close releases the mapping and the log.
func (d *Dir) Close() {
	d.closeLog()
	d.unmap()
}
