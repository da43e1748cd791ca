package contexts

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// makeElement makes something public: a program, a library, a value.
//
// When planning, what that is may be known only after a build.
func (ev *Evaluator) makeElement(t *engine.Task, c addr.Context, el addr.Element, r Request, out *Outcome) error {
	el = el.Whole()
	el.Context = c
	return deferKnown(t, c, el.String(), ev.makeKnownElement(t, c, el, r, out))
}

func (ev *Evaluator) makeKnownElement(t *engine.Task, c addr.Context, el addr.Element, r Request, out *Outcome) error {
	ref := lang.Ref{Root: "context", Range: hcl.Range{Filename: "(command line)", Start: hcl.InitialPos, End: hcl.InitialPos}}
	if diags := ev.checkElement(t, el, ref, 0); diags.HasErrors() {
		if later := laterOf(diags); later != nil {
			return later
		}
		for _, d := range diags {
			if _, ok := d.Extra.(passThrough); ok {
				return errReported
			}
		}
		return usage("%s", lowerFirst(diags[0].Detail))
	}
	provided, err := ev.provider(t, el)
	if err != nil {
		return err
	}
	switch {
	case provided.has(el):
		if el.Kind == addr.KindLib {
			el = provided.libs[el.Name].pkg // all of it
		}
	case el.Kind == addr.KindBin, el.Kind == addr.KindLib:
		pub, err := ev.publicQ.Get(t, c)
		if err != nil {
			return err
		}
		g := pub.bins[el.Name]
		if el.Kind == addr.KindLib {
			g = pub.libs[el.Name]
		}
		if g.ninja == nil {
			return ev.makeTarget(t, g, r, out)
		}
		p, err := ev.builtProgram(t, g, el.Name)
		if err != nil || p.path == "" {
			return err
		}
		out.program(p)
		return t.Build(p.path)
	}
	val, err := ev.elementQ.Get(t, el)
	if err != nil {
		return err
	}
	var paths []string
	for _, m := range lang.Files(val) {
		paths = append(paths, m.Path)
	}
	return t.Build(paths...)
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
