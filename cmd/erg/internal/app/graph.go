package app

import (
	"context"
	"path"
	"slices"
	"strings"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/contexts"
	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/graph"
	"erg.build/erg/engine"
	"erg.build/erg/engine/trace"
)

// Graph implements cli.App. It evaluates as plan does: nothing runs, and what
// the last build made is known where it is still valid.
func (App) Graph(ctx context.Context, c cli.Common, o cli.GraphOptions) (*graph.Graph, error) {
	r := contexts.Request{Contexts: c.Contexts, Args: o.Targets}
	l, err := look(ctx, c, r, len(c.Contexts)+len(o.Targets) == 0)
	defer l.close()
	if err != nil && !l.partly(c) {
		return nil, err
	}
	d := &drawing{Graph: &graph.Graph{}, edges: map[[2]string]int{}, nodes: map[string]bool{}}
	actions := l.session.PlannedActions()
	slices.SortFunc(actions, func(a, b engine.PlannedAction) int { return strings.Compare(a.Output, b.Output) })
	switch o.Of {
	case cli.OfTargets:
		d.targets(actions, l.ev.Links(), l.eng.State())
	case cli.OfActions:
		d.actions(actions)
	default:
		d.contexts(l.contexts, l.ev.Links())
		d.sources(l.ev.SourceLinks())
	}
	return d.Graph, err
}

// A drawing is a graph in the making: two nodes have one edge, whose label
// lists all that links them.
type drawing struct {
	*graph.Graph
	edges map[[2]string]int
	nodes map[string]bool
}

func (d *drawing) node(n graph.Node) {
	if !d.nodes[n.ID] {
		d.nodes[n.ID] = true
		d.Nodes = append(d.Nodes, n)
	}
}

func (d *drawing) edge(from, to, label string, kind graph.EdgeKind) {
	if from == to || !d.nodes[from] || !d.nodes[to] {
		return
	}
	i, ok := d.edges[[2]string{from, to}]
	switch {
	case !ok:
		d.edges[[2]string{from, to}] = len(d.Edges)
		d.Edges = append(d.Edges, graph.Edge{From: from, To: to, Label: label, Kind: kind})
	case label != "" && d.Edges[i].Label == "":
		d.Edges[i].Label = label
	case label != "" && !slices.Contains(strings.Split(d.Edges[i].Label, ",\n"), label):
		d.Edges[i].Label += ",\n" + label
	}
}

// contexts draws the contexts, what links them and on which toolchains they
// are built.
func (d *drawing) contexts(list []contexts.Description, links []contexts.Link) {
	instances := map[string][]string{} // of contexts with for_each
	for _, c := range list {
		id := c.Context.Expr()
		n := graph.Node{ID: id, Kind: "context", Detail: c.Target}
		if c.Context.Key != "" {
			n.Group, n.Short = "context."+c.Context.Name, c.Context.Key
		}
		if c.Deferred {
			n.Detail = "instances known after build"
		}
		d.node(n)
		if c.Deferred || c.Context.Key != "" {
			instances[c.Context.Name] = append(instances[c.Context.Name], id)
		}
	}
	for _, c := range list {
		for _, t := range c.Toolchains {
			d.node(graph.Node{ID: t.Address.String(), Kind: "toolchain", Detail: t.Version})
		}
	}
	for _, l := range links {
		if l.Element == "host" {
			d.edge(l.From.Expr(), l.To.Expr(), "host", graph.Strong)
		}
	}
	for _, l := range links {
		if l.Toolchain.Name != "" {
			d.edge(l.Toolchain.String(), l.To.Expr(), l.Element, graph.Plain)
			continue
		}
		if l.From.Key != "" || instances[l.From.Name] == nil {
			d.edge(l.From.Expr(), l.To.Expr(), l.Element, graph.Plain)
			continue
		}
		for _, id := range instances[l.From.Name] {
			d.edge(id, l.To.Expr(), "for_each "+l.Element, graph.Plain)
		}
	}
	for _, c := range list {
		for _, t := range c.Toolchains {
			d.edge(c.Context.Expr(), t.Address.String(), "", graph.Weak)
		}
	}
}

// sources draws from where contexts take trees of others.
func (d *drawing) sources(links []contexts.SourceLink) {
	for _, l := range links {
		if d.nodes[l.From.Expr()] {
			n := graph.Node{ID: l.Source.String(), Kind: "source", Detail: l.Label}
			if l.Source.Key != "" {
				n.Group, n.Short = "source."+l.Source.Name, l.Source.Key
			}
			d.node(n)
		}
	}
	for _, l := range links {
		d.edge(l.From.Expr(), l.Source.String(), "", graph.Weak)
	}
}

