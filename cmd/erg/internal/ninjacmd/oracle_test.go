package ninjacmd

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"erg.build/erg/toolchain/toolchaintest"
)

// A twin is one of two equal directories: Ninja builds one, erg the other.
type twin struct {
	dir string
	run func(args ...string) (string, int)
}

// newTwin returns the directory that erg builds, or Ninja.
func newTwin(t *testing.T, byErg bool) *twin {
	w := &twin{dir: t.TempDir()}
	w.run = func(args ...string) (string, int) {
		var out bytes.Buffer
		args = append([]string{"-C", w.dir}, args...)
		if byErg {
			env := Env{Stdout: &out, Stderr: &out, Getenv: os.Getenv, Environ: os.Environ(), BuildID: "test"}
			code := Main(context.Background(), env, args)
			return out.String(), code
		}
		cmd := exec.Command("ninja", args...)
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Run()
		return out.String(), cmd.ProcessState.ExitCode()
	}
	return w
}

// ran lists the edges that ran since it was last asked.
func (w *twin) ran() []string {
	b, _ := os.ReadFile(filepath.Join(w.dir, "ran"))
	os.Remove(filepath.Join(w.dir, "ran"))
	list := strings.Fields(string(b))
	slices.Sort(list)
	return list
}

// A model is a graph in the making: what is written to build.ninja.
type model struct {
	r       *rand.Rand
	edges   []modelEdge
	sources int

	files map[string]string // as they must be
	keys  map[int]string    // of the edges' last runs
}

type modelEdge struct {
	phony                       bool
	in, implicit, order, hidden []string
	salt                        int
}

func randomModel(r *rand.Rand) *model {
	m := &model{r: r, sources: 2 + r.IntN(5), files: map[string]string{}, keys: map[int]string{}}
	for i := range 3 + r.IntN(12) {
		pick := func(most int) []string {
			var list []string
			for range r.IntN(most + 1) {
				if n := r.IntN(m.sources + i); n < m.sources {
					list = append(list, fmt.Sprint("s", n))
				} else {
					list = append(list, fmt.Sprint("o", n-m.sources))
				}
			}
			return list
		}
		e := modelEdge{phony: r.IntN(6) == 0, in: append(pick(2), fmt.Sprint("s", r.IntN(m.sources))), implicit: pick(1), order: pick(1)}
		if r.IntN(3) == 0 {
			e.hidden = []string{fmt.Sprint("s", r.IntN(m.sources))}
		}
		m.edges = append(m.edges, e)
	}
	return m
}

// text writes the graph. All edges have restat and leave alone what came out
// the same, so that Ninja, too, goes by content.
func (m *model) text() string {
	var b strings.Builder
	b.WriteString("rule make\n  command = sh make.sh $out $salt '$hidden' $in\n  restat = 1\n  depfile = $out.d\n  deps = gcc\n")
	for i, e := range m.edges {
		rule := "make"
		if e.phony {
			rule = "phony"
		}
		fmt.Fprintf(&b, "build o%d: %s %s | %s || %s\n", i, rule, strings.Join(e.in, " "), strings.Join(e.implicit, " "), strings.Join(e.order, " "))
		if !e.phony {
			fmt.Fprintf(&b, "  salt = %d\n  hidden = %s\n", e.salt, strings.Join(e.hidden, " "))
		}
	}
	return b.String()
}

const makeScript = `out=$1 salt=$2 hidden=$3; shift 3
echo $out >>ran
{ echo $salt $out; for f in "$@" $hidden; do test -f $f && cat $f; done; } >$out.new
echo "$out: $hidden" >$out.d
cmp -s $out.new $out || mv $out.new $out
rm -f $out.new
`

