package ninjacmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"erg.build/erg/contexts/ninja"
	"erg.build/erg/contexts/ninja/drive"
	"erg.build/erg/engine"
	"erg.build/erg/engine/jobserver"
)

// stateName is the directory, in $builddir, of what erg keeps.
const stateName = ".erg"

// build makes targets up to date.
func (c *command) build(ctx context.Context) int {
	if _, err := os.Stat(c.path(stateName)); err == nil {
		// To look for $builddir, all of the build file has to be read. While that
		// is as it was, the state lies where it lay.
		if code, elsewhere := c.buildAt(ctx, stateName, true); !elsewhere {
			return code
		}
	}
	state, err := c.stateDir()
	if err != nil {
		return c.wrong(err)
	}
	code, _ := c.buildAt(ctx, state, false)
	return code
}

// buildAt builds with the state at a place, which may be guessed: then nothing
// is done if it belongs elsewhere.
func (c *command) buildAt(ctx context.Context, state string, guessed bool) (code int, elsewhere bool) {
	environ := c.Environ
	if err := c.enter(state); err != nil {
		return c.error("%v", err), false
	}
	defer func() { c.Environ = environ }()
	eng, err := engine.Open(ctx, engine.Options{Root: c.dir, StateDir: state, StoreDir: c.StoreDir, BuildID: c.BuildID, Env: c.Getenv, InPlace: true, Foreign: drive.Hooks(), Working: c.Working,
		Waiting: func(pid int) {
			c.working()
			c.warning("process %d builds here; waiting for it", pid)
		}})
	if err != nil {
		if ctx.Err() != nil {
			return c.interrupted(), false
		}
		return c.error("%v", err), false
	}
	right := func() (bool, error) { return true, nil }
	if guessed {
		right = func() (bool, error) {
			real, err := c.stateDir()
			return real == state, err
		}
	}
	code, elsewhere = c.buildIn(ctx, eng, right)
	if err := eng.Close(); err != nil && code == exitOK && !elsewhere {
		return c.error("%v", err), false
	}
	return code, elsewhere
}

// insideVar names the states of all builds that a process runs in.
const insideVar = "ERG_NINJA_INSIDE"

// enter refuses a build of a directory from within a build of it, which would
// wait for itself, and notes this one for the commands that it runs.
func (c *command) enter(state string) error {
	state = c.path(state)
	outer := c.Getenv(insideVar)
	if slices.Contains(filepath.SplitList(outer), state) {
		return errors.New("this command is part of a build of the same directory, and would wait for it")
	}
	if outer != "" {
		state = outer + string(filepath.ListSeparator) + state
	}
	c.Environ = append(slices.Clip(c.Environ), insideVar+"="+state)
	return nil
}

// buildIn builds in an engine; right tells whether that is at the right place,
// once it matters.
func (c *command) buildIn(ctx context.Context, eng *engine.Engine, right func() (bool, error)) (code int, elsewhere bool) {
	key := c.goalKey()
	look := eng.Look(key)
	if look.Null != nil && !c.dryRun {
		c.Stderr.Write(look.Null.Summary) // the warnings about the build file, which is not read
		return c.nothing(), false
	}
	st, err := newStatus(c)
	if err != nil {
		return c.fatal("%v", err), false
	}
	b := &builder{command: c, eng: eng, status: st, ctx: ctx}
	if !c.dryRun && !c.jobsGiven {
		if b.jobserver, err = jobserver.Join(c.Getenv); err != nil {
			c.warning("%v", err)
		}
	}
	if b.jobserver != nil {
		defer b.jobserver.Close()
		if n := b.jobserver.Slots(); n > 0 {
			c.jobs = n
		}
	}
	if code, done := b.resume(key, look); done {
		return code, false
	}
	if ok, err := right(); err != nil {
		return c.wrong(err), false
	} else if !ok {
		return 0, true
	}
	return b.build(key), false
}

// build makes the build file up to date, reads it, and makes the targets.
func (b *builder) build(key string) int {
	for try := 0; ; try++ {
		rebuilt, code := b.manifest()
		if code != exitOK {
			return code
		}
		if !rebuilt {
			break
		}
		if try == maxManifests {
			return b.error("manifest '%s' still dirty after %d tries, perhaps system time is not set", b.file, maxManifests)
		}
	}
	return b.targets(key)
}

// resume brings the goal up to date without reading the build file, if what
// decided what there is to do is as it was.
func (b *builder) resume(key string, look *engine.Look) (code int, done bool) {
	if b.dryRun || b.stats || !look.Resumable() {
		return 0, false
	}
	s := b.session(key)
	done, err := s.Resume(look)
	if !done {
		return 0, false // the next session goes on with what this one saw
	}
	b.status.end()
	b.Stderr.Write(look.Summary())
	return b.finish(s, err), true
}

