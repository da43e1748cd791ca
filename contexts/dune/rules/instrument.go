package rules

import (
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
)

// instrumentWith lists the backends that code of a context is instrumented
// with: as dune-workspace says of the context, or of all, or else as the
// variable says that dune reads.
func (r *Rules) instrumentWith(t *engine.Task, c addr.Context) ([]string, error) {
	tr, err := r.treeQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	if tr.instrument != nil {
		for _, name := range []string{c.Name, ""} {
			if list, ok := tr.instrument[name]; ok {
				return list, nil
			}
		}
	}
	return strings.FieldsFunc(t.Getenv("DUNE_INSTRUMENT_WITH"), func(c rune) bool { return c == ',' }), nil
}

// instrumented is what a stanza has that compiles modules, with the rewriters
// of the backends that it names and the context instruments code with.
func (r *Rules) instrumented(t *engine.Task, c addr.Context, d *dir, b *dune.Buildable) (*dune.Buildable, error) {
	if len(b.Instrumentation) == 0 {
		return b, nil
	}
	return r.instrumentQ.Get(t, instrumentKey{c, d.path, b})
}

// An instrumentKey names what a stanza has in a context.
type instrumentKey struct {
	ctx addr.Context
	dir string
	b   *dune.Buildable
}

func (k instrumentKey) String() string {
	return "instrumentation of " + place(k.b.Instrumentation[0].Range) + " in " + k.ctx.String()
}

func (r *Rules) instrument(t *engine.Task, k instrumentKey) (*dune.Buildable, error) {
	d, err := r.staticDir(t, k.ctx, k.dir)
	if err != nil {
		return nil, err
	}
	active, err := r.instrumentWith(t, k.ctx)
	if err != nil {
		return nil, err
	}
	out := *k.b
	for i := range k.b.Instrumentation {
		in := &k.b.Instrumentation[i]
		if !slices.Contains(active, in.Backend.Value) {
			continue
		}
		ppx, err := r.instrumentationPpx(t, k.ctx, d, in)
		if err != nil {
			return nil, err
		}
		if out.Preprocess, err = withPpx(out.Preprocess, ppx, in); err != nil {
			return nil, err
		}
		out.PreprocessorDeps = slices.Concat(out.PreprocessorDeps, in.Deps)
	}
	return &out, nil
}

// instrumentationPpx is the rewriter of a backend.
func (r *Rules) instrumentationPpx(t *engine.Task, c addr.Context, d *dir, in *dune.Instrumentation) (dune.Text, error) {
	all, err := r.librariesQ.Get(t, c)
	if err != nil {
		return dune.Text{}, err
	}
	name := ""
	x, ok, err := r.declared(r.w.At(t, in.Backend.Range), all, d.project, in.Backend.Value)
	if err != nil {
		return dune.Text{}, err
	}
	if ok && x.stanza != nil {
		name = x.stanza.InstrumentationBackend.Value
		if owner, err := r.staticDir(t, c, x.key.dir); err == nil {
			name = all.publicName(owner.project, name)
		}
	} else {
		l, err := r.outside(t, c, in.Backend.Value)
		if m, ok := err.(*missing); ok {
			return dune.Text{}, m.by("the instrumentation of a stanza in " + orTop(d.path)).diags(in.Backend.Range)
		}
		if err != nil {
			return dune.Text{}, err
		}
		if l.inst != nil {
			name = l.inst.Instrumentation
		}
	}
	if name == "" {
		return dune.Text{}, errorAt(in.Backend.Range, "Not an instrumentation backend", "Library %q is not declared to have an instrumentation backend.", in.Backend)
	}
	return dune.Text{Value: name, Range: in.Backend.Range}, nil
}

// withPpx adds a rewriter to how modules are preprocessed.
func withPpx(list []dune.Preprocess, ppx dune.Text, in *dune.Instrumentation) ([]dune.Preprocess, error) {
	out := slices.Clone(list)
	others := false
	for i := range out {
		p := &out[i]
		others = others || p.Modules == nil
		switch p.Kind {
		case dune.PreprocessAction, dune.PreprocessFutureSyntax:
			return nil, errorAt(in.Range, "Cannot instrument", "Preprocessing with actions and future syntax cannot be used together with instrumentation.")
		case dune.PreprocessNone:
			p.Kind, p.Range = dune.PreprocessPps, in.Range
		}
		p.Pps, p.Flags = slices.Concat(p.Pps, []dune.Text{ppx}), slices.Concat(p.Flags, in.Flags)
	}
	if !others {
		out = append(out, dune.Preprocess{Kind: dune.PreprocessPps, Pps: []dune.Text{ppx}, Flags: in.Flags, Range: in.Range})
	}
	return out, nil
}
