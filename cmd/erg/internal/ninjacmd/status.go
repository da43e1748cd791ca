package ninjacmd

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"erg.build/erg/contexts/ninja"
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
)

// A status prints what happens as Ninja does. It is the sink of a session's
// events.
type status struct {
	c      *command
	format string
	began  time.Time
	smart  bool // lines are overwritten
	colour bool
	width  int

	out     bytes.Buffer // held back while an edge has the console
	console bool
	line    bool // the cursor stands behind a status line
	steps   event.Steps
	ending  int // edges that have ended and count as running until their line is shown
	pace    pace

	ran     int // processes, and what came from the store
	failed  int
	busy    time.Duration
	watch   string // the output of an edge of which it matters
	watched bool   // that it ran
}

const defaultFormat = "[%f/%t] "

func newStatus(c *command) (*status, error) {
	st := &status{c: c, format: defaultFormat}
	// Only a variable that is not there leaves the default: an empty one
	// shows no counts.
	for _, e := range c.Environ {
		if v, ok := strings.CutPrefix(e, "NINJA_STATUS="); ok {
			st.format = v
		}
	}
	if err := checkFormat(st.format); err != nil {
		return nil, err
	}
	if f, ok := c.Stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		t := c.Getenv("TERM")
		st.smart = t != "" && t != "dumb" && c.verbosity != verbose
		st.colour = t != "" && t != "dumb"
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			st.width = w
		}
	}
	if v := c.Getenv("CLICOLOR_FORCE"); v != "" && v != "0" {
		st.colour = true
	}
	return st, nil
}

// begin prepares for a session.
func (st *status) begin() {
	st.began = time.Now()
	st.ran, st.failed, st.busy, st.watched, st.watch = 0, 0, 0, false, ""
	st.steps, st.pace = event.Steps{}, newPace(st.began, st.c.jobs)
}

// end ends the line of the status.
func (st *status) end() {
	if st.line {
		st.line = false
		st.print("\n")
	}
	st.flush()
}

func (st *status) print(s string) { st.out.WriteString(s) }

// flush writes what was printed, unless an edge has the console.
func (st *status) flush() {
	if !st.console && st.out.Len() > 0 {
		st.c.Stdout.Write(st.out.Bytes())
		st.out.Reset()
	}
}

// Event implements event.Sink.
func (st *status) Event(e event.Event) {
	switch e := e.(type) {
	case event.ActionStarted:
		st.started(e)
	case event.ActionFinished:
		st.finished(e)
	case event.Progress:
		st.pace.foresee(time.Now(), e.Left)
	case event.Message:
		if e.Level == event.Warning {
			st.end()
			st.c.warning("%s", e.Text)
		}
	}
}

func (st *status) started(ev event.ActionStarted) {
	st.steps = ev.Steps
	console := ev.Spec.Foreign.Console
	if console || st.smart {
		st.show(ev.Spec.Foreign)
	}
	if console {
		st.end()
		st.console = true
	}
	st.flush()
}

func (st *status) finished(ev event.ActionFinished) {
	if ev.Status == event.Unchanged {
		return // Ninja does not print again what was printed before
	}
	st.steps = ev.Steps
	st.ran++
	st.busy += ev.Elapsed
	st.watched = st.watched || ev.Path == st.watch
	if st.c.explain {
		for _, r := range ev.Why {
			fmt.Fprintf(st.c.Stderr, "ninja explain: %s: %s\n", ev.Path, because(r))
		}
	}
	st.pace.finish(time.Now(), ev.Steps.Finished)
	if ev.Spec.Foreign.Console {
		st.console = false
	} else {
		st.ending = 1
		st.show(ev.Spec.Foreign)
		st.ending = 0
	}
	if ev.Status == event.Failed {
		st.failed++
		st.fail(ev)
	} else if len(ev.Output) > 0 {
		st.own(string(ev.Output))
	}
	st.flush()
}

// because words a reason for -d explain.
func because(r event.Reason) string {
	switch r.What {
	case "first build":
		return "was never built here"
	case "argument":
		return "its command line changed"
	case "input":
		return r.Name + " changed"
	case "output":
		return r.Name + " is missing"
	}
	return strings.TrimSpace(r.What + " " + r.Name)
}

// fail prints why an edge failed.
func (st *status) fail(ev event.ActionFinished) {
	var b strings.Builder
	head := "FAILED: "
	if ev.ExitCode != 0 {
		head += fmt.Sprintf("[code=%d] ", ev.ExitCode)
	}
	if st.colour {
		head = "\x1b[31m" + head + "\x1b[0m"
	}
	b.WriteString(head)
	for _, o := range ev.Spec.Outputs {
		b.WriteString(o + " ")
	}
	b.WriteString("\n")
	if f := ev.Spec.Foreign; !f.Phony {
		b.WriteString(f.Command + "\n")
	}
	b.Write(ev.Output)
	if ev.ExitCode == 0 && ev.Err != nil {
		if n := len(ev.Output); n > 0 && ev.Output[n-1] != '\n' {
			b.WriteString("\n")
		}
		b.WriteString(ev.Err.Error() + "\n")
	}
	st.own(b.String())
}

var escapes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("\x1b\\[[0-9;:?]*[a-zA-Z]") })

// own prints text on lines of its own.
func (st *status) own(text string) {
	if st.line {
		st.line = false
		st.print("\n")
	}
	if !st.colour {
		text = escapes().ReplaceAllString(text, "")
	}
	st.print(text)
	if !strings.HasSuffix(text, "\n") {
		st.print("\n")
	}
}

// show prints the line of an edge.
func (st *status) show(f *action.Foreign) {
	if st.c.verbosity == quiet {
		return
	}
	what := f.Description
	if what == "" || st.c.verbosity == verbose {
		what = f.Command
	}
	text := st.prefix() + what
	if !st.smart {
		st.print(text + "\n")
		return
	}
	st.print("\r" + elide(strings.ReplaceAll(text, "\n", " "), st.width) + "\x1b[K")
	st.line = true
}

// elide cuts the middle out of a text that is too wide for a terminal.
func elide(text string, width int) string {
	const dots = "..."
	if width <= len(dots) || len(text) < width {
		return text
	}
	half := (width - 1 - len(dots)) / 2
	return text[:half] + dots + text[len(text)-half:]
}

// list prints edges that would run.
func (st *status) list(g *ninja.Graph, edges []ninja.Edge) {
	st.steps.Total = len(edges)
	st.ending = 1
	defer func() { st.ending = 0 }()
	for _, e := range edges {
		st.steps.Started++
		st.steps.Finished++
		st.show(&action.Foreign{Command: g.Command(e), Description: g.Binding(e, "description")})
	}
	st.end()
}
