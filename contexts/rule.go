package contexts

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// A rule is a rule block in one context: its action is defined.
type rule struct{ outs, inputs []string }

// newSpec begins the action of a sandboxed block.
func newSpec(g *target, name string) action.Spec {
	return action.Spec{
		Name:    name,
		Context: g.ctx.String(),
		Target:  g.addr().String(),
		Root:    contextRoot(g.ctx),
		Dir:     g.dir,
		Sandbox: true,
	}
}

// rule evaluates a rule block and defines its action.
func (ev *Evaluator) rule(t *engine.Task, a addr.Target) (*rule, error) {
	d, g, err := ev.targetOf(t, a)
	if err != nil {
		return nil, err
	}
	ev.noteTarget(t, g)
	if g.failed {
		return nil, errReported
	}
	sc := &scope{ev: ev, t: t, dir: d, each: g.each}
	b := g.rule
	spec := newSpec(g, "rule "+joinPath(d.dir, g.outs[0]))
	for _, o := range g.outs {
		spec.Outputs = append(spec.Outputs, joinPath(d.root, d.dir, o))
	}
	if g.stdout != "" {
		spec.Stdout = joinPath(d.root, d.dir, g.stdout)
	}
	diags := ev.runBlock(sc, &spec, runAttrs{run: b.Run, inputs: b.Inputs, stdin: b.Stdin, env: b.Env, dir: b.Dir, timeout: b.Timeout})
	if b.Depfile != nil {
		val, more := lang.Eval(b.Depfile, sc)
		diags = append(diags, more...)
		s, more := lang.String(val, b.Depfile.Range(), "depfile")
		diags = append(diags, more...)
		if s.Known && s.Value != "" {
			spec.Depfile = joinPath(d.root, d.dir, s.Value)
		}
	}
	if b.Tree != nil {
		diags = append(diags, ev.ruleTree(sc, b.Tree, &spec)...)
	}
	if err := ev.report(diags); err != nil {
		return nil, err
	}
	if err := ev.addContextEnv(t, g.ctx, &spec); err != nil {
		return nil, err
	}
	if err := t.Define(spec); err != nil {
		return nil, ev.report(ev.diagnose(err, g.header.Range, "Invalid rule"))
	}
	return &rule{spec.Outputs, spec.Inputs}, nil
}

// ruleTree lets a rule fill a directory with files that nobody lists, as programs
// do that generate a build. What they write names files by their absolute
// paths, and they look for sources that only later steps read, so such a rule
// runs in place and not in a sandbox; and as its outputs are not all that it
// makes, they do not come from the store. It may run any compiler of its
// context.
func (ev *Evaluator) ruleTree(sc *scope, expr hcl.Expression, spec *action.Spec) hcl.Diagnostics {
	val, diags := lang.Eval(expr, sc)
	s, more := lang.String(val, expr.Range(), "tree")
	diags = append(diags, more...)
	if diags.HasErrors() || !s.Known {
		return diags
	}
	dir, more := insideOutputs(sc.dir, s.Value, expr.Range(), "tree")
	if more.HasErrors() {
		return append(diags, more...)
	}
	tools, err := ev.contextTools(sc.t, sc.dir.ctx)
	if err != nil {
		return append(diags, ev.diagnose(err, expr.Range(), "Invalid toolchain")...)
	}
	spec.Sandbox, spec.Local = false, true
	spec.Writable = append(spec.Writable, dir)
	spec.Tools = append(spec.Tools, tools...)
	for _, list := range [...][]string{spec.Argv, spec.Env} {
		for i, text := range list {
			list[i] = strings.ReplaceAll(absolute(text), "{tree}", action.Abs(dir))
		}
	}
	return diags
}

// runAttrs are the attributes that rules and tests have in common.
type runAttrs struct {
	run, inputs, stdin, env, dir, timeout hcl.Expression
}

// runBlock evaluates what a rule or a test runs.
func (ev *Evaluator) runBlock(sc *scope, spec *action.Spec, b runAttrs) hcl.Diagnostics {
	cmd, diags := ev.command(sc, b.run)
	in, more := ev.inputFiles(sc, b.inputs, sc.dir.dir)
	diags = append(diags, more...)
	cmd.inputs = append(cmd.inputs, in...)
	if b.stdin != nil {
		val, more := lang.Eval(b.stdin, sc)
		diags = append(diags, more...)
		p, ok, more := ev.filePath(sc.t, val, sc.dir.dir, sc.dir, b.stdin.Range())
		diags = append(diags, more...)
		if ok {
			spec.Stdin = p
			cmd.inputs = append(cmd.inputs, p)
		}
	}
	if b.env != nil {
		val, more := lang.Eval(b.env, sc)
		diags = append(diags, more...)
		if !more.HasErrors() {
			cmd.addEnv(val, b.env.Range(), &diags)
		}
	}
	if b.dir != nil {
		val, more := lang.Eval(b.dir, sc)
		diags = append(diags, more...)
		s, more := lang.String(val, b.dir.Range(), "dir")
		diags = append(diags, more...)
		p, err := inside(sc.dir.dir, s.Value)
		if err != nil {
			diags = append(diags, errorAt(b.dir.Range(), "Outside of the workspace", "%s", sentence(err.Error()))...)
		}
		spec.Dir = path.Clean(p)
		if spec.Dir == "." {
			spec.Dir = ""
		}
	}
	if b.timeout != nil {
		val, more := lang.Eval(b.timeout, sc)
		diags = append(diags, more...)
		d, more := lang.Duration(val, b.timeout.Range(), "timeout")
		diags = append(diags, more...)
		spec.Timeout = d.Value
	}
	if diags.HasErrors() {
		return diags
	}
	cmd.fill(spec, sc)
	return append(diags, ev.makeInputs(sc, spec.Inputs, inputsRange(b))...)
}

// inputsRange is the place that most likely names an input.
func inputsRange(b runAttrs) hcl.Range {
	for _, expr := range []hcl.Expression{b.inputs, b.stdin} {
		if expr != nil {
			return expr.Range()
		}
	}
	return b.run.Range()
}

// makeInputs sees to it that the outputs of this directory's rules among the
// inputs, which are named at rng, are defined. Files with a mark are: whoever
// made the mark did so.
func (ev *Evaluator) makeInputs(sc *scope, inputs []string, rng hcl.Range) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, p := range inputs {
		if err := ev.defineOutput(ev.at(sc.t, rng), sc.dir, p); err != nil {
			diags = append(diags, ev.diagnose(err, rng, "Invalid rule")...)
		}
	}
	return diags
}

// defineOutput defines the rule of directory d that makes p, if there is one.
func (ev *Evaluator) defineOutput(t *engine.Task, d *directory, p string) error {
	for o, g := range d.outputs {
		if g.enabled && joinPath(d.root, d.dir, o) == p {
			_, err := ev.ruleQ.Get(t, g.addr())
			return err
		}
	}
	return nil
}
