package ocaml

import (
	"path"
	"slices"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// A builder takes one unit through its stages.
type builder struct {
	tc    *Toolchain
	t     *engine.Task
	u     Unit
	at    place
	env   []string
	tools []action.Tool
	modes []Mode // that modules are compiled for
	owner Mode   // the compiler that makes the interface of a module without .mli

	src     *sorted
	exe     bool   // programs, and no library
	wrapper string // the module that users name
	alias   *module
	root    *group     // of all modules
	nested  []*module  // aliases of the groups in it
	vlib    *builder   // of the library that this one implements
	libs    []*Library // all that a link takes; each follows what it needs
	visible []*Library // those that compilers know
	std     []string

	// waits says, when planning, what must run before it is known which
	// module needs which.
	waits   []string
	modules []*module // in link order, without alias
	reach   map[*module]*reach
	named   func(names []string) set // visible libraries that names lead to
	flags   map[Mode][]string
}

// newBuilder does all that can be done without a task.
func (tc *Toolchain) newBuilder(u Unit, wrapper string, modes []Mode) (*builder, error) {
	b := &builder{tc: tc, u: u, modes: modes, owner: Byte, exe: wrapper == exeWrapper}
	if slices.Contains(modes, Native) {
		b.owner = Native
	}
	b.at = placeOf(u)
	if u.Main != "" {
		wrapper = u.Main
	}
	var err error
	if b.src, err = sortSources(u.Owner, u.Sources); err != nil {
		return nil, err
	}
	if err := b.src.give(u.Owner, u.Modules); err != nil {
		return nil, err
	}
	if err := b.checkMachine(); err != nil {
		return nil, err
	}
	if err := b.implement(); err != nil {
		return nil, err
	}
	if err := b.wrap(wrapper); err != nil {
		return nil, err
	}
	b.libs = Libraries(u.Deps)
	b.visible = b.libs
	if u.Closed && !b.hides() {
		seen := slices.Clone(u.Deps)
		for _, l := range u.Deps {
			seen = withVirtual(seen, l.Implements)
		}
		b.visible = slices.DeleteFunc(slices.Clone(b.libs), func(l *Library) bool { return !slices.Contains(seen, l) })
	}
	b.std = slices.Clone(u.Standard)
	for _, l := range b.libs {
		b.std = append(b.std, l.Standard...)
	}
	b.std = standardClosure(b.std)
	b.env = tc.environ(u.Owner, otherRoots(u)...)
	return b, nil
}

// otherRoots lists the output roots in which sources lie, without the unit's.
func otherRoots(u Unit) []string {
	var roots []string
	for _, src := range u.Sources {
		if root, _ := action.RootOf(src); root != "" && root != u.Root && !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	return roots
}

// hides reports whether libraries that modules do not see are known to
// compilers.
func (b *builder) hides() bool { return b.u.Closed && b.u.Hidden && b.tc.conf.atLeast(5, 2) }

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
		Name: u.Name, Dir: b.at.objects, Native: b.at.native, Opaque: b.opaque(),
		Archives: map[Mode][]string{}, Objects: map[Mode][]string{}, emptyArchive: b.tc.archivesNothing(),
		Deps: withVirtual(u.Deps, u.Implements), Standard: u.Standard, CDeps: u.CDeps, Search: u.Search, Implements: u.Implements, unit: &u,
	}
	virtual := false
	for _, m := range b.all() {
		virtual = virtual || m.virtual
		if m.implements == nil && m.private {
			l.Private = append(l.Private, b.file(m, ".cmi"))
		} else if m.implements == nil {
			l.Interfaces = append(l.Interfaces, b.file(m, ".cmi"))
		}
		l.Annotations = append(l.Annotations, b.annotations(m)...)
		if slices.Contains(b.modes, Native) && m.compiled() {
			l.Optimised = append(l.Optimised, b.file(m, ".cmx"))
		}
		for _, mode := range b.modes {
			l.Objects[mode] = append(l.Objects[mode], b.objects(m, mode)...)
		}
	}
	l.Main, l.Provides = b.provides()
	if len(l.Interfaces) > many {
		l.Sums = path.Join(b.at.objects, "interfaces.sums")
	}
	if !l.Opaque && len(l.Optimised) > many {
		l.CodeSums = path.Join(b.at.native, "code.sums")
	}
	if l.virtual = virtual; virtual {
		return l // nothing to link: who implements it has it all
	}
	b.describeArchives(l)
	return l
}

// many is how many files it takes until one that stands for all is made:
// whoever reads a library's interfaces reads those of all that it depends on,
// so that inputs would be most of what there is to keep in mind.
const many = 16

