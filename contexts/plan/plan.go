// Package plan says what a build would do: which values configure each
// context, and which actions would run, be restored, or need not.
//
// A plan is made from an evaluation that ran nothing but probes of compilers.
// It evaluates nothing itself: that planning and building share one evaluator
// is what makes a plan true. A value is known; or predicted, which is what the
// last build gave while something that it was made from would run again; or
// known after the build.
//
// How to read it: New (here) sorts what the evaluation found by context, Text
// (text.go) and JSON (json.go) print it.
package plan

import (
	"cmp"
	"slices"
	"strings"

	"erg.build/erg/contexts"
	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
	"erg.build/erg/engine/trace"
)

// A Plan is what a build would do.
type Plan struct {
	Variables []Value
	Sources   *Sources   // nil if none is needed
	Contexts  []*Context // in the order of the workspace
	Deferred  []Group
	Edited    []string // sources that changed since they were last built
	Summary   Summary
}

// A Context is one context's part of a plan.
type Context struct {
	contexts.Description
	Values   []Value // settings, then outputs
	Actions  []Action
	Deferred []Group
}

// Sources is the part of a plan that belongs to no context: trees from
// elsewhere.
type Sources struct {
	Values  []Value
	Actions []Action
}

// A State says what is known of a value.
type State string

const (
	Known     State = "known"
	Predicted State = "predicted" // from the last build
	Unknown   State = "unknown"   // until it is built
)

// A Value is a named value of the configuration.
type Value struct {
	Address string
	Name    string // in its context: "settings.cflags"
	Type    string
	State   State
	JSON    string // what it is, or was; "" when there is nothing to show
	// Unchanged: all that a prediction was made from is as it was, so it will
	// be right unless a program answers one question in two ways.
	Unchanged bool
	Sensitive bool
	Site      string
}

// An Action is an action that was asked for, directly or not.
type Action struct {
	engine.PlannedAction
	// With is the context in which the same piece of work is listed already;
	// it is done once.
	With string
}

// A Group is a set of things that only a build can list.
type Group struct {
	Context string
	What    string
	Waits   []string
}

// A Summary counts pieces of work.
type Summary struct {
	Run, MayRun, Restore, Unchanged int
	Waiting                         int // groups that cannot be listed yet
}

// Nothing reports whether a build would do nothing.
func (s Summary) Nothing() bool { return s == Summary{Unchanged: s.Unchanged} }

// Input is what a plan is made from.
type Input struct {
	Values   map[string]*contexts.Value
	Contexts []contexts.Description
	Actions  []engine.PlannedAction
	Deferred []engine.DeferredGroup
	Last     *trace.State // of the last build

	pending map[string]engine.PlannedAction // what would run, by output
}

// New sorts what an evaluation found.
func New(in Input) *Plan {
	p := &Plan{}
	in.pending = map[string]engine.PlannedAction{}
	for _, a := range in.Actions {
		if a.Verdict == engine.WouldRun || a.Verdict == engine.MayRun {
			in.pending[a.Output] = a
		}
	}
	byName := map[string]*Context{}
	for _, d := range in.Contexts {
		c := &Context{Description: d}
		p.Contexts = append(p.Contexts, c)
		byName[d.Context.String()] = c
	}
	p.addValues(in, byName)
	p.addActions(in.Actions, byName)
	for _, d := range in.Deferred {
		g := Group(d)
		if c := byName[g.Context]; c != nil {
			c.Deferred = append(c.Deferred, g)
		}
		p.Deferred = append(p.Deferred, g)
	}
	p.Summary.Waiting = len(p.Deferred)
	return p
}

func (p *Plan) addValues(in Input, byName map[string]*Context) {
	for _, address := range sorted(in.Values) {
		v := newValue(in, address)
		a, err := addr.Parse(address)
		if err != nil {
			continue
		}
		switch a := a.(type) {
		case addr.Variable:
			v.Name = address
			p.Variables = append(p.Variables, v)
		case addr.Source:
			v.Name = a.String()
			if p.Sources == nil {
				p.Sources = &Sources{}
			}
			p.Sources.Values = append(p.Sources.Values, v)
		case addr.Element:
			v.Name = strings.TrimPrefix(a.String(), a.Context.Expr()+".")
			if c := byName[a.Context.String()]; c != nil {
				c.Values = append(c.Values, v)
			}
		}
	}
	for _, c := range p.Contexts {
		slices.SortStableFunc(c.Values, func(a, b Value) int {
			// Settings first: that is what a context gets, outputs what it gives.
			return -strings.Compare(kindOf(a.Name), kindOf(b.Name))
		})
	}
}

