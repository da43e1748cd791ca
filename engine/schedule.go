package engine

import (
	"container/heap"
	"context"
	"runtime"
	"sync"
	"time"

	"erg.build/erg/engine/action"
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
	outputs  map[string]*node
	wanted   []*node // in the order of demand
	ready    queue
	runnable queue
	lanes    []bool // taken
	prep     int    // being prepared
	probeMu  sync.Mutex
	prepMax  int
	running  int
	pools    map[string]int
	stopped  bool
	stopOnce sync.Once

	flights map[digest.Digest]*flight // by declared key
	groups  map[digest.Digest]*group  // by full key
	lastID  int

	finished int
	progress time.Time
}

// A flight is an action under way, and those that are equal to it and wait.
type flight struct {
	leader    *node
	followers []*node
	made      []*node // that ended well with this declared key, in this session
}

func (c *sched) init(jobs int) {
	c.idle = sync.NewCond(&c.mu)
	c.outputs = map[string]*node{}
	c.lanes = make([]bool, jobs)
	c.prepMax = max(jobs, runtime.NumCPU())
	c.pools = map[string]int{}
	c.flights = map[digest.Digest]*flight{}
	c.groups = map[digest.Digest]*group{}
}

// A queue hands out the node on the longest way to a goal first.
type queue []*node

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].prio > q[j].prio }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*node)) }
func (q *queue) Pop() any {
	old := *q
	n := old[len(old)-1]
	*q = old[:len(old)-1]
	return n
}

// want demands a node: it, and what it needs, will be made up to date. The
// caller holds mu.
func (s *Session) want(n *node, prio time.Duration) error {
	prio += n.lastTook()
	if n.state != defined {
		if prio > n.prio && !n.state.ended() {
			s.raise(n, prio)
		}
		return nil
	}
	n.state, n.prio = waiting, prio
	s.wanted = append(s.wanted, n)
	for _, list := range [...][]string{n.spec.Inputs, n.spec.Order} {
		for _, p := range list {
			if !action.IsOutput(p) {
				continue
			}
			in := s.outputs[p]
			if in == nil {
				s.fail(n, &AbsentError{Path: p, Action: n.spec.Name})
				return nil
			}
			if err := s.want(in, prio); err != nil {
				return err
			}
			switch {
			case in.state == failed || in.state == skipped:
				n.blocked = true
			case !in.state.ended():
				n.pending++
				in.users = append(in.users, n)
			}
		}
	}
	if n.pending == 0 && !n.state.ended() {
		s.inputsReady(n)
	}
	return nil
}

// raise moves a node, and what it waits for, nearer to the front.
func (s *Session) raise(n *node, prio time.Duration) {
	n.prio = prio
	for _, list := range [...][]string{n.spec.Inputs, n.spec.Order} {
		for _, p := range list {
			in := s.outputs[p]
			if in == nil || in.state.ended() {
				continue
			}
			if more := prio + in.lastTook(); more > in.prio {
				s.raise(in, more)
			}
		}
	}
	// Heaps are repaired lazily: a node that is queued already keeps its
	// place until its neighbours move, which costs order, not correctness.
}

// inputsReady is called when nothing is left to wait for. The caller holds mu.
func (s *Session) inputsReady(n *node) {
	if n.blocked || s.stopped {
		s.end(n, skipped)
		return
	}
	n.state = ready
	heap.Push(&s.ready, n)
}

// end gives a node its last state and tells those who wait for it. The
// caller holds mu.
func (s *Session) end(n *node, st state) {
	n.state = st
	s.finished++
	if n.done != nil {
		close(n.done)
	}
	users := n.users
	n.users = nil
	for _, u := range users {
		u.pending--
		if st == failed || st == skipped {
			u.blocked = true
		}
		if u.pending == 0 && u.state == waiting {
			s.inputsReady(u)
		}
	}
}

