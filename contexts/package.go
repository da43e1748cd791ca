package contexts

import (
	"cmp"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// A pkg is a package block in one context: its action is defined. Its address
// as an element is that of its prefix.
type pkg struct {
	el    addr.Element
	decl  *packageDecl
	block *config.Package
	list  string              // the output of its action: what is installed
	tree  *engine.InstallTree // nil while that is not known
}

// findPackage finds a package block of a context or of its templates.
func (ev *Evaluator) findPackage(d *definedAt, name string) *config.Package {
	chain := ev.chain(d)
	for i := len(chain) - 1; i >= 0; i-- {
		if p := chain[i].Package(name); p != nil {
			return p
		}
	}
	return nil
}

// pkg evaluates a package block, and has the package built: its prefix is a
// value that nobody knows before. nil stands for an instance of which only a
// build can tell whether there is one.
func (ev *Evaluator) pkg(t *engine.Task, el addr.Element) (*pkg, error) {
	decl, err := ev.packageDecl(t, el)
	if err != nil || decl == nil {
		return nil, err
	}
	sc, err := ev.packageScope(t, el.Context, decl)
	if err != nil {
		return nil, err
	}
	sc.prefix = true
	b := decl.block
	root := contextRoot(el.Context)
	p := &pkg{el: el, decl: decl, block: b, list: action.PackageOutput(root, el.Name)}
	spec := action.Spec{
		Name:      "package " + el.Name,
		Context:   el.Context.String(),
		Target:    decl.target(el.Context),
		Root:      root,
		Outputs:   []string{p.list},
		Sandbox:   true,
		Jobserver: true,
		Install:   &action.Install{Site: site(b.Range)},
	}
	_, bad := ev.providesQ.Get(t, provider{el.Context, decl.g != nil})
	if err := cmp.Or(ev.report(ev.packageSpec(sc, b, &spec)), bad); err != nil {
		return nil, err
	}
	if err := ev.addContextEnv(t, el.Context, &spec); err != nil {
		return nil, err
	}
	tools, err := ev.contextTools(t, el.Context)
	if later := (*notYet)(nil); errors.As(err, &later) {
		spec.Unknown = unique(append(spec.Unknown, later.waits...))
	} else if err != nil {
		return nil, err
	}
	spec.Tools = append(spec.Tools, tools...)
	if err := t.Define(spec); err != nil {
		return nil, ev.report(ev.diagnose(err, b.Range, "Invalid package"))
	}
	if p.tree, _, err = ev.at(t, b.Range).Installed(p.list); err != nil {
		return nil, ev.report(ev.diagnose(err, b.Range, "Cannot have a package"))
	}
	return p, ev.checkProvided(t, p)
}

// packageSpec evaluates the attributes of a package block.
func (ev *Evaluator) packageSpec(sc *scope, b *config.Package, spec *action.Spec) hcl.Diagnostics {
	// Whatever asks for the time of the build gets that of the source.
	cmd := &command{env: map[string]string{"HOME": action.Abs(action.Work), "SOURCE_DATE_EPOCH": strconv.Itoa(action.SourceTime)}}
	diags := ev.packageDeps(sc, b, cmd)
	tree, more := ev.sourceTree(sc, b.Source)
	diags = append(diags, more...)
	if tree != nil && b.Only != nil {
		diags = append(diags, ev.onlyPart(sc, tree, b.Only)...)
	}
	if tree != nil {
		spec.Install.Source = tree.dir
		cmd.inputs = append(cmd.inputs, tree.inputs...)
	}
	if b.Dir != nil {
		val, more := lang.Eval(b.Dir, sc)
		diags = append(diags, more...)
		s, more := lang.String(val, b.Dir.Range(), "dir")
		diags = append(diags, more...)
		dir, err := inside("", s.Value)
		if err != nil {
			diags = append(diags, errorAt(b.Dir.Range(), "Outside of the source", "dir is a directory of the source: \"src\", not %q.", s.Value)...)
		}
		spec.Install.Dir = dir
	}
	diags = append(diags, ev.packageSteps(sc, b, cmd, spec.Install)...)
	diags = append(diags, ev.packageTools(sc, b, cmd)...)
	if b.Env != nil {
		val, more := lang.Eval(b.Env, sc)
		diags = append(diags, more...)
		if !more.HasErrors() {
			cmd.addEnv(val, b.Env.Range(), &diags)
		}
	}
	if b.Timeout != nil {
		val, more := lang.Eval(b.Timeout, sc)
		diags = append(diags, more...)
		d, more := lang.Duration(val, b.Timeout.Range(), "timeout")
		diags = append(diags, more...)
		spec.Timeout = d.Value
	}
	cmd.fill(spec, sc)
	return diags
}

// packageDeps evaluates which packages a package is built with. Their
// programs are found first, and so are their libraries, by who looks for them
// in the usual ways.
func (ev *Evaluator) packageDeps(sc *scope, b *config.Package, cmd *command) hcl.Diagnostics {
	if b.Deps == nil {
		return nil
	}
	val, diags := lang.Eval(b.Deps, sc)
	deps, more := lang.Strings(val, b.Deps.Range(), "deps")
	if diags = append(diags, more...); diags.HasErrors() {
		return diags
	}
	var bins, pkgconfig, prefixes []string
	for i, dep := range deps.Value {
		if !dep.Known {
			continue
		}
		at := slices.IndexFunc(lang.FilesOf(dep.Marks), func(m lang.FileMark) bool { return action.IsPackageOutput(m.Path) })
		if at < 0 {
			diags = append(diags, errorAt(elementRange(b.Deps, i), "Not a package", "deps is a list of packages: [package.NAME, context.NAME.prefix.NAME].")...)
			continue
		}
		list := lang.FilesOf(dep.Marks)[at].Path
		cmd.inputs = append(cmd.inputs, list)
		tree, _, err := sc.t.Installed(list)
		if err != nil || tree == nil {
			diags = append(diags, ev.diagnose(err, elementRange(b.Deps, i), "Cannot have a package")...)
			continue
		}
		prefixes = append(prefixes, tree.Prefix)
		if tree.Lookup("bin") != nil {
			bins = append(bins, tree.Prefix+"/bin")
		}
		for _, dir := range []string{"lib/pkgconfig", "share/pkgconfig"} {
			if tree.Lookup(dir) != nil {
				pkgconfig = append(pkgconfig, tree.Prefix+"/"+dir)
			}
		}
	}
	set := func(name string, dirs []string, rest ...string) {
		if len(dirs) > 0 {
			cmd.env[name] = strings.Join(append(dirs, rest...), ":")
		}
	}
	set("PATH", bins, searchPath)
	set("PKG_CONFIG_PATH", pkgconfig)
	set("CMAKE_PREFIX_PATH", prefixes)
	return diags
}

// packageSteps evaluates the commands of a package.
func (ev *Evaluator) packageSteps(sc *scope, b *config.Package, cmd *command, in *action.Install) hcl.Diagnostics {
	val, diags := lang.Eval(b.Steps, sc)
	if diags.HasErrors() {
		return diags
	}
	val, marks := val.Unmark()
	if !val.IsKnown() {
		return diags
	}
	if val.IsNull() || !val.CanIterateElements() || val.Type().IsObjectType() || val.Type().IsMapType() {
		return append(diags, badSteps(b.Steps.Range())...)
	}
	for it, i := val.ElementIterator(), 0; it.Next(); i++ {
		_, v := it.Element()
		rng := elementRange(b.Steps, i)
		if plain, _ := v.Unmark(); !plain.IsNull() && plain.Type() == cty.String {
			diags = append(diags, badSteps(rng)...)
			continue
		}
		step, more := ev.packageStep(sc, cmd, v.WithMarks(marks), rng)
		diags = append(diags, more...)
		in.Steps = append(in.Steps, step)
	}
	if len(in.Steps) == 0 && !diags.HasErrors() {
		return append(diags, badSteps(b.Steps.Range())...)
	}
	return diags
}

func badSteps(rng hcl.Range) hcl.Diagnostics {
	return errorAt(rng, "Invalid steps", "steps is a list of commands, each a program and its arguments: [[\"./configure\", \"--prefix=${prefix}\"], [\"make\"], [\"make\", \"install\"]].")
}

func (ev *Evaluator) packageStep(sc *scope, cmd *command, val cty.Value, rng hcl.Range) ([]string, hcl.Diagnostics) {
	args, diags := lang.Strings(val, rng, "a step")
	if diags.HasErrors() || !args.Known {
		return []string{"(known after build)"}, diags
	}
	if len(args.Value) == 0 {
		return nil, append(diags, badSteps(rng)...)
	}
	step := make([]string, len(args.Value))
	for i, a := range args.Value {
		step[i] = cmd.arg(a)
	}
	if flag := jobsFlag(step); flag != "" {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "A number of jobs of its own", Subject: &rng,
			Detail: "With " + flag + " this step runs as many jobs as it says, beside all else that erg runs. Without it, it takes its jobs from those of the whole build."})
	}
	if prog := step[0]; !strings.ContainsAny(prog, "/\x02\x04") && args.Value[0].Known {
		file, more := ev.lookTool(sc.t, prog, rng)
		if diags = append(diags, more...); more.HasErrors() {
			return step, diags
		}
		step[0] = file
		cmd.mentioned = append(cmd.mentioned, file)
	} else if path.IsAbs(prog) {
		cmd.mentioned = append(cmd.mentioned, prog)
	}
	if err := cmd.identify(sc.t); err != nil {
		diags = append(diags, ev.diagnose(err, rng, "Cannot read a program")...)
	}
	return step, diags
}

