package dune

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"erg.build/erg/contexts/dune/sexp"
)

// A varRule says in which versions of the language a variable may be used.
type varRule struct {
	since   Version
	removed Version // with instead; the zero version: never
	instead string
}

// always is the rule of what was there in 1.0.
var always = varRule{}

func from(major, minor int) varRule { return varRule{since: Version{major, minor}} }

func renamed(to string) varRule {
	return varRule{removed: Version{1, 0}, instead: " Use " + to + " instead."}
}

// variables are those without a payload.
var variables = sync.OnceValue(func() map[string]varRule {
	m := map[string]varRule{
		"target": from(1, 11), "<": {removed: Version{1, 0}, instead: " Use a named dependency instead: (deps (:x FILE)), and %{x}."},
		"@": renamed("%{targets}"), "^": renamed("%{deps}"), "SCOPE_ROOT": renamed("%{project_root}"), "ROOT": renamed("%{workspace_root}"),
		"-verbose": {removed: Version{3, 0}}, "ccomp_type": from(3, 0), "ext_plugin": from(2, 4), "os_type": from(1, 10),
		"architecture": from(1, 10), "system": from(1, 10), "model": from(1, 10), "ignoring_promoted_rules": from(1, 10),
		"partition": from(3, 8), "toolchains": from(3, 0), "dune-warnings": from(3, 21), "git-sha": from(3, 24),
		"os": from(3, 20), "os_version": from(3, 20), "os_distribution": from(3, 20), "os_family": from(3, 20), "oxcaml_supported": from(3, 21),
	}
	for _, name := range strings.Fields(`targets deps project_root ocaml_bin ocaml_version ocaml_where null ext_obj ext_asm ext_lib
		ext_dll ext_exe profile workspace_root context_name library-name impl-files intf-files test input-file corrected-suffix inline_tests`) {
		m[name] = always
	}
	for _, name := range strings.Fields("cpp pa_cpp ocaml ocamlc ocamlopt arch_sixtyfour make cc cxx") {
		m[name] = always
		m[strings.ToUpper(name)] = renamed("%{" + name + "}")
	}
	return m
})

// macros are those with a payload.
var macros = sync.OnceValue(func() map[string]varRule {
	m := map[string]varRule{
		"lib-private": from(2, 1), "libexec-private": from(2, 1), "bin-available": from(3, 0), "env": from(1, 4), "ppx": from(3, 21),
		"path": renamed("%{dep:…}"), "findlib": renamed("%{lib:…}"), "path-no-dep": {removed: Version{1, 0}},
		"cmt": from(3, 21), "cmti": from(3, 21), "pkg": from(3, 24),
	}
	for _, name := range strings.Fields("exe bin lib libexec lib-available file-available version read read-lines read-strings dep ocaml-config rocq coq erg") {
		m[name] = always
	}
	for _, name := range strings.Fields("cmi cmo cmx cma cmxa") {
		m[name] = from(2, 0)
	}
	return m
})

// checkVar complains of a variable that cannot be meant.
func (r *reader) checkVar(v *sexp.Var) {
	if !v.HasPayload && slices.Contains(r.vars, v.Name) {
		return
	}
	rules, kind := variables(), "variable"
	if v.HasPayload {
		rules, kind = macros(), "macro"
	}
	rule, ok := rules[v.Name]
	switch {
	case !ok:
		// Before 3.0, what nobody uses could be anything.
		if r.lang.AtLeast(3, 0) {
			names := slices.Concat(slices.Collect(maps.Keys(rules)), r.vars)
			r.errorf(v.Range, "Unknown variable", "There is no %s %s.%s", kind, v, hint(v.Name, names))
		}
	case r.lang.Less(rule.since):
		since(rule.since.Major, rule.since.Minor)(r, v.String(), v.Range)
	case rule.removed != Version{} && !r.lang.Less(rule.removed):
		deletedIn(rule.removed.Major, rule.removed.Minor, rule.instead)(r, v.String(), v.Range)
	}
}

// enabledVars are the variables that may stand in the condition of a library,
// a program or an installation, and since when.
type enabledVars map[string]Version

var (
	libraryVars = enabledVars{
		"architecture": {1, 0}, "system": {1, 0}, "model": {1, 0}, "os_type": {1, 0}, "ccomp_type": {2, 0}, "ocaml_version": {2, 5},
		"profile": {2, 5}, "context_name": {2, 8},
	}
	programVars = commonVars(Version{2, 3})
	installVars = commonVars(Version{2, 6})
)

func commonVars(v Version) enabledVars {
	return enabledVars{
		"architecture": v, "system": v, "model": v, "os_type": v, "ccomp_type": v, "ocaml_version": v, "profile": v,
		"context_name": {2, 7}, "arch_sixtyfour": {3, 11}, "env": {3, 15},
	}
}

// enabledIf reads a condition of which the value must be known before anything
// is built, and so may use some variables only. One that may not be used is
// but a warning where lenient.
func (f *fields) enabledIf(since check, may enabledVars, lenient bool) Bool {
	b := f.get("enabled_if", since).boolean()
	for _, t := range b.templates() {
		for _, v := range t.Vars() {
			from, ok := may[v.Name]
			switch {
			case ok && f.r.lang.Less(from):
				f.r.errorf(v.Range, summaryNewer, "%s may be used here since version %s of the dune language, and this project uses %s.", v, from, f.r.lang)
			case ok:
			case lenient:
				f.r.warnf(v.Range, "Variable not for this", "%s should not be used in this condition. It may use %s.", v, may)
			default:
				f.r.errorf(v.Range, "Variable not for this", "%s may not be used in this condition. It may use %s.", v, may)
			}
		}
	}
	return b
}

// String returns the names.
func (e enabledVars) String() string { return enumerate(slices.Sorted(maps.Keys(e)), "and") }
