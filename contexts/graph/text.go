package graph

import (
	"bufio"
	"io"
	"strings"
)

// Text writes the graph as trees: nodes that nothing needs first, and what a
// node needs indented below it.
//
//	context.firmware
//	├── host: context.config
//	│   └── toolchain.ocaml.built
//	└── settings.cflags: context.config  (see above)
//
// What is below a node is written once; where the node appears again it says
// "(see above)", and "(cycle)" when it is below itself.
func (g *Graph) Text(w io.Writer) error {
	t := tree{out: bufio.NewWriter(w), node: map[string]Node{}, below: map[string][]Edge{}, state: map[string]state{}}
	needed := map[string]bool{}
	nodes := g.nodes()
	for _, n := range nodes {
		t.node[n.ID] = n
	}
	for _, e := range g.Edges {
		t.below[e.From] = append(t.below[e.From], e)
		if e.From != e.To {
			needed[e.To] = true
		}
	}
	for _, n := range nodes {
		if !needed[n.ID] {
			t.write("", "", "", n.ID)
		}
	}
	for _, n := range nodes { // those in cycles that nothing else needs
		if t.state[n.ID] == unseen {
			t.write("", "", "", n.ID)
		}
	}
	return t.out.Flush()
}

// A state says how far the writing of what is below a node is.
type state int

const (
	unseen state = iota
	writing
	written
)

type tree struct {
	out   *bufio.Writer
	node  map[string]Node
	below map[string][]Edge
	state map[string]state
}

// write writes a node's line after head, and the lines below it after indent.
func (t *tree) write(head, indent, label, id string) {
	n, below := t.node[id], t.below[id]
	line := oneLine(n.label())
	if label != "" {
		line = oneLine(label) + ": " + line
	}
	if n.Detail != "" {
		line += "  " + oneLine(n.Detail)
	}
	again := t.state[id]
	switch {
	case len(below) == 0:
	case again == written:
		line += "  (see above)"
	case again == writing:
		line += "  (cycle)"
	}
	t.out.WriteString(head + line + "\n")
	if again != unseen {
		return
	}
	t.state[id] = writing
	for i, e := range below {
		if i < len(below)-1 {
			t.write(indent+"├── ", indent+"│   ", e.Label, e.To)
		} else {
			t.write(indent+"└── ", indent+"    ", e.Label, e.To)
		}
	}
	t.state[id] = written
}

// oneLine joins the lines of a text.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }), " ")
}
