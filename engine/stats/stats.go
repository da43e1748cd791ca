// Package stats computes figures from a trace: what a workspace consists of,
// what a build of all of it would take and why no less, and what the last
// builds did and did without.
//
// It reads each action's record once and keeps little of it, so that a large
// graph takes little more than the reading. Files are the rows of the trace,
// actions numbers in the order of their first outputs: equal traces give
// equal figures, whatever the order of their records.
//
// Start reading at Of. graph.go collects, path.go finds the critical path.
package stats

import (
	"cmp"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"erg.build/erg/engine/trace"
)

// Options say what to look at.
type Options struct {
	// Keep says which actions count; nil for all.
	Keep func(*trace.Action) bool
	// Top is how many actions and files lists have at most; 0 for all.
	Top int
	// Goal words the key of a goal for people; nil: as it is.
	Goal func(key string) string
}

// A Report has all figures. Its form in JSON is for programs: fields are
// added, never changed.
type Report struct {
	Revision uint32   `json:"revision"` // of the last build
	Total    Totals   `json:"total"`
	Contexts []Totals `json:"contexts"` // by name
	Critical Path     `json:"critical_path"`
	Slowest  []Action `json:"slowest"`
	Memory   []Action `json:"most_memory"`
	Largest  []Output `json:"largest_outputs"`
	Builds   []Build  `json:"builds"` // the last one first
}

// Totals are those of all actions, or of a context's.
type Totals struct {
	Context string `json:"context"` // "": of none, as probes of compilers, or of all
	Actions int    `json:"actions"` // without those that run nothing
	// Distinct counts equal actions once: they run once.
	Distinct int   `json:"distinct"`
	Failed   int   `json:"failed"`  // when they ran last
	Sources  Files `json:"sources"` // that are read, and that no action makes
	Outputs  Files `json:"outputs"`
	// Work is how long the distinct actions took, together.
	Work Seconds `json:"work_seconds"`
}

// Files are counted with their sizes.
type Files struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

func (f *Files) add(size int64) {
	f.Count++
	f.Bytes += size
}

// An Action is one piece of work: equal actions of several contexts are one.
type Action struct {
	Name     string   `json:"action"`
	Contexts []string `json:"contexts"`
	Target   string   `json:"target,omitempty"`
	Output   string   `json:"output"`       // the first
	Took     Seconds  `json:"seconds"`      // when it ran
	Peak     int64    `json:"peak_bytes"`   // of memory; 0 if that is not known
	Size     int64    `json:"output_bytes"` // of all outputs
}

// An Output is a file that an action made.
type Output struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Action  string `json:"action"`
	Context string `json:"context"`
}

// A Path is the chain of actions, each of which needs what the one before it
// made, that took longest. No number of processors builds faster.
type Path struct {
	Took Seconds `json:"seconds"`
	// Parallelism is how many times as long all work takes: so many processes
	// can be kept busy, on average.
	Parallelism float64 `json:"parallelism"`
	Steps       []Step  `json:"steps"` // without actions that run nothing
}

// A Step is an action of the critical path.
type Step struct {
	Action
	Until Seconds `json:"until_seconds"` // from the beginning of the path to its end
}

// A Build is what one build did.
type Build struct {
	Revision  uint32    `json:"revision"`
	Goal      string    `json:"goal"`
	Ended     time.Time `json:"ended"`
	Elapsed   Seconds   `json:"seconds"`
	OK        bool      `json:"ok"`
	Ran       int       `json:"ran"` // processes
	Restored  int       `json:"restored"`
	Unchanged int       `json:"unchanged"`
	Failed    int       `json:"failed"`
	Skipped   int       `json:"skipped"` // because something failed before
	Work      Seconds   `json:"work_seconds"`
	Cutoff    Saving    `json:"early_cutoff"`
	Store     Saving    `json:"store"`
	Peak      int64     `json:"peak_bytes"`     // of memory, of the largest process
	Own       int64     `json:"erg_peak_bytes"` // of erg itself
}

