// Package graph draws directed graphs: as a tree of text, for Graphviz, as a
// Mermaid flowchart, as JSON and as SVG. It is pure: it knows nothing about
// contexts, actions or whatever a graph is of, and runs no program itself.
//
// Drawings are deterministic: nodes and edges appear in the order given.
package graph

import (
	"encoding/json"
	"fmt"
	"io"
)

// A Graph is a directed graph.
type Graph struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
}

// A Node is a thing. Only its ID is needed.
type Node struct {
	ID     string `json:"id"`               // unique
	Label  string `json:"label,omitempty"`  // what to call it; its ID when empty
	Short  string `json:"short,omitempty"`  // what to call it in the frame of its group
	Kind   string `json:"kind,omitempty"`   // what it is, in a word: decides its looks
	Group  string `json:"group,omitempty"`  // nodes of one group are drawn together
	Detail string `json:"detail,omitempty"` // said in small print
}

// An Edge says that From needs To: a tree shows To below From, and a drawing
// points an arrow from From to To.
type Edge struct {
	From  string   `json:"from"` // the ID of a node
	To    string   `json:"to"`   // the ID of a node
	Label string   `json:"label,omitempty"`
	Kind  EdgeKind `json:"kind,omitempty"`
}

// An EdgeKind decides the looks of an edge.
type EdgeKind string

const (
	Plain  EdgeKind = ""
	Strong EdgeKind = "strong" // drawn heavily: what matters most
	Weak   EdgeKind = "weak"   // drawn lightly: what goes without saying
)

// JSON writes the graph as {"nodes":[…],"edges":[…]}, indented.
func (g *Graph) JSON(w io.Writer) error {
	all := Graph{Nodes: g.nodes(), Edges: g.Edges}
	if all.Nodes == nil {
		all.Nodes = []Node{}
	}
	if all.Edges == nil {
		all.Edges = []Edge{}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(all)
}

// nodes returns the nodes, and one for each ID that only edges mention. Of
// nodes with the same ID the first counts.
func (g *Graph) nodes() []Node {
	var nodes []Node
	seen := map[string]bool{}
	add := func(n Node) {
		if !seen[n.ID] {
			seen[n.ID] = true
			nodes = append(nodes, n)
		}
	}
	for _, n := range g.Nodes {
		add(n)
	}
	for _, e := range g.Edges {
		add(Node{ID: e.From})
		add(Node{ID: e.To})
	}
	return nodes
}

// label returns what to call a node.
func (n Node) label() string {
	if n.Label != "" {
		return n.Label
	}
	return n.ID
}

// framed returns what to call a node in a drawing, where its group has a
// frame around it.
func (n Node) framed() string {
	if n.Group != "" && n.Short != "" {
		return n.Short
	}
	return n.label()
}

// names gives each node a short identifier for languages in which an ID would
// need quoting: n0, n1, …
func names(nodes []Node) map[string]string {
	names := make(map[string]string, len(nodes))
	for i, n := range nodes {
		names[n.ID] = fmt.Sprint("n", i)
	}
	return names
}

// A group is a cluster of nodes; the one without a name holds those that are
// in none.
type group struct {
	name  string
	nodes []Node
}

// groups returns the groups in order of their first nodes, the nameless one
// at the end.
func groups(nodes []Node) []group {
	var found []group
	loose := group{}
	index := map[string]int{}
	for _, n := range nodes {
		if n.Group == "" {
			loose.nodes = append(loose.nodes, n)
			continue
		}
		i, ok := index[n.Group]
		if !ok {
			i = len(found)
			index[n.Group] = i
			found = append(found, group{name: n.Group})
		}
		found[i].nodes = append(found[i].nodes, n)
	}
	if loose.nodes != nil {
		found = append(found, loose)
	}
	return found
}
