package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/act"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// shell runs a command of a shell.
func (x *acting) shell(a *dune.Action) (*act.Action, error) {
	args, err := x.texts(a.Args)
	if err != nil {
		return nil, err
	}
	op, program := act.OpSystem, "sh"
	if a.Op == dune.ActionBash {
		op, program = act.OpBash, "bash"
	}
	p, err := x.t.LookPath(program)
	if err != nil {
		return nil, errorAt(a.Range, "Program not found", "There is no program %s on PATH.", program)
	}
	return act.New(op, args...), x.inputs.tool(x.t, p)
}

// process runs a program.
func (x *acting) process(a *dune.Action) (*act.Action, error) {
	args, err := x.all(a.Args)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return nil, errorAt(a.Range, "Nothing to run", "run takes a program and its arguments.")
	}
	if err := x.dotted(args[1:]); err != nil {
		return nil, err
	}
	argv, err := x.command(args[0], args[1:], a.Args[0].Range)
	return act.New(act.OpRun, argv...), err
}

// command finds the program that a name stands for.
func (x *acting) command(name string, args []string, at hcl.Range) ([]string, error) {
	if p, ok := tokenPath(name); ok {
		p, err := x.hosted(p, at)
		if err != nil {
			return nil, err
		}
		return x.built(p, args, at)
	}
	switch {
	case path.IsAbs(name):
		return append([]string{name}, args...), x.machine(name)
	case strings.Contains(name, "/"):
		rel := x.named(name)
		if out := path.Join(root(x.ctx), rel); x.makes(out) { // an earlier part of the action makes it
			return append([]string{action.Ref(out)}, args...), nil
		}
		c, err := x.where(x.ctx)
		if err != nil {
			return nil, err
		}
		p, err := x.r.file(x.t, c, rel, at)
		if err != nil {
			return nil, err
		}
		if own := path.Join(root(x.ctx), rel); own != p {
			x.lent[own] = true
		}
		return x.built(p, args, at)
	}
	p, err := x.programNamed(name, at)
	if err != nil {
		return nil, err
	}
	if f, ok := tokenPath(p); ok {
		return x.built(f, args, at)
	}
	return append([]string{p}, args...), nil
}

// machine adds a program of the machine, unless it is a part of a compiler
// that is an input already.
func (x *acting) machine(p string) error {
	if slices.ContainsFunc(x.inputs.tools, func(t action.Tool) bool { return t.Name == "ocaml" }) && slices.Contains(x.inputs.path, path.Dir(p)) {
		return nil
	}
	return x.inputs.tool(x.t, p)
}

// built runs a file of the tree: through its context's runner if it is a
// program that was linked for one.
func (x *acting) built(p string, args []string, at hcl.Range) ([]string, error) {
	x.inputs.add(p)
	c, ok := x.inputs.programs[p]
	if !ok {
		var err error
		if c, ok, err = x.r.linkedFor(x.t, p); err != nil {
			return nil, err
		}
	}
	if !ok {
		return append([]string{action.Ref(p)}, args...), nil
	}
	if err := x.configures(c, p, at); err != nil {
		return nil, err
	}
	proc, diags := x.r.w.Run(x.t, c, p, args, at)
	if diags.HasErrors() {
		return nil, diags
	}
	x.inputs.process(proc)
	return proc.Argv, nil
}

// hosted is the host's program in place of one of the context itself, which a
// variable may stand for: a dependency by a name of its own. If the host builds
// no such directory, the context's own must do.
func (x *acting) hosted(p string, at hcl.Range) (string, error) {
	host, err := x.where(x.ctx)
	if err != nil || host == x.ctx {
		return p, err
	}
	c, ok, err := x.r.linkedFor(x.t, p)
	if err != nil || !ok || c != x.ctx {
		return p, err
	}
	covers, err := x.r.w.Covers(x.t, host)
	if _, rest := action.RootOf(p); err == nil && covers(cleanDir(path.Dir(rest))) {
		x.lent[p] = true
		return x.r.file(x.t, host, rest, at)
	}
	return p, err
}

// spare drops the context's own programs from what an action reads, where the
// host's run in place of them and nothing else names them: they need not be
// built, and perhaps cannot be. A shell may name what it likes.
func (x *acting) spare(tree *act.Action) {
	if tree.Any(func(a *act.Action) bool { return a.Op == act.OpSystem || a.Op == act.OpBash }) {
		return
	}
	x.inputs.files = slices.DeleteFunc(x.inputs.files, func(f string) bool {
		return x.lent[f] && !tree.Any(func(a *act.Action) bool {
			return slices.ContainsFunc(a.Args, func(s string) bool { return names(s, f) })
		})
	})
}

// names reports whether a string holds the token of a file.
func names(s, file string) bool {
	found := false
	action.Expand(s, func(p string, _ bool) string { found = found || p == file; return "" })
	return found
}

// linkedFor tells for which context a file is a program, if it is one.
func (r *Rules) linkedFor(t *engine.Task, p string) (addr.Context, bool, error) {
	a, err := addr.Parse(p)
	art, ok := a.(addr.Artifact)
	if err != nil || !ok {
		return addr.Context{}, false, nil
	}
	m, err := r.makerOf(t, art.Context, p)
	return art.Context, m != nil, err
}

// makerOf returns who links a program of a context, nil if a file is none.
func (r *Rules) makerOf(t *engine.Task, c addr.Context, p string) (*maker, error) {
	rel, ok := below(root(c), p)
	if !ok {
		return nil, nil
	}
	dirName := cleanDir(path.Dir(rel))
	tr, err := r.treeOf(t, c)
	if err != nil || tr.in(dirName) == nil {
		return nil, err
	}
	files, err := r.contentsQ.Get(t, dirKey{c, dirName})
	if err != nil {
		return nil, err
	}
	m := files.makers[path.Base(rel)]
	if m == nil || !m.program {
		return nil, nil
	}
	return m, nil
}
