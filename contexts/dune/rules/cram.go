package rules

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/act"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// A cramTest is a file NAME.t, or a directory NAME.t with a file run.t.
type cramTest struct {
	name string // without .t
	file string // the script
	dir  string // where it runs
}

// cramScript is the script in a directory that is a test.
const cramScript = "run.t"

// cramTests lists the tests of a directory.
func (r *Rules) cramTests(t *engine.Task, d *dir) ([]cramTest, error) {
	if !d.project.Cram || d.dataOnly {
		return nil, nil
	}
	var out []cramTest
	for _, n := range d.names {
		if name, ok := strings.CutSuffix(n, ".t"); ok && name != "" {
			out = append(out, cramTest{name, path.Join(d.path, n), d.path})
		}
	}
	for _, b := range d.below {
		if name, ok := strings.CutSuffix(path.Base(b.path), ".t"); ok && slices.Contains(b.names, cramScript) {
			out = append(out, cramTest{name, path.Join(b.path, cramScript), b.path})
		}
	}
	return out, nil
}

// A cramSetting is what stanzas say of one test.
type cramSetting struct {
	enabled bool
	aliases []string
	runtest bool
	deps    []cramDeps
	locks   []dune.Template
	setup   []string // files
	timeout float64
	shell   string
	markers string
}

type cramDeps struct {
	d    *dir
	deps dune.Deps
}

// cramSettings collects what the stanzas of a directory and of those above it
// say of a test.
func (r *Rules) cramSettings(t *engine.Task, c addr.Context, d *dir, test cramTest) (*cramSetting, error) {
	s := &cramSetting{enabled: true, runtest: true, shell: "sh"}
	var chain []*dir
	for up := d; up != nil && up.project == d.project; up = up.parent {
		chain = append([]*dir{up}, chain...)
	}
	for _, up := range chain {
		for _, st := range up.stanzas {
			x, ok := st.(*dune.Cram)
			if !ok || up != d && !x.WholeSubtree || x.AppliesTo != nil && !x.AppliesTo.Match(test.name, true) {
				continue
			}
			if err := r.cramStanza(t, c, up, x, s); err != nil {
				return nil, r.fail(err, x.At(), "Invalid cram stanza")
			}
		}
	}
	return s, nil
}

func (r *Rules) cramStanza(t *engine.Task, c addr.Context, d *dir, x *dune.Cram, s *cramSetting) error {
	on, err := r.enabled(t, c, d, &x.EnabledIf)
	if err != nil {
		return err
	}
	s.enabled = s.enabled && on
	if x.Alias.Given() {
		s.aliases = append(s.aliases, x.Alias.Value)
	}
	if x.RuntestAlias != nil {
		v, err := x.RuntestAlias.Eval(r.static(t, c, d).expand)
		if err != nil {
			return err
		}
		s.runtest = v
	}
	s.deps = append(s.deps, cramDeps{d, x.Deps})
	s.locks = append(s.locks, x.Locks...)
	for _, f := range x.SetupScripts {
		s.setup = append(s.setup, joinPath(d.path, f.Value))
	}
	if x.Timeout > 0 {
		s.timeout = x.Timeout
	}
	if x.Shell != "" {
		s.shell = x.Shell
	}
	switch x.Conflict {
	case "error":
		s.markers = "error"
	case "ignore":
		s.markers = ""
	}
	return nil
}

// cramAlias adds the cram tests of a directory to runtest, or to the alias
// that a stanza attaches them to.
func (r *Rules) cramAlias(t *engine.Task, k aliasKey, d *dir, out *Goal) error {
	tests, err := r.cramTests(t, d)
	if err != nil {
		return err
	}
	for _, test := range tests {
		s, err := r.cramSettings(t, k.ctx, d, test)
		if err != nil {
			return err
		}
		wanted := slices.Contains(s.aliases, k.name) || k.name == "runtest" && s.runtest || k.name == test.name
		if !s.enabled || !wanted {
			continue
		}
		result, err := r.defineCram(t, k.ctx, d, test, s)
		if err != nil {
			return r.fail(err, topOf(d), "Invalid cram test")
		}
		out.found = true
		out.Files = append(out.Files, result)
		if k.name != "all" {
			out.Tests = append(out.Tests, result)
		}
	}
	return nil
}

func cramKey(c addr.Context, d *dir, test cramTest) key {
	return key{ctx: c, dir: d.path, index: -1, part: test.name, name: string(addr.BlockTest) + "." + test.name}
}

