package app

import (
	"context"
	"strings"
	"time"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/engine"
	"erg.build/erg/engine/event"
)

// Complete implements cli.App. It evaluates as a plan does, so that nothing is
// built for the sake of a word, and writes no trace.
func (App) Complete(ctx context.Context, c cli.Common, w cli.Completion) []string {
	// Another erg may have the workspace for long; a person who pressed Tab
	// does not wait.
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	eng, err := open(ctx, c, event.SinkFunc(func(event.Event) {}))
	if err != nil {
		return nil
	}
	defer eng.Close()
	ev := newEvaluator(c)
	s := eng.NewSession(ctx, engine.SessionOptions{Mode: engine.Plan, Goal: "complete", Jobs: c.Jobs})
	var words []string
	if s.Eval(func(t *engine.Task) error { words = ev.Words(t, string(w.Of)); return nil }) != nil {
		return nil
	}
	var out []string
	for _, x := range words {
		if strings.HasPrefix(x, w.Prefix) {
			out = append(out, x)
		}
	}
	return out
}
