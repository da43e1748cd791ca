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
	args, err := r.driverArgs(x, c.dir, pre, lib)
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
	y := newActing(x)
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

// cookies tell rewriters in which library they run, and what they have asked
// to be told.
func (r *Rules) cookies(x *expander, d *dir, lib *dune.Library, pre *dune.Preprocess) ([]string, error) {
	libs, err := r.rewriters(x.t, x.ctx, d, []dune.Preprocess{*pre})
	if err != nil {
		return nil, err
	}
	type cookie struct{ value, by string }
	all := map[string]cookie{}
	y := *x
	y.local = map[string][]string{}
	if lib != nil {
		y.local["library-name"] = []string{libraryName(lib)}
		all["library-name"] = cookie{libraryName(lib), libraryName(lib)}
	}
	for _, l := range libs {
		for _, want := range l.cookies() {
			value, err := want.Value.ExpandOne(y.expand)
			if err != nil {
				return nil, err
			}
			if old, ok := all[want.Name]; ok && old.value != value {
				return nil, errorAt(pre.Range, "Inconsistent cookies", "%s and %s have inconsistent requests for cookie %q; %s requests %q and %s requests %q.",
					old.by, l.name, want.Name, old.by, old.value, l.name, value)
			}
			all[want.Name] = cookie{value, l.name}
		}
	}
	var names, out []string
	for n := range all {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		out = append(out, "--cookie", n+"="+`"`+inString.Replace(all[n].value)+`"`)
	}
	return out, nil
}

// cookies are what a rewriter wants to be told.
func (l *library) cookies() []dune.Cookie {
	switch {
	case l.stanza != nil:
		return l.stanza.Cookies
	case l.inst != nil:
		return l.inst.cookies
	}
	return nil
}
