package graph

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// dotHeader sets what holds for the whole drawing.
const dotHeader = `digraph erg {
  graph [rankdir=LR, bgcolor="white", pad=0.3, nodesep=0.2, ranksep=0.5, splines=true, fontname="Helvetica,Arial,sans-serif", fontsize=12]
  node [shape=box, style="rounded,filled", penwidth=1.1, margin="0.16,0.08", height=0.38, fontname="Helvetica,Arial,sans-serif", fontsize=11, fontcolor="#1f2328"]
  edge [color="#8c959f", arrowsize=0.7, penwidth=1.1, fontname="Helvetica,Arial,sans-serif", fontsize=10, fontcolor="#57606a"]
`

// Dot writes the graph in Graphviz's language: left to right, a cluster for
// each group, colours and shapes by kind.
func (g *Graph) Dot(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString(dotHeader)
	nodes := g.nodes()
	name := names(nodes)
	for i, group := range groups(nodes) {
		indent := "  "
		if group.name != "" {
			fmt.Fprintf(b, "  subgraph cluster_%d {\n", i)
			fmt.Fprintf(b, "    label=<<b>%s</b>>; labeljust=l; style=\"rounded,filled\"; color=\"#d0d7de\"; fillcolor=\"#f6f8fa\"; fontcolor=\"#57606a\"; margin=14\n",
				dotText(group.name))
			indent = "    "
		}
		for _, n := range group.nodes {
			fmt.Fprintf(b, "%s%s [%s]\n", indent, name[n.ID], dotNode(n))
		}
		if group.name != "" {
			b.WriteString("  }\n")
		}
	}
	for _, e := range g.Edges {
		fmt.Fprintf(b, "  %s -> %s", name[e.From], name[e.To])
		var attrs []string
		if e.Label != "" {
			attrs = append(attrs, fmt.Sprintf("label=<%s>", dotText(e.Label)))
		}
		if style := dotEdges[e.Kind]; style != "" {
			attrs = append(attrs, style)
		}
		if len(attrs) > 0 {
			fmt.Fprintf(b, " [%s]", strings.Join(attrs, ", "))
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n")
	return b.Flush()
}

// dotEdges are the looks of edges that are not plain.
var dotEdges = map[EdgeKind]string{
	Strong: `color="#3b6fc4", fontcolor="#3b6fc4", penwidth=2`,
	Weak:   `color="#b7bec6", style=dashed, arrowsize=0.6`,
}

func dotNode(n Node) string {
	l := lookOf(n.Kind)
	label := dotText(n.framed())
	if n.Detail != "" {
		label += `<br/><font point-size="9" color="#57606a">` + dotText(n.Detail) + `</font>`
	}
	attrs := fmt.Sprintf(`label=<%s>, fillcolor="%s", color="%s"`, label, l.fill, l.stroke)
	switch l.shape {
	case box:
		attrs += `, style="filled"`
	case pill:
		attrs += `, margin="0.24,0.08"`
	case cylinder:
		attrs += `, shape=cylinder, style="filled", margin="0.16,0.1"`
	case heavy:
		attrs += `, style="filled", penwidth=2.2`
	}
	return attrs + fmt.Sprintf(`, tooltip="%s"`, dotString(n.ID))
}

// dotText escapes a text for an HTML-like label.
func dotText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, line := range lines {
		lines[i] = htmlEscaper.Replace(oneLine(line))
	}
	if text := strings.Join(lines, "<br/>"); text != "" {
		return text
	}
	return " " // Graphviz refuses an empty label
}

// htmlEscaper escapes a line. Graphviz replaces \N and its like in HTML-like
// labels too, entities notwithstanding, and knows no way to escape them there:
// a space of no width keeps them apart.
var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;",
	`\N`, `\&#8203;N`, `\G`, `\&#8203;G`, `\E`, `\&#8203;E`, `\T`, `\&#8203;T`, `\H`, `\&#8203;H`, `\L`, `\&#8203;L`)

// dotString escapes a text for a quoted string. Backslashes are doubled since
// Graphviz gives some of them a meaning in strings for people.
func dotString(s string) string {
	s = strings.ToValidUTF8(oneLine(s), "\uFFFD")
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;").Replace(s)
}
