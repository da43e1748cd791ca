package ocaml

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine/action"
)

// # Who makes the interface
//
// A module with an .mli has its .cmi from that. One without has it from the
// compilation of its .ml, and there are two compilers, which would both
// write it. One of them owns it (the native compiler where there is one);
// the other must read it instead. It does so when it believes that there is
// an .mli: that is when a file with the source's name and the suffix given
// by -intf-suffix exists, and with the suffix ".ml" it is the source itself.
// Conversely the owner is given a suffix that no file has, so that an .mli
// which lies around and is no source of the unit changes nothing.
//
// # What a compilation reads
//
// OCaml's compilers do not report what they read, so it is declared: the
// interfaces that the mentions of a source lead to (see reaches), and those
// of the libraries that they lead to. In the profile dev modules are
// compiled with -opaque: users read an interface and nothing else, so that a
// change of an implementation recompiles one file. In release they read the
// code of what they call as well (.cmx).
//
// An interface made from an .ml says where things are defined and numbers
// them, so that moving a line changes it and recompiles its users: it takes
// an .mli to keep them apart.
//
// # Where the interface goes
//
// A compiler writes the interface, and the typed tree, beside the code. Where
// a layout has other directories for them, they are moved there by the engine:
// the alternative would be a second compilation of each module without .mli,
// to byte code that nobody may want.

// compiled reports whether it has code.
func (m *module) compiled() bool { return m.impl != "" && m.inferred == "" || m.gen }

func (tc *Toolchain) objectExt() string {
	if ext := tc.conf["ext_obj"]; ext != "" {
		return ext
	}
	return ".o"
}

func (b *builder) opaque() bool { return b.u.Profile == "" || b.u.Profile == "dev" }

// baseFlags are what all modules of the unit are compiled with, generated ones
// too.
func (b *builder) baseFlags(mode Mode) []string {
	flags := []string{"-c"}
	if !b.u.Exact {
		flags = append(flags, "-g")
	}
	switch {
	case b.opaque():
		flags = append(flags, "-opaque")
	case mode == Native && !b.u.Exact && b.tc.conf["flambda"] == "true":
		flags = append(flags, "-O3")
	}
	return append(flags, b.tc.cfg.Flags...)
}

// ownFlags are the unit's own, for a mode.
func (b *builder) ownFlags(mode Mode) []string {
	if mode == Native {
		return slices.Concat(b.u.Flags, b.u.NativeFlags)
	}
	return slices.Concat(b.u.Flags, b.u.ByteFlags)
}

// compileFlags are the arguments that all modules of the unit share.
func (b *builder) compileFlags(mode Mode) []string {
	flags := append(b.baseFlags(mode), b.ownFlags(mode)...)
	flags = append(flags, b.includeSelf(mode)...)
	for _, l := range slices.Backward(b.visible) {
		flag := "-I"
		if b.hides() && !slices.Contains(b.u.Deps, l) {
			flag = "-H"
		}
		flags = b.include(flags, flag, l.Dir)
		if mode == Native && l.Native != l.Dir && l.Native != "" {
			flags = b.include(flags, flag, l.Native)
		}
	}
	flags = append(flags, b.visibleStandard()...)
	if b.alias != nil || len(b.nested) > 0 || b.u.Exact {
		flags = append(flags, "-no-alias-deps")
	}
	if b.alias != nil {
		flags = append(flags, "-open", b.alias.name)
	}
	return flags
}

// flagsOf are the arguments for one module of the unit.
func (b *builder) flagsOf(m *module, mode Mode) []string {
	more := m.flags
	for _, g := range slices.Backward(m.opened()) {
		more = append([]string{"-open", g.name}, more...)
	}
	if len(more) == 0 {
		return b.flags[mode]
	}
	return slices.Concat(b.flags[mode], more)
}

func (b *builder) includeSelf(mode Mode) []string {
	var flags []string
	for _, dir := range b.searched(mode) {
		flags = append(flags, "-I", action.Ref(dir))
	}
	if b.vlib != nil {
		for _, dir := range b.vlib.searched(mode) {
			flags = append(flags, "-I", action.Ref(dir))
		}
	}
	return flags
}

// include adds a directory to search, if compilers do not search it anyway.
func (b *builder) include(flags []string, flag, dir string) []string {
	if dir == path.Clean(b.tc.conf["standard_library"]) || dir == "" {
		return flags
	}
	return append(flags, flag, action.Ref(dir))
}

