package dune

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// Env is (env …).
type Env struct {
	Head
	Profiles []EnvProfile
}

// An EnvProfile is what an env stanza says for one profile.
type EnvProfile struct {
	Profile     string // "_" is any; the first that matches counts
	Flags       OCamlFlags
	CFlags      Set
	CxxFlags    Set
	LinkFlags   Set
	EnvVars     []EnvVar
	Binaries    []FileBinding
	InlineTests string // "enabled", "disabled", "ignored", or ""
	MenhirFlags Set
	Explain     *Bool // of menhir
	BinAnnot    *bool
	JavaScript  JavaScript
	Range       hcl.Range
}

// An EnvVar is set for actions.
type EnvVar struct {
	Name, Value string
	Range       hcl.Range
}

// Find returns what the stanza says for a profile, or nil.
func (e *Env) Find(profile string) *EnvProfile {
	for i := range e.Profiles {
		if p := &e.Profiles[i]; p.Profile == "_" || p.Profile == profile {
			return p
		}
	}
	return nil
}

// env reads (env (PROFILE field…)…).
func (r *reader) env(h Head, items []*sexp.Node) *Env {
	e := &Env{Head: h}
	for _, n := range items {
		name, ok := n.Head()
		if !ok {
			r.errorf(n.Range, "Not a profile", "It is (env (PROFILE FIELD…)…); the profile _ is any.")
			continue
		}
		if k := len(e.Profiles); k > 0 && e.Profiles[k-1].Profile == "_" {
			if r.lang.AtLeast(3, 4) {
				r.errorf(n.Range, "Unused profile", "What is said after _, which is any profile, has no effect.")
			} else {
				r.note(n.Range, "env", "What is said after _, which is any profile, has no effect.")
			}
		}
		e.Profiles = append(e.Profiles, r.envProfile(name, n))
	}
	return e
}

func (r *reader) envProfile(name string, n *sexp.Node) EnvProfile {
	f := r.fields("an env stanza", n.Range, n.Items[1:])
	p := EnvProfile{
		Profile:     name,
		Flags:       f.ocamlFlags(),
		CFlags:      f.get("c_flags", since(1, 7)).set(),
		CxxFlags:    f.get("cxx_flags", since(1, 7)).set(),
		LinkFlags:   f.get("link_flags", since(3, 0)).set(),
		InlineTests: f.get("inline_tests", since(1, 11)).word("enabled", "disabled", "ignored"),
		Binaries:    f.get("binaries", since(1, 6)).fileBindings(),
		MenhirFlags: f.get("menhir_flags", extension("menhir", 2, 1)).set(),
		EnvVars:     f.either(f.get("env-vars", since(1, 5)), f.get("env_vars", since(3, 24))).envVars(),
		Range:       n.Range,
	}
	if m := f.get("menhir", extension("menhir", 3, 0)); m != nil {
		g := m.fields()
		p.MenhirFlags, p.Explain = g.get("flags").set(), g.get("explain").boolean().optional()
		g.end()
	}
	if a := f.get("bin_annot", since(3, 8)); a != nil {
		value := a.truth()
		p.BinAnnot = &value
	}
	if o := f.get("odoc", since(2, 4)); o != nil {
		g := o.fields()
		g.get("warnings").word("fatal", "nonfatal")
		g.end()
	}
	f.get("formatting", since(2, 8)).formatting()
	f.get("bin_annot_cms", extension("oxcaml", 0, 1)).truth()
	p.JavaScript = f.get("js_of_ocaml", since(3, 0)).envJavaScript()
	f.ignore("wasm", noWasm, "wasm_of_ocaml")
	f.ignore("melange", "Melange is not built, so this has no effect.", "melange.compile_flags")
	f.ignore("coq", "Coq and Rocq are not built, so this has no effect.", "coq", "rocq")
	f.end()
	return p
}

// envVars reads (NAME VALUE)….
func (a *field) envVars() []EnvVar {
	if a == nil {
		return nil
	}
	var vars []EnvVar
	for _, n := range a.args {
		if n.Kind != sexp.List || len(n.Items) != 2 {
			a.r.errorf(n.Range, "Wrong variable", "It is (NAME VALUE).")
			continue
		}
		v := EnvVar{Name: a.r.text(n.Items[0]).Value, Value: a.r.text(n.Items[1]).Value, Range: n.Range}
		if slices.ContainsFunc(vars, func(o EnvVar) bool { return o.Name == v.Name }) {
			a.r.errorf(n.Range, "Variable given twice", "The variable %s is there already.", v.Name)
		}
		vars = append(vars, v)
	}
	return vars
}
