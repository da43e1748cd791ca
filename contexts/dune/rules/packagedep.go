package rules

import (
	"path"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/act"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// Place is where dune installs a file of a package, below the prefix: it knows
// no libexec beside lib, and keeps shared libraries of C code there too.
func Place(pkg string, e Entry) string {
	switch e.Section {
	case "lib", "libexec":
		return path.Join("lib", pkg, e.Name)
	case "lib_root", "libexec_root":
		return path.Join("lib", e.Name)
	case "stublibs", "toplevel":
		return path.Join("lib", e.Section, e.Name)
	case "share_root":
		return path.Join("share", e.Name)
	case "share", "doc", "etc":
		return path.Join(e.Section, pkg, e.Name)
	}
	return path.Join(e.Section, e.Name)
}

// packageDep makes what a package installs an input: where its parts are made,
// and laid out as it will be installed, where programs find it by OCAMLPATH.
// Its programs are found along PATH.
func (x *expander) packageDep(d *dune.Dep, arg string) error {
	tr, err := x.r.treeOf(x.t, x.ctx)
	if err != nil {
		return err
	}
	if pkg, _ := tr.find(arg); pkg == nil {
		return x.outsidePackage(d, arg)
	}
	in, err := x.r.Install(x.t, x.ctx, arg)
	if err != nil {
		return err
	}
	for _, e := range in.Entries {
		x.inputs.add(e.Source)
		if e.Section == "bin" {
			if _, err := x.programNamed(e.Name, d.Range); err != nil {
				return err
			}
		}
	}
	laid, err := x.r.laidOutQ.Get(x.r.w.At(x.t, d.Range), packageKey{x.ctx, arg})
	if err != nil {
		return err
	}
	x.inputs.add(laid...)
	x.inputs.setenv("OCAMLPATH", libraryPath(x.t, x.ctx))
	return x.siteEnv(tr)
}

// libraryPath is OCAMLPATH with the libraries that are laid out.
func libraryPath(t *engine.Task, c addr.Context) string {
	lib := action.Abs(path.Join(root(c), laidOutDir, "lib"))
	if more := t.Getenv("OCAMLPATH"); more != "" {
		lib += ":" + more
	}
	return lib
}

// outsidePackage is a dependency on a package that the workspace does not
// have: there is nothing to make, but it has to be installed.
func (x *expander) outsidePackage(d *dune.Dep, arg string) error {
	_, err := x.r.outside(x.t, x.ctx, arg)
	if _, ok := err.(*missing); ok {
		return errorAt(d.Range, "No such package", "There is no package %q: neither the workspace nor the installed libraries have it.", arg)
	}
	return err
}

// laidOutDir is where packages are laid out, below the context's directory.
const laidOutDir = ".install"

// laidOut defines the copies of what a package installs, and returns them.
func (r *Rules) laidOut(t *engine.Task, k packageKey) ([]string, error) {
	in, err := r.Install(t, k.ctx, k.name)
	if err != nil {
		return nil, err
	}
	spec := action.Spec{
		Name: "lay out " + k.name, Context: k.ctx.String(), Root: root(k.ctx), Sandbox: true,
		Target: key{ctx: k.ctx, dir: laidOutDir, name: string(addr.BlockRule) + "." + k.name}.String(),
	}
	all := act.With(act.OpProgn, nil)
	for _, e := range in.Entries {
		out := path.Join(root(k.ctx), laidOutDir, Place(k.name, e))
		spec.Inputs, spec.Outputs = append(spec.Inputs, e.Source), append(spec.Outputs, out)
		all.Do = append(all.Do, act.New(act.OpCopy, action.Ref(e.Source), action.Ref(out)))
	}
	all.Into(&spec, "")
	return spec.Outputs, t.Define(spec)
}
