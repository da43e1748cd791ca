package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/merlin"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine"
	"erg.build/erg/engine/event"
)

// Merlin implements cli.App.
func (App) Merlin(ctx context.Context, c cli.Common) error {
	root, err := findRoot(c.Dir)
	if err != nil {
		return err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return err
	}
	dir, err := filepath.EvalSymlinks(c.Dir)
	if err != nil {
		return err
	}
	e := &editor{common: c}
	s := &merlin.Server{Root: root, Dir: dir, Ask: e.ask}
	return s.Serve(ctx, c.Stdin, c.Stdout)
}

// An editor asks of the same files again and again.
type editor struct {
	common cli.Common
	known  []known
}

// A known answer holds as long as what it was made of has not changed.
type known struct {
	*rules.Editing
	seen *engine.Seen
}

// ask answers from what is known, else by evaluation. While that finds
// mistakes, as in a dune file that is being edited, the last answer stands.
func (e *editor) ask(ctx context.Context, file string) (*rules.Editing, error) {
	old := -1
	for i, k := range e.known {
		if k.Module(file) == nil {
			continue
		}
		if !k.seen.Changed() {
			return k.Editing, nil
		}
		old = i
	}
	now, err := e.evaluate(ctx, file)
	switch {
	case err != nil && old >= 0:
		return e.known[old].Editing, nil
	case err != nil || now.Editing == nil:
		return nil, err
	case now.Incomplete:
		return now.Editing, nil
	case old >= 0:
		e.known[old] = now
	default:
		e.known = append(e.known, now)
	}
	return now.Editing, nil
}

// evaluate finds out what holds for a file.
func (e *editor) evaluate(ctx context.Context, file string) (known, error) {
	var k known
	c := e.common
	silent := event.SinkFunc(func(event.Event) {})
	eng, err := openWith(ctx, c, silent, asideDir)
	if err != nil {
		return k, err
	}
	defer eng.Close()
	ev := newEvaluator(c)
	s := eng.NewSession(ctx, engine.SessionOptions{Mode: engine.Plan, Goal: goalKey("ocaml-merlin", c, nil), Jobs: c.Jobs, KeepGoing: true, Sink: silent})
	err = s.Eval(func(t *engine.Task) (err error) {
		k.Editing, err = ev.Editing(t, c.Contexts, file)
		return err
	})
	k.seen = s.Seen()
	saved := s.Finish(false, nil)
	if !ev.HasErrors() {
		return k, errors.Join(err, saved)
	}
	return k, errors.New(firstError(ev.Diagnostics()))
}

// firstError is a mistake in one line: editors show no more.
func firstError(diags hcl.Diagnostics) string {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		text := strings.Join(strings.Fields(d.Summary+": "+d.Detail), " ")
		if d.Subject == nil {
			return text
		}
		return fmt.Sprintf("%s:%d: %s", d.Subject.Filename, d.Subject.Start.Line, text)
	}
	return ""
}
