package contexts

import (
	"maps"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain"
)

// An Invocation is how a program is run by hand: its arguments and further
// environment, with tokens (see package action) for files of the workspace.
type Invocation struct {
	Argv     []string
	Env      []string
	Writable []string // directories that must be there
}

// Invoke builds a program and returns how to run it, through its context's
// runner if it has one. The program is given by its address, or by its name
// if that is unique among the public programs of the request's contexts.
func (ev *Evaluator) Invoke(t *engine.Task, r Request, name string, args []string) (*Invocation, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	sel, err := ev.selection(t, ws, r.Contexts)
	if err != nil {
		return nil, err
	}
	if inv, err := ev.invokeProvided(t, ws, name, args); inv != nil || err != nil {
		return inv, err
	}
	g, public, err := ev.findProgram(t, ws, sel, name)
	if err != nil {
		return nil, err
	}
	p, err := ev.builtProgram(t, g, public)
	if err != nil {
		return nil, err
	}
	d, err := ev.directoryQ.Get(t, dirKey{g.ctx, g.dir})
	if err != nil {
		return nil, err
	}
	cmd := &command{env: map[string]string{}}
	diags := ev.runBuilt(&scope{ev: ev, t: t, dir: d}, cmd, p.art, p.path, args, g.header.Range)
	if err := ev.report(diags); err != nil {
		return nil, err
	}
	if g.isDuneProgram() {
		env, files, err := ev.dune.SiteEnv(t, g.dune)
		if err != nil {
			return nil, duneError(err)
		}
		maps.Copy(cmd.env, env)
		cmd.inputs = append(cmd.inputs, files...)
	}
	if err := t.Build(unique(append(outputsOnly(cmd.inputs), p.path))...); err != nil {
		return nil, err
	}
	return &Invocation{Argv: absolutePrograms(cmd.argv), Env: toolchain.Environ(cmd.env), Writable: cmd.writable}, nil
}

// findProgram finds the program that a person means: a block and, of those
// that it makes, the name.
func (ev *Evaluator) findProgram(t *engine.Task, ws *config.Workspace, sel []addr.Context, name string) (*target, string, error) {
	switch a, err := addr.Parse(name); a := a.(type) {
	case addr.Public:
		if a.Kind != addr.KindBin {
			return nil, "", usage("%s is not a program", name)
		}
		return ev.publicProgram(t, ws, a.Element(), name)
	case addr.Element:
		if a.Kind != addr.KindBin {
			return nil, "", usage("%s is not a program", name)
		}
		return ev.publicProgram(t, ws, a, name)
	case addr.Target:
		return ev.targetProgram(t, ws, sel, a, name)
	case addr.Artifact:
		return ev.targetProgram(t, ws, sel, programAt(a.Context, a.Path), name)
	default:
		if rest, ok := strings.CutSuffix(name, ".exe"); ok && isDunePath(name, ws) {
			return ev.targetProgram(t, ws, sel, programAt(addr.Context{}, rest), name)
		}
		if err != nil && strings.ContainsAny(name, "/:") {
			return nil, "", usage("%v", err)
		}
	}
	return ev.namedProgram(t, ws, sel, name)
}

// programAt is the program at a path in the tree, as dune's users name one.
func programAt(c addr.Context, p string) addr.Target {
	dir, base := path.Split(path.Clean(p))
	base = strings.TrimSuffix(strings.TrimSuffix(base, ".exe"), ".bc")
	return addr.Target{Context: c, Dir: joinPath(dir), Kind: addr.BlockExecutable, Name: base}
}

func (ev *Evaluator) publicProgram(t *engine.Task, ws *config.Workspace, el addr.Element, name string) (*target, string, error) {
	if err := ev.knownInstance(t, ws, el.Context); err != nil {
		return nil, "", err
	}
	ref := lang.Ref{Root: "context", Range: hcl.Range{Filename: "(command line)", Start: hcl.InitialPos, End: hcl.InitialPos}}
	if diags := ev.checkElement(t, el, ref, 0); diags.HasErrors() {
		if ev.report(onlyPassed(diags)) != nil {
			return nil, "", errReported
		}
		return nil, "", usage("%s", lowerFirst(diags[0].Detail))
	}
	pub, err := ev.publicQ.Get(t, el.Context)
	if err != nil {
		return nil, "", err
	}
	return pub.bins[el.Name], el.Name, nil
}

// onlyPassed keeps the diagnostics that stand for others.
func onlyPassed(diags hcl.Diagnostics) hcl.Diagnostics {
	var out hcl.Diagnostics
	for _, d := range diags {
		if _, ok := d.Extra.(passThrough); ok {
			out = append(out, d)
		}
	}
	return out
}

