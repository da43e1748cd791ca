package trace

import (
	"testing"

	"erg.build/erg/engine/fsys"
)

func BenchmarkFold(b *testing.B) {
	benchTrace(b, func(d *Dir, s *State) { d.writeBase(s) })
}
func BenchmarkLoad(b *testing.B) {
	benchTrace(b, func(d *Dir, s *State) {
		x := OpenDir(fsys.OS{}, d.path)
		x.Load()
		x.Close()
	})
}
func BenchmarkAppend(b *testing.B) {
	a := sampleAction(1)
	benchTrace(b, func(d *Dir, s *State) { d.Append(s, a) })
}

func benchTrace(b *testing.B, f func(d *Dir, s *State)) {
	s := NewState()
	g := &Goal{Key: "all"}
	for i := range 10000 {
		a := sampleAction(i)
		s.SetAction(a)
		for _, o := range a.Outs {
			g.Files.Add(s.SetFile(File{Path: o.Path, Digest: o.Digest}))
		}
	}
	s.SetGoal(g)
	dir := b.TempDir()
	d := OpenDir(fsys.OS{}, dir)
	save(b, d, s, true)
	s, _ = d.Load()
	b.ReportAllocs()
	for b.Loop() {
		f(d, s)
	}
}
