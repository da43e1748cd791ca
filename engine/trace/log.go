package trace

import "erg.build/erg/engine/digest"

// The log: a header that names the base to which it belongs, and records,
// each with its length and a checksum. The first byte of a record is its kind.
const (
	logMagic   = "erg log A\n"
	logHeader  = len(logMagic) + 8 + 4
	recordHead = 4 + 4
)

const (
	recRow     = 'R' // a further row: kind, path
	recFile    = 'F' // what is known of a row's file
	recAction  = 'A'
	recStart   = 'S' // an action was about to run: the row of its first output
	recGone    = 'D' // an action that is no more: the row of its first output
	recGoal    = 'G' // key, and the goal; without a goal, it is no more
	recElement = 'E' // address, and the element; without one, it is no more
	recBuild   = 'B' // what a build did
	recCommit  = 'C' // the end of a session: revision, build id
)

func newLog(id uint64) []byte {
	b := append([]byte(nil), logMagic...)
	b = le.AppendUint64(b, id)
	return le.AppendUint32(b, checksum(b))
}

// A logWriter collects records.
type logWriter struct{ encoder }

// record appends a record whose content put writes.
func (w *logWriter) record(kind byte, put func()) {
	at := len(w.buf)
	w.buf = append(w.buf, make([]byte, recordHead)...)
	w.byte(kind)
	put()
	body := w.buf[at+recordHead:]
	le.PutUint32(w.buf[at:], uint32(len(body)))
	le.PutUint32(w.buf[at+4:], checksum(body))
}

// scanLog calls visit for each record of a log that belongs to a base. It
// returns where the last good record ends: what is behind it is torn, since a
// record may need those before it. closed says that the last session came to
// its end.
func scanLog(b []byte, id uint64, visit func(kind byte, d *decoder, end int64) bool) (good int, closed bool) {
	if len(b) < logHeader || string(b[:len(logMagic)]) != logMagic || checksum(b[:logHeader-4]) != le.Uint32(b[logHeader-4:]) || le.Uint64(b[len(logMagic):]) != id {
		return 0, false
	}
	good, closed = logHeader, true
	for {
		rest := b[good:]
		if len(rest) < recordHead {
			return good, closed
		}
		n := uint64(le.Uint32(rest))
		if n == 0 || n > uint64(len(rest)-recordHead) {
			return good, closed
		}
		body := rest[recordHead : recordHead+n]
		if checksum(body) != le.Uint32(rest[4:]) {
			return good, closed
		}
		d := decoder{buf: body[1:]}
		if !visit(body[0], &d, int64(good+recordHead+int(n))) || d.err != nil {
			return good, closed
		}
		closed = body[0] == recCommit
		good += recordHead + int(n)
	}
}

// appendUnsaved writes all that a state has and the log does not.
func (s *State) appendUnsaved(w *logWriter) {
	var body logWriter
	for r := range s.unsaved.acts {
		e, _ := s.acts.get(r)
		if a := s.read(e); a != nil {
			body.logAction(s, a)
		} else {
			body.record(recGone, func() { body.row(r) })
		}
	}
	for _, r := range s.unsaved.rows {
		d := s.data(r)
		body.record(recFile, func() { body.file(r, d) })
	}
	for key := range s.unsaved.goals {
		body.record(recGoal, func() {
			body.string(key)
			if g := s.goals[key]; g != nil {
				var e encoder
				e.goal(g)
				e.messages(s.replayed(g))
				body.bytes(e.buf)
			} else {
				body.bytes(nil)
			}
		})
	}
	for address := range s.unsaved.elems {
		body.record(recElement, func() {
			body.string(address)
			if m := s.elems[address]; m != nil {
				body.element(m)
			}
		})
	}
	for _, b := range s.Builds()[len(s.Builds())-s.unsaved.builds:] {
		body.record(recBuild, func() { body.build(&b) })
	}
	// Rows come first, with those that came up just now.
	w.logRows(s)
	w.buf = append(w.buf, body.buf...)
	w.record(recCommit, func() {
		w.uint(uint64(s.Revision))
		w.string(s.BuildID)
	})
}

func (w *logWriter) logAction(s *State, a *Action) {
	w.record(recAction, func() { w.action(a, s.AddRow, s.base.digest) })
}

// logRows writes the rows that the log does not have.
func (w *logWriter) logRows(s *State) {
	for ; s.flushed < len(s.fresh.recs); s.flushed++ {
		k := s.fresh.key(Row(s.flushed))
		w.record(recRow, func() {
			w.byte(byte(k.Kind))
			w.string(k.Path)
		})
	}
}

