package graph

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Mermaid writes the graph as a Mermaid flowchart, which forges and many
// editors draw inside Markdown.
func (g *Graph) Mermaid(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("flowchart LR\n")
	nodes := g.nodes()
	name := names(nodes)
	var kinds []string
	members := map[string][]string{}
	for i, group := range groups(nodes) {
		indent := "  "
		if group.name != "" {
			fmt.Fprintf(b, "  subgraph g%d[\"%s\"]\n", i, mermaidText(group.name))
			indent = "    "
		}
		for _, n := range group.nodes {
			label := mermaidText(n.framed())
			if n.Detail != "" {
				label += "<br/><small>" + mermaidText(n.Detail) + "</small>"
			}
			fmt.Fprintf(b, "%s%s%s\n", indent, name[n.ID], mermaidShape(lookOf(n.Kind).shape, label))
			if members[n.Kind] == nil {
				kinds = append(kinds, n.Kind)
			}
			members[n.Kind] = append(members[n.Kind], name[n.ID])
		}
		if group.name != "" {
			b.WriteString("  end\n")
		}
	}
	for _, e := range g.Edges {
		arrow := map[EdgeKind]string{Plain: "-->", Strong: "==>", Weak: "-.->"}[e.Kind]
		if e.Label != "" {
			arrow = fmt.Sprintf("%s|\"%s\"|", arrow, mermaidLines(e.Label))
		}
		fmt.Fprintf(b, "  %s %s %s\n", name[e.From], arrow, name[e.To])
	}
	for i, kind := range kinds {
		l := lookOf(kind)
		fmt.Fprintf(b, "  classDef k%d fill:%s,stroke:%s,color:#1f2328\n", i, l.fill, l.stroke)
		fmt.Fprintf(b, "  class %s k%d\n", strings.Join(members[kind], ","), i)
	}
	return b.Flush()
}

func mermaidShape(s shape, label string) string {
	switch s {
	case box:
		return `["` + label + `"]`
	case pill:
		return `(["` + label + `"])`
	case cylinder:
		return `[("` + label + `")]`
	case heavy:
		return `{{"` + label + `"}}`
	}
	return `("` + label + `")`
}

// mermaidLines keeps the lines of a text apart.
func mermaidLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = mermaidText(line)
	}
	return strings.Join(lines, "<br/>")
}

// mermaidText escapes a text for a quoted label: Mermaid knows entities, with
// a number sign in place of HTML's ampersand, and gives Markdown and HTML in
// labels their meaning.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(oneLine(s), "\uFFFD") {
		switch r {
		case '"', '#', '&', '<', '>', '`', '*', '_', '\\', ';', '|', '~', '[', ']':
			fmt.Fprintf(&b, "#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	if b.Len() == 0 {
		return " "
	}
	return b.String()
}
