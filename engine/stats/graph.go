package stats

import (
	"cmp"
	"slices"
	"time"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

// A graph is what is kept of a trace.
type graph struct {
	acts     []act
	makers   []int32 // by row: the action that makes it, plus one
	inputs   []trace.Row
	works    []int32 // actions, one of those that are equal
	made     []output
	contexts []context
	total    Totals
}

// An act is what is kept of an action's record.
type act struct {
	id, name, target string
	context          int32
	work             int32 // the action that stands for all equal ones
	full             digest.Digest
	took             time.Duration
	peak, size       int64
	first, last      int     // in inputs
	made, outs       int     // where its outputs are, and how many
	contexts         []int32 // of all equal ones; of a work
	kept, phony      bool
	alone            bool // it is nobody else's work
	failed           bool
}

// An output is one of an action.
type output struct {
	path  string
	bytes int64
	row   trace.Row
	act   int32
	known bool // it has a row
	there bool // it was made
}

// A context has the totals of its actions.
type context struct {
	Totals
	seen trace.Set // sources that were counted
}

// collect reads a trace.
func collect(st *trace.State, keep func(*trace.Action) bool) *graph {
	g := &graph{makers: make([]int32, st.Rows())}
	names := map[string]int32{}
	for a := range st.Actions() {
		g.read(st, a, names, keep == nil || keep(a))
	}
	slices.SortFunc(g.acts, func(a, b act) int { return cmp.Compare(a.id, b.id) })
	g.number()
	g.share()
	g.sources(st)
	return g
}

// read keeps of a record what counts.
func (g *graph) read(st *trace.State, a *trace.Action, names map[string]int32, kept bool) {
	c, ok := names[a.Context]
	if !ok {
		c = int32(len(g.contexts))
		names[a.Context] = c
		g.contexts = append(g.contexts, context{Totals: Totals{Context: a.Context}})
	}
	x := act{id: a.ID(), name: a.Name, target: a.Target, context: c, full: a.Full, took: max(0, a.Took), peak: a.Peak,
		kept: kept, phony: a.Phony(), failed: a.Failed, first: len(g.inputs)}
	x.alone = a.Full.IsZero() || a.Recipe != nil && (a.Recipe.Local || a.Recipe.Foreign != nil)
	input := func(p string) {
		if r, ok := st.Row(trace.FileKey{Path: p}); ok {
			g.inputs = append(g.inputs, r)
		}
	}
	for _, d := range a.Deps {
		if !d.Digest.IsZero() || x.phony {
			input(d.Path)
		}
	}
	if a.Recipe != nil {
		for _, p := range a.Recipe.Order {
			input(p)
		}
	}
	x.last = len(g.inputs)
	x.made, x.outs = len(g.made), len(a.Outs)
	for _, o := range a.Outs {
		x.size += o.Size
		y := output{path: o.Path, bytes: o.Size, there: !o.Digest.IsZero()}
		y.row, y.known = st.Row(trace.FileKey{Path: o.Path})
		g.made = append(g.made, y)
	}
	g.acts = append(g.acts, x)
}

// number notes who makes what, now that the actions have their numbers, and
// counts them with what they made.
func (g *graph) number() {
	for i := range g.acts {
		a := &g.acts[i]
		made := g.made[a.made : a.made+a.outs]
		for k := range made {
			made[k].act = int32(i)
			if made[k].known {
				g.makers[made[k].row] = int32(i) + 1
			}
		}
		if !a.kept || a.phony {
			continue
		}
		for _, t := range g.totals(a) {
			t.Actions++
			if a.failed {
				t.Failed++
			}
			for _, o := range made {
				if o.there {
					t.Outputs.add(o.bytes)
				}
			}
		}
	}
}

// totals returns those in which an action counts.
func (g *graph) totals(a *act) [2]*Totals {
	return [...]*Totals{&g.contexts[a.context].Totals, &g.total}
}

// share finds the actions that are equal: they are one piece of work.
func (g *graph) share() {
	equal := map[digest.Digest]int32{}
	for i := range g.acts {
		a := &g.acts[i]
		if a.work = int32(i); !a.kept || a.phony {
			continue
		}
		if !a.alone {
			if first, ok := equal[a.full]; ok {
				a.work = first
			} else {
				equal[a.full] = a.work
			}
		}
		if a.work == int32(i) {
			g.works = append(g.works, a.work)
			g.total.Distinct++
			g.total.Work += Seconds(a.took)
		}
		if w := &g.acts[a.work]; !slices.Contains(w.contexts, a.context) {
			w.contexts = append(w.contexts, a.context)
			c := &g.contexts[a.context].Totals
			c.Distinct++
			c.Work += Seconds(a.took)
		}
	}
}

// sources counts what is read and no action makes.
func (g *graph) sources(st *trace.State) {
	var seen trace.Set
	for i := range g.acts {
		a := &g.acts[i]
		if !a.kept || a.phony {
			continue
		}
		c := &g.contexts[a.context]
		for _, r := range g.inputs[a.first:a.last] {
			if g.makers[r] > 0 || c.seen.Has(r) {
				continue
			}
			c.seen.Add(r)
			f, ok := st.FileAt(r)
			if !ok || f.Stamp.Absent() {
				continue
			}
			c.Sources.add(f.Stamp.Size)
			if !seen.Has(r) {
				seen.Add(r)
				g.total.Sources.add(f.Stamp.Size)
			}
		}
	}
}