func (e *encoder) file(r Row, d rowData) {
	e.row(r)
	e.bool(d.Known)
	e.bool(d.Racy)
	e.uint(d.Stamp.Dev)
	e.uint(d.Stamp.Ino)
	e.int(d.Stamp.Size)
	e.int(d.Stamp.Mtime)
	e.int(d.Stamp.Ctime)
	e.uint(uint64(d.Stamp.Mode))
	e.digest(d.Digest, [32]byte{})
	e.uint(uint64(d.Changed))
}

func (d *decoder) file() (Row, rowData) {
	r := d.row()
	x := rowData{Known: d.bool(), Racy: d.bool()}
	x.Stamp = Stamp{Dev: d.uint(), Ino: d.uint(), Size: d.int(), Mtime: d.int(), Ctime: d.int(), Mode: uint32(d.uint())}
	x.Digest = d.digest([32]byte{})
	x.Changed = uint32(d.uint())
	return r, x
}

// replay applies a record to the state, which ends at the given place in the
// log. It returns the action that the record is about, if it is about one that
// ran.
func (s *State) replay(kind byte, d *decoder, end int64) (act Row, ok bool) {
	act = noRow
	switch kind {
	case recRow:
		k := FileKey{Kind: Kind(d.byte())}
		k.Path = d.string()
		if n := s.Rows(); int(s.AddRow(k)) != n {
			return act, false // it was there
		}
	case recFile:
		r, x := d.file()
		if d.err != nil || int(r) >= s.Rows() {
			return act, false
		}
		s.setData(r, x)
	case recAction:
		n := len(d.buf)
		a := d.action(s.knownKey, s.base.digest)
		if d.err != nil {
			return act, false
		}
		act = s.AddRow(FileKey{Path: a.ID()})
		s.acts.set(act, actEntry{at: end - int64(n), n: uint32(n)})
		s.Revision = max(s.Revision, a.Ran, a.Verified)
	case recStart:
		r := d.row()
		if d.err != nil || int(r) >= s.Rows() {
			return act, false
		}
		act = r
		s.started(act)
	case recGone:
		r := d.row()
		if int(r) >= s.Rows() {
			return act, false
		}
		s.acts.set(r, actEntry{})
	case recGoal:
		return act, s.replayGoal(d)
	case recElement:
		address := d.string()
		if len(d.buf) == 0 {
			delete(s.Elements(), address)
		} else if m := d.element(); d.err == nil {
			s.Elements()[address] = m
		}
	case recBuild:
		if b := d.build(); d.err == nil {
			s.AddBuild(b)
		}
	case recCommit:
		s.Revision = uint32(d.uint())
		s.BuildID = d.string()
	}
	return act, d.err == nil
}

func (s *State) replayGoal(d *decoder) bool {
	name := d.string()
	body := decoder{buf: d.bytes()}
	if len(body.buf) == 0 {
		delete(s.Goals(), name)
		return d.err == nil
	}
	g, _ := body.goal(name)
	if body.err != nil {
		return false
	}
	s.Goals()[name] = g
	return d.err == nil
}

// started notes that an action began to run of which the log does not tell that
// it ended. What lies there may be half of what it makes.
func (s *State) started(first Row) {
	a := &Action{Outs: []Out{{Path: s.Key(first).Path}}}
	if old := s.ActionAt(first); old != nil {
		*a = *old
	}
	a.Key, a.Failed, a.Why, a.Message = digest.Digest{}, true, nil, nil
	s.acts.set(first, actEntry{rec: a})
}

// logHot is what a null build reads of the log.
type logHot struct{ goals map[string][]byte }

// replay applies a record of the log to what a null build sees.
func (h *Hot) replay(kind byte, d *decoder, _ int64) bool {
	switch kind {
	case recRow:
		k := Kind(d.byte())
		h.added = append(h.added, hotRow{f: File{Kind: k}, name: append(d.own(), 0)})
	case recFile:
		r, x := d.file()
		if d.err != nil || int(r) >= h.Len() {
			return false
		}
		row := hotRow{f: File{Racy: x.Racy, Stamp: x.Stamp, Digest: x.Digest, Changed: x.Changed}, ok: x.Known}
		if i := int(r) - h.nbase; i >= 0 {
			row.f.Kind, row.name = h.added[i].f.Kind, h.added[i].name
			row.f.Path = string(row.name[:len(row.name)-1])
			h.added[i] = row
			break
		}
		var f HotFile
		f, row.name = h.at(int(r))
		row.f.Kind, row.f.Path = f.Kind, string(row.name[:len(row.name)-1])
		h.moved.Add(r)
		h.changed[r] = &row
	case recGoal:
		key := d.string()
		h.log.goals[key] = d.own()
	case recCommit:
		h.Revision = uint32(d.uint())
		h.BuildID = d.string()
	}
	return d.err == nil
}
