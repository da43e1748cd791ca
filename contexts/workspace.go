package contexts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

func isCancelled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// Version is that of the language, which required_version speaks of.
const Version = "0.1.0"

// workspace reads erg.hcl. A workspace without one, that has build files, has
// one context on the compilers found on PATH.
func (ev *Evaluator) workspace(t *engine.Task, _ string) (*config.Workspace, error) {
	name, src, err := findFile(t, "", config.WorkspaceFiles)
	if err != nil {
		return nil, ev.report(ev.diagnose(err, hcl.Range{Filename: config.WorkspaceFiles[0], Start: hcl.InitialPos, End: hcl.InitialPos}, "Cannot read the workspace"))
	}
	if name == "" {
		text, diags := ev.duneWorkspace(t)
		if err := ev.report(diags); err != nil {
			return nil, err
		}
		if name, src = defaultFile, []byte(text); text == "" {
			src = []byte(ev.defaultWorkspace(t))
		}
	}
	ws, diags := config.ParseWorkspace(name, src)
	ev.addFile(name, ws.File)
	diags = append(diags, versionDiags(ws)...)
	if err := ev.report(diags); err != nil {
		return ws, err
	}
	// What is wrong whatever values there are does not keep one from finding
	// what is wrong with the values that there are.
	_ = ev.report(ev.checkWorkspace(ws))
	return ws, nil
}

func versionDiags(ws *config.Workspace) hcl.Diagnostics {
	if ws.RequiredVersion == "" || versionAtLeast(Version, ws.RequiredVersion) {
		return nil
	}
	return errorAt(ws.AttrRange("required_version"), "A newer erg is required",
		"This workspace requires erg %s; this is erg %s.", ws.RequiredVersion, Version)
}

// defaultWorkspace is what people have who just run erg.
func (ev *Evaluator) defaultWorkspace(t *engine.Task) string {
	var b strings.Builder
	var refs []string
	for _, k := range ev.systemToolchains(t, &b) {
		refs = append(refs, "toolchain."+k+".system")
	}
	return b.String() + "context \"default\" {\n  toolchains = [" + strings.Join(refs, ", ") + "]\n}\n"
}

// systemToolchains declares the compilers that are on PATH, and lists their kinds.
func (ev *Evaluator) systemToolchains(t *engine.Task, b *strings.Builder) []string {
	var kinds []string
	add := func(kind string, programs ...string) {
		for _, p := range programs {
			if _, err := t.LookPath(p); err == nil {
				fmt.Fprintf(b, "toolchain %q \"system\" {}\n", kind)
				kinds = append(kinds, kind)
				return
			}
		}
	}
	add("cc", "gcc", "clang", "cc")
	add("ocaml", "ocamlc.opt", "ocamlc")
	return kinds
}

// findFile reads the one file of several possible names.
func findFile(t *engine.Task, dir string, names []string) (string, []byte, error) {
	found := ""
	var src []byte
	for _, n := range names {
		p := joinPath(dir, n)
		ok, err := t.Exists(p)
		if err != nil {
			return "", nil, err
		}
		if !ok {
			continue
		}
		if found != "" {
			return "", nil, fmt.Errorf("both %s and %s exist: there may be only one", found, p)
		}
		found = p
		if src, err = t.ReadFile(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", nil, err
		}
	}
	return found, src, nil
}

func (ev *Evaluator) addFile(name string, f *hcl.File) {
	ev.mu.Lock()
	ev.files[name] = f
	ev.mu.Unlock()
}

