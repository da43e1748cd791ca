package show

import (
	"fmt"
	"strings"

	"erg.build/erg/engine/event"
)

// maxReasons is how many reasons are told of one action: more do not help.
const maxReasons = 4

// explained returns a sink that tells, above what an action printed, why it
// was done, if yes.
func explained(s Sink, yes bool) Sink {
	if !yes {
		return s
	}
	return explainer{s}
}

type explainer struct{ Sink }

func (x explainer) Event(e event.Event) {
	if f, ok := e.(event.ActionFinished); ok && len(f.Why) > 0 {
		f.Output = append([]byte(reasonLines(f.Why)), f.Output...)
		e = f
	}
	x.Sink.Event(e)
}

// reasonLines words reasons, a line each.
func reasonLines(why []event.Reason) string {
	var b strings.Builder
	for i, w := range why {
		if i == maxReasons && len(why) > maxReasons+1 {
			fmt.Fprintf(&b, "  and for %d more reasons\n", len(why)-i)
			break
		}
		b.WriteString("  because " + reason(w) + "\n")
	}
	return b.String()
}

func reason(w event.Reason) string {
	old, new := briefly(w.Old), briefly(w.New)
	switch {
	case w.What == "first build":
		return "it was never built here"
	case w.What == "output":
		return "what it made was " + new
	case w.What == "argument" && old == "":
		return fmt.Sprintf("argument %s is new: %s", w.Name, new)
	case w.What == "argument" && new == "":
		return fmt.Sprintf("argument %s is gone: %s", w.Name, old)
	case old == "" && new == "":
		return strings.TrimSpace(w.What + " " + w.Name)
	case old == "":
		old = "nothing"
	case new == "":
		new = "nothing"
	}
	return fmt.Sprintf("%s: %s → %s", strings.TrimSpace(w.What+" "+w.Name), old, new)
}

// briefly shortens a digest, and a long text in its middle.
func briefly(s string) string {
	const hex, most = 64, 60
	if len(s) == hex && strings.Trim(s, "0123456789abcdef") == "" {
		return s[:12]
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most/2]) + "…" + string(r[len(r)-most/2:])
	}
	return s
}
