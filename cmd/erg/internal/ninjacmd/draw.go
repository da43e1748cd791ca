package ninjacmd

import (
	"fmt"
	"slices"
	"strings"

	"erg.build/erg/contexts/ninja"
)

// compdb prints the commands of edges, of some rules or of all, for tools
// that read C.
func (r *toolRun) compdb(args []string) int {
	set, args, err := flags(args, "x")
	if err != nil {
		return r.error("%v", err)
	}
	g := r.g
	first := true
	r.out.WriteString("[")
	for e := range g.Edges() {
		if len(g.Inputs(e)) == 0 || len(args) > 0 && !slices.Contains(args, g.RuleName(g.Rule(e))) {
			continue
		}
		if !first {
			r.out.WriteString(",")
		}
		first = false
		command := g.Command(e)
		if set['x'] {
			command = expandRsp(g, e, command)
		}
		fmt.Fprintf(r.out, "\n  {\n    \"directory\": \"%s\",\n    \"command\": \"%s\",\n    \"file\": \"%s\",\n    \"output\": \"%s\"\n  }",
			jsonText(r.dir), jsonText(command), jsonText(g.Path(g.Inputs(e)[0])), jsonText(g.Path(g.Outputs(e)[0])))
	}
	r.out.WriteString("\n]\n")
	return exitOK
}

// expandRsp puts what a response file will hold in place of its name.
func expandRsp(g *ninja.Graph, e ninja.Edge, command string) string {
	file := g.Rspfile(e)
	i := strings.Index(command, file)
	if file == "" || i <= 0 || command[i-1] != '@' {
		return command
	}
	content := strings.ReplaceAll(g.Binding(e, "rspfile_content"), "\n", " ")
	return command[:i-1] + content + command[i+len(file):]
}

// jsonText escapes what a JSON string cannot hold, and no more.
func jsonText(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// graph prints what targets need for Graphviz.
func (r *toolRun) graph(args []string) int {
	nodes, err := r.nodes(args)
	if err != nil {
		return r.error("%v", err)
	}
	order, err := r.g.Order(nodes)
	if err != nil {
		return r.error("%v", err)
	}
	r.out.WriteString("digraph ninja {\nrankdir=\"LR\"\nnode [fontsize=10, shape=box, height=0.25]\nedge [fontsize=10]\n")
	seen := map[ninja.Node]bool{}
	file := func(n ninja.Node) {
		if !seen[n] {
			seen[n] = true
			fmt.Fprintf(r.out, "\"f%d\" [label=\"%s\"]\n", n, strings.ReplaceAll(r.g.Path(n), `"`, `\"`))
		}
	}
	for _, e := range order {
		r.drawEdge(e, file)
	}
	r.out.WriteString("}\n")
	return exitOK
}

func (r *toolRun) drawEdge(e ninja.Edge, file func(ninja.Node)) {
	g := r.g
	outs, ins := g.Outputs(e), g.Inputs(e)
	for _, list := range [...][]ninja.Node{outs, ins} {
		for _, n := range list {
			file(n)
		}
	}
	rule := g.RuleName(g.Rule(e))
	if len(outs) == 1 && len(ins) == 1 {
		fmt.Fprintf(r.out, "\"f%d\" -> \"f%d\" [label=\" %s\"]\n", ins[0], outs[0], rule)
		return
	}
	fmt.Fprintf(r.out, "\"e%d\" [label=\"%s\", shape=ellipse]\n", e, rule)
	for _, o := range outs {
		fmt.Fprintf(r.out, "\"e%d\" -> \"f%d\"\n", e, o)
	}
	order := len(ins) - len(g.OrderOnlyInputs(e))
	for i, in := range ins {
		style := ""
		if i >= order {
			style = " style=dotted"
		}
		fmt.Fprintf(r.out, "\"f%d\" -> \"e%d\" [arrowhead=none%s]\n", in, e, style)
	}
}
