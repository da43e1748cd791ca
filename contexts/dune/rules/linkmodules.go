package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/placeholder"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// siteSupport is the special_builtin_support of dune-site's libraries: each
// program that is linked with one has a module of its own in it.
const siteSupport = "dune_site"

// linkModules adds the modules that libraries leave to the programs with
// which they are linked.
func (r *Rules) linkModules(t *engine.Task, x *unit, s dune.Stanza, tc *ocaml.Toolchain) error {
	all := closure(x.needs.deps)
	for _, l := range all {
		special, err := specialOf(l)
		if err != nil {
			return r.w.Report(err)
		}
		dynload := dynloads(l, special)
		if !dynload && (special == nil || special.Kind != siteSupport && special.Kind != buildInfoSupport || special.DataModule == "") {
			continue
		}
		lib, err2 := r.described(t, x.key.ctx, l)
		if err2 != nil {
			return err2
		}
		if dynload {
			x.u.LinkModules = append(x.u.LinkModules, dynloadModule(lib, all))
			continue
		}
		object, err2 := r.dataObject(t, l, special)
		if err2 != nil {
			return err2
		}
		text := siteData()
		switch {
		case special.Kind == buildInfoSupport:
			if text, err2 = r.buildInfo(t, x, s, all); err2 != nil {
				return err2
			}
		case special.Plugins:
			text = sitePluginsData(all, tc)
		}
		x.u.LinkModules = append(x.u.LinkModules, ocaml.LinkModule{Library: lib, Whole: special.Kind == siteSupport, Object: object, Text: text})
	}
	return nil
}

// specialOf is the special_builtin_support of a library.
func specialOf(l *library) (*dune.SpecialBuiltin, hcl.Diagnostics) {
	switch {
	case l.stanza != nil:
		return l.stanza.SpecialBuiltin, nil
	case l.inst != nil && l.inst.Special != nil:
		return dune.ReadSpecialBuiltin(l.inst.Special)
	}
	return nil, nil
}

// dataObject is what the library calls the compiled files of the module.
func (r *Rules) dataObject(t *engine.Task, l *library, s *dune.SpecialBuiltin) (string, error) {
	module := capitalize(s.DataModule)
	if l.inst != nil {
		for _, m := range l.inst.Modules {
			if m.Name == module {
				return m.Object, nil
			}
		}
		return "", errorAt(s.Range, "No such module", "Library %s has no module %s, which programs that link it are to have.", l.name, module)
	}
	u, err := r.unitQ.Get(t, l.key)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(u.sources, func(x source) bool { return len(x.group) == 0 && x.name == module })
	if i < 0 {
		return "", errorAt(s.Range, "No such module", "The library has no module %s, which programs that link it are to have.", module)
	}
	return objectName(u, u.sources[i].module), nil
}

// siteData says where libraries are once the program is installed.
func siteData() string {
	return "let hardcoded_ocamlpath = " + encoded(placeholder.OCamlPath) + "\nlet stdlib_dir = " + encoded(placeholder.Stdlib) + "\n"
}

// sitePluginsData says what is linked already, and how to load what comes
// with the compiler and has no META file: before OCaml 5 that is all of it.
func sitePluginsData(all []*library, tc *ocaml.Toolchain) string {
	var b strings.Builder
	b.WriteString("let findlib_predicates_set_by_dune pred =\n" +
		"   match Sys.backend_type, pred with\n" +
		"   | Sys.Native, \"native\" -> true\n" +
		"   | Sys.Bytecode, \"byte\" -> true\n" +
		"   | _, \"ppx_driver\" -> true\n" +
		"   | _, \"mt\" -> true\n" +
		"   | _, \"mt_posix\" -> true\n" +
		"   | _, _ -> false\n")
	b.WriteString("let already_linked_libraries = " + ocamlList(linkedNames(all), ocamlString) + "\n")
	b.WriteString("open Dune_site_plugins.Private_.Meta_parser\n")
	var builtin []string
	if !tc.AtLeast(5, 0) {
		builtin = builtinPackages(tc)
	}
	b.WriteString("let builtin_library = " + ocamlList(builtin, func(s string) string { return s }) + "\n")
	return b.String()
}

func ocamlList(items []string, show func(string) string) string {
	var out []string
	for _, s := range items {
		out = append(out, show(s))
	}
	return "[" + strings.Join(out, "; ") + "]"
}

// builtinPackages describes the standard libraries as META files would, a
// package with the parts of its name.
func builtinPackages(tc *ocaml.Toolchain) []string {
	entries, parts := map[string][]string{}, map[string][]string{}
	for _, n := range ocaml.StandardNames() {
		pkg, part, sub := strings.Cut(n, ".")
		if !sub {
			entries[pkg] = builtinRules(tc, n)
			continue
		}
		parts[pkg] = append(parts[pkg], fmt.Sprintf("Package {name = Some %s; entries = %s}", ocamlString(part), ocamlList(builtinRules(tc, n), func(s string) string { return s })))
	}
	var out []string
	for _, pkg := range slices.Sorted(maps.Keys(entries)) {
		list := append(entries[pkg], parts[pkg]...)
		out = append(out, fmt.Sprintf("(%s, {name = Some %s; entries = %s})", ocamlString(pkg), ocamlString(pkg), ocamlList(list, func(s string) string { return s })))
	}
	return out
}

func builtinRules(tc *ocaml.Toolchain, name string) []string {
	rule := func(variable, predicates, value string) string {
		return fmt.Sprintf("Rule {var = %s; predicates = [%s]; action = Set; value = %s}", ocamlString(variable), predicates, ocamlString(value))
	}
	archive, dir, needs := tc.StandardPlugin(name)
	var out []string
	if !strings.Contains(name, ".") { // parts lie where the package does
		out = append(out, rule("directory", "", "+"+dir))
	}
	if len(needs) > 0 {
		out = append(out, rule("requires", "", strings.Join(needs, " ")))
	}
	if archive != "" {
		out = append(out, rule("plugin", `Pos "byte"`, archive+".cma"), rule("plugin", `Pos "native"`, archive+".cmxs"))
	}
	return out
}
