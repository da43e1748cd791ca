package store

import (
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// entriesFlag is how many entries the benchmarks fill a store with:
//
//	go test ./engine/store -run '^$' -bench . -store.entries 1000000
var entriesFlag = flag.Int("store.entries", 20_000, "how many entries the benchmarks put into a store")

func benchKey(i int) digest.Digest { return digest.OfString(fmt.Sprint("key ", i)) }

// benchStore fills a store with entries as compilers leave them, each with a
// small blob, and closes it.
func benchStore(b *testing.B) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "store")
	s := Open(fsys.OS{}, dir)
	for i := range *entriesFlag {
		text := fmt.Sprint("object ", i, strings.Repeat(" text", 20))
		d := digest.OfString(text)
		e := entry(text, dep("s:include/a.h", "a"), dep("s:include/b.h", "b"))
		if err := s.append(d[0], packRecord{packKey{blobKind, d}, []byte(text)}); err != nil {
			b.Fatal(err)
		}
		if err := s.Put(benchKey(i), e); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkOpen opens a store and looks up a thousand keys, with what they
// made: a build of a thousand actions after a clean.
func BenchmarkOpen(b *testing.B) {
	dir := benchStore(b)
	runtime.GC()
	for b.Loop() {
		s := Open(fsys.OS{}, dir)
		for i := range 1000 {
			found := s.Lookup(benchKey(i * (*entriesFlag / 1000)))
			if len(found) != 1 || !s.Has(found[0]) {
				b.Fatalf("%d entries", len(found))
			}
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIndex tells what the index of an open store takes, per record.
func BenchmarkIndex(b *testing.B) {
	dir := benchStore(b)
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := Open(fsys.OS{}, dir)
		for i := range 3000 {
			s.Lookup(benchKey(i % *entriesFlag))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(2**entriesFlag), "B/record")
		s.Close()
	}
}

// BenchmarkCollect collects half of a store.
func BenchmarkCollect(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		dir := benchStore(b)
		s := Open(fsys.OS{}, dir)
		half := CollectOptions{MaxSize: 1}
		if c, err := s.Collect(b.Context(), CollectOptions{DryRun: true}); err != nil {
			b.Fatal(err)
		} else {
			half.MaxSize = c.Kept.Bytes / 2
		}
		b.StartTimer()
		if c, err := s.Collect(b.Context(), half); err != nil || c.Kept.Bytes > half.MaxSize || c.Kept.Entries < *entriesFlag/3 {
			b.Fatalf("%+v, %v", c, err)
		}
		b.StopTimer()
		s.Close()
		b.StartTimer()
	}
}

// BenchmarkStats describes a store.
func BenchmarkStats(b *testing.B) {
	dir := benchStore(b)
	for b.Loop() {
		s := Open(fsys.OS{}, dir)
		if st, err := s.Stats(); err != nil || st.Keys != *entriesFlag {
			b.Fatalf("%+v, %v", st, err)
		}
		s.Close()
	}
}

// BenchmarkPut stores an entry with its blob.
func BenchmarkPut(b *testing.B) {
	s := Open(fsys.OS{}, b.TempDir())
	blob := []byte(strings.Repeat(" text", 20))
	for i := 0; b.Loop(); i++ {
		if err := s.append(benchKey(i)[0], packRecord{packKey{blobKind, benchKey(i)}, blob}); err != nil {
			b.Fatal(err)
		}
		if err := s.Put(benchKey(i), entry("text", dep("s:include/a.h", "a"))); err != nil {
			b.Fatal(err)
		}
	}
}
