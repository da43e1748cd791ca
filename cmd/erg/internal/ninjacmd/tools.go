package ninjacmd

import (
	"bufio"
	"context"
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
	name, about string // without the latter, it is not listed
	run         func(*toolRun, []string) int
	bare        bool // it needs no build file
}

// A toolRun is one run of a tool.
type toolRun struct {
	*command
	ctx context.Context
	g   *ninja.Graph
	out *bufio.Writer
}

var tools = []tool{
	{name: "browse", about: "browse dependency graph in a web browser", run: (*toolRun).browse, bare: true},
	{name: "clean", about: "clean built files", run: (*toolRun).clean},
	{name: "commands", about: "list all commands required to rebuild given targets", run: (*toolRun).commands},
	{name: "inputs", about: "list all inputs required to rebuild given targets", run: (*toolRun).inputs},
	{name: "multi-inputs", about: "print one or more sets of inputs required to build targets", run: (*toolRun).multiInputs},
	{name: "deps", about: "show dependencies stored in the trace", run: (*toolRun).deps},
	{name: "missingdeps", about: "check recorded dependencies on generated files", run: (*toolRun).missingDeps},
	{name: "graph", about: "output graphviz dot file for targets", run: (*toolRun).graph},
	{name: "query", about: "show inputs/outputs for a path", run: (*toolRun).query},
	{name: "targets", about: "list targets by their rule or depth in the DAG", run: (*toolRun).targets},
	{name: "compdb", about: "dump JSON compilation database to stdout", run: (*toolRun).compdb},
	{name: "compdb-targets", about: "dump JSON compilation database for a given list of targets to stdout", run: (*toolRun).compdbTargets},
	{name: "recompact", about: "does nothing: the trace is always compact", run: (*toolRun).recompact, bare: true},
	{name: "restat", about: "does nothing: content counts, and not time", run: (*toolRun).restat, bare: true},
	{name: "rules", about: "list all rules", run: (*toolRun).rules},
	{name: "cleandead", about: "clean built files that are no longer produced by the manifest", run: (*toolRun).cleandead},
	{name: "msvc", about: "build helper for compilers that name included files as cl.exe does", run: (*toolRun).msvc, bare: true},
	{name: "stats", about: "show what builds consist of, and what takes long", run: (*toolRun).figures},
	{name: "wincodepage", run: (*toolRun).winCodePage, bare: true},
}

func (c *command) runTool(ctx context.Context) int {
	if c.tool == "list" {
		fmt.Fprintln(c.Stdout, "ninja subtools:")
		for _, t := range tools {
			if t.about != "" {
				fmt.Fprintf(c.Stdout, "%11s  %s\n", t.name, t.about)
			}
		}
		return exitOK
	}
	i := slices.IndexFunc(tools, func(t tool) bool { return t.name == c.tool })
	if i < 0 {
		var names []string
		for _, t := range tools {
			names = append(names, t.name)
		}
		return c.fatal("unknown tool '%s'%s", c.tool, didYouMean(c.tool, names...))
	}
	r := &toolRun{command: c, ctx: ctx, out: bufio.NewWriter(c.Stdout)}
	if !tools[i].bare {
		g, err := c.load()
		if err != nil {
			return c.wrong(err)
		}
		r.g = g
		c.warn(g)
	}
	code := tools[i].run(r, c.args)
	if err := r.out.Flush(); err != nil {
		return c.error("%v", err)
	}
	return code
}

// error flushes what a tool has printed, which comes first, and prints an error.
func (r *toolRun) error(format string, args ...any) int {
	r.out.Flush() // the last flush returns the same error
	return r.command.error(format, args...)
}

// warning does the same with a warning.
func (r *toolRun) warning(format string, args ...any) {
	r.out.Flush()
	r.command.warning(format, args...)
}

// recompact keeps Ninja's logs small: there are none. Generators call it and
// restat while a build runs, so neither may wait for that.
func (r *toolRun) recompact([]string) int { return exitOK }

// restat would tell Ninja's log that outputs are as they should be.
func (r *toolRun) restat(args []string) int {
	if _, _, ok := r.getopt(restatUsage, args, option{'b', "builddir", true}); !ok {
		return exitFailed
	}
	return exitOK
}

// winCodePage tells on Windows how build files are encoded.
func (r *toolRun) winCodePage([]string) int {
	return r.fatal("the wincodepage tool is for Windows; here, paths are the bytes that are written")
}

// nodes finds the targets that a tool was given, or the defaults.
func (r *toolRun) nodes(args []string) ([]ninja.Node, error) {
	if len(args) == 0 {
		return r.g.Defaults()
	}
	nodes := make([]ninja.Node, len(args))
	for i, a := range args {
		var err error
		if nodes[i], err = r.target(a); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

func (r *toolRun) target(arg string) (ninja.Node, error) { return r.command.target(r.g, arg) }

// dyndeps returns what a dyndep file says, if it is there.
func (r *toolRun) dyndeps(f ninja.Node) ([]ninja.Dyndep, error) {
	text, err := os.ReadFile(r.path(r.g.Path(f)))
	if err != nil {
		return nil, fmt.Errorf("loading '%s': %s", r.g.Path(f), reason(err))
	}
	added, err := r.g.ReadDyndep(f, text)
	if err != nil {
		return nil, errors.New(describe(err))
	}
	return added, nil
}

func (r *toolRun) commands(args []string) int {
	set, args, ok := r.getopt(commandsUsage, args, option{'s', "", false})
	if !ok {
		return exitFailed
	}
	nodes, err := r.nodes(args)
	if err != nil {
		return r.error("%v", err)
	}
	if has(set, 's') {
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
			case len(args) == 0 || args[0] == "":
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
		roots := g.Roots()
		if len(roots) == 0 && g.NumEdges() > 0 {
			return r.error("%v", ninja.ErrNoRoots)
		}
		r.tree(roots, depth, 0)
	case "all":
		for e := range g.Edges() {
			for _, o := range g.Outputs(e) {
				fmt.Fprintf(r.out, "%s: %s\n", g.Path(o), g.RuleName(g.Rule(e)))
			}
		}
	default:
		return r.error("unknown target tool mode '%s'%s", mode, didYouMean(mode, "rule", "depth", "all"))
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
	set, _, ok := r.getopt(rulesUsage, args, option{'d', "", false})
	if !ok {
		return exitFailed
	}
	for _, rule := range r.g.TopRules() {
		r.out.WriteString(r.g.RuleName(rule))
		if text, ok := r.g.RuleText(rule, "description"); ok && has(set, 'd') {
			r.out.WriteString(": " + text)
		}
		r.out.WriteString("\n")
	}
	return exitOK
}

// state reads the trace without waiting for a build that may be running.
func (r *toolRun) state() *trace.State { return r.recorded(r.g) }

// recorded is state for a graph.
func (c *command) recorded(g *ninja.Graph) *trace.State {
	dir := filepath.Join(c.path(g.Var("builddir")), stateName)
	if _, err := os.Stat(dir); err != nil {
		return trace.NewState()
	}
	d := trace.OpenDir(fsys.OS{}, dir)
	s, _ := d.Load()
	return s // what was mapped stays so until the process ends, which is soon
}

// discovered returns the files that an edge was found to read.
func discovered(a *trace.Action) (paths []string) {
	if a == nil || a.Failed {
		return nil
	}
	for _, d := range a.Deps {
		if d.Discovered {
			paths = append(paths, d.Path)
		}
	}
	return paths
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
		found := discovered(a)
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