// checkWorkspace finds what is wrong whatever values there are.
func (ev *Evaluator) checkWorkspace(ws *config.Workspace) hcl.Diagnostics {
	var diags hcl.Diagnostics
	sc := &scope{ev: ev}
	checkIn := func(attrs hcl.Attributes, roots []string) {
		s := *sc
		s.static = roots
		for name, a := range attrs {
			if name != "type" && name != "extends" {
				diags = append(diags, lang.Check(a.Expr, &s)...)
			}
		}
	}
	check := func(attrs hcl.Attributes, each bool) { checkIn(attrs, workspaceRoots(each, false)) }
	for _, l := range ws.Locals {
		s := *sc
		s.static = workspaceRoots(false, true)
		diags = append(diags, lang.Check(l.Expr, &s)...)
	}
	runner := func(r *config.Runner, each bool) {
		if r != nil {
			check(r.Attrs, each)
		}
	}
	for _, s := range ws.Sources {
		check(s.Attrs, s.ForEach != nil)
	}
	for _, tc := range ws.Toolchains {
		check(tc.Attrs, tc.ForEach != nil)
		runner(tc.Runner, tc.ForEach != nil)
		if !contains(toolchainKinds, tc.Kind) {
			diags = append(diags, errorAt(tc.Range, "No such kind of toolchain", "There is no kind of toolchain %q.%s", tc.Kind, didYouMean(tc.Kind, toolchainKinds))...)
		}
	}
	several := len(ws.Contexts) > 1
	for _, c := range ws.Contexts {
		check(c.Attrs, c.ForEach != nil)
		runner(c.Runner, c.ForEach != nil)
		for _, o := range c.Outputs {
			check(o.Attrs, c.ForEach != nil)
		}
		for _, p := range c.Packages {
			each := c.ForEach != nil || p.ForEach != nil
			checkIn(p.Attrs, workspaceRoots(each, true))
			if p.Provides != nil {
				check(p.Provides.Attrs, each)
				for _, l := range p.Provides.Libraries {
					check(l.Attrs, each)
				}
			}
		}
		if several && c.Dirs == nil && ev.templateAttr(ws, &c.Definition, func(d *config.Definition) bool { return d.Dirs != nil }) == nil {
			diags = append(diags, errorAt(c.Range, "Missing attribute \"dirs\"",
				"A workspace with several contexts must say which directories each of them builds: dirs = [\"lib\", \"app\"], or dirs = [] for none.")...)
		}
		diags = append(diags, ev.checkExtends(ws, c)...)
	}
	return diags
}

func workspaceRoots(each, prefix bool) []string {
	roots := []string{"var", "local", "source", "context", "toolchain", "template", "self", "package"}
	if prefix {
		roots = append(roots, "prefix")
	}
	if each {
		roots = append(roots, "each")
	}
	return roots
}

func (ev *Evaluator) checkExtends(ws *config.Workspace, c *config.Context) hcl.Diagnostics {
	seen := map[string]bool{}
	for d := &c.Definition; d.Extends != nil; {
		name, ok := templateName(d.Extends)
		if !ok {
			return errorAt(d.Extends.Range(), "Not a template", "extends takes a reference to a template: template.NAME.")
		}
		tpl := ws.Template(name)
		if tpl == nil {
			var names []string
			for _, t := range ws.Templates {
				names = append(names, t.Name)
			}
			return errorAt(d.Extends.Range(), "No such template", "There is no template %q.%s", name, didYouMean(name, names))
		}
		if seen[name] {
			return errorAt(d.Extends.Range(), "Cycle", "Template %q extends itself.", name)
		}
		seen[name] = true
		d = &tpl.Definition
	}
	return nil
}

func templateName(expr hcl.Expression) (string, bool) {
	refs := lang.References(expr)
	if _, ok := expr.(*hclsyntax.ScopeTraversalExpr); !ok || len(refs) != 1 || refs[0].Root != "template" || len(refs[0].Steps) != 1 {
		return "", false
	}
	return refs[0].Steps[0].Text()
}

func didYouMean(name string, names []string) string {
	if s := lang.Suggest(name, names); s != "" {
		return fmt.Sprintf(" Did you mean %q?", s)
	}
	if len(names) > 0 && len(names) <= 12 {
		return thereAre(names)
	}
	return ""
}

// thereAre lists names, sorted.
func thereAre(names []string) string {
	names = slices.Sorted(slices.Values(names))
	if len(names) == 1 {
		return " There is only " + names[0] + "."
	}
	return " There are " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + "."
}

