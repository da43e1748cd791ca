package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// runnerName is the name of the programs that run inline tests.
const runnerName = "inline-test-runner"

// aliasInline adds the inline tests of a library, to runtest and to an alias
// of their own.
func (r *Rules) aliasInline(t *engine.Task, k aliasKey, d *dir, key key, s *dune.Library, out *Goal) error {
	if s.InlineTests == nil {
		return nil
	}
	on, err := r.hasInlineTests(t, k.ctx, d, s)
	if err != nil || !on {
		return err
	}
	parts, err := r.inlineParts(t, k.ctx, d, s)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if k.name != p.alias && k.name != p.alias+"-"+libraryName(s) {
			continue
		}
		out.found = true
		results, err := r.testsQ.Get(t, testKey(key, p.part))
		if err != nil {
			return unlessOptional(err, s.Optional, s.At())
		}
		out.Files = append(out.Files, results...)
		out.Tests = append(out.Tests, results...)
	}
	return nil
}

// inlineParts lists the tests inside of a library: those of its runners that are
// programs of the machine, and those that run as JavaScript.
func (r *Rules) inlineParts(t *engine.Task, c addr.Context, d *dir, s *dune.Library) ([]testPart, error) {
	name := libraryName(s)
	parts, err := r.testParts(t, c, d, &s.JavaScript, name, slices.Contains(s.InlineTests.Modes, "js"))
	if slices.ContainsFunc(s.InlineTests.Modes, func(m string) bool { return m != "js" && m != "wasm" }) {
		parts = append([]testPart{{part: name, alias: "runtest"}}, parts...)
	}
	if err == nil && slices.Contains(s.InlineTests.Modes, "wasm") {
		if len(s.InlineTests.Modes) == 1 {
			return nil, errorAt(s.InlineTests.Range, "Not supported", "%s", noWasm)
		}
		err = r.unsupported(s, noWasm+" Inline tests run in their other modes.")
	}
	return parts, err
}

// hasInlineTests reports whether a library has tests inside that are to run
// in a context.
func (r *Rules) hasInlineTests(t *engine.Task, c addr.Context, d *dir, s *dune.Library) (bool, error) {
	if s.InlineTests == nil {
		return false, nil
	}
	if on, err := r.enabled(t, c, d, &s.EnabledIf); err != nil || !on {
		return false, err
	}
	return r.enabled(t, c, d, &s.InlineTests.EnabledIf)
}

// An inlineRunner is the making of the programs that run the tests of one
// library.
type inlineRunner struct {
	r        *Rules
	t        *engine.Task
	key      key
	d        *dir
	s        *dune.Library
	lib      *component
	backends []*backend
	unit     *unit
	programs []ocaml.Program // that are run; byte code for JavaScript is that
}

// inlineTests defines the runs of the tests inside of a library: one for each
// mode and, where a backend divides them, for each part.
func (r *Rules) inlineTests(t *engine.Task, k key, d *dir, s *dune.Library) ([]string, error) {
	lk := libraryKey(k.ctx, d, k.index, s)
	lib, err := r.componentQ.Get(t, lk)
	if err != nil {
		return nil, err
	}
	l, err := r.libraryQ.Get(t, lk)
	if err != nil {
		return nil, err
	}
	x := &inlineRunner{r: r, t: t, key: k, d: d, s: s, lib: lib}
	if x.backends, err = r.backendsOf(t, k.ctx, d, s, l); err != nil {
		return nil, err
	}
	if err := x.link(l); err != nil {
		return nil, err
	}
	var results []string
	for _, p := range x.programs {
		parts, err := x.partitions(p)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			result, err := x.run(p, part)
			if err != nil {
				return nil, err
			}
			results = append(results, result)
		}
	}
	return results, nil
}

// js tells whether the tests are run as JavaScript.
func (x *inlineRunner) js() bool { return strings.HasSuffix(x.key.part, jsExt) }

// dir is where all is made that belongs to the runner.
func (x *inlineRunner) dir() string {
	at := path.Join(root(x.key.ctx), x.d.path, "."+libraryName(x.s)+".inline-tests")
	if x.js() {
		at = path.Join(at, "js")
	}
	return at
}

