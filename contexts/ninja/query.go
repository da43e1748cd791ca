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

// Order returns all edges that the targets need, each one behind those that make
// its inputs, in the order in which Ninja lists commands. Validations
// are not needed in this sense. It fails if edges need each other.
func (g *Graph) Order(targets []Node) ([]Edge, error) {
	const visiting, done = 1, 2
	type frame struct {
		node Node // by which we came
		edge Edge
		next int // input to visit
	}
	state := make([]uint8, g.NumEdges())
	var order []Edge
	var stack []frame
	push := func(n Node) error {
		e := g.Producer(n)
		if e == NoEdge || state[e] == done {
			return nil
		}
		if state[e] == visiting {
			at := slices.IndexFunc(stack, func(f frame) bool { return f.edge == e })
			var b strings.Builder
			b.WriteString("dependency cycle: " + g.Path(n))
			for _, f := range stack[at+1:] {
				b.WriteString(" -> " + g.Path(f.node))
			}
			b.WriteString(" -> " + g.Path(n))
			return fmt.Errorf("%s", b.String())
		}
		state[e] = visiting
		stack = append(stack, frame{node: n, edge: e})
		return nil
	}
	for _, n := range targets {
		if err := push(n); err != nil {
			return nil, err
		}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if inputs := g.Inputs(f.edge); f.next < len(inputs) {
				f.next++
				if err := push(inputs[f.next-1]); err != nil {
					return nil, err
				}
				continue
			}
			state[f.edge] = done
			order = append(order, f.edge)
			stack = stack[:len(stack)-1]
		}
	}
	return order, nil
}
