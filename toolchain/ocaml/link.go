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

// archivesNothing reports whether the compiler makes such an archive, and
// wants it, for a library without code as well: those before 4.12 do.
func (tc *Toolchain) archivesNothing() bool { return !tc.AtLeast(4, 12) }

func (b *builder) linker(mode Mode) string {
	if mode == Native {
		return b.tc.tools["ocamlopt"]
	}
	return b.tc.tools["ocamlc"]
}

// linked returns, in link order, the alias module and the modules that have
// code and satisfy keep (nil keeps all that go into an archive).
func (b *builder) linked(keep func(place int) bool) []*module {
	var mods []*module
	if b.vlib != nil && b.vlib.alias != nil {
		mods = append(mods, b.vlib.alias)
	}
	if b.alias != nil {
		mods = append(mods, b.alias)
	}
	for i, m := range b.modules {
		if m.compiled() && (keep == nil && !m.apart || keep != nil && keep(i)) {
			mods = append(mods, m)
		}
	}
	return mods
}

// A taking is what a link takes of libraries.
type taking struct {
	archives []string // in link order, as arguments
	search   []string // where archives find what they name by -l
	cfiles   []string // archives of C code, users first
	cdeps    []*cc.Library
	inputs   []string
	tools    []action.Tool
	custom   bool // there is C code, or there may be
}

// take gathers what the link of a program takes of libraries.
func (b *builder) take(p Program) taking {
	mode := p.Mode.compiler()
	var x taking
	libs := Libraries(p.Embed)
	if p.Kind != Plugin {
		libs = linkOrder(b.libs)
		x.archives, x.custom = b.tc.standardArchives(b.std, mode)
		x.archives = slices.Clone(x.archives)
	}
	made := func(l *Library, after bool) {
		if objects := b.beside(l, after, mode); len(objects) > 0 {
			x.archives = append(x.archives, action.Ref(objects[0]))
			x.inputs = append(x.inputs, objects...)
		}
	}
	for _, l := range libs {
		made(l, false)
		for _, a := range l.Archives[mode] {
			x.archives = append(x.archives, action.Ref(a))
		}
		made(l, true)
		x.search = append(x.search, l.searched()...)
		if l.Installed() {
			x.custom = true // who knows
			x.tools = append(x.tools, l.Tools...)
		} else {
			x.inputs = append(x.inputs, l.archiveFiles(mode)...)
		}
		if l.Stubs != "" {
			x.cfiles = append([]string{l.Stubs}, x.cfiles...)
		}
		if l.Shared != "" && p.shares() {
			x.inputs = append(x.inputs, l.Shared)
		}
		x.cdeps = append(x.cdeps, l.CDeps...)
	}
	return x
}

// link makes a program: of the modules, those that its main one needs.
//
// Archives name their C code by -l, so the linker is told where it is. C
// libraries that the unit names itself come before what archives name, so the
// stubs that need them are named as well, in front of them. A C source is linked
// by whoever compiles it, so it names C code and has none in it.
func (b *builder) link(p Program, stubs []string) action.Spec {
	s := b.spec("link " + b.shown(p.Path))
	s.Outputs = []string{p.Path}
	mode := p.Mode.compiler()
	x := b.take(p)
	s.Tools = withTools(s.Tools, x.tools)
	cflags, cinputs := cc.LinkArgs(append(slices.Clone(b.u.CDeps), x.cdeps...))
	if p.Mode == C || p.Kind == Raw {
		stubs, x.cfiles, cflags, cinputs = nil, nil, nil, nil
	}
	s.Inputs = slices.Concat(x.inputs, x.cfiles, stubs, cinputs, b.u.Inputs)
	custom := x.custom || !b.tc.ofSystem() || len(stubs)+len(x.cfiles)+len(cflags) > 0

	s.Argv = append([]string{b.linker(mode)}, b.linkerFlags(mode)...)
	s.Argv = append(s.Argv, "-o", action.Ref(p.Path))
	s.Argv = append(s.Argv, b.kindFlags(p, custom)...)
	s.Argv = append(s.Argv, b.tc.cfg.Flags...)
	s.Argv = append(s.Argv, b.tc.standardFlags(b.std)...)
	for _, dir := range distinct(append(x.search, b.u.Search...)) {
		s.Argv = b.include(s.Argv, "-I", dir)
	}
	s.Argv = append(s.Argv, x.archives...)
	for _, m := range b.linkedInto(p) {
		objects := b.objects(m, mode)
		s.Argv = append(s.Argv, action.Ref(objects[0]))
		s.Inputs = append(s.Inputs, objects...)
	}
	if len(cflags) > 0 {
		stubs = append(slices.Clone(stubs), x.cfiles...)
	}
	for _, f := range stubs {
		s.Argv = append(s.Argv, action.Ref(f))
	}
	s.Argv = append(s.Argv, driverFlags(cflags)...)
	s.Argv = append(s.Argv, b.u.LinkFlags...)
	if b.u.Whole() && !slices.Contains(b.u.LinkFlags, "-linkall") {
		s.Argv = append(s.Argv, "-linkall") // who knows what is loaded while it runs
	}
	if p.Kind != Raw {
		s.Argv = append(s.Argv, b.foreignFlags(mode)...)
	}
	s.Inputs = distinct(s.Inputs)
	return s
}