// link defines the runner: a program that has the library in it, whole, with
// what the backends want.
func (x *inlineRunner) link(l *library) error {
	r, t, k, at := x.r, x.t, x.key, x.s.InlineTests.Range
	tc, err := r.compilerOf(t, k.ctx, x.s)
	if err != nil {
		return err
	}
	libs, err := x.libraries(l)
	if err != nil {
		return err
	}
	env, err := r.w.Env(t, k.ctx)
	if err != nil {
		return err
	}
	main := path.Join(x.dir(), "main.ml")
	objs := path.Join(x.dir(), ".t.eobjs")
	u := &unit{dir: x.d, needs: &needs{deps: libs}, key: k}
	u.u = ocaml.Unit{Owner: cc.Owner{Context: k.ctx.String(), Target: k.String(), Root: root(k.ctx), Dir: x.d.path, Name: runnerName, Env: env.Vars, Unknown: env.Waits},
		Exact: true, Wrapping: ocaml.Unwrapped, Layout: ocaml.Layout{Objects: objs + "/byte", Native: objs + "/native", Alias: objs},
		Modules: []ocaml.Module{{Name: "Main", Impl: main}}, Mains: []string{"main"}}
	if u.u.Programs, err = x.linked(tc); err != nil {
		return err
	}
	if err := x.flags(&u.u); err != nil {
		return err
	}
	if err := r.implementations(t, u, at); err != nil {
		return err
	}
	if err := r.describeDeps(t, u); err != nil {
		return err
	}
	if err := r.linkModules(t, u, nil, tc); err != nil {
		return err
	}
	if err := x.generate(main); err != nil {
		return err
	}
	fns := []func(*engine.Task) error{func(t *engine.Task) (err error) {
		x.programs, err = tc.Executables(t, u.u)
		return r.fail(err, at, "Cannot build the runner of inline tests")
	}}
	for _, l := range u.needs.deps {
		fns = append(fns, func(t *engine.Task) error { return r.defineLibrary(t, l) })
	}
	x.unit = u
	if err := firstOf(t.Run(fns...)); err != nil || !x.js() {
		return err
	}
	return x.translate(objs)
}

// translate makes the runner JavaScript.
func (x *inlineRunner) translate(objs string) error {
	js := x.s.JavaScript
	js.Files = nil // which come with the library
	l := &jsLink{key: x.key, d: x.d, needs: x.unit.needs, js: &js, objects: objs, linkall: slices.Contains(x.unit.u.LinkFlags, "-linkall"), at: x.s.InlineTests.Range}
	for _, p := range x.programs {
		if p.Kind == ocaml.Raw {
			l.programs = append(l.programs, p)
		}
	}
	if err := x.r.prepareJS(x.t, l); err != nil {
		return err
	}
	for i, p := range x.programs {
		if p.Kind != ocaml.Raw {
			continue
		}
		x.programs[i].Path = path.Join(x.dir(), runnerName+jsExt)
		if _, err := x.r.linkJS(x.t, l, p, x.programs[i].Path); err != nil {
			return err
		}
	}
	return nil
}

