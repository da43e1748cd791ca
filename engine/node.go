package engine

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"sync"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/trace"
)

// state is how far an action is. It only moves forward, except that a
// follower whose leader turned out different becomes ready again.
type state uint8

const (
	defined   state = iota // nobody wants it yet
	waiting                // for inputs
	ready                  // to be prepared
	preparing              //
	following              // an equal action of another context is under way
	runnable               // must run; waits for a lane
	running                //
	done                   // its outputs are there
	failed                 //
	skipped                // an input failed, or the build stopped
	restores               // planning: the store has it
	wouldRun               // planning
)

func (st state) ended() bool { return st >= done }

// A node is an action in a session. A large graph has very many that wait, or
// are done: what only those need that are being looked at is in hot.
//
// The scheduler's lock guards all but what does not change: source, ref, out,
// traits, took, and of hot spec, roots, old, identity and secret.
type node struct {
	*hot // nil for a lazy node that nobody looks at

	source Source // of a lazy node
	ref    uint32 // in source
	out    string // the path of the first output
	traits traits
	state  state

	visiting bool // see wanting
	blocked  bool // an input failed
	// volatile: what it stands for is not there, so that whoever uses it must
	// run in each build.
	volatile bool
	kept     bool // the trace has a record of it
	printed  bool // which says what it printed
	stirred  bool // this session made it, or something that it reads, anew

	pending int32         // inputs that are not up to date
	place   int32         // in in
	seq     int32         // its place in wanted
	took    time.Duration // how long it may take, for the order and the time left
	prio    time.Duration // the longest way from here to a goal, by the last durations
	in      *queue
	users   []*node
	done    chan struct{}   // made when somebody waits
	digests []digest.Digest // of its outputs, as consumers see them, once hot is gone
}

// traits are what a node is, from its definition on.
type traits uint8

const (
	isProbe   traits = 1 << iota
	isForeign        // see action.Foreign
	isPhony          // runs nothing
	isAlone          // what it makes is nobody else's
	hasInputs        // declared ones
	hasFound         // it was seen to read what it does not declare
)

func (t traits) has(x traits) bool { return t&x != 0 }

// hot is what a node needs while it is looked at or runs.
type hot struct {
	spec     *action.Spec
	identity digest.Digest
	old      *trace.Action // the record of its last run, if any
	secret   bool          // what it is told must not be printed

	nth   int // of all that were started
	group *group
	err   error // of a probe

	key   digest.Digest // the declared key, once prepared
	order digest.Digest // see orderSum
	outs  []trace.Out   // in the order of spec.Outputs
	from  []trace.Out   // planning: where an equal action has them
	lane  int

	foresight // planning

	readsOnce sync.Once
	reads     map[string]bool
	rootsOnce sync.Once
	rootTable *action.Roots
}

// mayRead reports whether an output is among the declared inputs.
func (n *node) mayRead(p string) bool {
	n.readsOnce.Do(func() {
		n.reads = make(map[string]bool, len(n.spec.Inputs)+len(n.spec.Order))
		for _, list := range [...][]string{n.spec.Inputs, n.spec.Order} {
			for _, p := range list {
				n.reads[p] = true
			}
		}
	})
	return n.reads[p]
}

func (n *node) id() string { return n.out }

func (n *node) roots() *action.Roots {
	n.rootsOnce.Do(func() { n.rootTable = n.spec.Roots() })
	return n.rootTable
}

// digest is what an output counts as, once it was made.
func (r outRef) digest() (digest.Digest, bool) {
	switch {
	case r.n == nil:
	case r.index < len(r.n.digests):
		return r.n.digests[r.index], true
	case r.n.hot != nil && r.index < len(r.n.outs):
		return seen(r.n.outs[r.index]), true
	}
	return digest.Digest{}, false
}

// seen is the digest with which consumers see an output.
func seen(o trace.Out) digest.Digest {
	if !o.Mark.IsZero() {
		return o.Mark
	}
	return effective(o.Digest, o.Exec)
}

// A group is one piece of work: all nodes with the same full key.
type group struct {
	id       int
	contexts []string // sorted
	status   event.Status
	finished bool          // it was told
	stirred  bool          // see node
	took     time.Duration // when it ran, which this session did without
	counted  int           // see Result
}

// A DuplicateOutputError says that two actions would make one file.
type DuplicateOutputError struct {
	Path          string
	First, Second *action.Spec
	Dir           bool // one makes it as a file, the other as a directory
}

func (e *DuplicateOutputError) Error() string {
	if e.Dir {
		return fmt.Sprintf("%s would be a file and a directory: by %s (%s) and by %s (%s)",
			e.Path, e.First.Name, e.First.Target, e.Second.Name, e.Second.Target)
	}
	return fmt.Sprintf("%s would be made twice: by %s (%s) and by %s (%s)",
		e.Path, e.First.Name, e.First.Target, e.Second.Name, e.Second.Target)
}

// An OutputPathError says that an action would write where it must not.
type OutputPathError struct{ Path, Root string }

