package engine

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"erg.build/erg/engine/action"
)

var (
	oracleN    = flag.Int("oracle.n", 12, "how many random graphs the oracle test builds")
	oracleSeed = flag.Uint64("oracle.seed", 1, "the first seed")
)

// scripts use the shell's builtins only: one process each.
var scripts = map[string]string{
	"const": `echo const > "$1"`,
	"head":  `out=$1; read -r l < "$2"; echo "$l" > "$out"`,
	"cat":   `out=$1; shift; for f; do while IFS= read -r l; do echo "$l"; done < "$f"; done > "$out"`,
	"cc": `out=$1; src=$2; dep=$3; shift 3; d="x: $src"
{ while IFS= read -r l; do case $l in
=*) echo "$l";;
*) for i; do if [ -f "$i/$l" ]; then d="$d $i/$l"; while IFS= read -r m; do echo "$m"; done < "$i/$l"; break; fi; done;;
esac; done < "$src"; echo "salt $SALT"; } > "$out"; echo "$d" > "$dep"`,
}

// spec is the action as the engine gets it.
func (a *simAction) spec() action.Spec {
	s := action.Spec{Name: a.name, Context: a.ctx, Target: a.ctx + "//:" + a.name, Root: "_build/" + a.ctx,
		Argv: []string{"/bin/sh", "-c", scripts[a.kind], "sh", action.Ref(a.out)}, Env: []string{"SALT=" + a.salt},
		Inputs: a.inputs, Order: a.order, Outputs: []string{a.out}, Include: a.include}
	for _, p := range a.inputs {
		s.Argv = append(s.Argv, action.Ref(p))
	}
	if a.kind == "cc" {
		s.Depfile = a.out + ".d"
		s.Argv = append(s.Argv, action.Ref(s.Depfile))
		for _, d := range a.include {
			s.Argv = append(s.Argv, action.Ref(d))
		}
	}
	return s
}

// An oracle builds random graphs with random edits, and compares.
type oracle struct {
	t        *testing.T
	r        *rand.Rand
	w        *world
	sim      *simulator
	contexts []string
	salts    map[string]string // by action
	gen      bool              // whether a header is generated
	shape    [][]simAction     // of one context, by layer; inputs are relative to the output root if they begin with "o:"
	past     map[string][]string
	log      []string
	resumed  int // builds that evaluated nothing
}

func (o *oracle) pick(n int) int { return o.r.IntN(n) }

func newOracle(t *testing.T, seed uint64, withStore bool) *oracle {
	o := &oracle{t: t, r: rand.New(rand.NewPCG(seed, 7)), w: newWorld(t), contexts: []string{"a"}, salts: map[string]string{}, past: map[string][]string{}}
	o.sim = &simulator{files: map[string]string{}, trace: map[string]simRecord{}}
	if withStore {
		o.sim.store = map[string][]simRecord{}
		o.contexts = []string{"a", "b"}
	} else {
		o.w.store = ""
	}
	o.w.opts.Jobs = 1 + o.pick(4)
	o.w.pure = true
	var outs []string
	layer := []simAction{}
	for i := range 3 + o.pick(3) {
		out := fmt.Sprintf("o:obj%d", i)
		layer = append(layer, simAction{name: fmt.Sprint("cc", i), kind: "cc", inputs: []string{fmt.Sprint("src/", i)}, out: out})
		outs = append(outs, out)
		o.set(fmt.Sprint("src/", i), o.source())
	}
	o.shape = append(o.shape, layer)
	for l := range 2 + o.pick(2) {
		layer := []simAction{}
		for i := range 2 + o.pick(3) {
			a := simAction{name: fmt.Sprintf("l%d.%d", l, i), kind: []string{"cat", "cat", "head", "const"}[o.pick(4)], out: fmt.Sprintf("o:l%d/%d", l, i)}
			for range 1 + o.pick(3) {
				a.inputs = append(a.inputs, outs[o.pick(len(outs))])
			}
			layer = append(layer, a)
		}
		for _, a := range layer {
			outs = append(outs, a.out)
		}
		o.shape = append(o.shape, layer)
	}
	for i := range 3 {
		o.set(fmt.Sprint("inc1/h", i), o.line())
	}
	for _, c := range o.contexts {
		o.set("gen/"+c, o.line())
	}
	return o
}

func (o *oracle) line() string { return fmt.Sprintf("text %d\n", o.pick(3)) }

// source is a source file: headers and text.
func (o *oracle) source() string {
	s := ""
	for range o.pick(3) {
		s += fmt.Sprintf("h%d\n", o.pick(3))
	}
	return s + fmt.Sprintf("=payload %d\n", o.pick(4))
}

// set changes a file in both worlds.
func (o *oracle) set(name, text string) {
	o.past[name] = append(o.past[name], text)
	o.sim.files[name] = text
	full := filepath.Join(o.w.root, name)
	os.MkdirAll(filepath.Dir(full), 0o777)
	if err := os.WriteFile(full, []byte(text), 0o666); err != nil {
		o.t.Fatal(err)
	}
	o.log = append(o.log, fmt.Sprintf("set %s %q", name, text))
}

func (o *oracle) remove(name string) {
	for p := range o.sim.files {
		if p == name || strings.HasPrefix(p, name+"/") {
			delete(o.sim.files, p)
		}
	}
	o.w.remove(name)
	o.log = append(o.log, "remove "+name)
}

