package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// lex adds what ocamllex makes, or ocamlyacc, which writes beside its source.
func (f *filler) lex(i int, s *dune.Lex) error {
	if s.Keyword() == "ocamlyacc" {
		return f.generators(i, s, ".mly", func(name string) *generator {
			return &generator{tool: "ocamlyacc", outs: []string{name + ".ml", name + ".mli"}, args: func(src, out string) []string {
				return []string{"-b" + action.Ref(strings.TrimSuffix(out, ".ml")), action.Ref(src)}
			}}
		})
	}
	return f.generators(i, s, ".mll", func(name string) *generator {
		return &generator{tool: "ocamllex", outs: []string{name + ".ml"}, args: func(src, out string) []string {
			return []string{"-q", "-o", action.Ref(out), action.Ref(src)}
		}}
	})
}

// A generator is a run of a program that makes modules.
type generator struct {
	tool  string
	outs  []string
	flags *dune.Set
	args  func(src, out string) []string
}

func (f *filler) generators(i int, s *dune.Lex, ext string, make func(name string) *generator) error {
	if on, err := f.enabled(&s.EnabledIf); err != nil || !on {
		return err
	}
	names, err := f.r.evalModules(f.r.static(f.t, f.ctx, f.d), &s.Modules, f.stems(ext))
	if err != nil {
		return err
	}
	for _, n := range names {
		name := f.spelling(&s.Modules, n, ext)
		g, at := make(name), writtenAt(&s.Modules, n, s)
		g.flags = &s.Flags
		k := ruleKey(f.ctx, f.d, i, g.outs)
		d := f.d
		m := &maker{at: at, key: k, outs: g.outs, module: true, define: func(t *engine.Task) error {
			return f.r.fail(f.r.generate(t, k, d, name+ext, g, at), at, "Invalid generator")
		}}
		if err := f.add(m, s.Mode); err != nil {
			return err
		}
	}
	return nil
}

// stems lists the sources with an extension, without it.
func (f *filler) stems(ext string) []string {
	var out []string
	for _, n := range f.d.names {
		if path.Ext(n) == ext {
			out = append(out, strings.TrimSuffix(n, ext))
		}
	}
	return out
}

// spelling is the name of a source as it is on disk, where Lexer may be
// lexer.mll, or, for one that a rule makes, as it is written.
func (f *filler) spelling(set *dune.Set, name, ext string) string {
	for _, n := range f.d.names {
		if stem, ok := strings.CutSuffix(n, ext); ok && sameModule(stem, name) {
			return stem
		}
	}
	if n, ok := set.Find(func(n string) bool { return sameModule(n, name) }); ok {
		return n.Value
	}
	return name
}

// sameModule reports whether two names are of one module.
func sameModule(a, b string) bool { return capitalize(a) == capitalize(b) }

