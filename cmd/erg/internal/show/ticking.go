package show

import (
	"sync"
	"time"
)

// A ticking calls a function at intervals, from a goroutine.
type ticking struct {
	tickMu   sync.Mutex
	stop     chan struct{} // closed to end the goroutine; nil without
	finished chan struct{} // closed when it has ended
	halted   bool
}

// start begins with it, unless that was done, or it was halted.
func (t *ticking) start(every time.Duration, tick func()) {
	t.tickMu.Lock()
	defer t.tickMu.Unlock()
	if t.stop != nil || t.halted {
		return
	}
	t.stop, t.finished = make(chan struct{}), make(chan struct{})
	go func(stop <-chan struct{}, finished chan<- struct{}) {
		defer close(finished)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				tick()
			case <-stop:
				return
			}
		}
	}(t.stop, t.finished)
}

// halt ends it, and waits for that. The caller holds no lock that tick takes.
func (t *ticking) halt() {
	t.tickMu.Lock()
	stop, finished := t.stop, t.finished
	t.stop, t.halted = nil, true
	t.tickMu.Unlock()
	if stop != nil {
		close(stop)
		<-finished
	}
}
