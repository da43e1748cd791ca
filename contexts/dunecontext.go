package contexts

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/findlib"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
)

// A duneContext is a context of a dune-workspace file on its way to what
// erg.hcl would say of it.
type duneContext struct {
	ev      *Evaluator
	t       *engine.Task
	b       *strings.Builder
	ws      *dune.Workspace
	c       dune.Context
	name    string
	several bool
	vars    map[string]string // of paths
}

// native reports whether the context itself is built, and not only for targets.
func (x *duneContext) native() bool {
	return len(x.c.Targets) == 0 || slices.ContainsFunc(x.c.Targets, func(t dune.ContextTarget) bool { return t.Name.Value == "native" })
}

// paths evaluates the variables that list paths.
func (x *duneContext) paths() hcl.Diagnostics {
	x.vars = map[string]string{}
	for _, p := range x.c.Paths {
		var std []string
		for _, d := range strings.Split(x.t.Getenv(p.Var), ":") {
			if d != "" {
				std = append(std, d)
			}
		}
		list, err := p.Value.Eval(dune.SetEval{Standard: std, Expand: func(v *sexp.Var) ([]string, error) {
			if v.Name == "workspace_root" && !v.HasPayload {
				return []string{x.t.Abs("")}, nil
			}
			return nil, fmt.Errorf("%s may not be used here", v)
		}})
		if err != nil {
			return errorAt(p.Value.Range, "Invalid path", "%s", sentence(err.Error()))
		}
		for i, d := range list {
			if !path.IsAbs(d) {
				list[i] = x.t.Abs(d)
			}
		}
		x.vars[p.Var] = strings.Join(list, ":")
	}
	return nil
}

// toolchains declares what the context is compiled with, and returns
// references to it.
func (x *duneContext) toolchains(kinds []string) (refs []string, diags hcl.Diagnostics) {
	for _, k := range kinds {
		if k != "ocaml" {
			refs = append(refs, "toolchain."+k+".system")
			continue
		}
		prefix := x.prefix()
		if diags := x.opamSwitch(prefix); diags.HasErrors() {
			return nil, diags
		}
		if x.c.Toolchain.Given() {
			var more hcl.Diagnostics
			if prefix, more = x.findlib(x.c.Toolchain, prefix); more.HasErrors() {
				return nil, more
			}
		}
		if prefix == "" {
			refs = append(refs, "toolchain.ocaml.system")
			continue
		}
		refs = append(refs, x.ocaml(x.name, prefix))
	}
	return refs, nil
}

// ocaml declares the compiler in a prefix.
func (x *duneContext) ocaml(name, prefix string) string {
	fmt.Fprintf(x.b, "toolchain \"ocaml\" %q {\n  prefix = %q\n}\n", name, prefix)
	return "toolchain.ocaml." + name
}

// prefix is where the context's compiler is: in a switch of opam, or in what
// paths say that PATH is; "" for the first along the PATH of who runs erg.
func (x *duneContext) prefix() string {
	if x.c.Kind == "opam" {
		return x.ev.opamPrefix(x.t, x.c)
	}
	first, _ := x.t.LookPath("ocamlc")
	for _, d := range strings.Split(x.vars["PATH"], ":") {
		if p := path.Join(d, "ocamlc"); d != "" && path.Base(d) == "bin" {
			if ok, err := x.t.Exists(p); ok && err == nil {
				if p == first {
					return ""
				}
				return path.Dir(d)
			}
		}
	}
	return ""
}

// opamSwitch complains of a switch of opam that is not there.
func (x *duneContext) opamSwitch(prefix string) hcl.Diagnostics {
	if x.c.Kind != "opam" {
		return nil
	}
	if programs, err := x.t.ReadDir(path.Join(prefix, "bin")); err != nil || len(programs) > 0 {
		return nil // what else is wrong, the compiler's declaration tells
	}
	return errorAt(x.c.Switch.Range, "No such switch", "There is no opam switch %q: there is no compiler in %s. Make it with opam switch create %s, or choose one that opam switch list shows.",
		x.c.Switch, path.Join(prefix, "bin"), x.c.Switch)
}

// findlib is the prefix of a cross compiler that findlib's configuration names.
func (x *duneContext) findlib(name dune.Text, prefix string) (string, hcl.Diagnostics) {
	bin := path.Join(prefix, "bin")
	if prefix == "" {
		p, err := x.t.LookPath("ocamlc")
		if err != nil {
			return "", errorAt(name.Range, "No OCaml compiler", "There is no ocamlc on PATH, and so no configuration of findlib that would tell where the compiler for %s is.", name)
		}
		bin = path.Dir(p)
	}
	p, err := findlib.Program(x.t, findlib.Compiler{Bin: bin, Toolchain: name.Value, Getenv: x.t.Getenv}, "ocamlc")
	if bad := (*findlib.FileError)(nil); errors.As(err, &bad) {
		x.ev.addFile(bad.File, &hcl.File{Bytes: bad.Text})
		return "", bad.Diags
	}
	if err != nil {
		return "", errorAt(name.Range, "No such toolchain", "%s", sentence(err.Error()))
	}
	dir := path.Dir(p)
	if !path.IsAbs(p) || path.Base(dir) != "bin" {
		return "", errorAt(name.Range, "Not supported", "findlib has %q for the compiler of %s, and erg takes compilers from the directory bin of a prefix: declare a toolchain and a context in erg.hcl, with host = context.NAME.", p, name)
	}
	return path.Dir(dir), nil
}

// cross declares the compiler for a target.
func (x *duneContext) cross(name string, target dune.ContextTarget) (ref string, diags hcl.Diagnostics) {
	prefix, diags := x.findlib(target.Name, x.prefix())
	if diags.HasErrors() {
		return "", diags
	}
	return x.ocaml(name, prefix), nil
}

// write writes one context. Runner is how its programs run, nil for no other
// way than those of the build machine.
func (x *duneContext) write(name string, toolchains []string, host string, runner []dune.Text) {
	fmt.Fprintf(x.b, "context %q {\n  toolchains = [%s]\n", name, strings.Join(toolchains, ", "))
	if x.several {
		x.b.WriteString("  dirs       = [\"\"]\n")
	}
	profile := x.ws.Profile.Value
	if x.c.Profile.Given() {
		profile = x.c.Profile.Value
	}
	if profile != "" {
		fmt.Fprintf(x.b, "  profile    = %q\n", profile)
	}
	if host != "" {
		fmt.Fprintf(x.b, "  host       = context.%s\n", host)
	}
	if len(runner) > 0 {
		x.b.WriteString("  runner {\n    command = [")
		for _, w := range runner {
			fmt.Fprintf(x.b, "%q, ", w.Value)
		}
		x.b.WriteString("\"{program}\", \"{args}\"]\n  }\n")
	}
	if len(x.vars) > 0 {
		x.b.WriteString("  env        = {\n")
		for _, v := range slices.Sorted(maps.Keys(x.vars)) {
			fmt.Fprintf(x.b, "    %s = %q\n", v, x.vars[v])
		}
		x.b.WriteString("  }\n")
	}
	x.b.WriteString("}\n")
}
