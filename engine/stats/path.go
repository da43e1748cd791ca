package stats

import (
	"slices"
	"time"
)

// A finder computes how long it takes, at least, until an action has ended.
type finder struct {
	*graph
	until []time.Duration
	after []int32 // the action before it on the longest way, or -1
	state []uint8
}

const (
	unseen uint8 = iota
	open         // on the way from where the search began
	closed
)

// criticalPath finds the longest chain. Records of former graphs may need
// each other in a ring: there it is cut.
func (g *graph) criticalPath() Path {
	n := len(g.acts)
	f := &finder{graph: g, until: make([]time.Duration, n), after: make([]int32, n), state: make([]uint8, n)}
	last := int32(-1)
	for i := range g.acts {
		if !g.acts[i].kept {
			continue
		}
		f.visit(int32(i))
		if last < 0 || f.until[i] > f.until[last] {
			last = int32(i)
		}
	}
	p := Path{Steps: []Step{}}
	if last < 0 {
		return p
	}
	p.Took = Seconds(f.until[last])
	for i := last; i >= 0; i = f.after[i] {
		if a := &g.acts[i]; !a.phony {
			s := Step{g.action(i), Seconds(f.until[i])}
			s.Name, s.Target, s.Output, s.Took = a.name, a.target, a.id, Seconds(a.took)
			p.Steps = append(p.Steps, s)
		}
	}
	slices.Reverse(p.Steps)
	return p
}

// A frame is an action whose inputs are being visited.
type frame struct {
	act  int32
	next int // of its inputs
}

// visit judges an action after all that it needs. Chains may be as long as
// the graph is large.
func (f *finder) visit(root int32) {
	if f.state[root] != unseen {
		return
	}
	stack := []frame{f.enter(root)}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		a := &f.acts[top.act]
		if top.next == a.last {
			f.state[top.act] = closed
			f.until[top.act] += a.took
			stack = stack[:len(stack)-1]
			continue
		}
		in := f.makers[f.inputs[top.next]] - 1
		switch {
		case in < 0 || !f.acts[in].kept || f.state[in] == open:
		case f.state[in] == unseen:
			stack = append(stack, f.enter(in))
			continue // and come back to it
		case f.until[in] > f.until[top.act] || f.after[top.act] < 0:
			f.until[top.act], f.after[top.act] = f.until[in], in
		}
		top.next++
	}
}

func (f *finder) enter(i int32) frame {
	f.state[i], f.after[i] = open, -1
	return frame{i, f.acts[i].first}
}
