package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// toplevel adds the program of a toplevel stanza.
func (f *filler) toplevel(i int, s *dune.Toplevel) error {
	k := key{ctx: f.ctx, dir: f.d.path, index: i, name: string(addr.BlockRule) + "." + s.Name.Value + ".exe"}
	d := f.d
	return f.add(&maker{at: s.At(), key: k, outs: []string{s.Name.Value + ".exe"}, define: func(t *engine.Task) error {
		err := f.r.defineToplevel(t, k, d, s)
		if m, ok := err.(*missing); ok {
			err = m.diags(m.at)
		}
		return f.r.fail(err, s.At(), "Cannot build a toplevel")
	}}, dune.ModeStandard)
}

// defineToplevel defines a toplevel with libraries in it: byte code, which
// knows where their interfaces are in this workspace, as dune's does.
func (r *Rules) defineToplevel(t *engine.Task, k key, d *dir, s *dune.Toplevel) error {
	tc, err := r.compilerOf(t, k.ctx, s)
	if err != nil {
		return err
	}
	u := &unit{dir: d, needs: &needs{}, key: k}
	for _, name := range s.Libraries {
		l, err := r.find(t, k.ctx, d.project, name)
		if err != nil {
			return wanted(err, fmt.Sprintf("toplevel %s in %s", s.Name, orTop(d.path)))
		}
		u.needs.deps = append(u.needs.deps, l)
	}
	env, err := r.w.Env(t, k.ctx)
	if err != nil {
		return err
	}
	in := dirKey{k.ctx, d.path}
	flags, err := r.standardQ.Get(t, standardKey{in, flagsOCaml})
	if err != nil {
		return err
	}
	byteFlags, err := r.standardQ.Get(t, standardKey{in, flagsByte})
	if err != nil {
		return err
	}
	name := s.Name.Value
	at := path.Join(root(k.ctx), d.path, ".toplevel."+name)
	main := path.Join(at, name+".ml-gen")
	u.u = ocaml.Unit{Owner: cc.Owner{Context: k.ctx.String(), Target: k.String(), Root: root(k.ctx), Dir: d.path, Name: name, Env: env.Vars, Unknown: env.Waits},
		Exact: true, Wrapping: ocaml.Unwrapped, Layout: ocaml.Layout{Objects: at + "/.objs/byte", Native: at + "/.objs/native", Alias: at},
		Modules: []ocaml.Module{{Name: capitalize(name), Impl: main}}, Mains: []string{name},
		Flags: slices.Clone(flags), ByteFlags: slices.Clone(byteFlags), LinkFlags: []string{"-linkall", "-warn-error", "-31"},
		Standard: []string{"compiler-libs.toplevel"},
		Programs: []ocaml.Program{{Name: name, Mode: ocaml.Byte, Kind: ocaml.Executable, Path: path.Join(root(k.ctx), d.path, name+".exe")}}}
	if err := r.implementations(t, u, s.At()); err != nil {
		return err
	}
	if err := r.describeDeps(t, u); err != nil {
		return err
	}
	if err := r.linkModules(t, u, nil, tc); err != nil {
		return err
	}
	text, err := r.toplevelText(t, tc, u, s)
	if err != nil {
		return err
	}
	if err := r.write(t, k, main, text); err != nil {
		return err
	}
	fns := []func(*engine.Task) error{func(t *engine.Task) error { _, err := tc.Executables(t, u.u); return err }}
	for _, l := range u.needs.deps {
		fns = append(fns, func(t *engine.Task) error { return r.defineLibrary(t, l) })
	}
	return firstOf(t.Run(fns...))
}

// toplevelText is the main module: it says where interfaces are, and which
// rewriter reads what people type.
func (r *Rules) toplevelText(t *engine.Task, tc *ocaml.Toolchain, u *unit, s *dune.Toplevel) (string, error) {
	var dirs []string
	for _, l := range closure(u.needs.deps) {
		switch {
		case l.standard:
			dirs = append(dirs, tc.StandardDirs([]string{l.name})...)
		case l.inst != nil:
			dirs = append(dirs, l.inst.Dir)
		default:
			lib, err := r.described(t, u.key.ctx, l)
			if err != nil {
				return "", err
			}
			dirs = append(dirs, t.Abs(lib.Dir))
		}
	}
	text := "let () =\n"
	if s.Preprocess.Kind == dune.PreprocessPps || s.Preprocess.Kind == dune.PreprocessStagedPps {
		command, err := r.toplevelPpx(t, u, s)
		if err != nil {
			return "", err
		}
		text += "  Compenv.first_ppx := [" + ocamlString(command) + "];\n"
	}
	var list []string
	for _, d := range unique(dirs) {
		list = append(list, ocamlString(d))
	}
	return text + "  Clflags.include_dirs := [" + strings.Join(list, "; ") + "];\n  ignore (Topmain.main ())\n", nil
}

// toplevelPpx is the command of the toplevel's rewriter, which is built with it.
func (r *Rules) toplevelPpx(t *engine.Task, u *unit, s *dune.Toplevel) (string, error) {
	x := r.naming(t, u.key.ctx, u.dir)
	command, err := r.asPpx(x, &s.Preprocess, nil, &component{unit: u})
	u.u.Inputs = unique(append(u.u.Inputs, x.inputs.files...))
	return action.Expand(command, func(p string, _ bool) string { return t.Abs(p) }), err
}
