package rules

import (
	"erg.build/erg/contexts/dune"
	"erg.build/erg/toolchain/ocaml"
)

// A linkMode is one of an executables stanza.
type linkMode struct{ mode, kind string }

// linkModes are the modes of a stanza; without any, a program as fast as the
// compiler can make it.
func linkModes(given []dune.LinkMode) []linkMode {
	if len(given) == 0 {
		return []linkMode{{"best", "exe"}}
	}
	var out []linkMode
	for _, m := range given {
		out = append(out, linkMode{m.Mode, m.Kind})
	}
	return out
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
	case "js":
		return ".bc.js"
	case "wasm":
		return ".bc.wasm.js"
	}
	return either(byte, ".bc", ".exe")
}

func either(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// program is what is linked in a mode.
func (m linkMode) program(tc *ocaml.Toolchain, name, path string) ocaml.Program {
	p := ocaml.Program{Name: name, Mode: ocaml.Native, Path: path}
	if m.mode == "byte" || m.mode == "best" && !tc.HasNative() || m.kind == "byte_complete" || m.kind == "c" {
		p.Mode = ocaml.Byte
	}
	switch m.kind {
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

// refusedMode tells why a mode cannot be linked; "" if it can.
func refusedMode(m linkMode) string {
	switch m.kind {
	case "js", "wasm":
		return "erg does not know js_of_ocaml."
	case "c":
		return "erg does not write byte code as C."
	}
	return ""
}
