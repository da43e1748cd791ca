package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// A cell is a query applied to a key, in one session: it is computed at most
// once, in the goroutine that first demanded it.
type cell struct {
	kind, label string
	done        chan struct{}
	value       any
	err         error

	mu      sync.Mutex
	deps    []dep
	note    *Note
	secret  atomic.Bool      // it depends on something sensitive
	waiters int              // guarded by Session.cellMu
	waits   map[*cell]string // guarded by Session.cellMu: what its tasks wait for, and from where
}

type cellKey struct {
	query any
	key   any
}

// A dep is something a query learnt: another cell, a leaf or an action.
type dep struct {
	cell *cell
	leaf string // as in trace.Element.Deps
}

func (c *cell) addDep(d dep) {
	c.mu.Lock()
	c.deps = append(c.deps, d)
	c.mu.Unlock()
}

// A CycleError says that queries wait for each other.
type CycleError struct {
	Links []Link // the last one leads back to the first
}

// A Link is one step of a cycle: at Site, From demands To.
type Link struct {
	From, To string
	FromKind string
	ToKind   string
	Site     string
}

func (e *CycleError) Error() string {
	var b strings.Builder
	b.WriteString("cycle:")
	for _, l := range e.Links {
		fmt.Fprintf(&b, "\n  %s -> %s", l.From, l.To)
		if l.Site != "" {
			fmt.Fprintf(&b, " (%s)", l.Site)
		}
	}
	return b.String()
}

func (t *Task) demand(k cellKey, label, kind string, fn func(*Task) (any, error)) (any, error) {
	s := t.s
	s.cellMu.Lock()
	c := s.cells[k]
	owner := c == nil
	if owner {
		c = &cell{kind: kind, label: label, done: make(chan struct{}), waits: map[*cell]string{}}
		s.cells[k] = c
	}
	finished := false
	select {
	case <-c.done:
		finished = true
	default:
	}
	if !finished {
		if !owner { // a new cell waits for nobody
			if cycle := findCycle(t.cell, c, t.site); cycle != nil {
				s.cellMu.Unlock()
				return nil, cycle
			}
		}
		t.cell.waits[c] = t.site
		if !owner {
			c.waiters++
		}
	}
	s.cellMu.Unlock()
	t.cell.addDep(dep{cell: c})
	if owner {
		sub := &Task{s: s, cell: c, ctx: t.ctx}
		c.value, c.err = fn(sub)
		s.cellMu.Lock()
		s.enter(c.waiters) // they go on from here, before this goroutine can stop
		close(c.done)
		s.cellMu.Unlock()
	} else if !finished {
		s.leave()
		select {
		case <-c.done:
		case <-t.ctx.Done():
			return nil, context.Cause(t.ctx)
		}
	}
	if !finished {
		s.cellMu.Lock()
		delete(t.cell.waits, c)
		s.cellMu.Unlock()
	}
	if c.secret.Load() {
		t.cell.secret.Store(true)
	}
	return c.value, c.err
}

// findCycle returns the ring that from would close by waiting for to. The
// caller holds cellMu.
func findCycle(from, to *cell, site string) *CycleError {
	seen := map[*cell]bool{}
	var path []Link
	var walk func(c *cell) bool
	walk = func(c *cell) bool {
		if c == from {
			return true
		}
		if seen[c] {
			return false
		}
		seen[c] = true
		for next, at := range c.waits {
			path = append(path, Link{From: c.label, FromKind: c.kind, To: next.label, ToKind: next.kind, Site: at})
			if walk(next) {
				return true
			}
			path = path[:len(path)-1]
		}
		return false
	}
	path = append(path, Link{From: from.label, FromKind: from.kind, To: to.label, ToKind: to.kind, Site: site})
	if !walk(to) {
		return nil
	}
	return &CycleError{Links: path}
}

func (t *Task) note(n Note) {
	t.cell.mu.Lock()
	t.cell.note = &n
	t.cell.mu.Unlock()
	if n.Sensitive {
		t.cell.secret.Store(true)
	}
}

func (t *Task) run(fns []func(*Task) error) error {
	errs := make([]error, len(fns))
	if len(fns) == 0 {
		return nil
	}
	t.s.enter(len(fns) - 1) // the first takes this goroutine's place, and the last gives it back
	var left atomic.Int64
	left.Store(int64(len(fns)))
	var wg sync.WaitGroup
	for i, fn := range fns {
		sub := &Task{s: t.s, cell: t.cell, ctx: t.ctx, site: t.site}
		wg.Go(func() {
			errs[i] = fn(sub)
			if left.Add(-1) > 0 {
				t.s.leave()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
