package contexts

import (
	"errors"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// A duneWorld is what package rules sees of a workspace's contexts.
type duneWorld struct{ ev *Evaluator }

var _ rules.World = duneWorld{}

func (w duneWorld) OCaml(t *engine.Task, c addr.Context) (*ocaml.Toolchain, error) {
	tc, err := w.ev.toolchainOf(t, c, "ocaml")
	oct, _ := tc.(*ocaml.Toolchain)
	return oct, err
}

func (w duneWorld) C(t *engine.Task, c addr.Context) (*cc.Toolchain, error) {
	tc, err := w.ev.toolchainOf(t, c, "cc")
	cct, _ := tc.(*cc.Toolchain)
	return cct, err
}

func (w duneWorld) Host(t *engine.Task, c addr.Context) (addr.Context, error) {
	return w.ev.hostQ.Get(t, attrKey{c, "host"})
}

func (w duneWorld) Profile(t *engine.Task, c addr.Context) (string, error) {
	return w.ev.profileQ.Get(t, attrKey{c, "profile"})
}

func (w duneWorld) Env(t *engine.Task, c addr.Context) (*rules.Environment, error) {
	env, err := w.ev.envQ.Get(t, attrKey{c, "env"})
	if err != nil {
		return nil, err
	}
	return &rules.Environment{Vars: env.vars, Inputs: env.inputs, Waits: env.waits}, nil
}

func (w duneWorld) Covers(t *engine.Task, c addr.Context) (func(dir string) bool, error) {
	s, err := w.ev.spanQ.Get(t, attrKey{c, "dirs"})
	if err != nil {
		return nil, err
	}
	return s.covers, nil
}

func (w duneWorld) Run(t *engine.Task, c addr.Context, program string, args []string, at hcl.Range) (*rules.Process, hcl.Diagnostics) {
	cmd := &command{env: map[string]string{}, inputs: []string{program}}
	tc, err := w.OCaml(t, c)
	if err != nil {
		return nil, w.ev.diagnose(err, at, "Invalid toolchain")
	}
	sc := &scope{ev: w.ev, t: t}
	diags := w.ev.runBuilt(sc, cmd, artifact{ctx: c, program: true, native: tc == nil || tc.Native()}, program, args, at)
	if err := cmd.identify(t); err != nil {
		diags = append(diags, w.ev.diagnose(err, at, "Cannot read a program")...)
	}
	return &rules.Process{Argv: cmd.argv, Env: cmd.env, Inputs: cmd.inputs, Tools: cmd.tools, Writable: cmd.writable, Visible: cmd.visible, Pool: cmd.pool}, diags
}

// elementExpr spells an element, as it stands in a variable of a dune file, as
// an expression. There may be no quotes in a variable, so a name with dots in
// it, as files have, is all that follows its kind.
func elementExpr(ref string) string {
	rest, ok := strings.CutPrefix(ref, "context.")
	name, rest, dot := strings.Cut(rest, ".")
	if kind, of, named := strings.Cut(rest, "."); ok && dot && named {
		switch k := addr.Kind(kind); k {
		case addr.KindBin, addr.KindLib, addr.KindShare, addr.KindFile:
			return addr.Element{Context: addr.Context{Name: name}, Kind: k, Name: of}.String()
		}
	}
	if a, err := addr.Parse(ref); err == nil {
		if p, ok := a.(addr.Public); ok {
			return p.Element().String()
		}
	}
	return ref
}

// duneFile returns a file that a rule of a dune file makes; "" if none does.
// Rules say nothing of who may use what they make.
func (ev *Evaluator) duneFile(t *engine.Task, el addr.Element) (string, error) {
	p, ok, err := ev.dune.File(t, el.Context, el.Name)
	if !ok || err != nil || !action.IsOutput(p) {
		return "", duneError(err)
	}
	return p, nil
}

// Element evaluates what stands in %{erg:…} as an expression of a build file.
func (w duneWorld) Element(t *engine.Task, c addr.Context, ref string, at hcl.Range) (*rules.Value, hcl.Diagnostics) {
	expr, diags := hclsyntax.ParseExpression([]byte(elementExpr(ref)), at.Filename, at.Start)
	if diags.HasErrors() {
		return nil, errorAt(at, "Invalid reference", "%%{erg:…} holds a reference to a public element of a context, context.NAME.file.gen.ml or NAME:file.gen.ml, not %q.", ref)
	}
	sc := &scope{ev: w.ev, t: t, dir: &directory{ctx: c, root: contextRoot(c)}}
	val, diags := lang.Eval(expr, sc)
	if diags.HasErrors() {
		for _, d := range diags {
			d.Subject = &at
			d.Context, d.Expression, d.EvalContext = nil, nil, nil
		}
		return nil, diags
	}
	out := &rules.Value{Waits: sc.waits()}
	if len(out.Waits) > 0 {
		return out, nil
	}
	if s, more := lang.String(val, at, "a reference"); !more.HasErrors() {
		text, files := tokens(s.Value, s.Marks)
		out.Text, out.Inputs = []string{text}, files
	} else {
		list, more := stringsOf(val, at, "a reference")
		if more.HasErrors() {
			return nil, more
		}
		for _, a := range list.Value {
			text, files := tokens(a.Value, a.Marks)
			out.Text = append(out.Text, text)
			out.Inputs = append(out.Inputs, files...)
		}
	}
	return out, w.ev.makeInputs(sc, out.Inputs, at)
}

func (w duneWorld) At(t *engine.Task, at hcl.Range) *engine.Task { return w.ev.at(t, at) }

func (w duneWorld) File(name string, text []byte) { w.ev.addFile(name, &hcl.File{Bytes: text}) }

func (w duneWorld) Diagnose(err error, at hcl.Range, summary string) hcl.Diagnostics {
	return w.ev.diagnose(err, at, summary)
}

func (w duneWorld) Report(diags hcl.Diagnostics) error { return w.ev.report(diags) }

// duneError is an error of package rules as the queries here have it.
func duneError(err error) error {
	if later := (*rules.Later)(nil); errors.As(err, &later) {
		return &notYet{later.Waits}
	}
	return err
}

// duneTargets adds what dune files declare to a directory.
func (ev *Evaluator) duneTargets(t *engine.Task, d *directory) error {
	list, err := ev.dune.Targets(t, d.ctx, d.dir)
	if err != nil {
		return duneError(err)
	}
	for _, x := range list {
		a := x.Address
		g := &target{ctx: d.ctx, dir: d.dir, kind: a.Kind, name: a.Name, header: &config.Header{Range: x.Range}, enabled: true, public: x.Public != "", dune: x}
		if d.targets[g.id()] != nil {
			if err := ev.report(errorAt(x.Range, "Two declarations of one name", "%s is also declared at %s.", g.addr(), site(d.targets[g.id()].header.Range))); err != nil {
				return err
			}
		}
		ev.mu.Lock()
		ev.headers[a.String()] = x.Range
		ev.mu.Unlock()
		d.targets[g.id()] = g
		d.order = append(d.order, g)
		ev.noteTarget(t, g)
	}
	return nil
}

// isDuneProgram reports whether a target of a dune file is a program.
func (g *target) isDuneProgram() bool { return g.dune != nil && g.kind == addr.BlockExecutable }

// duneProgram evaluates a program that a dune file declares.
func (ev *Evaluator) duneProgram(t *engine.Task, g *target) (*program, error) {
	p, native, err := ev.dune.ProgramOf(t, g.dune)
	if err != nil {
		return nil, duneError(err)
	}
	name := g.dune.Public
	if name == "" {
		name = g.name
	}
	return &program{g: g, name: name, path: p, art: artifact{ctx: g.ctx, target: g.addr().String(), program: true, native: native}}, nil
}

// sharedDir reports whether a directory of a target is one where rules keep
// what no directory of the tree has made alone.
func sharedDir(dir string) bool { return strings.HasPrefix(dir, ".") && !action.IsOutput(dir) }

// isTest reports whether a target is a test.
func (g *target) isTest() bool { return g.test != nil || g.dune != nil && g.dune.Test }
