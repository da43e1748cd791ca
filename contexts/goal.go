package contexts

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// A Request is what was asked for.
type Request struct {
	Contexts []string // of -c; the workspace's default when empty
	Args     []string // addresses; all default goals when empty
	Tests    bool     // run the tests among them, instead of building
}

// A UsageError says that a request makes no sense in this workspace.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

func usage(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// An Outcome is what a request came to, besides files.
type Outcome struct {
	mu       sync.Mutex
	Programs []Program
	Tests    Tests

	found []foundTest
}

// A Program is an executable that was asked for.
type Program struct {
	Address string // "app:bin.hello" or the target
	Path    string
}

func (o *Outcome) program(p *program) {
	if p.path == "" {
		return
	}
	o.mu.Lock()
	o.Programs = append(o.Programs, Program{p.address(), p.path})
	o.mu.Unlock()
}

// Make evaluates and builds what was asked for. It returns a *UsageError, or
// an error that says that something was reported.
func (ev *Evaluator) Make(t *engine.Task, r Request) (*Outcome, error) {
	out := &Outcome{}
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return out, err
	}
	if err := ev.knownVariables(ws); err != nil {
		return out, err
	}
	sel, err := ev.selection(t, ws, r.Contexts)
	if err != nil {
		return out, err
	}
	t.PruneContexts(func(former string) bool {
		name, _, _ := strings.Cut(former, "@")
		return ws.Context(name) != nil // see contextInstances for keys
	})
	pruneSources(t, ws)
	var fns []func(*engine.Task) error
	if len(r.Args) == 0 {
		for _, s := range sel {
			fns = append(fns, func(t *engine.Task) error {
				return ev.eachInstance(t, ws, s, func(t *engine.Task, c addr.Context) error { return ev.makeContext(t, c, r, out) })
			})
		}
	}
	for _, a := range r.Args {
		fn, err := ev.makeArg(t, ws, sel, a, r, out)
		if err != nil {
			return out, err
		}
		fns = append(fns, fn)
	}
	err = t.Run(fns...)
	sort.Slice(out.Programs, func(i, j int) bool { return out.Programs[i].Address < out.Programs[j].Address })
	ev.arrangeTests(t, ws, out)
	return out, err
}

// selection lists the contexts that a request is about. A context without a
// key that has a for_each stands for all its instances.
func (ev *Evaluator) selection(t *engine.Task, ws *config.Workspace, names []string) ([]addr.Context, error) {
	var sel []addr.Context
	for _, n := range names {
		c, err := addr.ParseContext(n)
		if err != nil {
			return nil, usage("%v", err)
		}
		if err := knownContext(ws, c); err != nil {
			return nil, err
		}
		sel = append(sel, c)
	}
	if len(names) > 0 {
		return sel, nil
	}
	if ws.Default != nil {
		val, diags := lang.Eval(ws.Default, &scope{ev: ev, t: t})
		if diags.HasErrors() {
			return nil, ev.report(diags)
		}
		list, known, ok := capsules[addr.Context](val, contextType)
		if !ok || !known {
			return nil, ev.report(errorAt(ws.Default.Range(), "Not contexts", "default is a list of contexts: [context.app, context.tools]."))
		}
		return list, nil
	}
	for _, c := range ws.Contexts {
		sel = append(sel, addr.Context{Name: c.Name})
	}
	return sel, nil
}

func knownContext(ws *config.Workspace, c addr.Context) error {
	if ws.Context(c.Name) != nil {
		return nil
	}
	var names []string
	for _, b := range ws.Contexts {
		names = append(names, b.Name)
	}
	return usage("there is no context %q.%s", c.Name, didYouMean(c.Name, names))
}

// eachInstance calls fn for the instances that c stands for, at the same time.
func (ev *Evaluator) eachInstance(t *engine.Task, ws *config.Workspace, c addr.Context, fn func(*engine.Task, addr.Context) error) error {
	in, err := ev.instancesQ.Get(t.At(site(ws.Context(c.Name).Range)), addr.Context{Name: c.Name})
	if err != nil {
		return err
	}
	keys := in.keys
	if c.Key != "" && in.single {
		return usage("context %q has no for_each, and so no instances", c.Name)
	}
	if c.Key != "" && !c.IsAll() {
		if in.known && !in.has(c.Key) {
			return usage("context %q has no instance %q.%s%s", c.Name, c.Key, suggestOnly(c.Key, in.keys), instanceList(in))
		}
		keys = []string{c.Key}
	}
	if !in.known {
		t.Deferred(c.Name, "all instances of context "+c.Name, in.waits)
		return nil
	}
	var fns []func(*engine.Task) error
	for _, k := range keys {
		fns = append(fns, func(t *engine.Task) error { return fn(t, addr.Context{Name: c.Name, Key: k}) })
	}
	return t.Run(fns...)
}

