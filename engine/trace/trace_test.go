package trace

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

func sampleAction(i int) *Action {
	d := digest.OfString
	return &Action{
		Name: fmt.Sprint("cc ", i), Context: "app", Target: "app//:x", Spec: d("spec"), Manifest: []byte("manifest"),
		Key: d(fmt.Sprint("key", i)), Full: d(fmt.Sprint("full", i)),
		Deps:    []Dep{{"src/a.c", d("a"), false}, {"src/a.h", d("h"), true}, {"src/absent.h", digest.Digest{}, true}},
		Outs:    []Out{{fmt.Sprintf("_build/app/%d.o", i), d("o"), 17, i%2 == 0, d("m")}, {fmt.Sprintf("_build/app/%d.x", i), d("x"), 0, false, d("")}},
		Message: []byte("warning\n"), Took: 3 * time.Millisecond, Peak: 1 << 20, Verified: 4, Ran: 5,
		Failed: i%3 == 0, Baked: i%3 == 1, Why: []Change{{"input", "src/a.c", "old", "new"}},
	}
}

func sample() *State {
	s := NewState()
	s.BuildID, s.Revision = "build 1", 7
	for i := range 5 {
		a := sampleAction(i)
		s.Actions[a.ID()] = a
		for k := range 2 {
			f := &File{Path: fmt.Sprintf("src/%d/f%d", i%2, i), Kind: Kind(k), Racy: i == 3, Digest: digest.OfString(fmt.Sprint(i, k)), Changed: uint32(i),
				Stamp: Stamp{1, uint64(i), int64(i) * 100, -5, 1 << 60, 0o100644}}
			s.Files[FileKey{f.Path, f.Kind}] = f
		}
	}
	s.Files[FileKey{"", Listing}] = &File{Kind: Listing, Digest: digest.OfString("root")}
	s.Elements["context.a.x"] = &Element{Address: "context.a.x", Value: `"v"`, Previous: `"u"`, Site: "erg.hcl:3", Sensitive: true, Changed: 6, Deps: []string{"file:f", "env:X"}}
	s.Goals["all"] = &Goal{Key: "all", Complete: 7, Files: []string{"src/0/f0", "src/1/f1"}, Env: []Env{{"PATH", "/bin"}, {"X", ""}},
		Replay: []string{"_build/app/1.o"}, Actions: 5, Summary: []byte("sum\x00mary")}
	s.Goals["none"] = &Goal{Key: "none", Complete: 3, Env: []Env{}, Replay: []string{}}
	return s
}

func write(t testing.TB, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	d := OpenDir(fsys.OS{}, dir)
	want := sample()
	if err := d.Save(want); err != nil {
		t.Fatal(err)
	}
	got, repaired := OpenDir(fsys.OS{}, dir).Load()
	if repaired != "" {
		t.Error(repaired)
	}
	same(t, got, want)
	// Saved again it is the same.
	if !reflect.DeepEqual(decode(t, Encode(got)), want) {
		t.Error("the second round trip differs")
	}
}

func same(t *testing.T, got, want *State) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	for k := range want.Actions {
		if !reflect.DeepEqual(got.Actions[k], want.Actions[k]) {
			t.Errorf("action %s: %+v, want %+v", k, got.Actions[k], want.Actions[k])
		}
	}
	for k := range want.Files {
		if !reflect.DeepEqual(got.Files[k], want.Files[k]) {
			t.Errorf("file %v: %+v, want %+v", k, got.Files[k], want.Files[k])
		}
	}
	for k := range want.Goals {
		if !reflect.DeepEqual(got.Goals[k], want.Goals[k]) {
			t.Errorf("goal %s: %+v, want %+v", k, got.Goals[k], want.Goals[k])
		}
	}
	t.Errorf("states differ: %d %d %d %d, want %d %d %d %d", len(got.Actions), len(got.Files), len(got.Goals), len(got.Elements),
		len(want.Actions), len(want.Files), len(want.Goals), len(want.Elements))
}