// build does what erg must do: it returns the edges that run, sorted.
func (m *model) build(targets []string) []string {
	wanted := map[string]bool{}
	for i := range m.edges {
		wanted[fmt.Sprint("o", i)] = len(targets) == 0
	}
	for _, t := range targets {
		wanted[t] = true
	}
	for i := len(m.edges) - 1; i >= 0; i-- {
		if e := m.edges[i]; wanted[fmt.Sprint("o", i)] {
			for _, in := range slices.Concat(e.in, e.implicit, e.order) {
				wanted[in] = true
			}
		}
	}
	var ran []string
	stands := map[string]string{} // what phony edges stand for
	counts := func(p string) string {
		if v, ok := stands[p]; ok {
			return v
		}
		return m.files[p]
	}
	for i, e := range m.edges {
		name := fmt.Sprint("o", i)
		if !wanted[name] {
			continue
		}
		key := ""
		if !e.phony {
			key = fmt.Sprint(e.salt, e.hidden)
		}
		for _, p := range slices.Concat(e.in, e.implicit) {
			key += "\x00" + counts(p)
		}
		if e.phony {
			stands[name] = key
			continue
		}
		for _, p := range e.hidden {
			key += "\x00" + m.files[p]
		}
		if _, there := m.files[name]; there && m.keys[i] == key {
			continue
		}
		ran = append(ran, name)
		text := fmt.Sprintf("%d %s\n", e.salt, name)
		for _, p := range slices.Concat(e.in, e.hidden) {
			text += m.files[p]
		}
		m.files[name], m.keys[i] = text, key
	}
	slices.Sort(ran)
	return ran
}

// change does something to both directories and says what.
func (m *model) change(t *testing.T, twins []*twin, step int) string {
	write := func(name, text string) {
		m.files[name] = text
		for _, w := range twins {
			if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	switch m.r.IntN(5) {
	case 0, 1:
		name := fmt.Sprint("s", m.r.IntN(m.sources))
		write(name, fmt.Sprint("step ", step, "\n"))
		return "edit " + name
	case 2:
		name := fmt.Sprint("o", m.r.IntN(len(m.edges)))
		delete(m.files, name)
		for _, w := range twins {
			os.Remove(filepath.Join(w.dir, name))
		}
		return "remove " + name
	case 3:
		i := m.r.IntN(len(m.edges))
		m.edges[i].salt = step
		write("build.ninja", m.text())
		return fmt.Sprint("change the command of o", i)
	}
	return "nothing"
}

// TestOracle builds random graphs after random changes. erg runs the edges
// that the model says, none that Ninja does not run, and makes the same files.
// Ninja runs more: what was removed and made again is new to it.
func TestOracle(t *testing.T) {
	toolchaintest.Need(t, "ninja")
	graphs := 20
	if testing.Short() {
		graphs = 5
	}
	for seed := range graphs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			m := randomModel(rand.New(rand.NewPCG(uint64(seed), 1)))
			twins := []*twin{newTwin(t, false), newTwin(t, true)}
			for i := range m.sources {
				m.files[fmt.Sprint("s", i)] = fmt.Sprintln("source", i)
			}
			for _, w := range twins {
				for i := range m.sources {
					os.WriteFile(filepath.Join(w.dir, fmt.Sprint("s", i)), fmt.Appendln(nil, "source", i), 0o666)
				}
				os.WriteFile(filepath.Join(w.dir, "make.sh"), []byte(makeScript), 0o666)
				os.WriteFile(filepath.Join(w.dir, "build.ninja"), []byte(m.text()), 0o666)
			}
			what := "nothing"
			for step := range 12 {
				m.compare(t, twins, step, what)
				time.Sleep(15 * time.Millisecond) // for Ninja, what changes must be later
				what = m.change(t, twins, step)
			}
		})
	}
}

func (m *model) compare(t *testing.T, twins []*twin, step int, what string) {
	t.Helper()
	var args []string
	if m.r.IntN(3) == 0 {
		args = append(args, fmt.Sprint("o", m.r.IntN(len(m.edges))))
	}
	var outs [2]string
	var ran [2][]string
	for i, w := range twins {
		text, code := w.run(args...)
		if code != 0 {
			t.Fatalf("step %d (%s): exit %d\n%s", step, what, code, text)
		}
		ran[i] = w.ran()
		for e := range m.edges {
			b, _ := os.ReadFile(filepath.Join(w.dir, fmt.Sprint("o", e)))
			outs[i] += fmt.Sprintf("o%d:\n%s", e, b)
		}
	}
	want, files := m.build(args), ""
	for e := range m.edges {
		files += fmt.Sprintf("o%d:\n%s", e, m.files[fmt.Sprint("o", e)])
	}
	more := slices.ContainsFunc(ran[1], func(e string) bool { return !slices.Contains(ran[0], e) })
	if !slices.Equal(ran[1], want) || more || outs[0] != outs[1] || outs[1] != files {
		t.Fatalf("step %d (%s), targets %v: Ninja ran %v, erg ran %v, the model %v; same files: %t, %t\n%s",
			step, what, args, ran[0], ran[1], want, outs[0] == outs[1], outs[1] == files, m.text())
	}
}
