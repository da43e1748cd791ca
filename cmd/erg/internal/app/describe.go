package app

import (
	"context"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/describe"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine"
)

// Describe implements cli.App.
func (App) Describe(ctx context.Context, c cli.Common) error {
	eng, err := openWith(ctx, c, quiet(c), asideDir)
	if err != nil {
		return err
	}
	defer eng.Close()
	ev := newEvaluator(c)
	s := eng.NewSession(ctx, engine.SessionOptions{Mode: engine.Plan, Goal: goalKey("describe", c, nil), Jobs: c.Jobs, KeepGoing: true, Sink: quiet(c)})
	var list []*rules.Description
	err = s.Eval(func(t *engine.Task) (err error) {
		list, err = ev.DescribeDune(t, c.Contexts)
		return err
	})
	saved := s.Finish(false, nil)
	j := &job{command: "describe", common: c}
	if err := j.verdict(ctx, ev, err, saved, s.Result()); err != nil {
		return err
	}
	d := describe.Workspace{Root: eng.Root(), Contexts: list, Deferred: s.DeferredGroups()}
	if c.JSON {
		return d.JSON(c.Stdout)
	}
	return d.Text(c.Stdout)
}
