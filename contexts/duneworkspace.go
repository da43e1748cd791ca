package contexts

import (
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
)

// duneWorkspace is the workspace that a dune-workspace file describes, as
// erg.hcl would say it; "" if there is none.
func (ev *Evaluator) duneWorkspace(t *engine.Task) (string, hcl.Diagnostics) {
	const name = "dune-workspace"
	ok, err := t.Exists(name)
	if err != nil || !ok {
		return "", nil
	}
	src, err := t.ReadFile(name)
	if err != nil {
		return "", nil // it is gone again
	}
	ev.addFile(name, &hcl.File{Bytes: src})
	ws, diags := dune.ReadWorkspace(name, src)
	if diags.HasErrors() || ws == nil {
		return "", diags
	}
	for _, names := range append([][]dune.Text{ws.InstrumentWith}, instrumented(ws)...) {
		if len(names) > 0 {
			return "", append(diags, errorAt(names[0].Range, "Not supported", "erg does not instrument code: leave instrument_with out.")...)
		}
	}
	list := ws.Contexts
	if len(list) == 0 {
		list = []dune.Context{{Name: "default", Kind: "default"}}
	}
	var b strings.Builder
	kinds := ev.systemToolchains(t, &b)
	for _, c := range list {
		more := ev.duneContext(t, &b, ws, c, kinds, len(list) > 1)
		diags = append(diags, more...)
	}
	return b.String(), diags
}

// instrumented lists what contexts say of instrumentation.
func instrumented(ws *dune.Workspace) [][]dune.Text {
	var out [][]dune.Text
	for _, c := range ws.Contexts {
		out = append(out, c.InstrumentWith)
	}
	return out
}

// duneContext writes one context of a dune-workspace file.
func (ev *Evaluator) duneContext(t *engine.Task, b *strings.Builder, ws *dune.Workspace, c dune.Context, kinds []string, several bool) hcl.Diagnostics {
	for _, x := range c.Targets {
		if x.Name.Value != "native" {
			return errorAt(x.Name.Range, "Not supported", "erg does not take cross compilers from findlib's configuration: declare a toolchain and a context in erg.hcl, with host = context.NAME.")
		}
	}
	if c.Toolchain.Given() {
		return errorAt(c.Toolchain.Range, "Not supported", "erg does not take cross compilers from findlib's configuration: declare a toolchain in erg.hcl.")
	}
	name := identifier(c.Name)
	var refs []string
	for _, k := range kinds {
		if k == "ocaml" && c.Kind == "opam" {
			fmt.Fprintf(b, "toolchain \"ocaml\" %q {\n  prefix = %q\n}\n", name, ev.opamPrefix(t, c))
			refs = append(refs, "toolchain.ocaml."+name)
			continue
		}
		refs = append(refs, "toolchain."+k+".system")
	}
	fmt.Fprintf(b, "context %q {\n  toolchains = [%s]\n", name, strings.Join(refs, ", "))
	if several {
		b.WriteString("  dirs       = [\"\"]\n")
	}
	profile := ws.Profile.Value
	if c.Profile.Given() {
		profile = c.Profile.Value
	}
	if profile != "" {
		fmt.Fprintf(b, "  profile    = %q\n", profile)
	}
	if c.Host.Given() {
		fmt.Fprintf(b, "  host       = context.%s\n", identifier(c.Host.Value))
	}
	b.WriteString("}\n")
	return nil
}

// opamPrefix is where a switch of opam is.
func (ev *Evaluator) opamPrefix(t *engine.Task, c dune.Context) string {
	if path.IsAbs(c.Switch.Value) {
		return path.Join(c.Switch.Value, "_opam")
	}
	root := c.Root.Value
	if root == "" {
		root = t.Getenv("OPAMROOT")
	}
	if root == "" {
		root = path.Join(t.Getenv("HOME"), ".opam")
	}
	return path.Join(root, c.Switch.Value)
}

// identifier makes a name of dune's one of erg's: 4.14.1 is v4_14_1.
func identifier(name string) string {
	fit := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, name)
	if fit == "" || unicode.IsDigit(rune(fit[0])) || fit[0] == '-' {
		return "v" + fit
	}
	return fit
}