// cramScript is where a test is that runs. Since 3.0 it is kept from the
// commands' sight.
func (r *Rules) cramScript(t *engine.Task, k key, d *dir, test cramTest, in *inputs) (string, error) {
	if !d.project.Lang.AtLeast(3, 0) {
		in.add(test.file)
		return test.file, nil
	}
	in.files = slices.DeleteFunc(in.files, func(f string) bool { return f == test.file })
	out := path.Join(root(k.ctx), ".cram", test.file)
	in.add(out)
	return out, t.Define(action.Spec{
		Name: "copy .cram/" + test.file, Context: k.ctx.String(), Target: k.String(), Root: root(k.ctx),
		Argv: []string{"/bin/cp", action.Ref(test.file), action.Ref(out)}, Inputs: []string{test.file}, Outputs: []string{out},
	})
}

// runDir is where programs are that commands of a cram test call by path, below
// the context's directory, if they run through its runner: at the path itself is a
// script, which says how.
const runDir = ".run"

// runByPath has programs that a test depends on run by their paths.
func (x *expander) runByPath(k key) error {
	for i, f := range x.inputs.files {
		m, err := x.r.makerOf(x.t, x.ctx, f)
		if err != nil {
			return err
		}
		if m == nil || !strings.HasSuffix(f, ".exe") {
			continue
		}
		out := path.Join(root(x.ctx), runDir, inWorkspace(f))
		ok, err := x.through(x.ctx, action.Ref(f), out, m.at)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if out, err = x.r.runQ.Get(x.t, runKey{x.ctx, f}); err != nil {
			return err
		}
		x.inputs.files[i] = out
	}
	return nil
}

// A runKey names a program that is run by its path.
type runKey struct {
	ctx  addr.Context
	file string
}

func (k runKey) String() string { return k.file }

// run defines the copy of a program for which a script stands.
func (r *Rules) run(t *engine.Task, k runKey) (string, error) {
	p := inWorkspace(k.file)
	out := path.Join(root(k.ctx), runDir, p)
	return out, t.Define(action.Spec{
		Name: "copy " + runDir + "/" + p, Context: k.ctx.String(), Root: root(k.ctx), Target: k.ctx.String() + "//" + runDir + ":rule." + p,
		Argv: []string{"/bin/cp", action.Ref(k.file), action.Ref(out)}, Inputs: []string{k.file}, Outputs: []string{out},
	})
}

// defineCram defines the run of a test.
func (r *Rules) defineCram(t *engine.Task, c addr.Context, d *dir, test cramTest, s *cramSetting) (string, error) {
	x := r.naming(t, c, d)
	x.own = true
	for _, deps := range s.deps {
		y := *x
		y.d = deps.d
		if err := y.deps(deps.deps); err != nil {
			return "", err
		}
	}
	if test.dir != d.path { // the test has the directory to itself
		rel, _ := below(d.path, test.dir)
		if _, err := x.sourceTree(rel); err != nil {
			return "", err
		}
	}
	k := cramKey(c, d, test)
	if err := x.runByPath(k); err != nil {
		return "", err
	}
	script, err := r.cramScript(t, k, d, test, x.inputs)
	if err != nil {
		return "", err
	}
	shell, err := t.LookPath(s.shell)
	if err != nil {
		return "", errorAt(topOf(d), "Program not found", "There is no program %s on PATH.", s.shell)
	}
	if err := x.inputs.tool(t, shell); err != nil {
		return "", err
	}
	j := job{key: k, name: "test " + test.file, result: path.Join(root(c), d.path, ".tests", test.name+".t.out")}
	timeout := ""
	if s.timeout > 0 {
		timeout = strconv.FormatFloat(s.timeout, 'g', -1, 64)
	}
	args := []string{action.Ref(script), test.file, s.shell, timeout, s.markers}
	for _, f := range s.setup {
		p, err := r.file(t, c, f, topOf(d))
		if err != nil {
			return "", err
		}
		x.inputs.add(p)
		args = append(args, action.Ref(p))
	}
	spec := r.spec(j)
	spec.Dir, spec.Own = test.dir, orDot(test.dir)
	if err := x.locks(&spec, s.locks); err != nil {
		return "", err
	}
	if err := r.complete(x, &spec); err != nil {
		return "", err
	}
	x.inputs.around(act.New(act.OpCram, args...)).Into(&spec, path.Join(root(c), d.path, ".corrected", test.name+".t"))
	return j.result, t.Define(spec)
}