// pump starts what can be started. The caller holds mu.
func (s *Session) pump() {
	for s.prep < s.prepMax && len(s.ready) > 0 {
		n := heap.Pop(&s.ready).(*node)
		if s.stopped {
			s.end(n, skipped)
			continue
		}
		n.state = preparing
		s.prep++
		go s.prepare(n)
	}
	var held []*node
	for s.running < len(s.lanes) && len(s.runnable) > 0 {
		n := heap.Pop(&s.runnable).(*node)
		if s.stopped {
			s.abandon(n)
			continue
		}
		if p := n.spec.Pool; p.Name != "" && s.pools[p.Name] >= max(p.Depth, 1) {
			held = append(held, n)
			continue
		}
		s.start(n)
	}
	for _, n := range held {
		heap.Push(&s.runnable, n)
	}
	s.report(false)
	if s.quiet() {
		s.idle.Broadcast()
	}
}

func (s *Session) quiet() bool {
	return s.prep == 0 && s.running == 0 && len(s.ready) == 0 && len(s.runnable) == 0
}

func (s *Session) start(n *node) {
	n.state = running
	s.running++
	s.pools[n.spec.Pool.Name]++
	for i, taken := range s.lanes {
		if !taken {
			s.lanes[i], n.lane = true, i
			break
		}
	}
	s.lastID++
	n.group = &group{id: s.lastID, name: n.spec.Name, contexts: map[string]bool{}}
	n.group.add(n)
	for _, f := range s.flights[n.key].followers {
		n.group.add(f)
	}
	s.emit(event.ActionStarted{ID: n.group.id, Name: n.spec.Name, Contexts: n.group.list(), Lane: n.lane, At: time.Since(s.began)})
	go s.runNode(n)
}

// ranNode frees what a run held. The caller holds mu.
func (s *Session) ranNode(n *node) {
	s.running--
	s.pools[n.spec.Pool.Name]--
	s.lanes[n.lane] = false
}

// abandon ends a node that was to run when the build stopped, and its
// followers. The caller holds mu.
func (s *Session) abandon(n *node) {
	f := s.flights[n.key]
	s.end(n, skipped)
	if f != nil && f.leader == n {
		f.leader = nil
		for _, w := range f.followers {
			s.end(w, skipped)
		}
		f.followers = nil
	}
}

// stop lets what runs come to its end and starts nothing more. The caller
// holds mu.
func (s *Session) stop() {
	s.stopped = true
	for len(s.ready) > 0 {
		s.end(heap.Pop(&s.ready).(*node), skipped)
	}
	for len(s.runnable) > 0 {
		s.abandon(heap.Pop(&s.runnable).(*node))
	}
}

// drain waits until nothing runs.
func (s *Session) drain() {
	s.mu.Lock()
	s.pump()
	for !s.quiet() {
		s.idle.Wait()
	}
	s.report(true)
	s.mu.Unlock()
	s.publish.Wait()
}

// await waits for nodes, which were demanded.
func (s *Session) await(ctx context.Context, nodes []*node) error {
	bad := false
	for _, n := range nodes {
		s.mu.Lock()
		ended := n.state.ended()
		if !ended && n.done == nil {
			n.done = make(chan struct{})
		}
		ch := n.done
		s.mu.Unlock()
		if !ended {
			select {
			case <-ch:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		s.mu.Lock()
		bad = bad || n.state == failed || n.state == skipped
		s.mu.Unlock()
	}
	if bad {
		return ErrFailed
	}
	return nil
}

func (t *Task) build(paths []string) error {
	nodes, err := t.demandPaths(paths)
	if err != nil {
		return err
	}
	return t.s.await(t.ctx, nodes)
}

func (t *Task) demandPaths(paths []string) ([]*node, error) {
	s := t.s
	var nodes []*node
	for _, p := range paths {
		t.cell.addDep(dep{leaf: "action:" + p})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		if !action.IsOutput(p) {
			continue
		}
		n := s.outputs[p]
		if n == nil {
			return nil, &AbsentError{Path: p, Action: t.cell.label}
		}
		if err := s.want(n, 0); err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	s.pump()
	return nodes, nil
}
