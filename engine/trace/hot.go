package trace

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"erg.build/erg/engine/digest"
)

// The hot section: a count of files and of goals, a fixed-size record per
// file sorted by path (hence by directory), the goals, and the names. A null
// build walks one goal's bitmap and compares stamps; it decodes nothing else.

const hotFileSize = 8*6 + 4*4 + digest.Size

// hot record layout, little endian.
const (
	hfDev     = 0
	hfIno     = 8
	hfSize    = 16
	hfMtime   = 24
	hfCtime   = 32
	hfMode    = 40 // uint32
	hfFlags   = 44 // uint32: kind, racy
	hfName    = 48 // uint64: offset of the NUL-terminated path
	hfChanged = 56 // uint32
	hfLen     = 60 // uint32: the path's length
	hfDigest  = 64

	hotRacy = 1 << 8
)

// Hot is the part of a trace that a null build reads.
type Hot struct {
	BuildID  string
	Revision uint32
	files    []byte
	names    []byte
	goals    []byte
	nfiles   int
}

// A HotGoal is a goal as a null build sees it.
type HotGoal struct {
	Complete uint32
	Bitmap   []byte
	Env      []Env
	Replay   []string
	Messages []Message // of the actions in Replay
	Actions  int
	Summary  []byte
}

// A Message is what an action printed.
type Message struct {
	Name, Context string
	Output        []byte
}

func encodeHot(s *State) ([]byte, []*File) {
	files := sortedFiles(s)
	index := make(map[string]int, len(files)) // of the first file of a path
	size := 0
	for _, f := range files {
		size += len(f.Path) + 1
	}
	names := make([]byte, 0, size)
	recs := make([]byte, len(files)*hotFileSize)
	for i, f := range files {
		if i == 0 || files[i-1].Path != f.Path {
			index[f.Path] = i
		}
		putHotFile(recs[i*hotFileSize:], f, len(names))
		names = append(append(names, f.Path...), 0)
	}

	e := newEncoder(0)
	e.string(s.BuildID)
	e.uint(uint64(s.Revision))
	e.uint(uint64(len(s.Goals)))
	for _, g := range s.Goals {
		bitmap := make([]byte, (len(files)+7)/8)
		for _, p := range g.Files {
			for i, ok := index[p]; ok && i < len(files) && files[i].Path == p; i++ {
				bitmap[i/8] |= 1 << (i % 8)
			}
		}
		ge := newEncoder(0)
		ge.uint(uint64(g.Complete))
		ge.bytes(bitmap)
		ge.uint(uint64(len(g.Env)))
		for _, v := range g.Env {
			ge.string(v.Name)
			ge.string(v.Value)
		}
		ge.uint(uint64(len(g.Replay)))
		for _, r := range g.Replay {
			ge.string(r)
			// Also what is printed again, so that a null build need not read
			// the actions.
			a := s.Actions[r]
			if a == nil {
				a = &Action{}
			}
			ge.string(a.Name)
			ge.string(a.Context)
			ge.bytes(a.Message)
		}
		ge.uint(uint64(g.Actions))
		ge.bytes(g.Summary)
		e.bytes([]byte(g.Key))
		e.bytes(ge.buf)
	}
	var out []byte
	out = binary.LittleEndian.AppendUint64(out, uint64(len(files)))
	out = binary.LittleEndian.AppendUint64(out, uint64(len(names)))
	out = append(out, recs...)
	out = append(out, names...)
	return append(out, e.buf...), files
}

// sortedFiles orders files so that those of one directory are neighbours.
func sortedFiles(s *State) []*File {
	type key struct {
		dir int // the length of the directory's name
		f   *File
	}
	keys := make([]key, 0, len(s.Files))
	for _, f := range s.Files {
		keys = append(keys, key{strings.LastIndexByte(f.Path, '/') + 1, f})
	}
	slices.SortFunc(keys, func(a, b key) int {
		if c := strings.Compare(a.f.Path[:a.dir], b.f.Path[:b.dir]); c != 0 {
			return c
		}
		if c := strings.Compare(a.f.Path[a.dir:], b.f.Path[b.dir:]); c != 0 {
			return c
		}
		return int(a.f.Kind) - int(b.f.Kind)
	})
	files := make([]*File, len(keys))
	for i, k := range keys {
		files[i] = k.f
	}
	return files
}

func putHotFile(b []byte, f *File, name int) {
	le := binary.LittleEndian
	le.PutUint64(b[hfDev:], f.Stamp.Dev)
	le.PutUint64(b[hfIno:], f.Stamp.Ino)
	le.PutUint64(b[hfSize:], uint64(f.Stamp.Size))
	le.PutUint64(b[hfMtime:], uint64(f.Stamp.Mtime))
	le.PutUint64(b[hfCtime:], uint64(f.Stamp.Ctime))
	le.PutUint32(b[hfMode:], f.Stamp.Mode)
	flags := uint32(f.Kind)
	if f.Racy {
		flags |= hotRacy
	}
	le.PutUint32(b[hfFlags:], flags)
	le.PutUint64(b[hfName:], uint64(name))
	le.PutUint32(b[hfChanged:], f.Changed)
	le.PutUint32(b[hfLen:], uint32(len(f.Path)))
	copy(b[hfDigest:], f.Digest[:])
}

