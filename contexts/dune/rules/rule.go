package rules

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
)

// made is what a rule makes, as paths. A rule without targets has a result,
// which stands for that it was carried out.
type made struct {
	outs   []string
	result string
}

// targets are the names of what a rule makes, in its directory.
type targets struct{ files, dirs []string }

func (g targets) all() []string { return slices.Concat(g.files, g.dirs) }

// add adds a file or a directory.
func (g *targets) add(name string, dir bool, at hcl.Range) hcl.Diagnostics {
	what, mine, others := "files", &g.files, g.dirs
	if dir {
		what, mine, others = "directories", &g.dirs, g.files
	}
	switch {
	case strings.Contains(name, "/") || name == "." || name == "..":
		return errorAt(at, "Target in another directory", "A rule makes %s in the directory of its dune file, not %q.", what, name)
	case slices.Contains(others, name):
		return errorAt(at, "File and directory", "%q cannot be both a file and a directory that the rule makes.", name)
	case !slices.Contains(*mine, name):
		*mine = append(*mine, name)
	}
	return nil
}

// targets returns what a rule makes.
func (r *Rules) targets(t *engine.Task, c addr.Context, d *dir, s *dune.Rule) (targets, error) {
	x := r.static(t, c, d)
	var made targets
	dirs := false
	add := func(tpl dune.Template, cwd string) error {
		names, err := tpl.Expand(x.expand)
		if err != nil {
			return err
		}
		for _, n := range names {
			n = path.Clean(n)
			if cwd != d.path {
				n = action.Relative(d.path, joinPath(cwd, n))
			}
			if diags := made.add(n, dirs, tpl.Range); diags.HasErrors() {
				return diags
			}
		}
		return nil
	}
	if s.Infer {
		err := x.inferred(s.Action, d.path, add)
		if err == nil && len(made.files) == 0 && len(s.Aliases) == 0 {
			err = errorAt(s.At(), "Rule without targets", "What this rule makes cannot be told from its action: say (targets FILE), or (alias NAME) if it is carried out for its own sake.")
		}
		return made, err
	}
	for _, g := range s.Targets {
		dirs = g.Dir
		if err := add(g.Path, d.path); err != nil {
			return targets{}, err
		}
	}
	return made, nil
}

// inferred calls add for each file that an action says that it makes, with the
// directory that it has changed to.
func (x *expander) inferred(a *dune.Action, cwd string, add func(tpl dune.Template, cwd string) error) error {
	var file *dune.Template
	switch a.Op {
	case dune.ActionNoInfer:
		return nil
	case dune.ActionChdir:
		y := &acting{expander: x, cwd: cwd}
		dir, err := y.directory(a.Args[0])
		if err != nil {
			return err
		}
		cwd = dir
	case dune.ActionStdoutTo, dune.ActionStderrTo, dune.ActionOutputsTo, dune.ActionWriteFile:
		file = &a.Args[0]
	case dune.ActionCopy, dune.ActionCopyLine, dune.ActionFormatDune:
		file = &a.Args[1]
	}
	if file != nil {
		if err := add(*file, cwd); err != nil {
			return err
		}
	}
	for _, b := range a.Actions {
		if err := x.inferred(b, cwd, add); err != nil {
			return err
		}
	}
	return nil
}

// rule defines the action of a rule.
func (r *Rules) rule(t *engine.Task, k key) (*made, error) {
	d, s, err := r.stanzaOf(t, k)
	if err != nil {
		return nil, err
	}
	x := s.(*dune.Rule)
	m, err := r.defineRule(t, k, d, x)
	return m, r.fail(err, x.At(), "Invalid rule")
}

func (r *Rules) defineRule(t *engine.Task, k key, d *dir, s *dune.Rule) (*made, error) {
	g, err := r.targets(t, k.ctx, d, s)
	if err != nil {
		return nil, err
	}
	outs := g.all()
	m := &made{}
	x := r.naming(t, k.ctx, d)
	x.own = len(outs) == 0
	var tokens []string
	at := path.Join(root(k.ctx), d.path)
	for _, o := range g.files {
		m.outs = append(m.outs, path.Join(at, o))
	}
	for _, o := range outs {
		tokens = append(tokens, action.Ref(path.Join(at, o)))
	}
	if err := x.deps(s.Deps); err != nil {
		return nil, err
	}
	x.local["targets"] = tokens
	if s.One && len(tokens) == 1 {
		x.local["target"] = tokens
	}
	j := job{key: k, name: "rule " + path.Join(d.path, strings.Join(outs[:min(1, len(outs))], "")), outs: m.outs, dirs: g.dirs}
	if len(outs) == 0 {
		j.name = strings.TrimSuffix(fmt.Sprintf("alias %s %s", aliasNames(s.Aliases), orTop(d.path)), " the top directory")
		j.result = path.Join(root(k.ctx), d.path, ".alias", strings.TrimPrefix(k.name, "test.")+".out")
		m.result = j.result
	}
	return m, r.act(x, j, s.Action, s.Locks)
}

func aliasNames(names []dune.Text) string {
	var out []string
	for _, n := range names {
		out = append(out, n.Value)
	}
	return strings.Join(out, ",")
}

