package ninjacmd

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"erg.build/erg/contexts/ninja"
)

// BrowseProgram is the name of the program that serves pages. It is one of
// its own because a web server would make every start of erg slower, by as much
// as a null build of a thousand edges takes.
const BrowseProgram = "erg-browse"

// Browse says how pages about a graph are to be served.
type Browse struct {
	Host  string
	Port  int
	Quiet bool // show them to nobody
	Pages *Pages
}

// Pages tells what there is to say about the files of a graph. It reads the
// build file for each, which changes while people look at it.
type Pages struct {
	command *command
	initial string // target
}

// A Page is what there is to say about a file.
type Page struct {
	Path    string
	Rule    string // that makes it; "" if none does
	Where   string // the statement
	Command string
	Inputs  []PageInput

	Validations, Outputs, ValidationFor []string

	Recorded []string // what its edge was found to read
	Wrong    []string // with dyndep files
}

// A PageInput is an input of an edge, and how it counts: "implicit",
// "order-only", or "".
type PageInput struct{ Path, Kind string }

// browse serves pages that show the graph, one file at a time, until it is
// interrupted.
func (r *toolRun) browse(args []string) int {
	const noBrowser = 'n'
	set, args, ok := r.getopt(browseUsage, args, option{'p', "port", true}, option{'a', "hostname", true}, option{noBrowser, "no-browser", false})
	if !ok {
		return exitFailed
	}
	b := Browse{Host: "localhost", Port: 8000, Quiet: has(set, noBrowser), Pages: &Pages{command: r.command}}
	if v, ok := set['p']; ok {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > 65535 {
			return r.error("browse: '%s' is no port", v)
		}
		b.Port = n
	}
	if v, ok := set['a']; ok {
		b.Host = v
	}
	if len(args) > 0 {
		b.Pages.initial = args[0]
	}
	serve := r.Browse
	if serve == nil {
		serve = r.handOver
	}
	if err := serve(r.ctx, r.Env, b); err != nil {
		return r.error("browse: %v", err)
	}
	return exitOK
}

// handOver has the program that serves pages take this one's place.
func (r *toolRun) handOver(context.Context, Env, Browse) error {
	program := ""
	if self, err := os.Executable(); err == nil {
		program = filepath.Join(filepath.Dir(self), BrowseProgram)
	}
	if _, err := os.Stat(program); err != nil {
		var lerr error
		if program, lerr = exec.LookPath(BrowseProgram); lerr != nil {
			return errors.New(BrowseProgram + ", which serves the pages, lies neither beside erg nor on PATH")
		}
	}
	return &os.PathError{Op: "start", Path: program, Err: syscall.Exec(program, append([]string{BrowseProgram}, r.argv...), r.Environ)}
}

// First returns the target of the first page: the one that was asked for,
// else "all", else the first that is built by default.
func (p *Pages) First() (string, error) {
	g, err := p.command.load()
	if err != nil {
		return "", errors.New(describe(err))
	}
	const all = "all"
	if p.initial != "" {
		return p.initial, nil
	}
	if _, ok := g.Lookup(all); !ok {
		if nodes, err := g.Defaults(); err == nil && len(nodes) > 0 {
			return g.Path(nodes[0]), nil
		}
	}
	return all, nil
}

// Page returns what there is to say about the file that somebody means by a
// target.
func (p *Pages) Page(target string) (*Page, error) {
	g, err := p.command.load()
	if err != nil {
		return nil, errors.New(describe(err))
	}
	v := (&toolRun{command: p.command, g: g}).viewer()
	f, err := v.find(target)
	if err != nil {
		return nil, err
	}
	page := &Page{Path: f.Path, Rule: f.Rule, Where: f.Where, Command: f.Command, Validations: f.Validations, Outputs: f.Outputs,
		ValidationFor: f.ValidationFor, Recorded: p.read(g, f.Path), Wrong: v.wrong}
	for _, in := range f.Inputs {
		page.Inputs = append(page.Inputs, PageInput{in.Path, in.Kind()})
	}
	return page, nil
}

// read returns what the edge of a file was found to read.
func (p *Pages) read(g *ninja.Graph, file string) []string {
	n, ok := g.Lookup(file)
	if !ok || g.Producer(n) == ninja.NoEdge {
		return nil
	}
	e := g.Producer(n)
	return discovered(p.command.recorded(g).Action(g.Path(g.Outputs(e)[0])))
}
