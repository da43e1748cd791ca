package rules

import (
	"fmt"
	"path"
	"strings"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// # Bindings of ctypes
//
// A stanza describes types and functions of a C library in modules of its own.
// A program that is linked from these writes C code which prints, as OCaml,
// what the C compiler makes of the types: that is compiled, and run. Another one
// writes OCaml and C code for the functions. The modules that come of it are
// modules of the stanza; so the programs are linked from its other modules,
// compiled once more, as parsers are inferred (see inferMock).

// A binding is the ctypes field of a stanza, with the names of what is made.
type binding struct {
	*dune.Ctypes
	owner key // the stanza
	d     *dir
}

func (b *binding) typeGen() string { return b.Prefix() + "__type_gen" }
func (b *binding) cTypes() string  { return capitalize(b.Prefix()) + "__c_generated_types" }
func (b *binding) typesC() string {
	return b.ExternalLibraryName.Value + "__c_cout_generated_types"
}
func (b *binding) functionGen(u dune.CtypesUnit) string {
	return b.Prefix() + "__function_gen__" + b.Functions(u)
}
func (b *binding) functions(u dune.CtypesUnit) string {
	return capitalize(b.Prefix()) + "__c_generated_functions__" + b.Functions(u)
}

// generators are the modules that programs begin with, which nobody else links.
func (b *binding) generators() []string {
	list := []string{capitalize(b.typeGen())}
	for _, u := range b.FunctionDescription {
		list = append(list, capitalize(b.functionGen(u)))
	}
	return list
}

// later are the modules that a generator cannot need: what is made of its
// answer, and of all functions.
func (b *binding) later(types bool) map[string]bool {
	out := map[string]bool{capitalize(b.GeneratedEntryPoint.Value): true}
	for _, u := range b.FunctionDescription {
		out[b.functions(u)] = true
	}
	for _, n := range b.generators() {
		out[n] = true
	}
	if types {
		out[capitalize(b.GeneratedTypes.Value)], out[b.cTypes()] = true, true
	}
	return out
}

// ctypes adds what the field of a stanza has made.
func (f *filler) ctypes(i int, owner key, c *dune.Ctypes) error {
	if c == nil {
		return nil
	}
	b := &binding{c, owner, f.d}
	add := func(module, program bool, define func(t *engine.Task, k key, out string) error, names ...string) error {
		k := ruleKey(f.ctx, f.d, i, names)
		of := k
		if program {
			of = owner // whose libraries it has
		}
		return f.add(&maker{at: c.Range, key: of, outs: names, module: module, program: program, implicit: true, define: func(t *engine.Task) error {
			return f.r.fail(define(t, k, path.Join(root(f.ctx), f.d.path, names[0])), c.Range, "Cannot make bindings")
		}}, dune.ModeStandard)
	}
	text := func(text func(x *expander) (string, error)) func(t *engine.Task, k key, out string) error {
		return func(t *engine.Task, k key, out string) error {
			s, err := text(f.r.static(t, k.ctx, f.d))
			if err != nil {
				return err
			}
			return f.r.write(t, k, out, s)
		}
	}
	run := func(program string, args ...string) func(t *engine.Task, k key, out string) error {
		return func(t *engine.Task, k key, out string) error { return f.r.runGenerator(t, k, b, program, args, out) }
	}
	link := func(script string, later map[string]bool) func(t *engine.Task, k key, out string) error {
		return func(t *engine.Task, k key, out string) error {
			return f.r.linkGenerator(t, k, b, script, later, out)
		}
	}
	ml := func(module string) string { return uncapitalize(module) + ".ml" }
	stubs := b.Prefix() + "_stubs"
	type step struct {
		module, program bool
		define          func(t *engine.Task, k key, out string) error
		name            string
	}
	steps := []step{
		{true, false, text(b.typeGenText), ml(b.typeGen())},
		{false, true, link(b.typeGen(), b.later(true)), b.typeGen() + ".exe"},
		{false, false, run(b.typeGen() + ".exe"), b.typesC() + ".c"},
		{false, false, func(t *engine.Task, k key, out string) error { return f.r.compileTypes(t, k, b, out) }, b.typesC() + ".exe"},
		{true, false, run(b.typesC() + ".exe"), ml(b.cTypes())},
		{true, false, text(b.typesText), ml(b.GeneratedTypes.Value)},
		{true, false, text(b.entryText), ml(b.GeneratedEntryPoint.Value)},
	}
	for _, u := range b.FunctionDescription {
		exe := b.functionGen(u) + ".exe"
		steps = append(steps,
			step{true, false, text(func(x *expander) (string, error) { return b.functionGenText(x, u) }), ml(b.functionGen(u))},
			step{false, true, link(b.functionGen(u), b.later(false)), exe},
			step{false, false, run(exe, "c", stubs), b.FunctionStubs(u) + ".c"},
			step{true, false, run(exe, "ml", stubs), ml(b.functions(u))})
	}
	for _, s := range steps {
		if err := add(s.module, s.program, s.define, s.name); err != nil {
			return err
		}
	}
	return nil
}

// headers are the lines of a generator that print what C code begins with.
func (b *binding) headers(x *expander) (string, error) {
	if b.Preamble.Range.Filename != "" {
		text, err := b.Preamble.ExpandOne(x.expand)
		return "  print_endline " + ocamlString(text) + ";\n", err
	}
	list, err := x.r.evalSet(x, &b.Headers, nil)
	var out strings.Builder
	for _, h := range list {
		fmt.Fprintf(&out, "  print_endline \"#include <%s>\";\n", h)
	}
	return out.String(), err
}

func (b *binding) typeGenText(x *expander) (string, error) {
	headers, err := b.headers(x)
	return "let () =\n" + headers + "  Cstubs_structs.write_c Format.std_formatter\n    (module " + b.TypeDescription.Functor.Value + ".Types)\n\n", err
}

func (b *binding) typesText(*expander) (string, error) {
	return fmt.Sprintf("include %s.Types (%s)\n\n", b.TypeDescription.Functor, b.cTypes()), nil
}

func (b *binding) entryText(*expander) (string, error) {
	text := fmt.Sprintf("module %s = %s\n", b.TypeDescription.Instance, capitalize(b.GeneratedTypes.Value))
	for _, u := range b.FunctionDescription {
		text += fmt.Sprintf("module %s = %s.Functions (%s)\n", u.Instance, u.Functor, b.functions(u))
	}
	return text + "\n", nil
}

func (b *binding) functionGenText(x *expander, u dune.CtypesUnit) (string, error) {
	headers, err := b.headers(x)
	concurrency, errno := u.Concurrency, u.ErrnoPolicy
	if concurrency == "" {
		concurrency = "sequential"
	}
	if errno == "" {
		errno = "ignore_errno"
	}
	return "let () =\n  let concurrency = Cstubs." + concurrency + " in\n  let errno = Cstubs." + errno + " in\n" +
		"  let prefix = Sys.argv.(2) in\n  match Sys.argv.(1) with\n  | \"ml\" ->\n" +
		"    Cstubs.write_ml ~concurrency Format.std_formatter ~prefix\n      ~errno\n      (module " + u.Functor.Value + ".Functions)\n" +
		"  | \"c\" ->\n" + headers +
		"    Cstubs.write_c ~concurrency Format.std_formatter ~prefix\n      ~errno\n      (module " + u.Functor.Value + ".Functions)\n" +
		"  | s -> failwith (\"unknown functions \"^s)\n\n", err
}

// linkGenerator defines how a generator is linked: from the modules of the
// stanza, but for those that are made later.
func (r *Rules) linkGenerator(t *engine.Task, k key, b *binding, script string, later map[string]bool, out string) error {
	whole, err := r.unitQ.Get(t, b.owner)
	if err != nil {
		return err
	}
	s := whole.dir.stanzas[b.owner.index]
	tc, err := r.compilerOf(t, k.ctx, s)
	if err != nil {
		return err
	}
	main := capitalize(script)
	part := whole.part(k, script, func(m *module) bool { return m.name == main || !later[m.name] })
	u := &part.u
	u.Main, u.Wrapping, u.Implements, u.Mains = "Dune__exe", ocaml.Wrapped, nil, []string{script}
	u.LinkModules, u.ForeignArchives, u.CDeps, u.Search, u.Objects, u.Modes = nil, nil, nil, nil, nil, nil
	u.Programs = []ocaml.Program{linkModes(nil)[0].program(tc, script, out)}
	buildable, _, err := r.buildable(t, k.ctx, whole.dir, s)
	if err != nil {
		return err
	}
	x := r.naming(t, k.ctx, whole.dir)
	if u.Modules, err = r.stage(x, &component{unit: part}, s); err != nil {
		return err
	}
	if err := r.unitFlags(x, u, s, buildable); err != nil {
		return err
	}
	u.LinkFlags, u.ArchiveFlags = nil, nil
	return r.definePart(t, part, b.owner, s, x, func(t *engine.Task) error {
		_, err := tc.Executables(t, *u)
		return err
	})
}

// runGenerator defines how a file is made of what a program prints.
func (r *Rules) runGenerator(t *engine.Task, k key, b *binding, program string, args []string, out string) error {
	x := r.naming(t, k.ctx, b.d)
	for i := range b.Deps {
		if _, err := x.dep(&b.Deps[i]); err != nil {
			return err
		}
	}
	p, err := r.file(t, k.ctx, path.Join(b.d.path, program), b.Range)
	if err != nil {
		return err
	}
	x.inputs.built(p, k.ctx)
	y := newActing(x)
	argv, err := y.built(p, args, b.Range)
	if err != nil {
		return err
	}
	spec := r.spec(job{key: k, name: "ctypes " + inWorkspace(out), outs: []string{out}})
	spec.Argv, spec.Stdout = argv, out
	if err := r.complete(x, &spec); err != nil {
		return err
	}
	return t.Define(spec)
}

// compileTypes defines how the C program is made that tells what C types are.
func (r *Rules) compileTypes(t *engine.Task, k key, b *binding, out string) error {
	tc, err := r.compilerOf(t, k.ctx, b.d.stanzas[b.owner.index])
	if err != nil {
		return err
	}
	c, err := r.compilerOfC(t, k.ctx, tc)
	if err != nil {
		return err
	}
	src, err := r.file(t, k.ctx, path.Join(b.d.path, b.typesC()+".c"), b.Range)
	if err != nil {
		return err
	}
	whole, err := r.unitQ.Get(t, b.owner)
	if err != nil {
		return err
	}
	x := r.naming(t, k.ctx, b.d)
	u := ocaml.Unit{Owner: whole.u.Owner}
	u.Target = k.String()
	// Its flags are those of the stubs, or would be.
	st := dune.ForeignStubs{Language: "c", Flags: b.CFlags, ExtraDeps: b.Deps, IncludeDirs: []dune.IncludeDir{{Lib: dune.Text{Value: "ctypes", Range: b.Range}}}, Range: b.Range}
	if b.PkgConfig {
		st.Flags, st.PkgConfig = dune.Set{}, b.ExternalLibraryName
	}
	if err := r.stubFlags(x, &u, &dune.Buildable{ForeignStubs: []dune.ForeignStubs{st}}, nil); err != nil {
		return err
	}
	o := u.Owner
	o.Name = strings.TrimSuffix(path.Base(out), c.ExeSuffix())
	objects, err := c.Objects(t, cc.Unit{Owner: o, Sources: []string{src}, Generated: u.Generated,
		Include: append(u.Include, tc.StandardLibrary()), Flags: append(tc.CFlags(), u.CFlags...), Inputs: x.inputs.files})
	if err != nil {
		return err
	}
	_, err = c.Link(t, cc.Program{Owner: o, Objects: objects})
	return err
}

// ctypesLink are the flags of the C library for who links bindings.
func (r *Rules) ctypesLink(x *expander, c *dune.Ctypes) ([]string, error) {
	switch {
	case c == nil:
		return nil, nil
	case c.PkgConfig:
		return x.pkgConfig("--libs", c.ExternalLibraryName)
	}
	return r.evalSet(x, &c.LinkFlags, nil)
}
