package trace

import (
	"bytes"
	"reflect"
	"testing"

	"erg.build/erg/engine/fsys"
)

// A log that ends anywhere has all records that are whole; the next erg
// drops the torn one, and goes on from there.
func TestLogTornAtEveryByte(t *testing.T) {
	dir := saved(t)
	d := OpenDir(fsys.OS{}, dir)
	s, _ := d.Load()
	var ends []int
	for i := range 3 {
		a := sampleAction(30 + i)
		s.SetAction(a)
		if err := d.Append(s, a); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, len(read(t, dir, logName)))
	}
	d.Close()
	log := read(t, dir, logName)
	for n := range len(log) + 1 {
		write(t, dir, logName, log[:n])
		whole := 0
		for whole < len(ends) && ends[whole] <= n {
			whole++
		}
		d := OpenDir(fsys.OS{}, dir)
		s, _ := d.Load()
		has := func(s *State, i int) bool { return s.Action(sampleAction(i).ID()) != nil }
		for i := range 3 {
			if has(s, 30+i) != (i < whole) {
				t.Fatalf("torn at %d: record %d is there: %v", n, i, has(s, 30+i))
			}
		}
		a := sampleAction(77)
		s.SetAction(a)
		if err := d.Append(s, a); err != nil {
			t.Fatal(err)
		}
		d.Close()
		s = load(t, dir)
		if !has(s, 77) || whole > 0 && !has(s, 29+whole) || has(s, 30+whole) {
			t.Fatalf("torn at %d and gone on: lost or found", n)
		}
	}
}

// A flipped bit loses the record that it is in, and what follows, and makes
// no other one of it.
func TestLogFlippedBits(t *testing.T) {
	dir := saved(t)
	d := OpenDir(fsys.OS{}, dir)
	s, _ := d.Load()
	change(s)
	save(t, d, s, false)
	after, before := pictureOf(s), pictureOf(sample())
	d.Close()
	log := read(t, dir, logName)
	for i := range log {
		b := bytes.Clone(log)
		b[i] ^= 0x40
		write(t, dir, logName, b)
		p := pictureOf(load(t, dir))
		for id, a := range p.Actions {
			if !reflect.DeepEqual(a, after.Actions[id]) && !reflect.DeepEqual(a, before.Actions[id]) {
				t.Fatalf("byte %d: %+v", i, a)
			}
		}
		for k, f := range p.Files {
			if f != after.Files[k] && f != before.Files[k] {
				t.Fatalf("byte %d: %+v", i, f)
			}
		}
		if len(p.Builds) > len(after.Builds) || !reflect.DeepEqual(p.Builds, after.Builds[:len(p.Builds)]) {
			t.Fatalf("byte %d: %+v", i, p.Builds)
		}
		if _, err := OpenDir(fsys.OS{}, dir).Hot(); err == nil {
			t.Fatalf("byte %d: a null build takes it", i)
		}
	}
}

// A base that is cut or damaged is not used, and said once; where the damage
// is in an action's record, that is as if it had never run.
func TestDamagedBase(t *testing.T) {
	dir := saved(t)
	b := read(t, dir, baseName)
	want := pictureOf(sample())
	check := func(what string, b []byte, at int) {
		t.Helper()
		write(t, dir, baseName, b)
		d := OpenDir(fsys.OS{}, dir)
		defer d.Close()
		if h, err := d.Hot(); err == nil {
			// What a null build does not look at may be damaged. What it looks at
			// must be right.
			if g, ok := h.Goal("all"); !ok || g.Complete != 7 {
				t.Fatalf("%s at %d: %+v", what, at, g)
			}
		}
		s, repaired := d.Load()
		p := pictureOf(s)
		if repaired != "" {
			if len(p.Actions)+len(p.Files)+len(p.Goals)+len(p.Elements)+len(p.Builds) != 0 || s.Revision != 0 {
				t.Fatalf("%s at %d: %q, %+v", what, at, repaired, p)
			}
		} else {
			if len(p.Actions) != 4 {
				t.Fatalf("%s at %d: %d actions", what, at, len(p.Actions))
			}
			if !reflect.DeepEqual(p.Builds, want.Builds) {
				t.Fatalf("%s at %d: %+v", what, at, p.Builds)
			}
			for id, a := range p.Actions {
				if !reflect.DeepEqual(a, want.Actions[id]) {
					t.Fatalf("%s at %d: %+v", what, at, a)
				}
			}
		}
	}
	for n := range b {
		check("cut", b[:n], n)
	}
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 0x10
		check("flipped", c, i)
	}
	check("longer", append(bytes.Clone(b), 0), len(b))
	d := OpenDir(fsys.OS{}, dir)
	d.Load()
	save(t, d, sample(), true)
	d.Close()
	same(t, load(t, dir), sample())
}

// A log of another base is not taken for one of this base.
func TestLogOfAnotherBase(t *testing.T) {
	dir := saved(t)
	d := OpenDir(fsys.OS{}, dir)
	defer d.Close()
	s, _ := d.Load()
	change(s)
	save(t, d, s, false)
	if err := d.writeBase(s); err != nil { // and killed before the log went
		t.Fatal(err)
	}
	same(t, load(t, dir), s)
}