// compileAll defines the compilations of all modules.
func (b *builder) compileAll() error {
	if b.alias != nil {
		if err := b.compileAlias(b.alias, b.aliases()); err != nil {
			return err
		}
	}
	for _, m := range b.nested {
		if err := b.compileAlias(m, b.aliasesOf(m.group)); err != nil {
			return err
		}
	}
	for _, m := range b.src.modules {
		if m.intf != "" && m.implements == nil {
			if err := b.t.Define(b.interfaceSpec(m)); err != nil {
				return err
			}
		}
		if m.inferred != "" {
			if err := b.t.Define(b.infer(m)); err != nil {
				return err
			}
		}
		if !m.compiled() {
			continue
		}
		for _, mode := range b.modes {
			if err := b.t.Define(b.implementation(m, mode)); err != nil {
				return err
			}
		}
	}
	for _, m := range b.src.compat {
		if err := b.write(m.impl, m.text); err != nil {
			return err
		}
		for _, mode := range b.modes {
			if err := b.t.Define(b.implementation(m, mode)); err != nil {
				return err
			}
		}
	}
	return nil
}

// write defines a file whose text is known.
func (b *builder) write(file, text string) error {
	s := b.spec("write " + b.shown(file))
	s.Env, s.Tools, s.Unknown = nil, nil, nil
	s.Outputs = []string{file}
	s.Written = &action.Written{Text: text}
	return b.t.Define(s)
}

// aliasFlags are for modules that hold nothing but names of others.
var aliasFlags = []string{"-w", "-49", "-nopervasives", "-nostdlib", "-no-alias-deps"}

// compileAlias defines how an alias module is written and compiled. It
// mentions what is compiled after it, and nothing else: not even Stdlib. The
// unit's flags are not for it; they may open modules.
func (b *builder) compileAlias(m *module, text string) error {
	src := path.Join(b.at.alias, m.unit+".ml-gen")
	if err := b.write(src, text); err != nil {
		return err
	}
	for _, mode := range b.modes {
		c := b.compilation(mode, src)
		c.Argv = append(c.Argv, b.baseFlags(mode)...)
		c.Argv = append(c.Argv, b.includeSelf(mode)...)
		c.Argv = append(c.Argv, aliasFlags...)
		if b.u.Exact && slices.Contains(b.ownFlags(mode), "-g") {
			c.Argv = append(c.Argv, "-g")
		}
		b.implementing(&c, m, mode, src)
		if err := b.t.Define(c); err != nil {
			return err
		}
	}
	return nil
}

// compilation begins the compilation of a source. One that was made is
// compiled in the output root where it lies, so that its name does not hold
// that of a context, or of the source block that it comes from.
func (b *builder) compilation(mode Mode, src string) action.Spec {
	tool := "ocamlc"
	if mode == Native {
		tool = "ocamlopt"
	}
	s := b.spec(tool + " " + b.shown(src))
	s.Argv = append(make([]string, 0, len(b.flags[mode])+8), b.tc.tools[tool])
	s.Inputs = append([]string{src}, b.u.Inputs...)
	s.Dir, _ = action.RootOf(src)
	return s
}

// annotated has the compiler write the typed tree of a source beside another
// output. It holds all that is said on the command line, and must not hold the
// context's name: so the compiler runs in the output root, where it names
// sources as they are named in the workspace.
func (b *builder) annotated(s *action.Spec, file, beside string) {
	s.Argv = append(s.Argv, "-bin-annot")
	s.Outputs = append(s.Outputs, file)
	b.made(s, file, beside, path.Ext(file))
	if src := s.Inputs[0]; !action.IsOutput(src) {
		s.Dir, s.Mirror = b.u.Root, []string{src}
	}
}

// sourceArg is how a compiler is told its source.
func sourceArg(s *action.Spec, src string) string {
	if len(s.Mirror) > 0 {
		return src
	}
	return action.Ref(src)
}

// implementing completes the compilation of a module's code.
func (b *builder) implementing(s *action.Spec, m *module, mode Mode, src string) {
	objects := b.objects(m, mode)
	out := objects[0]
	cmi := b.file(m, ".cmi")
	suffix := path.Ext(src)
	s.Outputs = objects
	if b.owner == mode && m.intf == "" {
		s.Outputs = append([]string{cmi}, objects...)
		b.made(s, cmi, out, ".cmi")
		suffix = ".none"
	} else {
		s.Inputs = append(s.Inputs, cmi)
	}
	if b.owner == mode && b.u.Annotate {
		b.annotated(s, b.file(m, ".cmt"), out)
	}
	s.Argv = append(s.Argv, "-intf-suffix", suffix, "-o", action.Ref(out), "-impl", sourceArg(s, src))
}

// made has what the compiler writes beside another output put in its place.
func (b *builder) made(s *action.Spec, file, beside, ext string) {
	if from := strings.TrimSuffix(beside, path.Ext(beside)) + ext; from != file {
		s.Moves = append(s.Moves, action.Move{From: from, To: file})
	}
}

