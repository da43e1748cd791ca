package drive

import (
	"fmt"
	"slices"

	"erg.build/erg/contexts/ninja"
	"erg.build/erg/engine"
)

// A closure is what targets need.
type closure struct {
	targets []ninja.Node // with the validations of all edges
	edges   []ninja.Edge // each once
	leaves  []leaf
	dyndeps []ninja.Node // files that have not been read yet
}

// A leaf is a file that no edge makes, and an edge that needs it, if any.
type leaf struct {
	path  string     // of the graph
	edge  ninja.Edge // NoEdge: it is a target
	order bool       // before the edge runs, no more
}

// closure collects what targets need: edges, in the order in which Ninja
// comes upon them, and the files that no edge makes.
func (d *Driver) closure(t *engine.Task, targets []ninja.Node) *closure {
	d.tasks.Lock()
	defer d.tasks.Unlock()
	c := &closure{targets: slices.Clone(targets)}
	clear(d.found)
	made := &engine.Sieve{Keep: d.isMade}
	seen := make([]bool, d.g.NumEdges())
	noted := make([]bool, d.g.NumNodes())
	var stack []ninja.Node
	for i := 0; i < len(c.targets); i++ {
		if d.producer(c.targets[i]) == ninja.NoEdge && d.addedBy(c.targets[i]) == ninja.NoEdge {
			c.leaves = append(c.leaves, leaf{d.g.Path(c.targets[i]), ninja.NoEdge, false})
			continue
		}
		stack = append(stack[:0], c.targets[i])
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			e := d.producer(n)
			if e == ninja.NoEdge {
				if e = d.addedBy(n); e == ninja.NoEdge {
					continue
				}
			}
			if seen[e] {
				continue
			}
			seen[e] = true
			d.find(t, e, made)
			stack = d.visit(c, e, stack, noted)
		}
	}
	return c
}

// addedBy returns the edge that makes a file according to a dyndep file.
func (d *Driver) addedBy(n ninja.Node) ninja.Edge {
	if len(d.makes) > 0 {
		if e, ok := d.makes[d.g.Path(n)]; ok {
			return e
		}
	}
	return ninja.NoEdge
}

// isMade reports whether an edge makes a file.
func (d *Driver) isMade(path string) bool {
	_, ok := d.made(path)
	return ok
}

// made returns an output of the edge that makes a file, if one does.
func (d *Driver) made(path string) (ninja.Node, bool) {
	if n, ok := d.g.Lookup(path); ok && d.producer(n) != ninja.NoEdge {
		return n, true
	}
	if maker, ok := d.makes[path]; ok {
		return d.g.Outputs(maker)[0], true
	}
	return 0, false
}

// find notes what an edge was seen to read, as far as other edges make it:
// that is brought up to date first, whether the graph says so or not. (In a
// context an edge may not read what it does not wait for.)
func (d *Driver) find(t *engine.Task, e ninja.Edge, made *engine.Sieve) {
	if d.opts.At != nil || d.g.IsPhony(e) || d.g.Depfile(e) == "" && d.g.Binding(e, "deps") == "" {
		return
	}
	for _, p := range t.Discovered(d.g.Path(d.g.Outputs(e)[0]), made) {
		if n, ok := d.made(p); ok && !slices.Contains(d.g.Inputs(e), n) {
			d.found[e] = append(d.found[e], n)
		}
	}
}

// addedInputs returns the inputs of an edge that others make and of which only
// dyndep files tell, or what it was seen to read.
func (d *Driver) addedInputs(e ninja.Edge) []ninja.Node {
	nodes := slices.Clip(d.found[e])
	if a := d.addition(e); a != nil {
		for _, p := range a.inputs {
			if n, ok := d.made(p); ok {
				nodes = append(nodes, n)
			}
		}
	}
	return nodes
}

// visit adds an edge to the closure and what it needs to the stack.
func (d *Driver) visit(c *closure, e ninja.Edge, stack []ninja.Node, noted []bool) []ninja.Node {
	g := d.g
	c.edges = append(c.edges, e)
	c.targets = append(c.targets, g.Validations(e)...)
	if f, ok := g.Dyndep(e); ok && !d.read[f] && !slices.Contains(c.dyndeps, f) {
		c.dyndeps = append(c.dyndeps, f)
	}
	at := len(stack)
	all := g.Inputs(e)
	order := len(all) - len(g.OrderOnlyInputs(e))
	for i, n := range all {
		if d.producer(n) != ninja.NoEdge || d.addedBy(n) != ninja.NoEdge {
			stack = append(stack, n)
		} else if !noted[n] {
			noted[n] = i < order // an input beats an order
			c.leaves = append(c.leaves, leaf{g.Path(n), e, i >= order})
		}
	}
	stack = append(stack, d.addedInputs(e)...)
	if a := d.addition(e); a != nil {
		for _, p := range a.inputs {
			if !d.isMade(p) {
				c.leaves = append(c.leaves, leaf{p, e, false})
			}
		}
	}
	slices.Reverse(stack[at:])
	return stack
}

