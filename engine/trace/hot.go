package trace

import (
	"iter"
	"math"

	"erg.build/erg/engine/digest"
)

const hotFileSize = 8*6 + 4*4 + digest.Size

// hot record layout, little endian.
const (
	hfDev     = 0
	hfIno     = 8
	hfSize    = 16
	hfMtime   = 24
	hfCtime   = 32
	hfMode    = 40 // uint32
	hfFlags   = 44 // uint32: kind, racy, known
	hfName    = 48 // uint64: offset of the NUL-terminated path
	hfChanged = 56 // uint32
	hfLen     = 60 // uint32: the path's length
	hfDigest  = 64

	hotRacy  = 1 << 8
	hotKnown = 1 << 9
)

// Hot is the part of a trace that a null build reads: the base's hot section
// and what the log says of files and goals.
type Hot struct {
	BuildID  string
	Revision uint32
	files    []byte
	names    []byte
	goals    []byte
	nbase    int

	log     *logHot // nil: there is no log
	moved   Set     // rows of the base that the log has, too
	changed map[Row]*hotRow
	added   []hotRow
}

// A hotRow is a row as the log has it.
type hotRow struct {
	f    File
	name []byte // NUL-terminated
	ok   bool   // known
}

// A HotGoal is a goal as a null build sees it.
type HotGoal struct {
	Goal
	Messages []Message // of the actions in Replay
}

// A Message is what an action printed.
type Message struct {
	Name, Context string
	Output        []byte
}

func (d *rowData) putHot(b []byte, k FileKey, name int) {
	le.PutUint64(b[hfDev:], d.Stamp.Dev)
	le.PutUint64(b[hfIno:], d.Stamp.Ino)
	le.PutUint64(b[hfSize:], uint64(d.Stamp.Size))
	le.PutUint64(b[hfMtime:], uint64(d.Stamp.Mtime))
	le.PutUint64(b[hfCtime:], uint64(d.Stamp.Ctime))
	le.PutUint32(b[hfMode:], d.Stamp.Mode)
	flags := uint32(k.Kind)
	if d.Racy {
		flags |= hotRacy
	}
	if d.Known {
		flags |= hotKnown
	}
	le.PutUint32(b[hfFlags:], flags)
	le.PutUint64(b[hfName:], uint64(name))
	le.PutUint32(b[hfChanged:], d.Changed)
	le.PutUint32(b[hfLen:], uint32(len(k.Path)))
	copy(b[hfDigest:], d.Digest[:])
}

// openHot makes a Hot of the bytes of a hot section, whose checksum was
// verified.
func openHot(b []byte) (*Hot, error) {
	if len(b) < 16 {
		return nil, errCorrupt
	}
	nf, nn := le.Uint64(b), le.Uint64(b[8:])
	b = b[16:]
	if nf > uint64(len(b))/hotFileSize || nf >= uint64(noRow) {
		return nil, errCorrupt
	}
	h := &Hot{nbase: int(nf), files: b[:nf*hotFileSize]}
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
	if h.log != nil {
		if body, ok := h.log.goals[key]; ok {
			return decodeHotGoal(key, body)
		}
	}
	d := decoder{buf: h.goals}
	for n := d.count(); n > 0 && d.err == nil; n-- {
		k, body := d.bytes(), d.bytes()
		if d.err == nil && string(k) == key {
			return decodeHotGoal(key, body)
		}
	}
	return nil, false
}

func decodeHotGoal(key string, body []byte) (*HotGoal, bool) {
	if len(body) == 0 {
		return nil, false // it was forgotten
	}
	d := decoder{buf: body}
	g, messages := d.goal(key)
	return &HotGoal{*g, messages}, d.err == nil
}

// goal writes a goal, but for its messages.
func (e *encoder) goal(g *Goal) {
	e.uint(uint64(g.Complete))
	e.bytes(g.Files)
	e.bytes(g.Asked)
	e.rows(g.Read)
	e.bytes(g.Actions)
	e.uint(uint64(len(g.Env)))
	for _, v := range g.Env {
		e.string(v.Name)
		e.string(v.Value)
	}
	e.uint(uint64(g.Count))
	e.bytes(g.Summary)
	e.rows(g.Replay)
}

