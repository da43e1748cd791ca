package ninjacmd

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"erg.build/erg/contexts/ninja"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/trace"
)

// A tool is what -t runs instead of a build.
type tool struct {
	name, about string
	run         func(*toolRun, []string) int
	bare        bool // it needs no build file
}

// A toolRun is one run of a tool.
type toolRun struct {
	*command
	g   *ninja.Graph
	out *bufio.Writer
}

var tools = []tool{
	{name: "clean", about: "clean built files", run: (*toolRun).clean},
	{name: "commands", about: "list all commands required to rebuild given targets", run: (*toolRun).commands},
	{name: "inputs", about: "list all inputs required to rebuild given targets", run: (*toolRun).inputs},
	{name: "deps", about: "show dependencies stored in the trace", run: (*toolRun).deps},
	{name: "graph", about: "output graphviz dot file for targets", run: (*toolRun).graph},
	{name: "query", about: "show inputs/outputs for a path", run: (*toolRun).query},
	{name: "targets", about: "list targets by their rule or depth in the DAG", run: (*toolRun).targets},
	{name: "compdb", about: "dump JSON compilation database to stdout", run: (*toolRun).compdb},
	{name: "recompact", about: "does nothing: the trace is always compact", run: (*toolRun).nothing, bare: true},
	{name: "restat", about: "does nothing: content counts, and not time", run: (*toolRun).nothing, bare: true},
	{name: "rules", about: "list all rules", run: (*toolRun).rules},
	{name: "cleandead", about: "clean built files that are no longer produced by the manifest", run: (*toolRun).cleandead},
}

func (c *command) runTool() int {
	if c.tool == "list" {
		fmt.Fprintln(c.Stdout, "ninja subtools:")
		for _, t := range tools {
			fmt.Fprintf(c.Stdout, "%11s  %s\n", t.name, t.about)
		}
		return exitOK
	}
	i := slices.IndexFunc(tools, func(t tool) bool { return t.name == c.tool })
	if i < 0 {
		return c.fatal("unknown tool '%s'", c.tool)
	}
	r := &toolRun{command: c, out: bufio.NewWriter(c.Stdout)}
	if !tools[i].bare {
		g, err := c.load()
		if err != nil {
			return c.error("%s", c.describe(err))
		}
		r.g = g
	}
	code := tools[i].run(r, c.args)
	if err := r.out.Flush(); err != nil {
		return c.error("%v", err)
	}
	return code
}

// nothing is for what keeps Ninja's logs in order: there are none. Generators
// call it while a build runs, so it must not wait for that.
func (r *toolRun) nothing([]string) int { return exitOK }

// nodes finds the targets that a tool was given, or the defaults.
func (r *toolRun) nodes(args []string) ([]ninja.Node, error) {
	b := builder{command: r.command, graph: r.g}
	return b.nodes(args)
}

// flags takes single letters from the front of a tool's arguments.
func flags(args []string, known string) (set map[byte]bool, rest []string, err error) {
	set = map[byte]bool{}
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		for _, c := range []byte(args[0][1:]) {
			if strings.IndexByte(known, c) < 0 {
				return nil, nil, fmt.Errorf("invalid option -- '%c'", c)
			}
			set[c] = true
		}
		args = args[1:]
	}
	return set, args, nil
}

func (r *toolRun) commands(args []string) int {
	set, args, err := flags(args, "s")
	if err != nil {
		return r.error("%v", err)
	}
	nodes, err := r.nodes(args)
	if err != nil {
		return r.error("%v", err)
	}
	if set['s'] {
		for _, n := range nodes {
			if e := r.g.Producer(n); e != ninja.NoEdge && !r.g.IsPhony(e) {
				fmt.Fprintln(r.out, r.g.Command(e))
			}
		}
		return exitOK
	}
	order, err := r.g.Order(nodes)
	if err != nil {
		return r.error("%v", err)
	}
	for _, e := range order {
		if !r.g.IsPhony(e) {
			fmt.Fprintln(r.out, r.g.Command(e))
		}
	}
	return exitOK
}

func (r *toolRun) inputs(args []string) int {
	nodes, err := r.nodes(args)
	if err != nil {
		return r.error("%v", err)
	}
	order, err := r.g.Order(nodes)
	if err != nil {
		return r.error("%v", err)
	}
	var list []string
	for _, e := range order {
		for _, n := range r.g.Inputs(e) {
			if p := r.g.Producer(n); p == ninja.NoEdge || !r.g.IsPhony(p) {
				list = append(list, r.g.Path(n))
			}
		}
	}
	slices.Sort(list)
	for _, p := range slices.Compact(list) {
		fmt.Fprintln(r.out, ninja.Quote(p))
	}
	return exitOK
}

