package contexts

import (
	"path"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/contexts/ninja"
	"erg.build/erg/engine"
)

// A program is an executable of a context: that of a block of this name, or
// one of those that a ninja block makes.
type program struct {
	g    *target
	name string // under which it is public, or would be
	path string // "" while it is not known
	art  artifact
}

// publicPrograms are the names of the public programs of a block.
func (g *target) publicPrograms() []string {
	switch {
	case g.executable != nil && g.public:
		return []string{g.fileName()}
	case g.isDuneProgram() && g.public:
		return []string{g.dune.Public}
	case g.ninja != nil:
		return keys(g.bins)
	}
	return nil
}

// address is how people name a program.
func (p *program) address() string {
	if p.g.public || p.g.ninja != nil {
		return addr.Public{Context: p.g.ctx, Kind: addr.KindBin, Name: p.name}.String()
	}
	return p.g.addr().String()
}

func (p *program) val() cty.Value {
	if p.path == "" {
		return cty.UnknownVal(cty.String)
	}
	return lang.FileVal(lang.FileMark{Path: p.path, ID: p.art})
}

// builtProgram evaluates one of a block's programs, by its name.
func (ev *Evaluator) builtProgram(t *engine.Task, g *target, name string) (*program, error) {
	if g.dune != nil {
		return ev.duneProgram(t, g)
	}
	if g.ninja == nil {
		c, err := ev.componentQ.Get(ev.at(t, g.header.Range), g.addr())
		if err != nil {
			return nil, err
		}
		return c.program(), nil
	}
	b, err := ev.ninjaQ.Get(ev.at(t, g.header.Range), g.addr())
	if err != nil {
		return nil, err
	}
	p, diags := ev.ninjaProgram(t, b, g.bins[name], true, g.header.AttrRange("bin"))
	if p != nil {
		p.name = name
	}
	return p, ev.report(diags)
}

// ninjaProgram finds what an edge makes, a program or any other file, and has
// it defined.
func (ev *Evaluator) ninjaProgram(t *engine.Task, b *ninjaGraph, output string, prog bool, rng hcl.Range) (*program, hcl.Diagnostics) {
	p := &program{g: b.g, art: artifact{ctx: b.d.ctx, target: b.g.addr().String(), program: prog, native: b.native}}
	if b.graph == nil {
		return p, nil
	}
	n, ok := b.graph.Lookup(output)
	if prog && b.suffix != "" && (!ok || b.producer(n) == ninja.NoEdge || b.graph.IsPhony(b.producer(n))) {
		if with, found := b.graph.Lookup(output + b.suffix); found {
			n, ok = with, true
		}
	}
	if !ok || b.producer(n) == ninja.NoEdge {
		return nil, errorAt(rng, "No such output", "No edge of %s makes %q.%s", b.file, output, didYouMean(output, b.files()))
	}
	if b.graph.IsPhony(b.producer(n)) {
		return nil, errorAt(rng, "Not a file", "In %s, %q is phony: it stands for other files and is none itself.", b.file, output)
	}
	if _, err := ev.defineNinja(t, b, []ninja.Node{n}); err != nil {
		return nil, ev.diagnose(err, rng, "Invalid build file")
	}
	p.path = b.at(b.graph.Path(n))
	return p, nil
}

// files lists what edges make.
func (b *ninjaGraph) files() []string {
	var out []string
	for e := range b.graph.Edges() {
		if b.graph.IsPhony(e) || b.without[e] {
			continue
		}
		for _, n := range b.graph.Outputs(e) {
			out = append(out, b.graph.Path(n))
		}
	}
	return out
}

// ninjaPrograms evaluates which programs of a ninja block are public: a list
// of what edges make, or a map by the name that is public.
func ninjaPrograms(g *target, sc *scope) hcl.Diagnostics {
	expr := g.ninja.Bin
	if expr == nil {
		return nil
	}
	val, diags := lang.Eval(expr, sc)
	if diags.HasErrors() {
		return diags
	}
	g.bins = map[string]string{}
	if ty := val.Type(); ty.IsMapType() || ty.IsObjectType() {
		m, more := lang.StringMap(val, expr.Range(), "bin")
		for name, output := range m.Value {
			g.bins[name] = output
		}
		return append(diags, more...)
	}
	list, more := lang.StringList(val, expr.Range(), "bin")
	diags = append(diags, more...)
	for i, output := range list.Value {
		name := path.Base(output)
		if g.key != "" {
			name += "@" + g.key
		}
		if other, dup := g.bins[name]; dup && other != output {
			diags = append(diags, errorAt(elementRange(expr, i), "Two public names", "%q and %q would both be public as %q: write a map, { NAME = %q }.", other, output, name, output)...)
		}
		g.bins[name] = output
	}
	return diags
}

// ninjaOutput resolves ninja.N.file["F"] and ninja.N.bin["F"]; the step file
// or bin is the n-th.
func (sc *scope) ninjaOutput(ref lang.Ref, n int, g *target) (cty.Value, int, hcl.Diagnostics) {
	all := len(ref.Steps)
	kind, diags := stepName(ref, n, "file or bin")
	if kind == "" {
		return cty.DynamicVal, all, diags
	}
	if kind != "file" && kind != "bin" {
		return absentRef(ref, n+1, "attribute | of a ninja block", kind, []string{"file", "bin"})
	}
	output, diags := stepName(ref, n+1, "the path of a file as the build file has it")
	if output == "" {
		return cty.DynamicVal, all, diags
	}
	b, err := sc.ev.ninjaQ.Get(sc.t, g.addr())
	if err != nil {
		return cty.UnknownVal(cty.String), all, sc.ev.diagnose(err, ref.Range, "Invalid reference")
	}
	p, diags := sc.ev.ninjaProgram(sc.t, b, output, kind == "bin", ref.RangeOf(n+2))
	if p == nil {
		return cty.UnknownVal(cty.String), all, diags
	}
	return p.val(), n + 2, diags
}
