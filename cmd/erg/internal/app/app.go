// Package app does what erg's subcommands ask for: it opens the workspace,
// answers from the trace when nothing changed, and otherwise evaluates the
// configuration in a session of the engine.
//
// It is the one place where the layers meet; it decides nothing about builds.
package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/place"
	"erg.build/erg/cmd/erg/internal/show"
	"erg.build/erg/contexts"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/contexts/ninja/drive"
	"erg.build/erg/engine"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/jobserver"
	"erg.build/erg/engine/sandbox"
)

// App implements cli.App.
type App struct{}

var _ cli.App = App{}

// findRoot finds the workspace that a directory belongs to: the nearest
// directory, upwards, with an erg.hcl; else the outermost with a
// dune-workspace, or else with a dune-project; else the outermost of those
// upwards in a row that have a build file; else the directory itself if one
// right below it is of dune's.
func findRoot(dir string) (string, error) {
	for d := dir; ; d = filepath.Dir(d) {
		if hasFile(d, config.WorkspaceFiles...) {
			return d, nil
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	for _, name := range []string{"dune-workspace", "dune-project"} {
		root := ""
		for d := dir; ; d = filepath.Dir(d) {
			if hasFile(d, name) {
				root = d
			}
			if d == filepath.Dir(d) {
				break
			}
		}
		if root != "" {
			return root, nil
		}
	}
	root := ""
	for d := dir; hasFile(d, append([]string{"dune"}, config.BuildFiles...)...); d = filepath.Dir(d) {
		root = d
	}
	if root == "" && aboveDune(dir) {
		return dir, nil
	}
	if root == "" {
		return "", &cli.ConfigError{Err: fmt.Errorf("there is no erg.hcl in %s or above it, and no build.hcl or dune-project; erg init writes one to begin with", dir)}
	}
	return root, nil
}

// aboveDune reports whether a directory right below one, which dune would
// look into, has dune files. Dune looks no further up than where it is, and
// takes that for the root; but to go through all that lies below a home
// directory, say, helps nobody.
func aboveDune(dir string) bool {
	below, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(below, func(e os.DirEntry) bool {
		return e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), "_") &&
			hasFile(filepath.Join(dir, e.Name()), "dune-project", "dune")
	})
}

// hasFile reports whether a directory has one of some files.
func hasFile(dir string, names ...string) bool {
	for _, n := range names {
		if _, err := os.Stat(filepath.Join(dir, n)); err == nil {
			return true
		}
	}
	return false
}

// open opens the workspace of a command.
func open(ctx context.Context, c cli.Common, sink event.Sink) (*engine.Engine, error) {
	return openWith(ctx, c, sink, engine.StateDir)
}

// asideDir is where commands keep their trace that look at a workspace and
// must not wait for a build of it. What actions made they know from the store.
const asideDir = engine.StateDir + "/aside"

// openWith opens the workspace with a trace in a directory.
func openWith(ctx context.Context, c cli.Common, sink event.Sink, stateDir string) (*engine.Engine, error) {
	root, err := findRoot(c.Dir)
	if err != nil {
		return nil, err
	}
	o := engine.Options{Root: root, StateDir: stateDir, StoreDir: place.StoreDir(c.Store, c.Getenv), BuildID: place.BuildID(), Env: c.Getenv, Foreign: drive.Hooks(), Working: place.Work, Large: place.WorkMuch}
	if m := c.Getenv("ERG_SANDBOX"); m != "" {
		if o.Sandbox, err = sandbox.ParseMethod(m); err != nil {
			return nil, &cli.UsageError{Text: "ERG_SANDBOX: " + err.Error()}
		}
	}
	o.Waiting = func(pid int) {
		sink.Event(event.Message{Level: event.Info, Text: fmt.Sprintf("another erg (process %d) has this workspace; waiting for it", pid)})
	}
	return engine.Open(ctx, o)
}

// A goalName is what the key of a goal consists of.
type goalName struct {
	Command  string
	Args     []string  `json:",omitempty"`
	Contexts []string  `json:",omitempty"`
	Vars     []cli.Var `json:",omitempty"`
}

