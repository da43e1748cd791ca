package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/trace"
)

// killGraph is a graph of 2,000 edges in layers: sources are concatenated in
// twos and threes, with headers that depfiles report, stamps without content,
// and edges whose outputs take a while to write.
type killGraph struct{ layers, width int }

func (g killGraph) source(i int) string { return fmt.Sprintf("src/%02d.txt", i) }

func (g killGraph) output(layer, i int) string { return fmt.Sprintf("out/%d/%03d.o", layer, i) }

func (g killGraph) sources() int { return g.width / 2 }

const killHeaders = 5

func (g killGraph) ninja() string {
	var b strings.Builder
	b.WriteString(`rule cat
  command = cat $in > $out
rule cc
  command = cat $in inc/$h > $out && printf '%s: %s inc/%s\n' $out $in $h > $out.d
  depfile = $out.d
  deps = gcc
rule slow
  command = (cat $in | head -c 20; sleep 0.01; cat $in | tail -c +21) > $out
rule stamp
  command = cmp -s $in /dev/null || : > $out
rule first
  command = head -n 1 $in > $out
`)
	for l := range g.layers {
		for i := range g.width {
			in := func(k int) string {
				if l == 0 {
					return g.source((i*7 + k*3) % g.sources())
				}
				return g.output(l-1, (i*(k+1)+l*k)%g.width)
			}
			out := g.output(l, i)
			switch {
			case l == 0:
				fmt.Fprintf(&b, "build %s: cc %s\n  h = %d.h\n", out, in(0), i%killHeaders)
			case i%50 == 7:
				fmt.Fprintf(&b, "build %s: slow %s\n", out, in(0))
			case i%50 == 8:
				fmt.Fprintf(&b, "build %s.stamp: stamp %s\nbuild %s: cat %s | %s.stamp\n", out, in(0), out, in(1), out)
			case i%3 == 0:
				fmt.Fprintf(&b, "build %s: first %s\n", out, in(0))
			default:
				fmt.Fprintf(&b, "build %s: cat %s %s\n", out, in(0), in(1))
			}
		}
	}
	for i := range g.width {
		fmt.Fprintf(&b, "build all%d: phony %s\n", i, g.output(g.layers-1, i))
	}
	b.WriteString("build all: phony")
	for i := range g.width {
		fmt.Fprintf(&b, " all%d", i)
	}
	return b.String() + "\ndefault all\n"
}

// A killed is a directory in which builds are killed.
type killed struct {
	t   *testing.T
	dir string
	r   *rand.Rand
	g   killGraph
}

func (k *killed) write(name, text string) {
	name = filepath.Join(k.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		k.t.Fatal(err)
	}
}

func (k *killed) text() string {
	return fmt.Sprintf("first line %d\nthe second of it, %d\n", k.r.IntN(3), k.r.IntN(1000))
}

// start runs erg as the leader of a process group of its own. What it starts
// is in groups of their own, and lives on when it is killed.
func (k *killed) start(out *bytes.Buffer) *exec.Cmd {
	c := exec.Command("plainerg", "ninja", "-j", "4")
	c.Dir = k.dir
	c.Stdout, c.Stderr = out, out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.WaitDelay = time.Minute // writers hold the pipe
	if err := c.Start(); err != nil {
		k.t.Fatal(err)
	}
	return c
}

// edit changes what a person, or a build system gone mad, might change.
func (k *killed) edit() {
	pick := func() string { return k.g.output(k.r.IntN(k.g.layers), k.r.IntN(k.g.width)) }
	switch k.r.IntN(8) {
	case 0:
		k.write(fmt.Sprintf("inc/%d.h", k.r.IntN(killHeaders)), k.text())
	case 1:
		os.Remove(filepath.Join(k.dir, pick()))
	case 2:
		os.RemoveAll(filepath.Join(k.dir, "out", fmt.Sprint(k.r.IntN(k.g.layers))))
	case 3: // the same bytes
		name := filepath.Join(k.dir, k.g.source(k.r.IntN(k.g.sources())))
		b, err := os.ReadFile(name)
		if err != nil {
			k.t.Fatal(err)
		}
		os.Remove(name)
		os.WriteFile(name, b, 0o666)
	default:
		k.write(k.g.source(k.r.IntN(k.g.sources())), k.text())
	}
}

