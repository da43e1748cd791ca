// Package engine builds: it runs what must be run, once, and remembers what
// depended on what. It knows actions, artifacts, queries and digests; it
// knows no configuration language, no compiler and no context.
//
// # How to read it
//
// A Session is one command's run. Queries (cell.go) are pure functions that
// read the world through a Task (task.go, read.go, tree.go), define actions
// and demand artifacts (demand.go). Actions are records (node.go) that a
// scheduler (schedule.go) takes through prepare (prepare.go: is what is there
// what would be made? does the store have it?), past equal actions of other
// contexts that run just now (flight.go), through run (run.go, output.go) and
// publish (publish.go). Beside inputs, an action waits for memory (memory.go)
// and for a slot (slots.go). Planning is the same with "run nothing" (plan.go).
// Files are compared with their record in leaf.go; clock.go says how far a
// stamp is to be trusted. What was learnt goes into the trace (record.go,
// finish.go). From it a null build (null.go) is answered without any of the
// above, and an edit that reaches actions only is built (resume.go) without
// evaluating a query.
//
// The tests to read first are oracle_test.go, which holds random builds
// against a simulator, and goal_test.go, which lists what makes a finished
// goal unfinished.
//
// Foreign packages, of several processes each, are built by install.go into
// trees that installtree.go lists and prefixes.go keeps.
//
// Actions of another build system's graph are judged (foreign.go) and run
// (foreignrun.go) a little differently, by the same scheduler.
//
// # Two keys
//
// An action's declared key is the digest of its manifest: argv and
// environment as templates, tools by identity, declared inputs by content.
// Compilers discover further inputs (headers), so a declared key leads to
// several results, each with the discovered inputs and digests under which
// it holds. Early cutoff follows: what feeds the next action's key is the
// content that an action made, never the action's own key.
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/sandbox"
	"erg.build/erg/engine/store"
	"erg.build/erg/engine/trace"
)

// Options say where an engine works.
type Options struct {
	Root     string  // the workspace, absolute
	StoreDir string  // the shared store; "" for none
	FS       fsys.FS // nil: the real one
	BuildID  string  // of this erg; goals of another are evaluated anew

	// InPlace lets outputs lie anywhere: whatever an action makes is one.
	// Otherwise all outputs lie below action.BuildDir, and all there are.
	InPlace bool
	// StateDir is where the engine keeps its own files, relative to Root;
	// "" for StateDir.
	StateDir string

	// Foreign is what the reader of foreign actions knows of their commands.
	Foreign action.Hooks

	Sandbox sandbox.Method // how rules are kept from what they did not declare; "" picks what works
	// Working is called when it turns out that there is more to do than to look
	// at files.
	Working func()
	// Large is called, once, when a session turns out to have very many outputs.
	Large func()
	// Waiting is called, once, when another erg holds the workspace.
	Waiting func(pid int)
	// Env is the environment of the person who runs erg. nil: the process's.
	Env func(name string) string
}

// An Engine has one workspace, exclusively, until it is closed.
type Engine struct {
	opts     Options
	fs       fsys.FS
	stateDir string // Root/Options.StateDir
	lock     *lock
	trace    *trace.Dir
	state    *trace.State
	store    *store.Store
	stamps   *stampCache
	fine     bool // see fineClock
	repaired string
	moment   func() digest.Digest // see Task.Moment
}

// StateDir is where, below the build directory, an engine keeps its own files
// unless Options say otherwise.
const StateDir = action.BuildDir + "/.erg"

// Open takes the workspace, waiting for another erg that has it, and loads
// its trace.
func Open(ctx context.Context, o Options) (*Engine, error) {
	if o.FS == nil {
		o.FS = fsys.OS{}
	}
	if o.Env == nil {
		o.Env = os.Getenv
	}
	// A workspace reached through a symbolic link is the same workspace.
	if o.StateDir == "" {
		o.StateDir = StateDir
	}
	root, err := filepath.EvalSymlinks(o.Root)
	if err != nil {
		return nil, fmt.Errorf("open the workspace: %w", err)
	}
	o.Root = root
	e := &Engine{opts: o, fs: o.FS, fine: fineClock(root), stateDir: o.StateDir, moment: sync.OnceValue(newMoment)}
	if !filepath.IsAbs(e.stateDir) {
		e.stateDir = filepath.Join(o.Root, o.StateDir)
	}
	if err := e.fs.MkdirAll(e.stateDir, 0o777); err != nil {
		return nil, fmt.Errorf("make the build directory: %w", err)
	}
	if e.lock, err = acquire(ctx, "the workspace", filepath.Join(e.stateDir, "lock"), o.Waiting); err != nil {
		return nil, err
	}
	e.trace = trace.OpenDir(e.fs, e.stateDir)
	if o.StoreDir != "" {
		e.store = store.Open(e.fs, o.StoreDir)
		e.stamps = openStamps(e.fs, o.StoreDir)
	}
	return e, nil
}

// newMoment returns a digest that nobody has had before.
func newMoment() (d digest.Digest) {
	rand.Read(d[:])
	return d
}

// load reads the trace, the first time that it is needed.
func (e *Engine) load() {
	if e.state == nil {
		if e.opts.Working != nil {
			e.opts.Working()
		}
		e.state, e.repaired = e.trace.Load()
	}
}

// State returns the trace, for commands that look at it.
func (e *Engine) State() *trace.State {
	e.load()
	return e.state
}

// Root returns the workspace's absolute path, free of symbolic links.
func (e *Engine) Root() string { return e.opts.Root }

// Close releases the workspace.
func (e *Engine) Close() error {
	e.trace.Close()
	if e.store != nil {
		e.store.Close()
	}
	return e.lock.release()
}

// Clean removes what was built, below the given paths ("_build/app"), or
// all of it and the trace when there are none. The store is not touched.
func (e *Engine) Clean(paths []string) error {
	if len(paths) > 0 {
		var errs []error
		for _, p := range paths {
			errs = append(errs, e.fs.RemoveAll(filepath.Join(e.opts.Root, p)))
		}
		return errors.Join(errs...)
	}
	entries, err := e.fs.ReadDir(filepath.Join(e.opts.Root, action.BuildDir))
	if err != nil {
		return err
	}
	e.trace.Close()
	e.trace, e.state = trace.OpenDir(e.fs, e.stateDir), trace.NewState()
	var errs []error
	for _, d := range entries {
		if d.Name() != filepath.Base(StateDir) {
			errs = append(errs, e.fs.RemoveAll(filepath.Join(e.opts.Root, action.BuildDir, d.Name())))
		}
	}
	entries, err = e.fs.ReadDir(e.stateDir)
	for _, d := range entries {
		if d.Name() != "lock" { // it is held, and others may wait for it
			errs = append(errs, e.fs.RemoveAll(filepath.Join(e.stateDir, d.Name())))
		}
	}
	return errors.Join(append(errs, err)...)
}

func defaultJobs(n int) int {
	if n > 0 {
		return n
	}
	return runtime.NumCPU()
}
