// Package drive builds what a build.ninja file describes: it turns edges of
// the graph into actions of the engine and demands targets.
//
// Most of what makes Ninja's edges special is said by action.Foreign and done
// by the engine. What is left for this package is the order of things: which
// edges a target needs, which files must be there before anything runs, and
// dyndep files, which tell more of the graph once they are made.
package drive

import (
	"fmt"
	"sync"

	"erg.build/erg/contexts/ninja"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// Options are about how edges run.
type Options struct {
	KeepDepfile bool // with deps=gcc, too
	KeepRsp     bool // after success, too
	Mtime       bool // every edge goes by time as well, as Ninja's do
}

// Read reads a build file and those that it includes.
func Read(t *engine.Task, file string, keepPhonyCycles bool) (*ninja.Graph, error) {
	r := ninja.Reader{Open: t.ReadFile, KeepPhonyCycles: keepPhonyCycles}
	return r.Read(file)
}

// Hooks are what an engine that builds such graphs needs to know of commands.
func Hooks() action.Hooks {
	return action.Hooks{Split: ninja.SplitCommandIn, Includes: ninja.ShowIncludes}
}

// includesPrefix is the prefix of lines that tell what a compiler read.
func includesPrefix(set string) string {
	if set == "" {
		return ninja.EnglishShowIncludes
	}
	return set
}

// A Driver builds targets of one graph in one session.
type Driver struct {
	g    *ninja.Graph
	opts Options

	defined []bool                   // by edge
	mu      sync.Mutex               // guards added: the engine asks for edges at any time
	added   map[ninja.Edge]*addition // by dyndep files
	read    map[ninja.Node]bool      // dyndep files
	makes   map[string]ninja.Edge    // what dyndep files added as outputs
}

// An addition is what a dyndep file says of an edge.
type addition struct {
	inputs, outputs []string
	restat          bool
}

// New returns a driver for a session that has built nothing yet.
func New(g *ninja.Graph, o Options) *Driver {
	return &Driver{g: g, opts: o, defined: make([]bool, g.NumEdges()), added: map[ninja.Edge]*addition{},
		read: map[ninja.Node]bool{}, makes: map[string]ninja.Edge{}}
}

// Depend records that the goal depends on the files of the graph.
func (d *Driver) Depend(t *engine.Task) error {
	for _, f := range d.g.Files() {
		if _, err := t.FileDigest(f); err != nil {
			return err
		}
	}
	return nil
}

// A MissingError says that a file is not there and that no edge makes it.
type MissingError struct {
	Path   string
	Needed string // by this output; "" for a target
}

func (e *MissingError) Error() string {
	by := ""
	if e.Needed != "" {
		by = ", needed by '" + e.Needed + "',"
	}
	return fmt.Sprintf("'%s'%s missing and no known rule to make it", e.Path, by)
}

// A BadEdgeError says that the variables of an edge make no sense.
type BadEdgeError struct {
	Output string
	Reason string
}

func (e *BadEdgeError) Error() string { return e.Output + ": " + e.Reason }

// Build makes targets up to date.
func (d *Driver) Build(t *engine.Task, targets []ninja.Node) error {
	for {
		c := d.closure(targets)
		if _, err := d.g.OrderWith(c.targets, ninja.Additions{Inputs: d.addedInputs, Maker: d.addedBy}); err != nil {
			return err
		}
		if err := d.checkLeaves(t, c); err != nil {
			return err
		}
		if len(c.dyndeps) == 0 {
			if err := d.define(t, c.edges, nil); err != nil {
				return err
			}
			return t.Build(d.paths(c.targets)...)
		}
		if err := d.loadDyndeps(t, c); err != nil {
			return err
		}
	}
}

func (d *Driver) paths(nodes []ninja.Node) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = d.g.Path(n)
	}
	return out
}

// define defines edges as actions, but for those in without.
func (d *Driver) define(t *engine.Task, edges []ninja.Edge, without map[ninja.Edge]bool) error {
	for _, e := range edges {
		if d.defined[e] || without[e] {
			continue
		}
		d.defined[e] = true
		if err := t.DefineFrom(d, uint32(e)); err != nil {
			return err
		}
	}
	return nil
}