// outputs returns the content of all that edges made.
func (k *killed) outputs() map[string]string {
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(k.dir, "out"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		all[strings.TrimPrefix(name, k.dir)] = string(b)
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return all
}

func (k *killed) build() string {
	var out bytes.Buffer
	if err := k.start(&out).Wait(); err != nil {
		k.t.Fatalf("%v\n%s", err, &out)
	}
	return out.String()
}

// TestNinjaKilled kills erg ninja at random instants: while it runs edges and
// appends to the trace's log, while it ends, and while it folds the log.
// Writers that it leaves behind are alive when the next build starts. In the
// end one build makes what a clean build makes, and another has nothing to do.
func TestNinjaKilled(t *testing.T) {
	kills, g := 200, killGraph{10, 200}
	if testing.Short() {
		kills, g = 12, killGraph{10, 40}
	}
	for _, store := range []string{"", "with a store"} {
		t.Run(store, func(t *testing.T) {
			home := t.TempDir()
			if store == "" {
				t.Setenv("HOME", "")
			} else {
				t.Setenv("HOME", home)
			}
			t.Setenv("XDG_CACHE_HOME", "")
			t.Setenv("ERG_STORE", "")
			k := &killed{t: t, dir: t.TempDir(), r: rand.New(rand.NewPCG(3, uint64(len(store)))), g: g}
			k.run(kills / 2)
		})
	}
}

func (k *killed) run(kills int) {
	t := k.t
	k.write("build.ninja", k.g.ninja())
	for i := range k.g.sources() {
		k.write(k.g.source(i), k.text())
	}
	for i := range killHeaders {
		k.write(fmt.Sprintf("inc/%d.h", i), k.text())
	}
	began := time.Now()
	k.build()
	whole := time.Since(began)
	during, unended := 0, 0
	for i := 0; i < kills; i++ {
		k.edit()
		var out bytes.Buffer
		c := k.start(&out)
		// Most edits are small: what is to be hit is near the beginning.
		limit := min(whole, [...]time.Duration{100, 300, 600}[k.r.IntN(3)]*time.Millisecond)
		time.Sleep(time.Duration(k.r.Int64N(int64(limit))))
		c.Process.Kill()
		c.Wait()
		if c.ProcessState.Exited() {
			if !c.ProcessState.Success() {
				t.Fatalf("kill %d: %s\n%s", i, c.ProcessState, &out)
			}
			continue
		}
		during++
		if k.unended() {
			unended++
		}
		if k.r.IntN(25) == 0 {
			k.build()
		}
	}
	t.Logf("%d of %d builds were killed before their end, %d with records in the log; a clean build took %s", during, kills, unended, whole)
	if during < kills/3 || unended == 0 {
		t.Errorf("only %d of %d builds were killed before their end, %d with records in the log", during, kills, unended)
	}
	k.build()
	if out := k.build(); !strings.Contains(out, "no work to do") {
		t.Errorf("the next build has something to do:\n%s", out)
	}
	k.compare()
}

// unended reports whether the log holds something of a session that did not
// come to its end.
func (k *killed) unended() bool {
	_, err := trace.OpenDir(fsys.OS{}, filepath.Join(k.dir, ".erg")).Hot()
	return err != nil && !os.IsNotExist(err)
}

// compare builds the same in a directory of its own.
func (k *killed) compare() {
	clean := &killed{t: k.t, dir: k.t.TempDir(), r: k.r, g: k.g}
	for _, d := range []string{"src", "inc"} {
		if err := os.CopyFS(filepath.Join(clean.dir, d), os.DirFS(filepath.Join(k.dir, d))); err != nil {
			k.t.Fatal(err)
		}
	}
	clean.write("build.ninja", k.g.ninja())
	clean.build()
	want, got := clean.outputs(), k.outputs()
	for name, text := range want {
		if got[name] != text {
			k.t.Errorf("%s has %d bytes, in a clean build %d, not the same", name, len(got[name]), len(text))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			k.t.Errorf("%s is left over", name)
		}
	}
}
