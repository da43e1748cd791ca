// Package cc compiles C and assembly with gcc, clang and their cross
// relatives, and makes static archives and programs of the result.
//
// It knows one compiler at a time and nothing of contexts. Read in this
// order: Load (load.go) finds the driver and asks it where its parts are
// (locate.go); the parts make up the identity (closure.go); what the
// compiler says of itself becomes facts (macros.go); compile.go and link.go
// define the actions.
//
// # Reproducible bytes
//
// Two contexts, and two workspaces, that compile the same thing must get the
// same bytes, or they cannot share them. A compiler writes the names of
// files into debug information and wherever __FILE__ is used, and they hold
// the output root (_build/app) and, for the compilation directory, the
// workspace's absolute path. Both are mapped away: the workspace becomes
// ".", and a generated file lib/gen.h of this context becomes lib/gen.h, as
// if it lay among the sources. So do files of other contexts, and those of
// source blocks, whose names are in no key either. Assembly needs the same said once more to the
// assembler, because not every gcc passes its own map on, and clang's
// assembler knows no map, but can be told its directory. Archives
// carry no dates (D), and PE images no time stamp.
package cc

import (
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/toolchain"
	"github.com/zclconf/go-cty/cty"
)

// A Toolchain is a C compiler with its assembler, linker and archiver. It is
// immutable.
type Toolchain struct {
	cfg    toolchain.Config
	layout *layout
	id     digest.Digest
	about  about
}

var _ toolchain.Toolchain = (*Toolchain)(nil)

// Kind returns "cc".
func (tc *Toolchain) Kind() string { return "cc" }

// Address returns the toolchain's address as people write it.
func (tc *Toolchain) Address() string { return tc.cfg.Address() }

// Identity returns the digest of the toolchain's closure.
func (tc *Toolchain) Identity() digest.Digest { return tc.id }

// Target returns the triplet of the machine that it emits code for, under
// its flags.
func (tc *Toolchain) Target() string { return tc.about.target }

// Native reports whether its programs run on the build machine.
func (tc *Toolchain) Native() bool { return toolchain.Parse(tc.about.target).Runs() }

// Runner returns the declared runner.
func (tc *Toolchain) Runner() *toolchain.Runner { return tc.cfg.Runner }

// Family returns "gcc" or "clang".
func (tc *Toolchain) Family() string { return tc.about.family }

// Driver returns the absolute path of the compiler driver.
func (tc *Toolchain) Driver() string { return tc.layout.driver }

// Archiver returns the absolute path of ar.
func (tc *Toolchain) Archiver() string { return tc.layout.tools["ar"] }

// Path returns the PATH that its processes get.
func (tc *Toolchain) Path() string { return tc.layout.path }

// ExeSuffix returns what names of programs end with: ".exe" or "".
func (tc *Toolchain) ExeSuffix() string {
	if tc.about.format == "pe" {
		return ".exe"
	}
	return ""
}

// Facts returns target, arch, os, word_size (bits of a pointer), endian,
// version, family, object_format, native, and for those who run the compiler
// in their own way driver and flags.
func (tc *Toolchain) Facts() map[string]cty.Value {
	a := tc.about
	flags := cty.ListValEmpty(cty.String)
	if len(tc.cfg.Flags) > 0 {
		var vals []cty.Value
		for _, f := range tc.cfg.Flags {
			vals = append(vals, cty.StringVal(f))
		}
		flags = cty.ListVal(vals)
	}
	return map[string]cty.Value{
		"target":        cty.StringVal(a.target),
		"arch":          cty.StringVal(a.arch),
		"os":            cty.StringVal(toolchain.Parse(a.target).OS()),
		"word_size":     cty.NumberIntVal(int64(a.wordSize)),
		"endian":        cty.StringVal(a.endian),
		"version":       cty.StringVal(a.version),
		"family":        cty.StringVal(a.family),
		"object_format": cty.StringVal(a.format),
		"native":        cty.BoolVal(tc.Native()),
		"driver":        cty.StringVal(tc.Driver()),
		"flags":         flags,
	}
}

// tools names the toolchain in an action.
func (tc *Toolchain) tools() []action.Tool {
	return []action.Tool{{Name: "cc", Identity: tc.id}}
}

// environ is the whole environment of an action.
func (tc *Toolchain) environ(more map[string]string) []string {
	return toolchain.Environ(baseEnv(tc.layout.path), tc.cfg.Env, more)
}

// baseEnv is what every process of the toolchain gets: where to find the
// assembler and linker, and messages in English.
func baseEnv(path string) map[string]string {
	return map[string]string{"PATH": path, "LC_ALL": "C"}
}

// An Owner says for whom something is built and where it goes.
type Owner struct {
	Context string // on disk, for people: "app", "v@wide"
	Target  string // the declaration, for people: "app//lib:library.blink"
	Root    string // the output root: "_build/app"
	Dir     string // the directory of the declaration: "lib"; "" for the top
	Name    string // of the library or executable
	Profile string // "dev", "release" or another one, which is like it; "" is "dev"
	// Env is added to the toolchain's environment; strings may hold tokens.
	Env map[string]string
	// Unknown lists what the actions wait for when planning.
	Unknown []string
}

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