// actions lists all of them, inputs first.
func (o *oracle) actions() []*simAction {
	var all []*simAction
	for _, c := range o.contexts {
		root := "_build/" + c
		own := func(p string) string { return strings.Replace(p, "o:", root+"/", 1) }
		var order []string
		if o.gen {
			order = []string{root + "/gen/h1"}
			all = append(all, &simAction{name: "gen " + c, ctx: c, kind: "cat", inputs: []string{"gen/" + c}, out: order[0]})
		}
		for _, layer := range o.shape {
			for _, a := range layer {
				a.ctx, a.out, a.salt, a.inputs = c, own(a.out), o.salts[a.name], slices.Clone(a.inputs)
				for i := range a.inputs {
					a.inputs[i] = own(a.inputs[i])
				}
				if a.kind == "cc" {
					a.order, a.include = order, []string{root + "/gen", "inc0", "inc1"}
				}
				all = append(all, &a)
			}
		}
	}
	return all
}

// edit changes something.
func (o *oracle) edit() {
	outputs := []string{}
	for p := range o.sim.files {
		if strings.HasPrefix(p, "_build/") {
			outputs = append(outputs, p)
		}
	}
	slices.Sort(outputs)
	sources := slices.Sorted(maps.Keys(o.past))
	switch k := o.pick(12); {
	case k < 3:
		o.set(fmt.Sprint("src/", o.pick(len(o.shape[0]))), o.source())
	case k == 3: // a revert, or a touch
		name := sources[o.pick(len(sources))]
		if _, ok := o.sim.files[name]; ok && !strings.HasPrefix(name, "_build/") {
			o.set(name, o.past[name][o.pick(len(o.past[name]))])
		}
	case k == 4:
		o.set(fmt.Sprint("inc1/h", o.pick(3)), o.line())
	case k == 5:
		o.set(fmt.Sprint("inc0/h", o.pick(3)), o.line())
	case k == 6:
		o.remove(fmt.Sprint("inc0/h", o.pick(3)))
	case k == 7:
		o.set("gen/"+o.contexts[o.pick(len(o.contexts))], o.line())
	case k == 8:
		o.gen = !o.gen
		o.log = append(o.log, fmt.Sprint("gen ", o.gen))
	case k == 9 && len(outputs) > 0:
		p := outputs[o.pick(len(outputs))]
		if o.pick(2) == 0 {
			o.remove(p)
		} else {
			o.set(p, "scribble\n")
			delete(o.past, p)
		}
	case k == 10 && o.pick(3) == 0:
		o.remove("_build/" + o.contexts[o.pick(len(o.contexts))])
	case k == 11:
		layer := o.shape[o.pick(len(o.shape))]
		o.salts[layer[o.pick(len(layer))].name] = fmt.Sprint(o.pick(3))
		o.log = append(o.log, fmt.Sprint("salts ", o.salts))
	}
}

// step builds some goals in both worlds, and compares.
func (o *oracle) step() {
	all := o.actions()
	var goals []string
	for _, a := range all {
		if o.pick(4) == 0 {
			goals = append(goals, a.out)
		}
	}
	if o.pick(3) == 0 {
		goals = nil
		for _, a := range all {
			goals = append(goals, a.out)
		}
	}
	slices.Sort(goals)
	// The rules are a file like any other.
	rules := fmt.Sprint(o.gen, o.salts)
	if o.sim.files["rules"] != rules {
		o.set("rules", rules)
	}
	o.log = append(o.log, fmt.Sprint("build ", goals))
	nextTick()
	o.w.goal = strings.Join(goals, " ")
	o.w.rules = func(t *Task) error {
		if _, err := t.ReadFile("rules"); err != nil {
			return err
		}
		ids := map[string]bool{}
		for _, a := range all {
			ids[a.out] = true
		}
		t.Prune("", func(_, output string) bool { return ids[output] })
		for _, i := range o.r.Perm(len(all)) {
			if err := t.Define(all[i].spec()); err != nil {
				return err
			}
		}
		return nil
	}
	b := o.w.make(append([]string{}, goals...)...)
	want := o.sim.build(all, goals)
	if b.err != nil || b.finish != nil {
		o.fatalf("failed: %v, %v\n%s", b.err, b.finish, b.failures())
	}
	o.log = append(o.log, b.messages())
	if b.resumed {
		o.resumed++
	}
	if got := b.ran(); !slices.Equal(got, want) || b.Ran != len(want) {
		o.fatalf("ran %q (%d), want %q", got, b.Ran, want)
	}
	clean := o.sim.clean(all)
	for p, text := range o.sim.files {
		if got := o.w.read(p); got != text {
			o.fatalf("%s has %q, the simulator %q", p, got, text)
		}
	}
	for _, g := range goals {
		if got := o.w.read(g); got != clean[g] {
			o.fatalf("%s has %q, a clean build %q", g, got, clean[g])
		}
	}
}

func (o *oracle) fatalf(format string, args ...any) {
	o.t.Helper()
	o.t.Fatalf("%s\nafter\n%s", fmt.Sprintf(format, args...), strings.Join(o.log, "\n"))
}

// TestOracle builds random graphs after random edits. Each time the bytes
// must be those of a clean build, and the actions that ran those that a
// simulator says.
func TestOracle(t *testing.T) {
	n := *oracleN
	if testing.Short() {
		n = 2
	}
	var resumed atomic.Int64
	t.Cleanup(func() {
		if resumed.Load() == 0 {
			t.Error("no build went on from the trace alone")
		}
	})
	for i := range n {
		seed := *oracleSeed + uint64(i)
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			o := newOracle(t, seed, i%3 != 0)
			for range 25 {
				for range 1 + o.pick(3) {
					o.edit()
				}
				o.step()
			}
			resumed.Add(int64(o.resumed))
		})
	}
}
