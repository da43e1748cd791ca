package show

import (
	"fmt"
	"io"

	"erg.build/erg/engine/event"
)

// PlainOptions configure a Plain sink.
type PlainOptions struct {
	Out   io.Writer
	Color bool // colours all the same, as --color=always asks
	Quiet bool // only outputs, failures and warnings
}

// Plain writes a line for each action that ran, was restored or failed,
// followed by its output, for logs and pipes:
//
//	[ 12/80] cc lib/a.c  (app, v@wide)
type Plain struct {
	out    io.Writer
	err    error
	report report

	done, total int
	ended       bool
}

// NewPlain returns a Plain sink.
func NewPlain(opts PlainOptions) *Plain {
	return &Plain{out: opts.Out, report: report{paint: paint(opts.Color), quiet: opts.Quiet}}
}

// Event implements event.Sink.
func (p *Plain) Event(e event.Event) {
	switch e := e.(type) {
	case event.ActionShared:
		p.report.shared(e)
	case event.ActionFinished:
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
}
