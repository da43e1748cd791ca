package rules

import (
	"slices"
	"sort"
	"strings"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// Other libraries than dune-site, too, ask what they are linked with.

// Kinds of special_builtin_support, as dune files write them.
const (
	// dynloadSupport is that of findlib.dynload, which loads packages into a
	// running program: it has to know those that are there.
	dynloadSupport = "findlib_dynload"
	// buildInfoSupport is that of dune-build-info, which tells versions.
	buildInfoSupport = "build_info"
)

// findlibDynload is the library that findlib brings, which no META marks.
const findlibDynload = "findlib.dynload"

// dynloads reports whether a library is to be told what else is linked.
func dynloads(l *library, special *dune.SpecialBuiltin) bool {
	return special != nil && special.Kind == dynloadSupport || special == nil && l.inst != nil && l.name == findlibDynload
}

// linkedNames are the names of the libraries in a program by which other
// programs can have them, too.
func linkedNames(all []*library) []string {
	var names, std []string
	for _, l := range all {
		switch {
		case l.standard:
			std = append(std, l.name)
		case l.stanza == nil || installedName(l.stanza) != "":
			names = append(names, publicName(l))
		}
	}
	for _, n := range ocaml.StandardClosure(std) {
		names = append(names, n)
		if n == "threads.posix" {
			names = append(names, "threads")
		}
	}
	sort.Strings(names)
	return slices.Compact(names)
}

// dynloadModule tells findlib, when the program starts, which packages it has
// and with which predicates it was linked.
func dynloadModule(lib *ocaml.Library, all []*library) ocaml.LinkModule {
	var b strings.Builder
	for _, n := range linkedNames(all) {
		b.WriteString("let () = Findlib.record_package Findlib.Record_core " + ocamlString(n) + "\n")
	}
	b.WriteString("let () = Findlib.record_package_predicates\n" +
		"  ((if Dynlink.is_native then \"native\" else \"byte\") :: [\"ppx_driver\"; \"mt\"; \"mt_posix\"])\n")
	return ocaml.LinkModule{Library: lib, After: true, Whole: true, Object: "findlib_initl", Text: b.String()}
}

// buildInfo says which versions a program and its libraries have, as far as
// dune files and META say so. What a version control system knows is put into
// what dune installs; erg does not ask it.
func (r *Rules) buildInfo(t *engine.Task, x *unit, s dune.Stanza, all []*library) (string, error) {
	tr, err := r.treeOf(t, x.key.ctx)
	if err != nil {
		return "", err
	}
	option := func(v string) string {
		if v == "" {
			return "None"
		}
		return "Some " + ocamlString(v)
	}
	version := ""
	if pkg, p := tr.find(packageOfProgram(x.dir, s)); pkg != nil {
		version = versionOf(pkg, p)
	}
	var libs []string
	for _, l := range all {
		switch {
		case l.inst != nil:
			libs = append(libs, "("+ocamlString(l.name)+", "+option(l.inst.Version)+")")
		case l.stanza != nil:
			v := ""
			if pkg, p := tr.find(publicPackage(installedName(l.stanza))); pkg != nil {
				v = versionOf(pkg, p)
			}
			libs = append(libs, "("+ocamlString(publicName(l))+", "+option(v)+")")
		}
	}
	return "let version = " + option(version) + "\nlet statically_linked_libraries = " +
		ocamlList(libs, func(s string) string { return s }) + "\n", nil
}

// packageOfProgram is the package whose version programs are of, "" for none.
func packageOfProgram(d *dir, s dune.Stanza) string {
	var pkg dune.Text
	public := false
	switch s := s.(type) {
	case *dune.Executables:
		pkg = s.Package
		public = slices.ContainsFunc(s.Programs, func(p dune.Executable) bool { return p.PublicName.Given() })
	case *dune.Tests:
		pkg = s.Package
	}
	if pkg.Value == "" && public && len(d.project.packages) == 1 {
		return d.project.packages[0].Name.Value
	}
	return pkg.Value
}