func kindOf(name string) string {
	if i := strings.IndexAny(name, ".["); i >= 0 {
		return name[:i]
	}
	return name
}

func newValue(in Input, address string) Value {
	src := in.Values[address]
	v := Value{Address: address, Type: src.Type, JSON: src.JSON, State: Known, Sensitive: src.Sensitive, Site: src.Site}
	if src.JSON == "" && !src.Opaque {
		v.State = Unknown
		v.JSON, v.Unchanged = predict(in, address, map[string]bool{})
		if v.JSON != "" {
			v.State = Predicted
		}
	}
	if v.Sensitive {
		v.JSON = ""
	}
	return v
}

// predict returns what the last build made of a value that is not known, and
// whether all that it is made from is unchanged. seen guards against rings,
// which a trace of several builds may have.
func predict(in Input, address string, seen map[string]bool) (json string, unchanged bool) {
	seen[address] = true
	if v := in.Values[address]; v != nil && v.Predicted != "" {
		return v.Predicted, v.Unchanged
	}
	last := in.Last.Elements()[address]
	if last == nil {
		return "", false
	}
	unchanged = true
	from := false
	for _, d := range last.Deps {
		if a, ok := in.pending[strings.TrimPrefix(d, "action:")]; ok {
			from, unchanged = true, unchanged && a.Intact
		}
		name, ok := strings.CutPrefix(d, "element:")
		v := in.Values[name]
		if !ok || v == nil || seen[name] {
			continue
		}
		from = true
		if v.JSON == "" && !v.Opaque {
			_, same := predict(in, name, seen)
			unchanged = unchanged && same
		} else if old := in.Last.Elements()[name]; old == nil || old.Value != v.JSON && !old.Sensitive {
			unchanged = false
		}
	}
	return last.Value, unchanged && from
}

func (p *Plan) addActions(list []engine.PlannedAction, byName map[string]*Context) {
	// A context that comes early in the workspace shows what it shares.
	order := map[string]int{}
	for i, c := range p.Contexts {
		order[c.Context.String()] = i + 1
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b engine.PlannedAction) int {
		return cmp.Or(order[a.Context]-order[b.Context], strings.Compare(a.Output, b.Output))
	})
	verdict := map[string]engine.Verdict{}
	first := map[string]string{}
	edited := map[string]bool{}
	for _, a := range list {
		act := Action{PlannedAction: a}
		if a.Work != "" {
			if from, ok := first[a.Work]; ok && from != a.Context {
				act.With = from
			} else if !ok {
				first[a.Work] = a.Context
			}
			verdict[a.Work] = worse(verdict[a.Work], a.Verdict)
		}
		for _, w := range a.Why {
			if w.What == "input" && w.Old != "" && !strings.HasPrefix(w.Name, addr.BuildDir+"/") {
				edited[w.Name] = true
			}
		}
		if c := byName[a.Context]; c != nil {
			c.Actions = append(c.Actions, act)
		} else if p.Sources != nil && a.Context == "" {
			p.Sources.Actions = append(p.Sources.Actions, act)
		}
	}
	p.Edited = sorted(edited)
	for _, v := range verdict {
		switch v {
		case engine.WouldRun:
			p.Summary.Run++
		case engine.MayRun:
			p.Summary.MayRun++
		case engine.WouldRestore:
			p.Summary.Restore++
		case engine.UpToDate:
			p.Summary.Unchanged++
		}
	}
}

// verdicts are in the order of how much is done.
var verdicts = []engine.Verdict{engine.UpToDate, engine.WouldRestore, engine.MayRun, engine.WouldRun, engine.CannotRun}

func worse(a, b engine.Verdict) engine.Verdict {
	if slices.Index(verdicts, a) > slices.Index(verdicts, b) {
		return a
	}
	return b
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
