package engine

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/jobserver"
	"erg.build/erg/engine/sandbox"
	"erg.build/erg/engine/trace"
)

// A Mode says whether a session may run actions.
type Mode uint8

const (
	Build Mode = iota
	Plan       // run nothing but probes
)

// SessionOptions are those of one command.
type SessionOptions struct {
	Mode      Mode
	Goal      string  // what was asked for: the key of the goal in the trace
	Jobs      int     // processes at once; 0 for the machine's cores
	KeepGoing bool    // after a failure go on with all that does not need it
	Failures  int     // without KeepGoing: how many failures stop the build; 0 for the first
	MaxLoad   float64 // start nothing beside another process while the machine's load is above it; 0 for no limit
	// Memory is how many bytes processes may need at once, by what they needed
	// before; 0 for DefaultMemory, NoMemoryLimit for no limit.
	Memory int64
	// Jobserver is that of the program which runs this one: it has a say in how
	// many processes there are. nil: the session is the server.
	Jobserver *jobserver.Pool
	Environ   []string // of foreign actions, and of those that fetch
	// KeepRsp and KeepDepfiles leave files of foreign actions which nobody needs
	// any more, for who wants to look at them.
	KeepRsp, KeepDepfiles bool
	// KeepFailed keeps the directory in which a package was built, if that
	// failed.
	KeepFailed bool
	Rerun      bool       // run tests although they passed before
	Sink       event.Sink // must not call the session
	// BeforeRun, if set, is asked once, when all that can be evaluated
	// without running anything but probes has been, whether to run anything.
	BeforeRun func() bool
}

// A Session is one command's run over the graph.
type Session struct {
	eng   *Engine
	opts  SessionOptions
	ctx   context.Context
	rev   uint32
	began time.Time
	dirty atomic.Bool // the trace differs from what is on disk

	foreign     atomic.Bool     // there are foreign actions
	foreignDirs map[string]bool // where they run, below the build directory; guarded by mu

	cellMu sync.Mutex
	cells  map[cellKey]*cell

	leaves
	env map[string]string // guarded by leafMu

	stateMu sync.Mutex // guards eng.state

	eventMu sync.Mutex

	sched
	resumed *resumption // nil: the goal is evaluated
	planned planned
	logBad  atomic.Bool // a write to the trace's log failed
	publish publisher
	storeOK atomic.Bool // false once a write to the store failed

	guesses        guesses
	announced      []func(path string) bool // guarded by mu
	targetsOnce    sync.Once
	targets        []*trace.Action // of former builds, by target
	formerContexts map[string]bool
	scratchOnce    sync.Once
	scratches      atomic.Int64
	lastStamp      atomic.Int64 // nanoseconds: the latest stamp of an output
	epoch          atomic.Int64 // how many foreign processes have ended
	madeDirs       sync.Map     // of outputs of foreign actions
	incomplete     atomic.Bool  // something must be done again by the next build
	astray         atomic.Bool  // the goal must be evaluated again, see strays
	usesMu         sync.Mutex   // of the file with the lists of install trees
	sandboxOnce    sync.Once
	method         sandbox.Method
	tools          toolTrees
	shown          shownTools
	bakedOnce      sync.Once
}

// NewSession begins a session. One engine has one session at a time.
func (e *Engine) NewSession(ctx context.Context, o SessionOptions) *Session {
	e.load()
	if o.Sink == nil {
		o.Sink = event.SinkFunc(func(event.Event) {})
	}
	s := &Session{
		eng: e, opts: o, ctx: ctx, rev: e.state.Revision + 1, began: time.Now(),
		cells:  map[cellKey]*cell{},
		leaves: leaves{busy: map[trace.Row]chan struct{}{}, odd: map[trace.Row]oddLeaf{}},
		env:    map[string]string{},
	}
	s.sched.init(defaultJobs(o.Jobs))
	s.slots.pool, s.memory.limit = o.Jobserver, o.Memory
	s.storeOK.Store(e.store != nil)
	if e.repaired != "" {
		s.message(event.Warning, e.repaired)
		e.repaired = ""
	}
	return s
}

// scratchDir, in the state directory, holds files on their way to where they
// belong, and sandboxes: nothing in it outlives a session.
const scratchDir = "tmp"

// scratch returns the name of a file that is not there.
func (s *Session) scratch() string {
	s.scratchOnce.Do(func() {
		dir := filepath.Join(s.eng.stateDir, scratchDir)
		s.eng.fs.RemoveAll(dir) // a killed erg's
		s.eng.fs.MkdirAll(dir, 0o777)
	})
	return filepath.Join(s.eng.stateDir, scratchDir, strconv.FormatInt(s.scratches.Add(1), 10))
}

// Eval runs fn as the root query.
func (s *Session) Eval(fn func(t *Task) error) error {
	root := &cell{kind: "goal", label: s.opts.Goal, done: make(chan struct{}), waits: map[*cell]string{}}
	s.enter(1)
	err := fn(&Task{s: s, cell: root, ctx: s.ctx})
	s.leave()
	s.drain()
	s.closeSlots()
	return err
}

func (s *Session) emit(e event.Event) {
	s.eventMu.Lock()
	defer s.eventMu.Unlock()
	s.opts.Sink.Event(e)
}

func (s *Session) message(l event.Level, text string) {
	s.emit(event.Message{Level: l, Text: text})
}

// Message sends a line for people down the session's stream of events.
func (t *Task) Message(l event.Level, text string) { t.s.message(l, text) }

// ErrFailed says that an action failed. What failed, and how, was told by
// events.
var ErrFailed = errors.New("the build failed")

// producer returns the node that makes a path.
func (s *Session) producer(p string) *node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outputs[p].n
}

// inputDigest returns the digest with which a file counts as an input. An
// output counts as its producer made it.
func (s *Session) inputDigest(p string) (digest.Digest, error) {
	if s.isOutput(p) {
		if s.producer(p) == nil {
			if d, ok, err := s.recordedInput(p); ok {
				return d, err
			}
		}
		s.mu.Lock()
		ref := s.outputs[p]
		d, ok := ref.digest()
		if ref.n != nil && ref.n.volatile {
			s.incomplete.Store(true)
		}
		s.mu.Unlock()
		if ref.n != nil && !ok {
			return digest.Digest{}, errors.New(p + " is not up to date")
		}
		return d, nil
	}
	f, err := s.leaf(p, trace.Content)
	if err != nil {
		return digest.Digest{}, err
	}
	return f.Digest, nil
}
