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
	"slices"
	"strings"
	"sync"

	"erg.build/erg/contexts/ninja"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// Options are about how edges run.
type Options struct {
	Mtime     bool // every edge goes by time as well, as Ninja's do
	NoConsole bool // the terminal is not for edges

	// Base has what the actions of all edges have in common. What an edge
	// waits for is added to its Order; Name is put in front of its output's,
	// which is shown as it lies below Root.
	Base action.Spec
	// At spells a path of the graph as package action does; nil: as it is.
	At func(path string) string
	// Without are edges that are not part of the build. What they make is
	// there, or Made.
	Without map[ninja.Edge]bool
	// Made reports whether something else of the session makes a file, which
	// no edge does, and has it defined. nil: nothing does.
	Made func(t *engine.Task, path string) (bool, error)
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

// A Driver builds targets of one graph in one session. Several tasks may use
// it at the same time.
type Driver struct {
	g    *ninja.Graph
	opts Options

	tasks   sync.Mutex                  // guards what only tasks use; taken before mu and the engine's locks
	defined []bool                      // by edge
	read    map[ninja.Node]bool         // dyndep files
	makes   map[string]ninja.Edge       // what dyndep files added as outputs
	found   map[ninja.Edge][]ninja.Node // inputs that an edge was seen to read and others make

	mu    sync.Mutex               // guards added: the engine asks for edges at any time
	added map[ninja.Edge]*addition // by dyndep files
}

// An addition is what a dyndep file says of an edge.
type addition struct {
	inputs, outputs []string
	restat          bool
}

// New returns a driver for a session that has built nothing yet.
func New(g *ninja.Graph, o Options) *Driver {
	return &Driver{g: g, opts: o, defined: make([]bool, g.NumEdges()), added: map[ninja.Edge]*addition{},
		read: map[ninja.Node]bool{}, makes: map[string]ninja.Edge{}, found: map[ninja.Edge][]ninja.Node{}}
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
	Needed string     // by this output; "" for a target
	Edge   ninja.Edge // that makes it; NoEdge for a target
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
	all, err := d.Define(t, targets)
	if err != nil {
		return err
	}
	if err := t.Build(all...); err != nil {
		return err
	}
	d.tasks.Lock()
	defer d.tasks.Unlock()
	t.PruneRecords(d.g.NumEdges(), d.isMade)
	return nil
}

// Define defines what targets need. Nothing runs but what makes dyndep files.
// It returns what is to be built: the targets, and the validations of their
// edges.
func (d *Driver) Define(t *engine.Task, targets []ninja.Node) ([]string, error) {
	if d.opts.At == nil {
		t.Announce(func(path string) bool {
			n, ok := d.g.Lookup(path)
			return ok && d.producer(n) != ninja.NoEdge
		})
	}
	for {
		c := d.closure(t, targets)
		if err := d.checkCycles(c); err != nil {
			return nil, err
		}
		if err := d.checkLeaves(t, c); err != nil {
			return nil, err
		}
		if len(c.dyndeps) == 0 {
			if err := d.define(t, c.edges, nil); err != nil {
				return nil, err
			}
			return d.paths(c.targets), nil
		}
		if err := d.loadDyndeps(t, c); err != nil {
			return nil, err
		}
	}
}

// checkCycles fails if edges need each other.
func (d *Driver) checkCycles(c *closure) error {
	d.tasks.Lock()
	defer d.tasks.Unlock()
	_, err := d.g.OrderWith(c.targets, ninja.Additions{Inputs: d.addedInputs, Maker: d.addedBy})
	return err
}

// producer returns the edge that makes a file and is part of the build.
func (d *Driver) producer(n ninja.Node) ninja.Edge {
	e := d.g.Producer(n)
	if e != ninja.NoEdge && d.opts.Without[e] {
		return ninja.NoEdge
	}
	return e
}

// at spells a path of the graph as package action does.
func (d *Driver) at(path string) string {
	if d.opts.At == nil {
		return path
	}
	return d.opts.At(path)
}

func (d *Driver) path(n ninja.Node) string { return d.at(d.g.Path(n)) }

func (d *Driver) paths(nodes []ninja.Node) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = d.path(n)
	}
	return out
}

func (d *Driver) allAt(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = d.at(p)
	}
	return out
}

// define defines edges as actions, but for those in without.
func (d *Driver) define(t *engine.Task, edges []ninja.Edge, without map[ninja.Edge]bool) error {
	d.tasks.Lock()
	defer d.tasks.Unlock()
	for _, e := range edges {
		if d.defined[e] || without[e] {
			continue
		}
		d.defined[e] = true
		if err := d.defineEdge(t, e); err != nil {
			return err
		}
	}
	return nil
}

// defineEdge defines an edge: as a whole where it belongs to a context, else
// as something that the engine asks for when it looks at it.
func (d *Driver) defineEdge(t *engine.Task, e ninja.Edge) error {
	if d.opts.Base.Root == "" {
		return t.DefineFrom(d, uint32(e))
	}
	spec, err := d.spec(e)
	if err != nil {
		return err
	}
	return t.Define(spec)
}

// Spec implements engine.Source.
func (d *Driver) Spec(edge uint32) (action.Spec, error) { return d.spec(ninja.Edge(edge)) }

// Inputs implements engine.Source.
func (d *Driver) Inputs(edge uint32, f func(path string)) {
	e := ninja.Edge(edge)
	for _, n := range d.g.Inputs(e) {
		f(d.path(n))
	}
	for _, p := range d.opts.Base.Order {
		f(p)
	}
	if a := d.addition(e); a != nil {
		for _, p := range a.inputs {
			f(d.at(p))
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
			inputs = append(inputs, d.path(n))
		}
	}
	s := d.opts.Base
	s.Inputs, s.Outputs, s.Order = inputs, d.paths(g.Outputs(e)), d.paths(g.OrderOnlyInputs(e))
	if s.Name += s.Outputs[0]; s.Root != "" {
		s.Name = d.opts.Base.Name + strings.TrimPrefix(s.Outputs[0], s.Root+"/")
	}
	f := &action.Foreign{Phony: g.IsPhony(e)}
	s.Foreign = f
	if f.Phony {
		return s, nil
	}
	s.Order = append(slices.Clip(s.Order), d.opts.Base.Order...)
	f.Command, f.Description = g.Command(e), g.Binding(e, "description")
	f.Generator = g.Binding(e, "generator") != ""
	f.Restat = g.Binding(e, "restat") != ""
	if p := g.Rspfile(e); p != "" {
		f.Rspfile, f.RspContent = d.at(p), g.Binding(e, "rspfile_content")
	}
	f.Mtime = d.opts.Mtime || g.Binding(e, mtimeVar) != ""
	if p := g.Depfile(e); p != "" {
		s.Depfile = d.at(ninja.Canonical(p))
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
	f.Console = f.Console && !d.opts.NoConsole
	if a := d.addition(e); a != nil {
		s.Inputs, s.Outputs = append(s.Inputs, d.allAt(a.inputs)...), append(s.Outputs, d.allAt(a.outputs)...)
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
	case "msvc":
		s.Foreign.Includes = includesPrefix(d.g.Binding(e, "msvc_deps_prefix"))
	default:
		return &BadEdgeError{d.g.Path(d.g.Outputs(e)[0]), fmt.Sprintf("unknown deps type '%s'", kind)}
	}
	return nil
}
