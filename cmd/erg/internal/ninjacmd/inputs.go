package ninjacmd

import (
	"slices"

	"erg.build/erg/contexts/ninja"
)

// inputs lists what targets need, each file once.
func (r *toolRun) inputs(args []string) int {
	set, args, ok := r.getopt(inputsUsage, args, option{'0', "print0", false}, option{'E', "no-shell-escape", false}, option{'d', "dependency-order", false})
	if !ok {
		return exitFailed
	}
	nodes, err := r.nodes(args)
	if err != nil {
		return r.error("%v", err)
	}
	list := r.inputsOf(nodes)
	if !has(set, 'E') {
		for i, p := range list {
			list[i] = ninja.Quote(p)
		}
	}
	if !has(set, 'd') {
		slices.Sort(list)
	}
	for _, p := range list {
		r.out.WriteString(p + terminator(set))
	}
	return exitOK
}

// multiInputs lists what each target needs.
func (r *toolRun) multiInputs(args []string) int {
	set, args, ok := r.getopt(multiInputsUsage, args, option{'d', "delimiter", true}, option{'0', "print0", false})
	if !ok {
		return exitFailed
	}
	nodes, err := r.nodes(args)
	if err != nil {
		return r.error("%v", err)
	}
	delimiter := "\t"
	if has(set, 'd') {
		delimiter = set['d']
	}
	for _, n := range nodes {
		for _, p := range r.inputsOf([]ninja.Node{n}) {
			r.out.WriteString(r.g.Path(n) + delimiter + p + terminator(set))
		}
	}
	return exitOK
}

func terminator(set map[byte]string) string {
	if has(set, '0') {
		return "\x00"
	}
	return "\n"
}

// inputsOf returns the paths of all files that targets need, those that are
// needed for another one before it. What a phony edge stands for counts in its
// place.
func (r *toolRun) inputsOf(targets []ninja.Node) (list []string) {
	type frame struct {
		node ninja.Node
		next int
	}
	seen := make([]bool, r.g.NumNodes())
	needs := func(n ninja.Node) []ninja.Node {
		if e := r.g.Producer(n); e != ninja.NoEdge {
			return r.g.Inputs(e)
		}
		return nil
	}
	var stack []frame
	for _, t := range targets {
		stack = append(stack[:0], frame{node: t})
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if in := needs(f.node); f.next < len(in) {
				f.next++
				if n := in[f.next-1]; !seen[n] {
					seen[n] = true
					stack = append(stack, frame{node: n})
				}
				continue
			}
			if e := r.g.Producer(f.node); len(stack) > 1 && (e == ninja.NoEdge || !r.g.IsPhony(e)) {
				list = append(list, r.g.Path(f.node))
			}
			stack = stack[:len(stack)-1]
		}
	}
	return list
}
