package engine

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
)

// sched is the part of a session that decides what happens next. Nodes that
// wait are counters; only what is being prepared or runs has a goroutine.
// Lanes are held by running processes alone, so that a query that waits
// never keeps one.
type sched struct {
	mu       sync.Mutex
	idle     *sync.Cond
	outputs  map[string]outRef
	large    bool             // Options.Large was called
	outDirs  map[string]*node // directories that hold outputs, with one of those who need them
	wanted   []*node          // in the order of demand
	waiters  map[*node]int    // how many goroutines wait for a node
	ready    queue
	runnable queue
	lanes    []*node // what runs in each
	prep     int     // being prepared
	prepMax  int
	running  int
	chores   chan chore // for goroutines that have nothing to do
	keeping  bool       // pump is called by one that will have nothing to do
	kept     chore      // what it is to do
	catchUp  bool       // a batch is being looked at
	pools    map[string]*pool
	stopped  bool
	slots    slots
	memory   memory

	flights map[digest.Digest]*flight // by declared key
	groups  map[digest.Digest]*group  // by full key
	// lastMade are the nodes by the key of their record.
	lastMade map[digest.Digest][]*node
	lastID   int
	failures int

	gate   gate
	cooled map[event.Status]int // pieces of work of nodes of which no more is known
	saved  Savings              // by these
	tally
}

// An outRef says which output, of which node, a path is.
type outRef struct {
	n     *node
	index int
}

// A pool holds back what may not run while others of its name do.
type pool struct {
	running int
	held    queue
	shared  bool // with actions that name other pools beside it
}

func (c *sched) init(jobs int) {
	c.idle = sync.NewCond(&c.mu)
	c.outputs = map[string]outRef{}
	c.outDirs = map[string]*node{}
	c.waiters = map[*node]int{}
	c.lanes = make([]*node, jobs)
	c.prepMax = max(jobs, runtime.NumCPU())
	c.pools = map[string]*pool{}
	c.flights = map[digest.Digest]*flight{}
	c.lastMade = map[digest.Digest][]*node{}
	c.groups = map[digest.Digest]*group{}
	c.contexts = map[string]event.Count{}
	c.cooled = map[event.Status]int{}
	c.chores = make(chan chore)
}

// inputsReady is called when nothing is left to wait for. The caller holds mu.
func (s *Session) inputsReady(n *node) {
	if n.blocked || s.stopped {
		s.end(n, skipped)
		return
	}
	n.state = ready
	s.ready.put(n)
}

// end gives a node its last state and tells those who wait for it. The
// caller holds mu.
func (s *Session) end(n *node, st state) {
	if n.state.ended() {
		panic(fmt.Sprintf("engine: %q (%s) ends twice", n.spec.Name, n.id()))
	}
	n.state = st
	s.tally.ended(n)
	if n.done != nil {
		s.gate.active += s.waiters[n]
		close(n.done)
	}
	users := n.users
	n.users = nil
	for _, u := range users {
		u.pending--
		u.stirred = u.stirred || n.stirred
		if st == failed || st == skipped {
			u.blocked = true
		}
		if u.pending == 0 && u.state == waiting {
			s.inputsReady(u)
		}
	}
}

// pump starts what can be started. It is called after whatever may have
// changed that. The caller holds mu.
func (s *Session) pump() {
	for s.prep < s.prepMax && len(s.ready) > 0 && !s.crowded() && !s.patient() {
		n := s.ready.take()
		n.state = preparing
		s.prep++
		s.hand(chore{n, s.prepare})
	}
	var large []*node // which wait for memory
	for s.running < len(s.lanes) && len(s.runnable) > 0 && len(large) < lookBehind {
		n := s.runnable.take()
		if s.hold(n) {
			continue
		}
		if s.overloaded() {
			s.runnable.put(n)
			break
		}
		if p := s.full(n); p != nil {
			s.memory.unreserve(n)
			p.held.put(n)
			continue
		}
		if !s.fits(n) {
			large = append(large, n)
			continue
		}
		if !s.slot() {
			s.runnable.put(n)
			break
		}
		s.start(n)
	}
	for _, n := range large {
		s.runnable.put(n)
	}
	if s.openGate() {
		s.pump()
		return
	}
	s.report(false)
	if s.quiet() {
		s.idle.Broadcast()
		s.checkStuck()
	}
}

// maxWarm bounds how many actions of a foreign graph are looked at before
// they can run: what they need meanwhile adds up.
const maxWarm = 1024

// crowded reports whether enough actions wait to run. The queries of other
// graphs want to know of all actions what becomes of them before any runs.
func (s *Session) crowded() bool {
	return s.eng.opts.InPlace && len(s.runnable)+len(s.gate.held) >= maxWarm
}

// enough is how many actions that can run for each lane are so many that others
// are looked at by the batch, and batch how many these are.
const (
	enough = 4
	batch  = 64
)

// patient reports whether what is ready can wait until there is more of it: to
// have one looked at when a process ends costs two wakes of threads, and
// nothing but what runs first matters meanwhile. The caller holds mu.
func (s *Session) patient() bool {
	if !s.eng.opts.InPlace || s.running == 0 || len(s.runnable) < enough*len(s.lanes) || s.ready[0].before(s.runnable[0]) {
		return false
	}
	s.catchUp = len(s.ready) >= batch || s.catchUp && len(s.ready) > 1
	return !s.catchUp
}