// makeContext makes the default goals of a context: what is public, and what
// its tests run; or its tests.
func (ev *Evaluator) makeContext(t *engine.Task, c addr.Context, r Request, out *Outcome) error {
	targets := func(t *engine.Task) error {
		dirs, err := ev.directories(t, c)
		if err != nil {
			return deferDune(t, c, "what its dune files declare", err)
		}
		var fns []func(*engine.Task) error
		for _, d := range dirs {
			for _, g := range d.order {
				if g.enabled && g.dune == nil && (r.Tests && g.test != nil || !r.Tests && (g.public || g.test != nil || g.install != nil || g.ninja != nil || g.pkg != nil)) {
					fns = append(fns, func(t *engine.Task) error { return ev.makeTarget(t, g, r, out) })
				}
			}
		}
		return t.Run(fns...)
	}
	dune := func(t *engine.Task) error { return ev.makeDune(t, c, r, out) }
	if r.Tests {
		return t.Run(targets, dune)
	}
	return t.Run(targets, dune, func(t *engine.Task) error { return ev.makeValues(t, c) })
}

// makeValues evaluates the outputs and settings of a context: they are public.
func (ev *Evaluator) makeValues(t *engine.Task, c addr.Context) error {
	d, err := ev.definition(t, c)
	if err != nil {
		return err
	}
	var els []addr.Element
	seen := map[string]bool{}
	for _, def := range ev.chain(d) {
		for _, o := range def.Outputs {
			if !seen[o.Name] {
				seen[o.Name] = true
				els = append(els, addr.Element{Context: c, Kind: addr.KindOutput, Name: o.Name})
			}
		}
	}
	set, err := ev.packagesQ.Get(t, c)
	if err != nil {
		return err
	}
	for _, n := range set.names() {
		els = append(els, addr.Element{Context: c, Kind: addr.KindPrefix, Name: n})
	}
	names, err := ev.settingNames(t, c)
	if err != nil {
		return err
	}
	for _, n := range names {
		els = append(els, addr.Element{Context: c, Kind: addr.KindSettings, Name: n})
	}
	fns := []func(*engine.Task) error{
		func(t *engine.Task) error { _, err := ev.toolchainsQ.Get(t, attrKey{c, "toolchains"}); return err },
		func(t *engine.Task) error { _, err := ev.profileQ.Get(t, attrKey{c, "profile"}); return err },
		func(t *engine.Task) error { _, err := ev.importsQ.Get(t, attrKey{c, "imports"}); return err },
		func(t *engine.Task) error { _, err := ev.envQ.Get(t, attrKey{c, "env"}); return err },
		func(t *engine.Task) error { _, err := ev.hostQ.Get(t, attrKey{c, "host"}); return err },
		func(t *engine.Task) error { _, err := ev.runnerQ.Get(t, attrKey{c, "runner"}); return err },
	}
	for _, el := range els {
		fns = append(fns, func(t *engine.Task) error {
			_, err := ev.elementQ.Get(t, el)
			return deferKnown(t, c, el.String(), err)
		})
	}
	return t.Run(fns...)
}

// makeTarget makes one target. When planning, what its actions are may be
// known only after a build.
func (ev *Evaluator) makeTarget(t *engine.Task, g *target, r Request, out *Outcome) error {
	return deferKnown(t, g.ctx, "actions of "+g.addr().String(), ev.makeKnown(t, g, r, out))
}

// deferKnown takes note, when planning, of what cannot be told before a build.
func deferKnown(t *engine.Task, c addr.Context, what string, err error) error {
	if later := (*notYet)(nil); errors.As(err, &later) {
		t.Deferred(c.String(), what, later.waits)
		return nil
	}
	return err
}

// makeKnown makes one target. Of a test, that is what it runs, or its run.
func (ev *Evaluator) makeKnown(t *engine.Task, g *target, r Request, out *Outcome) error {
	t.At(site(g.header.Range))
	switch {
	case g.test != nil:
		x, err := ev.testQ.Get(t, g.addr())
		if r.Tests {
			out.test(g, x)
		}
		switch {
		case err != nil:
			return err
		case !r.Tests:
			return t.Build(outputsOnly(x.needs)...)
		}
		return t.Build(x.result)
	case g.rule != nil:
		x, err := ev.ruleQ.Get(t, g.addr())
		if err != nil {
			return err
		}
		return t.Build(x.outs...)
	case g.dune != nil:
		return ev.makeDuneTarget(t, g, r, out)
	case g.ninja != nil:
		return ev.makeNinja(t, g, out)
	case g.pkg != nil:
		_, err := ev.elementQ.Get(t, addr.Element{Context: g.ctx, Kind: addr.KindPrefix, Name: g.fileName()})
		return err
	case g.install != nil:
		x, err := ev.installQ.Get(t, g.addr())
		if err != nil {
			return err
		}
		var files []string
		for _, f := range x.files {
			files = append(files, f)
		}
		sort.Strings(files)
		return t.Build(files...)
	}
	c, err := ev.componentQ.Get(t, g.addr())
	if err != nil {
		return err
	}
	out.program(c.program())
	return t.Build(c.files...)
}