func (b *builder) implementation(m *module, mode Mode) action.Spec {
	s := b.compilation(mode, m.impl)
	if m.aliases != nil {
		s.Argv = append(s.Argv, b.baseFlags(mode)...)
		s.Argv = append(s.Argv, b.includeSelf(mode)...)
		s.Argv = append(s.Argv, aliasFlags...)
	} else if m.compat != nil {
		s.Argv = append(s.Argv, b.baseFlags(mode)...)
		s.Argv = append(s.Argv, b.ownFlags(mode)...)
		s.Argv = append(s.Argv, b.includeSelf(mode)...)
	} else {
		s.Argv = append(s.Argv, b.flagsOf(m, mode)...)
	}
	b.implementing(&s, m, mode, m.impl)
	if len(b.waits) == 0 {
		b.reads(&s, m, mode)
	}
	return s
}

// infer describes how the inferred interface of a module is printed.
func (b *builder) infer(m *module) action.Spec {
	s := b.compilation(Byte, m.impl)
	s.Name = "ocamlc -i " + b.shown(m.impl)
	s.Argv = append(s.Argv, b.flagsOf(m, Byte)...)
	s.Argv = append(s.Argv, "-short-paths", "-i", "-impl", action.Ref(m.impl))
	s.Outputs, s.Stdout = []string{m.inferred}, m.inferred
	if len(b.waits) == 0 {
		b.reads(&s, m, Byte)
	}
	return s
}

// interfaceSpec compiles an .mli. Both compilers do that alike; ocamlc
// starts faster. A module without code is opaque in any case: users would look
// for its code and warn that there is none.
func (b *builder) interfaceSpec(m *module) action.Spec {
	s := b.compilation(Byte, m.intf)
	cmi := b.file(m, ".cmi")
	s.Argv = append(s.Argv, b.flagsOf(m, Byte)...)
	if m.impl == "" && !b.opaque() {
		s.Argv = append(s.Argv, "-opaque")
	}
	s.Outputs = []string{cmi}
	if b.u.Annotate {
		b.annotated(&s, b.file(m, ".cmti"), cmi)
	}
	s.Argv = append(s.Argv, "-o", action.Ref(cmi), "-intf", sourceArg(&s, m.intf))
	if len(b.waits) == 0 {
		r := b.reach[m]
		b.readInterfaces(&s, m, r.public, r.publicLibs)
	}
	return s
}

// reads adds what the compilation of a module's code may read.
func (b *builder) reads(s *action.Spec, m *module, mode Mode) {
	r := b.reach[m]
	var mods, libs set
	libs.addAll(b.named(m.implNames))
	if m.intf != "" {
		mods.addAll(r.public)
		libs.addAll(r.publicLibs)
	}
	for _, d := range m.implDeps {
		mods.addAll(b.reach[d].public)
		libs.addAll(b.reach[d].publicLibs)
	}
	b.readInterfaces(s, m, mods, libs)
	if mode != Native {
		return
	}
	if !b.opaque() {
		for i, d := range b.modules {
			if d != m && d.compiled() && r.all.has(i) {
				s.Inputs = append(s.Inputs, b.file(d, ".cmx"))
			}
		}
		if b.alias != nil {
			s.Inputs = append(s.Inputs, b.file(b.alias, ".cmx"))
		}
		libs = r.allLibs
	}
	for i, l := range b.visible {
		if libs.has(i) && !l.Opaque {
			s.Inputs = append(s.Inputs, l.code()...)
		}
	}
}

// readInterfaces adds the interfaces of modules and libraries.
func (b *builder) readInterfaces(s *action.Spec, m *module, mods, libs set) {
	s.Inputs = slices.Grow(s.Inputs, 1+mods.len()+libs.len())
	if b.alias != nil {
		s.Inputs = append(s.Inputs, b.file(b.alias, ".cmi"))
	}
	for i, d := range b.modules {
		if d != m && mods.has(i) {
			s.Inputs = append(s.Inputs, b.file(d, ".cmi"))
		}
	}
	for i, l := range b.visible {
		if libs.has(i) {
			s.Inputs = append(s.Inputs, l.interfaces()...)
			s.Tools = withTools(s.Tools, l.Tools)
		}
	}
}

// withTools adds tools to a list that others share.
func withTools(tools, more []action.Tool) []action.Tool {
	if len(more) == 0 {
		return tools
	}
	tools = slices.Clone(tools)
	for _, t := range more {
		if !slices.Contains(tools, t) {
			tools = append(tools, t)
		}
	}
	return tools
}
