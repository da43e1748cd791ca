package ninja

import "iter"

// An Edge numbers a build statement, from 0, in the order in which they were read.
type Edge uint32

// A Node numbers a file that build statements name, from 0, by first mention.
type Node uint32

// A Rule numbers a rule, from 0. Rules of different scopes may share a name.
type Rule uint32

// A Pool numbers a pool, from 0.
type Pool uint32

// NoEdge is the producer of a file that no build statement makes.
const NoEdge = ^Edge(0)

// Phony is the built-in rule that does nothing.
const Phony Rule = 0

// The pools that always exist.
const (
	DefaultPool Pool = 0 // of statements that name none; it bounds nothing
	ConsolePool Pool = 1 // at most one at a time, and that one owns the terminal
)

const noNode = ^uint32(0)

// The kinds of links of an edge, in the order in which they are stored.
const (
	explicitOut = iota
	implicitOut
	explicitIn
	implicitIn
	orderOnly
	validation
	linkKinds
)

// An edge is what is kept of a build statement: 60 bytes, no pointer.
type edge struct {
	rule, pool uint32
	scope      uint32
	file, line uint32
	dyndep     uint32                // node, or noNode
	bind, nind uint32                // its bindings: Graph.binds[bind : bind+nind]
	links      [linkKinds + 1]uint32 // kind k is Graph.links[links[k]:links[k+1]]
}

// A Graph is what one reads from a build.ninja file and the files it includes.
// It is immutable.
type Graph struct {
	paths    table  // of nodes
	producer []Edge // by node
	edges    []edge
	links    []Node

	texts  table // names of variables, their values, literal text of rules
	binds  []bind
	rules  []rule
	lets   []let // of all rules
	pieces []ref // of all lets
	scopes []scope
	scoped []bool // by name: some scope has a variable of that name

	pools    []pool
	defaults []Node
	files    []string
	warnings []Warning

	users consumers // made when first asked for
}

// A bind is a variable of an edge: both are numbers of texts.
type bind struct{ name, value uint32 }

type pool struct {
	name  string
	depth int
}

// NumEdges returns how many build statements there are.
func (g *Graph) NumEdges() int { return len(g.edges) }

// NumNodes returns how many files the build statements name.
func (g *Graph) NumNodes() int { return len(g.paths.spans) }

// NumRules returns how many rules there are, phony included.
func (g *Graph) NumRules() int { return len(g.rules) }

// NumPools returns how many pools there are, the two built-in ones included.
func (g *Graph) NumPools() int { return len(g.pools) }

// Path returns the canonical path of a file.
func (g *Graph) Path(n Node) string { return g.paths.text(uint32(n)) }

// Producer returns the edge that makes a file, or NoEdge.
func (g *Graph) Producer(n Node) Edge { return g.producer[n] }

// Lookup returns the node of a path, which need not be canonical.
func (g *Graph) Lookup(path string) (Node, bool) {
	id, ok := g.paths.lookup([]byte(Canonical(path)))
	return Node(id), ok
}

// span returns the links of an edge from one kind to another, both included.
func (g *Graph) span(e Edge, from, to int) []Node {
	l := &g.edges[e].links
	return g.links[l[from]:l[to+1]:l[to+1]]
}

// Outputs returns all outputs of an edge, explicit ones first. Like all slices of nodes
// it is the graph's own and must not be changed.
func (g *Graph) Outputs(e Edge) []Node { return g.span(e, explicitOut, implicitOut) }

// ExplicitOutputs returns the outputs that $out stands for.
func (g *Graph) ExplicitOutputs(e Edge) []Node { return g.span(e, explicitOut, explicitOut) }

// ImplicitOutputs returns the outputs written behind a |.
func (g *Graph) ImplicitOutputs(e Edge) []Node { return g.span(e, implicitOut, implicitOut) }

// Inputs returns all inputs of an edge: explicit, implicit, order-only.
func (g *Graph) Inputs(e Edge) []Node { return g.span(e, explicitIn, orderOnly) }

// ExplicitInputs returns the inputs that $in stands for.
func (g *Graph) ExplicitInputs(e Edge) []Node { return g.span(e, explicitIn, explicitIn) }

// ImplicitInputs returns the inputs written behind a |.
func (g *Graph) ImplicitInputs(e Edge) []Node { return g.span(e, implicitIn, implicitIn) }

// OrderOnlyInputs returns the inputs written behind a ||: they are made
// before the edge runs and do not make it run.
func (g *Graph) OrderOnlyInputs(e Edge) []Node { return g.span(e, orderOnly, orderOnly) }

// Validations returns the files written behind a |@: whoever builds the
// edge builds them too, in any order.
func (g *Graph) Validations(e Edge) []Node { return g.span(e, validation, validation) }

// Rule returns the rule of an edge.
func (g *Graph) Rule(e Edge) Rule { return Rule(g.edges[e].rule) }

// IsPhony reports whether an edge runs nothing.
func (g *Graph) IsPhony(e Edge) bool { return g.Rule(e) == Phony }

// RuleName returns the name of a rule.
func (g *Graph) RuleName(r Rule) string { return g.texts.text(g.rules[r].name) }

// RulePosition returns where a rule begins, without a column.
func (g *Graph) RulePosition(r Rule) Position {
	if r == Phony {
		return Position{}
	}
	return Position{File: g.files[g.rules[r].file], Line: int(g.rules[r].line)}
}

// Pool returns the pool of an edge.
func (g *Graph) Pool(e Edge) Pool { return Pool(g.edges[e].pool) }

// PoolName returns the name of a pool, "" for the default one.
func (g *Graph) PoolName(p Pool) string { return g.pools[p].name }

// PoolDepth returns how many edges of a pool may run at once, 0 for any number.
func (g *Graph) PoolDepth(p Pool) int { return g.pools[p].depth }

// Dyndep returns the file that tells more inputs and outputs of an edge, once
// it is made, if the edge has one; it is one of the inputs.
func (g *Graph) Dyndep(e Edge) (Node, bool) {
	n := g.edges[e].dyndep
	return Node(n), n != noNode
}

// Position returns where a build statement begins, without a column.
func (g *Graph) Position(e Edge) Position {
	return Position{File: g.files[g.edges[e].file], Line: int(g.edges[e].line)}
}

// DeclaredDefaults returns the targets of all default statements, in order and
// as often as they are named. See also Defaults.
func (g *Graph) DeclaredDefaults() []Node { return g.defaults }

// Files returns the names of all files that were read, each once, the main one
// first.
func (g *Graph) Files() []string { return g.files }

// Warnings returns what the author of the files should look at.
func (g *Graph) Warnings() []Warning { return g.warnings }

// Edges ranges over all edges in order.
func (g *Graph) Edges() iter.Seq[Edge] {
	return func(yield func(Edge) bool) {
		for e := range g.edges {
			if !yield(Edge(e)) {
				return
			}
		}
	}
}

// Bindings ranges over the variables that the statement of an edge sets itself,
// in order. Where a name comes twice, the last one counts.
func (g *Graph) Bindings(e Edge) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		d := &g.edges[e]
		for _, b := range g.binds[d.bind : d.bind+d.nind] {
			if !yield(g.texts.text(b.name), g.texts.text(b.value)) {
				return
			}
		}
	}
}