// maxManifests bounds how often a build file that makes itself is read again.
const maxManifests = 100

// nothing reports that all is up to date.
func (c *command) nothing() int {
	if c.verbosity != quiet {
		c.info("no work to do.")
	}
	return exitOK
}

func (c *command) interrupted() int {
	c.info("build stopped: interrupted by user.")
	return exitInterrupted
}

// goalKey names what is asked for in the trace.
func (c *command) goalKey() string {
	b, err := json.Marshal(goalName{"ninja", c.file, c.args, c.phonyCycleErr, c.mtime})
	if err != nil {
		panic(err) // strings always can
	}
	return string(b)
}

// stateDir finds where erg's own files are, without reading the whole graph
// if that can be helped: a null build must not.
func (c *command) stateDir() (string, error) {
	dir, sure, err := c.scanBuilddir(c.file, 0)
	if err != nil {
		return "", &ninja.Error{Err: err}
	}
	if !sure {
		g, err := c.load()
		if err != nil {
			return "", err
		}
		dir = g.Var("builddir")
	}
	return filepath.Join(dir, stateName), nil
}

// scanBuilddir looks for the variable in a build file and in those that it
// includes. It is not sure when the value, or which file counts, depends on
// more than the text.
func (c *command) scanBuilddir(file string, depth int) (dir string, sure bool, err error) {
	text, err := os.ReadFile(c.path(file))
	if err != nil {
		return "", false, err
	}
	if i := bytes.Index(text, []byte("builddir")); i >= 0 {
		line, _, _ := bytes.Cut(text[i+len("builddir"):], []byte("\n"))
		value, ok := bytes.CutPrefix(bytes.TrimLeft(line, " "), []byte("="))
		if i > 0 && text[i-1] != '\n' || !ok || bytes.ContainsAny(line, "$#\r") || bytes.Contains(text[i+len("builddir"):], []byte("\nbuilddir")) || depth > 0 {
			return "", false, nil
		}
		return string(bytes.TrimSpace(value)), true, nil
	}
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte("include "))
		if i < 0 {
			return "", true, nil
		}
		at += i
		line, _, _ := bytes.Cut(text[at:], []byte("\n"))
		if at == 0 || text[at-1] == '\n' {
			name := strings.TrimSpace(strings.TrimPrefix(string(line), "include "))
			if strings.ContainsAny(name, "$") || depth > 5 {
				return "", false, nil
			}
			if _, sure, err := c.scanBuilddir(name, depth+1); err != nil || !sure {
				return "", false, nil // reading all of it tells what is wrong
			}
		}
		at += len("include ")
	}
}

// A builder builds in an engine, in as many sessions as it takes.
type builder struct {
	*command
	eng    *engine.Engine
	status *status
	ctx    context.Context
	graph  *ninja.Graph
	warned bool
	parsed time.Duration

	jobserver *jobserver.Pool // of the program that runs this one
}

func (b *builder) session(goal string) *engine.Session {
	mode := engine.Build
	if b.dryRun {
		mode = engine.Plan
	}
	b.status.begin()
	return b.eng.NewSession(b.ctx, engine.SessionOptions{Mode: mode, Goal: goal, Jobs: b.jobs, KeepGoing: b.failures == 0, Failures: b.failures,
		MaxLoad: b.maxLoad, Memory: b.memory, Jobserver: b.jobserver, Environ: b.Environ, KeepRsp: b.keepRsp, KeepDepfiles: b.keepDepfile, Sink: b.status})
}

func (b *builder) drive() *drive.Driver {
	return drive.New(b.graph, drive.Options{Mtime: b.mtime})
}

// manifest reads the build file after having it made up to date, if an edge
// makes it. It reports whether it must be read again.
func (b *builder) manifest() (again bool, code int) {
	s := b.session("manifest " + b.file)
	var read error
	err := s.Eval(func(t *engine.Task) error {
		if read = b.read(t); read != nil {
			return read
		}
		n, ok := b.maker()
		if !ok || b.dryRun {
			return nil
		}
		b.status.begin()
		b.status.watch = b.graph.Path(b.graph.Outputs(b.graph.Producer(n))[0])
		return b.drive().Build(t, []ninja.Node{n})
	})
	b.status.end()
	switch {
	case b.ctx.Err() != nil:
		s.Finish(false, nil)
		return false, b.interrupted()
	case read != nil:
		return false, b.wrong(read)
	case errors.Is(err, engine.ErrFailed) || b.status.failed > 0:
		s.Finish(false, nil)
		return false, b.error("rebuilding '%s': %s", b.file, "subcommand failed")
	case err != nil:
		return false, b.error("rebuilding '%s': %s", b.file, describe(err))
	case b.status.ran == 0:
		return false, exitOK // the next session goes on with what this one saw
	}
	if err := s.Finish(false, nil); err != nil {
		return false, b.error("%v", err)
	}
	return b.status.watched, exitOK
}

