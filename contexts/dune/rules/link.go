package rules

import (
	"erg.build/erg/contexts/dune"
	"erg.build/erg/toolchain/ocaml"
)

// A linkMode is one of an executables stanza. The mode custom is byte code with
// its runtime, which dune adds where otherwise there would be no .exe.
type linkMode struct{ mode, kind string }

// linkModes are the modes of a stanza; without any, a program as fast as the
// compiler can make it.
func linkModes(given []dune.LinkMode) []linkMode {
	if len(given) == 0 {
		return []linkMode{{"best", "exe"}}
	}
	var out []linkMode
	script, program := false, false
	for _, m := range given {
		out = append(out, linkMode{m.Mode, m.Kind})
		script = script || m.Mode == "byte" && m.Kind == "exe"
		program = program || m.Mode != "byte" && m.Kind == "exe"
	}
	if script && !program {
		out = append(out, linkMode{"custom", "exe"})
	}
	return out
}

// installedMode is the one of several that is installed.
func installedMode(given []dune.LinkMode) linkMode {
	all := linkModes(given)
	for _, m := range all {
		if m.kind == "exe" && m.mode != "byte" && m.mode != "custom" {
			return m
		}
	}
	for _, m := range all {
		if m.kind == "exe" {
			return m
		}
	}
	return all[0]
}

// ext is what the file of a mode ends with.
func (m linkMode) ext() string {
	byte := m.mode == "byte"
	switch m.kind {
	case "object":
		return either(byte, ".bc.o", ".exe.o")
	case "shared_object":
		return either(byte, ".bc.so", ".so")
	case "plugin":
		return either(byte, ".cma", ".cmxs")
	case "c":
		return ".bc.c"
	case "byte_complete":
		return ".bc.exe"
	case "js", "wasm":
		return rawExt
	}
	return either(byte, ".bc", ".exe")
}

func either(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// translated reports whether what is linked is byte code for another program,
// which makes a program of it.
func (m linkMode) translated() bool { return m.kind == "js" || m.kind == "wasm" }

// program is what is linked in a mode.
func (m linkMode) program(tc *ocaml.Toolchain, name, path string) ocaml.Program {
	p := ocaml.Program{Name: name, Mode: ocaml.Native, Path: path}
	if m.mode == "byte" || m.mode == "custom" || m.mode == "best" && !tc.HasNative() || m.kind == "byte_complete" || m.translated() {
		p.Mode = ocaml.Byte
	}
	switch m.kind {
	case "c":
		p.Mode = ocaml.C
	case "js", "wasm":
		p.Kind = ocaml.Raw
	case "object":
		p.Kind = ocaml.Object
	case "shared_object":
		p.Kind = ocaml.Shared
	case "plugin":
		p.Kind = ocaml.Plugin
	case "exe":
		if m.mode == "byte" {
			p.Kind = ocaml.Script
		}
	}
	return p
}
