package contexts

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// A definedAt is a context's block with the scope of one of its instances.
type definedAt struct {
	ws    *config.Workspace
	block *config.Context
	scope *scope
}

// definition finds the block of a context instance.
func (ev *Evaluator) definition(t *engine.Task, c addr.Context) (*definedAt, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	block := ws.Context(c.Name)
	in, err := ev.instancesQ.Get(t, addr.Context{Name: c.Name})
	if err != nil {
		return nil, err
	}
	return &definedAt{ws, block, &scope{ev: ev, t: t, self: c, each: in.each[c.Key]}}, nil
}

// attr returns an attribute of the context, or else of the template that it
// extends; nil when neither has it.
func (ev *Evaluator) attr(d *definedAt, get func(*config.Definition) hcl.Expression) hcl.Expression {
	def := ev.templateAttr(d.ws, &d.block.Definition, func(def *config.Definition) bool { return get(def) != nil })
	if def == nil {
		return nil
	}
	return get(def)
}

// toolchains evaluates context.C.toolchains: one reference per kind.
func (ev *Evaluator) toolchains(t *engine.Task, k attrKey) (map[string]addr.Toolchain, error) {
	d, err := ev.definition(t, k.ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]addr.Toolchain{}
	expr := ev.attr(d, func(d *config.Definition) hcl.Expression { return d.Toolchains })
	if expr == nil {
		return out, nil
	}
	val, diags := lang.Eval(expr, d.scope)
	if diags.HasErrors() {
		return nil, ev.report(diags)
	}
	list, known, ok := capsules[addr.Toolchain](val, toolchainType)
	if !ok || !known {
		return nil, ev.report(errorAt(expr.Range(), "Not toolchains", "toolchains is a list of references: [toolchain.cc.NAME, toolchain.ocaml.NAME]."))
	}
	for _, a := range list {
		if old, dup := out[a.Kind]; dup {
			return nil, ev.report(errorAt(expr.Range(), "Two toolchains of one kind", "A context has one toolchain of each kind; %s and %s are both of kind %q.", old, a, a.Kind))
		}
		out[a.Kind] = a
	}
	return out, nil
}

// host evaluates context.C.host, which is C itself when absent.
func (ev *Evaluator) host(t *engine.Task, k attrKey) (addr.Context, error) {
	d, err := ev.definition(t, k.ctx)
	if err != nil {
		return k.ctx, err
	}
	expr := ev.attr(d, func(d *config.Definition) hcl.Expression { return d.Host })
	if expr == nil {
		return k.ctx, nil
	}
	list, err := ev.contextRefs(d, expr, "host is a reference to a context: context.NAME.")
	if err != nil || len(list) != 1 {
		return k.ctx, err
	}
	ev.link(k.ctx, list[0], "host")
	return list[0], nil
}

// imports evaluates context.C.imports.
func (ev *Evaluator) imports(t *engine.Task, k attrKey) ([]addr.Context, error) {
	d, err := ev.definition(t, k.ctx)
	if err != nil {
		return nil, err
	}
	expr := ev.attr(d, func(d *config.Definition) hcl.Expression { return d.Imports })
	if expr == nil {
		return nil, nil
	}
	list, err := ev.contextRefs(d, expr, "imports is a list of contexts: [context.NAME].")
	for _, c := range list {
		ev.link(k.ctx, c, "imports")
	}
	return list, err
}

func (ev *Evaluator) contextRefs(d *definedAt, expr hcl.Expression, want string) ([]addr.Context, error) {
	val, diags := lang.Eval(expr, d.scope)
	if diags.HasErrors() {
		return nil, ev.report(diags)
	}
	list, known, ok := capsules[addr.Context](val, contextType)
	if !ok || !known {
		return nil, ev.report(errorAt(expr.Range(), "Not a context", "%s", want))
	}
	return list, nil
}

// profile evaluates context.C.profile.
func (ev *Evaluator) profile(t *engine.Task, k attrKey) (string, error) {
	d, err := ev.definition(t, k.ctx)
	if err != nil {
		return "dev", err
	}
	expr := ev.attr(d, func(d *config.Definition) hcl.Expression { return d.Profile })
	if expr == nil {
		return "dev", nil
	}
	val, diags := lang.Eval(expr, d.scope)
	s, more := lang.String(val, expr.Range(), "profile")
	diags = append(diags, more...)
	// A dune-workspace may invent profiles, for its dune files to tell apart.
	if !diags.HasErrors() && s.Known && s.Value != "dev" && s.Value != "release" && expr.Range().Filename != defaultFile {
		diags = append(diags, errorAt(expr.Range(), "No such profile", "There is no profile %q.%s", s.Value, didYouMean(s.Value, []string{"dev", "release"}))...)
	}
	return s.Value, ev.report(diags)
}

// A span is what part of the tree a context builds.
type span struct{ roots, exclude []string }

