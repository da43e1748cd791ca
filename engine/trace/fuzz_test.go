package trace

import (
	"testing"

	"erg.build/erg/engine/fsys"
)

// Damage that the checksums do not show does no harm: no panic, and no
// memory out of proportion.
func FuzzBase(f *testing.F) {
	dir := f.TempDir()
	d := OpenDir(fsys.OS{}, dir)
	if _, err := d.Save(sample()); err != nil {
		f.Fatal(err)
	}
	b, err := openBase(read(f, dir, baseName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.sections[0], b.sections[1], b.sections[2], b.sections[3], b.sections[4], b.sections[5], b.sections[6])
	f.Add([]byte{}, []byte{}, []byte{}, []byte{}, []byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, hot, index, cold, actions, links, elements, builds []byte) {
		x := &base{id: 1, sections: [numSections][]byte{hot, index, cold, actions, links, elements, builds}}
		var err error
		if x.hot, err = openHot(hot); err != nil {
			return
		}
		x.n = uint32(x.hot.nbase)
		if x.layout() != nil {
			return
		}
		s := NewState()
		s.base = x
		exercise(s)
	})
}

// exercise reads all of a state and folds it.
func exercise(s *State) {
	for r := range Row(s.Rows()) {
		s.FileAt(r)
		for range s.Users(r) {
		}
		if first, ok := s.Producer(r); ok {
			s.Outputs(first)
		}
	}
	for range s.Unfinished() {
	}
	pictureOf(s)
	for _, g := range s.Goals() {
		for r := range g.Files.All() {
			if int(r) < s.Rows() {
				s.FileAt(r)
			}
		}
	}
	s.base.hot.Goal("all")
	for i := range s.base.hot.Len() {
		s.base.hot.File(i)
	}
}

func FuzzLog(f *testing.F) {
	s := sample()
	var w logWriter
	s.appendUnsaved(&w)
	log := append(newLog(0), w.buf...)
	f.Add(log)
	f.Add(log[:len(log)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		s := NewState()
		// Also records whose checksum is wrong.
		d := decoder{buf: b}
		for len(d.buf) > 0 {
			kind := d.byte()
			rec := decoder{buf: d.bytes()}
			s.replay(kind, &rec, 0)
		}
		pictureOf(s)
		h := &Hot{log: &logHot{goals: map[string][]byte{}}, changed: map[Row]*hotRow{}}
		scanLog(b, 0, h.replay)
		scanLog(b, 0, func(kind byte, d *decoder, end int64) bool { _, ok := s.replay(kind, d, end); return ok })
	})
}