// A Saving is work that was not done.
type Saving struct {
	Actions int     `json:"actions"`
	Took    Seconds `json:"seconds"` // when it was done
}

// Seconds is a duration, in JSON a number of seconds.
type Seconds time.Duration

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) {
	d := time.Duration(s).Round(time.Microsecond)
	return strconv.AppendFloat(nil, d.Seconds(), 'f', -1, 64), nil
}

// JSON writes the report as one object.
func (r *Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// Of computes the figures of a trace.
func Of(st *trace.State, o Options) *Report {
	g := collect(st, o.Keep)
	r := &Report{Revision: st.Revision, Total: g.total, Contexts: []Totals{}, Builds: builds(st, o.Goal)}
	for _, c := range g.contexts {
		if c.Actions > 0 {
			r.Contexts = append(r.Contexts, c.Totals)
		}
	}
	slices.SortFunc(r.Contexts, func(a, b Totals) int { return strings.Compare(a.Context, b.Context) })
	r.Critical = g.criticalPath()
	if r.Critical.Took > 0 {
		r.Critical.Parallelism = math.Round(100*float64(g.total.Work)/float64(r.Critical.Took)) / 100
	}
	r.Slowest = g.top(o.Top, func(a *act) int64 { return int64(a.took) })
	r.Memory = g.top(o.Top, func(a *act) int64 { return a.peak })
	r.Largest = g.largest(o.Top)
	return r
}

// top lists the pieces of work with the largest figures, but for zero.
func (g *graph) top(n int, of func(*act) int64) []Action {
	list := make([]int32, 0, len(g.works))
	for _, i := range g.works {
		if of(&g.acts[i]) > 0 {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b int32) int {
		return cmp.Or(cmp.Compare(of(&g.acts[b]), of(&g.acts[a])), cmp.Compare(a, b))
	})
	if n > 0 {
		list = list[:min(n, len(list))]
	}
	out := make([]Action, len(list))
	for k, i := range list {
		out[k] = g.action(i)
	}
	return out
}

// action describes a piece of work.
func (g *graph) action(i int32) Action {
	a := &g.acts[g.acts[i].work]
	out := Action{Name: a.name, Contexts: []string{}, Target: a.target, Output: a.id, Took: Seconds(a.took), Peak: a.peak, Size: a.size}
	for _, c := range a.contexts {
		if name := g.contexts[c].Context; name != "" {
			out.Contexts = append(out.Contexts, name)
		}
	}
	slices.Sort(out.Contexts)
	return out
}

// largest lists the files that take most room. It is called last: it sorts
// what the actions refer to.
func (g *graph) largest(n int) []Output {
	list := slices.DeleteFunc(g.made, func(o output) bool { return !o.there || !g.acts[o.act].kept })
	slices.SortFunc(list, func(a, b output) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), strings.Compare(a.path, b.path))
	})
	if n > 0 {
		list = list[:min(n, len(list))]
	}
	out := make([]Output, len(list))
	for i, o := range list {
		a := &g.acts[o.act]
		out[i] = Output{Path: o.path, Bytes: o.bytes, Action: a.name, Context: g.contexts[a.context].Context}
	}
	return out
}

func builds(st *trace.State, goal func(string) string) []Build {
	out := []Build{}
	for _, b := range slices.Backward(st.Builds()) {
		name := b.Goal
		if goal != nil {
			name = goal(name)
		}
		out = append(out, Build{Revision: b.Revision, Goal: name, Ended: time.Unix(b.Ended, 0).UTC(), Elapsed: Seconds(b.Elapsed), OK: b.OK,
			Ran: b.Ran, Restored: b.Restored, Unchanged: b.Unchanged, Failed: b.Failed, Skipped: b.Skipped, Work: Seconds(b.Worked),
			Cutoff: Saving{b.Cutoff.Actions, Seconds(b.Cutoff.Took)}, Store: Saving{b.Store.Actions, Seconds(b.Store.Took)},
			Peak: b.Peak, Own: b.Own})
	}
	return out
}
