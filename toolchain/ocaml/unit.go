package ocaml

import (
	"path"
	"slices"

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
	// Modules are the unit's modules, if the caller knows them; then Sources
	// holds no .ml, .mli, .mll and .mly.
	Modules []Module
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
	// Closed says that modules see Deps, and not what those depend on.
	Closed bool
	// Hidden, if Closed, says that compilers know all the same what these
	// depend on (-H, since OCaml 5.2): types are equal to what they stand for,
	// and cannot be named.
	Hidden   bool
	Wrapping Wrapping
	// Deprecation says what to do instead of using a transitional module by
	// its own name.
	Deprecation string
	// Main is the module that wraps the others; "" for one that is made from
	// the unit's name, and, for executables, for Erg__exe.
	Main   string
	Layout Layout
	// Heading, if set, is the first line of alias modules.
	Heading string
	// Shadow says that the alias module of a library whose main module somebody
	// wrote hides its own name from the library's modules.
	Shadow bool
	// ShortPrefix says that modules of a library that implements another one
	// beside the virtual ones are called Vlib__impl__A, and not Vlib__impl____A.
	ShortPrefix bool
	// Implements is the library with virtual modules of which this one has
	// the code. Its users compile against that one, and link this.
	Implements *Library
	// Exact says that compilers get Flags and those of their mode, and nothing
	// that erg would add for the profile's sake. (-opaque, which the profile
	// decides, is no mere flag: what is declared to be read depends on it.)
	Exact bool
	// Annotate has typed trees written (-bin-annot), for editors and the like.
	Annotate bool
	Flags    []string // for all compilers; may hold tokens
	// ByteFlags and NativeFlags are for one of them, after Flags.
	ByteFlags, NativeFlags []string
	LinkFlags              []string // when a program is linked; may hold tokens
	// ArchiveFlags are written into archives, or are for their making:
	// "-linkall", "-cclib -lm".
	ArchiveFlags []string
	// LinkModules are what programs have for libraries that leave a module to
	// them.
	LinkModules []LinkModule
	// Objects are objects of foreign code, ready made, that go with the unit's
	// own stubs; ForeignArchives are archives of such (x of libx.a and, for byte
	// code, dllx.so) in the directories that they are found in.
	Objects         []string
	ForeignArchives []string
	Search          []string // directories of archives that flags name with -l
	CFlags          []string // for stubs
	Include         []string // directories that stubs include from
	Inputs          []string // files that flags name
	// Modes is what an executable is linked for and what a library can be
	// linked into. Empty means native where there is a native compiler and
	// byte code elsewhere; for libraries, both. Only executables have C.
	Modes []Mode
	// Stubs compiles the stubs; nil for the C compiler that the OCaml
	// compiler was configured with. Units without C (HasC) need none.
	Stubs *cc.Toolchain
	// Host is the OCaml toolchain of the context whose programs run while this
	// unit is built: its tools stand in for those that the suite lacks. nil
	// for none.
	Host *Toolchain
	// Mains are the modules that executables start with ("main"), one for
	// each program; the unit's name when empty. Libraries have none.
	Mains []string
	// Programs are what to link, if not one for each of Mains and Modes.
	Programs []Program
}

// HasC reports whether the unit has C code of its own, or of the library that
// it implements, or names C libraries: what asks for a C compiler beside the
// OCaml compiler's.
func (u *Unit) HasC() bool {
	return len(u.Objects)+len(u.CDeps) > 0 || slices.ContainsFunc(u.Sources, isForeign) ||
		u.Implements != nil && u.Implements.unit != nil && u.Implements.unit.HasC()
}

func isForeign(src string) bool {
	return !slices.Contains([]string{".ml", ".mli", ".mll", ".mly"}, path.Ext(src))
}

// A Library is an OCaml library as its users see it.
type Library struct {
	Name        string
	Main        string            // the module that users name; "" when unwrapped
	Provides    []string          // the modules that users may name
	Dir         string            // where its compiled interfaces are
	Native      string            // where its native code is
	Interfaces  []string          // .cmi
	Private     []string          // those that users must not see
	Sums        string            // a file that stands for all Interfaces; "" for few of them
	CodeSums    string            // the same for Optimised
	Optimised   []string          // .cmx
	Annotations []string          // .cmt and .cmti, where they are made
	Objects     map[Mode][]string // .cmo; .cmx and .o
	Archives    map[Mode][]string // .cma, .cmxa; one for a library of the workspace
	Plugin      string            // .cmxs; "" for none
	Stubs       string            // static archive of its C code; "" for none
	Shared      string            // the same for byte code, a shared library; "" for none
	Search      []string          // where archives that Archives name with -l are
	Tools       []action.Tool     // what it is, if it was installed before
	Opaque      bool              // users compile without reading Optimised
	Deps        []*Library
	Standard    []string
	CDeps       []*cc.Library
	// Implements is the library of whose virtual modules this one has the
	// code; nil for none.
	Implements *Library

	unit         *Unit // of a library of the workspace that others may implement
	virtual      bool  // it leaves code of modules to others
	emptyArchive bool  // .a is there for a library without code, too
}

// Installed reports whether the library lies outside the workspace.
func (l *Library) Installed() bool { return l.Tools != nil || path.IsAbs(l.Dir) }

// Files returns all that linking the library takes.
func (l *Library) Files(mode Mode) []string {
	files := l.archiveFiles(mode)
	if l.Stubs != "" {
		files = append(files, l.Stubs)
	}
	return files
}

// archiveFiles are the files of its archives of modules.
func (l *Library) archiveFiles(mode Mode) []string {
	files := slices.Clone(l.Archives[mode])
	if mode == Native && (len(l.Objects[Native]) > 0 || l.emptyArchive) { // for no code, there is none
		for _, a := range l.Archives[mode] {
			files = append(files, nativeArchive(a))
		}
	}
	return files
}

// interfaces are the files that stand for its interfaces, and code those for
// what optimising compilers read of it.
func (l *Library) interfaces() []string { return standFor(l.Sums, l.Interfaces) }
func (l *Library) code() []string       { return standFor(l.CodeSums, l.Optimised) }

func standFor(sums string, files []string) []string {
	if sums != "" {
		return []string{sums}
	}
	return files
}

// linkOrder orders libraries so that each follows what it needs, which for users
// of a virtual library is the one that implements it.
func linkOrder(libs []*Library) []*Library {
	by := map[*Library]*Library{}
	for _, l := range libs {
		if l.Implements != nil {
			by[l.Implements] = l
		}
	}
	if len(by) == 0 {
		return libs
	}
	return after(libs, func(l, d *Library) *Library {
		if impl := by[d]; l.Implements != d {
			return impl
		}
		return nil
	})
}

// Libraries returns libraries with all that they depend on; each follows
// what it needs.
func Libraries(libs []*Library) []*Library {
	return after(libs, func(_, _ *Library) *Library { return nil })
}

// after is Libraries, where a library that needs another one may need one more
// for it.
func after(libs []*Library, more func(l, dep *Library) *Library) []*Library {
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
			if m := more(l, d); m != nil {
				visit(m)
			}
		}
		all = append(all, l)
	}
	for _, l := range libs {
		visit(l)
	}
	return all
}
