package ocaml

import (
	"erg.build/erg/engine"
)

// An Installed is a library that lies outside the workspace, as whoever read
// its description (META) knows it. All paths are absolute.
type Installed struct {
	Name     string            // as people call it: "fmt.tty"
	Dir      string            // of interfaces and archives
	Archives map[Mode][]string // in link order; none for a library of interfaces
	Plugins  []string          // .cmxs
	Deps     []*Library
	Standard []string // libraries that come with the compiler
	// Main is the module that users name; "" where each interface of Dir is
	// one.
	Main string
	// Private is the directory, beside the interfaces, of those of private
	// modules; "" for none.
	Private string
}

// Installed returns an installed library. Its files are digested as a whole,
// once, and are part of what uses it as a tool is.
func (tc *Toolchain) Installed(t *engine.Task, in Installed) (*Library, error) {
	panic("not there yet")
}
