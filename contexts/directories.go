package contexts

import (
	"errors"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
)

// Diagnostics about the directories of a context belong to its definition.
func (ev *Evaluator) directories(t *engine.Task, c addr.Context) ([]*directory, error) {
	dirs, err := ev.dirsQ.Get(t, attrKey{c, "dirs"})
	if err != nil {
		return nil, err
	}
	out := make([]*directory, len(dirs))
	fns := make([]func(*engine.Task) error, len(dirs))
	for i, dir := range dirs {
		fns[i] = func(t *engine.Task) (err error) {
			out[i], err = ev.directoryQ.Get(t, dirKey{c, dir})
			return err
		}
	}
	if err := t.Run(fns...); err != nil {
		if later := (*notYet)(nil); errors.As(err, &later) {
			return nil, later
		}
		return nil, errReported
	}
	return out, nil
}
