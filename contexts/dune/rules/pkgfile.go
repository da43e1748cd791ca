package rules

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/findlib"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine/action"
)

// driver is %{ppx:A+B}: the program that drives rewriters.
func (x *expander) driver(v *sexp.Var) ([]string, error) {
	host, err := x.r.w.Host(x.t, x.ctx)
	if err != nil {
		return nil, err
	}
	pre := &dune.Preprocess{}
	for _, n := range strings.Split(v.Payload, "+") {
		pre.Pps = append(pre.Pps, dune.Text{Value: n, Range: v.Range})
	}
	k, err := x.r.driverOf(x.t, x.d, host, pre)
	if err != nil {
		return nil, err
	}
	d, err := x.r.driverQ.Get(x.r.w.At(x.t, v.Range), k)
	if err != nil {
		return nil, err
	}
	return x.program(host, d.path, v.Range)
}

// packageFile is %{pkg:PACKAGE:SECTION:PATH}: a file that a package installs, or
// has installed.
func (x *expander) packageFile(v *sexp.Var) ([]string, error) {
	parts := strings.SplitN(v.Payload, ":", 3)
	if len(parts) < 3 {
		return nil, errorAt(v.Range, "Wrong variable", "%s names no file of a package. Write %%{pkg:PACKAGE:SECTION:PATH}.", v)
	}
	pkg, section, file := parts[0], parts[1], path.Clean(parts[2])
	sections := slices.DeleteFunc(findlib.Sections(), func(s string) bool { return s == "misc" })
	if !slices.Contains(sections, section) {
		return nil, errorAt(v.Range, "No such section", "%q is no section. Sections are %s.", section, strings.Join(sections, ", "))
	}
	if path.IsAbs(file) || file == ".." || strings.HasPrefix(file, "../") {
		return nil, errorAt(v.Range, "Wrong variable", "%q lies outside of the section. Name a file in it.", parts[2])
	}
	tr, err := x.r.treeOf(x.t, x.ctx)
	if err != nil {
		return nil, err
	}
	if p, _ := tr.find(pkg); p == nil {
		return x.installedPackageFile(v, pkg, section, file)
	}
	in, err := x.r.Install(x.r.w.At(x.t, v.Range), x.ctx, pkg)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range in.Entries {
		switch {
		case e.Section != section:
		case e.Name == file:
			x.inputs.add(e.Source)
			return []string{action.Ref(e.Source)}, nil
		default:
			names = append(names, e.Name)
		}
	}
	hint := ""
	if near := lang.Suggest(file, names); near != "" {
		hint = " Did you mean " + near + "?"
	}
	return nil, errorAt(v.Range, "No such file", "Package %s installs no file %s in section %s.%s", pkg, file, section, hint)
}

// installedPackageFile is such a file of a package that is installed already:
// in a prefix, as opam lays it out.
func (x *expander) installedPackageFile(v *sexp.Var, pkg, section, file string) ([]string, error) {
	search, err := x.r.searchQ.Get(x.t, x.ctx)
	if err != nil {
		return nil, err
	}
	for _, dir := range search {
		there, err := findlib.Installed(x.t, dir, pkg)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		p := path.Join(path.Dir(dir), Place(pkg, Entry{Section: section, Name: file}))
		if there, err = x.t.Exists(p); err != nil {
			return nil, err
		}
		if !there {
			return nil, errorAt(v.Range, "No such file", "Package %s has no file %s in section %s: there is no %s.", pkg, file, section, p)
		}
		x.inputs.add(p)
		return []string{p}, nil
	}
	return nil, errorAt(v.Range, "No such package", "There is no package %q: neither the workspace nor the installed libraries have it.", pkg)
}
