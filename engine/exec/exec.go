// Package exec runs one process well: in its own process group, with a
// timeout, its output captured whole and in order, in a sandbox or in place.
// It does not know why the process runs, and prints nothing.
//
// A process never hangs Run by what it leaves behind: once the process itself
// has exited, whatever still holds its output has a short grace and is then
// killed with the rest of the group (see package spawn). Whoever puts itself
// into a session of its own escapes that, except in a sandbox of namespaces.
package exec

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"erg.build/erg/engine/exec/spawn"
	"erg.build/erg/engine/sandbox"
)

// killGrace is the time between SIGTERM and SIGKILL.
const killGrace = 2 * time.Second

// A Command is a process to run.
type Command struct {
	// Argv[0] is a path as given, relative to Dir; without a slash it is
	// looked up in PATH of Env.
	Argv []string
	// Path is the program where Argv[0] only says how it is called.
	Path string
	Env  []string // the whole environment, "name=value"
	Dir  string   // working directory; with a sandbox, the sandbox's Dir counts
	// Stdin is a file to read from, "" for nothing.
	Stdin string
	// Stdout is a file to write standard output to. "" captures it: together
	// with standard error, or apart if CaptureStdout.
	Stdout        string
	CaptureStdout bool
	Timeout       time.Duration // 0: none
	Sandbox       *sandbox.Spec // nil: in place
	// ExtraFiles become descriptors 3, 4, …: the lock's, a jobserver's.
	ExtraFiles []*os.File
	// Console gives the process this one's standard streams and leaves it in
	// this one's process group, so that it can use the terminal.
	Console bool
}

// A Result is how a process ran.
type Result struct {
	ExitCode   int            // -1 if a signal ended it
	Signal     syscall.Signal // 0: none
	CoreDumped bool
	TimedOut   bool  // ended by Timeout
	Cancelled  error // the context's cause, if that ended it
	Output     []byte
	Stdout     []byte // with CaptureStdout
	// StdoutTooLong: Stdout was cut, which Err reports. (Output says itself
	// that it was cut, and is still good for people to read.)
	StdoutTooLong bool
	Started       time.Time
	Wall          time.Duration // by the monotonic clock
	User, Sys     time.Duration
	// MaxRSS is the peak resident size in bytes; 0 if not known, which it is
	// not when it is below erg's own.
	MaxRSS int64
	// Leftover: it left processes running, which were killed.
	Leftover bool

	timeout time.Duration
}

// Run runs c to its end. An error says that it could not be started; how it
// ended is in the result: see Err there. When ctx is done, or the timeout
// over, the process group gets SIGTERM, and two seconds later SIGKILL.
func Run(ctx context.Context, c *Command) (*Result, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	io, err := openStreams(c)
	if err != nil {
		return nil, err
	}
	res := &Result{Started: time.Now(), timeout: c.Timeout}
	p, err := c.start(io)
	io.started()
	if err != nil {
		io.abandon()
		return nil, err
	}
	stop := supervise(ctx, c.Timeout, p)
	io.follow(p)
	st, err := p.Wait(io.drained)
	why := stop()
	io.finish(res)
	if err != nil {
		return nil, err
	}
	res.fill(st)
	switch {
	case !st.Signalled: // it ended of itself
	case why == errTimeout:
		res.TimedOut = true
	default:
		res.Cancelled = why
	}
	return res, nil
}

func (c *Command) start(io *streams) (spawn.Process, error) {
	a := &spawn.Attr{Path: c.Path, Argv: c.Argv, Env: c.Env, Dir: c.Dir, Files: io.child, Foreground: c.Console}
	if c.Sandbox != nil {
		return sandbox.Start(c.Sandbox, a)
	}
	p, err := spawn.Start(a)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (r *Result) fill(st spawn.Status) {
	r.ExitCode = st.Wait.ExitStatus()
	if st.Wait.Signaled() {
		r.Signal = st.Wait.Signal()
		r.CoreDumped = st.Wait.CoreDump()
	}
	r.Wall, r.User, r.Sys = st.Wall, st.User, st.Sys
	r.MaxRSS = st.MaxRSS
	r.Leftover = r.Leftover || st.Leftover
}

var errTimeout = fmt.Errorf("timeout")

// supervise ends p when ctx is done or the time is over. The function it
// returns stops that and says what ended p, if anything did.
func supervise(ctx context.Context, timeout time.Duration, p spawn.Process) (stop func() error) {
	g := &guard{p: p}
	unwatch := context.AfterFunc(ctx, func() { g.end(context.Cause(ctx)) })
	var timer *time.Timer
	if timeout > 0 {
		timer = time.AfterFunc(timeout, func() { g.end(errTimeout) })
	}
	return func() error {
		unwatch()
		if timer != nil {
			timer.Stop()
		}
		return g.over()
	}
}

// A guard ends a process, at first politely.
type guard struct {
	p       spawn.Process
	mu      sync.Mutex
	why     error // what ended it first
	stopped bool
	kill    *time.Timer
}

func (g *guard) end(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.why != nil || g.stopped {
		return
	}
	g.why = why
	g.p.Signal(syscall.SIGTERM)
	g.kill = time.AfterFunc(killGrace, func() { g.p.Kill() })
}

func (g *guard) over() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = true
	if g.kill != nil {
		g.kill.Stop()
	}
	return g.why
}

// openFile is os.OpenFile with an error that says what for.
func openFile(what, name string, flag int, perm fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return f, nil
}
