package contexts

import (
	"errors"
	"path"
	"sync"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// makeArtifact makes a file below _build. Which declaration makes it is known
// once all of the context's are evaluated. When planning, some can be only after
// a build: if no other makes the file, one of these may.
func (ev *Evaluator) makeArtifact(t *engine.Task, c addr.Context, a addr.Artifact) error {
	p := addr.Artifact{Context: c, Path: a.Path}.String()
	return deferKnown(t, c, p, ev.makeKnownArtifact(t, c, a, p))
}

func (ev *Evaluator) makeKnownArtifact(t *engine.Task, c addr.Context, a addr.Artifact, p string) error {
	if action.IsPackageOutput(p) {
		return ev.makeElement(t, c, addr.Element{Kind: addr.KindPrefix, Name: path.Base(p)}, Request{}, &Outcome{})
	}
	dirs, err := ev.directories(t, c)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var later *notYet
	define := func(t *engine.Task, g *target) error {
		err := ev.define(t, g, p)
		mu.Lock()
		defer mu.Unlock()
		if errors.As(err, &later) {
			return nil
		}
		return err
	}
	// A block whose edges only a build can tell comes last.
	for _, last := range []bool{false, true} {
		var fns []func(*engine.Task) error
		for _, d := range dirs {
			for _, g := range d.order {
				if g.enabled && (g.ninja != nil) == last {
					fns = append(fns, func(t *engine.Task) error { return define(t, g) })
				}
			}
		}
		if err := t.Run(fns...); err != nil {
			return err
		}
		if t.Makes(p) {
			return t.Build(p)
		}
	}
	if real, ok, err := ev.dune.File(t, c, a.Path); err != nil {
		return duneError(err)
	} else if ok && real == p {
		return t.Build(p)
	}
	if later != nil {
		return later
	}
	return usage("nothing makes %s", p)
}

// define evaluates a target without building it, as far as it may make p.
func (ev *Evaluator) define(t *engine.Task, g *target, p string) (err error) {
	switch {
	case g.dune != nil:
		return nil // see makeArtifact
	case g.ninja != nil:
		err = ev.defineMaker(t, g, p)
	case g.test != nil:
		_, err = ev.testQ.Get(t, g.addr())
	case g.rule != nil:
		_, err = ev.ruleQ.Get(t, g.addr())
	case g.pkg != nil: // by its own name, see makeArtifact
	case g.install != nil:
		_, err = ev.installQ.Get(t, g.addr())
	default:
		_, err = ev.componentQ.Get(t, g.addr())
	}
	return err
}
