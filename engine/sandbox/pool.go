package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"erg.build/erg/engine/exec/spawn"
	"golang.org/x/sys/unix"
)

// A worker is erg's side of a helper.
type worker struct {
	pid  int
	conn conn

	mu   sync.Mutex // held to send
	gone bool
}

// idle are helpers without a run. There are never more than there were runs
// at once, so the number of jobs bounds them.
var idle struct {
	sync.Mutex
	list []*worker
}

// acquire takes an idle helper or starts a fresh one.
func acquire() (w *worker, fresh bool, err error) {
	idle.Lock()
	if n := len(idle.list); n > 0 {
		w = idle.list[n-1]
		idle.list = idle.list[:n-1]
	}
	idle.Unlock()
	if w != nil {
		return w, false, nil
	}
	w, err = newWorker()
	return w, true, err
}

func (w *worker) release() {
	idle.Lock()
	defer idle.Unlock()
	idle.list = append(idle.list, w)
}

// Shutdown ends the helpers that have no run. They also end with the program.
func Shutdown() {
	idle.Lock()
	list := idle.list
	idle.list = nil
	idle.Unlock()
	for _, w := range list {
		w.end()
	}
}

// end ends the helper and waits for it. It says how it ended.
func (w *worker) end() error {
	w.mu.Lock()
	w.gone = true
	unix.Close(int(w.conn))
	w.mu.Unlock()
	var ws syscall.WaitStatus
	for {
		_, err := syscall.Wait4(w.pid, &ws, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return err
		case ws.Signaled():
			return fmt.Errorf("helper killed by signal: %v", ws.Signal())
		default:
			return fmt.Errorf("helper ended with exit status %d", ws.ExitStatus())
		}
	}
}

// send sends a frame unless the helper is gone.
func (w *worker) send(kind byte, body []byte, files []*os.File) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return os.ErrProcessDone
	}
	return w.conn.send(kind, body, files)
}

// A remote is a process that a helper runs.
type remote struct {
	w    *worker
	mu   sync.Mutex
	done bool
}

// startInWorker starts a process in a helper. The view must be prepared.
func startInWorker(s *Spec, a *spawn.Attr) (spawn.Process, error) {
	if len(a.Files) > maxFiles {
		return nil, failed("pass on descriptors", "", syscall.E2BIG)
	}
	root, err := filepath.EvalSymlinks(s.Root)
	if err != nil {
		return nil, failed("find", s.Root, err)
	}
	in := *s
	in.Inputs = s.shown()
	body := (&request{Spec: &in, Path: a.Path, Argv: a.Argv, Env: a.Env, Root: root}).encode()
	// An idle helper can have died (for want of memory, say): try them all,
	// and at last a new one.
	for {
		w, fresh, err := acquire()
		if err != nil {
			return nil, err
		}
		if err = w.send(frameRun, body, a.Files); err == nil {
			return &remote{w: w}, nil
		}
		err = errors.Join(err, w.end())
		if fresh {
			return nil, &SetupError{Step: "ask the helper", Err: err}
		}
	}
}

// Signal implements spawn.Process.
func (p *remote) Signal(sig syscall.Signal) error {
	return p.order(frameSignal, []byte{byte(sig)})
}

// Kill implements spawn.Process.
func (p *remote) Kill() error { return p.order(frameKill, nil) }

// order sends an order unless the helper has another run by now.
func (p *remote) order(kind byte, body []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return nil
	}
	return p.w.send(kind, body, nil)
}

// Wait implements spawn.Process. The helper sees for itself when nothing is
// left running, so drained is of no use here.
func (p *remote) Wait(<-chan struct{}) (spawn.Status, error) {
	kind, body, _, err := p.w.conn.receive()
	p.mu.Lock()
	p.done = true
	p.mu.Unlock()
	if err != nil || kind != frameReply {
		return spawn.Status{}, &SetupError{Step: "wait for the process", Err: p.w.end()}
	}
	p.w.release()
	var rep reply
	if err := json.Unmarshal(body, &rep); err != nil {
		panic(err) // both ends are this program
	}
	return rep.Status, rep.err()
}

// newWorker starts a helper. It tries what gives most first: a user namespace
// with all ids, with this user's alone, and for root none.
func newWorker() (*worker, error) {
	var first error
	for _, attr := range workerAttrs() {
		w, err := startWorker(attr)
		if err == nil {
			return w, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, failed("start a helper in new namespaces", "", first)
}

func workerAttrs() []*syscall.SysProcAttr {
	const flags = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC
	one := func(id int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: id, HostID: id, Size: 1}}
	}
	single := &syscall.SysProcAttr{
		Cloneflags:  flags | unix.CLONE_NEWUSER,
		UidMappings: one(os.Geteuid()), GidMappings: one(os.Getegid()),
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP},
		Setpgid:     true,
	}
	if os.Geteuid() != 0 {
		return []*syscall.SysProcAttr{single}
	}
	single.AmbientCaps = nil // root keeps its capabilities without
	all := *single
	all.UidMappings, all.GidMappings = idMap("/proc/self/uid_map"), idMap("/proc/self/gid_map")
	all.GidMappingsEnableSetgroups = true
	return []*syscall.SysProcAttr{&all, single, {Cloneflags: flags, Setpgid: true}}
}

// idMap maps each id that this process's namespace knows to itself.
func idMap(file string) (list []syscall.SysProcIDMap) {
	data, _ := os.ReadFile(file)
	for line := range strings.Lines(string(data)) {
		var inside, outside, size int
		if _, err := fmt.Sscan(line, &inside, &outside, &size); err == nil {
			list = append(list, syscall.SysProcIDMap{ContainerID: inside, HostID: inside, Size: size})
		}
	}
	return list
}

func startWorker(attr *syscall.SysProcAttr) (*worker, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(pair[1])
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		unix.Close(pair[0])
		return nil, err
	}
	defer null.Close()
	// Standard error stays erg's: a helper that panics should be heard.
	pid, err := syscall.ForkExec("/proc/self/exe", []string{os.Args[0], marker}, &syscall.ProcAttr{
		Dir:   "/",
		Env:   []string{},
		Files: []uintptr{null.Fd(), null.Fd(), 2, uintptr(pair[1])},
		Sys:   attr,
	})
	if err != nil {
		unix.Close(pair[0])
		return nil, err
	}
	return &worker{pid: pid, conn: conn(pair[0])}, nil
}

// probeNamespaces runs a program in an empty view.
func probeNamespaces() error {
	if !mainCalled {
		return errors.New("namespaces: this program's main does not call sandbox.Main")
	}
	dir, err := os.MkdirTemp("", "erg-sandbox-")
	if err != nil {
		return fmt.Errorf("namespaces: %w", err)
	}
	defer os.RemoveAll(dir)
	s := &Spec{Method: Namespaces, Root: dir, Stage: filepath.Join(dir, "stage")}
	if err := prepare(s); err != nil {
		return fmt.Errorf("namespaces: %w", err)
	}
	// The helper itself, started as a program, says that it is none and exits
	// with 2: there is no other program that surely exists.
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("namespaces: %w", err)
	}
	defer null.Close()
	p, err := startInWorker(s, &spawn.Attr{
		Argv: []string{"/proc/self/exe", marker}, Files: []*os.File{null, null, null},
	})
	if err == nil {
		_, err = p.Wait(nil)
	}
	if err != nil {
		Shutdown()
		return fmt.Errorf("namespaces: %w", err)
	}
	return nil
}
