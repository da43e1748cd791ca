package ninja

import (
	"fmt"
	"math"
	"slices"
)

// buildStatement reads an edge. Its paths may use the variables that follow
// them, so that they are evaluated last.
func (p *parser) buildStatement() error {
	g := p.g
	start := p.last
	d := edge{scope: p.scope, file: p.fileID, line: p.lineAt(start), dyndep: noNode, bind: uint32(len(g.binds))}
	counts, rule, err := p.buildLine()
	if err != nil {
		return err
	}
	d.rule = rule
	for p.peekIndent() {
		key, _, t, err := p.let()
		if err != nil {
			return err
		}
		value := p.expand(t, nil)
		g.binds = append(g.binds, bind{g.texts.intern(key), g.texts.intern(value)})
		d.nind++
	}
	if err := p.setPool(&d, start); err != nil {
		return err
	}
	if err := p.link(&d, counts); err != nil {
		return err
	}
	if rule == uint32(Phony) && !p.KeepPhonyCycles {
		p.dropPhonyCycle(&d, start)
	}
	g.edges = append(g.edges, d)
	return p.setDyndep(&g.edges[len(g.edges)-1], start)
}

// peekIndent is peek(tokIndent) that is quick where another statement follows.
func (p *parser) peekIndent() bool {
	if p.at(p.pos) == 'b' {
		p.last = p.pos
		return false
	}
	return p.peek(tokIndent)
}

// buildLine reads a build statement without its variables. It leaves the paths in
// p.list and says how many there are of each kind.
func (p *parser) buildLine() (counts [linkKinds]int, rule uint32, err error) {
	p.list = p.list[:0]
	if err = p.paths(&counts[explicitOut]); err != nil {
		return
	}
	if p.peek(tokPipe) {
		if err = p.paths(&counts[implicitOut]); err != nil {
			return
		}
	}
	if len(p.list) == 0 {
		return counts, 0, p.errorAt(p.pos, "expected path")
	}
	if err = p.expect(tokColon); err != nil {
		return
	}
	if rule, err = p.findRule(); err != nil {
		return
	}
	if err = p.paths(&counts[explicitIn]); err != nil {
		return
	}
	for _, part := range [...]struct {
		token token
		kind  int
	}{{tokPipe, implicitIn}, {tokPipe2, orderOnly}, {tokPipeAt, validation}} {
		if p.at(p.pos) != '|' {
			break
		}
		if p.peek(part.token) {
			if err = p.paths(&counts[part.kind]); err != nil {
				return
			}
		}
	}
	return counts, rule, p.expect(tokNewline)
}

// paths reads a list of paths into p.list.
func (p *parser) paths(count *int) error {
	for {
		t, err := p.path()
		if err != nil {
			return err
		}
		if t.empty() {
			return nil
		}
		p.list = append(p.list, t)
		*count++
	}
}

// findRule reads the name of a rule and looks it up.
func (p *parser) findRule() (uint32, error) {
	name := p.ident()
	if name == nil {
		return 0, p.errorLast("expected build command name")
	}
	if string(name) == string(p.ruleName) {
		return p.rule, nil
	}
	if id, ok := p.g.texts.lookup(name); ok {
		for s := p.scope; s != noScope; s = p.g.scopes[s].parent {
			if r, ok := p.g.scopes[s].rules[id]; ok {
				p.ruleName, p.rule = name, r
				return r, nil
			}
		}
	}
	return 0, p.errorLast(fmt.Sprintf("unknown build rule '%s'", name))
}

// setPool finds the pool of an edge. Unlike the other variables of rules this
// one is evaluated at once, when $in and $out are still empty.
func (p *parser) setPool(d *edge, at int) error {
	v := eval{g: p.g, edge: d}
	name, ok := v.append(p.buf[:0], varPool)
	p.buf = name
	if !ok {
		return p.suspects[d.rule]
	}
	if len(name) == 0 {
		return nil
	}
	id, ok := p.pools[string(name)]
	if !ok {
		return p.errorAt(at, fmt.Sprintf("unknown pool name '%s'", name))
	}
	d.pool = id
	return nil
}

