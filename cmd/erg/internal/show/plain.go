package show

import (
	"fmt"
	"io"
	"sync"
	"time"

	"erg.build/erg/engine/event"
)

// PlainOptions configure a Plain sink.
type PlainOptions struct {
	Out   io.Writer
	Color bool  // colours all the same, as --color=always asks
	Quiet bool  // only outputs, failures and warnings
	Clock Clock // nil: it never says what is still running
}

// silence is how long nothing is written before a line says what runs. Each such
// line in a row takes twice as long to come.
const silence = 30 * time.Second

// Plain writes a line for each action that ran, was restored or failed,
// followed by its output, for logs and pipes:
//
//	[ 12/80] cc lib/a.c  (app, v@wide)
//
// When nothing has happened for a while, a line says what still runs, so that
// a long action can be told from a hanging one.
//
// Its methods may be called from several goroutines.
type Plain struct {
	out   io.Writer
	clock Clock

	mu          sync.Mutex
	err         error
	report      report
	live        live
	done, total int
	ended       bool

	wroteAt  time.Duration
	patience time.Duration // until the next line about what runs
	ticking
}

// NewPlain returns a Plain sink.
func NewPlain(opts PlainOptions) *Plain {
	return &Plain{out: opts.Out, clock: opts.Clock, report: report{paint: paint(opts.Color), quiet: opts.Quiet}, patience: silence}
}

// Start calls Tick at intervals from a goroutine until Close.
func (p *Plain) Start() {
	if p.clock != nil && !p.report.quiet {
		p.start(time.Second, p.Tick)
	}
}

// Tick says what runs, if nothing was written for a while.
func (p *Plain) Tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock()
	if p.ended || len(p.live.running) == 0 || now-p.wroteAt < p.patience {
		return
	}
	next := 2 * p.patience
	p.write(p.counter() + p.report.paint.in(dim, "still running: ") + p.live.list(now) + "\n")
	p.patience = next
}

// Event implements event.Sink.
func (p *Plain) Event(e event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case event.ActionStarted:
		p.live.started(e)
	case event.ActionShared:
		p.live.shared(e)
		p.report.shared(e)
	case event.ActionFinished:
		p.live.finished(e)
		p.report.finished(e)
		p.done++
		p.finished(e)
	case event.Progress:
		p.done, p.total = e.Done, e.Total
	case event.Message:
		if !p.report.quiet || e.Level != event.Info {
			p.write(p.report.message(e))
		}
	case event.BuildFinished:
		p.write(p.report.again())
		p.write(p.report.summary(e))
		p.ended = true
	}
}

// Close implements Sink.
func (p *Plain) Close() error {
	p.halt()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.write(p.report.again())
		p.ended = true
	}
	return p.err
}

func (p *Plain) finished(e event.ActionFinished) {
	told := len(e.Output) > 0 || e.Status == event.Failed
	if !told && (p.report.quiet || e.Status == event.Unchanged) {
		return
	}
	line := p.counter()
	switch e.Status {
	case event.Failed:
		p.write(line + p.report.paint.in(red, "FAILED: ") +
			p.report.title(bold, e.Name, e.Contexts) + "\n" + p.report.failed(e))
		return
	case event.Ran:
		line += p.report.title("", e.Name, e.Contexts)
	default:
		line += p.report.title("", e.Name, e.Contexts) + "  " + p.report.paint.in(dim, string(e.Status))
	}
	p.write(line + "\n" + string(clean(e.Output, bool(p.report.paint))))
}

// counter formats how far the build is: "[ 12/80] ".
func (p *Plain) counter() string {
	total := max(p.done, p.total)
	digits := len(fmt.Sprint(total))
	return fmt.Sprintf("[%*d/%d] ", digits, p.done, total)
}

func (p *Plain) write(s string) {
	if s == "" {
		return
	}
	if _, err := io.WriteString(p.out, s); err != nil && p.err == nil {
		p.err = fmt.Errorf("writing the build's progress: %w", err)
	}
	if p.clock != nil {
		p.wroteAt, p.patience = p.clock(), silence
	}
}