// libraries are those that the runner has in it.
func (x *inlineRunner) libraries(l *library) ([]*library, error) {
	libs := []*library{l}
	who := fmt.Sprintf("the inline tests of library %q in %s", l.name, orTop(x.d.path))
	add := func(o *library, err error) error {
		if err != nil {
			return wanted(err, who)
		}
		if !slices.ContainsFunc(libs, o.same) {
			libs = append(libs, o)
		}
		return nil
	}
	for _, b := range x.backends {
		for _, name := range b.info.RunnerLibraries {
			if err := add(x.r.findFor(x.t, b.lib, x.key.ctx, name)); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range x.s.InlineTests.Libraries {
		if err := add(x.r.find(x.t, x.key.ctx, x.d.project, name)); err != nil {
			return nil, err
		}
	}
	return libs, nil
}

// linked are the runners, one for each mode. The tests that run as JavaScript
// are apart from the others: without js_of_ocaml, these run all the same.
func (x *inlineRunner) linked(tc *ocaml.Toolchain) ([]ocaml.Program, error) {
	var out []ocaml.Program
	modes := x.s.InlineTests.Modes
	js := x.js()
	for _, mode := range modes {
		if (mode == "js") != js || mode == "wasm" {
			continue
		}
		if js {
			out = append(out, linkMode{"byte", mode}.program(tc, "main", path.Join(x.dir(), runnerName+rawExt)))
			continue
		}
		m := x.s.Modes
		if byteOnly := m.Given && !m.Native && !m.Best; mode == "best" && byteOnly {
			mode = "byte"
		}
		p := linkMode{mode, "exe"}.program(tc, "main", "")
		p.Kind, p.Path = ocaml.Executable, path.Join(x.dir(), runnerName+".exe")
		if mode == "byte" {
			p.Path = path.Join(x.dir(), runnerName+".bc")
		}
		if !slices.ContainsFunc(out, func(o ocaml.Program) bool { return o.Path == p.Path }) {
			out = append(out, p)
		}
	}
	return out, nil
}

// flags evaluates what the runner is compiled and linked with.
func (x *inlineRunner) flags(u *ocaml.Unit) error {
	info, e := x.s.InlineTests, x.r.naming(x.t, x.key.ctx, x.d)
	for _, f := range []struct {
		to  *[]string
		set *dune.Set
		std flagKind
	}{
		{&u.Flags, &info.OCaml.Common, flagsOCaml}, {&u.ByteFlags, &info.OCaml.Byte, flagsByte}, {&u.NativeFlags, &info.OCaml.Native, flagsNative},
	} {
		list, err := e.evalFlags(f.set, f.std)
		if err != nil {
			return err
		}
		*f.to = list
	}
	var err error
	if u.LinkFlags, err = x.r.evalSet(e, &info.LinkFlags, []string{"-linkall"}); err != nil {
		return err
	}
	u.Flags = append(slices.Clone(u.Flags), "-w", "-24", "-g")
	u.Inputs = unique(e.inputs.files)
	return nil
}

// expander is what backends and the library itself say is expanded with.
func (x *inlineRunner) expander(locals map[string]string) *expander {
	e := x.r.naming(x.t, x.key.ctx, x.d)
	e.local["library-name"] = []string{libraryName(x.s)}
	for n, v := range locals {
		e.local[n] = []string{v}
	}
	return e
}

// generate defines how the main module of the runner is written.
func (x *inlineRunner) generate(main string) error {
	at := x.s.InlineTests.Range
	e := x.expander(nil)
	for i, name := range []string{"impl-files", "intf-files"} {
		e.local[name] = []string{}
		for _, src := range x.lib.sources {
			p := [2]string{src.impl, src.intf}[i]
			if p == "" {
				continue
			}
			real, err := x.r.file(x.t, x.key.ctx, p, at)
			if err != nil {
				return err
			}
			e.inputs.add(real)
			e.local[name] = append(e.local[name], action.Ref(real))
		}
	}
	all := &dune.Action{Op: dune.ActionProgn, Range: at}
	for _, b := range x.backends {
		if b.info.GenerateRunner != nil {
			all.Actions = append(all.Actions, b.info.GenerateRunner)
		}
	}
	to := copying(&dune.Action{Op: dune.ActionStdoutTo, Actions: []*dune.Action{all}, Range: at}, main)
	return x.r.act(e, job{key: x.key, name: "generate " + inWorkspace(main), outs: []string{main}}, to, nil)
}

// arguments evaluates flags of all backends.
func (x *inlineRunner) arguments(e *expander, of func(*dune.InlineTestsBackend) *dune.Set) ([]string, error) {
	var out []string
	for _, b := range x.backends {
		s := of(b.info)
		if s == nil {
			continue
		}
		flags, err := x.r.evalSet(e, s, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, flags...)
	}
	return out, nil
}

// partitions asks the runner into which parts the tests are divided: "" alone
// if no backend divides them.
func (x *inlineRunner) partitions(p ocaml.Program) ([]string, error) {
	list := func(b *dune.InlineTestsBackend) *dune.Set { return b.ListPartitionsFlags }
	if !slices.ContainsFunc(x.backends, func(b *backend) bool { return b.info.ListPartitionsFlags != nil }) {
		return []string{""}, nil
	}
	e := x.expander(nil)
	args, err := x.arguments(e, list)
	if err != nil {
		return nil, err
	}
	out := path.Join(x.dir(), "partitions"+path.Ext(p.Path))
	run, err := x.command(e, p, args)
	if err != nil {
		return nil, err
	}
	to := copying(&dune.Action{Op: dune.ActionStdoutTo, Actions: []*dune.Action{run}, Range: run.Range}, out)
	if err := x.r.act(e, job{key: x.key, name: "list the tests of " + path.Join(x.d.path, libraryName(x.s)), outs: []string{out}}, to, nil); err != nil {
		return nil, err
	}
	text, err := x.r.content(x.t, out)
	return strings.Fields(strings.ReplaceAll(text, "\r", "")), err
}

// command is the action that runs the runner, with what the library declares
// that its tests need.
func (x *inlineRunner) command(e *expander, p ocaml.Program, args []string) (*dune.Action, error) {
	info := x.s.InlineTests
	e.own = true
	for i := range info.Deps {
		if _, err := e.dep(&info.Deps[i]); err != nil {
			return nil, err
		}
	}
	e.inputs.built(p.Path, x.key.ctx)
	run := &dune.Action{Op: dune.ActionRun, Range: info.Range}
	if p.Kind == ocaml.Raw {
		run.Args = append(run.Args, literal(nodeName, info.Range))
	}
	copying(run, p.Path)
	e.inputs.add(p.Path)
	for _, a := range args {
		run.Args = append(run.Args, literal(a, info.Range))
	}
	return run, nil
}

// run defines one run of the tests. The runner may leave corrected sources
// behind, FILE.corrected beside each.
func (x *inlineRunner) run(p ocaml.Program, partition string) (string, error) {
	info, name := x.s.InlineTests, path.Join(x.d.path, libraryName(x.s))
	stem := libraryName(x.s) + ".inline"
	if len(x.programs) > 1 || p.Kind == ocaml.Raw {
		name, stem = name+" ("+runnerMode(p)+")", stem+path.Ext(p.Path)
	}
	locals := map[string]string{}
	if partition != "" {
		locals["partition"] = partition
		name, stem = name+" "+partition, stem+"-"+strings.ReplaceAll(partition, "/", "-")
	}
	e := x.expander(locals)
	args, err := x.arguments(e, func(b *dune.InlineTestsBackend) *dune.Set { return &b.Flags })
	if err != nil {
		return "", err
	}
	own, err := x.r.evalSet(e, &info.Flags, nil)
	if err != nil {
		return "", err
	}
	run, err := x.command(e, p, append(args, own...))
	if err != nil {
		return "", err
	}
	all := &dune.Action{Op: dune.ActionProgn, Actions: []*dune.Action{run}, Range: info.Range}
	for _, src := range x.lib.sources {
		for _, f := range []string{src.impl, src.intf} {
			if f == "" {
				continue
			}
			real, err := x.r.file(x.t, x.key.ctx, f, info.Range)
			if err != nil {
				return "", err
			}
			diff := copying(&dune.Action{Op: dune.ActionDiffOptional, Range: info.Range}, real)
			diff.Args = append(diff.Args, literal(action.Relative(x.d.path, f)+".corrected", info.Range))
			all.Actions = append(all.Actions, diff)
		}
	}
	j := job{key: x.key, name: "test " + name, result: path.Join(root(x.key.ctx), x.d.path, ".tests", stem+".out")}
	return j.result, x.r.act(e, j, all, nil)
}

// runnerMode is what people call the mode of a runner.
func runnerMode(p ocaml.Program) string {
	return either(p.Kind == ocaml.Raw, "js", string(p.Mode))
}
