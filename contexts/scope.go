package contexts

import (
	"fmt"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// A scope resolves the references of one expression: those of erg.hcl, and,
// with dir set, those of a build file in one context.
type scope struct {
	ev     *Evaluator
	t      *engine.Task
	static []string // only check: these roots there are
	self   addr.Context
	user   addr.Context   // for links, where there is no self: in for_each
	of     addr.Toolchain // for links: the one that is defined
	each   *eachValue
	own    map[string]cty.Value // var.N while N is being validated

	dir *directory // the build file's directory, in the context that is built

	prefix bool // of a package: there is one to install to

	trees   []*tree         // whose files were named, see useTrees
	partial bool            // a list of files has some that are not known yet
	unknown map[string]bool // what was referred to and is not known yet
}

func (sc *scope) Roots() []string {
	if sc.static != nil {
		return sc.static
	}
	if sc.dir != nil {
		roots := buildRoots(sc.each != nil)
		if sc.prefix {
			roots = append(roots, "prefix")
		}
		return roots
	}
	return workspaceRoots(sc.each != nil, sc.prefix)
}

func buildRoots(each bool) []string {
	roots := []string{"ctx", "host", "context", "source", "executable", "library", "rule", "ninja", "package"}
	if each {
		roots = append(roots, "each")
	}
	return roots
}

func (sc *scope) Functions() map[string]function.Function {
	var src lang.FileSource = noFiles{}
	if sc.dir != nil {
		src = &files{t: sc.t, dir: sc.dir.dir, ev: sc.ev}
	} else if sc.t != nil {
		src = &files{t: sc.t, ev: sc.ev}
	}
	fns := lang.Functions(src)
	fns["tool"] = toolFunc(sc)
	return fns
}

// waits lists what the expression referred to and is not known yet.
func (sc *scope) waits() []string {
	var out []string
	for a := range sc.unknown {
		out = append(out, a)
	}
	sort.Strings(out)
	return out
}

func (sc *scope) Resolve(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	if sc.t != nil {
		sc.ev.at(sc.t, ref.Range)
	}
	val, used, diags := sc.resolve(ref)
	if val != cty.NilVal && !val.IsWhollyKnown() {
		sc.waitFor(refText(ref, used))
	}
	return val, used, diags
}

// waitFor notes something that the expression refers to and is not known yet.
func (sc *scope) waitFor(what string) {
	if sc.unknown == nil {
		sc.unknown = map[string]bool{}
	}
	sc.unknown[what] = true
}

// Select implements lang.Selector: [for c in [context.a] : c.output.x].
func (sc *scope) Select(val cty.Value, ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	if len(ref.Steps) == 0 || sc.t == nil {
		return cty.DynamicVal, 0, nil
	}
	switch {
	case val.Type().Equals(contextType):
		return sc.resolveElement(ref, 0, *val.EncapsulatedValue().(*addr.Context))
	case val.Type().Equals(toolchainType):
		return sc.toolchainFacts(ref, 0, *val.EncapsulatedValue().(*addr.Toolchain))
	}
	return cty.DynamicVal, 0, nil
}

func refText(ref lang.Ref, used int) string {
	var b strings.Builder
	b.WriteString(ref.Root)
	for _, s := range ref.Steps[:min(used, len(ref.Steps))] {
		text, ok := s.Text()
		switch {
		case !s.IsKey():
			b.WriteString("." + text)
		case ok:
			fmt.Fprintf(&b, "[%q]", text)
		default:
			b.WriteString("[…]")
		}
	}
	return b.String()
}

func (sc *scope) resolve(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	switch ref.Root {
	case "var":
		return sc.resolveVar(ref)
	case "local":
		return sc.resolveLocal(ref)
	case "each":
		return sc.resolveEach(ref)
	case "source":
		return sc.resolveSource(ref)
	case "toolchain":
		return sc.resolveToolchain(ref)
	case "context":
		return sc.resolveContext(ref)
	case "self":
		if sc.self.IsZero() {
			return cty.DynamicVal, len(ref.Steps), errorAt(ref.Range, "Invalid reference", "Only the definition of a context can refer to self.")
		}
		return sc.resolveOwn(ref, sc.self)
	case "package":
		if sc.self.IsZero() && sc.dir == nil {
			return cty.DynamicVal, len(ref.Steps), errorAt(ref.Range, "Invalid reference", "Only the definition of a context can refer to its packages so; elsewhere write context.NAME.prefix.PACKAGE.")
		}
		return sc.resolvePackage(ref)
	case "prefix":
		return cty.StringVal(action.Abs(action.Prefix)), 0, nil
	case "ctx":
		return sc.resolveOwn(ref, sc.dir.ctx)
	case "host":
		return sc.resolveHost(ref)
	case "executable", "library", "rule", "ninja":
		return sc.resolveTarget(ref)
	}
	return cty.DynamicVal, len(ref.Steps), errorAt(ref.Range, "Invalid reference", "A template can only be used in extends.")
}

// stepName returns the text of the i-th step, or a diagnostic that says what
// should be there.
func stepName(ref lang.Ref, i int, want string) (string, hcl.Diagnostics) {
	if i >= len(ref.Steps) {
		return "", errorAt(ref.Range, "Incomplete reference", "%s must be followed by %s.", refText(ref, i), want)
	}
	name, ok := ref.Steps[i].Text()
	if !ok {
		if k := ref.Steps[i].Key; k != cty.NilVal && !k.IsKnown() {
			return "", nil // known after build: so is the whole reference
		}
		return "", errorAt(ref.RangeOf(i+1), "Invalid reference", "Expected %s here.", want)
	}
	return name, nil
}

// absentRef is the error for a reference of which the n-th step leads nowhere.
// What it is and where are separated by a bar: "rule | in lib".
func absentRef(ref lang.Ref, n int, what, name string, names []string) (cty.Value, int, hcl.Diagnostics) {
	what, where, _ := strings.Cut(what, " |")
	return cty.DynamicVal, len(ref.Steps), errorAt(ref.RangeOf(n), "No such "+what, "There is no %s %q%s.%s", what, name, where, didYouMean(name, names))
}

func (sc *scope) resolveVar(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	if name, _ := stepName(ref, 0, "the name of a variable"); name != "" {
		if v, ok := sc.own[name]; ok {
			return v, 1, nil
		}
	}
	return sc.resolveNamed(ref, "variable", func(ws *config.Workspace) (names []string) {
		for _, v := range ws.Variables {
			names = append(names, v.Name)
		}
		return names
	}, func(name string) (cty.Value, error) { return sc.ev.variableQ.Get(sc.t, addr.Variable{Name: name}) })
}

func (sc *scope) resolveLocal(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	return sc.resolveNamed(ref, "local value", func(ws *config.Workspace) (names []string) {
		for _, l := range ws.Locals {
			names = append(names, l.Name)
		}
		return names
	}, func(name string) (cty.Value, error) { return sc.ev.localQ.Get(sc.t, addr.Local{Name: name}) })
}

// resolveNamed resolves ROOT.NAME, where the workspace lists the names.
func (sc *scope) resolveNamed(ref lang.Ref, what string, list func(*config.Workspace) []string, get func(string) (cty.Value, error)) (cty.Value, int, hcl.Diagnostics) {
	name, diags := stepName(ref, 0, "the name of a "+what)
	if name == "" {
		return cty.DynamicVal, len(ref.Steps), diags
	}
	ws, err := sc.ev.workspaceQ.Get(sc.t, "")
	if ws == nil {
		return cty.DynamicVal, 1, sc.ev.diagnose(err, ref.Range, "Cannot read the workspace")
	}
	if names := list(ws); !contains(names, name) {
		return absentRef(ref, 1, what, name, names)
	}
	val, err := get(name)
	return orDynamic(val), 1, sc.ev.diagnose(err, ref.Range, "Invalid "+what)
}

func (sc *scope) resolveEach(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	name, diags := stepName(ref, 0, "key or value")
	switch name {
	case "key":
		return cty.StringVal(sc.each.key), 1, nil
	case "value":
		return sc.each.value, 1, nil
	case "":
		return cty.DynamicVal, len(ref.Steps), diags
	}
	return absentRef(ref, 1, "attribute of each", name, []string{"key", "value"})
}

// resolveContext resolves context.NAME["KEY"].KIND.NAME.
func (sc *scope) resolveContext(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	fail := func(diags hcl.Diagnostics) (cty.Value, int, hcl.Diagnostics) {
		return cty.DynamicVal, len(ref.Steps), diags
	}
	name, diags := stepName(ref, 0, "the name of a context")
	if name == "" {
		return fail(diags)
	}
	ws, err := sc.ev.workspaceQ.Get(sc.t, "")
	if ws == nil {
		return fail(sc.ev.diagnose(err, ref.Range, "Cannot read the workspace"))
	}
	block := ws.Context(name)
	if block == nil {
		var names []string
		for _, c := range ws.Contexts {
			names = append(names, c.Name)
		}
		return absentRef(ref, 1, "context", name, names)
	}
	in, err := sc.ev.instancesQ.Get(sc.t, addr.Context{Name: name})
	if err != nil {
		return fail(sc.ev.diagnose(err, ref.Range, "Invalid for_each"))
	}
	at := addr.Context{Name: name}
	n := 1
	hasKey := len(ref.Steps) > 1 && ref.Steps[1].IsKey()
	switch {
	case in.single && hasKey:
		return fail(errorAt(ref.RangeOf(2), "Invalid reference", "Context %q has no for_each, and so no instances: write context.%s.", name, name))
	case !in.single && !hasKey:
		return fail(errorAt(ref.Range, "Invalid reference",
			"Context %q has instances: write context.%s[\"KEY\"], or context.%s[\"*\"] for a map of all.%s", name, name, name, instanceList(in)))
	case !in.single:
		key, diags := stepName(ref, 1, "a key")
		if key == "" {
			return fail(diags)
		}
		n = 2
		if key == addr.AllKeys {
			return sc.resolveAll(ref, name, in)
		}
		if !in.known {
			return cty.DynamicVal, len(ref.Steps), nil
		}
		if !in.has(key) {
			return fail(errorAt(ref.RangeOf(2), "No such instance", "Context %q has no instance %q.%s%s", name, key, suggestOnly(key, in.keys), instanceList(in)))
		}
		at.Key = key
	}
	if len(ref.Steps) == n {
		return contextVal(at), n, nil
	}
	return sc.resolveElement(ref, n, at)
}

func suggestOnly(name string, names []string) string {
	if s := lang.Suggest(name, names); s != "" {
		return fmt.Sprintf(" Did you mean %q?", s)
	}
	return ""
}

func instanceList(in *instances) string {
	switch {
	case !in.known:
		return ""
	case len(in.keys) == 0:
		return " There are no instances now."
	}
	return thereAre(in.keys)
}

// resolveAll resolves context.NAME["*"].KIND.NAME to a map by key.
func (sc *scope) resolveAll(ref lang.Ref, name string, in *instances) (cty.Value, int, hcl.Diagnostics) {
	if !in.known {
		return cty.DynamicVal, len(ref.Steps), nil
	}
	vals := map[string]cty.Value{}
	used := len(ref.Steps)
	var diags hcl.Diagnostics
	for _, k := range in.keys {
		at := addr.Context{Name: name, Key: k}
		if len(ref.Steps) == 2 {
			vals[k] = contextVal(at)
			continue
		}
		val, n, more := sc.resolveElement(ref, 2, at)
		vals[k], used, diags = orDynamic(val), n, append(diags, more...)
	}
	return cty.ObjectVal(vals), used, diags
}

// resolveElement resolves .KIND.NAME of a context; the kind is step n.
func (sc *scope) resolveElement(ref lang.Ref, n int, at addr.Context) (cty.Value, int, hcl.Diagnostics) {
	all := len(ref.Steps)
	kind, diags := stepName(ref, n, "what of the context is meant: bin, lib, output, …")
	if kind == "" {
		return cty.DynamicVal, all, diags
	}
	el := addr.Element{Context: at, Kind: addr.Kind(kind)}
	used := n + 1
	switch el.Kind {
	case addr.KindTarget:
	case addr.KindSettings:
		if all > used {
			if el.Name, diags = stepName(ref, used, "the name of a setting"); el.Name == "" {
				return cty.DynamicVal, all, diags
			}
			used++
		}
	case addr.KindBin, addr.KindLib, addr.KindShare, addr.KindPrefix, addr.KindFile, addr.KindOutput, addr.KindToolchain:
		if el.Name, diags = stepName(ref, used, "a name"); el.Name == "" {
			return cty.DynamicVal, all, diags
		}
		used++
		if el.Kind == addr.KindPrefix && all > used && ref.Steps[used].IsKey() {
			key, diags := stepName(ref, used, "a key")
			if key == "" {
				return cty.DynamicVal, all, diags
			}
			el.Name, used = keyed(el.Name, key), used+1
		}
	default:
		var names []string
		for _, k := range addr.Kinds() {
			names = append(names, string(k))
		}
		what := "public element | of a context"
		if ref.Root == "ctx" || ref.Root == "self" {
			names, what = append(names, "name", "key", "profile"), "attribute | of "+ref.Root
		}
		return absentRef(ref, n+1, what, kind, names)
	}
	if d := sc.ev.checkElement(sc.t, el, ref, used); d != nil {
		return cty.DynamicVal, all, d
	}
	if el.Kind != addr.KindToolchain && el.Kind != addr.KindTarget {
		name := strings.TrimSuffix(string(el.Kind)+"."+el.Name, ".")
		sc.ev.link(sc.context(), at, name)
		if sc.of.Name != "" {
			sc.ev.addLink(Link{Toolchain: sc.of, To: at, Element: name})
		}
	}
	val, err := sc.ev.elementQ.Get(sc.t, el)
	return orDynamic(val), used, sc.ev.diagnose(err, ref.Range, "Invalid reference")
}

// context is the context that an expression is about; without a key in its
// for_each, and zero where there is none.
func (sc *scope) context() addr.Context {
	switch {
	case sc.dir != nil:
		return sc.dir.ctx
	case sc.self.IsZero():
		return sc.user
	}
	return sc.self
}

// resolveOwn resolves self.X in erg.hcl and ctx.X in a build file.
func (sc *scope) resolveOwn(ref lang.Ref, at addr.Context) (cty.Value, int, hcl.Diagnostics) {
	name, diags := stepName(ref, 0, "what of the context is meant")
	switch {
	case name == "":
		return cty.DynamicVal, len(ref.Steps), diags
	case name == "name":
		return cty.StringVal(at.Name), 1, nil
	case name == "key":
		if at.Key == "" {
			return cty.NullVal(cty.String), 1, nil
		}
		return cty.StringVal(at.Key), 1, nil
	case sc.dir == nil:
	case name == "profile":
		p, err := sc.ev.profileQ.Get(sc.t, attrKey{at, "profile"})
		return cty.StringVal(p), 1, sc.ev.diagnose(err, ref.Range, "Invalid profile")
	case name == "settings":
		return sc.resolveDirSetting(ref)
	case name == "lib":
		return sc.resolveLib(ref)
	}
	return sc.resolveElement(ref, 0, at)
}

func (sc *scope) resolveHost(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	host, err := sc.ev.hostQ.Get(sc.t, attrKey{sc.dir.ctx, "host"})
	if err != nil {
		return cty.DynamicVal, len(ref.Steps), sc.ev.diagnose(err, ref.Range, "Invalid host")
	}
	if name, _ := stepName(ref, 0, ""); name != "bin" {
		return cty.DynamicVal, len(ref.Steps), errorAt(ref.Range, "Invalid reference",
			"host has the programs that may run now: host.bin.NAME. For anything else of that context write context.%s.…", host.Name)
	}
	return sc.resolveElement(ref, 0, host)
}