func capitalize(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func uncapitalize(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// generate defines a run of a generator. It runs at the top, so that line
// directives name sources as compilers do.
func (r *Rules) generate(t *engine.Task, k key, d *dir, src string, g *generator, at hcl.Range) error {
	x := r.naming(t, k.ctx, d)
	program, err := x.suite(g.tool, at)
	if err != nil {
		return err
	}
	from, err := r.file(t, k.ctx, path.Join(d.path, src), at)
	if err != nil {
		return err
	}
	x.inputs.add(from)
	flags, err := r.evalSet(x, g.flags, nil)
	if err != nil {
		return err
	}
	j := job{key: k, name: g.tool + " " + path.Join(d.path, src)}
	for _, o := range g.outs {
		j.outs = append(j.outs, path.Join(root(k.ctx), d.path, o))
	}
	spec := r.spec(j)
	spec.Extra = true // ocamlyacc -v
	spec.Argv = slices.Concat([]string{program}, flags, g.args(from, j.outs[0]))
	if err := r.complete(x, &spec); err != nil {
		return err
	}
	return t.Define(spec)
}

// evalSet evaluates a set.
func (r *Rules) evalSet(x *expander, s *dune.Set, std []string) ([]string, error) {
	return s.Eval(dune.SetEval{Standard: std, Expand: x.expand, Include: x.setFile})
}

// evalModules evaluates a set of names of modules, which begin with a capital
// or do not.
func (r *Rules) evalModules(x *expander, s *dune.Set, std []string) ([]string, error) {
	out, err := s.Eval(dune.SetEval{Standard: std, Expand: x.expand, Include: x.setFile, Equal: sameModule})
	for i := range out {
		out[i] = capitalize(out[i])
	}
	return unique(out), err
}

// setFile reads a file that holds a set.
func (x *expander) setFile(name string, at hcl.Range) (dune.Set, error) {
	p, ok := tokenPath(name)
	if !ok {
		var err error
		if p, err = x.r.file(x.t, x.ctx, x.treePath(name), at); err != nil {
			return dune.Set{}, err
		}
	}
	text, err := x.r.content(x.t, p)
	if err != nil {
		return dune.Set{}, err
	}
	x.r.w.File(p, []byte(text))
	s, diags := dune.ReadSet(p, []byte(text), x.d.project.Project)
	if diags.HasErrors() {
		return dune.Set{}, diags
	}
	return s, nil
}

// copyFiles adds copies of files of another directory.
func (f *filler) copyFiles(i int, s *dune.CopyFiles) error {
	if on, err := f.enabled(&s.EnabledIf); err != nil || !on {
		return err
	}
	pattern, err := s.Files.ExpandOne(f.r.static(f.t, f.ctx, f.d).expand)
	if err != nil {
		return err
	}
	g, diags := dune.ParseGlob(path.Base(pattern), s.Files.Range)
	if diags.HasErrors() {
		return diags
	}
	from := joinPath(f.d.path, path.Dir(pattern))
	if from == f.d.path {
		return errorAt(s.Files.Range, "Files of the same directory", "copy_files copies from another directory.")
	}
	files, err := f.r.globFiles(f.t, f.ctx, from, g.Match, false, s.At())
	if err != nil {
		return err
	}
	if s.OnlySources != nil {
		if files, err = f.onlySources(files, s.OnlySources); err != nil {
			return err
		}
	}
	for _, p := range files {
		name := path.Base(p)
		if f.out.makers[name] != nil || slices.Contains([]string{"dune", "dune-project"}, name) {
			continue
		}
		k, d := ruleKey(f.ctx, f.d, i, []string{name}), f.d
		m := &maker{at: s.At(), key: k, outs: []string{name}, module: true, copyOf: p, define: func(t *engine.Task) error {
			return f.r.fail(f.r.copyFile(t, k, d, p, name, s.LineDirective, s.At()), s.At(), "Cannot copy a file")
		}}
		if err := f.add(m, s.Mode); err != nil {
			return err
		}
	}
	return nil
}

// onlySources drops files that rules make, if a condition says so.
func (f *filler) onlySources(files []string, cond *dune.Bool) ([]string, error) {
	on, err := f.enabled(cond)
	if err != nil || !on {
		return files, err
	}
	var out []string
	for _, p := range files {
		real, err := f.r.real(f.t, f.ctx, p)
		if err != nil {
			return nil, err
		}
		if !action.IsOutput(real) {
			out = append(out, p)
		}
	}
	return out, nil
}

// selectFile defines the copy that a select stands for.
func (r *Rules) selectFile(t *engine.Task, k key, d *dir, b *dune.Buildable, s *dune.Select) error {
	n, err := r.requires(t, k.ctx, d, b, "")
	if m, ok := err.(*missing); ok {
		err = m.diags(m.at)
	}
	if err == nil {
		err = r.copyFile(t, k, d, path.Join(d.path, n.selected[s.File]), s.File, true, s.Range)
	}
	return r.fail(err, s.Range, "Invalid select")
}

// copyFile defines how a file of the directory is made as a copy of another
// file of the tree.
func (r *Rules) copyFile(t *engine.Task, k key, d *dir, from, name string, line bool, at hcl.Range) error {
	x := r.naming(t, k.ctx, d)
	a := &dune.Action{Op: dune.ActionCopy, Range: at}
	if line {
		a.Op = dune.ActionCopyLine
	}
	p, err := r.file(t, k.ctx, from, at)
	if err != nil {
		return err
	}
	out := path.Join(root(k.ctx), d.path, name)
	x.inputs.add(p)
	return r.act(x, job{key: k, name: "copy " + path.Join(d.path, name), outs: []string{out}}, copying(a, p, out), nil)
}

// copying completes an action with files that are known already.
func copying(a *dune.Action, files ...string) *dune.Action {
	for _, f := range files {
		a.Args = append(a.Args, literal(action.Ref(f), a.Range))
	}
	return a
}
