package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"erg.build/erg/engine/exec/spawn"
	"golang.org/x/sys/unix"
)

// marker is the helper's first argument; its socket is descriptor 3.
const (
	marker   = "__sandbox"
	workerFd = 3
)

// mainCalled: this program can be re-executed as a helper.
var mainCalled bool

// Main must be called first in main, and in TestMain. In a helper, which is
// this same program started again, it does not return.
func Main() {
	if len(os.Args) != 2 || os.Args[1] != marker {
		mainCalled = true
		return
	}
	var st unix.Stat_t
	if unix.Fstat(workerFd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		fmt.Fprintln(os.Stderr, "this is a helper of sandboxes, not to be called by hand")
		os.Exit(2)
	}
	unix.CloseOnExec(workerFd)
	serve(conn(workerFd))
}

// serve is the helper: process 1 of a process namespace. It has one run at a
// time. When the socket ends it exits, and the kernel ends what is left in
// the namespace: so do erg's children when erg is killed.
func serve(c conn) {
	// The helper's own /proc, if it may have one; else the outer one shows
	// more than it should and works all the same.
	if unix.Mount("", "/", "", unix.MS_SLAVE|unix.MS_REC, "") == nil {
		unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	}
	w := &job{}
	for {
		kind, body, files, err := c.receive()
		if err != nil {
			syscall.Exit(0)
		}
		switch kind {
		case frameRun:
			r := decodeRequest(body)
			current := &job{}
			w = current
			onFreshThread(func() { current.run(c, r, files) })
		case frameSignal:
			w.signal(syscall.Signal(body[0]))
		case frameKill:
			w.kill()
		}
	}
}

// onFreshThread runs f on a thread that ends with it. The main thread cannot
// end, so f does not run there. While a goroutine is locked to a thread that
// may have been changed, the runtime clones new threads from another one.
func onFreshThread(f func()) {
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		// Keep the main thread busy meanwhile, so that f gets another.
		done := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			defer close(done)
			f()
		}()
		<-done
		runtime.UnlockOSThread()
	}()
}

// A job is one run in the helper.
type job struct {
	entered bool // the run's thread has its own mounts

	mu      sync.Mutex
	pid     int // of the process, 0 before
	pending syscall.Signal
	// The process has been reaped; it was signalled before that.
	over, signalled bool
}

// signal sends sig to the process's group, at its start if need be.
func (j *job) signal(sig syscall.Signal) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.signalled = j.signalled || !j.over
	switch {
	case j.over:
	case j.pid == 0:
		j.pending = sig
	default:
		syscall.Kill(-j.pid, sig)
	}
}

// kill ends everything in the namespace but the helper itself.
func (j *job) kill() {
	j.signal(syscall.SIGKILL)
	syscall.Kill(-1, syscall.SIGKILL)
}

// run does one run and replies. It must be called on a thread of its own.
func (j *job) run(c conn, r *request, files []*os.File) {
	var rep reply
	if err := j.do(r, files, &rep); err != nil {
		rep.setError(err)
	}
	for _, f := range files {
		f.Close()
	}
	if j.entered {
		// All mounts go at once here, rather than one by one as the caller
		// removes what they are mounted on.
		unix.Chdir("/")
		unix.Unmount(r.Root, unix.MNT_DETACH)
	}
	if err := c.sendJSON(frameReply, &rep, nil); err != nil {
		syscall.Exit(0)
	}
}

func (j *job) do(r *request, files []*os.File, rep *reply) error {
	if err := enter(r); err != nil {
		return err
	}
	j.entered = true
	if err := dropPrivilege(); err != nil {
		return failed("drop privilege", "", err)
	}
	child, err := spawn.Start(&spawn.Attr{Path: r.Path, Argv: r.Argv, Env: r.Env, Dir: r.Spec.WorkDir(), Files: files})
	if err != nil {
		return err
	}
	for _, f := range files {
		f.Close() // the process has them; readers wait for the last copy
	}
	j.mu.Lock()
	j.pid = child.Pid
	if j.pending != 0 {
		syscall.Kill(-j.pid, j.pending)
	}
	j.mu.Unlock()
	rep.Status, err = j.wait(child)
	return err
}

// wait reaps until nothing is left in the namespace: orphans become children
// of process 1, so having no child means being alone.
func (j *job) wait(child *spawn.Child) (st spawn.Status, err error) {
	var deadline time.Time // set when child has been reaped
	for {
		var ws syscall.WaitStatus
		var ru syscall.Rusage
		options := 0
		if !deadline.IsZero() {
			options = syscall.WNOHANG
		}
		pid, err := syscall.Wait4(-1, &ws, options, &ru)
		switch {
		case err == syscall.EINTR:
		case err == syscall.ECHILD && !deadline.IsZero():
			return st, nil
		case err != nil:
			return st, &spawn.Error{Op: "wait for", Err: err}
		case pid == child.Pid:
			st = child.Status(ws, &ru, time.Since(child.Started()))
			deadline = time.Now().Add(spawn.Grace)
			j.mu.Lock()
			j.over, st.Signalled = true, j.signalled
			j.mu.Unlock()
		case pid == 0 && time.Now().Before(deadline):
			time.Sleep(time.Millisecond)
		case pid == 0:
			st.Leftover = true
			syscall.Kill(-1, syscall.SIGKILL)
			time.Sleep(time.Millisecond)
		}
	}
}

// dropPrivilege keeps the process that this thread will start from undoing
// the mounts, and from looking past them through /proc/1/root: whoever is not
// root loses all capabilities, root these two.
func dropPrivilege() error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil && err != unix.EINVAL {
		return err
	}
	for _, c := range []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE} {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
			return err
		}
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return err
	}
	data[0].Inheritable, data[1].Inheritable = 0, 0
	return unix.Capset(&head, &data[0])
}
