// Package ocaml compiles OCaml libraries and executables, to native code and
// to byte code.
//
// It knows one compiler at a time and nothing of contexts or of other build
// systems' files. Read in this order: Load (load.go) finds the compilers and
// what they say of themselves (config.go); unit.go says what there is to
// compile, by sources or module by module (module.go); modules.go turns that
// into modules, and wrap.go names them (the essay on wrapped modules is in the
// former); plan.go asks ocamldep, and depend.go orders the modules by its
// answer; compile.go (with the essay on interfaces), archive.go and link.go
// define the actions; builder.go is the path of one library or executable
// through all that. virtual.go is about libraries that leave modules open, and
// installed.go about those that lie outside the workspace.
//
// # Reproducible bytes
//
// Compilers put names of files into what they make: OCaml into debugging
// tables, the assembler into line tables. BUILD_PATH_PREFIX_MAP maps the
// workspace and the output root to one fixed name, and PWD is set to a name
// that is the same everywhere for the C compiler that builds the start of
// byte code programs. Sources that were made, whose path would hold the name
// of a context or of a source block, are compiled in the output root where they
// lie: a generated one has the name there that it would have among the sources.
// Typed trees (.cmt) hold the whole command line; see annotated for what is
// done about that.
//
// # Many modules
//
// Programs read the interfaces of all libraries that they lead to, so inputs
// would grow with the square of a project. A library of many modules therefore
// has a file with the digests of all its interfaces, which the engine writes
// without a process, and users have that as their input. ocamldep is asked
// about some modules at a time: see batch.
package ocaml

import (
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/toolchain"
	"erg.build/erg/toolchain/cc"
	"github.com/zclconf/go-cty/cty"
)

// A Toolchain is an OCaml compiler with its standard library and the C
// compiler that it drives. It is immutable.
type Toolchain struct {
	cfg    toolchain.Config
	id     digest.Digest
	conf   config
	target string
	c      *cc.Toolchain     // drives the linker, compiles stubs
	tools  map[string]string // "ocamlc", "ocamlopt", … → absolute path
	path   string            // PATH for its processes
}

var _ toolchain.Toolchain = (*Toolchain)(nil)

// Kind returns "ocaml".
func (tc *Toolchain) Kind() string { return "ocaml" }

// Identity returns the digest of the toolchain's closure.
func (tc *Toolchain) Identity() digest.Digest { return tc.id }

// Target returns the triplet of the machine that it emits code for.
func (tc *Toolchain) Target() string { return tc.target }

// Native reports whether its programs run on the build machine.
func (tc *Toolchain) Native() bool { return toolchain.Parse(tc.target).Runs() }

// Runner returns the declared runner.
func (tc *Toolchain) Runner() *toolchain.Runner { return tc.cfg.Runner }

// C returns the C compiler that it was configured with.
func (tc *Toolchain) C() *cc.Toolchain { return tc.c }

// Facts returns what ocamlc -config says, with target, arch and os as C
// toolchains have them, and native_compiler: whether there is one.
func (tc *Toolchain) Facts() map[string]cty.Value {
	facts := tc.conf.facts()
	triplet := toolchain.Parse(tc.target)
	facts["target"] = cty.StringVal(tc.target)
	facts["arch"] = cty.StringVal(triplet.Arch)
	facts["os"] = cty.StringVal(triplet.OS())
	facts["native"] = cty.BoolVal(tc.Native())
	facts["native_compiler"] = cty.BoolVal(tc.hasNative())
	return facts
}

func (tc *Toolchain) hasNative() bool { return tc.tools["ocamlopt"] != "" }

// used names the toolchain in an action.
func (tc *Toolchain) used() []action.Tool {
	return []action.Tool{{Name: "ocaml", Identity: tc.id}}
}

// mapped is what the workspace and output roots are called in what compilers
// make.
const mapped = "/workspace"

// environ is the whole environment of an action whose sources lie, beside the
// owner's output root, in other roots.
func (tc *Toolchain) environ(o cc.Owner, roots ...string) []string {
	names := mapped + "=" + action.Abs(".")
	for _, root := range append(roots, o.Root) {
		names += ":" + mapped + "=" + action.Abs(root)
	}
	base := map[string]string{
		"PATH":   tc.path,
		"LC_ALL": "C",
		// getcwd prefers PWD when it names the same directory.
		"PWD": "/proc/self/cwd",
		// The last that fits wins.
		"BUILD_PATH_PREFIX_MAP": names,
	}
	return toolchain.Environ(base, tc.cfg.Env, o.Env)
}

// A Mode is a way to compile.
type Mode string

const (
	Byte   Mode = "byte"
	Native Mode = "native"
	// C is the byte code of a program as a C source, which defines
	// caml_startup: a C compiler makes a program of it together with a
	// runtime, perhaps that of a machine for which there is no OCaml compiler.
	C Mode = "c"
)

// compiler is the mode in which modules are compiled for a link in this one.
func (m Mode) compiler() Mode {
	if m == C {
		return Byte
	}
	return m
}

// defaultModes is native where that is possible.
func (tc *Toolchain) defaultModes(modes []Mode) []Mode {
	if len(modes) > 0 {
		return modes
	}
	if tc.hasNative() {
		return []Mode{Native}
	}
	return []Mode{Byte}
}
