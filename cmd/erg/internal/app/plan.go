package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/contexts"
	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/plan"
	"erg.build/erg/engine"
	"erg.build/erg/engine/event"
)

// A lookup is an evaluation that runs nothing but probes.
type lookup struct {
	eng      *engine.Engine
	ev       *contexts.Evaluator
	session  *engine.Session
	contexts []contexts.Description
}

// quiet passes on what people must know and nothing else.
func quiet(c cli.Common) event.Sink {
	return event.SinkFunc(func(e event.Event) {
		switch e := e.(type) {
		case event.Message:
			fmt.Fprintf(c.Stderr, "erg: %s\n", e.Text)
		case event.ActionFinished:
			if e.Status == event.Failed {
				fmt.Fprintf(c.Stderr, "erg: %s: %v\n", e.Name, e.Err)
			}
		}
	})
}

// look evaluates a request in a session that plans. all asks for a
// description of every context, and not only of those that the request
// touches. Unless the workspace cannot be opened there is a lookup, even with
// an error, and the caller closes it.
func look(ctx context.Context, c cli.Common, r contexts.Request, all bool) (*lookup, error) {
	eng, err := open(ctx, c, quiet(c))
	if err != nil {
		return nil, err
	}
	l := &lookup{eng: eng, ev: newEvaluator(c)}
	l.session = eng.NewSession(ctx, engine.SessionOptions{Mode: engine.Plan, Goal: goalKey("plan", c, r.Args), Jobs: c.Jobs, KeepGoing: true, Sink: quiet(c)})
	err = l.session.Eval(func(t *engine.Task) error {
		_, err := l.ev.Make(t, r)
		var u *contexts.UsageError
		if errors.As(err, &u) {
			return err
		}
		touched := l.touched(r)
		var derr error
		l.contexts, derr = l.ev.Describe(t, func(a addr.Context) bool { return all || touched[a.String()] })
		return errors.Join(err, derr)
	})
	saved := l.session.Finish(false, nil)
	j := &job{common: c}
	return l, j.verdict(ctx, l.ev, err, saved, l.session.Result())
}

// close ends a lookup, if there is one.
func (l *lookup) close() {
	if l != nil {
		l.eng.Close()
	}
}

// touched are the contexts that a request is about, by what was evaluated.
func (l *lookup) touched(r contexts.Request) map[string]bool {
	out := map[string]bool{}
	for _, c := range l.session.Demanded() {
		out[c] = true
	}
	for address := range l.ev.Values() {
		if a, err := addr.Parse(address); err == nil {
			if el, ok := a.(addr.Element); ok {
				out[el.Context.String()] = true
			}
		}
	}
	for _, g := range l.deferred(r) {
		out[g.Context] = true
	}
	return out
}

// deferred are the groups that a request would make.
func (l *lookup) deferred(r contexts.Request) []engine.DeferredGroup {
	var out []engine.DeferredGroup
	for _, g := range l.session.DeferredGroups() {
		name, _, _ := strings.Cut(g.Context, "@")
		if wants(r, name) {
			out = append(out, g)
		}
	}
	return out
}

// wants reports whether a request is about a context, by its name.
func wants(r contexts.Request, name string) bool {
	named, about := false, len(r.Contexts) == 0
	for _, c := range r.Contexts {
		n, _, _ := strings.Cut(c, "@")
		about = about || n == name
	}
	for _, arg := range r.Args {
		c := addressed(arg)
		if c.IsZero() {
			return about
		}
		named = named || c.Name == name
	}
	if len(r.Args) > 0 {
		return named
	}
	return about
}

// addressed is the context that an address names, if any.
func addressed(arg string) addr.Context {
	a, err := addr.Parse(arg)
	if err != nil {
		return addr.Context{}
	}
	switch a := a.(type) {
	case addr.Context:
		return a
	case addr.Element:
		return a.Context
	case addr.Public:
		return a.Context
	case addr.Target:
		return a.Context
	case addr.Directory:
		return a.Context
	case addr.Artifact:
		return a.Context
	}
	return addr.Context{}
}

// Plan implements cli.App.
func (App) Plan(ctx context.Context, c cli.Common, o cli.PlanOptions) error {
	r := contexts.Request{Contexts: c.Contexts, Args: o.Targets}
	l, err := look(ctx, c, r, false)
	defer l.close()
	if err != nil && !l.partly(c) {
		return err
	}
	p := plan.New(plan.Input{Values: l.ev.Values(), Contexts: l.contexts, Actions: l.session.PlannedActions(), Deferred: l.deferred(r), Last: l.eng.State()})
	if c.JSON {
		return errors.Join(p.JSON(c.Stdout), err)
	}
	return errors.Join(p.Text(c.Stdout, c.UseColor()), err)
}

// partly reports whether what was found is to be shown though it is not all:
// people go on after errors.
func (l *lookup) partly(c cli.Common) bool { return c.KeepGoing && l != nil && len(l.contexts) > 0 }
