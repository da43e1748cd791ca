package trace

import (
	"bufio"
	"hash/crc32"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// A folder writes a new base of a state. Rows are numbered anew, in the order
// of their paths; those that no goal and no action mentions are left out.
type folder struct {
	s    *State
	rows []Row // of the state, in the new order
	to   []Row // new numbers by the old ones

	w    *bufio.Writer
	sum  uint32
	size uint64
	lens [numSections]uint64
	sums [numSections]uint32

	acts []byte   // the entries of the actions
	outs []byte   // the rows of their outputs
	uses []use    // who uses what
	made []uint32 // by new row: the action that makes it, plus one
}

// A use says that an action uses a row.
type use struct{ row, act uint32 }

// writeBase replaces the base file.
func (d *Dir) writeBase(s *State) error {
	name := filepath.Join(d.path, baseName)
	tmp := name + ".tmp~"
	f, err := d.fs.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	err = newFolder(s).write(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = d.fs.Rename(tmp, name)
	}
	if err != nil {
		d.fs.Remove(tmp)
	}
	return err
}

func newFolder(s *State) *folder {
	x := &folder{s: s}
	x.number(x.wanted())
	return x
}

// wanted marks the rows that something mentions.
func (x *folder) wanted() []bool {
	s := x.s
	for _, e := range s.acts.all() {
		if a := s.read(e); a != nil {
			s.uses(a) // gives numbers to all that it mentions
			for _, o := range a.Outs {
				s.AddRow(FileKey{Path: o.Path})
			}
		}
	}
	want := make([]bool, s.Rows())
	for _, g := range s.Goals() {
		for r := range g.Files.All() {
			want[r] = true
		}
		for _, r := range append(slices.Clone(g.Read), g.Replay...) {
			want[r] = true
		}
	}
	for n := range s.base.actions() {
		if _, ok := s.acts.get(s.base.first(n)); !ok {
			for _, r := range s.base.outputs(n) {
				want[r] = true
			}
		}
	}
	// What an action of the base used that ran anew since is among these, too.
	for r := range Row(s.base.rows()) {
		want[r] = want[r] || len(s.base.usersOf(r)) > 0
	}
	for _, e := range s.acts.all() {
		if a := s.read(e); a != nil {
			for _, r := range s.uses(a) {
				want[r] = true
			}
			for _, o := range a.Outs {
				want[s.AddRow(FileKey{Path: o.Path})] = true
			}
		}
	}
	return want
}

// number gives the wanted rows their new numbers: those of one directory are
// neighbours.
func (x *folder) number(want []bool) {
	type sortKey struct {
		path string
		dir  int // the length of the directory's name
		kind Kind
		row  Row
	}
	keys := make([]sortKey, 0, len(want))
	for r, ok := range want {
		if ok {
			k := x.s.Key(Row(r))
			keys = append(keys, sortKey{k.Path, strings.LastIndexByte(k.Path, '/') + 1, k.Kind, Row(r)})
		}
	}
	slices.SortFunc(keys, func(a, b sortKey) int {
		if c := strings.Compare(a.path[:a.dir], b.path[:b.dir]); c != 0 {
			return c
		}
		if c := strings.Compare(a.path[a.dir:], b.path[b.dir:]); c != 0 {
			return c
		}
		return int(a.kind) - int(b.kind)
	})
	x.rows, x.to = make([]Row, len(keys)), make([]Row, len(want))
	for i := range x.to {
		x.to[i] = noRow
	}
	for i, k := range keys {
		x.rows[i], x.to[k.row] = k.row, Row(i)
	}
}

func (x *folder) write(f fsys.File) error {
	x.w = bufio.NewWriterSize(f, 1<<18)
	if _, err := x.w.Write(make([]byte, headerSize)); err != nil {
		return err
	}
	for i, section := range [numSections]func(){x.hot, x.index, x.cold, x.actions, x.links, x.elements, x.builds} {
		x.sum, x.size = 0, 0
		section()
		x.lens[i], x.sums[i] = x.size, x.sum
	}
	if err := x.w.Flush(); err != nil {
		return err
	}
	if _, err := f.Seek(0, 0); err != nil {
		return err
	}
	return fsys.WriteAll(f, x.header())
}

// put writes a part of a section. The writer remembers errors.
func (x *folder) put(b []byte) {
	x.sum = crc32.Update(x.sum, crc32.IEEETable, b)
	x.size += uint64(len(b))
	x.w.Write(b)
}

func (x *folder) putUint32s(vs ...uint32) {
	const most = 1 << 14
	b := make([]byte, 0, 4*min(len(vs), most))
	for part := range slices.Chunk(vs, most) {
		b = b[:0]
		for _, v := range part {
			b = le.AppendUint32(b, v)
		}
		x.put(b)
	}
}

func (x *folder) header() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = le.AppendUint16(b, schema)
	id := uint64(1)
	for i, sum := range x.sums {
		id = bits.RotateLeft64(id, 7)*0x9e3779b97f4a7c15 ^ uint64(sum) ^ x.lens[i]<<32
	}
	b = le.AppendUint64(b, max(id, 1)) // of its content: equal bases may share a log
	for i := range x.sums {
		b = le.AppendUint64(b, x.lens[i])
		b = le.AppendUint32(b, x.sums[i])
	}
	return le.AppendUint32(b, checksum(b))
}