// covers reports whether a directory is a part of it.
func (s *span) covers(dir string) bool {
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(r string) bool { return r == "" || r == dir || strings.HasPrefix(dir, r+"/") })
	}
	return in(s.roots) && !in(s.exclude)
}

// span evaluates context.C.dirs and context.C.exclude.
func (ev *Evaluator) span(t *engine.Task, k attrKey) (*span, error) {
	d, err := ev.definition(t, k.ctx)
	if err != nil {
		return nil, err
	}
	list := func(get func(*config.Definition) hcl.Expression, what string, absent []string) ([]string, error) {
		if expr := ev.attr(d, get); expr != nil {
			return ev.dirList(d, expr, what)
		}
		return absent, nil
	}
	roots, err := list(func(d *config.Definition) hcl.Expression { return d.Dirs }, "dirs", []string{""})
	exclude, xerr := list(func(d *config.Definition) hcl.Expression { return d.Exclude }, "exclude", nil)
	return &span{roots, exclude}, cmp.Or(err, xerr)
}

// dirs evaluates the directories with build files that a context builds.
func (ev *Evaluator) dirs(t *engine.Task, k attrKey) ([]string, error) {
	d, err := ev.definition(t, k.ctx)
	if err != nil {
		return nil, err
	}
	s, err := ev.spanQ.Get(t, k)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, r := range s.roots {
		if err := findBuildFiles(t, r, s.exclude, found); err != nil {
			return nil, ev.report(ev.diagnose(err, d.block.Range, "Cannot read the tree"))
		}
	}
	dune, err := ev.dune.Directories(t)
	if err != nil {
		return nil, err
	}
	for _, dir := range dune {
		if s.covers(dir) {
			found[dir] = true
		}
	}
	out := make([]string, 0, len(found))
	for dir := range found {
		out = append(out, dir)
	}
	sort.Strings(out)
	ev.pruneContext(t, d, k.ctx, found)
	return out, nil
}

// pruneContext removes what was made in directories that the context no
// longer has, and for outputs that it no longer has.
func (ev *Evaluator) pruneContext(t *engine.Task, d *definedAt, c addr.Context, dirs map[string]bool) {
	scope := c.String() + "//"
	t.Prune(scope, func(target, _ string) bool {
		dir, block, _ := strings.Cut(strings.TrimPrefix(target, scope), ":")
		if name, ok := strings.CutPrefix(block, "output."); ok && dir == "" {
			_, def := ev.findOutput(d, name)
			return def != nil
		}
		return dirs[dir] || sharedDir(dir) || dir == "" && ev.declaresPackage(d, block)
	})
}

// dirList evaluates a list of directories of the workspace.
func (ev *Evaluator) dirList(d *definedAt, expr hcl.Expression, what string) ([]string, error) {
	val, diags := lang.Eval(expr, d.scope)
	list, more := lang.StringList(val, expr.Range(), what)
	diags = append(diags, more...)
	if diags.HasErrors() {
		return nil, ev.report(diags)
	}
	if !list.Known {
		return nil, ev.report(errorAt(expr.Range(), "Not known before building", "%s must be known before anything is built.", what))
	}
	var out []string
	for i, s := range list.Value {
		p := path.Clean(s)
		if path.IsAbs(p) || p == ".." || strings.HasPrefix(p, "../") {
			diags = append(diags, errorAt(elementRange(expr, i), "Outside of the workspace", "%q is not a directory of the workspace.", s)...)
			continue
		}
		if p == "." {
			p = ""
		}
		if p != "" && !isDir(d.scope.t, p) {
			diags = append(diags, errorAt(elementRange(expr, i), "No such directory", "There is no directory %q.%s", s, suggestEntry(d.scope.t, p))...)
		}
		out = append(out, p)
	}
	return out, ev.report(diags)
}

func isDir(t *engine.Task, p string) bool {
	entries, err := t.ReadDir(path.Dir(p))
	if err != nil {
		return false
	}
	for _, e := range entries {
		if e.Name == path.Base(p) {
			return e.Dir
		}
	}
	return false
}

// suggestEntry names an entry beside p with a similar name.
func suggestEntry(t *engine.Task, p string) string {
	if near := nearEntry(t, p); near != "" {
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	return ""
}

// nearEntry returns the entry with a similar name, "" if there is none.
func nearEntry(t *engine.Task, p string) string {
	entries, err := t.ReadDir(path.Dir(p))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
	}
	if s := lang.Suggest(path.Base(p), names); s != "" {
		return joinPath(path.Dir(p), s)
	}
	return ""
}

// findBuildFiles adds the directories, at dir and below, that have a build
// file. Symbolic links to directories are not followed: they may lead in
// circles.
func findBuildFiles(t *engine.Task, dir string, exclude []string, found map[string]bool) error {
	for _, x := range exclude {
		if x == dir || x == "" {
			return nil
		}
	}
	entries, err := t.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		for _, n := range config.BuildFiles {
			if e.Name == n && !e.Dir {
				found[dir] = true
			}
		}
		if e.Dir && !e.Link && e.Name != opamSwitch {
			if err := findBuildFiles(t, joinPath(dir, e.Name), exclude, found); err != nil {
				return err
			}
		}
	}
	return nil
}

