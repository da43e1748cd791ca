package engine

import (
	"errors"
	"io/fs"
	"sync"

	"erg.build/erg/engine/event"
	"erg.build/erg/engine/store"
	"erg.build/erg/engine/trace"
)

// publishers bounds how many results are written to the store at once.
const publishers = 4

// maxWaiting bounds how many results wait to be written.
const maxWaiting = 1024

// A publisher writes results to the store, off the critical path. What waits
// is a list, not a goroutine each.
type publisher struct {
	mu      sync.Mutex
	waiting []publication
	workers int
	idle    sync.WaitGroup
}

type publication struct {
	rec   *trace.Action
	entry store.Entry
}

// share publishes a result.
func (s *Session) share(n *node, rec *trace.Action) {
	if !s.storeOK.Load() {
		return
	}
	e := store.Entry{Message: n.roots().Template(string(rec.Message)), Took: rec.Took, Peak: rec.Peak}
	if rec.Baked {
		e.Location = s.location(n)
	}
	for _, d := range rec.Deps {
		if d.Discovered {
			e.Deps = append(e.Deps, store.Dep{Path: n.roots().Canonical(d.Path), Digest: d.Digest})
		}
	}
	for _, o := range rec.Outs {
		e.Outs = append(e.Outs, store.Blob{Digest: o.Digest.String(), Size: o.Size, Exec: o.Exec})
	}
	p := &s.publish
	job := publication{rec, e}
	p.mu.Lock()
	if len(p.waiting) >= maxWaiting {
		// The disk does not keep up: what waits would only pile up.
		p.mu.Unlock()
		s.publishNow(job)
		return
	}
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, job)
	if p.workers < publishers {
		p.workers++
		p.idle.Add(1)
		go s.publishAll()
	}
}

// publishAll publishes until nothing waits.
func (s *Session) publishAll() {
	p := &s.publish
	defer p.idle.Done()
	for {
		p.mu.Lock()
		if len(p.waiting) == 0 {
			p.workers--
			p.mu.Unlock()
			return
		}
		job := p.waiting[0]
		p.waiting[0] = publication{}
		p.waiting = p.waiting[1:]
		p.mu.Unlock()
		s.publishNow(job)
	}
}

func (s *Session) publishNow(job publication) {
	if err := s.publishOne(job); err != nil && s.storeOK.Swap(false) {
		s.message(event.Warning, "results are no longer stored: "+err.Error())
	}
}

func (s *Session) publishOne(job publication) error {
	if !s.storeOK.Load() {
		return nil
	}
	for _, o := range job.rec.Outs {
		err := s.eng.store.Add(o.Digest, s.eng.abs(o.Path))
		if errors.Is(err, store.ErrChanged) || errors.Is(err, fs.ErrNotExist) {
			return nil // somebody meddles with the outputs: this one is not stored
		}
		if err != nil {
			return err
		}
	}
	return s.eng.store.Put(job.rec.Key, job.entry)
}