// jobs finds the option that gives make or ninja a number of jobs of its own,
// among arguments and in the text of a script.
var (
	jobs       = lazily(`^(-j|--jobs)`)
	scriptJobs = lazily(`\b(?:g?make|ninja)\b[^;&|\n]*\s((?:-j|--jobs)[^\s;&|]*)`)
)

// jobsFlag returns the option of a step that makes it run jobs of its own, ""
// if there is none.
func jobsFlag(step []string) string {
	switch path.Base(step[0]) {
	case "make", "gmake", "ninja":
		if i := slices.IndexFunc(step[1:], jobs().MatchString); i >= 0 {
			return step[1+i]
		}
		return ""
	}
	for _, a := range step[1:] {
		if m := scriptJobs().FindStringSubmatch(a); m != nil {
			return m[1]
		}
	}
	return ""
}

// packageTools evaluates which programs of the machine the steps run beside
// those that they name: a compiler, perl.
func (ev *Evaluator) packageTools(sc *scope, b *config.Package, cmd *command) hcl.Diagnostics {
	if b.Tools == nil {
		return nil
	}
	val, diags := lang.Eval(b.Tools, sc)
	list, more := lang.StringList(val, b.Tools.Range(), "tools")
	diags = append(diags, more...)
	for i, name := range list.Value {
		file, more := ev.lookTool(sc.t, name, elementRange(b.Tools, i))
		if diags = append(diags, more...); !more.HasErrors() {
			cmd.mentioned = append(cmd.mentioned, file)
		}
	}
	if err := cmd.identify(sc.t); err != nil {
		diags = append(diags, ev.diagnose(err, b.Tools.Range(), "Cannot read a program")...)
	}
	return diags
}

