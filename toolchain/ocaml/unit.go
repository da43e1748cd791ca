package ocaml

import (
	"path"
	"slices"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/cc"
)

// A Unit is the sources of one library, or of executables that share
// modules.
type Unit struct {
	cc.Owner
	// Sources are .ml, .mli, .mll, .mly and, for stubs, .c and the like;
	// sources or outputs. Headers are passed over.
	Sources []string
	// Directory are the .ml and .mli sources of all units of the directory,
	// whose dependencies are asked for by one process: a directory of small
	// programs does not need one each. A unit with other sources, or one that
	// is preprocessed, asks for itself.
	Directory []string
	// Generated are files that must be made before stubs compile.
	Generated []string
	Deps      []*Library    // direct dependencies
	Standard  []string      // libraries that come with the compiler: "unix"
	CDeps     []*cc.Library // C libraries that the unit needs
	Unwrapped bool          // modules keep their own names
	Flags     []string      // for all compilers; may hold tokens
	// ByteFlags and NativeFlags are for one of them, after Flags.
	ByteFlags, NativeFlags []string
	LinkFlags              []string
	CFlags                 []string // for stubs
	Include                []string // directories that stubs include from
	Inputs                 []string // files that flags name
	// Modes is what an executable is linked for and what a library can be
	// linked into. Empty means native where there is a native compiler and
	// byte code elsewhere; for libraries, both. Only executables have C.
	Modes []Mode
	// Stubs compiles the stubs; nil for the C compiler that the OCaml
	// compiler was configured with.
	Stubs *cc.Toolchain
	// Mains are the modules that executables start with ("main"), one for
	// each program; the unit's name when empty. Libraries have none.
	Mains []string
}

// A Library is an OCaml library as its users see it.
type Library struct {
	Name       string
	Main       string            // the module that users name; "" when unwrapped
	Provides   []string          // the modules that users may name
	Dir        string            // where its compiled interfaces are
	Interfaces []string          // .cmi
	Optimised  []string          // .cmx
	Objects    map[Mode][]string // .cmo; .cmx and .o
	Archives   map[Mode]string   // .cma, .cmxa
	Stubs      string            // static archive of its C code; "" for none
	Opaque     bool              // users compile without reading Optimised
	Deps       []*Library
	Standard   []string
	CDeps      []*cc.Library
}

// Files returns all that linking the library takes.
func (l *Library) Files(mode Mode) []string {
	files := l.archiveFiles(mode)
	if l.Stubs != "" {
		files = append(files, l.Stubs)
	}
	return files
}

// archiveFiles are the files of its archive of modules.
func (l *Library) archiveFiles(mode Mode) []string {
	files := []string{l.Archives[mode]}
	if mode == Native {
		files = append(files, nativeArchive(l.Archives[mode]))
	}
	return files
}

// Libraries returns libraries with all that they depend on; each follows
// what it needs.
func Libraries(libs []*Library) []*Library {
	var all []*Library
	seen := map[*Library]bool{}
	var visit func(l *Library)
	visit = func(l *Library) {
		if seen[l] {
			return
		}
		seen[l] = true
		for _, d := range l.Deps {
			visit(d)
		}
		all = append(all, l)
	}
	for _, l := range libs {
		visit(l)
	}
	return all
}

// A builder takes one unit through its stages.
type builder struct {
	tc    *Toolchain
	t     *engine.Task
	u     Unit
	dir   string // of what is compiled: Root/Dir/.objs/NAME
	env   []string
	tools []action.Tool
	modes []Mode // that modules are compiled for
	owner Mode   // the compiler that makes the interface of a module without .mli

	src   *sorted
	alias *module
	libs  []*Library
	std   []string

	// waits says, when planning, what must run before it is known which
	// module needs which.
	waits   []string
	modules []*module // in link order, without alias
	reach   map[*module]*reach
	named   func(names []string) set // libraries that names lead to
	flags   map[Mode][]string
}

// newBuilder does all that can be done without a task.
func (tc *Toolchain) newBuilder(u Unit, wrapper string, modes []Mode) (*builder, error) {
	b := &builder{tc: tc, u: u, dir: u.ObjectDir(), modes: modes, owner: Byte}
	var err error
	if b.src, err = sortSources(u.Owner, u.Sources); err != nil {
		return nil, err
	}
	if slices.Contains(modes, Native) {
		b.owner = Native
	}
	b.alias = wrap(b.src.modules, wrapper, !u.Unwrapped)
	b.libs = Libraries(u.Deps)
	b.std = slices.Clone(u.Standard)
	for _, l := range b.libs {
		b.std = append(b.std, l.Standard...)
	}
	b.std = standardClosure(b.std)
	b.env = tc.environ(u.Owner)
	return b, nil
}