// goalKey names what was asked for, for the trace.
func goalKey(command string, c cli.Common, args []string) string {
	b, err := json.Marshal(goalName{command, args, c.Contexts, c.Vars})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func newEvaluator(c cli.Common) *contexts.Evaluator {
	vars := map[string]string{}
	for _, v := range c.Vars {
		vars[v.Name] = v.Value
	}
	return contexts.New(contexts.Options{Vars: vars})
}

// A job is one command that builds.
type job struct {
	command string
	common  cli.Common
	opts    cli.Building
	request contexts.Request
	rerun   bool
	quiet   bool
	matrix  *show.Matrix // of tests; nil without

	promoted []rules.Promotion // what is copied among the sources; before a build, by the last one
	settles  bool              // the next build asks the trace first
}

// A summary is what the trace keeps of a goal, to be shown by a null build.
type summary struct {
	Programs []contexts.Program `json:",omitempty"`
	Tests    *testTable         `json:",omitempty"`
	Promoted []rules.Promotion  `json:",omitempty"`
}

// run does a job and returns its summary.
func (j *job) run(ctx context.Context) (*summary, error) {
	start := time.Now()
	sink, err := show.Open(show.Options{Stdout: j.common.Stdout, Stderr: j.common.Stderr, Getenv: j.common.Getenv, Start: start,
		Color: j.common.Color, JSON: j.common.JSON, Quiet: j.quiet, Explain: j.opts.Explain, Timeline: j.opts.Timeline})
	if err != nil {
		return nil, err
	}
	defer sink.Close()
	if j.matrix != nil {
		sink = show.Locked(show.Tee(sink, j.matrix))
	}
	eng, err := open(ctx, j.common, sink)
	if err != nil {
		return nil, err
	}
	defer eng.Close()
	key := goalKey(j.command, j.common, append(j.request.Args, fmt.Sprint(j.request.Tests)))
	look := &engine.Look{}
	if !j.rerun {
		if look = eng.Look(key); look.Null != nil {
			return j.null(sink, look.Null, start)
		}
	}
	return j.build(ctx, eng, sink, key, look, start)
}

// null reports a build that had nothing to do.
func (j *job) null(sink show.Sink, n *engine.NullResult, start time.Time) (*summary, error) {
	var s summary
	if err := json.Unmarshal(n.Summary, &s); err != nil {
		return nil, fmt.Errorf("the trace: %w", err)
	}
	for i, m := range n.Messages {
		sink.Event(event.ActionFinished{ID: i + 1, Name: m.Name, Contexts: []string{m.Context}, Status: event.Unchanged, Output: m.Output})
	}
	if s.Tests != nil {
		sink.Event(s.Tests.remembered())
	}
	sink.Event(event.BuildFinished{OK: true, Unchanged: n.Actions, Elapsed: time.Since(start)})
	return &s, sink.Close()
}

func (j *job) build(ctx context.Context, eng *engine.Engine, sink show.Sink, key string, look *engine.Look, start time.Time) (*summary, error) {
	ev := newEvaluator(j.common)
	sum := &summary{}
	if look.Resumable() {
		if err := json.Unmarshal(look.Summary(), sum); err != nil {
			return nil, fmt.Errorf("the trace: %w", err)
		}
		j.promoted = sum.Promoted
	}
	j.settles = true
	goal := func(t *engine.Task) error {
		out, err := ev.Make(t, j.request)
		if out != nil {
			sum.Programs = out.Programs
			if j.matrix != nil {
				sum.Tests = newTestTable(out.Tests)
			}
		}
		return err
	}
	err := j.session(ctx, eng, ev, sink, key, look, start, goal, func(s *engine.Session) any {
		if sum.Tests != nil && (j.common.KeepGoing || !ev.HasErrors()) {
			sink.Event(sum.Tests.results(s))
		}
		sum.Promoted = j.promoted
		return sum
	})
	return sum, err
}

// session brings a goal up to date from its last build, as far as look says
// that this will do, else by running goal as the root query; and reports how it went.
// What keep returns is shown by the next null build.
func (j *job) session(ctx context.Context, eng *engine.Engine, ev *contexts.Evaluator, sink show.Sink, key string, look *engine.Look, start time.Time, goal func(*engine.Task) error, keep func(*engine.Session) any) error {
	jobs, pool := j.jobserver(sink)
	if pool != nil {
		defer pool.Close()
	}
	o := engine.SessionOptions{Goal: key, Jobs: jobs, KeepGoing: j.common.KeepGoing, Rerun: j.rerun, KeepFailed: j.opts.KeepFailed, Sink: sink,
		Jobserver: pool, MaxLoad: j.opts.MaxLoad, Memory: j.opts.Memory, Environ: os.Environ(),
		BeforeRun: func() bool { return j.common.KeepGoing || !ev.HasErrors() }}
	s := eng.NewSession(ctx, o)
	resumed, err := s.Resume(look)
	if !resumed {
		err = s.Eval(goal)
		j.promoted = madeOf(s, ev.Promotions())
	}
	r := s.Result()
	ok := err == nil && !ev.HasErrors() && r.Failed == 0 && ctx.Err() == nil
	var copied []string
	if ok {
		if copied, err = j.promote(eng, sink); err != nil {
			ok = false
		}
	}
	text, merr := json.Marshal(keep(s))
	if merr != nil {
		return merr
	}
	saved := s.Finish(ok, text)
	if len(copied) > 0 && j.settles && saved == nil {
		saved = j.settle(ctx, eng, sink, o, text)
	}
	sink.Event(event.BuildFinished{OK: ok, Ran: r.Ran, Restored: r.Restored, Unchanged: r.Unchanged, Failed: r.Failed, Evaluated: !resumed, Elapsed: time.Since(start)})
	if cerr := sink.Close(); cerr != nil && saved == nil {
		saved = cerr
	}
	return j.verdict(ctx, ev, err, saved, r)
}

// jobserver joins that of a make which runs erg, and says how many processes
// may run at once. A number on the command line is stronger.
func (j *job) jobserver(sink event.Sink) (jobs int, pool *jobserver.Pool) {
	warn := func(text string) { sink.Event(event.Message{Level: event.Warning, Text: text}) }
	if j.common.JobsGiven {
		if jobserver.Announced(j.common.Getenv) {
			warn(fmt.Sprintf("-j %d is given: the jobserver of make is left alone", j.common.Jobs))
		}
		return j.common.Jobs, nil
	}
	pool, err := jobserver.Join(j.common.Getenv)
	switch {
	case err != nil:
		warn(err.Error())
	case pool != nil && pool.Slots() > 0:
		return pool.Slots(), pool
	}
	return j.common.Jobs, pool
}

// verdict turns what went wrong into the error that decides the exit code.
func (j *job) verdict(ctx context.Context, ev *contexts.Evaluator, err, saved error, r engine.Result) error {
	if ctx.Err() != nil {
		return cli.ErrInterrupted
	}
	var u *contexts.UsageError
	switch {
	case len(ev.Diagnostics()) > 0 && j.writeDiagnostics(ev) != nil:
		return errors.New("diagnostics cannot be written")
	case ev.HasErrors():
		return &cli.ConfigError{Err: errors.New("the configuration has errors"), Reported: true}
	case errors.As(err, &u):
		return &cli.UsageError{Command: "erg " + j.command, Text: u.Text}
	case r.Failed > 0 || errors.Is(err, engine.ErrFailed):
		return cli.ErrFailed
	case err != nil:
		return err
	}
	return saved
}

func (j *job) writeDiagnostics(ev *contexts.Evaluator) error {
	return ev.WriteDiagnostics(j.common.Stderr, show.UseColor(j.common.Stderr, j.common.Color, j.common.Getenv), 0)
}

// Build implements cli.App.
func (App) Build(ctx context.Context, c cli.Common, o cli.BuildOptions) error {
	j := &job{command: "build", common: c, opts: o.Building, request: contexts.Request{Contexts: c.Contexts, Args: o.Targets}}
	sum, err := j.run(ctx)
	if err != nil || c.JSON {
		return err
	}
	return writePrograms(c.Stdout, sum.Programs)
}

func plural(n int, what string) string {
	if n == 1 {
		return what
	}
	return what + "s"
}

// Format implements cli.App.
func (App) Format(_ string, src []byte) ([]byte, error) { return config.Format(src), nil }
