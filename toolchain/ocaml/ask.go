package ocaml

// Tool returns the absolute path of a program of the suite ("ocamllex",
// "ocaml"), "" if it has none of that name.
func (tc *Toolchain) Tool(name string) string { return tc.tools[name] }

// Config returns a line of what ocamlc -config says, "" if there is none of
// that name.
func (tc *Toolchain) Config(name string) string { return tc.conf[name] }

// HasNative reports whether there is a native compiler.
func (tc *Toolchain) HasNative() bool { return tc.hasNative() }

// AtLeast reports whether the compiler's version is major.minor or newer.
func (tc *Toolchain) AtLeast(major, minor int) bool { return tc.conf.atLeast(major, minor) }