func (e *OutputPathError) Error() string {
	return fmt.Sprintf("output %q lies outside of %s", e.Path, e.Root)
}

func (t *Task) define(spec action.Spec) error {
	if len(spec.Outputs) == 0 {
		panic("engine: action without outputs: " + spec.Name)
	}
	if spec.Foreign == nil {
		if err := checkOutputs(&spec); err != nil {
			return err
		}
		if spec.Install == nil && mentionsPrefix(&spec) {
			return &PrefixError{spec.Name}
		}
	}
	spec.Visible = t.s.visible(&spec)
	n := &node{out: spec.Outputs[0], hot: &hot{spec: &spec, identity: spec.Identity(), secret: t.cell.secret.Load()}}
	t.s.stateMu.Lock()
	n.old = t.s.eng.state.Action(n.out)
	t.s.stateMu.Unlock()
	n.describe(t.s, &spec, n.old)
	return t.s.enterNode(n, spec.Outputs)
}

// describe notes what of a specification and a record is always at hand.
func (n *node) describe(s *Session, spec *action.Spec, old *trace.Action) {
	f := spec.Foreign
	for _, x := range [...]struct {
		trait traits
		is    bool
	}{
		{isProbe, spec.Root == probeRoot}, {isForeign, f != nil}, {isPhony, f != nil && f.Phony},
		{isAlone, spec.Local || f != nil}, {hasInputs, len(spec.Inputs) > 0},
	} {
		if x.is {
			n.traits |= x.trait
		}
	}
	switch {
	case old != nil && old.Took > 0:
		n.took = old.Took
	default:
		n.took = cmp.Or(s.guessTook(kindOf(spec.Name, n.out)), firstGuess)
	}
	if f != nil && old != nil && slices.ContainsFunc(old.Deps, func(d trace.Dep) bool { return d.Discovered }) {
		n.traits |= hasFound
	}
}

// enterNode makes a node part of the graph.
func (s *Session) enterNode(n *node, outputs []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range outputs {
		if p := s.outputs[o].n; p != nil {
			s.heat(p)
			s.heat(n)
			if p.identity == n.identity {
				return nil
			}
			return &DuplicateOutputError{Path: o, First: p.spec, Second: n.spec}
		}
	}
	if n.traits.has(isForeign) {
		s.enterForeign(n)
	} else if err := s.enterDirs(n); err != nil {
		return err
	}
	s.register(n, outputs)
	return nil
}

// manyOutputs is from how many outputs on memory is worth more than the time
// that collecting it takes: those of a project of a thousand OCaml modules.
const manyOutputs = 4000

// register makes a node the one that makes its outputs, and lets equal ones
// find what it made. The caller holds mu.
func (s *Session) register(n *node, outputs []string) {
	for i, o := range outputs {
		s.outputs[o] = outRef{n, i}
	}
	if len(s.outputs) > manyOutputs && !s.large && s.eng.opts.Large != nil {
		s.large = true
		s.eng.opts.Large()
	}
	if !n.traits.has(isAlone) && n.old != nil && !n.old.Key.IsZero() {
		s.lastMade[n.old.Key] = append(s.lastMade[n.old.Key], n)
	}
}

// checkOutputs refuses outputs outside of the action's root, which nobody
// would look for and which could be anything.
func checkOutputs(spec *action.Spec) error {
	paths := spec.Outputs
	if spec.Depfile != "" {
		paths = append(slices.Clone(paths), spec.Depfile)
	}
	for _, m := range spec.Moves {
		paths = append(slices.Clone(paths), m.From)
	}
	for _, o := range paths {
		root, rest := action.RootOf(o)
		if path.Clean(o) != o || rest == "" || root != spec.Root || root == StateDir {
			return &OutputPathError{Path: o, Root: spec.Root}
		}
	}
	return nil
}

// enterDirs notes the directories of a node's outputs. None may be a file
// that another action makes: the two would take turns in destroying what the
// other made. The caller holds mu.
func (s *Session) enterDirs(n *node) error {
	for _, o := range n.spec.Outputs {
		if other := s.outDirs[o]; other != nil {
			return &DuplicateOutputError{Path: o, First: other.spec, Second: n.spec, Dir: true}
		}
		for d := path.Dir(o); len(d) > len(action.BuildDir); d = path.Dir(d) {
			if p := s.outputs[d].n; p != nil {
				return &DuplicateOutputError{Path: d, First: p.spec, Second: n.spec, Dir: true}
			}
			if s.outDirs[d] != nil {
				break // and so are those above it
			}
			s.outDirs[d] = n
		}
	}
	return nil
}

// An AbsentError says that an action, or, with no Action, the goal needs an
// artifact that no action makes.
type AbsentError struct{ Path, Action string }

func (e *AbsentError) Error() string {
	if e.Action == "" {
		return "nothing makes " + e.Path
	}
	return fmt.Sprintf("nothing makes %s, which %s needs", e.Path, e.Action)
}
