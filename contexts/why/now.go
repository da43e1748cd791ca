package why

import (
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
	"erg.build/erg/engine/trace"
)

// Now is what a build would do at present, and why.
type Now struct {
	Text  string
	Chain []*Node // each because of the next
}

// now says whether what an explanation is about would be built at present.
func (x *explainer) now(actions []*trace.Action, elements []*trace.Element) *Now {
	if x.Unavailable != "" {
		return &Now{Text: "what a build would do is not known: " + x.Unavailable}
	}
	var from []*engine.PlannedAction
	for _, el := range elements {
		v := x.Values[el.Address]
		if v == nil || v.Opaque {
			continue
		}
		if v.JSON != "" {
			if v.JSON != el.Value && !el.Sensitive {
				return &Now{Text: "it would be " + cut(shown(v.JSON, v.Sensitive)), Chain: x.differing(el)}
			}
			continue
		}
		from = append(from, x.behind(el.Address)...)
	}
	for _, a := range actions {
		if p := x.planned[a.ID()]; p != nil {
			from = append(from, p)
		}
	}
	return x.chain(from, len(elements) > 0)
}

// differing leads from a named value to one that it was computed from and
// that is another one now, as far as that goes.
func (x *explainer) differing(el *trace.Element) []*Node {
	for _, d := range el.Deps {
		name, ok := strings.CutPrefix(d, "element:")
		old, v := x.State.Elements()[name], x.Values[name]
		if !ok || old == nil || v == nil || v.JSON == "" || v.JSON == old.Value || v.Sensitive {
			continue
		}
		n := &Node{Kind: Element, Name: name, Site: v.Site, Old: old.Value, New: v.JSON, Build: old.Changed}
		return append([]*Node{n}, x.differing(old)...)
	}
	if v := x.Values[el.Address]; v != nil && strings.Contains(el.Site, ":") {
		if file, _, ok := strings.Cut(v.Site, ":"); ok {
			return []*Node{{Kind: File, Name: file, Site: v.Site, Text: "edited"}}
		}
	}
	return nil
}

// behind lists the planned actions for which a named value waits.
func (x *explainer) behind(address string) []*engine.PlannedAction {
	var out []*engine.PlannedAction
	seen := map[string]bool{}
	var walk func(address string)
	walk = func(address string) {
		el := x.State.Elements()[address]
		if seen[address] || el == nil {
			return
		}
		seen[address] = true
		if own, _ := x.ownAction(el); own != nil && x.planned[own.ID()] != nil {
			out = append(out, x.planned[own.ID()])
			return
		}
		for _, d := range el.Deps {
			if name, ok := strings.CutPrefix(d, "element:"); ok {
				walk(name)
			}
		}
	}
	walk(address)
	return out
}

// chain finds the shortest way from planned actions to one that runs because
// of something that changed.
func (x *explainer) chain(from []*engine.PlannedAction, value bool) *Now {
	type step struct {
		p    *engine.PlannedAction
		back *step
	}
	// What makes an input comes before what tells how to run: the first leads
	// to what changed, the second often does too, by a detour.
	var queue, later []*step
	seen := map[*engine.PlannedAction]bool{}
	add := func(q *[]*step, back *step, list []*engine.PlannedAction) {
		for _, p := range list {
			if p.Verdict == engine.WouldRun || p.Verdict == engine.MayRun {
				*q = append(*q, &step{p, back})
			}
		}
	}
	add(&queue, nil, from)
	var first *step
	for len(queue)+len(later) > 0 {
		if len(queue) == 0 {
			queue, later = later, nil
		}
		s := queue[0]
		queue = queue[1:]
		if seen[s.p] {
			continue
		}
		seen[s.p] = true
		if first == nil {
			first = s
		}
		if s.p.Verdict == engine.WouldRun {
			first = s
			break
		}
		add(&queue, s, x.makersOf(s.p))
		add(&later, s, x.tellersOf(s.p))
	}
	if first != nil {
		var chain []*Node
		for b := first.back; b != nil; b = b.back {
			chain = append(chain, &Node{Kind: Action, Name: b.p.Name, Text: "may run"})
		}
		slices.Reverse(chain)
		text := "a build would run it again"
		switch {
		case (len(chain) > 0 || first.p.Verdict == engine.MayRun) && value:
			text = "a build may change it"
		case len(chain) > 0 || first.p.Verdict == engine.MayRun:
			text = "a build may run it again"
		case value:
			text = "a build would ask for it again"
		}
		return &Now{Text: text, Chain: append(chain, x.plannedNode(first.p))}
	}
	if len(from) > 0 && from[0].Verdict == engine.WouldRestore {
		return &Now{Text: "it is not in " + addr.BuildDir + "; a build would restore it"}
	}
	return nil
}

// makersOf lists the planned actions that make the inputs of another one.
func (x *explainer) makersOf(p *engine.PlannedAction) []*engine.PlannedAction {
	var out []*engine.PlannedAction
	for _, path := range p.After {
		if q := x.planned[path]; q != nil {
			out = append(out, q)
		} else if a := x.makers[path]; a != nil && x.planned[a.ID()] != nil {
			out = append(out, x.planned[a.ID()])
		}
	}
	return out
}

// tellersOf lists the planned actions that tell how another one is run.
func (x *explainer) tellersOf(p *engine.PlannedAction) []*engine.PlannedAction {
	var out []*engine.PlannedAction
	for _, w := range p.Waits {
		if rest, ok := strings.CutPrefix(w, "ctx."); ok {
			if c, err := addr.ParseContext(p.Context); err == nil {
				w = c.Expr() + "." + rest
			}
		}
		out = append(out, x.behind(w)...)
		for i := range x.Planned {
			if q := &x.Planned[i]; q.Context == p.Context && q.Name == w {
				out = append(out, q)
			}
		}
	}
	return out
}

// plannedNode is an action that would run, with the reasons.
func (x *explainer) plannedNode(p *engine.PlannedAction) *Node {
	seen := x.seen
	x.seen = map[string]bool{}
	defer func() { x.seen = seen }()
	as := &trace.Action{Name: p.Name, Context: p.Context, Target: p.Target, Outs: []trace.Out{{Path: p.Output}}}
	n := x.action(as, p.Why, 0)
	n.Text = strings.TrimPrefix(n.Text, "ran: ")
	if n.Text == "ran" {
		n.Text = "would run"
	}
	return n
}
