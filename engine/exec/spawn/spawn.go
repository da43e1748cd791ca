// Package spawn starts one process in a process group of its own, and ends
// it. It is what package exec (which captures output and keeps time) and
// package sandbox (whose helper starts processes elsewhere) have in common.
//
// # Why not os/exec
//
// os/exec reaps a child as soon as it exits. From then on its process group
// id may be anybody's, so that killing "the rest of the group" is a race. Here
// the leader stays a zombie until its group has been killed.
//
// # Why no PDEATHSIG
//
// The kernel sends that signal when the thread that forked ends, not when the
// process does. Go's threads come and go, and erg ends some on purpose (see
// package sandbox), so children would die at random; tying each child to a
// locked thread costs a thread per child and still misses grandchildren. What
// an erg that was killed leaves behind holds the workspace lock's descriptor
// (Attr.Files), which is how the next erg knows; what runs in namespaces dies
// with its helper.
package spawn

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Grace is what processes left behind get, once the one that was started has
// exited, before they are killed. A shell's `cmd > >(tee log)` needs it.
const Grace = 250 * time.Millisecond

// Attr describes a process to start.
type Attr struct {
	Path  string     // the program; "" for what Argv[0] names
	Argv  []string   // Argv[0] without a slash is looked up in PATH of Env
	Env   []string   // "name=value"; the whole environment
	Dir   string     // working directory, "" for this process's own
	Files []*os.File // descriptors 0, 1, 2, …
	// Foreground leaves the process in this one's group: it may read from the
	// terminal, and what it leaves running is nobody's to end.
	Foreground bool
}

// Status is how a process ended.
type Status struct {
	Wait syscall.WaitStatus
	// Wall is from just before the fork to the exit, by the monotonic clock.
	Wall time.Duration
	// User and Sys are processor time, of waited-for descendants too.
	User, Sys time.Duration
	// MaxRSS is the peak resident size in bytes, 0 if not known.
	MaxRSS int64
	// Leftover: descendants outlived the process and had to be killed.
	Leftover bool
	// Signalled: Signal or Kill was called before the process exited. One that
	// had exited, though what it left had not, did not end because of it.
	Signalled bool
}

// A Process has been started and not yet been waited for.
type Process interface {
	// Signal sends sig to all processes of the group, unless they ended.
	Signal(sig syscall.Signal) error
	// Kill ends the process and what it started, at once.
	Kill() error
	// Wait returns when the process has ended. What it left running has
	// Grace, or until drained is closed, and is then killed. An error means
	// that nothing is known of how the process ended, or whether it began.
	Wait(drained <-chan struct{}) (Status, error)
}

// A Child is a Process that this process forked.
type Child struct {
	Pid     int
	started time.Time
	alone   bool // it has no group of its own

	mu        sync.Mutex
	exited    bool
	done      bool // reaped: Pid may be anybody's
	signalled bool // before it exited
	late      bool // the same, after it exited: something was left
}

// busyRetries bounds the wait for a program just written to become
// executable: 1+2+4+…+256 ms.
const busyRetries = 9

// Start starts the process. The error is an *Error.
//
// A program just written can be "busy": between another thread's fork and its
// exec the child holds a copy of the descriptor through which this process
// wrote the program. It is so for a moment only; hence the retries. (A lock
// around every write of a program and every fork would avoid it, and would
// serialise both.)
func Start(a *Attr) (*Child, error) {
	path, err := resolve(a)
	if err != nil {
		return nil, err
	}
	fds := make([]uintptr, len(a.Files))
	for i, f := range a.Files {
		fds[i] = f.Fd()
	}
	attr := &syscall.ProcAttr{Dir: a.Dir, Env: a.Env, Files: fds, Sys: &syscall.SysProcAttr{Setpgid: !a.Foreground}}
	if a.Env == nil {
		attr.Env = []string{}
	}
	var pid int
	var started time.Time
	for try := 0; ; try++ {
		started = time.Now()
		pid, err = syscall.ForkExec(path, a.Argv, attr)
		if err != syscall.ETXTBSY || try == busyRetries {
			break
		}
		time.Sleep(time.Millisecond << try)
	}
	runtime.KeepAlive(a.Files)
	if err != nil {
		return nil, explain(a, path, err)
	}
	return &Child{Pid: pid, started: started, alone: a.Foreground}, nil
}

// Signal implements Process.
func (c *Child) Signal(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return nil
	}
	if c.exited {
		c.late = true
	} else {
		c.signalled = true
	}
	if c.alone {
		return syscall.Kill(c.Pid, sig)
	}
	return syscall.Kill(-c.Pid, sig)
}

// Kill implements Process.
func (c *Child) Kill() error { return c.Signal(syscall.SIGKILL) }

// Wait implements Process.
func (c *Child) Wait(drained <-chan struct{}) (Status, error) {
	if err := awaitExit(c.Pid); err != nil {
		return Status{}, &Error{Op: "wait for", Err: err}
	}
	wall := time.Since(c.started)
	c.mu.Lock()
	c.exited = true
	c.mu.Unlock()
	leftover := !Within(Grace, drained)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.alone {
		syscall.Kill(-c.Pid, syscall.SIGKILL)
	}
	var ws syscall.WaitStatus
	var ru syscall.Rusage
	for {
		_, err := syscall.Wait4(c.Pid, &ws, 0, &ru)
		if err == syscall.EINTR {
			continue
		}
		c.done = true
		if err != nil {
			return Status{}, &Error{Op: "wait for", Err: err}
		}
		st := c.Status(ws, &ru, wall)
		st.Leftover, st.Signalled = leftover || c.late, c.signalled
		return st, nil
	}
}

// Started is when the process was started.
func (c *Child) Started() time.Time { return c.started }

// Status makes a Status of what wait4 said.
func (c *Child) Status(ws syscall.WaitStatus, ru *syscall.Rusage, wall time.Duration) Status {
	st := Status{
		Wait: ws,
		Wall: wall,
		User: time.Duration(ru.Utime.Nano()),
		Sys:  time.Duration(ru.Stime.Nano()),
	}
	// The kernel counts the memory that a child shares with its parent
	// between vfork and exec: a peak no higher than the parent's says nothing.
	if peak := int64(ru.Maxrss) * 1024; peak > peakOfParent(peak) {
		st.MaxRSS = peak
	}
	return st
}

// Within waits until ch is closed, for so long at most, and reports whether it
// is.
func Within(d time.Duration, ch <-chan struct{}) bool {
	select {
	case <-ch: // nearly always: no timer is needed
		return true
	default:
	}
	select {
	case <-ch:
		return true
	case <-time.After(d):
		return false
	}
}

// awaitExit waits until process pid has exited and leaves it a zombie.
func awaitExit(pid int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return err
		}
	}
}

// ownPeak is the peak resident size of this process, in bytes, when it was last
// looked at.
var ownPeak atomic.Int64

// peakOfParent returns the peak resident size of this process, as far as it
// takes to compare it with a child's. It only ever grows, so most children need
// no further look.
func peakOfParent(child int64) int64 {
	if known := ownPeak.Load(); child <= known {
		return known
	}
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		return child // nothing can be said
	}
	now := int64(ru.Maxrss) * 1024
	ownPeak.Store(now)
	return now
}