// Spec implements engine.Source.
func (d *Driver) Spec(edge uint32) (action.Spec, error) { return d.spec(ninja.Edge(edge)) }

// Inputs implements engine.Source.
func (d *Driver) Inputs(edge uint32, f func(path string)) {
	e := ninja.Edge(edge)
	for _, n := range d.g.Inputs(e) {
		f(d.g.Path(n))
	}
	if a := d.addition(e); a != nil {
		for _, p := range a.inputs {
			f(p)
		}
	}
}

// addition returns what a dyndep file says of an edge, nil if there is none.
func (d *Driver) addition(e ninja.Edge) *addition {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.added[e]
}

// mtimeVar is the variable of an edge, or of a file for all its edges, that
// makes time count. Ninja allows any variable but in rules.
const mtimeVar = "erg_mtime"

// spec describes an edge for the engine.
func (d *Driver) spec(e ninja.Edge) (action.Spec, error) {
	g := d.g
	explicit, implicit := g.ExplicitInputs(e), g.ImplicitInputs(e)
	inputs := make([]string, 0, len(explicit)+len(implicit))
	for _, list := range [...][]ninja.Node{explicit, implicit} {
		for _, n := range list {
			inputs = append(inputs, g.Path(n))
		}
	}
	s := action.Spec{Inputs: inputs, Order: d.paths(g.OrderOnlyInputs(e)), Outputs: d.paths(g.Outputs(e))}
	s.Name = s.Outputs[0]
	f := &action.Foreign{Phony: g.IsPhony(e)}
	s.Foreign = f
	if f.Phony {
		return s, nil
	}
	f.Command, f.Description = g.Command(e), g.Binding(e, "description")
	f.Generator = g.Binding(e, "generator") != ""
	f.Restat = g.Binding(e, "restat") != ""
	if f.Rspfile = g.Rspfile(e); f.Rspfile != "" {
		f.RspContent, f.KeepRsp = g.Binding(e, "rspfile_content"), d.opts.KeepRsp
	}
	f.Mtime = d.opts.Mtime || g.Binding(e, mtimeVar) != ""
	if p := g.Depfile(e); p != "" {
		s.Depfile = ninja.Canonical(p)
	}
	if err := d.deps(e, &s); err != nil {
		return s, err
	}
	if p := g.Pool(e); p != ninja.DefaultPool {
		if depth := g.PoolDepth(p); depth > 0 {
			s.Pool = action.Pool{Name: g.PoolName(p), Depth: depth}
		}
		f.Console = p == ninja.ConsolePool
	}
	// What talks to people, or writes the graph itself, does more than its
	// outputs show: it is never restored. Nor is what goes by time, since a
	// file that comes back is new.
	s.Local = f.Console || f.Generator || f.Mtime
	if a := d.addition(e); a != nil {
		s.Inputs, s.Outputs = append(s.Inputs, a.inputs...), append(s.Outputs, a.outputs...)
		f.Restat = f.Restat || a.restat
	}
	return s, nil
}

// deps says how an edge reports what it read.
func (d *Driver) deps(e ninja.Edge, s *action.Spec) error {
	switch kind := d.g.Binding(e, "deps"); kind {
	case "":
		s.Foreign.KeepDepfile = true
	case "gcc":
		if s.Depfile == "" {
			return &BadEdgeError{d.g.Path(d.g.Outputs(e)[0]), "edge with deps=gcc but no depfile makes no sense"}
		}
		s.Foreign.KeepDepfile = d.opts.KeepDepfile
	case "msvc":
		s.Foreign.Includes = includesPrefix(d.g.Binding(e, "msvc_deps_prefix"))
	default:
		return &BadEdgeError{d.g.Path(d.g.Outputs(e)[0]), fmt.Sprintf("unknown deps type '%s'", kind)}
	}
	return nil
}