// full returns a pool of a node that has no place for it, nil if none has.
func (s *Session) full(n *node) *pool {
	if name := n.spec.Pool.Name; name != "" {
		if p := s.pool(name); p.running >= max(n.spec.Pool.Depth, 1) {
			return p
		}
	}
	for _, l := range n.spec.Locks {
		if p := s.pool(l); p.running > 0 {
			return p
		}
	}
	return nil
}

// eachPool calls f for the pools of a node.
func (s *Session) eachPool(n *node, f func(*pool)) {
	if name := n.spec.Pool.Name; name != "" {
		f(s.pool(name))
	}
	for _, l := range n.spec.Locks {
		f(s.pool(l))
	}
}

func (s *Session) pool(name string) *pool {
	p := s.pools[name]
	if p == nil {
		p = &pool{}
		s.pools[name] = p
	}
	return p
}

// quiet reports whether nothing is under way. What a pool holds back does
// not count: something of that pool runs.
func (s *Session) quiet() bool {
	return s.prep == 0 && s.running == 0 && len(s.ready) == 0 && len(s.runnable) == 0 && len(s.gate.held) == 0
}

// checkStuck panics when somebody waits for a node and nothing is under way
// that could end it: better to say so than to hang. The caller holds mu.
func (s *Session) checkStuck() {
	for n := range s.waiters {
		if !n.state.ended() {
			panic("engine: stuck\n" + s.dump())
		}
	}
}

// dump describes the nodes that have not ended. The caller holds mu.
func (s *Session) dump() string {
	var b strings.Builder
	for _, n := range s.wanted {
		if !n.state.ended() {
			fmt.Fprintf(&b, "%s (%q): state %d, waits for %d inputs, %d waiters\n", n.id(), n.context(), n.state, n.pending, s.waiters[n])
		}
	}
	return b.String()
}

func (s *Session) start(n *node) {
	n.state = running
	s.running++
	s.memory.take(n)
	s.lendSlots(n)
	s.eachPool(n, func(p *pool) {
		p.running++
		p.shared = p.shared || len(n.spec.Locks) > 0
	})
	for i, other := range s.lanes {
		if other == nil {
			s.lanes[i], n.lane = n, i
			break
		}
	}
	n.group = s.newGroup(n)
	if f := s.flights[n.key]; f != nil && f.leader == n {
		for _, w := range f.followers {
			if s.sameOrder(w, n) {
				n.group.add(w)
			}
		}
	}
	if !n.traits.has(isProbe) {
		s.steps.Started++
		s.emit(event.ActionStarted{ID: n.group.id, Name: n.spec.Name, Contexts: n.group.list(), Lane: n.lane, At: time.Since(s.began), Output: n.id(), Steps: s.steps, Spec: n.spec})
	}
	t := chore{n, s.runNode}
	if s.keeping {
		s.kept, s.keeping = t, false
		return
	}
	s.hand(t)
}

// pumpOn is pump for a goroutine that has done a chore. It returns the next: a
// process to be started waits for no other thread to be woken. The caller
// holds mu.
func (s *Session) pumpOn() chore {
	s.keeping = true
	s.pump()
	t := s.kept
	s.keeping, s.kept = false, chore{}
	return t
}

// hand has a goroutine do a chore: one that has nothing to do and whose stack
// has grown already, or else a new one. The caller holds mu.
func (s *Session) hand(t chore) {
	select {
	case s.chores <- t:
	default:
		go t.work(s.chores)
	}
}

// A chore is something to do with a node. What does it returns the next one, or
// the zero chore.
type chore struct {
	n  *node
	do func(*node) chore
}

// work does chores until there will be none.
func (t chore) work(more <-chan chore) {
	for ok := true; ok; t, ok = <-more {
		for t.do != nil {
			t = t.do(t.n)
		}
	}
}

// ranNode frees what a run held. The caller holds mu.
func (s *Session) ranNode(n *node) {
	s.running--
	s.memory.free(n)
	s.freeSlot(n)
	s.lanes[n.lane] = nil
	s.eachPool(n, func(p *pool) {
		p.running--
		// The first of those held back may turn out to wait for another pool as
		// well, and must not keep the others from running then.
		for len(p.held) > 0 {
			first := p.held.take()
			s.runnable.put(first)
			if !p.shared && len(first.spec.Locks) == 0 {
				break
			}
		}
	})
}

// stop lets what runs come to its end and starts nothing more. The caller
// holds mu.
func (s *Session) stop() {
	s.stopped = true
	for len(s.ready) > 0 {
		s.end(s.ready.take(), skipped)
	}
	for len(s.runnable) > 0 {
		s.abandon(s.runnable.take())
	}
	for _, n := range s.gate.held {
		s.abandon(n)
	}
	s.gate.held = nil
	for _, p := range s.pools {
		for len(p.held) > 0 {
			s.abandon(p.held.take())
		}
	}
}

// drain waits until nothing runs.
func (s *Session) drain() {
	s.mu.Lock()
	s.pump()
	for !s.quiet() {
		s.idle.Wait()
	}
	for _, n := range s.wanted {
		if !n.state.ended() {
			panic("engine: stuck\n" + s.dump())
		}
	}
	s.report(true)
	close(s.chores)
	s.chores = make(chan chore)
	s.mu.Unlock()
	s.drainPublisher()
}
