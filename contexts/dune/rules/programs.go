package rules

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/act"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

func itoa(n int) string { return strconv.Itoa(n) }

// A binary is a program of the workspace under its public name.
type binary struct {
	path string // in the tree: "src/main.exe"
	at   hcl.Range
	key  key
	opt  bool
	when key // of the stanza whose condition decides; zero for a program that is there
}

// programs are the public programs of a context, by name. One whose condition
// asks for files or libraries is a candidate, as with libraries.
type programs map[string][]binary

// program returns the public program of a name.
func (r *Rules) program(t *engine.Task, c addr.Context, name string) (b binary, found bool, err error) {
	all, err := r.programsQ.Get(t, c)
	if err != nil {
		return binary{}, false, err
	}
	for _, b := range slices.Backward(all[name]) {
		if b.when == (key{}) {
			return b, true, nil
		}
		if on, err := r.thereQ.Get(t, b.when); err != nil || on {
			return b, on, err
		}
	}
	return binary{}, false, nil
}

// unlessAsked evaluates the condition of a stanza. Of one that asks for what
// others make, it returns the key, for later: see there.
func (r *Rules) unlessAsked(t *engine.Task, k key, d *dir, b *dune.Bool) (on bool, when key, err error) {
	if b.Asks() {
		return true, k, nil
	}
	on, err = r.enabled(t, k.ctx, d, b)
	return on, key{}, err
}

// there tells whether a library, program or installation is, where its
// condition asks for what others make.
func (r *Rules) there(t *engine.Task, k key) (bool, error) {
	d, s, err := r.stanzaOf(t, k)
	if err != nil {
		return false, err
	}
	var when *dune.Bool
	switch s := s.(type) {
	case *dune.Library:
		when = &s.EnabledIf
	case *dune.Executables:
		when = &s.EnabledIf
	case *dune.Install:
		when = &s.EnabledIf
	default:
		return true, nil
	}
	on, err := r.enabled(r.w.At(t, when.Range), k.ctx, d, when)
	return on, r.fail(err, s.At(), "Invalid condition")
}

// programs lists the public programs of a context, by name.
func (r *Rules) programs(t *engine.Task, c addr.Context) (programs, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	covers, err := r.w.Covers(t, c)
	if err != nil {
		return nil, err
	}
	out := programs{}
	for _, d := range tr.order {
		if d.dataOnly || !covers(d.path) {
			continue
		}
		for i, s := range d.stanzas {
			if err := r.stanzaPrograms(t, c, d, i, s, out); err != nil {
				return nil, r.fail(err, s.At(), "Invalid stanza")
			}
		}
	}
	return out, nil
}

func (r *Rules) stanzaPrograms(t *engine.Task, c addr.Context, d *dir, i int, s dune.Stanza, out programs) error {
	switch s := s.(type) {
	case *dune.Executables:
		k := executableKey(c, d, i, s.Programs[0].Name.Value)
		on, when, err := r.unlessAsked(t, k, d, &s.EnabledIf)
		if err != nil || !on {
			return err
		}
		for _, p := range s.Programs {
			if p.PublicName.Given() {
				k.part = p.Name.Value
				b := binary{path: path.Join(d.path, p.Name.Value+installedMode(s.Modes).ext()), at: s.At(), key: k, opt: s.Optional, when: when}
				out[p.PublicName.Value] = append(out[p.PublicName.Value], b)
			}
		}
	case *dune.Install:
		on, when, err := r.unlessAsked(t, key{ctx: c, dir: d.path, index: i, name: "install"}, d, &s.EnabledIf)
		if err != nil || !on || s.Section.Value != "bin" {
			return err
		}
		x := r.static(t, c, d)
		for _, f := range s.Files {
			if f.GlobFiles || f.Include.Given() {
				continue
			}
			src, err := f.Src.ExpandOne(x.expand)
			if err != nil {
				return err
			}
			name, err := bindingName(x, f.FileBinding)
			if err != nil {
				return err
			}
			out[name] = append(out[name], binary{path: joinPath(d.path, src), at: s.At(), when: when})
		}
	}
	return nil
}

// bindingName is the name that a file gets.
func bindingName(x *expander, b dune.FileBinding) (string, error) {
	if b.Dst.Given() {
		return b.Dst.ExpandOne(x.expand)
	}
	src, err := b.Src.ExpandOne(x.expand)
	return path.Base(src), err
}

// programAvailable tells whether %{bin:NAME} would be found.
func (r *Rules) programAvailable(t *engine.Task, c addr.Context, name string) (bool, error) {
	host, err := r.w.Host(t, c)
	if err != nil {
		return false, err
	}
	if _, ok, err := r.program(t, host, name); err != nil || ok {
		return ok, err
	}
	p, err := r.onPath(t, host, name)
	return p != "", err
}

// onPath finds a program of the machine, or a source, "" if there is none: along
// the PATH that the context sets, or else that of the person who runs erg.
func (r *Rules) onPath(t *engine.Task, c addr.Context, name string) (string, error) {
	env, err := r.w.Env(t, c)
	if err != nil {
		return "", err
	}
	for _, d := range strings.Split(env.Vars["PATH"], ":") {
		if p := path.Join(d, name); path.IsAbs(d) {
			if src, ok := below(t.Abs(""), p); ok {
				p = src
			}
			if ok, err := t.Exists(p); ok || err != nil {
				return p, err
			}
		}
	}
	p, err := t.LookPath(name)
	if err != nil {
		return "", nil
	}
	if src, ok := below(t.Abs(""), p); ok {
		p = src
	}
	return p, nil
}