// knownInstance judges whether there is a context instance of that name.
func (ev *Evaluator) knownInstance(t *engine.Task, ws *config.Workspace, c addr.Context) error {
	if err := knownContext(ws, c); err != nil {
		return err
	}
	in, err := ev.instancesQ.Get(t, addr.Context{Name: c.Name})
	if err != nil {
		return err
	}
	if !in.has(c.Key) {
		if c.Key == "" {
			return usage("context %q has instances: write %s@KEY.%s", c.Name, c.Name, instanceList(in))
		}
		return usage("context %q has no instance %q.%s%s", c.Name, c.Key, suggestOnly(c.Key, in.keys), instanceList(in))
	}
	return nil
}

func (ev *Evaluator) targetProgram(t *engine.Task, ws *config.Workspace, sel []addr.Context, a addr.Target, name string) (*target, string, error) {
	if a.Kind != addr.BlockExecutable {
		return nil, "", usage("%s is not a program", name)
	}
	list := sel
	if !a.Context.IsZero() {
		list = []addr.Context{a.Context}
	}
	return ev.oneProgram(t, ws, list, name, func(g *target, _ string) bool {
		return (g.executable != nil || g.isDuneProgram()) && g.dir == a.Dir && g.name == a.Name && g.key == a.Key
	})
}

func (ev *Evaluator) namedProgram(t *engine.Task, ws *config.Workspace, sel []addr.Context, name string) (*target, string, error) {
	return ev.oneProgram(t, ws, sel, name, func(_ *target, public string) bool { return public == name })
}

// oneProgram finds the one program of some contexts that is meant. match is
// asked about each block with the names of its public programs, or "".
func (ev *Evaluator) oneProgram(t *engine.Task, ws *config.Workspace, list []addr.Context, name string, match func(g *target, public string) bool) (*target, string, error) {
	var found []*program
	var names []string
	for _, s := range list {
		in, err := ev.instancesQ.Get(t, addr.Context{Name: s.Name})
		if err != nil {
			return nil, "", err
		}
		for _, k := range in.keys {
			if s.Key != "" && s.Key != k {
				continue
			}
			dirs, err := ev.directories(t, addr.Context{Name: s.Name, Key: k})
			if err != nil {
				return nil, "", err
			}
			for _, d := range dirs {
				for _, g := range d.order {
					public := g.publicPrograms()
					names = append(names, public...)
					if len(public) == 0 {
						public = []string{""}
					}
					for _, p := range public {
						if g.enabled && match(g, p) {
							found = append(found, &program{g: g, name: p})
						}
					}
				}
			}
		}
	}
	switch len(found) {
	case 1:
		return found[0].g, found[0].name, nil
	case 0:
		return nil, "", usage("there is no program %q.%s", name, didYouMean(name, unique(names)))
	}
	var ways []string
	for _, p := range found {
		ways = append(ways, p.address())
	}
	return nil, "", usage("%q is built in several contexts: say which, %s", name, strings.Join(ways, ", "))
}

// Words lists addresses that a person may mean, for shell completion:
// contexts, targets, tests, programs or elements. It evaluates no more than
// names.
func (ev *Evaluator) Words(t *engine.Task, of string) []string {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil
	}
	all, err := ev.allContextsQ.Get(t, "")
	if err != nil && len(all) == 0 {
		return nil
	}
	var out []string
	for _, c := range all {
		if of == "contexts" || of == "targets" || of == "tests" {
			out = append(out, c.String())
		}
		if of == "contexts" {
			continue
		}
		if of == "elements" {
			for _, o := range ws.Context(c.Name).Outputs {
				out = append(out, addr.Element{Context: c, Kind: addr.KindOutput, Name: o.Name}.String())
			}
			names, _ := ev.settingNames(t, c)
			for _, n := range names {
				out = append(out, addr.Element{Context: c, Kind: addr.KindSettings, Name: n}.String())
			}
		}
		out = append(out, ev.packageWords(t, c, of)...)
		dirs, err := ev.directories(t, c)
		if err != nil {
			continue
		}
		for _, d := range dirs {
			for _, g := range d.order {
				switch {
				case !g.enabled, !g.isTest() && of == "tests", g.executable == nil && g.ninja == nil && !g.isDuneProgram() && of == "programs":
				case (g.executable != nil || g.isDuneProgram()) && g.public, g.ninja != nil && of == "programs":
					for _, name := range g.publicPrograms() {
						out = append(out, addr.Public{Context: c, Kind: addr.KindBin, Name: name}.String())
					}
				default:
					out = append(out, g.addr().String())
				}
			}
		}
	}
	return unique(out)
}