func (r *toolRun) query(args []string) int {
	if len(args) == 0 {
		return r.error("expected a target to query")
	}
	g := r.g
	for _, a := range args {
		n, err := g.Target(a)
		if err != nil {
			return r.error("%v", err)
		}
		fmt.Fprintf(r.out, "%s:\n", g.Path(n))
		if e := g.Producer(n); e != ninja.NoEdge {
			fmt.Fprintf(r.out, "  input: %s\n", g.RuleName(g.Rule(e)))
			for _, l := range []struct {
				label string
				nodes []ninja.Node
			}{{"", g.ExplicitInputs(e)}, {"| ", g.ImplicitInputs(e)}, {"|| ", g.OrderOnlyInputs(e)}} {
				for _, in := range l.nodes {
					fmt.Fprintf(r.out, "    %s%s\n", l.label, g.Path(in))
				}
			}
			r.listed("  validations:", g.Validations(e))
		}
		fmt.Fprintln(r.out, "  outputs:")
		r.outputsOf(g.Consumers(n))
		if users := g.ValidationConsumers(n); len(users) > 0 {
			fmt.Fprintln(r.out, "  validation for:")
			r.outputsOf(users)
		}
	}
	return exitOK
}

func (r *toolRun) listed(title string, nodes []ninja.Node) {
	if len(nodes) > 0 {
		fmt.Fprintln(r.out, title)
	}
	for _, n := range nodes {
		fmt.Fprintf(r.out, "    %s\n", r.g.Path(n))
	}
}

func (r *toolRun) outputsOf(edges []ninja.Edge) {
	for _, e := range edges {
		for _, o := range r.g.Outputs(e) {
			fmt.Fprintf(r.out, "    %s\n", r.g.Path(o))
		}
	}
}

func (r *toolRun) targets(args []string) int {
	mode, depth := "depth", 1
	if len(args) > 0 {
		mode, args = args[0], args[1:]
	}
	g := r.g
	switch mode {
	case "rule":
		var list []string
		for e := range g.Edges() {
			switch {
			case len(args) == 0:
				for _, n := range g.Inputs(e) {
					if g.Producer(n) == ninja.NoEdge {
						fmt.Fprintln(r.out, g.Path(n))
					}
				}
			case g.RuleName(g.Rule(e)) == args[0]:
				for _, o := range g.Outputs(e) {
					list = append(list, g.Path(o))
				}
			}
		}
		slices.Sort(list)
		for _, p := range slices.Compact(list) {
			fmt.Fprintln(r.out, p)
		}
	case "depth":
		if len(args) > 0 {
			depth, _ = strconv.Atoi(args[0])
		}
		r.tree(g.Roots(), depth, 0)
	case "all":
		for e := range g.Edges() {
			for _, o := range g.Outputs(e) {
				fmt.Fprintf(r.out, "%s: %s\n", g.Path(o), g.RuleName(g.Rule(e)))
			}
		}
	default:
		return r.error("unknown target tool mode '%s'", mode)
	}
	return exitOK
}

func (r *toolRun) tree(nodes []ninja.Node, depth, indent int) {
	for _, n := range nodes {
		r.out.WriteString(strings.Repeat("  ", indent) + r.g.Path(n))
		e := r.g.Producer(n)
		if e == ninja.NoEdge {
			r.out.WriteString("\n")
			continue
		}
		fmt.Fprintf(r.out, ": %s\n", r.g.RuleName(r.g.Rule(e)))
		if depth > 1 || depth <= 0 && indent < r.g.NumEdges() { // no path is longer, but a cycle's
			r.tree(r.g.Inputs(e), depth-1, indent+1)
		}
	}
}

func (r *toolRun) rules(args []string) int {
	if _, _, err := flags(args, "d"); err != nil {
		return r.error("%v", err)
	}
	var names []string
	for i := range r.g.NumRules() {
		names = append(names, r.g.RuleName(ninja.Rule(i)))
	}
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		fmt.Fprintln(r.out, n)
	}
	return exitOK
}

// state reads the trace without waiting for a build that may be running.
func (r *toolRun) state() *trace.State {
	dir := filepath.Join(r.path(r.g.Var("builddir")), stateName)
	if _, err := os.Stat(dir); err != nil {
		return trace.NewState()
	}
	d := trace.OpenDir(fsys.OS{}, dir)
	s, _ := d.Load()
	return s // what was mapped stays so until the process ends, which is soon
}

func (r *toolRun) deps(args []string) int {
	st := r.state()
	var outs []string
	if len(args) > 0 {
		nodes, err := r.nodes(args)
		if err != nil {
			return r.error("%v", err)
		}
		for _, n := range nodes {
			outs = append(outs, r.g.Path(n))
		}
	} else {
		for e := range r.g.Edges() {
			if r.g.Binding(e, "deps") != "" {
				outs = append(outs, r.g.Path(r.g.Outputs(e)[0]))
			}
		}
	}
	for _, o := range outs {
		a := st.Action(o)
		if a == nil || a.Failed {
			fmt.Fprintf(r.out, "%s: deps not found\n", o)
			continue
		}
		var found []string
		for _, d := range a.Deps {
			if d.Discovered {
				found = append(found, d.Path)
			}
		}
		valid, mtime := "STALE", int64(0)
		if fi, err := os.Stat(r.path(o)); err == nil {
			valid, mtime = "VALID", fi.ModTime().UnixNano()
		}
		fmt.Fprintf(r.out, "%s: #deps %d, deps mtime %d (%s)\n", o, len(found), mtime, valid)
		for _, f := range found {
			fmt.Fprintf(r.out, "    %s\n", f)
		}
		fmt.Fprintln(r.out)
	}
	return exitOK
}

var errRemove = errors.New("some files cannot be removed")