// openHot makes a Hot of the bytes of a hot section, whose checksum was
// verified.
func openHot(b []byte) (*Hot, error) {
	if len(b) < 16 {
		return nil, errCorrupt
	}
	nf, nn := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	b = b[16:]
	if nf > uint64(len(b))/hotFileSize {
		return nil, errCorrupt
	}
	h := &Hot{nfiles: int(nf), files: b[:nf*hotFileSize]}
	b = b[nf*hotFileSize:]
	if nn > uint64(len(b)) {
		return nil, errCorrupt
	}
	h.names, h.goals = b[:nn], b[nn:]
	d := decoder{buf: h.goals}
	h.BuildID = d.string()
	h.Revision = uint32(d.uint())
	h.goals = d.buf
	return h, d.err
}

// Goal finds a goal by its key.
func (h *Hot) Goal(key string) (*HotGoal, bool) {
	d := decoder{buf: h.goals}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		k, body := d.bytes(), d.bytes()
		if d.err != nil || string(k) != key {
			continue
		}
		return decodeHotGoal(body)
	}
	return nil, false
}

func decodeHotGoal(body []byte) (*HotGoal, bool) {
	d := decoder{buf: body}
	g := &HotGoal{Complete: uint32(d.uint()), Bitmap: d.bytes()}
	g.Env = make([]Env, d.count())
	for i := range g.Env {
		g.Env[i] = Env{d.string(), d.string()}
	}
	g.Replay = make([]string, d.count())
	g.Messages = make([]Message, 0, len(g.Replay))
	for i := range g.Replay {
		g.Replay[i] = d.string()
		m := Message{d.string(), d.string(), d.ownBytes()}
		if len(m.Output) > 0 {
			g.Messages = append(g.Messages, m)
		}
	}
	g.Actions = int(d.uint())
	g.Summary = d.bytes()
	return g, d.err == nil
}

// Len returns how many files there are.
func (h *Hot) Len() int { return h.nfiles }

// Has reports whether the goal depends on the i-th file.
func (g *HotGoal) Has(i int) bool { return i/8 < len(g.Bitmap) && g.Bitmap[i/8]&(1<<(i%8)) != 0 }

// File returns the i-th file.
func (h *Hot) File(i int) File {
	f, name := h.At(i)
	f.Path = string(name[:len(name)-1])
	copy(f.Digest[:], h.files[i*hotFileSize+hfDigest:])
	return f
}

// At returns the i-th file but for its path and digest, and the path followed
// by a NUL byte. The path shares the mapping's memory.
func (h *Hot) At(i int) (File, []byte) {
	le, b := binary.LittleEndian, h.files[i*hotFileSize:(i+1)*hotFileSize]
	flags := le.Uint32(b[hfFlags:])
	f := File{
		Kind: Kind(flags & 0xff), Racy: flags&hotRacy != 0,
		Stamp: Stamp{Dev: le.Uint64(b[hfDev:]), Ino: le.Uint64(b[hfIno:]), Size: int64(le.Uint64(b[hfSize:])),
			Mtime: int64(le.Uint64(b[hfMtime:])), Ctime: int64(le.Uint64(b[hfCtime:])), Mode: le.Uint32(b[hfMode:])},
		Changed: le.Uint32(b[hfChanged:]),
	}
	off, n := le.Uint64(b[hfName:]), uint64(le.Uint32(b[hfLen:]))
	if off < uint64(len(h.names)) && n < uint64(len(h.names))-off && h.names[off+n] == 0 {
		return f, h.names[off : off+n+1 : off+n+1]
	}
	f.Changed = math.MaxUint32 // damage that the checksum did not show: never valid
	return f, []byte{0}
}

func decodeHot(h *Hot, s *State) error {
	s.BuildID, s.Revision = h.BuildID, h.Revision
	paths := make([]string, h.nfiles)
	for i := range paths {
		f := h.File(i)
		paths[i] = f.Path
		s.Files[FileKey{f.Path, f.Kind}] = &f
	}
	d := decoder{buf: h.goals}
	for n := d.count(); n > 0; n-- {
		k, body := d.bytes(), d.bytes()
		if d.err != nil {
			return d.err
		}
		hg, ok := decodeHotGoal(body)
		if !ok {
			return errCorrupt
		}
		g := &Goal{Key: string(k), Complete: hg.Complete, Env: hg.Env, Replay: hg.Replay,
			Actions: hg.Actions, Summary: bytes.Clone(hg.Summary)}
		for i, p := range paths {
			if hg.Has(i) && (len(g.Files) == 0 || g.Files[len(g.Files)-1] != p) {
				g.Files = append(g.Files, p)
			}
		}
		s.Goals[g.Key] = g
	}
	return d.err
}