// linkedInto returns, in link order, the modules that a program has of the
// unit: those that its main one needs or, planning, all of them.
func (b *builder) linkedInto(p Program) []*module {
	if len(b.waits) > 0 {
		return b.linked(nil)
	}
	main := capitalize(p.Name)
	i := slices.IndexFunc(b.modules, func(m *module) bool { return m.top() && !m.gen && m.name == main })
	return b.linked(b.reach[b.modules[i]].all.has)
}

// parts lists what the link of a program of byte code takes, in its order.
func (b *builder) parts(p Program) []Part {
	var out []Part
	for _, n := range b.std {
		archives, _ := b.tc.standardArchives([]string{n}, Byte)
		for _, a := range archives {
			dir := b.tc.StandardLibrary()
			if dirs := b.tc.standardDirs([]string{n}); len(dirs) > 0 {
				dir = path.Join(dir, dirs[0])
			}
			if x := (Part{File: path.Join(dir, a), Standard: n}); !slices.ContainsFunc(out, func(o Part) bool { return o.File == x.File }) {
				out = append(out, x)
			}
		}
	}
	for _, l := range linkOrder(b.libs) {
		for _, f := range b.beside(l, false, Byte) {
			out = append(out, Part{File: f})
		}
		for _, a := range l.Archives[Byte] {
			out = append(out, Part{File: a, Library: l})
		}
		for _, f := range b.beside(l, true, Byte) {
			out = append(out, Part{File: f})
		}
	}
	for _, m := range b.linkedInto(p) {
		out = append(out, Part{File: b.objects(m, Byte)[0]})
	}
	return out
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

// kindFlags tell a compiler what to link. custom says whether byte code is to
// have the runtime in it.
//
// Byte code that calls C code is linked with the runtime into an executable:
// the alternative, shared libraries that ocamlrun finds along a path, would tie
// the program to where it was built. So is byte code whose ocamlrun, which it
// names in its first line, need not be there when it runs. Where flags name a
// runtime, it is to be that one.
func (b *builder) kindFlags(p Program, custom bool) []string {
	windows := b.tc.conf["os_type"] == "Win32"
	switch {
	case p.Mode == C:
		return []string{"-output-obj"}
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
	case p.Kind == Raw:
		return []string{"-no-check-prims", "-noautolink"}
	case p.Kind == Script || p.Mode == Native || !custom && !b.u.Exact:
		return nil
	case slices.Contains(b.u.LinkFlags, "-use-runtime"):
		return nil
	case b.u.Exact && b.tc.conf.atLeast(4, 11):
		return []string{"-output-complete-exe"}
	}
	return []string{"-custom"}
}

// ofSystem reports whether the suite's programs are a part of the system, as
// the machine that runs what they make has it, in a sandbox too.
func (tc *Toolchain) ofSystem() bool {
	return tc.Native() && strings.HasPrefix(tc.tools["ocamlc"], "/usr/")
}

// searched are the directories in which a link finds what archives of the
// library name by -l.
func (l *Library) searched() []string {
	dirs := slices.Clone(l.Search)
	if l.Stubs != "" {
		dirs = append(dirs, path.Dir(l.Stubs))
	}
	if path.IsAbs(l.Dir) {
		dirs = append(dirs, l.Dir)
		if l.Native != l.Dir {
			dirs = append(dirs, l.Native)
		}
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