// Describe returns a library as its users see it, without defining how it is
// made: who only needs to name it need not wait for ocamldep.
func (tc *Toolchain) Describe(u Unit) (*Library, error) {
	b, err := tc.library(u)
	if err != nil {
		return nil, err
	}
	return b.describe(), nil
}

func (tc *Toolchain) library(u Unit) (*builder, error) {
	modes := u.Modes
	if len(modes) == 0 {
		modes = []Mode{Byte}
		if tc.hasNative() {
			modes = []Mode{Native, Byte}
		}
	}
	return tc.newBuilder(u, wrapperOf(u.Name), modes)
}

func (b *builder) describe() *Library {
	u := b.u
	l := &Library{
		Name: u.Name, Dir: b.dir, Opaque: b.opaque(),
		Archives: map[Mode]string{}, Objects: map[Mode][]string{},
		Deps: u.Deps, Standard: u.Standard, CDeps: u.CDeps,
	}
	for _, m := range b.all() {
		l.Interfaces = append(l.Interfaces, b.file(m, ".cmi"))
		if slices.Contains(b.modes, Native) && m.compiled() {
			l.Optimised = append(l.Optimised, b.file(m, ".cmx"))
		}
		for _, mode := range b.modes {
			l.Objects[mode] = append(l.Objects[mode], b.objects(m, mode)...)
		}
	}
	for _, m := range b.src.modules {
		if u.Unwrapped {
			l.Provides = append(l.Provides, m.name)
		}
	}
	if !u.Unwrapped {
		l.Main = wrapperOf(u.Name)
		l.Provides = []string{l.Main}
	}
	for _, mode := range b.modes {
		l.Archives[mode] = path.Join(u.Root, u.Dir, u.Name) + archiveExt(mode)
	}
	if len(b.src.stubs) > 0 {
		l.Stubs = path.Join(u.Root, u.Dir, "lib"+b.stubOwner().Name+".a")
	}
	return l
}

// all returns the modules by name, with the alias module first.
func (b *builder) all() []*module {
	if b.alias == nil {
		return b.src.modules
	}
	return append([]*module{b.alias}, b.src.modules...)
}

// Library defines the actions that compile a library. It waits for ocamldep.
func (tc *Toolchain) Library(t *engine.Task, u Unit) (*Library, error) {
	b, err := tc.library(u)
	if err != nil {
		return nil, err
	}
	if err := b.plan(t); err != nil {
		return nil, err
	}
	if err := b.compileAll(); err != nil {
		return nil, err
	}
	lib := b.describe()
	if lib.Stubs != "" {
		objects, err := b.stubs()
		if err != nil {
			return nil, err
		}
		if _, err := b.stubCompiler().Archive(t, b.stubOwner(), objects); err != nil {
			return nil, err
		}
	}
	for _, mode := range b.modes {
		if err := t.Define(b.archive(mode, lib.Archives[mode])); err != nil {
			return nil, err
		}
	}
	return lib, nil
}

// A Program is a linked executable, or the C source of one.
type Program struct {
	Name string
	Mode Mode
	Path string
}

// Executables defines the actions that compile and link the programs of a
// unit: for each main, one for each mode. Programs are Root/Dir/NAME; where
// both modes are wanted, the one of byte code is NAME.bc. A C source is
// NAME.c. It waits for ocamldep.
func (tc *Toolchain) Executables(t *engine.Task, u Unit) ([]Program, error) {
	modes := tc.defaultModes(u.Modes)
	var compiled []Mode
	for _, mode := range modes {
		if !slices.Contains(compiled, mode.compiler()) {
			compiled = append(compiled, mode.compiler())
		}
	}
	b, err := tc.newBuilder(u, exeWrapper, compiled)
	if err != nil {
		return nil, err
	}
	mains := u.Mains
	if len(mains) == 0 {
		mains = []string{u.Name}
	}
	for _, main := range mains {
		if !slices.ContainsFunc(b.src.modules, func(m *module) bool { return m.name == capitalize(main) && m.impl != "" }) {
			return nil, &SourceError{u.Target, main + ".ml", "the executable starts with it, but it is not among the sources"}
		}
	}
	if err := b.plan(t); err != nil {
		return nil, err
	}
	if err := b.compileAll(); err != nil {
		return nil, err
	}
	objects, err := b.stubs()
	if err != nil {
		return nil, err
	}
	var programs []Program
	for _, main := range mains {
		for _, mode := range modes {
			p := Program{Name: main, Mode: mode, Path: path.Join(u.Root, u.Dir, main)}
			switch {
			case mode == C:
				p.Path += ".c"
			case mode == Byte && slices.Contains(modes, Native):
				p.Path += ".bc"
			default:
				p.Path += tc.conf["ext_exe"]
			}
			if err := t.Define(b.link(p, capitalize(main), objects)); err != nil {
				return nil, err
			}
			programs = append(programs, p)
		}
	}
	return programs, nil
}
