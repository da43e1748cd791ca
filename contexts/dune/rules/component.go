package rules

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/ocaml"
)

// A component is a unit whose actions are defined.
type component struct {
	*unit
	lib      *ocaml.Library // of a library
	programs []ocaml.Program
	raw      []ocaml.Program // what is made of them otherwise than by linking, is made of these
	whole    bool            // they are linked whole: -linkall
}

// component defines the actions of a library or of programs, and sees to it
// that those of the libraries they need are.
func (r *Rules) component(t *engine.Task, k key) (*component, error) {
	x, err := r.unitQ.Get(t, k)
	if err != nil {
		return nil, err
	}
	s := x.dir.stanzas[k.index]
	c := &component{unit: x}
	fns := []func(*engine.Task) error{func(t *engine.Task) error { return r.fail(r.compile(t, c, s), s.At(), "Cannot build "+k.name) }}
	deps := x.needs.deps
	if lib, ok := s.(*dune.Library); ok && lib.Implements.Given() {
		l, err := r.libraryQ.Get(t, k)
		if err != nil {
			return nil, err
		}
		deps = append(slices.Clone(deps), l.implements)
	}
	for _, l := range deps {
		fns = append(fns, func(t *engine.Task) error { return r.defineLibrary(r.w.At(t, s.At()), l) })
	}
	if err := t.Run(fns...); err != nil {
		return nil, firstOf(err)
	}
	t.PruneTarget(k.String())
	return c, nil
}

// firstOf is what failed, of several errors: one that says what is missing or
// not known yet comes before those that were reported.
func firstOf(err error) error {
	var m *missing
	var later *Later
	switch {
	case errors.As(err, &m):
		return m
	case errors.As(err, &later):
		return later
	}
	return err
}

// defineLibrary has the actions of a library of the workspace defined.
func (r *Rules) defineLibrary(t *engine.Task, l *library) error {
	switch {
	case l.outer != nil:
		return l.outer.Define(t)
	case l.stanza == nil:
		return nil
	}
	_, err := r.componentQ.Get(t, l.key)
	return err
}

// compile does what describing the unit left.
func (r *Rules) compile(t *engine.Task, c *component, s dune.Stanza) error {
	k, d := c.key, c.dir
	tc, err := r.compilerOf(t, k.ctx, s)
	if err != nil {
		return err
	}
	b, _, err := r.buildable(t, k.ctx, d, s)
	if err != nil {
		return err
	}
	u := c.u
	x := r.naming(t, k.ctx, d)
	if u.Modules, err = r.stage(x, c, s); err != nil {
		return err
	}
	if err := r.unitFlags(x, &u, s, b); err != nil {
		return err
	}
	if err := r.stubFlags(x, &u, b, seen(c)); err != nil {
		return err
	}
	if err := r.defineArchives(t, k.ctx, d, b); err != nil {
		return err
	}
	u.Inputs = unique(slices.Concat(u.Inputs, x.inputs.files))
	if u.Directory, err = r.plainSources(t, k.ctx, d); err != nil {
		return err
	}
	if err := r.defineSources(t, c, s); err != nil {
		return err
	}
	if _, ok := s.(*dune.Library); ok {
		c.lib, err = tc.Library(t, u)
	} else {
		c.programs, err = tc.Executables(t, u)
	}
	if err != nil {
		return compileError(err, d, s)
	}
	c.whole = u.Whole()
	var programs []string
	c.programs = slices.DeleteFunc(c.programs, func(p ocaml.Program) bool {
		if p.Kind == ocaml.Raw {
			c.raw = append(c.raw, p)
			return true
		}
		programs = append(programs, p.Path)
		return false
	})
	return r.promote(t, k, d, promotion(s), s.At(), programs)
}

// seen lists the libraries that the code of a unit sees: all that it needs, or
// those alone that its stanza names.
func seen(c *component) []*library {
	if c.u.Closed {
		return exported(c.needs.deps)
	}
	return closure(c.needs.deps)
}