// checkLeaves fails if a file is missing that something needs.
func (d *Driver) checkLeaves(t *engine.Task, c *closure) error {
	leaves, paths := make([]leaf, 0, len(c.leaves)), make([]string, 0, len(c.leaves))
	for _, l := range c.leaves {
		p := d.at(l.path)
		if d.opts.Made != nil {
			if made, err := d.opts.Made(t, p); err != nil {
				return err
			} else if made {
				continue
			}
		}
		leaves, paths = append(leaves, l), append(paths, p)
	}
	for _, i := range t.Missing(paths) {
		l := leaves[i]
		if l.edge == ninja.NoEdge {
			return &MissingError{Path: l.path, Edge: ninja.NoEdge}
		}
		if l.order && (d.g.IsPhony(l.edge) || len(t.Missing(d.paths(d.g.Outputs(l.edge)))) == 0) {
			continue // nothing is about to run that waits for it
		}
		return &MissingError{Path: l.path, Needed: d.g.Path(d.g.Outputs(l.edge)[0]), Edge: l.edge}
	}
	return nil
}

// loadDyndeps has dyndep files made and reads them. What does not wait for
// any of them is built at the same time.
func (d *Driver) loadDyndeps(t *engine.Task, c *closure) error {
	later := d.later(c)
	if err := d.define(t, c.edges, later); err != nil {
		return err
	}
	var now []ninja.Node
	var free []string
	for _, f := range c.dyndeps {
		e := d.producer(f)
		if e == ninja.NoEdge || !later[e] {
			now = append(now, f)
		}
	}
	if len(now) == 0 {
		return fmt.Errorf("dyndep files wait for each other: '%s'", d.g.Path(c.dyndeps[0]))
	}
	for _, e := range c.edges {
		if !later[e] && !d.g.IsPhony(e) {
			free = append(free, d.path(d.g.Outputs(e)[0]))
		}
	}
	if err := t.Demand(free...); err != nil {
		return err
	}
	if err := t.Build(d.paths(now)...); err != nil {
		return err
	}
	for _, f := range now {
		if err := d.loadDyndep(t, f); err != nil {
			return err
		}
	}
	return nil
}

// later returns the edges that wait for a dyndep file which was not read.
func (d *Driver) later(c *closure) map[ninja.Edge]bool {
	d.tasks.Lock()
	defer d.tasks.Unlock()
	later := map[ninja.Edge]bool{}
	var queue []ninja.Edge
	for _, e := range c.edges {
		if f, ok := d.g.Dyndep(e); ok && !d.read[f] {
			later[e] = true
			queue = append(queue, e)
		}
	}
	for len(queue) > 0 {
		e := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, o := range d.g.Outputs(e) {
			for _, u := range d.g.Consumers(o) {
				if !later[u] {
					later[u] = true
					queue = append(queue, u)
				}
			}
		}
	}
	return later
}

// loadDyndep reads a dyndep file that is up to date.
func (d *Driver) loadDyndep(t *engine.Task, f ninja.Node) error {
	content, err := t.Content(d.path(f))
	if err != nil {
		return fmt.Errorf("loading '%s': %w", d.g.Path(f), err)
	}
	if !content.Known {
		return engine.ErrUnknown
	}
	all, err := d.g.ReadDyndep(f, content.Bytes)
	if err != nil {
		return err
	}
	d.tasks.Lock()
	defer d.tasks.Unlock()
	d.read[f] = true
	for _, x := range all {
		d.mu.Lock()
		d.added[x.Edge] = &addition{inputs: x.Inputs, outputs: x.Outputs, restat: x.Restat}
		d.mu.Unlock()
		for _, o := range x.Outputs {
			if other, ok := d.makes[o]; ok && other != x.Edge {
				return fmt.Errorf("multiple rules generate %s", o)
			}
			d.makes[o] = x.Edge
		}
	}
	return nil
}
