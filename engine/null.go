package engine

import (
	"runtime"
	"sync"
	"sync/atomic"

	"erg.build/erg/engine/trace"
)

// A NullResult is the answer of a null build.
type NullResult struct {
	Actions  int
	Summary  []byte
	Messages []Replayed // what cached actions printed
}

// Replayed is what an action printed when it ran.
type Replayed struct {
	Name, Context string
	Output        []byte
}

// Null answers a goal from the trace alone: if it was completed, and no
// file that it depends on has another stamp, and no environment variable
// another value, there is nothing to do. It examines files and nothing else.
func (e *Engine) Null(goal string) (*NullResult, bool) {
	if e.state != nil {
		return nil, false
	}
	h, err := e.trace.Hot()
	if err != nil || h.BuildID != e.opts.BuildID {
		return nil, false
	}
	g, ok := h.Goal(goal)
	if !ok {
		return nil, false
	}
	for _, v := range g.Env {
		if e.opts.Env(v.Name) != v.Value {
			return nil, false
		}
	}
	if !e.sameFiles(h, g) {
		return nil, false
	}
	r := &NullResult{Actions: g.Actions, Summary: g.Summary}
	if len(g.Replay) > 0 {
		e.load()
		for _, id := range g.Replay {
			if a := e.state.Actions[id]; a != nil {
				r.Messages = append(r.Messages, Replayed{a.Name, a.Context, a.Message})
			}
		}
	}
	return r, true
}

// chunk is how many files a worker takes at once: enough to make the
// counter cheap, few enough to end together.
const chunk = 256

func (e *Engine) sameFiles(h *trace.Hot, g *trace.HotGoal) bool {
	var next atomic.Int64
	var differs atomic.Bool
	var wg sync.WaitGroup
	for range min(runtime.NumCPU(), 1+h.Len()/chunk) {
		wg.Go(func() {
			for !differs.Load() {
				from := int(next.Add(chunk)) - chunk
				if from >= h.Len() {
					return
				}
				for i := from; i < min(from+chunk, h.Len()); i++ {
					if g.Has(i) && !e.sameFile(h.File(i), g.Complete) {
						differs.Store(true)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	return !differs.Load()
}

// sameFile judges one file. That its stamp is the recorded one is not
// enough: another goal may have seen it change since this one was complete.
func (e *Engine) sameFile(f trace.File, complete uint32) bool {
	if f.Racy || f.Changed > complete {
		return false
	}
	st, err := e.stat(f.Path)
	return err == nil && sameStamp(f.Kind, f.Stamp, st)
}