// messages writes, behind a goal, what the actions that it shows again
// printed, so that a null build need not read their records.
func (e *encoder) messages(actions iter.Seq[*Action]) {
	for a := range actions {
		if a == nil {
			a = &Action{}
		}
		e.string(a.Name)
		e.string(a.Context)
		e.bytes(a.Message)
	}
}

func (d *decoder) goal(key string) (*Goal, []Message) {
	g := &Goal{Key: key, Complete: uint32(d.uint()), Files: Set(d.own()), Asked: Set(d.own()), Read: d.rows(), Actions: Set(d.own())}
	if n := d.count(); n > 0 {
		g.Env = make([]Env, n)
		for i := range g.Env {
			g.Env[i] = Env{d.string(), d.string()}
		}
	}
	g.Count = int(d.uint())
	g.Summary = d.own()
	g.Replay = d.rows()
	messages := make([]Message, 0, len(g.Replay))
	for range g.Replay {
		if m := (Message{d.string(), d.string(), d.own()}); len(m.Output) > 0 {
			messages = append(messages, m)
		}
	}
	return g, messages
}

// Len returns how many rows there are.
func (h *Hot) Len() int { return h.nbase + len(h.added) }

// File returns the file of the i-th row.
func (h *Hot) File(i int) File {
	if x := h.logged(i); x != nil {
		return x.f
	}
	f, name := h.at(i)
	return File{Path: string(name[:len(name)-1]), Kind: f.Kind, Racy: f.Racy, Stamp: f.Stamp, Digest: h.digest(i), Changed: f.Changed}
}

// logged returns a row as the log has it, nil if it has not.
func (h *Hot) logged(i int) *hotRow {
	switch {
	case h.log == nil:
		return nil
	case i >= h.nbase:
		return &h.added[i-h.nbase]
	case h.moved.Has(Row(i)):
		return h.changed[Row(i)]
	}
	return nil
}

// A HotFile is what of a file shows whether it has changed.
type HotFile struct {
	Stamp   Stamp
	Changed uint32
	Kind    Kind
	Racy    bool
}

// At returns what is known of the i-th file, and its path, followed by a NUL
// byte, which must not be changed.
func (h *Hot) At(i int) (HotFile, []byte) {
	if x := h.logged(i); x != nil {
		return HotFile{x.f.Stamp, x.f.Changed, x.f.Kind, x.f.Racy}, x.name
	}
	return h.at(i)
}

// Name returns the path of the i-th file, followed by a NUL byte.
func (h *Hot) Name(i int) []byte {
	if x := h.logged(i); x != nil {
		return x.name
	}
	name, _ := h.name(i)
	return name
}

func (h *Hot) at(i int) (HotFile, []byte) {
	b := h.files[i*hotFileSize : (i+1)*hotFileSize]
	flags := le.Uint32(b[hfFlags:])
	f := HotFile{
		Stamp: Stamp{Dev: le.Uint64(b[hfDev:]), Ino: le.Uint64(b[hfIno:]), Size: int64(le.Uint64(b[hfSize:])),
			Mtime: int64(le.Uint64(b[hfMtime:])), Ctime: int64(le.Uint64(b[hfCtime:])), Mode: le.Uint32(b[hfMode:])},
		Changed: le.Uint32(b[hfChanged:]), Kind: Kind(flags & 0xff), Racy: flags&hotRacy != 0,
	}
	name, ok := h.name(i)
	if !ok {
		f.Changed = math.MaxUint32 // damage that the checksum did not show: never valid
	}
	return f, name
}

func (h *Hot) name(i int) ([]byte, bool) {
	b := h.files[i*hotFileSize : (i+1)*hotFileSize]
	off, n := le.Uint64(b[hfName:]), uint64(le.Uint32(b[hfLen:]))
	if off < uint64(len(h.names)) && n < uint64(len(h.names))-off && h.names[off+n] == 0 {
		return h.names[off : off+n+1 : off+n+1], true
	}
	return noName, false
}

var noName = []byte{0}

func (h *Hot) digest(i int) (d digest.Digest) {
	copy(d[:], h.files[i*hotFileSize+hfDigest:])
	return d
}

func (h *Hot) known(i int) bool {
	return le.Uint32(h.files[i*hotFileSize+hfFlags:])&hotKnown != 0
}
