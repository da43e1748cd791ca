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
	set, args, ok := r.getopt(compdbUsage, args, option{'x', "", false})
	if !ok {
		return exitFailed
	}
	var edges []ninja.Edge
	for e := range r.g.Edges() {
		if len(args) == 0 || slices.Contains(args, r.g.RuleName(r.g.Rule(e))) {
			edges = append(edges, e)
		}
	}
	return r.database(edges, has(set, 'x'))
}

// compdbTargets prints the commands that targets need.
func (r *toolRun) compdbTargets(args []string) int {
	set, args, ok := r.getopt(compdbTargetsUsage, args, option{'x', "", false})
	if !ok {
		return exitFailed
	}
	if len(args) == 0 {
		r.out.WriteString(compdbTargetsUsage)
		return r.error("compdb-targets expects the name of at least one target")
	}
	var nodes []ninja.Node
	for _, a := range args {
		n, err := r.target(a)
		if err != nil {
			return r.fatal("%v", err)
		}
		if r.g.Producer(n) == ninja.NoEdge {
			return r.fatal("'%s' is not a target (i.e. it is not an output of any `build` statement)", r.g.Path(n))
		}
		nodes = append(nodes, n)
	}
	order, err := r.g.Order(nodes)
	if err != nil {
		return r.fatal("%v", err)
	}
	return r.database(slices.DeleteFunc(order, r.g.IsPhony), has(set, 'x'))
}

// database prints edges that have inputs as a compilation database.
func (r *toolRun) database(edges []ninja.Edge, expand bool) int {
	g := r.g
	first := true
	r.out.WriteString("[")
	for _, e := range edges {
		if len(g.Inputs(e)) == 0 {
			continue
		}
		if !first {
			r.out.WriteString(",")
		}
		first = false
		command := g.Command(e)
		if expand {
			command = expandRsp(g, e, command)
		}
		fmt.Fprintf(r.out, "\n  {\n    \"directory\": \"%s\",\n    \"command\": \"%s\",\n    \"file\": \"%s\",\n    \"output\": \"%s\"\n  }",
			jsonText(r.dir), jsonText(command), jsonText(g.Path(g.Inputs(e)[0])), jsonText(g.Path(g.Outputs(e)[0])))
	}
	r.out.WriteString("\n]\n")
	return exitOK
}

// expandRsp puts what a response file will hold in place of its name, where
// that stands behind something that says so.
func expandRsp(g *ninja.Graph, e ninja.Edge, command string) string {
	file := g.Rspfile(e)
	i := strings.Index(command, file)
	if file == "" || i <= 0 {
		return command
	}
	for _, mark := range [...]string{"@", "-f ", "--option-file="} {
		if before, ok := strings.CutSuffix(command[:i], mark); ok {
			content := strings.ReplaceAll(g.Binding(e, "rspfile_content"), "\n", " ")
			return before + content + command[i+len(file):]
		}
	}
	return command
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
