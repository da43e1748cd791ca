package ocaml

import (
	"path"
	"slices"

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

// compiled reports whether it has code.
func (m *module) compiled() bool { return m.impl != "" || m.gen }

// file is one of a module's compiled files.
func (b *builder) file(m *module, ext string) string { return path.Join(b.dir, m.unit+ext) }

// objects are what linking a module takes.
func (b *builder) objects(m *module, mode Mode) []string {
	switch {
	case !m.compiled():
		return nil
	case mode == Native:
		return []string{b.file(m, ".cmx"), b.file(m, b.tc.objectExt())}
	}
	return []string{b.file(m, ".cmo")}
}

func (tc *Toolchain) objectExt() string {
	if ext := tc.conf["ext_obj"]; ext != "" {
		return ext
	}
	return ".o"
}

func (b *builder) opaque() bool { return b.u.Profile != "release" }

// compileFlags are the arguments that all modules of the unit share.
func (b *builder) compileFlags(mode Mode) []string {
	flags := []string{"-c", "-g"}
	if b.opaque() {
		flags = append(flags, "-opaque")
	} else if mode == Native && b.tc.conf["flambda"] == "true" {
		flags = append(flags, "-O3")
	}
	flags = append(flags, b.tc.cfg.Flags...)
	flags = append(flags, b.u.Flags...)
	if mode == Native {
		flags = append(flags, b.u.NativeFlags...)
	} else {
		flags = append(flags, b.u.ByteFlags...)
	}
	flags = append(flags, "-I", action.Ref(b.dir))
	for _, l := range slices.Backward(b.libs) {
		flags = append(flags, "-I", action.Ref(l.Dir))
	}
	return append(flags, b.tc.standardFlags(b.std)...)
}

// compileAll defines the compilations of all modules.
func (b *builder) compileAll() error {
	if b.alias != nil {
		if err := b.compileAlias(); err != nil {
			return err
		}
	}
	for _, m := range b.modules {
		if m.intf != "" {
			if err := b.t.Define(b.interfaceSpec(m)); err != nil {
				return err
			}
		}
		if m.impl == "" {
			continue
		}
		for _, mode := range b.modes {
			if err := b.t.Define(b.implementation(m, mode)); err != nil {
				return err
			}
		}
	}
	return nil
}

// compileAlias defines how the alias module is written and compiled.
func (b *builder) compileAlias() error {
	src := b.file(b.alias, ".ml-gen")
	s := b.spec("write " + b.shown(src))
	s.Argv = append([]string{"/bin/sh", "-c", `printf '%s\n' "$@"`, "sh"}, aliases(b.src.modules, b.alias)...)
	s.Env = nil
	s.Tools, s.Unknown = nil, nil
	s.Outputs, s.Stdout = []string{src}, src
	if err := b.t.Define(s); err != nil {
		return err
	}
	for _, mode := range b.modes {
		c := b.compilation(mode, src)
		c.Argv = append(c.Argv, b.flags[mode]...)
		c.Argv = append(c.Argv, "-w", "-49", "-no-alias-deps")
		b.implementing(&c, b.alias, mode, src)
		if err := b.t.Define(c); err != nil {
			return err
		}
	}
	return nil
}

// compilation begins the compilation of a source. A generated one is
// compiled in the output root, so that its name does not hold the context's.
func (b *builder) compilation(mode Mode, src string) action.Spec {
	tool := "ocamlc"
	if mode == Native {
		tool = "ocamlopt"
	}
	s := b.spec(tool + " " + b.shown(src))
	s.Argv = []string{b.tc.tools[tool]}
	s.Inputs = append([]string{src}, b.u.Inputs...)
	if action.IsOutput(src) {
		s.Dir = b.u.Root
	}
	return s
}

// implementing completes the compilation of a module's code.
func (b *builder) implementing(s *action.Spec, m *module, mode Mode, src string) {
	cmi := b.file(m, ".cmi")
	s.Outputs = b.objects(m, mode)
	suffix := path.Ext(src)
	if m.intf == "" && b.owner == mode {
		s.Outputs = append([]string{cmi}, s.Outputs...)
		suffix = ".none"
	} else {
		s.Inputs = append(s.Inputs, cmi)
	}
	out := b.objects(m, mode)[0]
	s.Argv = append(s.Argv, "-intf-suffix", suffix, "-o", action.Ref(out), "-impl", action.Ref(src))
}

func (b *builder) implementation(m *module, mode Mode) action.Spec {
	s := b.compilation(mode, m.impl)
	s.Argv = append(s.Argv, b.flags[mode]...)
	s.Argv = append(s.Argv, b.openAlias()...)
	b.implementing(&s, m, mode, m.impl)
	if len(b.waits) == 0 {
		b.reads(&s, m, mode)
	}
	return s
}

// interfaceSpec compiles an .mli. Both compilers do that alike; ocamlc
// starts faster.
func (b *builder) interfaceSpec(m *module) action.Spec {
	s := b.compilation(Byte, m.intf)
	cmi := b.file(m, ".cmi")
	s.Argv = append(s.Argv, b.flags[Byte]...)
	s.Argv = append(s.Argv, b.openAlias()...)
	s.Argv = append(s.Argv, "-o", action.Ref(cmi), "-intf", action.Ref(m.intf))
	s.Outputs = []string{cmi}
	if len(b.waits) == 0 {
		r := b.reach[m]
		b.readInterfaces(&s, m, r.public, r.publicLibs)
	}
	return s
}

func (b *builder) openAlias() []string {
	if b.alias == nil {
		return nil
	}
	return []string{"-no-alias-deps", "-open", b.alias.name}
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
	for i, l := range b.libs {
		if libs.has(i) && !l.Opaque {
			s.Inputs = append(s.Inputs, l.Optimised...)
		}
	}
}

// readInterfaces adds the interfaces of modules and libraries.
func (b *builder) readInterfaces(s *action.Spec, m *module, mods, libs set) {
	if b.alias != nil {
		s.Inputs = append(s.Inputs, b.file(b.alias, ".cmi"))
	}
	for i, d := range b.modules {
		if d != m && mods.has(i) {
			s.Inputs = append(s.Inputs, b.file(d, ".cmi"))
		}
	}
	for i, l := range b.libs {
		if libs.has(i) {
			s.Inputs = append(s.Inputs, l.Interfaces...)
		}
	}
}
