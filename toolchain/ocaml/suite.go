package ocaml

import (
	"errors"
	"io/fs"
	"path"

	"erg.build/erg/engine"
	"erg.build/erg/toolchain/cc"
)

// Version returns the compiler's version: "4.14.1".
func (tc *Toolchain) Version() string { return tc.conf["version"] }

// AtLeast reports whether the version is at least major.minor.
func (tc *Toolchain) AtLeast(major, minor int) bool { return tc.conf.atLeast(major, minor) }

// Config returns a line of what ocamlc -config says.
func (tc *Toolchain) Config(name string) (value string, ok bool) {
	value, ok = tc.conf[name]
	return value, ok
}

// StandardLibrary returns the directory of Stdlib.
func (tc *Toolchain) StandardLibrary() string { return path.Clean(tc.conf["standard_library"]) }

// HasNative reports whether there is a compiler to native code.
func (tc *Toolchain) HasNative() bool { return tc.hasNative() }

// Tool finds a program of the suite ("ocamlc", "ocamlobjinfo", "ocaml") in the
// directory of the compiler, compiled to native code if there is such a one.
// Where there is none, the error satisfies errors.Is(err, fs.ErrNotExist).
func (tc *Toolchain) Tool(t *engine.Task, name string) (string, error) {
	if p := tc.tools[name]; p != "" {
		return p, nil
	}
	dir := path.Dir(tc.tools["ocamlc"])
	var err error
	for _, file := range []string{name + ".opt", name} {
		var p string
		if p, err = lookup(t, dir, file); err == nil {
			return p, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return "", err
}

// Environ returns the environment in which the suite's programs run.
func (tc *Toolchain) Environ(o cc.Owner) []string { return tc.environ(o) }

// CFlags returns the flags that C code which OCaml calls is compiled with, as
// far as they are part of the compiler's ABI.
func (tc *Toolchain) CFlags() []string { return tc.stubFlags() }
