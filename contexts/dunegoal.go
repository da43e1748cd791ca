package contexts

import (
	"errors"
	"path"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
)

// makeDune makes the default alias of the dune files of a context, or runs
// their tests.
func (ev *Evaluator) makeDune(t *engine.Task, c addr.Context, r Request, out *Outcome) error {
	span, err := ev.spanQ.Get(t, attrKey{c, "dirs"})
	if err != nil {
		return err
	}
	name, only := "default", true
	if r.Tests {
		name, only = "runtest", false
	}
	var fns []func(*engine.Task) error
	roots, err := ev.dune.Roots(t, c, span.roots)
	if err != nil {
		return deferDune(t, c, "what @"+name+" stands for", err)
	}
	for _, dir := range roots {
		fns = append(fns, func(t *engine.Task) error {
			_, err := ev.makeAlias(t, c, dir, name, only, out)
			return err
		})
	}
	return t.Run(fns...)
}

// makeAlias makes what an alias stands for. ok is false if it is not defined.
func (ev *Evaluator) makeAlias(t *engine.Task, c addr.Context, dir, name string, only bool, out *Outcome) (ok bool, err error) {
	g, ok, err := ev.dune.Alias(t, c, dir, name, only)
	if err != nil {
		err = deferDune(t, c, "what @"+path.Join(dir, name)+" stands for", err)
	}
	return ok, errors.Join(err, ev.makeGoal(t, g, out))
}

// deferDune announces, when planning, what only a build can tell.
func deferDune(t *engine.Task, c addr.Context, what string, err error) error {
	return deferKnown(t, c, what, duneError(err))
}

// makeGoal builds what rules say.
func (ev *Evaluator) makeGoal(t *engine.Task, g *rules.Goal, out *Outcome) error {
	out.duneTests(g.Tests)
	out.mu.Lock()
	for _, p := range g.Programs {
		out.Programs = append(out.Programs, Program{p.Target.String(), p.Path})
	}
	out.mu.Unlock()
	return t.Build(unique(outputsOnly(g.Files))...)
}

// makeDuneTarget makes a target of a dune file.
func (ev *Evaluator) makeDuneTarget(t *engine.Task, g *target, r Request, out *Outcome) error {
	goal, err := ev.dune.Make(t, g.dune)
	if err != nil {
		return duneError(err)
	}
	if g.dune.Test && !r.Tests {
		goal.Tests = nil
	}
	return ev.makeGoal(t, goal, out)
}

// duneArg returns the function that makes what only dune files know: an
// alias, @DIR/NAME or @@DIR/NAME, a file by a variable, or a file or the default
// of a directory by its path; nil for any other.
func (ev *Evaluator) duneArg(t *engine.Task, ws *config.Workspace, sel []addr.Context, arg string, out *Outcome) (func(*engine.Task) error, error) {
	dirs, err := ev.dune.Directories(t)
	if err != nil || len(dirs) == 0 {
		return nil, err
	}
	found := &sightings{arg: arg}
	each := func(fn func(*engine.Task, addr.Context) error) (func(*engine.Task) error, error) {
		return found.atEnd(func(t *engine.Task) error {
			var fns []func(*engine.Task) error
			for _, s := range sel {
				fns = append(fns, func(t *engine.Task) error { return ev.eachInstance(t, ws, s, fn) })
			}
			return t.Run(fns...)
		}, nil)
	}
	if v := variableOf(arg); v != nil {
		return each(func(t *engine.Task, c addr.Context) error {
			files, ok, err := ev.dune.Named(t, c, v)
			found.add(ok)
			if err != nil {
				return found.later(t, c, err)
			}
			return t.Build(outputsOnly(files)...)
		})
	}
	if name, ok := strings.CutPrefix(arg, "@"); ok {
		name, only := strings.CutPrefix(name, "@")
		dir, alias := path.Split(path.Clean(name))
		return each(func(t *engine.Task, c addr.Context) error {
			ok, err := ev.makeAlias(t, c, joinPath(dir), alias, only, out)
			found.add(ok)
			return err
		})
	}
	p := joinPath(arg)
	if path.IsAbs(p) || p == ".." || strings.HasPrefix(p, "../") || p == "" {
		return nil, nil
	}
	return each(func(t *engine.Task, c addr.Context) error {
		if has, err := ev.dune.Has(t, p); has || err != nil {
			found.add(has)
			if err == nil {
				_, err = ev.makeAlias(t, c, p, "default", true, out)
			}
			return err
		}
		if files, ok, err := ev.dune.DirectoryFiles(t, c, p); ok || err != nil {
			found.add(ok)
			if err != nil {
				return found.later(t, c, err)
			}
			return t.Build(files...)
		}
		real, ok, err := ev.dune.File(t, c, p)
		found.add(ok, ev.dune.Files(t, c, p)...)
		if err != nil {
			return found.later(t, c, err)
		}
		if !ok {
			return nil
		}
		return t.Build(outputsOnly([]string{real})...)
	})
}

// variableOf is the variable that an argument consists of, with what it is
// asked for; nil if it is something else.
func variableOf(arg string) *sexp.Var {
	nodes, diags := sexp.Read("(command line)", []byte(arg))
	if len(nodes) != 1 || diags.HasErrors() || len(nodes[0].Parts) != 1 {
		return nil
	}
	if v := nodes[0].Parts[0].Var; v != nil && v.HasPayload {
		return v
	}
	return nil
}

// isDunePath reports whether an argument is no address, and may be a path, an
// alias or a variable.
func isDunePath(arg string, ws *config.Workspace) bool {
	if strings.HasPrefix(arg, "@") || variableOf(arg) != nil {
		return true
	}
	a, err := addr.Parse(arg)
	if err != nil {
		return !strings.Contains(arg, ":") && !strings.HasPrefix(arg, "//")
	}
	c, ok := a.(addr.Context)
	return ok && ws.Context(c.Name) == nil
}
