package ocaml

import (
	"maps"
	"path"
	"slices"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/cc"
)

// Tool returns the absolute path of a program of the suite ("ocamllex",
// "ocaml"), "" if it has none of that name.
func (tc *Toolchain) Tool(name string) string { return tc.tools[name] }

// Config returns a line of what ocamlc -config says, "" if there is none of
// that name.
func (tc *Toolchain) Config(name string) string { return tc.conf[name] }

// Version returns the compiler's version: "4.14.1".
func (tc *Toolchain) Version() string { return tc.conf["version"] }

// AtLeast reports whether the compiler's version is major.minor or newer.
func (tc *Toolchain) AtLeast(major, minor int) bool { return tc.conf.atLeast(major, minor) }

// HasNative reports whether there is a native compiler.
func (tc *Toolchain) HasNative() bool { return tc.hasNative() }

// StandardLibrary returns the directory of Stdlib.
func (tc *Toolchain) StandardLibrary() string { return path.Clean(tc.conf["standard_library"]) }

// StandardTools are the identities of what such libraries add to the toolchain's.
func (tc *Toolchain) StandardTools(t *engine.Task, names []string) ([]action.Tool, error) {
	return tc.standardTools(t, names)
}

// Environ returns the environment in which the suite's programs run.
func (tc *Toolchain) Environ(o cc.Owner) []string { return tc.environ(o) }

// CFlags returns the flags that C code which OCaml calls is compiled with, as
// far as they are part of the compiler's ABI.
func (tc *Toolchain) CFlags() []string { return tc.stubFlags() }

// ConfigNames lists, sorted, the names of the lines of ocamlc -config.
func (tc *Toolchain) ConfigNames() []string { return slices.Sorted(maps.Keys(tc.conf)) }

// Env returns the variables without which the suite's programs do not run.
func (tc *Toolchain) Env() map[string]string { return maps.Clone(tc.cfg.Env) }
