package rules

import (
	"path"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

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
		return x.r.file(x.t, host, rest, at)
	}
	return p, err
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
