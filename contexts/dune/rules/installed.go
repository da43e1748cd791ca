package rules

import (
	"errors"
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/findlib"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// installed is a library that lies outside of the workspace.
type installed struct {
	*findlib.Package
	lib     *ocaml.Library
	backend *dune.InlineTestsBackend
	cookies []dune.Cookie
}

// installed finds a library of the machine, with all that it needs.
func (r *Rules) installed(t *engine.Task, k installedKey) (*library, error) {
	at := hcl.Range{}
	tc, err := r.w.OCaml(t, k.ctx)
	if err != nil {
		return nil, err
	}
	if tc == nil {
		return nil, &missing{name: k.name, ctx: k.ctx}
	}
	search, err := r.searchQ.Get(t, k.ctx)
	if err != nil {
		return nil, err
	}
	p, err := findlib.Find(t, search, tc.Config("standard_library"), k.name)
	var none *findlib.NotFoundError
	var bad *findlib.FileError
	switch {
	case errors.As(err, &none):
		return nil, &missing{name: k.name, hidden: none.Why, ctx: k.ctx}
	case errors.As(err, &bad):
		r.w.File(bad.File, bad.Text)
		return nil, r.w.Report(bad.Diags)
	case err != nil:
		return nil, r.fail(err, at, "Cannot read an installed library")
	}
	l := &library{name: k.name, public: k.name, kind: dune.LibraryKind(p.Kind), runtime: p.PPXRuntimeDeps, inst: &installed{Package: p}}
	if p.Driver != nil {
		d, diags := dune.ReadPpxDriver(p.Driver)
		if diags.HasErrors() {
			return nil, r.w.Report(diags)
		}
		l.driver = &ppxDriver{PpxDriver: d, name: k.name}
		for _, n := range d.Replaces {
			l.driver.replaces = append(l.driver.replaces, n.Value)
		}
	}
	if err := r.readBackend(l.inst); err != nil {
		return nil, err
	}
	in := ocaml.Installed{Name: k.name, Dir: path.Join(p.Dir, p.CmiDir), Code: p.Dir, Archives: map[ocaml.Mode][]string{ocaml.Byte: p.Archives[findlib.Byte], ocaml.Native: p.Archives[findlib.Native]},
		Plugins: p.Plugins[findlib.Native], Main: p.MainModule}
	if p.PrivateDir != "" {
		in.Private = path.Join(p.Dir, p.PrivateDir)
	}
	for _, q := range p.Requires {
		d, err := r.outside(t, k.ctx, q.Name)
		if err != nil {
			return nil, wanted(err, "library \""+k.name+"\" -> "+p.File)
		}
		l.deps = append(l.deps, d)
		if q.ReExport {
			l.exports = append(l.exports, d)
		}
		switch {
		case d.standard:
			in.Standard = append(in.Standard, d.name)
		case d.inst.lib != nil:
			in.Deps = append(in.Deps, d.inst.lib)
		}
	}
	if p.Implements != "" {
		v, err := r.outside(t, k.ctx, p.Implements)
		if err != nil {
			return nil, wanted(err, "library \""+k.name+"\" -> "+p.File)
		}
		if v.inst != nil {
			l.implements, in.Implements = v, v.inst.lib
		}
	}
	l.inst.lib, err = tc.Installed(t, in)
	return l, r.fail(err, at, "Cannot read an installed library")
}

// outside returns an installed library, or one of the compiler's.
func (r *Rules) outside(t *engine.Task, c addr.Context, name string) (*library, error) {
	standard := ocaml.IsStandard(name)
	if standard && !slices.Contains(absorbed, name) {
		return &library{name: name, standard: true}, nil
	}
	l, err := r.installedQ.Get(t, installedKey{c, name})
	if m := (*missing)(nil); standard && errors.As(err, &m) {
		return &library{name: name, standard: true}, nil
	}
	return l, err
}

// absorbed are libraries that became a part of Stdlib, all or in part. Where
// they are installed, what is installed is meant.
var absorbed = []string{"bytes", "seq", "result", "bigarray"}

// search lists where the libraries of a context's compiler are.
func (r *Rules) search(t *engine.Task, c addr.Context) ([]string, error) {
	tc, err := r.w.OCaml(t, c)
	if err != nil || tc == nil {
		return nil, err
	}
	env, err := r.w.Env(t, c)
	if err != nil {
		return nil, err
	}
	getenv := func(name string) string {
		if v, ok := env.Vars[name]; ok {
			return v
		}
		return t.Getenv(name)
	}
	list, err := findlib.SearchPath(t, findlib.Compiler{Bin: path.Dir(tc.Tool("ocamlc")), Standard: tc.Config("standard_library"), Getenv: getenv})
	var bad *findlib.FileError
	if errors.As(err, &bad) {
		r.w.File(bad.File, bad.Text)
		return nil, r.w.Report(bad.Diags)
	}
	return list, r.fail(err, hcl.Range{}, "Cannot read findlib's configuration")
}