// templateAttr returns the definition, of the context or of the nearest
// template that it extends, for which has is true.
func (ev *Evaluator) templateAttr(ws *config.Workspace, d *config.Definition, has func(*config.Definition) bool) *config.Definition {
	for range len(ws.Templates) + 1 {
		if has(d) {
			return d
		}
		if d.Extends == nil {
			return nil
		}
		name, _ := templateName(d.Extends)
		tpl := ws.Template(name)
		if tpl == nil {
			return nil
		}
		d = &tpl.Definition
	}
	return nil
}

// knownVariables judges the names of --var.
func (ev *Evaluator) knownVariables(ws *config.Workspace) error {
	var names []string
	for _, v := range ws.Variables {
		names = append(names, v.Name)
	}
	for name := range ev.opts.Vars {
		if ws.Variable(name) == nil {
			return usage("--var %s: there is no variable %q.%s", name, name, didYouMean(name, names))
		}
	}
	return nil
}

// variable evaluates var.N: from the command line, the environment, or its
// default.
func (ev *Evaluator) variable(t *engine.Task, a addr.Variable) (cty.Value, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return cty.DynamicVal, err
	}
	v := ws.Variable(a.Name)
	text, given := ev.opts.Vars[a.Name]
	from := "--var " + a.Name
	if !given {
		if text = t.Getenv("ERG_VAR_" + a.Name); text != "" {
			given, from = true, "ERG_VAR_"+a.Name
		}
	}
	var val cty.Value
	var diags hcl.Diagnostics
	switch {
	case given:
		val, diags = ev.givenVariable(v, text, from)
	case v.Default != nil:
		val, diags = lang.Eval(v.Default, &scope{ev: ev, t: t})
		if !diags.HasErrors() {
			val, diags = convertTo(val, v.TypeConstraint, v.Default.Range(), fmt.Sprintf("the default of variable %q", v.Name))
		}
	default:
		diags = errorAt(v.Range, "No value for a variable", "Variable %q has no default: set it with --var %s=… or with ERG_VAR_%s.", v.Name, v.Name, v.Name)
	}
	if !diags.HasErrors() {
		diags = append(diags, ev.validate(t, v, val)...)
	}
	at := site(v.Range)
	if given {
		at = from
	}
	ev.noteValueAt(t, a.String(), val, at, false)
	return orDynamic(val), ev.report(diags)
}

// givenVariable reads a value as the command line has it: a string as it is,
// anything else as an expression.
func (ev *Evaluator) givenVariable(v *config.Variable, text, from string) (cty.Value, hcl.Diagnostics) {
	val := cty.StringVal(text)
	if !v.Type.IsPrimitiveType() && v.Type != cty.DynamicPseudoType {
		expr, diags := hclsyntax.ParseExpression([]byte(text), from, hcl.InitialPos)
		ev.addFile(from, &hcl.File{Bytes: []byte(text)})
		if diags.HasErrors() {
			return cty.DynamicVal, diags
		}
		if val, diags = lang.Eval(expr, &scope{ev: ev, static: []string{}}); diags.HasErrors() {
			return cty.DynamicVal, diags
		}
	}
	return convertTo(val, v.TypeConstraint, v.Range, fmt.Sprintf("variable %q (%s=%s)", v.Name, from, text))
}

func (ev *Evaluator) validate(t *engine.Task, v *config.Variable, val cty.Value) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, c := range v.Validations {
		sc := &scope{ev: ev, t: t, static: []string{"var"}, own: map[string]cty.Value{v.Name: val}}
		ok, more := lang.Eval(c.Condition, sc)
		diags = append(diags, more...)
		b, more := lang.Bool(ok, c.Condition.Range(), "a validation's condition")
		diags = append(diags, more...)
		if more.HasErrors() || !b.Known || b.Value {
			continue
		}
		msg, more := lang.Eval(c.ErrorMessage, sc)
		diags = append(diags, more...)
		text, more := lang.String(msg, c.ErrorMessage.Range(), "an error message")
		diags = append(diags, more...)
		diags = append(diags, errorAt(c.Condition.Range(), "Invalid value of a variable", "%s\nThe value of variable %q is %s.", text.Value, v.Name, showValue(val))...)
	}
	return diags
}

