package rules

import (
	"slices"
	"strings"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/toolchain/ocaml"
)

// stage has the compiler run the rewriters of staged_pps: they may look at
// what was compiled before, and so no process of their own can run them first.
// It returns the modules of the unit with that.
func (r *Rules) stage(x *expander, c *component, s dune.Stanza) ([]ocaml.Module, error) {
	lib, _ := s.(*dune.Library)
	flags := map[*dune.Preprocess][]string{}
	modules := slices.Clone(c.u.Modules)
	for i, src := range c.sources { // as modules, and before what has no source
		pre := src.pre
		if pre == nil || pre.Kind != dune.PreprocessStagedPps {
			continue
		}
		if flags[pre] == nil {
			command, err := r.asPpx(x, pre, lib, c)
			if err != nil {
				return nil, err
			}
			flags[pre] = []string{"-ppx", command}
		}
		modules[i].Flags = slices.Concat(modules[i].Flags, flags[pre])
	}
	return modules, nil
}

// asPpx is the command line of a driver that a compiler runs.
func (r *Rules) asPpx(x *expander, pre *dune.Preprocess, lib *dune.Library, c *component) (string, error) {
	d, host, err := r.driverFor(x, c.dir, pre)
	if err != nil {
		return "", err
	}
	flags, err := r.driverFlags(x, &d.by.AsPpxFlags)
	if err != nil {
		return "", err
	}
	own, err := r.driverArgs(x, c.dir, pre, lib)
	if err != nil {
		return "", err
	}
	args := slices.Concat(flags, own)
	y := newActing(x)
	x.inputs.built(d.path, host)
	argv, err := y.built(d.path, args, pre.Range)
	for i, a := range argv {
		argv[i] = quoted(a)
	}
	return strings.Join(argv, " "), err
}

// quoted quotes a word for a shell. Tokens stay as they are.
func quoted(w string) string {
	plain := func(c rune) bool {
		return c < ' ' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:,=+@%^", c)
	}
	if w != "" && !strings.ContainsFunc(w, func(c rune) bool { return !plain(c) }) {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// included evaluates the dependencies that a file lists, which may be made.
func (x *expander) included(d *dune.Dep, arg string) ([]string, error) {
	p, ok := tokenPath(arg)
	if !ok {
		var err error
		if p, err = x.r.file(x.t, x.ctx, x.treePath(arg), d.Range); err != nil {
			return nil, err
		}
	}
	if slices.Contains(x.including, p) {
		return nil, errorAt(d.Range, "Cycle of files", "%s includes itself: %s.", p, strings.Join(append(x.including, p), " -> "))
	}
	text, err := x.r.content(x.t, p)
	if err != nil {
		return nil, err
	}
	x.r.w.File(p, []byte(text))
	deps, diags := dune.ReadDeps(p, []byte(text), x.d.project.Project)
	if diags.HasErrors() {
		return nil, diags
	}
	y := *x
	y.including = append(slices.Clone(x.including), p)
	var out []string
	for _, b := range deps {
		for i := range b.Deps {
			v, err := y.dep(&b.Deps[i])
			if err != nil {
				return nil, err
			}
			out = append(out, v...)
		}
	}
	return out, nil
}