// prefixOf evaluates context.C.prefix.N.
func (ev *Evaluator) prefixOf(t *engine.Task, el addr.Element) (cty.Value, error) {
	p, err := ev.packageQ.Get(t, el)
	if err != nil {
		ev.noteValue(t, el.String(), cty.UnknownVal(cty.String), hcl.Range{}, false)
		return cty.UnknownVal(cty.String), err
	}
	if p == nil {
		return cty.UnknownVal(cty.String), nil
	}
	val := p.at("")
	ev.noteValue(t, el.String(), val, p.block.Range, false)
	return val, nil
}

// at is the value of a path in the install tree. Whoever uses it depends on
// all that is installed.
func (p *pkg) at(rel string) cty.Value {
	if p.tree == nil {
		return cty.UnknownVal(cty.String)
	}
	return cty.StringVal(path.Join(p.tree.Prefix, rel)).Mark(lang.FileMark{Path: p.list, ID: artifact{ctx: p.el.Context, target: p.el.String()}})
}

// prefixJSON is how the token of prefix looks in a value that people see.
var prefixJSON = func() string {
	b, err := json.Marshal(action.Abs(action.Prefix))
	if err != nil {
		panic(err)
	}
	return strings.Trim(string(b), `"`)
}()

// resolvePackage resolves package.NAME["KEY"] and its attribute prefix: of the
// definition of a context, or of a build file.
func (sc *scope) resolvePackage(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	all := len(ref.Steps)
	name, diags := stepName(ref, 0, "the name of a package")
	if name == "" {
		return cty.DynamicVal, all, diags
	}
	in, diags := sc.packageInstances(ref, name)
	if in == nil {
		return cty.DynamicVal, all, diags
	}
	used := 1
	if !in.single {
		key, diags := in.keyStep(ref, 1, string(addr.BlockPackage)+"."+name)
		if key == "" {
			return cty.DynamicVal, all, diags
		}
		name, used = keyed(name, key), 2
	}
	el := addr.Element{Context: sc.context(), Kind: addr.KindPrefix, Name: name}
	if sc.dir != nil {
		if g := sc.dir.targets[targetID(addr.BlockPackage, name, "")]; !g.enabled {
			return cty.DynamicVal, all, g.disabled(ref.Range)
		}
	}
	if all > used {
		what, diags := stepName(ref, used, "prefix")
		if what != "prefix" {
			if what != "" {
				return absentRef(ref, used+1, "attribute | of a package", what, []string{"prefix"})
			}
			return cty.DynamicVal, all, diags
		}
		used++
	}
	val, err := sc.ev.elementQ.Get(sc.t, el)
	return orDynamic(val), used, sc.ev.diagnose(err, ref.Range, "Invalid reference")
}

// packageInstances finds the block of a package; nil after an error.
func (sc *scope) packageInstances(ref lang.Ref, name string) (*instances, hcl.Diagnostics) {
	if sc.dir != nil {
		d, err := sc.ev.directoryQ.Get(sc.t, dirKey{sc.dir.ctx, sc.dir.dir})
		if err != nil {
			return nil, sc.ev.diagnose(err, ref.Range, "Invalid reference")
		}
		if in := d.each[targetID(addr.BlockPackage, name, "")]; in != nil {
			return in, nil
		}
		var names []string
		for _, p := range d.build.Packages {
			names = append(names, p.Name)
		}
		_, _, diags := absentRef(ref, 1, "package | in "+orTop(d.dir), name, names)
		return nil, diags
	}
	set, err := sc.ev.packagesQ.Get(sc.t, sc.self)
	if err != nil {
		return nil, sc.ev.diagnose(err, ref.Range, "Invalid context")
	}
	if in := set.each[name]; in != nil {
		return in, nil
	}
	return nil, errorAt(ref.RangeOf(1), "No such package", "Context %s has no package %q.%s", sc.self, name, didYouMean(name, keys(set.each)))
}