// describeArchives adds what is linked.
func (b *builder) describeArchives(l *Library) {
	base := path.Join(b.u.Root, b.u.Dir, b.u.Name)
	for _, mode := range b.modes {
		l.Archives[mode] = []string{base + archiveExt(mode)}
		for _, m := range b.foreign() {
			l.Objects[mode] = append(l.Objects[mode], b.objects(m, mode)...)
		}
	}
	if b.hasPlugin() {
		l.Plugin = base + ".cmxs"
	}
	if b.hasStubs() {
		l.Stubs = path.Join(b.u.Root, b.u.Dir, "lib"+b.stubOwner().Name+".a")
		if b.tc.sharesStubs() {
			l.Shared = path.Join(b.u.Root, b.u.Dir, "dll"+b.stubOwner().Name+".so")
		}
	}
}

// provides returns the module that users name, if there is one, and all that
// they may name.
func (b *builder) provides() (main string, names []string) {
	if b.u.Implements != nil {
		return b.u.Implements.Main, nil // they name the virtual library's
	}
	if b.u.Wrapping != Unwrapped {
		main = b.wrapper
		names = []string{main}
	}
	if b.u.Wrapping != Wrapped {
		for _, m := range b.src.modules {
			if m.top() && !m.private && m.name != main {
				names = append(names, m.name)
			}
		}
		for _, g := range b.root.groups {
			names = append(names, g.name)
		}
	}
	return main, names
}

// all returns the modules by name, with the alias module first.
func (b *builder) all() []*module {
	all := slices.Concat(b.nested, b.src.modules, b.src.compat)
	if b.alias == nil {
		return all
	}
	return append([]*module{b.alias}, all...)
}

// Library defines the actions that compile a library. It waits for ocamldep.
// What nobody demands of them costs nothing.
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
	if err := b.sums(lib); err != nil {
		return nil, err
	}
	if lib.Stubs != "" {
		if err := b.stubArchives(lib); err != nil {
			return nil, err
		}
	}
	for _, mode := range b.modes {
		if len(lib.Archives[mode]) == 0 {
			continue
		}
		if err := t.Define(b.archive(mode, lib)); err != nil {
			return nil, err
		}
	}
	if lib.Plugin != "" {
		return lib, t.Define(b.plugin(lib))
	}
	return lib, nil
}

// Infer defines the actions that tell the interfaces of modules with Inferred,
// and the compilation of those that they need, and nothing else: no archive. A
// parser generator asks for the types of semantic actions in this way, in a
// unit without the parser that it is to make. It waits for ocamldep.
func (tc *Toolchain) Infer(t *engine.Task, u Unit) error {
	b, err := tc.library(u)
	if err != nil {
		return err
	}
	if err := b.plan(t); err != nil {
		return err
	}
	return b.compileAll()
}

// sums defines the files that stand for many.
func (b *builder) sums(l *Library) error {
	for _, f := range []struct {
		out   string
		files []string
	}{{l.Sums, l.Interfaces}, {l.CodeSums, l.Optimised}} {
		if f.out == "" {
			continue
		}
		s := b.spec("sums " + b.shown(f.out))
		s.Env, s.Tools, s.Unknown = nil, nil, nil
		s.Inputs, s.Outputs = f.files, []string{f.out}
		s.Written = &action.Written{Sums: true}
		if err := b.t.Define(s); err != nil {
			return err
		}
	}
	return nil
}

// Executables defines the actions that compile and link the programs of a
// unit: those that it lists, or one for each main and mode. These are
// Root/Dir/NAME; where both modes are wanted, the one of byte code is NAME.bc. A
// C source is NAME.c. It waits for ocamldep.
func (tc *Toolchain) Executables(t *engine.Task, u Unit) ([]Program, error) {
	programs := tc.programs(u)
	var modes []Mode
	for _, p := range programs {
		if mode := p.Mode.compiler(); !slices.Contains(modes, mode) {
			modes = append(modes, mode)
		}
	}
	b, err := tc.newBuilder(u, exeWrapper, modes)
	if err != nil {
		return nil, err
	}
	if err := b.checkImplemented(); err != nil {
		return nil, err
	}
	for _, p := range programs {
		if !slices.ContainsFunc(b.src.modules, func(m *module) bool { return m.top() && m.name == capitalize(p.Name) && m.impl != "" }) {
			return nil, &SourceError{u.Target, p.Name + ".ml", "the executable starts with it, but it is not among the sources"}
		}
	}
	if err := b.plan(t); err != nil {
		return nil, err
	}
	if err := b.compileAll(); err != nil {
		return nil, err
	}
	if err := b.compileLinkModules(); err != nil {
		return nil, err
	}
	objects, err := b.stubs()
	if err != nil {
		return nil, err
	}
	programs = slices.Clone(programs)
	for i, p := range programs {
		if err := t.Define(b.link(p, objects)); err != nil {
			return nil, err
		}
		if p.Kind == Raw {
			programs[i].Parts = b.parts(p)
		}
	}
	return programs, nil
}

// programs are what a unit of executables links.
func (tc *Toolchain) programs(u Unit) []Program {
	if len(u.Programs) > 0 {
		return u.Programs
	}
	mains := u.Mains
	if len(mains) == 0 {
		mains = []string{u.Name}
	}
	modes := tc.defaultModes(u.Modes)
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
			programs = append(programs, p)
		}
	}
	return programs
}
