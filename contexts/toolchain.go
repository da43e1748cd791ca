package contexts

import (
	"errors"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// toolchainKinds are the kinds that there are.
var toolchainKinds = []string{"cc", "ocaml"}

// toolchain finds and probes an instance of a toolchain.
func (ev *Evaluator) toolchain(t *engine.Task, a addr.Toolchain) (toolchain.Toolchain, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	block := ws.Toolchain(a.Kind, a.Name)
	in, err := ev.toolsetsQ.Get(t, addr.Toolchain{Kind: a.Kind, Name: a.Name})
	if err != nil {
		return nil, err
	}
	sc := &scope{ev: ev, t: t, of: a, each: in.each[a.Key]}
	cfg, diags := ev.toolchainConfig(sc, block, a)
	if err := ev.report(diags); err != nil {
		return nil, err
	}
	if w := sc.waits(); len(w) > 0 {
		return nil, &notYet{w}
	}
	var tc toolchain.Toolchain
	switch a.Kind {
	case "cc":
		tc, err = nilless(cc.Load(t, cfg))
	case "ocaml":
		tc, err = nilless(ocaml.Load(t, cfg))
	default:
		return nil, ev.report(errorAt(block.Range, "No such kind of toolchain", "There is no kind %q.%s", a.Kind, didYouMean(a.Kind, toolchainKinds)))
	}
	if err != nil {
		var miss *toolchain.MissingError
		if errors.As(err, &miss) { // it lies where the workspace says
			miss.Where = strings.ReplaceAll(miss.Where, " "+t.Abs("")+"/", " ")
		}
		return nil, ev.report(ev.diagnose(err, block.Range, "No working toolchain"))
	}
	return tc, nil
}

// nilless keeps a nil *T from becoming a Toolchain that is not nil.
func nilless[T toolchain.Toolchain](tc T, err error) (toolchain.Toolchain, error) {
	if err != nil {
		return nil, err
	}
	return tc, nil
}

func (ev *Evaluator) toolchainConfig(sc *scope, b *config.Toolchain, a addr.Toolchain) (toolchain.Config, hcl.Diagnostics) {
	cfg := toolchain.Config{Kind: a.Kind, Name: a.Name, Key: a.Key, Site: site(b.Range)}
	var diags hcl.Diagnostics
	str := func(expr hcl.Expression, what string) string {
		if expr == nil {
			return ""
		}
		val, more := lang.Eval(expr, sc)
		diags = append(diags, more...)
		s, more := lang.String(val, expr.Range(), what)
		diags = append(diags, more...)
		return s.Value
	}
	if cfg.Prefix = str(b.Prefix, "prefix"); cfg.Prefix != "" && !path.IsAbs(cfg.Prefix) {
		cfg.Prefix = sc.t.Abs(cfg.Prefix)
	}
	cfg.Target = str(b.Target, "target")
	cfg.CC = str(b.CC, "cc")
	if b.Flags != nil {
		val, more := lang.Eval(b.Flags, sc)
		diags = append(diags, more...)
		l, more := lang.StringList(val, b.Flags.Range(), "flags")
		diags = append(diags, more...)
		cfg.Flags = l.Value
	}
	if b.Env != nil {
		val, more := lang.Eval(b.Env, sc)
		diags = append(diags, more...)
		m, more := lang.StringMap(val, b.Env.Range(), "env")
		diags = append(diags, more...)
		cfg.Env = m.Value
	}
	return cfg, diags
}

// resolveToolchain resolves toolchain.KIND.NAME["KEY"], and facts behind it.
func (sc *scope) resolveToolchain(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	all := len(ref.Steps)
	kind, diags := stepName(ref, 0, "a kind of toolchain: cc or ocaml")
	if kind == "" {
		return cty.DynamicVal, all, diags
	}
	if !contains(toolchainKinds, kind) {
		return absentRef(ref, 1, "kind of toolchain", kind, toolchainKinds)
	}
	name, diags := stepName(ref, 1, "the name of a toolchain")
	if name == "" {
		return cty.DynamicVal, all, diags
	}
	ws, err := sc.ev.workspaceQ.Get(sc.t, "")
	if ws == nil {
		return cty.DynamicVal, all, sc.ev.diagnose(err, ref.Range, "Cannot read the workspace")
	}
	if ws.Toolchain(kind, name) == nil {
		var names []string
		for _, tc := range ws.Toolchains {
			if tc.Kind == kind {
				names = append(names, tc.Name)
			}
		}
		return absentRef(ref, 2, "toolchain | of kind "+kind, name, names)
	}
	at, n := addr.Toolchain{Kind: kind, Name: name}, 2
	in, err := sc.ev.toolsetsQ.Get(sc.t, at)
	if err != nil {
		return cty.DynamicVal, all, sc.ev.diagnose(err, ref.Range, "Invalid for_each")
	}
	if !in.single {
		key, diags := in.keyStep(ref, 2, at.String())
		if key == "" {
			return cty.DynamicVal, all, diags
		}
		at.Key, n = key, 3
	}
	if all == n {
		return toolchainVal(at), n, nil
	}
	return sc.toolchainFacts(ref, n, at)
}

// toolchainFacts resolves a fact; its name is step n.
func (sc *scope) toolchainFacts(ref lang.Ref, n int, at addr.Toolchain) (cty.Value, int, hcl.Diagnostics) {
	tc, err := sc.ev.toolchainQ.Get(sc.t, at)
	if errors.As(err, new(*notYet)) {
		return cty.DynamicVal, len(ref.Steps), nil
	}
	if err != nil {
		return cty.DynamicVal, len(ref.Steps), sc.ev.diagnose(err, ref.Range, "Invalid toolchain")
	}
	facts := tc.Facts()
	name, diags := stepName(ref, n, "the name of a fact")
	if _, ok := facts[name]; !ok && name != "" {
		return absentRef(ref, n+1, "fact | of "+at.String(), name, keys(facts))
	}
	return cty.ObjectVal(facts), n, diags
}

// toolchainOf returns a context's toolchain of a kind, or nil.
func (ev *Evaluator) toolchainOf(t *engine.Task, c addr.Context, kind string) (toolchain.Toolchain, error) {
	tcs, err := ev.toolchainsQ.Get(t, attrKey{c, "toolchains"})
	if err != nil {
		return nil, err
	}
	a, ok := tcs[kind]
	if !ok {
		return nil, nil
	}
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	return ev.toolchainQ.Get(ev.at(t, ws.Context(c.Name).AttrRange("toolchains")), a)
}

// targetFact evaluates context.C.target: that of its C compiler, or else of
// its OCaml compiler.
func (ev *Evaluator) targetFact(t *engine.Task, c addr.Context) (cty.Value, error) {
	for _, kind := range toolchainKinds {
		tc, err := ev.toolchainOf(t, c, kind)
		if errors.As(err, new(*notYet)) {
			return cty.UnknownVal(cty.String), nil
		}
		if err != nil {
			return cty.UnknownVal(cty.String), err
		}
		if tc != nil {
			return cty.StringVal(tc.Target()), nil
		}
	}
	return cty.NullVal(cty.String), nil
}

// toolchainFacts evaluates context.C.toolchain.KIND.
func (ev *Evaluator) toolchainFacts(t *engine.Task, el addr.Element) (cty.Value, error) {
	tc, err := ev.toolchainOf(t, el.Context, el.Name)
	if errors.As(err, new(*notYet)) {
		return cty.DynamicVal, nil
	}
	if err != nil {
		return cty.DynamicVal, err
	}
	if tc == nil {
		return cty.DynamicVal, errors.New("no such toolchain")
	}
	return cty.ObjectVal(tc.Facts()), nil
}

// hostSuite returns the OCaml toolchain of a context's host, where the
// context's own does not bring all tools; nil when there is no need, or none.
func (ev *Evaluator) hostSuite(t *engine.Task, c addr.Context, tc *ocaml.Toolchain) (*ocaml.Toolchain, error) {
	if tc.Complete() {
		return nil, nil
	}
	host, err := ev.hostQ.Get(t, attrKey{c, "host"})
	if err != nil || host == c {
		return nil, err
	}
	return ev.ocamlOf(t, host)
}

// lacking says that a context has no toolchain for sources.
func lacking(tgt *target, kind, lang string) hcl.Diagnostics {
	return errorAt(tgt.header.Range, "No toolchain for these sources",
		"Context %s has no toolchain of kind %q, which the %s sources of %s need.\nTo leave it out where there is none, write: enabled = can(ctx.toolchain.%s)",
		tgt.ctx, kind, lang, tgt.addr(), kind)
}

// ccOf returns a context's C toolchain, nil when it has none.
func (ev *Evaluator) ccOf(t *engine.Task, c addr.Context) (*cc.Toolchain, error) {
	tc, err := ev.toolchainOf(t, c, "cc")
	if err != nil || tc == nil {
		return nil, err
	}
	return tc.(*cc.Toolchain), nil
}

// ocamlOf returns a context's OCaml toolchain, nil when it has none.
func (ev *Evaluator) ocamlOf(t *engine.Task, c addr.Context) (*ocaml.Toolchain, error) {
	tc, err := ev.toolchainOf(t, c, "ocaml")
	if err != nil || tc == nil {
		return nil, err
	}
	return tc.(*ocaml.Toolchain), nil
}

// loaded returns the toolchains that a component takes. One without OCaml
// sources does not wait for an OCaml compiler that may have to be built.
func (ev *Evaluator) loaded(t *engine.Task, c addr.Context, p *parts) (cct *cc.Toolchain, oct *ocaml.Toolchain, err error) {
	if cct, err = ev.ccOf(t, c); err != nil || len(p.ml) == 0 {
		return cct, nil, err
	}
	oct, err = ev.ocamlOf(t, c)
	return cct, oct, err
}