func (x *folder) hot() {
	names := 0
	for _, r := range x.rows {
		names += len(x.s.Key(r).Path) + 1
	}
	head := le.AppendUint64(nil, uint64(len(x.rows)))
	x.put(le.AppendUint64(head, uint64(names)))
	at := 0
	var rec [hotFileSize]byte
	for _, r := range x.rows {
		k, d := x.s.Key(r), x.s.data(r)
		d.putHot(rec[:], k, at)
		x.put(rec[:])
		at += len(k.Path) + 1
	}
	for _, r := range x.rows {
		x.put(append([]byte(x.s.Key(r).Path), 0))
	}
	var e encoder
	e.string(x.s.BuildID)
	e.uint(uint64(x.s.Revision))
	goals := x.s.Goals()
	e.uint(uint64(len(goals)))
	for _, g := range goals {
		var body encoder
		body.goal(x.renumber(g))
		body.messages(x.s.replayed(g))
		e.string(g.Key)
		e.bytes(body.buf)
	}
	x.put(e.buf)
}

func (x *folder) renumber(g *Goal) *Goal {
	n := *g
	n.Files, n.Asked, n.Actions = g.Files.renumber(x.to), g.Asked.renumber(x.to), g.Actions.renumber(x.to)
	n.Read, n.Replay = x.renumberAll(g.Read), x.renumberAll(g.Replay)
	return &n
}

func (x *folder) renumberAll(rows []Row) []Row {
	out := make([]Row, len(rows))
	for i, r := range rows {
		out[i] = x.to[r]
	}
	return out
}

func (x *folder) index() {
	slots := make([]uint32, 1<<bits.Len(uint(len(x.rows)*3/2+1)))
	mask := len(slots) - 1
	for n, r := range x.rows {
		i := int(hashKey(x.s.Key(r))) & mask
		for slots[i] != 0 {
			i = (i + 1) & mask
		}
		slots[i] = uint32(n + 1)
	}
	x.putUint32s(slots...)
}

// cold writes the records of the actions, in the order of their first
// outputs, and collects what the sections behind it say of them.
func (x *folder) cold() {
	x.made = make([]uint32, len(x.rows))
	firsts := make([]Row, 0, len(x.rows))
	for r := range x.s.ActionRows() {
		if x.to[r] != noRow {
			firsts = append(firsts, r)
		}
	}
	slices.SortFunc(firsts, func(a, b Row) int { return int(x.to[a]) - int(x.to[b]) })
	row := func(k FileKey) Row { return x.to[x.s.AddRow(k)] }
	like := func(r Row) digest.Digest { return x.s.data(x.rows[r]).Digest }
	var e encoder
	n := uint32(0)
	for _, first := range firsts {
		a := x.s.ActionAt(first)
		if a == nil {
			continue
		}
		e.buf = e.buf[:0]
		e.action(a, row, like)
		x.acts = le.AppendUint32(x.acts, uint32(x.to[first]))
		x.acts = le.AppendUint64(x.acts, x.size)
		x.acts = le.AppendUint32(x.acts, uint32(len(e.buf)))
		x.acts = le.AppendUint32(x.acts, checksum(e.buf))
		x.put(e.buf)
		for _, o := range a.Outs {
			r := row(FileKey{Path: o.Path})
			x.outs = le.AppendUint32(x.outs, uint32(r))
			x.made[r] = n + 1
		}
		x.acts = le.AppendUint32(x.acts, uint32(len(x.outs)/4))
		flags := uint32(0)
		if a.unfinished() {
			flags |= acUnfinished
		}
		x.acts = le.AppendUint32(x.acts, flags)
		for _, r := range x.s.uses(a) {
			x.uses = append(x.uses, use{uint32(x.to[r]), n})
		}
		n++
	}
}

func (x *folder) actions() {
	x.putUint32s(uint32(len(x.acts) / actionSize))
	x.put(x.acts)
	x.put(x.outs)
}

// links sorts the uses by row, by counting.
func (x *folder) links() {
	x.putUint32s(x.made...)
	starts := make([]uint32, len(x.rows)+1)
	for _, u := range x.uses {
		starts[u.row+1]++
	}
	for i := range x.rows {
		starts[i+1] += starts[i]
	}
	x.putUint32s(starts...)
	sorted := make([]uint32, len(x.uses))
	for _, u := range x.uses {
		sorted[starts[u.row]] = u.act
		starts[u.row]++
	}
	x.putUint32s(sorted...)
}

func (x *folder) elements() {
	var e encoder
	elems := x.s.Elements()
	e.uint(uint64(len(elems)))
	for _, m := range elems {
		e.element(m)
	}
	x.put(e.buf)
}

func (x *folder) builds() {
	var e encoder
	builds := x.s.Builds()
	e.uint(uint64(len(builds)))
	for i := range builds {
		e.build(&builds[i])
	}
	x.put(e.buf)
}
