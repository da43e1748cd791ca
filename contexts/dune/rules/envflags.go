package rules

import (
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
)

// A standardKey names flags that :standard stands for in a directory. Each
// kind is a query of its own: flags for C may be found out by a program that
// is compiled with those for OCaml.
type standardKey struct {
	dirKey
	kind flagKind
}

type flagKind string

// The kinds of flags.
const (
	flagsOCaml  flagKind = "flags"
	flagsByte   flagKind = "ocamlc_flags"
	flagsNative flagKind = "ocamlopt_flags"
	flagsC      flagKind = "c_flags"
	flagsCxx    flagKind = "cxx_flags"
	flagsLink   flagKind = "link_flags"
	flagsMenhir flagKind = "menhir_flags"

	flagsJS        flagKind = "js_of_ocaml_flags"
	flagsJSLink    flagKind = "js_of_ocaml_link_flags"
	flagsJSRuntime flagKind = "js_of_ocaml_build_runtime_flags"
)

func (k standardKey) String() string { return string(k.kind) + " in " + k.dirKey.String() }

// set is what a profile says of flags of the kind.
func (k flagKind) set(p *dune.EnvProfile) *dune.Set {
	switch k {
	case flagsOCaml:
		return &p.Flags.Common
	case flagsByte:
		return &p.Flags.Byte
	case flagsNative:
		return &p.Flags.Native
	case flagsC:
		return &p.CFlags
	case flagsCxx:
		return &p.CxxFlags
	case flagsLink:
		return &p.LinkFlags
	case flagsJS:
		return &p.JavaScript.Flags
	case flagsJSLink:
		return &p.JavaScript.LinkFlags
	case flagsJSRuntime:
		return &p.JavaScript.RuntimeFlags
	}
	return &p.MenhirFlags
}

// evalFlags evaluates a set whose standard is of a kind; "" for none.
func (x *expander) evalFlags(set *dune.Set, kind flagKind) ([]string, error) {
	var std []string
	if kind != "" {
		var err error
		if std, err = x.r.standardQ.Get(x.t, standardKey{dirKey{x.ctx, x.d.path}, kind}); err != nil {
			return nil, err
		}
	}
	return x.r.evalSet(x, set, std)
}

// standardFlags evaluates the env stanzas of a directory over those above.
func (r *Rules) standardFlags(t *engine.Task, k standardKey) ([]string, error) {
	d, err := r.dirOf(t, k.ctx, k.dir)
	if err != nil {
		return nil, err
	}
	profile, err := r.w.Profile(t, k.ctx)
	if err != nil {
		return nil, err
	}
	var flags []string
	if d.parent != nil && d.parent.project == d.project {
		flags, err = r.standardQ.Get(t, standardKey{dirKey{k.ctx, d.parent.path}, k.kind})
	} else {
		flags, err = r.topFlags(t, k, d, profile)
	}
	if err != nil {
		return nil, err
	}
	for _, s := range d.stanzas {
		e, ok := s.(*dune.Env)
		if !ok {
			continue
		}
		if p := profileOf(e, profile); p != nil {
			if flags, err = r.evalSet(r.naming(t, k.ctx, d), k.kind.set(p), flags); err != nil {
				return nil, r.fail(err, s.At(), "Invalid env")
			}
		}
	}
	return flags, nil
}

// topFlags are those of a project whose files say nothing.
func (r *Rules) topFlags(t *engine.Task, k standardKey, d *dir, profile string) ([]string, error) {
	var flags []string
	switch k.kind {
	case flagsByte, flagsNative:
		flags = []string{"-g"}
	case flagsOCaml:
		flags = ocamlFlags(d, profile)
	case flagsJS, flagsJSRuntime:
		if profile == "dev" {
			flags = []string{"--pretty"}
		}
	}
	tr, err := r.treeOf(t, k.ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range []*dune.Env{tr.env, tr.contexts[k.ctx.Name]} { // of dune-workspace
		if e == nil || profileOf(e, profile) == nil {
			continue
		}
		if flags, err = r.evalSet(r.naming(t, k.ctx, tr.in("")), k.kind.set(profileOf(e, profile)), flags); err != nil {
			return nil, err
		}
	}
	return flags, nil
}

// ocamlFlags are dune's own for both compilers.
func ocamlFlags(d *dir, profile string) []string {
	switch {
	case d.vendored:
		return []string{"-w", "-a"}
	case profile != "dev":
		return []string{"-w", "-40"}
	case d.project.Lang.AtLeast(3, 21):
		return []string{"-short-paths", "-keep-locs", "-warn-error", "+a"}
	}
	return []string{"-w", warnings(d.project.Lang), "-strict-sequence", "-strict-formats", "-short-paths", "-keep-locs"}
}

// warnings are those of the profile dev. What the language learnt to warn of
// later holds from that version on.
func warnings(lang dune.Version) string {
	const head, tail = "@1..3@5..28", "..39@43@46..47@49..57@61..62"
	switch {
	case lang.AtLeast(3, 13):
		return head + "@31" + tail + "@67@69-40"
	case lang.AtLeast(3, 3):
		return head + "@30" + tail + "@67@69-40"
	}
	return head + "@30" + tail + "-40"
}
