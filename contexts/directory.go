package contexts

import (
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// A directory is a build file in one context: which blocks there are, after
// for_each and enabled. What the blocks emit is not evaluated yet.
type directory struct {
	ctx     addr.Context
	dir     string
	root    string // contextRoot of ctx
	build   *config.Build
	targets map[string]*target // by "KIND.NAME[@KEY]"
	order   []*target
	each    map[string]*instances // of blocks with for_each, by "KIND.NAME"
	outputs map[string]*target    // rules, by the names of their outputs relative to dir
}

// A target is a block of a build file, in one context, for one key.
type target struct {
	ctx    addr.Context
	dir    string
	kind   addr.BlockKind
	name   string
	key    string
	nth    int // of the block's instances
	header *config.Header
	block  *config.Block
	each   *eachValue

	enabled   bool
	failed    bool   // its outputs cannot be told; that was reported
	condition string // the text of enabled
	public    bool
	outs      []string          // of a rule: names relative to dir
	bins      map[string]string // of a ninja block: what it makes, by the name that is public
	stdout    string            // of a rule: one of outs

	library    *config.Library
	executable *config.Executable
	rule       *config.Rule
	dune       *rules.Target
	ninja      *config.Ninja
	test       *config.Test
	install    *config.Install
	pkg        *config.Package
}

func (g *target) addr() addr.Target {
	return addr.Target{Context: g.ctx, Dir: g.dir, Kind: g.kind, Name: g.name, Key: g.key}
}

// id is the target's name in its directory, as in its address.
func (g *target) id() string { return targetID(g.kind, g.name, g.key) }

func targetID(kind addr.BlockKind, name, key string) string {
	_, id, _ := strings.Cut(addr.Target{Kind: kind, Name: name, Key: key}.String(), ":")
	return id
}

// fileName is the name under which the target's files go: instances of one
// block have files of their own.
func (g *target) fileName() string {
	if g.key != "" {
		return g.name + "@" + g.key
	}
	return g.name
}

// disabled is the error for a reference to a block that is not enabled here.
func (g *target) disabled(rng hcl.Range) hcl.Diagnostics {
	return errorAt(rng, "Reference to a disabled block", "%s in %s is disabled in context %s:\n%s: enabled = %s",
		g.id(), orTop(g.dir), g.ctx, site(g.header.AttrRange("enabled")), g.condition)
}

// buildFile reads the build file of a directory. An empty one stands for none.
func (ev *Evaluator) buildFile(t *engine.Task, dir string) (*config.Build, error) {
	name, src, err := findFile(t, dir, config.BuildFiles)
	if err != nil {
		at := joinPath(dir, config.BuildFiles[0])
		return nil, ev.report(ev.diagnose(err, hcl.Range{Filename: at, Start: hcl.InitialPos, End: hcl.InitialPos}, "Cannot read a build file"))
	}
	b, diags := config.ParseBuild(name, src)
	ev.addFile(name, b.File)
	if err := ev.report(diags); err != nil {
		return b, err
	}
	_ = ev.report(ev.checkBuild(b)) // see Evaluator.workspace
	return b, nil
}

// checkBuild finds references to nothing and calls of nothing, everywhere in
// the file.
func (ev *Evaluator) checkBuild(b *config.Build) hcl.Diagnostics {
	var diags hcl.Diagnostics
	check := func(h *config.Header, each bool) {
		sc := &scope{ev: ev, static: buildRoots(each)}
		for name, a := range h.Attrs {
			if name != "type" {
				diags = append(diags, lang.Check(a.Expr, sc)...)
			}
		}
	}
	for _, x := range b.Settings {
		check(&x.Header, false)
	}
	for _, x := range b.Libraries {
		check(&x.Header, x.ForEach != nil)
	}
	for _, x := range b.Executables {
		check(&x.Header, x.ForEach != nil)
	}
	for _, x := range b.Rules {
		check(&x.Header, x.ForEach != nil)
	}
	for _, x := range b.Ninjas {
		check(&x.Header, x.ForEach != nil)
	}
	for _, x := range b.Tests {
		check(&x.Header, x.ForEach != nil)
	}
	for _, x := range b.Installs {
		check(&x.Header, false)
	}
	diags = append(diags, ev.checkPackages(b)...)
	return diags
}

// directory evaluates which blocks a build file has in a context.
func (ev *Evaluator) directory(t *engine.Task, k dirKey) (*directory, error) {
	b, err := ev.buildFileQ.Get(t, k.dir)
	if err != nil {
		return nil, err
	}
	d := &directory{ctx: k.ctx, dir: k.dir, root: contextRoot(k.ctx), build: b,
		targets: map[string]*target{}, each: map[string]*instances{}, outputs: map[string]*target{}}
	var diags hcl.Diagnostics
	add := func(kind addr.BlockKind, blk *config.Block, fill func(*target)) {
		diags = append(diags, ev.expandBlock(t, d, kind, blk, fill)...)
	}
	for _, x := range b.Libraries {
		add(addr.BlockLibrary, &x.Block, func(g *target) { g.library = x })
	}
	for _, x := range b.Executables {
		add(addr.BlockExecutable, &x.Block, func(g *target) { g.executable = x })
	}
	for _, x := range b.Rules {
		add(addr.BlockRule, &x.Block, func(g *target) { g.rule = x })
	}
	for _, x := range b.Ninjas {
		add(addr.BlockNinja, &x.Block, func(g *target) { g.ninja = x })
	}
	for _, x := range b.Tests {
		add(addr.BlockTest, &x.Block, func(g *target) { g.test = x })
	}
	for _, x := range b.Installs {
		add(addr.BlockInstall, &x.Block, func(g *target) { g.install = x })
	}
	for _, x := range b.Packages {
		add(addr.BlockPackage, &x.Block, func(g *target) { g.pkg = x })
	}
	for _, g := range d.order {
		diags = append(diags, ev.publicAndOutputs(t, d, g)...)
	}
	if err := ev.report(diags); err != nil {
		return d, err
	}
	if err := ev.duneTargets(t, d); err != nil {
		return d, err
	}
	def, err := ev.definition(t, k.ctx)
	if err != nil {
		return d, err
	}
	scope := dirKey.String(k) + ":"
	t.Prune(scope, func(name, output string) bool {
		id := strings.TrimPrefix(name, scope)
		if name == ocaml.DirectoryTarget(k.ctx.String(), k.dir) || strings.HasPrefix(id, "output.") || k.dir == "" && ev.declaresPackage(def, id) {
			return true // see pruneContext for what the context itself declares
		}
		g := d.targets[id]
		if g == nil || !g.enabled {
			return false
		}
		if g.rule == nil {
			return true
		}
		return contains(g.outs, strings.TrimPrefix(output, joinPath(d.root, d.dir)+"/"))
	})
	return d, nil
}

// expandBlock adds a block's instances to the directory.
func (ev *Evaluator) expandBlock(t *engine.Task, d *directory, kind addr.BlockKind, blk *config.Block, fill func(*target)) hcl.Diagnostics {
	sc := &scope{ev: ev, t: t, dir: d}
	in, diags := ev.expand(blk.ForEach, sc)
	if in == nil {
		return diags
	}
	base := targetID(kind, blk.Name, "")
	d.each[base] = in
	if !in.known {
		t.Deferred(d.ctx.String(), "all instances of "+dirKey{d.ctx, d.dir}.String()+":"+base, in.waits)
	}
	for i, key := range in.keys {
		g := &target{ctx: d.ctx, dir: d.dir, kind: kind, name: blk.Name, key: key, nth: i, header: &blk.Header, block: blk, each: in.each[key], enabled: true}
		fill(g)
		if blk.Enabled != nil {
			val, more := lang.Eval(blk.Enabled, &scope{ev: ev, t: t, dir: d, each: g.each})
			diags = append(diags, more...)
			b, more := lang.Bool(val, blk.Enabled.Range(), "enabled")
			diags = append(diags, more...)
			g.enabled = !b.Known || b.Value
			g.condition = string(blk.Enabled.Range().SliceBytes(d.build.File.Bytes))
		}
		ev.mu.Lock()
		ev.headers[g.addr().String()] = blk.Range
		ev.mu.Unlock()
		d.targets[g.id()] = g
		d.order = append(d.order, g)
	}
	return diags
}

// publicAndOutputs evaluates what others must know of a target before they
// refer to it.
func (ev *Evaluator) publicAndOutputs(t *engine.Task, d *directory, g *target) hcl.Diagnostics {
	sc := &scope{ev: ev, t: t, dir: d, each: g.each}
	var public hcl.Expression
	switch {
	case g.library != nil:
		public = g.library.Public
	case g.executable != nil:
		public = g.executable.Public
	case g.rule != nil:
		public = g.rule.Public
	}
	var diags hcl.Diagnostics
	if public != nil {
		val, more := lang.Eval(public, sc)
		diags = append(diags, more...)
		b, more := lang.Bool(val, public.Range(), "public")
		diags = append(diags, more...)
		g.public = b.Value
	}
	if g.ninja != nil && g.enabled {
		diags = append(diags, ninjaPrograms(g, sc)...)
	}
	if g.rule == nil {
		return diags
	}
	// The outputs of a disabled rule are of interest to whoever refers to
	// them, and their errors to nobody.
	more := ev.ruleOutputs(d, g, sc)
	if g.enabled && more.HasErrors() {
		g.failed = true
		_ = ev.report(more)
	}
	return diags
}

// ruleOutputs evaluates what a rule makes.
func (ev *Evaluator) ruleOutputs(d *directory, g *target, sc *scope) hcl.Diagnostics {
	var diags hcl.Diagnostics
	if g.rule.Outputs != nil {
		val, more := lang.Eval(g.rule.Outputs, sc)
		diags = append(diags, more...)
		l, more := lang.StringList(val, g.rule.Outputs.Range(), "outputs")
		diags = append(diags, more...)
		g.outs = append(g.outs, l.Value...)
	}
	if g.rule.Stdout != nil {
		val, more := lang.Eval(g.rule.Stdout, sc)
		diags = append(diags, more...)
		s, more := lang.String(val, g.rule.Stdout.Range(), "stdout")
		diags = append(diags, more...)
		if g.stdout = path.Clean(s.Value); s.Known && !contains(g.outs, s.Value) {
			g.outs = append(g.outs, s.Value)
		}
	}
	if w := sc.waits(); len(w) > 0 && !diags.HasErrors() && g.enabled {
		// A plan cannot say what it makes; who names its outputs is told so.
		sc.t.Deferred(d.ctx.String(), "outputs of "+g.addr().String(), w)
		g.enabled = false
		return diags
	}
	return append(diags, d.claim(g)...)
}

// claim registers the outputs of a rule.
func (d *directory) claim(g *target) hcl.Diagnostics {
	var diags hcl.Diagnostics
	at := g.header.AttrRange("outputs")
	if g.rule.Outputs == nil {
		at = g.header.AttrRange("stdout")
	}
	if len(g.outs) == 0 {
		return errorAt(g.header.Range, "Rule without outputs", "A rule says what it makes: outputs = [\"gen.h\"], or stdout = \"gen.h\".")
	}
	for i, o := range g.outs {
		p := path.Clean(o)
		if path.IsAbs(p) || p == "." || p == ".." || strings.HasPrefix(p, "../") {
			diags = append(diags, errorAt(at, "Output outside of the workspace", "An output is the name of a file in the directory of the build file or below it, not %q.", o)...)
			continue
		}
		if err := checkName(d.dir, p); err != nil {
			diags = append(diags, errorAt(at, "Invalid file name", "%s", sentence(err.Error()))...)
			continue
		}
		g.outs[i] = p
		if other := d.outputs[p]; other != nil && !g.enabled {
			continue
		} else if other != nil && other.enabled {
			diags = append(diags, errorAt(at, "Two declarations for one output", "%q is made by %s (%s) and by %s (%s).",
				p, other.id(), site(other.header.Range), g.id(), site(g.header.Range))...)
			continue
		}
		d.outputs[p] = g
	}
	return diags
}

// resolveTarget resolves executable.N, library.N, rule.N["KEY"].out["F"] and
// ninja.N["KEY"].file["F"].
func (sc *scope) resolveTarget(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	all := len(ref.Steps)
	name, diags := stepName(ref, 0, "the name of "+article(ref.Root))
	if name == "" {
		return cty.DynamicVal, all, diags
	}
	d, err := sc.ev.directoryQ.Get(sc.t, dirKey{sc.dir.ctx, sc.dir.dir})
	if err != nil {
		return cty.DynamicVal, all, sc.ev.diagnose(err, ref.Range, "Invalid reference")
	}
	base, n := ref.Root+"."+name, 1
	in := d.each[base]
	if g := d.targets[base]; in == nil && g != nil && g.isDuneLibrary() {
		return libraryVal(g.addr()), n, nil
	}
	if in == nil {
		var names []string
		for b := range d.each {
			if k, n, _ := strings.Cut(b, "."); k == ref.Root {
				names = append(names, n)
			}
		}
		what := ref.Root
		if what == string(addr.BlockNinja) {
			what = "ninja block"
		}
		return absentRef(ref, 1, what+" | in "+orTop(d.dir), name, names)
	}
	id := base
	if !in.single {
		key, diags := in.keyStep(ref, 1, base)
		if key == "" {
			return cty.DynamicVal, all, diags
		}
		id, n = base+"@"+key, 2
	}
	g := d.targets[id]
	if !g.enabled {
		return cty.DynamicVal, all, g.disabled(ref.Range)
	}
	switch g.kind {
	case addr.BlockLibrary:
		return libraryVal(g.addr()), n, nil
	case addr.BlockExecutable:
		c, err := sc.ev.componentQ.Get(sc.t, g.addr())
		if err != nil {
			return cty.UnknownVal(cty.String), all, sc.ev.diagnose(err, ref.Range, "Invalid reference")
		}
		return c.program().val(), n, nil
	case addr.BlockNinja:
		return sc.ninjaOutput(ref, n, g)
	}
	return sc.ruleOutput(ref, n, d, g)
}

// ruleOutput resolves .out["F"]; the step out is the n-th.
func (sc *scope) ruleOutput(ref lang.Ref, n int, d *directory, g *target) (cty.Value, int, hcl.Diagnostics) {
	vals := map[string]cty.Value{}
	for _, o := range g.outs {
		vals[o] = lang.FileVal(lang.FileMark{Path: joinPath(d.root, d.dir, o), ID: artifact{ctx: g.ctx, target: g.addr().String()}})
	}
	if _, err := sc.ev.ruleQ.Get(sc.t, g.addr()); err != nil {
		return cty.DynamicVal, len(ref.Steps), sc.ev.diagnose(err, ref.Range, "Invalid reference")
	}
	if len(ref.Steps) > n {
		if name, _ := stepName(ref, n, ""); name != "out" {
			return absentRef(ref, n+1, "attribute | of a rule", name, []string{"out"})
		}
		if len(ref.Steps) > n+1 {
			o, diags := stepName(ref, n+1, "the name of an output")
			if o == "" {
				return cty.DynamicVal, len(ref.Steps), diags
			}
			v, ok := vals[path.Clean(o)]
			if !ok {
				return absentRef(ref, n+2, "output | of "+g.id(), o, g.outs)
			}
			return v, n + 2, nil
		}
		return cty.ObjectVal(vals), n + 1, nil
	}
	return cty.ObjectVal(map[string]cty.Value{"out": cty.ObjectVal(vals)}), n, nil
}

// resolveDirSetting resolves ctx.settings.N in a build file, which must
// declare it.
func (sc *scope) resolveDirSetting(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	if len(ref.Steps) == 1 {
		vals := map[string]cty.Value{}
		var diags hcl.Diagnostics
		for _, s := range sc.dir.build.Settings {
			v, more := sc.dirSetting(s, ref)
			vals[s.Name], diags = v, append(diags, more...)
		}
		return cty.ObjectVal(vals), 1, diags
	}
	name, diags := stepName(ref, 1, "the name of a setting")
	if name == "" {
		return cty.DynamicVal, len(ref.Steps), diags
	}
	for _, s := range sc.dir.build.Settings {
		if s.Name == name {
			v, diags := sc.dirSetting(s, ref)
			return v, 2, diags
		}
	}
	var names []string
	for _, s := range sc.dir.build.Settings {
		names = append(names, s.Name)
	}
	return cty.DynamicVal, len(ref.Steps), errorAt(ref.RangeOf(2), "Undeclared setting",
		"This file does not declare a setting %q.%s\nTo read it, declare it here: setting %q { type = string }", name, didYouMean(name, names), name)
}

// dirSetting is the context's value of a declared setting, or its default.
func (sc *scope) dirSetting(s *config.Setting, ref lang.Ref) (cty.Value, hcl.Diagnostics) {
	c := sc.dir.ctx
	unknown := cty.DynamicVal
	if s.Type != cty.NilType {
		unknown = cty.UnknownVal(s.Type)
	}
	el := addr.Element{Context: c, Kind: addr.KindSettings, Name: s.Name}
	names, err := sc.ev.settingNames(sc.t, c)
	if err != nil {
		return unknown, sc.ev.diagnose(err, ref.Range, "Invalid settings")
	}
	if !contains(names, s.Name) {
		if s.Default == nil {
			return unknown, errorAt(s.Range, "Missing setting", "Context %s has no setting %q, and there is no default.%s", c, s.Name, suggestOnly(s.Name, names))
		}
		val, diags := lang.Eval(s.Default, &scope{ev: sc.ev, t: sc.t, dir: sc.dir})
		if diags.HasErrors() {
			return unknown, diags
		}
		return convertTo(val, s.TypeConstraint, s.Default.Range(), fmt.Sprintf("the default of setting %q", s.Name))
	}
	val, err := sc.ev.elementQ.Get(sc.t, el)
	if err != nil {
		return unknown, sc.ev.diagnose(err, ref.Range, "Invalid setting")
	}
	return convertTo(orDynamic(val), s.TypeConstraint, s.Range, fmt.Sprintf("setting %q of context %s", s.Name, c))
}
