package contexts

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// A test is a test block in one context: its action is defined.
type test struct {
	result string   // the output that stands for "it passed", and holds what it printed
	needs  []string // what it runs with
	expect string
}

// test evaluates a test block and defines its action.
func (ev *Evaluator) test(t *engine.Task, a addr.Target) (*test, error) {
	d, g, err := ev.targetOf(t, a)
	if err != nil {
		return nil, err
	}
	ev.noteTarget(t, g)
	sc := &scope{ev: ev, t: t, dir: d, each: g.each}
	b := g.test
	spec := newSpec(g, "test "+joinPath(d.dir, g.fileName()))
	spec.Local = true
	spec.Stdout = joinPath(d.root, d.dir, ".tests", g.fileName()+".out")
	spec.Outputs = []string{spec.Stdout}
	diags := ev.runBlock(sc, &spec, runAttrs{run: b.Run, inputs: b.Inputs, stdin: b.Stdin, env: b.Env, dir: b.Dir, timeout: b.Timeout})
	if b.Expect != nil {
		p, more := ev.expected(sc, b.Expect)
		diags = append(diags, more...)
		if p != "" {
			spec.Expect = p
			if strings.HasPrefix(p, d.root+"/") {
				spec.Inputs = unique(append(spec.Inputs, p))
				diags = append(diags, ev.makeInputs(sc, []string{p}, b.Expect.Range())...)
			}
		}
	}
	if err := ev.report(diags); err != nil {
		return nil, err
	}
	if err := ev.addContextEnv(t, g.ctx, &spec); err != nil {
		return nil, err
	}
	if err := t.Define(spec); err != nil {
		return nil, ev.report(ev.diagnose(err, g.header.Range, "Invalid test"))
	}
	return &test{result: spec.Stdout, needs: spec.Inputs, expect: spec.Expect}, nil
}

// expected is the file that a test's output must equal. A source file may be
// missing: then the test fails, and erg promote makes it.
func (ev *Evaluator) expected(sc *scope, expr hcl.Expression) (string, hcl.Diagnostics) {
	val, diags := lang.Eval(expr, sc)
	if diags.HasErrors() {
		return "", diags
	}
	if name, more := lang.String(val, expr.Range(), "expect"); !more.HasErrors() && name.Known && len(lang.FilesOf(name.Marks)) == 0 {
		at, err := inside(sc.dir.dir, name.Value)
		exists, eerr := sc.t.Exists(at)
		if err == nil && eerr == nil && !exists && sc.dir.outputs[joinPath(name.Value)] == nil {
			return at, diags // erg promote makes it
		}
	}
	p, ok, more := ev.filePath(sc.t, val, sc.dir.dir, sc.dir, expr.Range())
	if !ok {
		return "", diags
	}
	return p, append(diags, more...)
}