// opamSwitch is the directory of a switch of opam that belongs to a project:
// thousands of directories, none of which is the project's.
const opamSwitch = "_opam"

// joinPath joins slash paths; the workspace itself is "".
func joinPath(elem ...string) string {
	p := path.Join(elem...)
	if p == "." {
		return ""
	}
	return p
}

// An environment is a context's variables for its actions.
type environment struct {
	vars   map[string]string // with tokens
	inputs []string
	waits  []string
}

// env evaluates context.C.env: the template's with the context's own.
func (ev *Evaluator) env(t *engine.Task, k attrKey) (*environment, error) {
	d, err := ev.definition(t, k.ctx)
	if err != nil {
		return nil, err
	}
	out := &environment{vars: map[string]string{}}
	var diags hcl.Diagnostics
	for _, def := range ev.chain(d) {
		if def.Env == nil {
			continue
		}
		val, more := lang.Eval(def.Env, d.scope)
		diags = append(diags, more...)
		if more.HasErrors() {
			continue
		}
		out.add(val, def.Env.Range(), &diags)
	}
	out.waits = d.scope.waits()
	return out, ev.report(diags)
}

// chain lists the definitions that make up a context, the most general first.
func (ev *Evaluator) chain(d *definedAt) []*config.Definition {
	var out []*config.Definition
	def := &d.block.Definition
	for range len(d.ws.Templates) + 1 {
		out = append([]*config.Definition{def}, out...)
		if def.Extends == nil {
			break
		}
		name, _ := templateName(def.Extends)
		tpl := d.ws.Template(name)
		if tpl == nil {
			break
		}
		def = &tpl.Definition
	}
	return out
}

// setting evaluates context.C.settings.N: the context's own, or else that of
// the template it extends. With an empty name it is an object of all.
func (ev *Evaluator) setting(t *engine.Task, el addr.Element) (cty.Value, error) {
	d, err := ev.definition(t, el.Context)
	if err != nil {
		return cty.DynamicVal, err
	}
	if el.Name == "" {
		names, err := ev.settingNames(t, el.Context)
		if err != nil {
			return cty.DynamicVal, err
		}
		vals := map[string]cty.Value{}
		for _, n := range names {
			v, err := ev.elementQ.Get(t, addr.Element{Context: el.Context, Kind: addr.KindSettings, Name: n})
			if err != nil {
				return cty.DynamicVal, err
			}
			vals[n] = v
		}
		return cty.ObjectVal(vals), nil
	}
	chain := ev.chain(d)
	for i := len(chain) - 1; i >= 0; i-- {
		expr := chain[i].Settings
		if expr == nil {
			continue
		}
		if items, ok := config.Items(expr); ok {
			for _, it := range items {
				if it.Name == el.Name {
					val, diags := lang.Eval(it.Expr, d.scope)
					ev.noteValue(t, el.String(), val, it.Range(), false)
					return val, ev.report(diags)
				}
			}
			continue
		}
		whole, diags := lang.Eval(expr, d.scope)
		if err := ev.report(diags); err != nil {
			return cty.DynamicVal, err
		}
		if val, ok := attrOf(whole, el.Name); ok {
			ev.noteValue(t, el.String(), val, expr.Range(), false)
			return val, nil
		}
	}
	return cty.NilVal, nil // not set
}

// attrOf selects from an object or map; ok is false if it is not there.
func attrOf(v cty.Value, name string) (cty.Value, bool) {
	v, marks := v.Unmark()
	switch {
	case !v.IsKnown():
		return cty.DynamicVal, true
	case v.IsNull():
	case v.Type().IsObjectType() && v.Type().HasAttribute(name):
		return v.GetAttr(name).WithMarks(marks), true
	case v.Type().IsMapType() && v.HasIndex(cty.StringVal(name)).True():
		return v.Index(cty.StringVal(name)).WithMarks(marks), true
	}
	return cty.NilVal, false
}

// settingNames lists the settings that a context has.
func (ev *Evaluator) settingNames(t *engine.Task, c addr.Context) ([]string, error) {
	d, err := ev.definition(t, c)
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, def := range ev.chain(d) {
		if def.Settings == nil {
			continue
		}
		if items, ok := config.Items(def.Settings); ok {
			for _, it := range items {
				set[it.Name] = true
			}
			continue
		}
		whole, diags := lang.Eval(def.Settings, d.scope)
		if err := ev.report(diags); err != nil {
			return nil, err
		}
		whole, _ = whole.Unmark()
		if whole.IsKnown() && !whole.IsNull() && whole.CanIterateElements() {
			for n := range whole.AsValueMap() {
				set[n] = true
			}
		}
	}
	names := make([]string, 0, len(set))
	for n := range set {
		names = append(names, n)
	}
	sort.Strings(names)
	return names, nil
}
