// Package show presents a build to whoever watches it. Every presentation is
// an event.Sink over an injected io.Writer:
//
//   - Terminal draws live lines for a person at a terminal,
//   - Plain writes lines for logs and pipes,
//   - JSON writes one object per line for programs,
//   - Timeline writes a trace for Perfetto,
//   - Tee hands events to several of them.
//
// Open picks the right ones for a command's streams and flags; it alone looks
// at terminals and the environment. Everything else is given its clock and
// its size, and so behaves the same way in a test.
//
// The package knows events and nothing else: neither the engine that emits
// them nor what an action is.
package show

import (
	"errors"
	"sync"
	"time"

	"erg.build/erg/engine/event"
)

// A Sink is an event.Sink that must be closed once no more events come,
// whether the build finished, failed or was interrupted. Close leaves the
// output complete: a terminal without live lines, a trace that is valid JSON.
// Close reports the first error of writing; closing twice does no harm.
type Sink interface {
	event.Sink
	Close() error
}

// Tee returns a sink that passes events on to each of sinks, in order.
func Tee(sinks ...Sink) Sink { return tee(sinks) }

type tee []Sink

func (t tee) Event(e event.Event) {
	for _, s := range t {
		s.Event(e)
	}
}

func (t tee) Close() error {
	var errs []error
	for _, s := range t {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// Locked returns a sink that serialises calls to s. The engine serialises its
// own events; Locked is for commands that add messages from elsewhere.
func Locked(s Sink) Sink { return &locked{sink: s} }

type locked struct {
	mu   sync.Mutex
	sink Sink
}

func (l *locked) Event(e event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sink.Event(e)
}

func (l *locked) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sink.Close()
}

// A Clock tells the time since the build began.
type Clock func() time.Duration

// Since returns a Clock that began at start.
func Since(start time.Time) Clock {
	return func() time.Duration { return time.Since(start) }
}
