package ninja

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/agext/levenshtein"
)

// consumers say which edges have a node as an input, or as a validation: those
// of node n are edges[first[n]:first[n+1]].
type consumers struct {
	once        sync.Once
	inputs      csr
	validations csr
}

type csr struct {
	first []uint32
	edges []Edge
}

func newCSR(nodes, edges int, links func(Edge) []Node) csr {
	c := csr{first: make([]uint32, nodes+2)}
	for e := range Edge(edges) {
		for _, n := range links(e) {
			c.first[n+2]++
		}
	}
	for i := 2; i < len(c.first); i++ {
		c.first[i] += c.first[i-1]
	}
	c.edges = make([]Edge, c.first[len(c.first)-1])
	for e := range Edge(edges) {
		for _, n := range links(e) {
			c.edges[c.first[n+1]] = e
			c.first[n+1]++
		}
	}
	return c
}

func (c *csr) of(n Node) []Edge { return c.edges[c.first[n]:c.first[n+1]:c.first[n+1]] }

func (g *Graph) reverse() *consumers {
	g.users.once.Do(func() {
		g.users.inputs = newCSR(g.NumNodes(), g.NumEdges(), g.Inputs)
		g.users.validations = newCSR(g.NumNodes(), g.NumEdges(), g.Validations)
	})
	return &g.users
}

// Consumers returns the edges that have a file as an input, in order, an edge twice if it
// names the file twice. The first call takes time: it looks at all edges.
func (g *Graph) Consumers(n Node) []Edge { return g.reverse().inputs.of(n) }

// ValidationConsumers returns the edges that have a file as a validation.
func (g *Graph) ValidationConsumers(n Node) []Edge { return g.reverse().validations.of(n) }

// Roots returns the outputs that no edge has as an input, in order.
func (g *Graph) Roots() []Node {
	used := make([]bool, g.NumNodes())
	for e := range g.Edges() {
		for _, n := range g.Inputs(e) {
			used[n] = true
		}
	}
	var roots []Node
	for e := range g.Edges() {
		for _, n := range g.Outputs(e) {
			if !used[n] {
				roots = append(roots, n)
			}
		}
	}
	return roots
}

// ErrNoRoots says that each output of a graph is an input, too.
var ErrNoRoots = errors.New("could not determine root nodes of build graph")

// Defaults returns what is built if nobody names a target: the declared defaults
// or, without any, the roots. In a graph that has edges it fails if there are none:
// each output is then part of a cycle, or needed by one.
func (g *Graph) Defaults() ([]Node, error) {
	if len(g.defaults) > 0 {
		return g.defaults, nil
	}
	roots := g.Roots()
	if len(roots) == 0 && g.NumEdges() > 0 {
		return nil, ErrNoRoots
	}
	return roots, nil
}

// Target returns the node that a command line means: a path or, with a ^ behind
// it, the first output of the first edge that uses that path.
func (g *Graph) Target(arg string) (Node, error) {
	if arg == "" {
		return 0, fmt.Errorf("empty path")
	}
	path, isInput := strings.CutSuffix(arg, "^")
	n, ok := g.Lookup(path)
	switch {
	case !ok:
		path = Canonical(path)
		hint := ""
		if path == "clean" {
			hint = ", did you mean 'ninja -t clean'?"
		} else if path == "help" {
			hint = ", did you mean 'ninja -h'?"
		} else if near, ok := g.nearest(path); ok {
			hint = fmt.Sprintf(", did you mean '%s'?", g.Path(near))
		}
		return 0, fmt.Errorf("unknown target '%s'%s", path, hint)
	case !isInput:
		return n, nil
	}
	if users := g.Consumers(n); len(users) > 0 {
		return g.Outputs(users[0])[0], nil
	}
	return 0, fmt.Errorf("'%s' has no out edge", g.Path(n))
}

