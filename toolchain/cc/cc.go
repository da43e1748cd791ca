// Package cc compiles C and assembly with gcc, clang and their cross
// relatives.
package cc

import (
	"erg.build/erg/engine"
	"erg.build/erg/engine/digest"
	"erg.build/erg/toolchain"
	"github.com/zclconf/go-cty/cty"
)

// A Toolchain is a C compiler with its assembler, linker and archiver. It is
// immutable.
type Toolchain struct {
	cfg toolchain.Config
	id  digest.Digest
}

// Load finds and probes the toolchain that cfg declares. Equal declarations
// are loaded once.
func Load(t *engine.Task, cfg toolchain.Config) (*Toolchain, error) { panic("later") }

// Kind returns "cc".
func (tc *Toolchain) Kind() string { return "cc" }

// Identity returns the digest of the toolchain's closure.
func (tc *Toolchain) Identity() digest.Digest { return tc.id }

// Facts returns target, arch, os, word_size, endian, version, family and
// object_format.
func (tc *Toolchain) Facts() map[string]cty.Value { panic("later") }

// Target returns the triplet of the machine that it emits code for, under
// its flags.
func (tc *Toolchain) Target() string { panic("later") }

// Native reports whether its programs run on the build machine.
func (tc *Toolchain) Native() bool { panic("later") }

// Runner returns the declared runner.
func (tc *Toolchain) Runner() *toolchain.Runner { return tc.cfg.Runner }

// An Owner says for whom something is built and where it goes.
type Owner struct {
	Context string // on disk, for people: "app", "v@wide"
	Target  string // the declaration, for people: "app//lib:library.blink"
	Root    string // the output root: "_build/app"
	Dir     string // the directory of the declaration: "lib"; "" for the top
	Name    string // of the library or executable
	Profile string // "dev" or "release"; "" is "dev"
	// Env is added to the toolchain's environment; strings may hold tokens.
	Env map[string]string
	// Unknown lists what the actions wait for when planning.
	Unknown []string
}

// A Unit is the sources of one library or executable.
type Unit struct {
	Owner
	Sources   []string // .c, .S, .s, .i; also .cc, .cpp, .cxx; sources or outputs
	Generated []string // headers that must be made before anything compiles
	Include   []string // directories, in search order
	Defines   []string // "NAME" or "NAME=value"
	Flags     []string // may hold tokens
	Inputs    []string // files that flags name
}

// Objects defines the compile actions of a unit and returns the objects, in
// the order of the sources.
func (tc *Toolchain) Objects(t *engine.Task, u Unit) ([]string, error) { panic("later") }

// Archive defines the action that makes the static archive of the objects,
// and returns it: Root/Dir/libNAME.a.
func (tc *Toolchain) Archive(t *engine.Task, o Owner, objects []string) (string, error) {
	panic("later")
}

// A Program is what is linked from objects and libraries.
type Program struct {
	Owner
	Objects []string
	Libs    []*Library // direct dependencies
	Flags   []string   // for the linker driver, after the objects; may hold tokens
	Script  string     // linker script; "" for none
	Inputs  []string   // files that flags name
}

// Link defines the action that links a program and returns it:
// Root/Dir/NAME, with ".exe" where that is the custom.
func (tc *Toolchain) Link(t *engine.Task, p Program) (string, error) { panic("later") }

// A Library is a C library as its users see it.
type Library struct {
	Name    string
	Archive string     // "" when it has only headers
	Include []string   // directories that its users search
	Headers []string   // generated headers that must be made before users compile
	Defines []string   // that its users need
	Flags   []string   // that programs which link it need ("-lm"); may hold tokens
	Inputs  []string   // files that Flags name
	Deps    []*Library // direct dependencies
}

// Closure returns libraries and all that they depend on, each before what it
// needs, as linkers want them.
func Closure(libs []*Library) []*Library {
	var post []*Library
	seen := map[*Library]bool{}
	var visit func(l *Library)
	visit = func(l *Library) {
		if seen[l] {
			return
		}
		seen[l] = true
		for i := len(l.Deps) - 1; i >= 0; i-- {
			visit(l.Deps[i])
		}
		post = append(post, l)
	}
	for i := len(libs) - 1; i >= 0; i-- {
		visit(libs[i])
	}
	for i, j := 0, len(post)-1; i < j; i, j = i+1, j-1 {
		post[i], post[j] = post[j], post[i]
	}
	return post
}

// Use adds to a unit what compiling against libraries takes.
func (u *Unit) Use(libs []*Library) {
	for _, l := range Closure(libs) {
		u.Include = append(u.Include, l.Include...)
		u.Generated = append(u.Generated, l.Headers...)
		u.Defines = append(u.Defines, l.Defines...)
	}
}