func decode(t testing.TB, b []byte) *State {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, baseName, b)
	s, repaired := OpenDir(fsys.OS{}, dir).Load()
	if repaired != "" {
		t.Error(repaired)
	}
	return s
}

func TestHot(t *testing.T) {
	dir := t.TempDir()
	d := OpenDir(fsys.OS{}, dir)
	s := sample()
	if err := d.Save(s); err != nil {
		t.Fatal(err)
	}
	h, err := d.Hot()
	if err != nil || h.BuildID != "build 1" || h.Revision != 7 || h.Len() != len(s.Files) {
		t.Fatalf("%+v, %v", h, err)
	}
	g, ok := h.Goal("all")
	if !ok || g.Complete != 7 || g.Actions != 5 || string(g.Summary) != "sum\x00mary" {
		t.Fatalf("%+v", g)
	}
	if _, ok := h.Goal("other"); ok {
		t.Error("found what is not there")
	}
	files := map[string]bool{}
	for i := range h.Len() {
		f := h.File(i)
		if !reflect.DeepEqual(&f, s.Files[FileKey{f.Path, f.Kind}]) {
			t.Errorf("file %+v", f)
		}
		if g.Has(i) {
			files[f.Path] = true
		}
	}
	if len(files) != 2 || !files["src/0/f0"] || !files["src/1/f1"] {
		t.Errorf("the goal has %v", files)
	}
	// A log means that a build was killed: look at everything.
	if err := d.Append(sampleAction(9)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Hot(); err == nil {
		t.Error("hot in spite of a log")
	}
	if err := d.Save(s); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Hot(); err != nil {
		t.Error(err)
	}
}

func TestLog(t *testing.T) {
	dir := t.TempDir()
	d := OpenDir(fsys.OS{}, dir)
	if err := d.Save(sample()); err != nil {
		t.Fatal(err)
	}
	a := sampleAction(1)
	a.Name, a.Ran = "newer", 12
	for _, x := range []*Action{a, sampleAction(20)} {
		if err := d.Append(x); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	want := sample()
	want.Actions[a.ID()] = a
	want.Actions["_build/app/20.o"] = sampleAction(20)
	want.Revision = 12
	got, repaired := OpenDir(fsys.OS{}, dir).Load()
	if repaired != "" {
		t.Error(repaired)
	}
	same(t, got, want)
}

// A log that ends anywhere has all records that are whole; the next erg
// appends behind the torn one, and loses nothing either.
func TestLogTornAtEveryByte(t *testing.T) {
	var log []byte
	ends := []int{0}
	for i := range 3 {
		log = append(log, EncodeRecord(sampleAction(i))...)
		ends = append(ends, len(log))
	}
	more := EncodeRecord(sampleAction(77))
	for n := range len(log) + 1 {
		whole := 0
		for whole+1 < len(ends) && ends[whole+1] <= n {
			whole++
		}
		s := NewState()
		if good := ReplayLog(log[:n:n], s); good != whole || len(s.Actions) != whole {
			t.Fatalf("torn at %d: %d records, want %d", n, good, whole)
		}
		s = NewState()
		if good := ReplayLog(append(log[:n:n], more...), s); good != whole+1 || s.Actions["_build/app/77.o"] == nil {
			t.Fatalf("torn at %d and gone on: %d records, want %d", n, good, whole+1)
		}
	}
}

// A flipped bit loses the record that it is in, and no other.
func TestLogFlippedBits(t *testing.T) {
	var log []byte
	var of []int // record of each byte
	for i := range 3 {
		r := EncodeRecord(sampleAction(i))
		log = append(log, r...)
		for range r {
			of = append(of, i)
		}
	}
	for i := range log {
		for _, bit := range []byte{1, 0x80} {
			b := bytes.Clone(log)
			b[i] ^= bit
			s := NewState()
			ReplayLog(b, s)
			for k := range 3 {
				a := s.Actions[sampleAction(k).ID()]
				if k != of[i] && a == nil {
					t.Fatalf("byte %d, in record %d, lost record %d", i, of[i], k)
				}
				if a != nil && !reflect.DeepEqual(a, sampleAction(k)) {
					t.Fatalf("byte %d: record %d is %+v", i, k, a)
				}
			}
		}
	}
}

// A base that is cut or damaged anywhere is not used, and said once.
func TestDamagedBase(t *testing.T) {
	b := Encode(sample())
	dir := t.TempDir()
	check := func(what string, b []byte, at int) {
		t.Helper()
		write(t, dir, baseName, b)
		d := OpenDir(fsys.OS{}, dir)
		defer d.Close()
		if h, err := d.Hot(); err == nil {
			// The body may be damaged: a null build does not look at it. What it
			// looks at must be right.
			if g, ok := h.Goal("all"); !ok || g.Complete != 7 {
				t.Fatalf("%s at %d: %+v", what, at, g)
			}
		}
		s, repaired := d.Load()
		if repaired == "" || len(s.Actions)+len(s.Files)+len(s.Goals)+len(s.Elements) != 0 || s.Revision != 0 {
			t.Fatalf("%s at %d: %q, %d actions", what, at, repaired, len(s.Actions))
		}
		if err := d.Save(sample()); err != nil {
			t.Fatal(err)
		}
		if s, repaired := OpenDir(fsys.OS{}, dir).Load(); repaired != "" || len(s.Actions) != 5 {
			t.Fatalf("%s at %d: is not repaired", what, at)
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
}

// Damage that the checksums do not show does no harm: no panic, and no
// memory out of proportion.
func FuzzTrace(f *testing.F) {
	hot, _ := encodeHot(sample())
	f.Add(hot, encodeBody(sample()))
	f.Add([]byte{}, []byte{})
	hot, _ = encodeHot(NewState())
	f.Add(hot, encodeBody(NewState()))
	f.Fuzz(func(t *testing.T, hot, body []byte) {
		if h, err := openHot(hot); err == nil {
			s := NewState()
			decodeHot(h, s)
			h.Goal("all")
			for i := range h.Len() {
				h.File(i)
			}
		}
		s := NewState()
		if decodeBody(body, s) == nil {
			again := NewState()
			if err := decodeBody(encodeBody(s), again); err != nil || len(again.Actions) != len(s.Actions) {
				t.Errorf("is not read back: %v", err)
			}
		}
		sections(append(hot, body...))
	})
}

func FuzzReplayLog(f *testing.F) {
	r := EncodeRecord(sampleAction(1))
	f.Add(r)
	f.Add(append(r[:20:20], r...))
	f.Add([]byte(recordMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := NewState()
		good := ReplayLog(b, s)
		if good < len(s.Actions) {
			t.Errorf("%d records, %d actions", good, len(s.Actions))
		}
		// A good record after any garbage is found.
		s = NewState()
		ReplayLog(append(bytes.Clone(b), r...), s)
		if s.Actions[sampleAction(1).ID()] == nil {
			// Unless a record of the garbage reaches into it.
			if good == 0 {
				t.Error("a good record was lost")
			}
		}
	})
}

func BenchmarkSave(b *testing.B) { benchTrace(b, func(d *Dir, s *State) { d.Save(s) }) }
func BenchmarkLoad(b *testing.B) {
	benchTrace(b, func(d *Dir, s *State) { OpenDir(fsys.OS{}, d.path).Load() })
}
func BenchmarkAppend(b *testing.B) {
	benchTrace(b, func(d *Dir, s *State) { d.Append(sampleAction(1)) })
}

func benchTrace(b *testing.B, f func(d *Dir, s *State)) {
	s := NewState()
	g := &Goal{Key: "all"}
	for i := range 10000 {
		a := sampleAction(i)
		s.Actions[a.ID()] = a
		for _, o := range a.Outs {
			s.Files[FileKey{Path: o.Path}] = &File{Path: o.Path, Digest: o.Digest}
			g.Files = append(g.Files, o.Path)
		}
	}
	s.Goals["all"] = g
	d := OpenDir(fsys.OS{}, b.TempDir())
	if err := d.Save(s); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		f(d, s)
	}
}