// nearest returns the file whose path looks most like another.
func (g *Graph) nearest(path string) (near Node, ok bool) {
	const most = 3 // as Ninja has it
	best := most + 1
	for n := range Node(g.NumNodes()) {
		other := g.Path(n)
		if d := len(other) - len(path); d >= best || -d >= best {
			continue
		}
		if d := levenshtein.Distance(path, other, nil); d < best {
			near, best = n, d
		}
	}
	return near, best <= most
}

// Additions are what dyndep files add to a graph.
type Additions struct {
	Inputs func(Edge) []Node // that the graph knows
	Maker  func(Node) Edge   // of a file that the graph has no edge for, or NoEdge
}

// Order returns all edges that the targets need, each one behind those that make
// its inputs, in the order in which Ninja lists commands. Validations
// are not needed in this sense. It fails if edges need each other.
func (g *Graph) Order(targets []Node) ([]Edge, error) {
	return g.OrderWith(targets, Additions{
		Inputs: func(Edge) []Node { return nil },
		Maker:  func(Node) Edge { return NoEdge },
	})
}

// OrderWith is Order for a graph with additions.
func (g *Graph) OrderWith(targets []Node, added Additions) ([]Edge, error) {
	o := orderer{g: g, added: added, state: make([]uint8, g.NumEdges())}
	for _, n := range targets {
		if err := o.push(n); err != nil {
			return nil, err
		}
		for len(o.stack) > 0 {
			f := &o.stack[len(o.stack)-1]
			if in, ok := f.input(g); ok {
				if err := o.push(in); err != nil {
					return nil, err
				}
				continue
			}
			o.state[f.edge] = orderDone
			o.order = append(o.order, f.edge)
			o.stack = o.stack[:len(o.stack)-1]
		}
	}
	return o.order, nil
}

// An orderer walks through a graph, inputs first.
type orderer struct {
	g     *Graph
	added Additions
	state []uint8 // by edge
	stack []orderFrame
	order []Edge
}

const (
	orderVisiting = 1
	orderDone     = 2
)

type orderFrame struct {
	node  Node // by which we came
	edge  Edge
	next  int // input to visit
	added []Node
}

// input returns the next input to visit.
func (f *orderFrame) input(g *Graph) (Node, bool) {
	i := f.next
	f.next++
	own := g.Inputs(f.edge)
	if i < len(own) {
		return own[i], true
	}
	if i -= len(own); i < len(f.added) {
		return f.added[i], true
	}
	return 0, false
}

func (o *orderer) push(n Node) error {
	e := o.g.Producer(n)
	if e == NoEdge {
		e = o.added.Maker(n)
	}
	if e == NoEdge || o.state[e] == orderDone {
		return nil
	}
	if o.state[e] == orderVisiting {
		return o.cycle(n, e)
	}
	o.state[e] = orderVisiting
	o.stack = append(o.stack, orderFrame{node: n, edge: e, added: o.added.Inputs(e)})
	return nil
}

// cycle words a cycle that a node closes, as Ninja does.
func (o *orderer) cycle(n Node, e Edge) error {
	at := slices.IndexFunc(o.stack, func(f orderFrame) bool { return f.edge == e })
	var b strings.Builder
	b.WriteString("dependency cycle: " + o.g.Path(n))
	for _, f := range o.stack[at+1:] {
		b.WriteString(" -> " + o.g.Path(f.node))
	}
	b.WriteString(" -> " + o.g.Path(n))
	if at == len(o.stack)-1 && o.g.isPhonyCycle(e) {
		b.WriteString(" [-w phonycycle=err]")
	}
	return errors.New(b.String())
}

// isPhonyCycle reports whether an edge has the form of those that old CMakes
// wrote and that a reader drops inputs of, if it is let.
func (g *Graph) isPhonyCycle(e Edge) bool {
	return g.IsPhony(e) && len(g.Outputs(e)) == 1 && len(g.ImplicitOutputs(e)) == 0 && len(g.ImplicitInputs(e)) == 0
}
