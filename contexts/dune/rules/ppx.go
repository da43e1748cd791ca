package rules

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
	"erg.build/erg/engine/digest"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// A driverKey names a set of rewriters, which are linked into one program for
// the context that runs it. Where all have public names, all projects share it.
type driverKey struct {
	ctx     addr.Context
	names   string // separated by spaces
	private bool   // some are names that only project has
	project string
}

func (k driverKey) String() string { return "ppx driver of " + k.names }

// driverOf is the key of the driver that preprocesses sources of a directory.
func (r *Rules) driverOf(t *engine.Task, d *dir, host addr.Context, pre *dune.Preprocess) (driverKey, error) {
	all, err := r.librariesQ.Get(t, host)
	if err != nil {
		return driverKey{}, err
	}
	k := driverKey{ctx: host}
	var names []string
	for _, n := range pre.Pps {
		s := all.own[d.project][n.Value].stanza()
		k.private = k.private || s != nil && !s.PublicName.Given()
		names = append(names, all.publicName(d.project, n.Value))
	}
	slices.Sort(names) // it is their set that matters
	k.names = strings.Join(slices.Compact(names), " ")
	if k.private {
		k.project = d.project.dir
	}
	return k, nil
}

// dir is where the driver is linked.
func (k driverKey) dir() string {
	what := k.names
	if k.private {
		what += "\x00" + k.project
	}
	return path.Join(root(k.ctx), driversDir, digest.Of([]byte(what)).String()[:12])
}

// path is the driver itself.
func (k driverKey) path() string { return path.Join(k.dir(), "ppx.exe") }

// A ppxDriver is what a library says that makes programs of rewriters.
type ppxDriver struct {
	*dune.PpxDriver
	name     string   // the library's
	replaces []string // libraries whose drivers this one does the work of
}

// A driver is a program that rewrites sources.
type driver struct {
	path string
	by   *ppxDriver
}

// chooseDriver returns the one driver that a set of rewriters has.
func chooseDriver(libs []*library, names string) (*ppxDriver, error) {
	var all []*ppxDriver
	for _, l := range closure(libs) {
		if l.driver != nil {
			all = append(all, l.driver)
		}
	}
	var left []string
	var one *ppxDriver
	for _, d := range all {
		if !slices.ContainsFunc(all, func(o *ppxDriver) bool { return slices.Contains(o.replaces, d.name) }) {
			one, left = d, append(left, d.name)
		}
	}
	switch {
	case len(left) == 1:
		return one, nil
	case len(left) > 1:
		return nil, &driverError{"Too many ppx drivers", fmt.Sprintf("The rewriters %s need several libraries that make programs of rewriters, and there can be one: %s.", names, strings.Join(left, ", "))}
	}
	return nil, &driverError{"No ppx driver", fmt.Sprintf("None of %s needs a library that makes programs of rewriters, as ppxlib does.", names)}
}

// A driverError is why there is no driver, for whoever asked for it.
type driverError struct{ summary, detail string }

func (e *driverError) Error() string { return e.detail }

// driverFor is the driver that preprocesses a stanza's sources, and the context
// that runs it.
func (r *Rules) driverFor(x *expander, d *dir, pre *dune.Preprocess) (*driver, addr.Context, error) {
	host, err := r.w.Host(x.t, x.ctx)
	if err != nil {
		return nil, host, err
	}
	k, err := r.driverOf(x.t, d, host, pre)
	if err != nil {
		return nil, host, err
	}
	got, err := r.driverQ.Get(r.w.At(x.t, pre.Range), k)
	var m *missing
	var none *driverError
	switch {
	case errors.As(err, &m):
		err = m.diags(pre.Range)
	case errors.As(err, &none):
		err = errorAt(pre.Range, none.summary, "%s", none.detail)
	}
	return got, host, err
}

// driverArgs are the arguments that a stanza gives the driver.
func (r *Rules) driverArgs(x *expander, d *dir, pre *dune.Preprocess, lib *dune.Library) ([]string, error) {
	var args []string
	for _, f := range pre.Flags {
		vals, err := f.Expand(x.expand)
		if err != nil {
			return nil, err
		}
		args = append(args, vals...)
	}
	told, err := r.cookies(x, d, lib, pre)
	return append(args, told...), err
}

// driverFlags evaluates what the library that makes the driver has it run with.
func (r *Rules) driverFlags(x *expander, set *dune.Set) ([]string, error) {
	y := *x
	y.local = map[string][]string{"corrected-suffix": {".ppx-corrected"}}
	maps.Copy(y.local, x.local)
	return r.evalSet(&y, set, []string{"--as-ppx"})
}

// driversDir is where drivers are, below a context's directory.
const driversDir = ".ppx"

// driver defines how a set of rewriters is linked.
func (r *Rules) driver(t *engine.Task, k driverKey) (*driver, error) {
	tr, err := r.treeOf(t, k.ctx)
	if err != nil {
		return nil, err
	}
	d := tr.in(k.project)
	at := topOf(d)
	scope := d.project
	if !k.private {
		scope = nil // public names only
	}
	tc, err := r.w.OCaml(t, k.ctx)
	if err != nil {
		return nil, err
	}
	if tc == nil {
		return nil, r.w.Report(errorAt(at, "No OCaml toolchain", "Context %s runs the preprocessors, and has no OCaml toolchain.", k.ctx))
	}
	var libs []*library
	for _, n := range strings.Fields(k.names) {
		l, err := r.find(t, k.ctx, scope, dune.Text{Value: n, Range: at})
		if err != nil {
			return nil, wanted(err, "preprocess (pps "+k.names+")")
		}
		libs = append(libs, l)
	}
	by, err := chooseDriver(libs, k.names)
	if err != nil {
		return nil, err
	}
	dir, prog := k.dir(), k.path()
	hash := path.Base(dir)
	x := &unit{dir: d, needs: &needs{deps: libs}, key: key{ctx: k.ctx, dir: driversDir, name: string(addr.BlockExecutable) + "." + hash}}
	src := path.Join(dir, "ppx_driver.ml")
	x.u = ocaml.Unit{Owner: cc.Owner{Context: k.ctx.String(), Target: x.key.String(), Root: root(k.ctx), Dir: path.Join(driversDir, hash), Name: "ppx"},
		Exact: true, Flags: []string{"-w", "-24", "-g"}, Wrapping: ocaml.Unwrapped,
		Layout:  ocaml.Layout{Objects: dir, Alias: dir},
		Modules: []ocaml.Module{{Name: "Ppx_driver", Impl: src, Text: "let () = " + by.Main + " ()\n"}},
		Mains:   []string{"ppx_driver"}}
	x.u.Programs = []ocaml.Program{linkMode{"best", "exe"}.program(tc, "ppx_driver", prog)}
	if err := r.describeDeps(t, x); err != nil {
		return nil, err
	}
	fns := []func(*engine.Task) error{func(t *engine.Task) error {
		_, err := tc.Executables(t, x.u)
		return r.fail(err, at, "Cannot build a ppx driver")
	}}
	for _, l := range libs {
		fns = append(fns, func(t *engine.Task) error { return r.defineLibrary(t, l) })
	}
	return &driver{prog, by}, firstOf(t.Run(fns...))
}

// topDirectory is a template for the top of the workspace.
func topDirectory(a *dune.Action) dune.Template {
	return dune.Template{Parts: []sexp.Part{{Var: &sexp.Var{Name: "workspace_root", Range: a.Range}}}, Range: a.Range}
}
