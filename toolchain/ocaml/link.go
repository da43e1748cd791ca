package ocaml

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/cc"
)

func archiveExt(mode Mode) string {
	if mode == Native {
		return ".cmxa"
	}
	return ".cma"
}

// nativeArchive is the archive of object files beside a .cmxa.
func nativeArchive(cmxa string) string { return strings.TrimSuffix(cmxa, ".cmxa") + ".a" }

func (b *builder) linker(mode Mode) string {
	if mode == Native {
		return b.tc.tools["ocamlopt"]
	}
	return b.tc.tools["ocamlc"]
}

// linked returns, in link order, the alias module and the modules that have
// code and satisfy keep (nil keeps all).
func (b *builder) linked(keep func(place int) bool) []*module {
	var mods []*module
	if b.alias != nil {
		mods = append(mods, b.alias)
	}
	for i, m := range b.modules {
		if m.compiled() && (keep == nil || keep(i)) {
			mods = append(mods, m)
		}
	}
	return mods
}

// archive makes the library's .cma or .cmxa.
func (b *builder) archive(mode Mode, out string) action.Spec {
	s := b.spec(strings.TrimPrefix(archiveExt(mode), ".") + " " + b.shown(out))
	s.Argv = []string{b.linker(mode), "-a", "-g", "-o", action.Ref(out)}
	s.Outputs = []string{out}
	if mode == Native {
		s.Outputs = append(s.Outputs, nativeArchive(out))
	}
	for _, m := range b.linked(nil) { // planning, in an order that may be wrong
		objects := b.objects(m, mode)
		s.Argv = append(s.Argv, action.Ref(objects[0]))
		s.Inputs = append(s.Inputs, objects...)
	}
	return s
}

// link makes a program: of the modules, those that its main one needs.
//
// Byte code that calls C code is linked with the runtime into an executable
// (-custom): the alternative, shared libraries that ocamlrun finds along a
// path, would tie the program to where it was built. A C source is linked by
// whoever compiles it, so it names C code and has none in it.
func (b *builder) link(p Program, main string, stubs []string) action.Spec {
	s := b.spec("link " + b.shown(p.Path))
	s.Outputs = []string{p.Path}
	mode := p.Mode.compiler()
	archives, custom := b.tc.standardArchives(b.std, mode)
	libs := slices.Clone(archives)
	var cdeps []*cc.Library
	var cfiles []string
	for _, l := range b.libs {
		libs = append(libs, action.Ref(l.Archives[mode]))
		s.Inputs = append(s.Inputs, l.archiveFiles(mode)...)
		if l.Stubs != "" {
			cfiles = append([]string{l.Stubs}, cfiles...)
		}
		cdeps = append(cdeps, l.CDeps...)
	}
	cfiles = append(slices.Clone(stubs), cfiles...)
	cflags, cinputs := cc.LinkArgs(append(slices.Clone(b.u.CDeps), cdeps...))
	if p.Mode == C {
		cfiles, cflags, cinputs = nil, nil, nil
	}
	s.Inputs = slices.Concat(s.Inputs, cfiles, cinputs, b.u.Inputs)

	s.Argv = []string{b.linker(mode), "-g", "-o", action.Ref(p.Path)}
	switch {
	case p.Mode == C:
		s.Argv = append(s.Argv, "-output-obj")
	case mode == Byte && (custom || len(cfiles) > 0 || len(cflags) > 0):
		s.Argv = append(s.Argv, "-custom")
	}
	s.Argv = append(s.Argv, b.tc.cfg.Flags...)
	s.Argv = append(s.Argv, b.tc.standardFlags(b.std)...)
	s.Argv = append(s.Argv, libs...)
	var needed func(place int) bool // planning, all of them
	if len(b.waits) == 0 {
		i := slices.IndexFunc(b.modules, func(m *module) bool { return m.name == main })
		needed = b.reach[b.modules[i]].all.has
	}
	for _, m := range b.linked(needed) {
		objects := b.objects(m, mode)
		s.Argv = append(s.Argv, action.Ref(objects[0]))
		s.Inputs = append(s.Inputs, objects...)
	}
	for _, f := range cfiles {
		s.Argv = append(s.Argv, action.Ref(f))
	}
	s.Argv = append(s.Argv, driverFlags(cflags)...)
	s.Argv = append(s.Argv, b.u.LinkFlags...)
	s.Inputs = distinct(s.Inputs)
	return s
}

// driverFlags turns what a C compiler driver takes for a link into what
// OCaml's compilers pass on to one.
func driverFlags(flags []string) []string {
	var out []string
	for _, f := range flags {
		switch {
		case strings.HasPrefix(f, "-l"):
			out = append(out, "-cclib", f)
		case strings.HasPrefix(f, "-"):
			out = append(out, "-ccopt", f)
		default:
			out = append(out, f)
		}
	}
	return out
}

func distinct(list []string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(s string) bool {
		was := seen[s]
		seen[s] = true
		return was
	})
}

// stubOwner is for whom the C code of the unit is compiled: it has its own
// directory, since foo.ml and foo.c would both become foo.o.
func (b *builder) stubOwner() cc.Owner {
	o := b.u.Owner
	o.Name += "_stubs"
	return o
}

func (b *builder) stubCompiler() *cc.Toolchain {
	if b.u.Stubs != nil {
		return b.u.Stubs
	}
	return b.tc.c
}

// stubs defines the compilations of the unit's C code, with the flags that
// the OCaml compiler was configured with: they are part of its ABI.
func (b *builder) stubs() ([]string, error) {
	if len(b.src.stubs) == 0 {
		return nil, nil
	}
	var flags []string
	for _, name := range []string{"ocamlc_cflags", "ocamlc_cppflags"} {
		flags = append(flags, strings.Fields(b.tc.conf[name])...)
	}
	u := cc.Unit{
		Owner:     b.stubOwner(),
		Sources:   b.src.stubs,
		Generated: b.u.Generated,
		Include:   append(slices.Clone(b.u.Include), path.Clean(b.tc.conf["standard_library"])),
		Flags:     append(flags, b.u.CFlags...),
		Inputs:    b.u.Inputs,
	}
	u.Use(b.u.CDeps)
	return b.stubCompiler().Objects(b.t, u)
}
