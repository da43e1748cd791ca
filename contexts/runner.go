package contexts

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// A runner says how a context's programs run on the build machine: an
// emulator, or wine. Its own command may be a program of the graph.
type runner struct {
	command []lang.Native[string]
	env     *environment
	state   string // an output path, "" for none
	rng     hcl.Range
}

// runner evaluates context.C.runner: its own, its template's, or that of one
// of its toolchains. nil means there is none.
func (ev *Evaluator) runner(t *engine.Task, k attrKey) (*runner, error) {
	d, err := ev.definition(t, k.ctx)
	if err != nil {
		return nil, err
	}
	if def := ev.templateAttr(d.ws, &d.block.Definition, func(d *config.Definition) bool { return d.Runner != nil }); def != nil {
		return ev.evalRunner(def.Runner, d.scope, k.ctx)
	}
	tcs, err := ev.toolchainsQ.Get(t, attrKey{k.ctx, "toolchains"})
	if err != nil {
		return nil, err
	}
	for _, kind := range toolchainKinds {
		a, ok := tcs[kind]
		if !ok {
			continue
		}
		block := d.ws.Toolchain(a.Kind, a.Name)
		if block.Runner == nil {
			continue
		}
		in, err := ev.toolsetsQ.Get(t, addr.Toolchain{Kind: a.Kind, Name: a.Name})
		if err != nil {
			return nil, err
		}
		return ev.evalRunner(block.Runner, &scope{ev: ev, t: t, each: in.each[a.Key]}, k.ctx)
	}
	return nil, nil
}

func (ev *Evaluator) evalRunner(b *config.Runner, sc *scope, c addr.Context) (*runner, error) {
	r := &runner{rng: b.Range, env: &environment{vars: map[string]string{}}}
	var diags hcl.Diagnostics
	if b.Command != nil {
		val, more := lang.Eval(b.Command, sc)
		diags = append(diags, more...)
		list, more := lang.Strings(val, b.Command.Range(), "a runner's command")
		diags = append(diags, more...)
		r.command = list.Value
		if !diags.HasErrors() && list.Known && !mentions(list.Value, "{program}") {
			diags = append(diags, errorAt(b.Command.Range(), "Runner without a program", "One element of the command must be \"{program}\".")...)
		}
	}
	if b.State != nil {
		val, more := lang.Eval(b.State, sc)
		diags = append(diags, more...)
		s, more := lang.String(val, b.State.Range(), "a runner's state")
		diags = append(diags, more...)
		if s.Known && (path.Clean(s.Value) != s.Value || path.IsAbs(s.Value) || strings.HasPrefix(s.Value, "..")) {
			diags = append(diags, errorAt(b.State.Range(), "Invalid directory", "state names a directory below the context's own: \"wine\", not %q.", s.Value)...)
		}
		r.state = contextRoot(c) + "/.state/" + s.Value
	}
	if b.Env != nil {
		val, more := lang.Eval(b.Env, sc)
		diags = append(diags, more...)
		if !more.HasErrors() {
			r.env.add(val, b.Env.Range(), &diags)
		}
	}
	return r, ev.report(diags)
}

func mentions(args []lang.Native[string], s string) bool {
	for _, a := range args {
		if strings.Contains(a.Value, s) {
			return true
		}
	}
	return false
}

// runBuilt runs a program that a context built, through that context's runner.
func (ev *Evaluator) runBuilt(sc *scope, cmd *command, art artifact, p string, args []string, rng hcl.Range) hcl.Diagnostics {
	if art.source {
		return errorAt(rng, "Not a program", "%s has the mode \"c\": it becomes a C source, of which another executable makes a program.", art.target)
	}
	if !art.program {
		cmd.argv = append([]string{action.Ref(p)}, args...)
		return nil
	}
	r, err := ev.runnerQ.Get(sc.t, attrKey{art.ctx, "runner"})
	if err != nil {
		return ev.diagnose(err, rng, "Invalid runner")
	}
	if r == nil {
		if !art.native {
			return errorAt(rng, "Program of another machine",
				"%s is built for another machine than this one, and context %s has no runner to run it with: runner { command = [\"qemu-…\", \"{program}\", \"{args}\"] }.", p, art.ctx)
		}
		cmd.argv = append([]string{action.Ref(p)}, args...)
		return nil
	}
	return ev.through(sc, cmd, r, p, args, rng)
}

// programHere is put in front of a program that a runner gets. Where it lies in
// the directory that it runs in, its name would have no slash, and whoever runs
// programs looks such a name up along PATH.
const programHere = "./"

// absolutePrograms undoes that for a process that gets absolute paths.
func absolutePrograms(argv []string) []string {
	ref := action.Ref("")[:1]
	for i, a := range argv {
		if rest, ok := strings.CutPrefix(a, programHere); ok && strings.HasPrefix(rest, ref) {
			argv[i] = rest
		}
	}
	return argv
}

// through puts a runner's command around a program.
func (ev *Evaluator) through(sc *scope, cmd *command, r *runner, p string, args []string, rng hcl.Range) hcl.Diagnostics {
	state := ""
	if r.state != "" {
		state = action.Abs(r.state)
		cmd.writable = append(cmd.writable, r.state)
		cmd.pool = action.Pool{Name: "state " + r.state, Depth: 1}
		cmd.env["HOME"] = state
	}
	for name, v := range r.env.vars {
		cmd.env[name] = strings.ReplaceAll(v, "{state}", state)
	}
	cmd.inputs = append(cmd.inputs, r.env.inputs...)
	if len(args) > 0 && !mentions(r.command, "{args}") {
		return errorAt(rng, "Arguments for a runner that takes none", "The runner at %s has no \"{args}\" in its command, so a program cannot get arguments.", site(r.rng))
	}
	if len(r.command) == 0 { // planning: the command waits for a build
		cmd.argv = []string{"(known after build)"}
		return nil
	}
	var rest []string
	for _, a := range r.command[1:] {
		if a.Value == "{args}" {
			rest = append(rest, args...)
			continue
		}
		if a.Value == "{program}" {
			rest = append(rest, programHere+action.Ref(p))
			continue
		}
		text := cmd.arg(a)
		text = strings.ReplaceAll(text, "{program}", action.Ref(p))
		rest = append(rest, strings.ReplaceAll(text, "{state}", state))
	}
	first := r.command[0]
	if first.Value == "{program}" {
		cmd.argv = append([]string{action.Ref(p)}, rest...)
		return nil
	}
	return ev.program(sc, cmd, first, rest, r.rng)
}