// targets draws what build files declare, and the outputs of contexts that
// programs answer.
func (d *drawing) targets(actions []engine.PlannedAction, links []contexts.Link, last *trace.State) {
	maker := map[string]string{}
	for _, a := range actions {
		if a.Target == "" {
			continue
		}
		for _, o := range a.Outputs {
			maker[o] = a.Target
		}
		if n, ok := targetNode(a); ok {
			d.node(n)
		}
	}
	for _, a := range actions {
		for _, in := range a.Inputs {
			if m, ok := maker[in]; ok && a.Target != "" {
				d.edge(a.Target, m, "", graph.Plain)
			}
		}
	}
	// What tells which instances there are is told once, in the graph of
	// contexts, and not for each target of each instance.
	for _, n := range slices.Clone(d.Nodes) {
		if el := last.Elements()[n.ID]; el != nil {
			seen := map[string]bool{}
			for _, l := range links {
				if name, _, keyed := strings.Cut(n.Group, "@"); keyed && l.From == (addr.Context{Name: name}) {
					seen[l.To.Expr()+"."+l.Element] = true
				}
			}
			d.values(n.ID, "", el, last, seen)
		}
	}
}

// values draws what a target is told by outputs, through settings and local
// values, as the last build knows it.
func (d *drawing) values(target, via string, el *trace.Element, last *trace.State, seen map[string]bool) {
	for _, dep := range el.Deps {
		name, ok := strings.CutPrefix(dep, "element:")
		next := last.Elements()[name]
		if !ok || next == nil || seen[name] {
			continue
		}
		seen[name] = true
		a, err := addr.Parse(name)
		if err != nil {
			continue
		}
		e, ok := a.(addr.Element)
		switch {
		case ok && e.Kind == addr.KindOutput:
			label := via
			if label == "" {
				label = "output." + e.Name
			}
			d.edge(target, e.Context.String()+"//:output."+e.Name, label, graph.Plain)
		case ok:
			d.values(target, string(e.Kind)+"."+e.Name, next, last, seen)
		default:
			d.values(target, via, next, last, seen)
		}
	}
}

// targetNode is false for what serves declarations and is none itself.
func targetNode(a engine.PlannedAction) (graph.Node, bool) {
	n := graph.Node{ID: a.Target, Group: a.Context}
	if name, ok := strings.CutPrefix(a.Target, a.Context+"//:output."); ok {
		n.Kind, n.Short = "output", "output."+name
		return n, true
	}
	b, err := addr.Parse(a.Target)
	if s, ok := b.(addr.Source); ok && err == nil {
		n.Kind, n.Short = "source", s.Short()
		return n, true
	}
	t, ok := b.(addr.Target)
	if err != nil || !ok {
		return n, false
	}
	n.Kind, n.Short = string(t.Kind), strings.TrimPrefix(t.String(), a.Context+"//")
	_, n.Short, _ = strings.Cut(n.Short, ".")
	n.Short = path.Join(t.Dir, n.Short)
	if n.Short == t.Dir {
		n.Short = path.Join(t.Dir, n.Kind) // an install block has no name
	}
	return n, true
}

// actions draws all actions with the sources that they declare.
func (d *drawing) actions(actions []engine.PlannedAction) {
	maker := map[string]string{}
	for _, a := range actions {
		for _, o := range a.Outputs {
			maker[o] = a.Output
		}
		kind, rest, _ := strings.Cut(a.Name, " ")
		d.node(graph.Node{ID: a.Output, Label: a.Context + ": " + a.Name, Short: a.Name, Group: a.Context, Kind: actionKind(kind), Detail: detailOf(rest, a.Output)})
	}
	for _, a := range actions {
		for _, in := range a.Inputs {
			if m, ok := maker[in]; ok {
				d.edge(a.Output, m, "", graph.Plain)
			} else if !path.IsAbs(in) {
				d.node(graph.Node{ID: in, Kind: "file"})
				d.edge(a.Output, in, "", graph.Weak)
			}
		}
	}
}

// detailOf is what an action makes, where its name does not say it.
func detailOf(name, output string) string {
	if base := path.Base(output); strings.HasSuffix(name, base) {
		return ""
	}
	return path.Base(output)
}

// actionKind gives an action the look of what it makes.
func actionKind(kind string) string {
	switch kind {
	case "link":
		return "executable"
	case "ar", "cma", "cmxa":
		return "library"
	case "output", "test", "rule", "package":
		return kind
	}
	return "action"
}
