package ninja

import (
	"fmt"
	"slices"
)

// A Dyndep is what a dyndep file adds to one edge.
type Dyndep struct {
	Edge    Edge
	Outputs []string // implicit ones, canonical; the graph may not know them
	Inputs  []string // implicit ones, canonical; the graph may not know them
	Restat  bool     // the edge has restat from now on
}

// ReadDyndep reads the content of a dyndep file of a graph, once it is made, and
// checks it against the graph: it must speak about exactly the edges that name
// it, and add no output that an edge makes already. What other
// dyndep files add is for the caller to check. The graph is not changed. Edges come in the order
// of the file.
func (g *Graph) ReadDyndep(file Node, data []byte) ([]Dyndep, error) {
	p := dyndepParser{g: g, parser: newBuilder(&Reader{}).parser(g.Path(file), data, 0, 0)}
	if err := p.statements(); err != nil {
		return nil, err
	}
	if err := p.check(file); err != nil {
		return nil, err
	}
	return p.all, nil
}

// A dyndepParser reads a dyndep file: a build file of few words. The graph of
// the parser in it is an empty one, for the variables.
type dyndepParser struct {
	*parser
	g       *Graph // that the edges are of
	version bool   // has been read
	all     []Dyndep
	at      []text // of each explicit output
	edges   map[Edge]bool
	outputs map[string]bool
}

const expectedVersion = "expected 'ninja_dyndep_version = ...'"

func (p *dyndepParser) statements() error {
	p.edges, p.outputs = map[Edge]bool{}, map[string]bool{}
	for {
		var err error
		switch t := p.token(); t {
		case tokNewline:
		case tokBuild:
			if !p.version {
				return p.errorLast(expectedVersion)
			}
			err = p.statement()
		case tokIdent:
			if p.version {
				return p.errorLast("unexpected " + t.String())
			}
			p.unread()
			err = p.readVersion()
		case tokEOF:
			if !p.version {
				return p.errorLast(expectedVersion)
			}
			return nil
		case tokError:
			err = p.errorLast(p.describe())
		default:
			err = p.errorLast("unexpected " + t.String())
		}
		if err != nil {
			return err
		}
	}
}

func (p *dyndepParser) readVersion() error {
	name, at, t, err := p.let()
	if err != nil {
		return err
	}
	if string(name) != "ninja_dyndep_version" {
		return p.errorAt(at, expectedVersion)
	}
	version := p.expand(t, nil)
	if major, minor := parseVersion(string(version)); major != 1 || minor != 0 {
		return p.errorAt(t.start, fmt.Sprintf("unsupported 'ninja_dyndep_version = %s'", version))
	}
	p.version = true
	return nil
}

// statement reads "build out | outs: dyndep | ins" and its variable.
func (p *dyndepParser) statement() error {
	var d Dyndep
	at, err := p.edge(&d)
	if err != nil {
		return err
	}
	outputs, err := p.implicit("explicit outputs not supported")
	if err != nil {
		return err
	}
	if err := p.expect(tokColon); err != nil {
		return err
	}
	if string(p.ident()) != "dyndep" {
		return p.errorLast("expected build command name 'dyndep'")
	}
	inputs, err := p.implicit("explicit inputs not supported")
	if err != nil {
		return err
	}
	if p.peek(tokPipe2) {
		return p.errorLast("order-only inputs not supported")
	}
	if err := p.expect(tokNewline); err != nil {
		return err
	}
	if p.peek(tokIndent) {
		name, at, t, err := p.let()
		if err != nil {
			return err
		}
		if string(name) != "restat" {
			return p.errorAt(at, "binding is not 'restat'")
		}
		d.Restat = len(p.expand(t, nil)) > 0
	}
	if d.Inputs, err = p.evaluate(inputs); err != nil {
		return err
	}
	if d.Outputs, err = p.evaluate(outputs); err != nil {
		return err
	}
	if err := p.produce(d.Outputs, outputs); err != nil {
		return err
	}
	p.all = append(p.all, d)
	p.at = append(p.at, at)
	return nil
}

// edge reads the explicit output and finds its edge.
func (p *dyndepParser) edge(d *Dyndep) (at text, err error) {
	at, err = p.path()
	if err != nil {
		return at, err
	}
	if at.empty() {
		return at, p.errorLast("expected path")
	}
	path, err := p.canonical(at, nil)
	if err != nil {
		return at, err
	}
	d.Edge = NoEdge
	if n, ok := p.g.paths.lookup(path); ok {
		d.Edge = p.g.Producer(Node(n))
	}
	if d.Edge == NoEdge {
		return at, p.errorAt(at.start, fmt.Sprintf("no build statement exists for '%s'", path))
	}
	if p.edges[d.Edge] {
		return at, p.errorAt(at.start, fmt.Sprintf("multiple statements for '%s'", path))
	}
	p.edges[d.Edge] = true
	return at, nil
}

// implicit reads the paths behind a |, if there is one, and complains about
// paths before it.
func (p *dyndepParser) implicit(complaint string) ([]text, error) {
	t, err := p.path()
	if err != nil {
		return nil, err
	}
	if !t.empty() {
		return nil, p.errorAt(t.start, complaint)
	}
	if !p.peek(tokPipe) {
		return nil, nil
	}
	p.list = p.list[:0]
	var count int
	err = p.paths(&count)
	return slices.Clone(p.list), err
}

// evaluate returns what paths stand for.
func (p *dyndepParser) evaluate(list []text) (paths []string, err error) {
	for _, t := range list {
		path, err := p.canonical(t, nil)
		if err != nil {
			return nil, err
		}
		paths = append(paths, string(path))
	}
	return paths, nil
}

// produce notes the outputs that a statement adds.
func (p *dyndepParser) produce(paths []string, at []text) error {
	for i, path := range paths {
		n, ok := p.g.Lookup(path)
		if p.outputs[path] || ok && p.g.Producer(n) != NoEdge {
			return noPlace(p.errorAt(at[i].start, "multiple rules generate "+path))
		}
		p.outputs[path] = true
	}
	return nil
}

// check compares the edges that the file speaks about with those that name it.
func (p *dyndepParser) check(file Node) error {
	for _, e := range p.g.Consumers(file) {
		if n, ok := p.g.Dyndep(e); ok && n == file && !p.edges[e] {
			return noPlace(p.errorAt(0, fmt.Sprintf("'%s' not mentioned in its dyndep file '%s'", p.g.Path(p.g.Outputs(e)[0]), p.file)))
		}
	}
	for i, d := range p.all {
		if n, ok := p.g.Dyndep(d.Edge); !ok || n != file {
			return noPlace(p.errorAt(p.at[i].start, fmt.Sprintf("dyndep file '%s' mentions output '%s' whose build statement does not have a dyndep binding for the file", p.file, p.g.Path(p.g.Outputs(d.Edge)[0]))))
		}
	}
	return nil
}
