package contexts

import (
	"errors"
	"sync"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine"
)

// DescribeDune lists what dune files declare, in the contexts named or in the
// default ones. Nothing is built for it.
func (ev *Evaluator) DescribeDune(t *engine.Task, names []string) ([]*rules.Description, error) {
	ws, sel, err := ev.selected(t, names)
	if err != nil {
		return nil, err
	}
	var out []*rules.Description
	for _, s := range sel {
		var mu sync.Mutex
		found := map[string]*rules.Description{}
		err := ev.eachInstance(t, ws, s, func(t *engine.Task, c addr.Context) error {
			d, err := ev.dune.Describe(t, c)
			if err != nil {
				return deferDune(t, c, "what its dune files declare", err)
			}
			mu.Lock()
			defer mu.Unlock()
			found[c.Key] = d
			return nil
		})
		if err != nil {
			return nil, err
		}
		in, err := ev.instancesQ.Get(t, addr.Context{Name: s.Name})
		if err != nil {
			return nil, err
		}
		for _, k := range in.keys {
			if d := found[k]; d != nil {
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// Editing returns what an editor must know of a source of the tree, in the
// first of the contexts named, or of the default ones, that has it as a
// module; nil if none has. A context for the build machine comes before others:
// most of what people look at while they edit is true there. Without names the
// context answers that dune-workspace marks with (merlin), if one is.
func (ev *Evaluator) Editing(t *engine.Task, names []string, file string) (*rules.Editing, error) {
	if len(names) == 0 {
		var err error
		if names, err = ev.merlinContext(t); err != nil {
			return nil, err
		}
	}
	ws, sel, err := ev.selected(t, names)
	if err != nil {
		return nil, err
	}
	var later error
	var other *rules.Editing
	for _, s := range sel {
		in, err := ev.instancesQ.Get(t.At(site(ws.Context(s.Name).Range)), addr.Context{Name: s.Name})
		if err != nil {
			return nil, err
		}
		for _, k := range in.keys {
			if s.Key != "" && !s.IsAll() && s.Key != k {
				continue
			}
			e, native, err := ev.editingIn(t, addr.Context{Name: s.Name, Key: k}, file)
			switch {
			case errors.As(err, new(*notYet)):
				later = err
			case err != nil:
				return nil, err
			case e != nil && native:
				return e, nil
			case other == nil:
				other = e
			}
		}
	}
	if other == nil {
		return nil, later
	}
	return other, nil
}

// editingIn is Editing in one context, which native says is for the build
// machine.
func (ev *Evaluator) editingIn(t *engine.Task, c addr.Context, file string) (e *rules.Editing, native bool, err error) {
	if e, err = ev.dune.Editing(t, c, file); e == nil || err != nil {
		return nil, false, duneError(err)
	}
	tc, err := duneWorld{ev}.OCaml(t, c)
	return e, tc != nil && tc.Native(), err
}

// merlinContext is the context that dune-workspace marks for editors, if that
// is what describes the workspace.
func (ev *Evaluator) merlinContext(t *engine.Task) ([]string, error) {
	const name = "dune-workspace"
	if own, _, err := findFile(t, "", config.WorkspaceFiles); err != nil || own != "" {
		return nil, nil // evaluation reports what is wrong with it
	}
	if ok, err := t.Exists(name); err != nil || !ok {
		return nil, err
	}
	src, err := t.ReadFile(name)
	if err != nil {
		return nil, err
	}
	ws, _ := dune.ReadWorkspace(name, src)
	if ws == nil {
		return nil, nil
	}
	for _, c := range ws.Contexts {
		if c.Merlin {
			return []string{dune.Identifier(c.Name)}, nil
		}
	}
	return nil, nil
}

// selected reads the workspace, and lists the contexts that a command is about.
func (ev *Evaluator) selected(t *engine.Task, names []string) (*config.Workspace, []addr.Context, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, nil, err
	}
	if err := ev.knownVariables(ws); err != nil {
		return nil, nil, err
	}
	sel, err := ev.selection(t, ws, names)
	return ws, sel, err
}