// local evaluates local.N.
func (ev *Evaluator) local(t *engine.Task, a addr.Local) (cty.Value, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return cty.DynamicVal, err
	}
	l := ws.Local(a.Name)
	// What packages have in common may name their prefix. Whoever else comes to
	// use that is told so (engine.PrefixError).
	val, diags := lang.Eval(l.Expr, &scope{ev: ev, t: t, prefix: true})
	ev.noteValue(t, a.String(), val, l.Range, false)
	return val, ev.report(diags)
}

// convertTo applies a declared type with its defaults.
func convertTo(val cty.Value, tc config.TypeConstraint, rng hcl.Range, what string) (cty.Value, hcl.Diagnostics) {
	if tc.Defaults != nil && !val.IsNull() && val.IsKnown() {
		val = tc.Defaults.Apply(val)
	}
	ty := tc.Type
	if ty == cty.NilType {
		ty = cty.DynamicPseudoType
	}
	return lang.Convert(val, ty, rng, what)
}

// showValue prints a value for people, on one line.
func showValue(v cty.Value) string {
	if lang.IsSensitive(v) {
		return "(sensitive)"
	}
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() {
		return "(known after build)"
	}
	if v.Type().IsCapsuleType() {
		return v.Type().FriendlyName()
	}
	b, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return v.Type().FriendlyName()
	}
	return string(b)
}

// A Value is a named value as plans, why and graphs show it.
type Value struct {
	Address   string
	Type      string
	JSON      string // "" when not known
	Predicted string // the last build's, when not known
	// Unchanged: nothing that the prediction was made from has changed as far
	// as one can see.
	Unchanged bool
	Opaque    bool // it is known, and cannot be shown
	Site      string
	Sensitive bool
}

// noteValue registers a named value with the evaluator and the trace.
func (ev *Evaluator) noteValue(t *engine.Task, address string, val cty.Value, rng hcl.Range, sensitive bool) *Value {
	return ev.noteValueAt(t, address, val, site(rng), sensitive)
}

func (ev *Evaluator) noteValueAt(t *engine.Task, address string, val cty.Value, at string, sensitive bool) *Value {
	val = orDynamic(val)
	sensitive = sensitive || lang.IsSensitive(val)
	v := &Value{Address: address, Type: config.TypeString(val.Type()), Site: at, Sensitive: sensitive}
	plain, _ := val.UnmarkDeep()
	if plain.IsWhollyKnown() && !plain.Type().HasDynamicTypes() && !hasCapsule(plain.Type()) {
		if b, err := ctyjson.Marshal(plain, plain.Type()); err == nil {
			v.JSON = strings.ReplaceAll(string(b), prefixJSON, "${prefix}")
		}
	}
	v.Opaque = v.JSON == "" && plain.IsWhollyKnown()
	t.Note(engine.Note{Address: address, Value: v.JSON, Site: v.Site, Sensitive: sensitive})
	ev.mu.Lock()
	ev.values[address] = v
	ev.mu.Unlock()
	return v
}

// noteTarget registers a declaration of a build file with the trace.
func (ev *Evaluator) noteTarget(t *engine.Task, g *target) {
	t.Note(engine.Note{Address: g.addr().String(), Site: site(g.header.Range), Declares: true})
}

func hasCapsule(ty cty.Type) bool {
	found := false
	walkTypes(ty, func(t cty.Type) { found = found || t.IsCapsuleType() })
	return found
}

func walkTypes(ty cty.Type, fn func(cty.Type)) {
	fn(ty)
	switch {
	case ty.IsCollectionType():
		walkTypes(ty.ElementType(), fn)
	case ty.IsTupleType():
		for _, e := range ty.TupleElementTypes() {
			walkTypes(e, fn)
		}
	case ty.IsObjectType():
		for _, e := range ty.AttributeTypes() {
			walkTypes(e, fn)
		}
	}
}

// Values returns the named values that were evaluated, by address.
func (ev *Evaluator) Values() map[string]*Value {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	out := make(map[string]*Value, len(ev.values))
	for a, v := range ev.values {
		out[a] = v
	}
	return out
}

// defaultFile is what diagnostics call the workspace that erg writes itself,
// from a dune-workspace or from what there is to build.
const defaultFile = "(default)"