// link turns the paths in p.list into nodes and gives them to an edge.
func (p *parser) link(d *edge, counts [linkKinds]int) error {
	g := p.g
	if len(g.links)+len(p.list) > math.MaxUint32 {
		return p.errorLast("too many paths")
	}
	e := Edge(len(g.edges))
	list := p.list
	for kind, n := range counts {
		d.links[kind] = uint32(len(g.links))
		for _, t := range list[:n] {
			path, err := p.canonical(t, d)
			if err != nil {
				return err
			}
			node := g.paths.intern(path)
			if int(node) == len(g.producer) {
				g.producer = append(g.producer, NoEdge)
			}
			if kind <= implicitOut {
				if err := p.produce(e, node, t); err != nil {
					return err
				}
			}
			g.links = append(g.links, Node(node))
		}
		list = list[n:]
	}
	d.links[linkKinds] = uint32(len(g.links))
	return nil
}

// produce makes an edge the producer of a node.
func (p *parser) produce(e Edge, node uint32, t text) error {
	g := p.g
	switch other := g.producer[node]; other {
	case NoEdge:
		g.producer[node] = e
		return nil
	case e:
		return p.errorAt(t.start, g.paths.text(node)+" is defined as an output multiple times")
	default:
		pos := g.Position(other)
		return hint(p.errorAt(t.start, "multiple rules generate "+g.paths.text(node)), fmt.Sprintf(" (the other one is at %s:%d)", pos.File, pos.Line))
	}
}

// dropPhonyCycle removes the output of a phony from its inputs: CMake 2.8.12
// and 3.0 wrote such statements. Like Ninja it leaves other forms alone. The edge must be
// the last one.
func (p *parser) dropPhonyCycle(d *edge, at int) {
	g, l := p.g, &d.links
	if l[implicitIn] != l[orderOnly] || l[explicitIn]-l[explicitOut] != 1 || l[implicitOut] != l[explicitIn] {
		return
	}
	out := g.links[l[explicitOut]]
	isOut := func(n Node) bool { return n == out }
	if !slices.ContainsFunc(g.links[l[explicitIn]:l[validation]], isOut) {
		return
	}
	rest := slices.Clone(g.links[l[validation]:l[linkKinds]])
	ordered := slices.Clone(g.links[l[orderOnly]:l[validation]])
	explicit := slices.DeleteFunc(g.links[l[explicitIn]:l[implicitIn]], isOut)
	g.links = g.links[:int(l[explicitIn])+len(explicit)]
	l[implicitIn], l[orderOnly] = uint32(len(g.links)), uint32(len(g.links))
	g.links = append(g.links, slices.DeleteFunc(ordered, isOut)...)
	l[validation] = uint32(len(g.links))
	g.links = append(g.links, rest...)
	l[linkKinds] = uint32(len(g.links))
	p.warn(at, fmt.Sprintf("phony target '%s' names itself as an input; ignoring [-w phonycycle=warn]", g.Path(out)))
}

// setDyndep finds the dyndep file of an edge.
func (p *parser) setDyndep(d *edge, at int) error {
	v := eval{g: p.g, edge: d, plain: true}
	path, ok := v.append(p.buf[:0], varDyndep)
	p.buf = path
	if !ok {
		return p.suspects[d.rule]
	}
	if len(path) == 0 {
		return nil
	}
	p.canon = appendCanonical(p.canon[:0], path)
	id, ok := p.g.paths.lookup(p.canon)
	if !ok || !slices.Contains(p.g.links[d.links[explicitIn]:d.links[validation]], Node(id)) {
		return p.errorAt(at, fmt.Sprintf("dyndep '%s' is not an input", p.canon))
	}
	d.dyndep = id
	return nil
}