// compileError words what package ocaml finds wrong, as dune does.
func compileError(err error, d *dir, s dune.Stanza) error {
	var inside *ocaml.GroupError
	if errors.As(err, &inside) {
		return errorAt(s.At(), "Cycle of modules", "%s. %s", inside, inside.Hint())
	}
	var cycle *ocaml.CycleError
	if !errors.As(err, &cycle) {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Dependency cycle between modules in %s:", orTop(d.path))
	mark := "  "
	for _, m := range append(slices.Clone(cycle.Modules), cycle.Modules[0]) {
		fmt.Fprintf(&b, "\n%s %s", mark, m)
		mark = "->"
	}
	return errorAt(s.At(), "Cycle of modules", "%s", b.String())
}

// unitFlags evaluates the flags of compilers and linkers.
func (r *Rules) unitFlags(x *expander, u *ocaml.Unit, s dune.Stanza, b *dune.Buildable) error {
	env, err := r.envQ.Get(x.t, dirKey{x.ctx, x.d.path})
	if err != nil {
		return err
	}
	u.Annotate = env.binAnnot
	link, library := &dune.Set{}, &dune.Set{}
	var cLibrary *dune.Set
	switch s := s.(type) {
	case *dune.Library:
		library, cLibrary = &s.LibraryFlags, &s.CLibraryFlags
		if s.Kind != dune.KindNormal && s.Kind != "" {
			u.ArchiveFlags = append(u.ArchiveFlags, "-linkall")
		}
	case *dune.Executables:
		link = &s.LinkFlags
		for i := range s.LinkDeps {
			if _, err := x.dep(&s.LinkDeps[i]); err != nil {
				return err
			}
		}
	case *dune.Tests:
		link = &s.LinkFlags
	}
	for _, f := range []struct {
		to  *[]string
		set *dune.Set
		std flagKind // "" for none
	}{
		{&u.Flags, &b.Flags.Common, flagsOCaml}, {&u.ByteFlags, &b.Flags.Byte, flagsByte}, {&u.NativeFlags, &b.Flags.Native, flagsNative},
		{&u.LinkFlags, link, flagsLink}, {&u.ArchiveFlags, library, ""},
	} {
		list, err := x.evalFlags(f.set, f.std)
		if err != nil {
			return err
		}
		*f.to = append(*f.to, list...)
	}
	bound, err := r.ctypesLink(x, b.Ctypes)
	if err != nil {
		return err
	}
	to := &u.LinkFlags
	if cLibrary != nil {
		to = &u.ArchiveFlags
		flags, err := r.evalSet(x, cLibrary, nil)
		if err != nil {
			return err
		}
		bound = append(flags, bound...)
	}
	for _, f := range bound {
		*to = append(*to, "-cclib", f)
	}
	return nil
}

// stubFlags evaluates what C code is compiled with. It includes headers of its
// own directory and of the libraries that its stanza sees.
func (r *Rules) stubFlags(x *expander, u *ocaml.Unit, b *dune.Buildable, deps []*library) error {
	if len(b.ForeignStubs) == 0 {
		return nil
	}
	if err := x.headers(u, x.d); err != nil {
		return err
	}
	for _, l := range deps {
		switch {
		case l.inst != nil:
			u.Include = append(u.Include, l.inst.Dir)
		case l.outer != nil:
			u.Include = append(u.Include, orDot(l.outer.Dir), path.Join(u.Root, l.outer.Dir))
		case l.dir != nil:
			if err := x.headers(u, l.dir); err != nil {
				return err
			}
		}
	}
	for _, src := range u.Sources {
		if action.IsOutput(src) {
			if _, err := r.file(x.t, x.ctx, inWorkspace(src), b.ForeignStubs[0].Range); err != nil {
				return err
			}
		}
	}
	for i := range b.ForeignStubs {
		st := &b.ForeignStubs[i]
		std := flagsC
		if st.Language == "cxx" {
			std = flagsCxx
		}
		flags, err := x.evalFlags(&st.Flags, std)
		if err != nil {
			return err
		}
		u.CFlags = append(u.CFlags, flags...)
		if st.PkgConfig.Given() {
			if flags, err = x.pkgConfig("--cflags", st.PkgConfig); err != nil {
				return err
			}
			u.CFlags = append(u.CFlags, flags...)
		}
		for j := range st.ExtraDeps {
			if _, err := x.dep(&st.ExtraDeps[j]); err != nil {
				return err
			}
		}
		for _, inc := range st.IncludeDirs {
			if err := x.includeDir(u, inc); err != nil {
				return err
			}
		}
	}
	return nil
}

// headers adds a stanza's directories to those that C code includes from. What
// rules make there is there before any of it is compiled.
func (x *expander) headers(u *ocaml.Unit, d *dir) error {
	for _, m := range d.members() {
		if slices.Contains(u.Include, orDot(m.path)) {
			continue
		}
		u.Include = append(u.Include, orDot(m.path), path.Join(u.Root, m.path))
		files, err := x.r.contentsQ.Get(x.t, dirKey{x.ctx, m.path})
		if err != nil {
			return err
		}
		for _, n := range files.names() {
			mk := files.makers[n]
			if mk == nil || path.Ext(n) != ".h" {
				continue
			}
			if err := mk.define(x.t); err != nil {
				return err
			}
			for _, o := range mk.outs { // what is made with a header may be included as well
				if p := path.Join(u.Root, m.path, o); !slices.Contains(u.Generated, p) {
					u.Generated = append(u.Generated, p)
				}
			}
		}
	}
	return nil
}

func orDot(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}

// includeDir adds a directory that C code includes from, with the headers that
// rules make there.
func (x *expander) includeDir(u *ocaml.Unit, inc dune.IncludeDir) error {
	if inc.Lib.Given() {
		l, err := x.r.find(x.t, x.ctx, x.d.project, inc.Lib)
		if err != nil {
			return wanted(err, "include_dirs in "+orTop(x.d.path))
		}
		switch {
		case l.inst != nil:
			u.Include = append(u.Include, l.inst.Dir)
		case l.outer != nil:
			u.Include = append(u.Include, orDot(l.outer.Dir), path.Join(u.Root, l.outer.Dir))
		case l.dir != nil:
			u.Include = append(u.Include, orDot(l.dir.path), path.Join(u.Root, l.dir.path))
		}
		return nil
	}
	arg, err := inc.Dir.ExpandOne(x.expand)
	if err != nil {
		return err
	}
	if path.IsAbs(arg) {
		u.Include = append(u.Include, arg)
		return nil
	}
	p, ok := tokenPath(arg)
	if ok {
		p = inWorkspace(p)
	} else {
		p = joinPath(x.d.path, arg)
	}
	u.Include = append(u.Include, orDot(p), path.Join(u.Root, p))
	return nil
}

// plainSources lists the modules of a directory that compilers get as they
// were written: one process asks for the dependencies of all of them.
func (r *Rules) plainSources(t *engine.Task, c addr.Context, d *dir) ([]string, error) {
	all, err := r.modulesQ.Get(t, dirKey{c, d.path})
	if err != nil {
		return nil, err
	}
	var out []string
	for i, mods := range all {
		b, _, err := r.buildable(t, c, d, d.stanzas[i])
		if err != nil {
			return nil, err
		}
		for _, m := range mods {
			if preprocessOf(b.Preprocess, m.name) != nil {
				continue
			}
			for _, p := range []string{m.impl, m.intf} {
				if p == "" {
					continue
				}
				if p, err = r.real(t, c, p); err != nil {
					return nil, err
				}
				if !action.IsOutput(p) {
					out = append(out, p)
				}
			}
		}
	}
	sort.Strings(out)
	return out, nil
}

// defineSources has the makers of a unit's sources defined, and how they are
// preprocessed.
func (r *Rules) defineSources(t *engine.Task, c *component, s dune.Stanza) error {
	var fns []func(*engine.Task) error
	for i, src := range c.sources { // as modules are
		if src.impl != "" && src.intf == "" && emptyInterface(c.dir.project, s, src.module) {
			if err := r.write(t, c.key, c.u.Modules[i].Intf, "(* Auto-generated by Dune *)"); err != nil {
				return err
			}
		}
		for _, p := range []string{src.impl, src.intf} {
			if p == "" {
				continue
			}
			fns = append(fns, func(t *engine.Task) error {
				real, err := r.file(t, c.key.ctx, p, s.At())
				if err != nil || src.pre == nil || src.pre.Kind == dune.PreprocessStagedPps {
					return err
				}
				return r.preprocess(t, c, s, src.pre, p, real)
			})
		}
	}
	return firstOf(t.Run(fns...))
}

// write defines a file that holds a text.
func (r *Rules) write(t *engine.Task, k key, p, text string) error {
	return t.Define(written(k, p, text))
}

// written is the action that writes a file.
func written(k key, p, text string) action.Spec {
	return action.Spec{
		Name: "write " + inWorkspace(p), Context: k.ctx.String(), Target: k.String(), Root: root(k.ctx),
		Outputs: []string{p}, Written: &action.Written{Text: text},
	}
}

func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	out := list[:0:0]
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