// bin expands %{bin:NAME}.
func (x *expander) bin(v *sexp.Var) ([]string, error) {
	p, err := x.programNamed(v.Payload, v.Range)
	if err != nil {
		return nil, err
	}
	return []string{p}, nil
}

// programNamed finds a program by its name alone: of the compiler, of the
// workspace, under its public name, or of the machine.
func (x *expander) programNamed(name string, at hcl.Range) (string, error) {
	if compilerTools[name] {
		if p, err := x.suite(name, at); err == nil {
			return p, nil
		}
	}
	env, err := x.r.envQ.Get(x.t, dirKey{x.ctx, x.d.path})
	if err != nil {
		return "", err
	}
	host, err := x.where(x.ctx)
	if err != nil {
		return "", err
	}
	if b, ok := env.binaries[name]; ok {
		src, err := b.Src.ExpandOne(x.r.static(x.t, host, env.binariesDir[name]).expand)
		if err != nil {
			return "", err
		}
		return x.staged(host, name, binary{path: joinPath(env.binariesDir[name].path, src), at: at}, at)
	}
	if b, ok, err := x.r.program(x.t, host, name); err != nil {
		return "", err
	} else if ok {
		return x.staged(host, name, b, at)
	}
	p, err := x.r.onPath(x.t, host, name)
	if err != nil {
		return "", err
	}
	if p == "" {
		return "", errorAt(at, "Program not found", "There is no program %q, neither in the workspace nor on PATH.", name)
	}
	if !path.IsAbs(p) {
		x.inputs.add(p)
		return action.Ref(p), nil
	}
	return p, x.machine(p)
}

// machine adds a program of the machine.
func (x *expander) machine(p string) error { return x.inputs.tool(x.t, p) }

// staged is the token of a program under its public name.
func (x *expander) staged(c addr.Context, name string, b binary, at hcl.Range) (string, error) {
	p, err := x.r.stagedQ.Get(x.r.w.At(x.t, at), stagedKey{c, name, b.path, b.at.Filename + ":" + itoa(b.at.Start.Line)})
	if err != nil {
		return "", err
	}
	if b.key.name != "" || strings.HasSuffix(b.path, ".exe") {
		x.inputs.built(p, c)
		if err := x.runnable(c, name, p, at); err != nil {
			return "", err
		}
	}
	x.inputs.add(p)
	if dir := action.Abs(path.Dir(p)); !slices.Contains(x.inputs.path, dir) {
		x.inputs.path = append(x.inputs.path, dir)
	}
	return action.Ref(p), nil
}

// runnable has scripts find a program that needs a runner under its name.
func (x *expander) runnable(c addr.Context, name, p string, at hcl.Range) error {
	if slices.ContainsFunc(x.inputs.through, func(o runnable) bool { return o.name == name }) {
		return nil
	}
	_, err := x.through(c, name, p, at)
	return err
}

// through has a program be run through its context's runner by whoever calls it
// as name. ok is false if it runs without.
func (x *expander) through(c addr.Context, name, p string, at hcl.Range) (ok bool, err error) {
	proc, diags := x.r.w.Run(x.t, c, p, []string{act.Arguments}, at)
	if diags.HasErrors() {
		if x.own {
			return false, diags
		}
		return false, nil // it is an error of whoever runs it
	}
	if len(proc.Argv) == 0 || proc.Argv[0] == action.Ref(p) {
		return false, nil
	}
	x.inputs.process(proc)
	argv := make([]string, len(proc.Argv))
	for i, a := range proc.Argv {
		argv[i] = action.Expand(strings.TrimPrefix(a, "./"), func(p string, _ bool) string { return action.Abs(p) })
	}
	x.inputs.through = append(x.inputs.through, runnable{name, argv})
	return true, nil
}

// A stagedKey names a program that is put where its public name says.
type stagedKey struct {
	ctx        addr.Context
	name, path string
	at         string
}

func (k stagedKey) String() string { return "%{bin:" + k.name + "}" }

// stagedDir is where programs are under their public names, below the
// context's directory: they may look at how they are called.
const stagedDir = ".bin"

// staged defines the copy of a program under its public name.
func (r *Rules) staged(t *engine.Task, k stagedKey) (string, error) {
	from, err := r.file(t, k.ctx, k.path, hcl.Range{Filename: k.at, Start: hcl.InitialPos, End: hcl.InitialPos})
	if err != nil {
		return "", err
	}
	out := path.Join(root(k.ctx), stagedDir, k.name)
	return out, t.Define(action.Spec{
		Name: "copy " + stagedDir + "/" + k.name, Context: k.ctx.String(), Root: root(k.ctx), Target: k.ctx.String() + "//" + stagedDir + ":rule." + k.name,
		Argv: []string{"/bin/cp", action.Ref(from), action.Ref(out)}, Inputs: []string{from}, Outputs: []string{out},
	})
}
