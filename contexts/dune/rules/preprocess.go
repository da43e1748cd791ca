package rules

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// preprocess defines how one source becomes what compilers get. p is its path
// in the tree, from where it is.
func (r *Rules) preprocess(t *engine.Task, c *component, s dune.Stanza, pre *dune.Preprocess, p, from string) error {
	ext := path.Ext(p)
	out := path.Join(c.u.Root, strings.TrimSuffix(p, ext)+".pp"+ext)
	j := job{key: c.key, name: "preprocess " + p, outs: []string{out}}
	x := r.naming(t, c.key.ctx, c.dir)
	b, _, err := r.buildable(t, c.key.ctx, c.dir, s)
	if err != nil {
		return err
	}
	for i := range b.PreprocessorDeps {
		if _, err := x.dep(&b.PreprocessorDeps[i]); err != nil {
			return err
		}
	}
	x.inputs.add(from)
	if pre.Kind == dune.PreprocessAction {
		x.local["input-file"] = []string{action.Ref(from)}
		to := copying(&dune.Action{Op: dune.ActionStdoutTo, Range: pre.Range, Actions: []*dune.Action{pre.Action}}, out)
		return r.act(x, j, atTop(to), nil)
	}
	lib, _ := s.(*dune.Library)
	argv, err := r.rewrite(x, pre, lib, c, from, out, ext)
	if err != nil {
		return err
	}
	spec := r.spec(j)
	spec.Extra = true // .ppx-corrected
	spec.Argv = argv
	if err := r.complete(x, &spec); err != nil {
		return err
	}
	return t.Define(spec)
}

// atTop has an action start in the top directory, as preprocessors do: they
// name sources as compilers do.
func atTop(a *dune.Action) *dune.Action {
	return &dune.Action{Op: dune.ActionChdir, Args: []dune.Template{topDirectory(a)}, Actions: []*dune.Action{a}, Range: a.Range}
}

// rewrite is the command of a ppx driver.
func (r *Rules) rewrite(x *expander, pre *dune.Preprocess, lib *dune.Library, c *component, from, out, ext string) ([]string, error) {
	d, host, err := r.driverFor(x, c.dir, pre)
	if err != nil {
		return nil, err
	}
	args, err := driverArgs(x, pre, lib)
	if err != nil {
		return nil, err
	}
	kind := "--impl"
	if ext == ".mli" {
		kind = "--intf"
	}
	flags, err := r.driverFlags(x, &d.by.Flags)
	if err != nil {
		return nil, err
	}
	same, err := r.sameTrees(x.t, x.ctx, host)
	if err != nil {
		return nil, err
	}
	if !same {
		flags = slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return f == "-dump-ast" })
	}
	args = append(append(args, "-o", action.Ref(out), kind, action.Ref(from)), flags...)
	y := &acting{expander: x}
	x.inputs.built(d.path, host)
	return y.built(d.path, args, pre.Range)
}

// sameTrees reports whether the compiler of a context reads syntax trees as
// programs of the host's compiler write them. If not, drivers print text, which
// they do without -dump-ast; what is lost is where in the source something was
// written.
func (r *Rules) sameTrees(t *engine.Task, c, host addr.Context) (bool, error) {
	if c == host {
		return true, nil
	}
	here, err := r.w.OCaml(t, c)
	if err != nil {
		return false, err
	}
	there, err := r.w.OCaml(t, host)
	if err != nil {
		return false, err
	}
	const magic = "ast_impl_magic_number"
	return here != nil && there != nil && here.Config(magic) == there.Config(magic), nil
}

// cookies tell rewriters in which library they run.
func cookies(lib *dune.Library) []string {
	return []string{"--cookie", `library-name="` + libraryName(lib) + `"`}
}