// A job is what an action of dune is carried out for.
type job struct {
	key    key
	name   string
	outs   []string // paths
	dirs   []string // that it makes, by name
	result string   // takes standard output, of an action that makes nothing
}

// act defines the action of the engine that carries out one of dune.
func (r *Rules) act(x *expander, j job, a *dune.Action, locks []dune.Template) error {
	y := newActing(x)
	for _, o := range j.outs {
		y.outs[o] = true
	}
	for _, n := range j.dirs {
		y.dirs = append(y.dirs, path.Join(root(x.ctx), x.d.path, n))
	}
	tree, err := y.tree(a)
	if err != nil {
		return err
	}
	y.spare(tree)
	spec := r.spec(j)
	tree = packed(tree, &spec, x.d.path, j.dirs)
	spec.Dir = y.dir
	if err := x.locks(&spec, locks); err != nil {
		return err
	}
	if err := r.complete(x, &spec); err != nil {
		return err
	}
	corrections := ""
	if y.corrects {
		corrections = path.Join(root(x.ctx), x.d.path, ".corrected", path.Base(j.name)+"-"+path.Base(spec.Outputs[0]))
	}
	x.inputs.around(tree).Into(&spec, corrections)
	return x.t.Define(spec)
}

// spec begins the specification of a job.
func (r *Rules) spec(j job) action.Spec {
	s := action.Spec{
		Name: j.name, Context: j.key.ctx.String(), Target: j.key.String(),
		Root: root(j.key.ctx), Outputs: j.outs, Sandbox: true,
	}
	if j.result != "" {
		s.Outputs, s.Stdout, s.Local = []string{j.result}, j.result, true
	}
	return s
}

// locks keeps actions apart that name the same lock.
func (x *expander) locks(spec *action.Spec, locks []dune.Template) error {
	for _, l := range locks {
		name, err := l.ExpandOne(x.expand)
		if err != nil {
			return err
		}
		if !slices.Contains(spec.Locks, "lock "+name) {
			spec.Locks = append(spec.Locks, "lock "+name)
		}
	}
	return nil
}

// searchPath is the PATH of actions, after the directories of what they run with.
const searchPath = "/usr/local/bin:/usr/bin:/bin"

// complete adds what was collected to a specification: inputs, tools and the
// environment, which is the context's with what env stanzas add.
func (r *Rules) complete(x *expander, spec *action.Spec) error {
	env, err := r.w.Env(x.t, x.ctx)
	if err != nil {
		return err
	}
	here, err := r.envQ.Get(x.t, dirKey{x.ctx, x.d.path})
	if err != nil {
		return err
	}
	if x.own {
		if err := r.sourcesOfTests(x); err != nil {
			return err
		}
	}
	in := x.inputs
	vars := map[string]string{"PATH": strings.Join(append(slices.Clone(in.path), searchPath), ":"), "INSIDE_DUNE": "1"}
	for _, more := range []map[string]string{env.Vars, here.vars, in.env} {
		for n, v := range more {
			if n == "PATH" {
				v = strings.Join(append(slices.Clone(in.path), v), ":")
			}
			vars[n] = v
		}
	}
	spec.Env = toolchain.Environ(vars)
	made := map[string]bool{}
	for _, o := range spec.Outputs {
		made[o] = true
	}
	for _, f := range append(in.files, env.Inputs...) {
		if !made[f] {
			made[f] = true
			spec.Inputs = append(spec.Inputs, f)
		}
	}
	sort.Strings(spec.Inputs)
	spec.Tools = append(spec.Tools, in.tools...)
	spec.Writable = append(spec.Writable, in.writable...)
	spec.Visible = unique(append(spec.Visible, in.visible...))
	if in.pool.Name != "" {
		spec.Pool = in.pool
	}
	spec.Unknown = append(spec.Unknown, env.Waits...)
	if in.universe {
		spec.Local = true // nobody else has a use for the result
		spec.Tools = append(spec.Tools, action.Tool{Name: "the universe", Identity: x.t.Moment()})
	}
	return nil
}

// sourcesOfTests makes the sources of programs inputs of the test that runs
// them. Since dune compiles copies of sources beside the program, tests of old
// read their own as sample files, and say nothing of it. What changes with a
// source is the program itself, in any case.
func (r *Rules) sourcesOfTests(x *expander) error {
	tr, err := r.treeOf(x.t, x.ctx)
	if err != nil {
		return err
	}
	for p, c := range x.inputs.programs {
		p = inWorkspace(p)
		if tr.in(cleanDir(path.Dir(p))) == nil {
			continue // a public program, under its name
		}
		files, err := r.contentsQ.Get(x.t, dirKey{c, cleanDir(path.Dir(p))})
		if err != nil {
			return err
		}
		m := files.makers[path.Base(p)]
		if c != x.ctx || m == nil || !m.program {
			continue
		}
		u, err := r.unitQ.Get(x.t, m.key)
		if err != nil {
			return err
		}
		for _, src := range u.sources {
			for _, f := range []string{src.impl, src.intf} {
				if f == "" {
					continue
				}
				if f, err = r.real(x.t, c, f); err != nil {
					return err
				}
				x.inputs.add(f)
			}
		}
	}
	return nil
}
