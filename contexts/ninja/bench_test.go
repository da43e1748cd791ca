package ninja_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"

	"erg.build/erg/contexts/ninja"
	"erg.build/erg/contexts/ninja/ninjatest"
)

// layered returns the file of a graph of n edges, a hundred layers.
func layered(tb testing.TB, n int) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := (ninjatest.Layered{Layers: 100, Width: n / 100}).Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("edges=%d", n), func(b *testing.B) {
			data := layered(b, n)
			if dir := os.Getenv("NINJA_BENCH_DIR"); dir != "" { // for a comparison with ninja
				if err := os.WriteFile(fmt.Sprintf("%s/%d.ninja", dir, n), data, 0o666); err != nil {
					b.Fatal(err)
				}
			}
			open := func(string) ([]byte, error) { return data, nil }
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			var g *ninja.Graph
			for b.Loop() {
				var err error
				if g, err = ninja.Read("build.ninja", open); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(n), "ns/edge")
			b.ReportMetric(float64(heap(g))/float64(n), "heap-B/edge")
		})
	}
}

// BenchmarkReadVariables reads what CMake writes: some variables with each edge.
func BenchmarkReadVariables(b *testing.B) {
	const edges = 100_000
	var text bytes.Buffer
	text.WriteString("rule CC\n  command = cc $DEFINES $INCLUDES $FLAGS -MD -MT $out -MF $DEP_FILE -o $out -c $in\n  deps = gcc\n  depfile = $DEP_FILE\n")
	for i := range edges {
		object := fmt.Sprintf("CMakeFiles/lib%d.dir/src/part%d/file%d.c.o", i/100, i/10, i)
		fmt.Fprintf(&text, "\nbuild %s: CC ../src/part%d/file%d.c || cmake_object_order_depends_target_lib%d\n", object, i/10, i, i/100)
		fmt.Fprintf(&text, "  DEFINES = -DLIB=%d -DNDEBUG\n  DEP_FILE = %s.d\n  FLAGS = -O2 -g -Wall -Wextra -fPIC -std=gnu11\n", i/100, object)
		fmt.Fprintf(&text, "  INCLUDES = -I/home/user/project/include -I/home/user/project/src/part%d\n  OBJECT_DIR = CMakeFiles/lib%d.dir\n", i/10, i/100)
	}
	open := func(string) ([]byte, error) { return text.Bytes(), nil }
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := ninja.Read("build.ninja", open); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/edges, "ns/edge")
}

// heap returns how many bytes a graph keeps alive.
func heap(g *ninja.Graph) uint64 {
	var with, without runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&with)
	runtime.KeepAlive(g)
	g = nil
	runtime.GC()
	runtime.ReadMemStats(&without)
	return with.HeapAlloc - without.HeapAlloc
}

func BenchmarkCommand(b *testing.B) {
	data := layered(b, 10_000)
	g, err := ninja.Read("build.ninja", func(string) ([]byte, error) { return data, nil })
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	i := 0
	for b.Loop() {
		dst = g.AppendCommand(dst[:0], ninja.Edge(i%g.NumEdges()))
		i++
	}
}

func BenchmarkSplitCommand(b *testing.B) {
	const command = `/usr/bin/cc -DNAME='"x"' -Iinclude -O2 -MD -MT a.o -MF a.o.d -o a.o -c ../src/a.c`
	for b.Loop() {
		if _, ok := ninja.SplitCommand(command); !ok {
			b.Fatal("needs a shell")
		}
	}
}