// maker returns the build file, if an edge makes it.
func (b *builder) maker() (ninja.Node, bool) {
	n, ok := b.graph.Lookup(b.file)
	return n, ok && b.graph.Producer(n) != ninja.NoEdge
}

// largeGraph is from how many edges on a graph counts as large.
const largeGraph = 50000

func (b *builder) read(t *engine.Task) (err error) {
	began := time.Now()
	if b.graph, err = drive.Read(t, b.file, b.phonyCycleErr); err != nil {
		return err
	}
	if b.graph.NumEdges() > largeGraph && b.Large != nil {
		b.Large()
	}
	b.parsed = time.Since(began)
	if !b.warned {
		b.warn(b.graph)
	}
	b.warned = true
	return nil
}

// targets builds what was asked for.
func (b *builder) targets(key string) int {
	nodes, err := b.nodes(b.args)
	if err != nil {
		return b.error("%v", err)
	}
	if n, ok := b.maker(); ok && !b.dryRun {
		// It is up to date. That it stays so is part of the goal: a null
		// build looks at what it is made from.
		nodes = append(slices.Clip(nodes), n)
	}
	s := b.session(key)
	err = s.Eval(func(t *engine.Task) error {
		d := b.drive()
		if err := d.Depend(t); err != nil {
			return err
		}
		return d.Build(t, nodes)
	})
	b.status.end()
	if b.dryRun {
		return b.planned(s, err)
	}
	return b.finish(s, err)
}

// finish ends a session that built targets, and says how that went.
func (b *builder) finish(s *engine.Session, err error) int {
	failed := b.status.failed > 0
	var summary []byte // Finish knows that of a goal that was resumed
	if b.graph != nil {
		summary = []byte(b.warnings(b.graph))
	}
	saved := s.Finish(err == nil && !failed && b.ctx.Err() == nil, summary)
	if b.stats {
		b.printStats(s)
	}
	switch {
	case b.ctx.Err() != nil:
		return b.interrupted()
	case failed || errors.Is(err, engine.ErrFailed):
		return b.stopped()
	case err != nil && b.status.ran > 0:
		b.info("build stopped: %s.", b.describeBuild(err))
		return exitFailed
	case err != nil:
		return b.error("%s", b.describeBuild(err))
	case saved != nil:
		return b.error("%v", saved)
	case b.status.ran == 0:
		return b.nothing()
	}
	return exitOK
}

func (b *builder) nodes(args []string) ([]ninja.Node, error) {
	if len(args) == 0 {
		return b.graph.Defaults()
	}
	nodes := make([]ninja.Node, len(args))
	for i, a := range args {
		var err error
		if nodes[i], err = b.target(b.graph, a); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// stopped says in Ninja's words why a build ended.
func (b *builder) stopped() int {
	switch {
	case b.failures == 0 || b.status.failed < b.failures:
		b.info("build stopped: cannot make progress due to previous errors.")
	case b.failures > 1:
		b.info("build stopped: subcommands failed.")
	default:
		b.info("build stopped: subcommand failed.")
	}
	return exitFailed
}

// describeBuild words what went wrong before anything could run.
func (b *builder) describeBuild(err error) string {
	var c *engine.CycleError
	if !errors.As(err, &c) || len(c.Links) == 0 {
		return describe(err)
	}
	text := "dependency cycle: " + c.Links[0].From
	for _, l := range c.Links {
		text += " -> " + l.To
	}
	return text
}

// planned prints what a build would run.
func (b *builder) planned(s *engine.Session, err error) int {
	if err != nil && !errors.Is(err, engine.ErrFailed) && !errors.Is(err, engine.ErrUnknown) {
		return b.error("%s", b.describeBuild(err))
	}
	var run []ninja.Edge
	for _, a := range s.PlannedActions() {
		if a.Verdict == engine.UpToDate {
			continue
		}
		if n, ok := b.graph.Lookup(a.Output); ok && b.graph.Producer(n) != ninja.NoEdge {
			run = append(run, b.graph.Producer(n))
		}
	}
	if len(run) == 0 {
		return b.nothing()
	}
	b.status.list(b.graph, b.inOrder(run))
	return exitOK
}

// inOrder sorts edges so that each stands behind those that make its inputs.
func (b *builder) inOrder(edges []ninja.Edge) []ninja.Edge {
	wanted := map[ninja.Edge]bool{}
	var outs []ninja.Node
	for _, e := range edges {
		wanted[e] = true
		outs = append(outs, b.graph.Outputs(e)[0])
	}
	order, err := b.graph.Order(outs)
	if err != nil {
		return edges
	}
	sorted := edges[:0]
	for _, e := range order {
		if wanted[e] {
			sorted = append(sorted, e)
		}
	}
	return sorted
}
