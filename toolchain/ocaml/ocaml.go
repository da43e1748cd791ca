// Package ocaml compiles OCaml libraries and executables.
package ocaml

import (
	"erg.build/erg/engine"
	"erg.build/erg/engine/digest"
	"erg.build/erg/toolchain"
	"erg.build/erg/toolchain/cc"
	"github.com/zclconf/go-cty/cty"
)

// A Toolchain is an OCaml compiler with its standard library and the C
// compiler that it drives. It is immutable.
type Toolchain struct {
	cfg toolchain.Config
	id  digest.Digest
}

// Load finds and probes the toolchain that cfg declares. Equal declarations
// are loaded once.
func Load(t *engine.Task, cfg toolchain.Config) (*Toolchain, error) { panic("later") }

// Kind returns "ocaml".
func (tc *Toolchain) Kind() string { return "ocaml" }

// Identity returns the digest of the toolchain's closure.
func (tc *Toolchain) Identity() digest.Digest { return tc.id }

// Facts returns what ocamlc -config says, and native.
func (tc *Toolchain) Facts() map[string]cty.Value { panic("later") }

// Target returns the triplet of the machine that it emits code for.
func (tc *Toolchain) Target() string { panic("later") }

// Native reports whether its programs run on the build machine.
func (tc *Toolchain) Native() bool { panic("later") }

// Runner returns the declared runner.
func (tc *Toolchain) Runner() *toolchain.Runner { return tc.cfg.Runner }

// A Mode is a way to compile.
type Mode string

const (
	Byte   Mode = "byte"
	Native Mode = "native"
)

// A Unit is the sources of one library or of executables that share modules.
type Unit struct {
	cc.Owner
	// Sources are .ml, .mli, .mll, .mly (and .c: stubs), sources or outputs.
	Sources []string
	// Generated are files that must be made before anything compiles.
	Generated []string
	Deps      []*Library    // direct dependencies
	Standard  []string      // libraries of the standard distribution: "unix"
	CDeps     []*cc.Library // C libraries that the stubs need
	Unwrapped bool          // modules keep their own names
	Flags     []string      // for ocamlc and ocamlopt; may hold tokens
	// OcamlcFlags and OcamloptFlags are for one of them, after Flags.
	OcamlcFlags, OcamloptFlags []string
	LinkFlags                  []string
	CFlags                     []string // for stubs
	Include                    []string // directories for stubs
	Inputs                     []string // files that flags name
	// Modes is what is wanted: empty means native where there is a native
	// compiler, byte code elsewhere.
	Modes []Mode
	// Stubs compiles the stubs; the C compiler that ocamlc was configured
	// with when nil.
	Stubs *cc.Toolchain
	// Mains are the modules that executables start with ("main"), one for
	// each program; the unit's name when empty. Libraries have none.
	Mains []string
}

// A Library is a compiled library as its users see it.
type Library struct {
	Name    string
	Archive map[Mode]string // .cma, .cmxa
	// Outputs are all files that linking it takes, by mode.
	Outputs map[Mode][]string
	// Main is the module that its users name; "" when it is not wrapped.
	Main string
	Deps []*Library

	dir string // where the compiled interfaces are
}

// Library defines the actions that compile a library.
func (tc *Toolchain) Library(t *engine.Task, u Unit) (*Library, error) { panic("later") }

// A Program is a linked executable.
type Program struct {
	Name string
	Mode Mode
	Path string // Root/Dir/NAME, Root/Dir/NAME.bc for byte code beside it
}

// Executables defines the actions that compile and link the programs of a
// unit: for each main, one for each mode.
func (tc *Toolchain) Executables(t *engine.Task, u Unit) ([]Program, error) { panic("later") }
