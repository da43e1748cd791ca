package dune

import "github.com/hashicorp/hcl/v2"

// JavaScript is (js_of_ocaml …): how js_of_ocaml is run on what a stanza, or
// an env stanza below it, compiles.
type JavaScript struct {
	Flags        Set    // of what is compiled
	LinkFlags    Set    // of the link of what was compiled apart
	RuntimeFlags Set    // of the runtime of such a program
	Files        []Text // javascript_files: C functions, in JavaScript
	WasmFiles    []Text // wasm_files: the same in WebAssembly, of (wasm_of_ocaml …)
	Compilation  string // "whole_program", "separate", or "" for what the profile says
	SourceMap    string // "no", "inline", "file", or "" likewise
	EnabledIf    Bool
	RuntestAlias Text // of an env stanza
	Range        hcl.Range
}

const noWasm = "WebAssembly is not built, so this has no effect."

// javaScript reads (js_of_ocaml …) of a stanza. Before 3.0 flags were those of
// all that js_of_ocaml does but for the runtime.
func (a *field) javaScript(library bool) JavaScript {
	if a == nil {
		return JavaScript{}
	}
	f := a.fields()
	j := f.javaScript(library, a.at())
	f.end()
	return j
}

// wasm reads (wasm_of_ocaml …) of a stanza.
func (a *field) wasm(library bool) JavaScript {
	if a == nil {
		return JavaScript{}
	}
	f := a.fields()
	j := f.javaScript(library, a.at())
	j.WasmFiles = f.get("wasm_files", since(3, 17)).texts()
	f.end()
	return j
}

func (f *fields) javaScript(library bool, at hcl.Range) JavaScript {
	j := JavaScript{Flags: f.get("flags").set(), Files: f.get("javascript_files").texts(), Range: at}
	if f.r.lang.AtLeast(3, 0) {
		j.LinkFlags, j.RuntimeFlags = f.get("link_flags").set(), f.get("build_runtime_flags").set()
		if !library {
			f.newJavaScript(&j, since(3, 17))
		}
	} else {
		j.LinkFlags = j.Flags
	}
	return j
}

// envJavaScript reads (js_of_ocaml …) of an env stanza.
func (a *field) envJavaScript() JavaScript {
	if a == nil {
		return JavaScript{}
	}
	f := a.fields()
	j := JavaScript{Flags: f.get("flags").set(), LinkFlags: f.get("link_flags").set(), RuntimeFlags: f.get("build_runtime_flags").set(),
		RuntestAlias: f.get("runtest_alias").text(), Range: a.at()}
	f.newJavaScript(&j)
	f.end()
	return j
}

// newJavaScript reads what stanzas of programs took over from env.
func (f *fields) newJavaScript(j *JavaScript, compilation ...check) {
	j.Compilation = f.get("compilation_mode", compilation...).word("whole_program", "separate")
	j.SourceMap = f.get("sourcemap", since(3, 17)).word("no", "inline", "file")
	j.EnabledIf = f.get("enabled_if", since(3, 17)).boolean()
}
