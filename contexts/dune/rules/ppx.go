package rules

import (
	"path"
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
// the context that runs it.
type driverKey struct {
	ctx     addr.Context
	project string // whose names the libraries have
	names   string // separated by spaces
}

func (k driverKey) String() string { return "ppx driver of " + k.names }

// driverOf is the key of the driver that preprocesses sources of a directory.
func driverOf(d *dir, host addr.Context, pre *dune.Preprocess) driverKey {
	var names []string
	for _, n := range pre.Pps {
		names = append(names, n.Value)
	}
	return driverKey{host, d.project.dir, strings.Join(names, " ")}
}

// dir is where the driver is linked.
func (k driverKey) dir() string {
	return path.Join(root(k.ctx), driversDir, digest.Of([]byte(k.names)).String()[:12])
}

// path is the driver itself.
func (k driverKey) path() string { return path.Join(k.dir(), "ppx.exe") }

// A ppxDriver is what a library says that makes programs of rewriters.
type ppxDriver struct{ main string }

// A driver is a program that rewrites sources.
type driver struct{ path string }

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
	tc, err := r.w.OCaml(t, k.ctx)
	if err != nil {
		return nil, err
	}
	if tc == nil {
		return nil, r.w.Report(errorAt(at, "No OCaml toolchain", "Context %s runs the preprocessors, and has no OCaml toolchain.", k.ctx))
	}
	var libs []*library
	for _, n := range strings.Fields(k.names) {
		l, err := r.find(t, k.ctx, d.project, dune.Text{Value: n, Range: at})
		if err != nil {
			return nil, wanted(err, "preprocess (pps "+k.names+")")
		}
		libs = append(libs, l)
	}
	main := ""
	for _, l := range closure(libs) {
		if l.driver != nil {
			main = l.driver.main
		}
	}
	if main == "" {
		return nil, r.w.Report(errorAt(at, "No ppx driver", "None of %s needs a library that makes programs of rewriters, as ppxlib does.", k.names))
	}
	dir, prog := k.dir(), k.path()
	hash := path.Base(dir)
	x := &unit{dir: d, needs: &needs{deps: libs}, key: key{ctx: k.ctx, dir: driversDir, name: string(addr.BlockExecutable) + "." + hash}}
	src := path.Join(dir, "ppx_driver.ml")
	x.u = ocaml.Unit{Owner: cc.Owner{Context: k.ctx.String(), Target: x.key.String(), Root: root(k.ctx), Dir: path.Join(driversDir, hash), Name: "ppx"},
		Exact: true, Flags: []string{"-w", "-24", "-g"}, LinkFlags: []string{"-linkall"}, Wrapping: ocaml.Unwrapped,
		Layout:  ocaml.Layout{Objects: dir, Alias: dir},
		Modules: []ocaml.Module{{Name: "Ppx_driver", Impl: src, Text: "let () = " + main + " ()\n"}},
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
	return &driver{prog}, firstOf(t.Run(fns...))
}

// topDirectory is a template for the top of the workspace.
func topDirectory(a *dune.Action) dune.Template {
	return dune.Template{Parts: []sexp.Part{{Var: &sexp.Var{Name: "workspace_root", Range: a.Range}}}, Range: a.Range}
}
