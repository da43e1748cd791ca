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
	if b.vlib != nil && b.vlib.alias != nil {
		mods = append(mods, b.vlib.alias)
	}
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

// link makes a program: of the modules, those that its main one needs.
//
// Archives name their C code by -l, so the linker is told where it is. C
// libraries that the unit names itself come before what archives name, so the
// stubs that need them are named as well, in front of them.
func (b *builder) link(p Program, stubs []string) action.Spec {
	s := b.spec("link " + b.shown(p.Path))
	s.Outputs = []string{p.Path}
	archives, custom := b.tc.standardArchives(b.std, p.Mode)
	libs := slices.Clone(archives)
	var search, cfiles []string
	var cdeps []*cc.Library
	needed := b.libs
	if p.Kind == Plugin {
		needed, libs = Libraries(p.Embed), nil
	}
	for _, l := range needed {
		for _, a := range l.Archives[p.Mode] {
			libs = append(libs, action.Ref(a))
		}
		search = append(search, l.searched(p)...)
		if l.Installed() {
			custom = true // who knows
			s.Tools = withTools(s.Tools, l.Tools)
		} else {
			s.Inputs = append(s.Inputs, l.Files(p.Mode)...)
		}
		if l.Stubs != "" {
			cfiles = append([]string{l.Stubs}, cfiles...)
		}
		if l.Shared != "" && p.shares() {
			s.Inputs = append(s.Inputs, l.Shared)
		}
		cdeps = append(cdeps, l.CDeps...)
	}
	s.Inputs = append(s.Inputs, stubs...)
	cflags, cinputs := cc.LinkArgs(append(slices.Clone(b.u.CDeps), cdeps...))
	s.Inputs = append(s.Inputs, cinputs...)
	s.Inputs = append(s.Inputs, b.u.Inputs...)
	custom = custom || len(stubs)+len(cfiles)+len(cflags) > 0

	s.Argv = append([]string{b.linker(p.Mode)}, b.linkerFlags(p.Mode)...)
	s.Argv = append(s.Argv, "-o", action.Ref(p.Path))
	s.Argv = append(s.Argv, b.kindFlags(p, custom)...)
	s.Argv = append(s.Argv, b.tc.cfg.Flags...)
	s.Argv = append(s.Argv, b.tc.standardFlags(b.std)...)
	for _, dir := range distinct(append(search, b.u.Search...)) {
		s.Argv = b.include(s.Argv, "-I", dir)
	}
	s.Argv = append(s.Argv, libs...)
	var keep func(place int) bool // planning, all of them
	if len(b.waits) == 0 {
		main := capitalize(p.Name)
		i := slices.IndexFunc(b.modules, func(m *module) bool { return m.name == main })
		keep = b.reach[b.modules[i]].all.has
	}
	for _, m := range b.linked(keep) {
		objects := b.objects(m, p.Mode)
		s.Argv = append(s.Argv, action.Ref(objects[0]))
		s.Inputs = append(s.Inputs, objects...)
	}
	if len(cflags) > 0 {
		stubs = append(slices.Clone(stubs), cfiles...)
	}
	for _, f := range stubs {
		s.Argv = append(s.Argv, action.Ref(f))
	}
	s.Argv = append(s.Argv, driverFlags(cflags)...)
	s.Argv = append(s.Argv, b.u.LinkFlags...)
	s.Argv = append(s.Argv, b.foreignFlags(p.Mode)...)
	s.Inputs = distinct(s.Inputs)
	return s
}

// linkerFlags are what the unit says to a compiler that links.
func (b *builder) linkerFlags(mode Mode) []string {
	if b.u.Exact {
		return b.ownFlags(mode)
	}
	return []string{"-g"}
}

// shares reports whether C code is looked for in shared libraries when the
// program starts.
func (p Program) shares() bool {
	return p.Mode == Byte && (p.Kind == Script || p.Kind == Plugin)
}

// kindFlags tell a compiler what to link. custom says whether there is C code.
//
// Byte code that calls C code is linked with the runtime into an executable:
// the alternative, shared libraries that ocamlrun finds along a path, would tie
// the program to where it was built.
func (b *builder) kindFlags(p Program, custom bool) []string {
	windows := b.tc.conf["os_type"] == "Win32"
	switch {
	case p.Kind == Plugin && p.Mode == Native:
		return []string{"-shared"}
	case p.Kind == Plugin:
		return []string{"-a"}
	case p.Kind == Object, p.Kind == Shared && windows:
		return []string{"-output-complete-obj"}
	case p.Kind == Shared:
		var flags []string
		if p.Mode == Native { // which forgets them here
			for _, l := range strings.Fields(b.tc.conf["native_c_libraries"]) {
				flags = append(flags, "-cclib", l)
			}
		}
		return append(flags, "-output-complete-obj", "-runtime-variant", "_pic")
	case p.Kind == Script || p.Mode == Native || !custom && !b.u.Exact:
		return nil
	case b.u.Exact && b.tc.conf.atLeast(4, 11):
		return []string{"-output-complete-exe"}
	}
	return []string{"-custom"}
}

// searched are the directories in which a link finds what archives of the
// library name by -l.
func (l *Library) searched(p Program) []string {
	dirs := slices.Clone(l.Search)
	if l.Stubs != "" {
		dirs = append(dirs, path.Dir(l.Stubs))
	}
	if path.IsAbs(l.Dir) {
		dirs = append(dirs, l.Dir)
	}
	return dirs
}

// foreignFlags name the archives of C code of the unit.
func (b *builder) foreignFlags(mode Mode) []string {
	names := slices.Clone(b.u.ForeignArchives)
	if !b.exe && b.hasStubs() {
		names = append([]string{b.stubOwner().Name}, names...)
	}
	var flags []string
	if mode == Byte && b.tc.sharesStubs() && !b.exe {
		for _, n := range names {
			flags = append(flags, "-dllib", "-l"+n)
		}
	}
	for _, n := range names {
		flags = append(flags, "-cclib", "-l"+n)
	}
	return flags
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
