package show

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"erg.build/erg/engine/event"
)

// refresh is the least time between two drawings of the live lines.
const refresh = 100 * time.Millisecond

// TerminalOptions configure a Terminal.
type TerminalOptions struct {
	Out     io.Writer
	Size    func() (columns, rows int) // asked at each drawing; 0 when not known
	Clock   Clock
	Color   bool
	Unicode bool // whether the terminal shows more than ASCII
	Quiet   bool // no summary of a build that went well
}

// Terminal shows a build to a person at a terminal. Finished lines (outputs,
// failures, messages) scroll by as usual; below them live a progress bar and
// one line per running action, redrawn in place.
//
// How drawing works: the cursor rests below the live lines. A drawing is one
// write that moves it up to the first of them, prints the finished lines that
// gathered since the last drawing, and then the live lines anew, each cleared
// only behind its new text, so that nothing flickers. Nothing else about the
// terminal is changed: should erg be killed, there is nothing to restore.
//
// Its methods may be called from several goroutines.
type Terminal struct {
	opts  TerminalOptions
	paint paint

	mu      sync.Mutex
	err     error
	report  report
	live    live
	pending bytes.Buffer // finished lines to print at the next drawing
	drawn   []liveLine   // what is on the screen now
	drawnAt time.Duration
	ended   bool
	ticking
}

// NewTerminal returns a Terminal. Events only change what Tick will draw, and
// Start calls Tick at regular intervals: between an action's end and the start
// of the next in its lane there is a moment that nobody needs to see.
func NewTerminal(opts TerminalOptions) *Terminal {
	t := &Terminal{opts: opts, paint: paint(opts.Color)}
	t.report = report{paint: t.paint, quiet: opts.Quiet}
	t.live.unicode = opts.Unicode
	t.drawnAt = opts.Clock() // a build that takes no time draws nothing
	return t
}

// Start refreshes the live lines from a goroutine until Close.
func (t *Terminal) Start() {
	t.start(refresh+refresh/10, t.Tick) // so that none comes early
}

// Tick draws, unless that was done a moment ago.
func (t *Terminal) Tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.opts.Clock()
	if t.ended || now-t.drawnAt < refresh {
		return
	}
	t.drawnAt = now
	columns, rows := t.size()
	t.redraw(t.live.lines(now, columns, rows), columns)
}

// Event implements event.Sink.
func (t *Terminal) Event(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := e.(type) {
	case event.ActionStarted:
		t.live.started(e)
	case event.ActionShared:
		t.live.shared(e)
		t.report.shared(e)
	case event.ActionFinished:
		t.live.finished(e)
		t.report.finished(e)
		t.block(e)
	case event.Progress:
		t.live.progress(e, t.opts.Clock())
	case event.Message:
		t.pending.WriteString(t.report.message(e))
	case event.BuildFinished:
		t.end(t.report.summary(e))
	}
}

// Close removes the live lines, prints what has gathered, and ends the
// goroutine of Start.
func (t *Terminal) Close() error {
	t.mu.Lock()
	t.end("")
	err := t.err
	t.mu.Unlock()
	t.halt()
	return err
}

// block gathers what a finished action has to say.
func (t *Terminal) block(e event.ActionFinished) {
	switch {
	case e.Status == event.Failed:
		t.pending.WriteString(t.paint.in(red, "FAILED: ") + t.report.title(bold, e.Name, e.Contexts) + "\n")
		t.pending.WriteString(t.report.failed(e))
	case len(e.Output) > 0:
		t.pending.WriteString(t.report.title(bold, e.Name, e.Contexts) + "\n")
		t.pending.Write(clean(e.Output, t.opts.Color))
	}
}

// end leaves the terminal as it stays: without live lines, the failures once
// more, and the summary.
func (t *Terminal) end(summary string) {
	if t.ended {
		return
	}
	t.ended = true
	t.pending.WriteString(t.report.again())
	t.pending.WriteString(summary)
	columns, _ := t.size()
	t.redraw(nil, columns)
}

// redraw replaces the live lines on the screen and prints pending above them.
func (t *Terminal) redraw(lines []liveLine, columns int) {
	if t.pending.Len() == 0 && equalLines(lines, t.drawn) {
		return
	}
	var b bytes.Buffer
	if up := rowsTaken(t.drawn, columns); up > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA", up)
		if t.pending.Len() > 0 {
			b.WriteString("\x1b[J")
		}
	}
	shrunk := t.pending.Len() == 0 && rowsTaken(t.drawn, columns) > len(lines)
	b.Write(t.pending.Bytes())
	t.pending.Reset()
	for _, line := range lines {
		line.render(&b, t.paint)
		b.WriteString("\x1b[K\n")
	}
	if shrunk {
		b.WriteString("\x1b[J")
	}
	t.drawn = lines
	if _, err := t.opts.Out.Write(b.Bytes()); err != nil && t.err == nil {
		t.err = fmt.Errorf("writing to the terminal: %w", err)
	}
}

// size returns the terminal's size, or the traditional one when not known.
func (t *Terminal) size() (columns, rows int) {
	if t.opts.Size != nil {
		columns, rows = t.opts.Size()
	}
	if columns <= 0 {
		columns = 80
	}
	if rows <= 0 {
		rows = 24
	}
	return columns, rows
}

// rowsTaken returns how many rows lines take on a terminal of that width.
// A line drawn before the terminal became narrower has been broken by it.
func rowsTaken(lines []liveLine, columns int) int {
	rows := 0
	for _, line := range lines {
		rows += max(1, (line.width()+columns-1)/columns)
	}
	return rows
}
