package show

import (
	"strings"
	"testing"

	"erg.build/erg/engine/event"
)

func TestExplain(t *testing.T) {
	var out strings.Builder
	s := explained(NewPlain(PlainOptions{Out: &out}), true)
	s.Event(event.ActionFinished{ID: 1, Name: "cc a.c", Contexts: []string{"app"}, Status: event.Ran, Output: []byte("a.c:1: warning\n"), Why: []event.Reason{
		{What: "input", Name: "a.c", Old: strings.Repeat("0a", 32), New: strings.Repeat("f1", 32)},
		{What: "argument", Name: "3", New: "-O2"},
		{What: "tool", Name: "cc", Old: "x", New: "y"},
	}})
	s.Event(event.ActionFinished{ID: 2, Name: "cc b.c", Status: event.Ran, Why: []event.Reason{{What: "first build", Name: "b.o"}}})
	s.Close()
	for _, want := range []string{
		"  because input a.c: 0a0a0a0a0a0a → f1f1f1f1f1f1\n  because argument 3 is new: -O2\n  because tool cc: x → y\na.c:1: warning\n",
		"  because it was never built here\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}
