package show

import (
	"fmt"
	"strings"

	"erg.build/erg/engine/event"
)

// maxListed is how many failures the list at the end shows.
const maxListed = 20

// A report words what both presentations for people say: blocks of output,
// messages, the failures again at the end, and the summary.
type report struct {
	paint    paint
	quiet    bool // no summary of a build that went well
	failures []failure
}

type failure struct {
	id       int
	name     string
	contexts []string
	err      string
}

// shared notes that a context joined an action, for the list of failures.
func (r *report) shared(e event.ActionShared) {
	for i := range r.failures {
		if f := &r.failures[i]; f.id == e.ID {
			f.contexts = addContext(f.contexts, e.Context)
		}
	}
}

// finished notes an action's end, for the list of failures.
func (r *report) finished(e event.ActionFinished) {
	if e.Status == event.Failed {
		err := oneLine(firstLine(e.Err))
		r.failures = append(r.failures, failure{e.ID, oneLine(e.Name), e.Contexts, err})
	}
}

// title is the line that names an action: what it is and for whom.
func (r *report) title(st style, name string, contexts []string) string {
	title := r.paint.in(st, oneLine(name))
	if list := contextList(contexts); list != "" {
		title += "  " + r.paint.in(dim, list)
	}
	return title
}

// failed is what follows the title of a failed action: its command, its
// whole output, and what went wrong.
func (r *report) failed(e event.ActionFinished) string {
	var b strings.Builder
	if e.Command != "" {
		b.WriteString(r.paint.in(dim, "$ "+oneLine(e.Command)) + "\n")
	}
	b.Write(clean(e.Output, bool(r.paint)))
	if e.Err != nil {
		b.Write(clean([]byte(e.Err.Error()), false))
	}
	return b.String()
}

func (r *report) message(e event.Message) string {
	prefix := "erg: "
	if e.Level == event.Warning {
		prefix += r.paint.in(yellow, "warning:") + " "
	}
	return prefix + string(clean([]byte(e.Text), false))
}

// again lists the failures in a few lines, or nothing when there are none.
func (r *report) again() string {
	if len(r.failures) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n" + r.paint.in(red, plural(len(r.failures), "action")+" failed:") + "\n")
	for i, f := range r.failures {
		if i == maxListed {
			fmt.Fprintf(&b, "  and %d more\n", len(r.failures)-i)
			break
		}
		b.WriteString("  " + r.title(bold, f.name, f.contexts))
		if f.err != "" {
			b.WriteString(": " + f.err)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// summary is the last line: how it went, how long it took, what was done.
func (r *report) summary(e event.BuildFinished) string {
	if e.OK && r.quiet {
		return ""
	}
	took := duration(e.Elapsed)
	if e.OK && e.Ran == 0 && e.Restored == 0 {
		return r.paint.in(green, "Up to date") + fmt.Sprintf(" in %s: %s\n", took, plural(e.Unchanged, "action"))
	}
	how := r.paint.in(green, "Done") + " in "
	switch {
	case e.Failed > 0:
		how = r.paint.in(red, "Failed") + " after "
	case !e.OK:
		how = r.paint.in(yellow, "Stopped") + " after "
	}
	var counts []string
	e.Ran -= min(e.Ran, e.Failed) // a process that failed ran, too, but is told once
	for _, c := range []struct {
		n    int
		word string
	}{{e.Failed, "failed"}, {e.Ran, "ran"}, {e.Restored, "restored"}, {e.Unchanged, "unchanged"}} {
		if c.n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", c.n, c.word))
		}
	}
	switch {
	case len(counts) == 0 && !e.OK:
		return "" // what kept it from doing anything is told elsewhere
	case len(counts) == 0:
		return how + took + "\n"
	}
	return how + took + ": " + strings.Join(counts, ", ") + "\n"
}
