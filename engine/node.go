package engine

import (
	"fmt"
	"path"
	"strings"
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
// spec, roots, old and identity, which do not change.
type node struct {
	spec     *action.Spec
	identity digest.Digest
	old      *trace.Action // the record of its last run, if any

	state   state
	pending int // inputs that are not up to date
	blocked bool
	users   []*node
	prio    time.Duration // the longest way from here to a goal, by the last durations
	done    chan struct{} // made when somebody waits
	group   *group

	key   digest.Digest // the declared key, once prepared
	outs  []trace.Out
	lane  int
	maybe bool // planning: it runs only if something before it changes

	rootsOnce sync.Once
	rootTable *action.Roots
}

func (n *node) id() string { return n.spec.Outputs[0] }

func (n *node) roots() *action.Roots {
	n.rootsOnce.Do(func() { n.rootTable = n.spec.Roots() })
	return n.rootTable
}

func (n *node) outDigest(p string) (digest.Digest, bool) {
	for _, o := range n.outs {
		if o.Path == p {
			return effective(o.Digest, o.Exec), true
		}
	}
	return digest.Digest{}, false
}

// lastTook is how long it may take, for the order and the time left.
func (n *node) lastTook() time.Duration {
	if n.old != nil && n.old.Took > 0 {
		return n.old.Took
	}
	return 100 * time.Millisecond
}

// A group is one piece of work: all nodes with the same full key.
type group struct {
	id       int
	name     string
	contexts map[string]bool
	status   event.Status
	finished bool
}

// A DuplicateOutputError says that two actions would make one file.
type DuplicateOutputError struct {
	Path          string
	First, Second *action.Spec
}

func (e *DuplicateOutputError) Error() string {
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
	for _, o := range spec.Outputs {
		if path.Clean(o) != o || !strings.HasPrefix(o, spec.Root+"/") || !action.IsOutput(spec.Root+"/x") {
			return &OutputPathError{Path: o, Root: spec.Root}
		}
	}
	n := &node{spec: &spec, identity: spec.Identity()}
	s.stateMu.Lock()
	n.old = s.eng.state.Actions[n.id()]
	s.stateMu.Unlock()
	t.cell.addDep(dep{leaf: "defines:" + n.id()})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range spec.Outputs {
		if p := s.outputs[o]; p != nil {
			if p.identity == n.identity {
				return nil
			}
			return &DuplicateOutputError{Path: o, First: p.spec, Second: n.spec}
		}
	}
	for _, o := range spec.Outputs {
		s.outputs[o] = n
	}
	return nil
}

// An AbsentError says that an action needs an artifact that none makes.
type AbsentError struct{ Path, Action string }

func (e *AbsentError) Error() string {
	return fmt.Sprintf("nothing makes %s, which %s needs", e.Path, e.Action)
}
