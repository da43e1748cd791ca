package engine

import (
	"errors"
	"io/fs"
	"slices"
	"sync"
	"time"

	"erg.build/erg/engine/event"
	"erg.build/erg/engine/store"
	"erg.build/erg/engine/trace"
)

// publishers bounds how many results are copied to the store at once.
const publishers = 4

// Results are written to the store many at a time: as many as this, as much
// content, and after this time what there is.
const (
	batchLen   = 256
	batchBytes = 1 << 20
	batchDelay = time.Second
)

// maxWaiting bounds how many results wait to be written.
const maxWaiting = 4 * batchLen

// A publisher writes results to the store, off the critical path. What waits
// is a list, not a goroutine each.
type publisher struct {
	mu      sync.Mutex
	waiting []publication
	bytes   int  // of content that waits
	copies  int  // how many wait of which files are to be copied
	due     bool // what waits is to be written, however little it is
	timer   *time.Timer
	workers int
	idle    sync.WaitGroup
}

type publication struct {
	rec   *trace.Action
	texts []text // of outputs; those of which nothing is left are to be copied
	entry store.Entry
}

// copies reports whether files are to be copied.
func (j *publication) copies() bool {
	return slices.ContainsFunc(j.texts, func(t text) bool { return t.content == nil && t.draft == nil })
}

func (j *publication) bytes() (n int) {
	for _, t := range j.texts {
		n += len(t.content)
	}
	return n
}

// share publishes a result. The texts are those of its outputs.
func (s *Session) share(n *node, rec *trace.Action, texts []text) {
	if !s.storeOK.Load() {
		dropDrafts(texts)
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
	job := publication{rec, texts, e}
	p := &s.publish
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) >= maxWaiting {
		// The disk does not keep up: what waits would only pile up.
		p.mu.Unlock()
		s.publishNow([]publication{job})
		p.mu.Lock()
		return
	}
	p.waiting = append(p.waiting, job)
	p.bytes += job.bytes()
	if job.copies() {
		p.copies++
	}
	switch {
	case p.ready():
		s.publishWaiting()
	case p.timer == nil:
		p.timer = time.AfterFunc(batchDelay, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.due = len(p.waiting) > 0
			s.publishWaiting()
		})
	}
}

// ready reports whether what waits is worth writing. The caller holds mu.
func (p *publisher) ready() bool {
	return len(p.waiting) > 0 && (p.due || p.copies > 0 || p.bytes >= batchBytes || len(p.waiting) >= batchLen)
}

// publishWaiting starts writing. The caller holds publish.mu.
func (s *Session) publishWaiting() {
	p := &s.publish
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	if p.ready() && p.workers < publishers {
		p.workers++
		p.idle.Add(1)
		go s.publishAll()
	}
}

// drainPublisher returns when all is written.
func (s *Session) drainPublisher() {
	p := &s.publish
	p.mu.Lock()
	p.due = len(p.waiting) > 0
	s.publishWaiting()
	p.mu.Unlock()
	p.idle.Wait()
}

// publishAll publishes until what waits is too little.
func (s *Session) publishAll() {
	p := &s.publish
	defer p.idle.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.ready() {
		jobs := p.take()
		p.mu.Unlock()
		s.publishNow(jobs)
		p.mu.Lock()
	}
	p.workers--
}

// take takes what one worker writes: no more than one result of which files
// are to be copied, so that several workers copy. The caller holds mu.
func (p *publisher) take() []publication {
	n := 0
	for copies := false; n < min(len(p.waiting), batchLen) && !copies; n++ {
		j := &p.waiting[n]
		p.bytes -= j.bytes()
		if copies = j.copies(); copies {
			p.copies--
		}
	}
	jobs := slices.Clone(p.waiting[:n])
	clear(p.waiting[:n])
	if p.waiting = p.waiting[n:]; len(p.waiting) == 0 {
		p.waiting, p.due = nil, false
	}
	return jobs
}

func (s *Session) publishNow(jobs []publication) {
	if err := s.publishJobs(jobs); err != nil && s.storeOK.Swap(false) {
		s.message(event.Warning, "results are no longer stored: "+err.Error())
	}
}

func (s *Session) publishJobs(jobs []publication) error {
	defer func() {
		for _, j := range jobs {
			dropDrafts(j.texts) // but for those that were kept
		}
	}()
	if !s.storeOK.Load() {
		return nil
	}
	var b store.Batch
	for _, j := range jobs {
		whole, err := s.publishOuts(&b, j)
		if err != nil {
			return err
		}
		if !whole {
			continue
		}
		if err := b.Entry(j.rec.Key, j.entry); err != nil {
			return err
		}
	}
	return s.eng.store.Write(&b)
}

// publishOuts stores a result's outputs, or has the batch do so. It reports
// false if one is not what it was any more.
func (s *Session) publishOuts(b *store.Batch, j publication) (whole bool, err error) {
	for i, o := range j.rec.Outs {
		switch t := j.texts[i]; {
		case t.content != nil:
			b.Blob(o.Digest, t.content)
			continue
		case t.draft != nil:
			if err := t.draft.Keep(); err != nil {
				return false, err
			}
			continue
		}
		err := s.eng.store.Add(o.Digest, s.eng.abs(o.Path))
		if errors.Is(err, store.ErrChanged) || errors.Is(err, fs.ErrNotExist) {
			return false, nil // somebody meddles with the outputs: this one is not stored
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
