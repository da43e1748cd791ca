package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"erg.build/erg/contexts/ninja/ninjatest"
	"erg.build/erg/toolchain/toolchaintest"
)

// BenchmarkNinja builds graphs of "cp" with erg and with Ninja, turn and turn
// about, and reports how long erg takes, in terms of Ninja. ERG_BENCH_EDGES
// names another number of edges.
func BenchmarkNinja(b *testing.B) {
	toolchaintest.Need(b, "ninja")
	bin := filepath.Join(b.TempDir(), "erg")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	edges := 1000
	if v := os.Getenv("ERG_BENCH_EDGES"); v != "" {
		if _, err := fmt.Sscan(v, &edges); err != nil {
			b.Fatal(err)
		}
	}
	graph := ninjatest.Layered{Layers: 10, Width: max(edges/10, 1)}
	ergs := benchTree(b, graph, bin, "ninja")
	ninjas := benchTree(b, graph, "ninja")
	source := graph.Source(0)
	for _, c := range []struct {
		name    string
		prepare func(t *benchDir)
	}{
		{"clean", func(t *benchDir) { t.clean(b) }},
		{"null", func(*benchDir) {}},
		{"touched", func(t *benchDir) { t.touch(b, source) }},
		{"edited", func(t *benchDir) { t.edit(b, source) }},
	} {
		b.Run(fmt.Sprintf("%s/%d", c.name, graph.NumEdges()), func(b *testing.B) {
			var erg, ninja time.Duration
			for b.Loop() {
				c.prepare(ergs)
				erg += ergs.build(b)
				c.prepare(ninjas)
				ninja += ninjas.build(b)
			}
			b.ReportMetric(float64(erg.Microseconds())/float64(b.N)/1000, "erg-ms")
			b.ReportMetric(float64(ninja.Microseconds())/float64(b.N)/1000, "ninja-ms")
			b.ReportMetric(erg.Seconds()/ninja.Seconds(), "ratio")
		})
	}
}

// A benchDir is a directory, and what builds it.
type benchDir struct {
	dir     string
	command []string
	edits   int
}

func benchTree(b *testing.B, graph ninjatest.Layered, command ...string) *benchDir {
	t := &benchDir{dir: b.TempDir(), command: command}
	var text bytes.Buffer
	if err := graph.Write(&text); err != nil {
		b.Fatal(err)
	}
	t.write(b, "build.ninja", text.String())
	for s := range graph.Sources() {
		t.write(b, s, s+"\n")
	}
	t.build(b)
	return t
}

func (t *benchDir) write(b *testing.B, name, text string) {
	name = filepath.Join(t.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		b.Fatal(err)
	}
}

// clean removes what was built, and what is known of it.
func (t *benchDir) clean(b *testing.B) {
	for _, p := range []string{"out", ".erg", ".ninja_log", ".ninja_deps", "store"} {
		if err := os.RemoveAll(filepath.Join(t.dir, p)); err != nil {
			b.Fatal(err)
		}
	}
}

func (t *benchDir) touch(b *testing.B, name string) {
	now := time.Now()
	if err := os.Chtimes(filepath.Join(t.dir, name), now, now); err != nil {
		b.Fatal(err)
	}
}

func (t *benchDir) edit(b *testing.B, name string) {
	t.edits++
	t.write(b, name, strings.Repeat("edited ", t.edits)+"\n")
}

func (t *benchDir) build(b *testing.B) time.Duration {
	cmd := exec.Command(t.command[0], append(t.command[1:], "-C", t.dir)...)
	cmd.Env = append(os.Environ(), "ERG_STORE="+filepath.Join(t.dir, "store"))
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", t.command, err, out)
	}
	return time.Since(began)
}
