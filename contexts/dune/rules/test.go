package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// testKey is the key of a test of a stanza.
func testKey(k key, name string) key {
	k.name, k.part = string(addr.BlockTest)+"."+name, name
	return k
}

// aliasTests adds the tests of a stanza.
func (r *Rules) aliasTests(t *engine.Task, k aliasKey, d *dir, key key, s *dune.Tests, out *Goal) error {
	for _, b := range []*dune.Bool{&s.BuildIf, &s.EnabledIf} {
		if on, err := r.enabled(t, k.ctx, d, b); err != nil || !on {
			return err
		}
	}
	if k.name == "runtest" && slices.ContainsFunc(s.Modes, func(m dune.LinkMode) bool { return m.Kind == "wasm" }) {
		if err := r.unsupported(s, noWasm+" Tests run in their other modes."); err != nil {
			return err
		}
	}
	for _, n := range s.Names {
		parts, err := r.programTests(t, k.ctx, d, s, n.Value)
		if err != nil {
			return err
		}
		for _, p := range parts {
			if p.alias != k.name {
				continue
			}
			out.found = true
			results, err := r.testsQ.Get(t, testKey(key, p.part))
			if err != nil {
				return unlessOptional(err, false, s.At())
			}
			out.Files = append(out.Files, results...)
			out.Tests = append(out.Tests, results...)
		}
	}
	return nil
}

// A testPart is a test of a stanza: it runs a program of the machine or, if its
// name ends so, JavaScript.
type testPart struct{ part, alias string }

// nodeName is the program that runs JavaScript.
const nodeName = "node"

// testParts adds to the tests of a program what is run of it as JavaScript.
func (r *Rules) testParts(t *engine.Task, c addr.Context, d *dir, js *dune.JavaScript, name string, has bool) ([]testPart, error) {
	if !has {
		return nil, nil
	}
	if on, err := r.jsEnabled(t, c, d, js); err != nil || !on {
		return nil, err
	}
	env, err := r.envQ.Get(t, dirKey{c, d.path})
	if err != nil {
		return nil, err
	}
	return []testPart{{part: name + jsExt, alias: either(env.js.runtest != "", env.js.runtest, "runtest")}}, nil
}

// programTests lists the tests of a program. What is JavaScript is run since 3.0
// of the language.
func (r *Rules) programTests(t *engine.Task, c addr.Context, d *dir, s *dune.Tests, name string) ([]testPart, error) {
	has := func(kinds ...string) bool {
		return slices.ContainsFunc(s.Modes, func(m dune.LinkMode) bool { return slices.Contains(kinds, m.Kind) })
	}
	parts, err := r.testParts(t, c, d, &s.JavaScript, name, has("js") && d.project.Lang.AtLeast(3, 0))
	if has("exe", "byte_complete") || !has("js", "wasm") {
		parts = append([]testPart{{part: name, alias: "runtest"}}, parts...)
	}
	return parts, err
}

// tests defines a test of a tests stanza, those inside of a library,
// or that of a document.
func (r *Rules) tests(t *engine.Task, k key) ([]string, error) {
	d, st, err := r.stanzaOf(t, k)
	if err != nil {
		return nil, err
	}
	var results []string
	switch s := st.(type) {
	case *dune.Tests:
		var result string
		result, err = r.defineTest(t, k, d, s)
		results = []string{result}
	case *dune.Library:
		results, err = r.inlineTests(t, k, d, s)
	case *dune.Mdx:
		var result string
		result, err = r.mdx(t, k, d, s)
		results = []string{result}
	}
	if m, ok := err.(*missing); ok {
		return nil, m
	}
	return results, r.fail(err, st.At(), "Invalid test")
}

// defineTest defines the run of a program and, if there is a file
// NAME.expected, the comparison of what it prints with that.
func (r *Rules) defineTest(t *engine.Task, k key, d *dir, s *dune.Tests) (string, error) {
	program, err := r.testProgram(t, k, d, s)
	if err != nil {
		return "", err
	}
	x := r.naming(t, k.ctx, d)
	x.own = true
	if err := x.deps(s.Deps); err != nil {
		return "", err
	}
	x.local["test"] = []string{action.Ref(program)}
	name, js := strings.CutSuffix(k.part, jsExt)
	run := s.Action
	if run == nil {
		run = &dune.Action{Op: dune.ActionRun, Args: []dune.Template{variable("test", s.At())}, Range: s.At()}
		if js {
			run.Args = slices.Insert(run.Args, 0, literal(nodeName, s.At()))
		}
	}
	if js {
		x.inputs.add(program)
	} else {
		x.inputs.built(program, k.ctx)
	}
	j := job{key: k, name: "test " + path.Join(d.path, k.part), result: path.Join(root(k.ctx), d.path, ".tests", k.part+".out")}
	files, err := r.contentsQ.Get(t, dirKey{k.ctx, d.path})
	if err != nil {
		return "", err
	}
	if expected := name + ".expected"; s.Action == nil && slices.Contains(files.names(), expected) {
		out := path.Join(d.path, k.part+".output")
		to := literal(path.Base(out), s.At())
		run = &dune.Action{Op: dune.ActionProgn, Range: s.At(), Actions: []*dune.Action{
			{Op: dune.ActionStdoutTo, Args: []dune.Template{to}, Actions: []*dune.Action{run}, Range: s.At()},
			{Op: dune.ActionDiff, Args: []dune.Template{literal(expected, s.At()), to}, Range: s.At()},
		}}
	}
	return j.result, r.act(x, j, run, s.Locks)
}

// testProgram is what a test runs.
func (r *Rules) testProgram(t *engine.Task, k key, d *dir, s *dune.Tests) (string, error) {
	unit := executableKey(k.ctx, d, k.index, s.Names[0].Value)
	if name, js := strings.CutSuffix(k.part, jsExt); js {
		outs, err := r.jsQ.Get(t, jsKey(unit, name))
		if err != nil {
			return "", err
		}
		return outs[0], nil
	}
	c, err := r.componentQ.Get(t, unit)
	if err != nil {
		return "", err
	}
	program := ""
	for _, p := range c.programs {
		if p.Name == k.part && (program == "" || path.Ext(p.Path) == ".exe") {
			program = p.Path
		}
	}
	if program == "" {
		return "", errorAt(s.At(), "No program to run", "The modes of test %s have no program among them.", k.part)
	}
	return program, nil
}

// variable is a template of one variable.
func variable(name string, at hcl.Range) dune.Template {
	return dune.Template{Parts: []sexp.Part{{Var: &sexp.Var{Name: name, Range: at}}}, Range: at}
}

// actionKey is the key of a rule that makes no file.
func actionKey(c addr.Context, d *dir, i int, s *dune.Rule) key {
	kind := addr.BlockRule
	if containsText(s.Aliases, "runtest") {
		kind = addr.BlockTest
	}
	return key{ctx: c, dir: d.path, index: i, name: string(kind) + "." + actionName(d, i, s)}
}

// actionName tells rules of one alias apart by their order.
func actionName(d *dir, i int, s *dune.Rule) string {
	n := 1
	for _, o := range d.stanzas[:i] {
		if o, ok := o.(*dune.Rule); ok && len(o.Aliases) > 0 && o.Aliases[0].Value == s.Aliases[0].Value {
			n++
		}
	}
	return s.Aliases[0].Value + "-" + itoa(n)
}