func outputsOnly(paths []string) []string {
	var out []string
	for _, p := range paths {
		if strings.HasPrefix(p, addr.BuildDir+"/") {
			out = append(out, p)
		}
	}
	return out
}

// makeArg returns the function that makes what one argument asks for.
func (ev *Evaluator) makeArg(t *engine.Task, ws *config.Workspace, sel []addr.Context, arg string, r Request, out *Outcome) (func(*engine.Task) error, error) {
	if isDunePath(arg, ws) {
		if fn, err := ev.duneArg(t, ws, sel, arg, out); fn != nil || err != nil {
			return fn, err
		}
	}
	a, err := addr.Parse(arg)
	if err != nil {
		return nil, usage("%v", err)
	}
	in := func(c addr.Context, fn func(*engine.Task, addr.Context) error) (func(*engine.Task) error, error) {
		if c.IsZero() {
			return func(t *engine.Task) error {
				var fns []func(*engine.Task) error
				for _, s := range sel {
					fns = append(fns, func(t *engine.Task) error { return ev.eachInstance(t, ws, s, fn) })
				}
				return t.Run(fns...)
			}, nil
		}
		if err := knownContext(ws, c); err != nil {
			return nil, err
		}
		return func(t *engine.Task) error { return ev.eachInstance(t, ws, c, fn) }, nil
	}
	switch a := a.(type) {
	case addr.Context:
		return in(a, func(t *engine.Task, c addr.Context) error { return ev.makeContext(t, c, r, out) })
	case addr.Public:
		return in(a.Context, func(t *engine.Task, c addr.Context) error { return ev.makeElement(t, c, a.Element(), r, out) })
	case addr.Element:
		return in(a.Context, func(t *engine.Task, c addr.Context) error { return ev.makeElement(t, c, a, r, out) })
	case addr.Directory:
		found := &sightings{arg: arg}
		return found.atEnd(in(a.Context, func(t *engine.Task, c addr.Context) error { return ev.makeDirectory(t, c, a, r, out, found) }))
	case addr.Target:
		found := &sightings{arg: arg}
		return found.atEnd(in(a.Context, func(t *engine.Task, c addr.Context) error { return ev.makeNamed(t, c, a, r, out, found) }))
	case addr.Artifact:
		return in(a.Context, func(t *engine.Task, c addr.Context) error { return ev.makeArtifact(t, c, a) })
	}
	return nil, usage("%s cannot be built; erg why tells about it", arg)
}

// sightings notes whether any context had what was asked for.
type sightings struct {
	mu    sync.Mutex
	arg   string
	found bool
	names []string
}

func (s *sightings) add(found bool, names ...string) {
	s.mu.Lock()
	s.found = s.found || found
	s.names = append(s.names, names...)
	s.mu.Unlock()
}

// later is the error for what a context does not tell before a build, when
// planning: what was asked for may be there then.
func (s *sightings) later(t *engine.Task, c addr.Context, err error) error {
	if err = deferDune(t, c, s.arg, err); err == nil {
		s.add(true)
	}
	return err
}

func (s *sightings) atEnd(fn func(*engine.Task) error, err error) (func(*engine.Task) error, error) {
	return func(t *engine.Task) error {
		if err := fn(t); err != nil {
			return err
		}
		if !s.found {
			return usage("nothing is called %s in any context.%s", s.arg, suggestOnly(s.arg, s.names))
		}
		return nil
	}, err
}

func (ev *Evaluator) makeDirectory(t *engine.Task, c addr.Context, a addr.Directory, r Request, out *Outcome, found *sightings) error {
	dirs, err := ev.directories(t, c)
	if err != nil {
		return found.later(t, c, err)
	}
	var fns []func(*engine.Task) error
	for _, d := range dirs {
		found.add(a.Contains(d.dir), addr.Directory{Context: a.Context, Dir: d.dir}.String())
		if !a.Contains(d.dir) {
			continue
		}
		for _, g := range d.order {
			if g.enabled && (g.isTest() || !r.Tests) {
				fns = append(fns, func(t *engine.Task) error { return ev.makeTarget(t, g, r, out) })
			}
		}
	}
	return t.Run(fns...)
}

func (ev *Evaluator) makeNamed(t *engine.Task, c addr.Context, a addr.Target, r Request, out *Outcome, found *sightings) error {
	dirs, err := ev.directories(t, c)
	if err != nil {
		return found.later(t, c, err)
	}
	var fns []func(*engine.Task) error
	for _, d := range dirs {
		for _, g := range d.order {
			full := g.addr()
			if a.Context.IsZero() {
				full.Context = addr.Context{}
			}
			found.add(false, full.String())
			if g.dir != a.Dir || g.kind != a.Kind || g.name != a.Name || a.Key != "" && a.Key != g.key {
				continue
			}
			found.add(true)
			if !g.enabled {
				if a.Context.IsZero() {
					continue
				}
				return ev.report(g.disabled(g.header.Range))
			}
			fns = append(fns, func(t *engine.Task) error { return ev.makeTarget(t, g, r, out) })
		}
	}
	return t.Run(fns...)
}
