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

// A node is an action in a session. The scheduler's lock guards all but
// spec, roots, old, identity and secret, which do not change.
type node struct {
	spec     *action.Spec
	identity digest.Digest
	old      *trace.Action // the record of its last run, if any

	state    state
	visiting bool // see wanting
	blocked  bool
	pending  int // inputs that are not up to date
	users    []*node
	prio     time.Duration // the longest way from here to a goal, by the last durations
	guess    time.Duration // how long it may take, if it never ran
	nth      int           // of all that were started
	in       *queue
	place    int           // in it
	seq      int           // its place in wanted
	done     chan struct{} // made when somebody waits
	group    *group
	err      error // of a probe

	key    digest.Digest // the declared key, once prepared
	order  digest.Digest // see orderSum
	outs   []trace.Out   // in the order of spec.Outputs
	from   []trace.Out   // planning: where an equal action has them
	lane   int
	secret bool // what it is told must not be printed
	// volatile: what it stands for is not there, so that whoever uses it
	// must run in each build.
	volatile bool

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

func (n *node) id() string { return n.spec.Outputs[0] }

func (n *node) roots() *action.Roots {
	n.rootsOnce.Do(func() { n.rootTable = n.spec.Roots() })
	return n.rootTable
}

// digest is what an output counts as, once it was made.
func (r outRef) digest() (digest.Digest, bool) {
	if r.n == nil || r.index >= len(r.n.outs) {
		return digest.Digest{}, false
	}
	return seen(r.n.outs[r.index]), true
}

// seen is the digest with which consumers see an output.
func seen(o trace.Out) digest.Digest {
	if !o.Mark.IsZero() {
		return o.Mark
	}
	return effective(o.Digest, o.Exec)
}

// lastTook is how long it may take, for the order and the time left.
func (n *node) lastTook() time.Duration {
	if n.old != nil && n.old.Took > 0 {
		return n.old.Took
	}
	return cmp.Or(n.guess, firstGuess)
}

// A group is one piece of work: all nodes with the same full key.
type group struct {
	id       int
	contexts []string // sorted
	status   event.Status
	finished bool // it was told
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
	s := t.s
	if len(spec.Outputs) == 0 {
		panic("engine: action without outputs: " + spec.Name)
	}
	if spec.Foreign == nil {
		if err := checkOutputs(&spec); err != nil {
			return err
		}
	}
	n := &node{spec: &spec, identity: spec.Identity(), secret: t.cell.secret.Load()}
	s.stateMu.Lock()
	n.old = s.eng.state.Action(n.id())
	s.stateMu.Unlock()
	if n.old == nil || n.old.Took == 0 {
		n.guess = s.guessTook(kindOf(spec.Name, n.id()))
	}
	t.cell.addDep(dep{leaf: "defines:" + n.id()})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range spec.Outputs {
		if p := s.outputs[o].n; p != nil {
			if p.identity == n.identity {
				return nil
			}
			return &DuplicateOutputError{Path: o, First: p.spec, Second: n.spec}
		}
	}
	if spec.Foreign == nil {
		if err := s.enterDirs(n); err != nil {
			return err
		}
	}
	for i, o := range spec.Outputs {
		s.outputs[o] = outRef{n, i}
	}
	if n.old != nil && !n.old.Key.IsZero() && !spec.Local {
		s.lastMade[n.old.Key] = append(s.lastMade[n.old.Key], n)
	}
	return nil
}

// checkOutputs refuses outputs outside of the action's root, which nobody
// would look for and which could be anything.
func checkOutputs(spec *action.Spec) error {
	paths := spec.Outputs
	if spec.Depfile != "" {
		paths = append(slices.Clone(paths), spec.Depfile)
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

// An AbsentError says that an action needs an artifact that none makes.
type AbsentError struct{ Path, Action string }

func (e *AbsentError) Error() string {
	return fmt.Sprintf("nothing makes %s, which %s needs", e.Path, e.Action)
}
