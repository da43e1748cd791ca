package ocaml

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
	"erg.build/erg/toolchain/cc"
)

// archive makes the library's .cma or .cmxa.
func (b *builder) archive(mode Mode, l *Library) action.Spec {
	out := l.Archives[mode][0]
	s := b.spec(strings.TrimPrefix(archiveExt(mode), ".") + " " + b.shown(out))
	s.Argv = append([]string{b.linker(mode)}, b.linkerFlags(mode)...)
	s.Argv = append(s.Argv, "-a", "-o", action.Ref(out))
	s.Argv = append(s.Argv, b.foreignFlags(mode)...)
	s.Argv = append(s.Argv, b.u.ArchiveFlags...)
	s.Outputs = []string{out}
	if mode == Native && (b.hasCode() || b.tc.archivesNothing()) {
		s.Outputs = append(s.Outputs, nativeArchive(out))
	}
	for _, m := range b.linked(nil) { // planning, in an order that may be wrong
		objects := b.objects(m, mode)
		s.Argv = append(s.Argv, action.Ref(objects[0]))
		s.Inputs = append(s.Inputs, objects...)
	}
	s.Inputs = append(s.Inputs, b.u.Inputs...)
	return s
}

// hasCode reports whether there is a module with code: without one there is no
// archive of object files.
func (b *builder) hasCode() bool {
	return slices.ContainsFunc(append(b.all(), b.foreign()...), (*module).compiled)
}

// hasPlugin reports whether the library can be loaded by native programs.
func (b *builder) hasPlugin() bool {
	return slices.Contains(b.modes, Native) && b.u.Exact &&
		b.tc.conf["supports_shared_libraries"] != "false"
}

// plugin makes the .cmxs.
func (b *builder) plugin(l *Library) action.Spec {
	s := b.spec("cmxs " + b.shown(l.Plugin))
	s.Argv = append([]string{b.linker(Native)}, b.linkerFlags(Native)...)
	s.Argv = append(s.Argv, "-shared", "-linkall")
	for _, dir := range distinct(append(l.searched(), path.Dir(l.Plugin))) {
		s.Argv = b.include(s.Argv, "-I", dir)
	}
	s.Argv = append(s.Argv, "-o", action.Ref(l.Plugin), action.Ref(l.Archives[Native][0]))
	_, named := cc.LinkArgs(b.u.CDeps) // by the archive
	s.Inputs = slices.Concat(l.Files(Native), named, b.u.Inputs)
	s.Outputs = []string{l.Plugin}
	return s
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

// A MachineError says that the C compiler of a context makes code that the
// OCaml compiler's cannot be linked with.
type MachineError struct {
	OCaml, OCamlTarget string // the address of the toolchain, and what it emits code for
	C, CTarget         string
}

func (e *MachineError) Error() string {
	return fmt.Sprintf("%s emits code for %q, and %s for %q", e.OCaml, e.OCamlTarget, e.C, e.CTarget)
}

// Hint says what to do.
func (e *MachineError) Hint() string {
	return "OCaml and C of one program are for one machine: give the context toolchains with the same target."
}

// checkMachine holds the machine of the unit's C code against the unit's.
func (b *builder) checkMachine() error {
	c := b.stubCompiler()
	if len(b.src.stubs) == 0 && len(b.u.CDeps) == 0 || toolchain.Link(b.tc.target, c.Target()) {
		return nil
	}
	return &MachineError{b.tc.cfg.Address(), b.tc.target, c.Address(), c.Target()}
}

func (tc *Toolchain) stubFlags() []string {
	var flags []string
	for _, name := range []string{"ocamlc_cflags", "ocamlc_cppflags"} {
		flags = append(flags, strings.Fields(tc.conf[name])...)
	}
	return flags
}

// stubs defines the compilations of the unit's C code, with the flags that
// the OCaml compiler was configured with: they are part of its ABI.
func (b *builder) stubs() ([]string, error) {
	given := slices.Clone(b.u.Objects)
	if b.vlib != nil {
		more, err := b.vlib.stubs()
		if err != nil {
			return nil, err
		}
		given = append(given, more...)
	}
	if len(b.src.stubs) == 0 {
		return given, nil
	}
	u := cc.Unit{
		Owner:     b.stubOwner(),
		Sources:   b.src.stubs,
		Generated: b.u.Generated,
		Include:   append(slices.Clone(b.u.Include), path.Clean(b.tc.conf["standard_library"])),
		Flags:     append(b.tc.stubFlags(), b.u.CFlags...),
		Inputs:    b.u.Inputs,
	}
	u.Use(b.u.CDeps)
	objects, err := b.stubCompiler().Objects(b.t, u)
	return append(given, objects...), err
}

// hasStubs reports whether the unit has an archive of C code.
func (b *builder) hasStubs() bool {
	return len(b.src.stubs)+len(b.u.Objects) > 0 || b.vlib != nil && b.vlib.hasStubs()
}

// sharesStubs reports whether byte code can load C code from shared libraries.
func (tc *Toolchain) sharesStubs() bool {
	return tc.conf["supports_shared_libraries"] == "true" && tc.conf["ext_dll"] == ".so"
}

// stubArchives defines the archives of the library's C code.
func (b *builder) stubArchives(l *Library) error {
	objects, err := b.stubs()
	if err != nil {
		return err
	}
	c := b.stubCompiler()
	if _, err := c.Archive(b.t, b.stubOwner(), objects); err != nil {
		return err
	}
	if l.Shared == "" {
		return nil
	}
	o := b.stubOwner()
	o.Name = strings.TrimSuffix(path.Base(l.Shared), c.ExeSuffix())
	_, err = c.Link(b.t, cc.Program{Owner: o, Objects: objects, Libs: b.u.CDeps, Flags: append([]string{"-shared"}, cFlags(b.u.ArchiveFlags)...), Inputs: b.u.Inputs})
	return err
}

// cFlags are what flags of a compiler say to the C linker.
func cFlags(flags []string) []string {
	var out []string
	for i, f := range flags {
		if (f == "-cclib" || f == "-ccopt") && i+1 < len(flags) {
			out = append(out, flags[i+1])
		}
	}
	return out
}
