// Package jobserver shares job slots with the programs that run above and
// below this one, in GNU make's way: make, cargo, ninja from 1.13 on, the
// link-time optimisation of gcc.
//
// # The protocol
//
// A pool of N slots is a pipe with N-1 bytes in it, the tokens. Every process
// that is started has one slot without a token, its implicit one. Who wants
// to run more at once reads a token for each and writes the same byte back.
// MAKEFLAGS says where the pipe is: --jobserver-auth=R,W names two inherited
// descriptors (the only form that make knows before 4.4), fifo:PATH a file
// (the only one that ninja knows). Both lead to one pool here: see Style.
//
// # Never block, never be blocked
//
// An inherited pipe is one open file description, shared with everybody who
// inherited it: O_NONBLOCK on it would hit them all. So a Pool opens the pipe
// anew (through /proc/self/fd), once for itself without blocking and once for
// its children, who may do with their description what they like.
//
// A client that was killed takes its tokens along. Nobody can tell that from
// a client that is busy, until there is none: see Refill.
package jobserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// maxTokens is less than what the smallest pipe holds.
const maxTokens = 4095

// A Pool is job slots that are shared with other programs.
//
// Take, Held, Give and Refill are for one goroutine at a time.
type Pool struct {
	read, write int        // descriptors, which never block
	fds         []int      // all of the pipe
	shared      []*os.File // for children
	fifo        string     // a path of the pipe that other processes can open
	slots       int        // of the whole pool; 0: not known
	served      bool       // it was made here
	dir         string     // to remove
	taken       []byte

	mu      sync.Mutex
	waiting bool
	closed  bool
	wake    int // a descriptor that ends waiting; 0: none yet
	ready   func()
	wait    sync.WaitGroup
}

// Serve makes a pool of slots, at least one. Its fifo is at path, or, where
// none can be or MAKEFLAGS could not carry the name, in a directory for
// temporary files.
func Serve(path string, slots int) (*Pool, error) {
	p := &Pool{slots: min(slots, maxTokens+1), served: true}
	err := error(unix.EINVAL)
	if plain(path) {
		p.fifo = path
		err = unix.Mkfifo(p.fifo, 0o600)
	}
	if err != nil {
		if p.dir, err = os.MkdirTemp("", "erg-jobs-"); err != nil {
			return nil, fmt.Errorf("make a jobserver: %w", err)
		}
		p.fifo = filepath.Join(p.dir, "jobs")
		if err := unix.Mkfifo(p.fifo, 0o600); err != nil {
			os.Remove(p.dir)
			return nil, fmt.Errorf("make a jobserver: mkfifo %s: %w", p.fifo, err)
		}
	}
	if err := p.open(p.fifo, p.fifo); err != nil {
		p.Close()
		return nil, fmt.Errorf("make a jobserver: %w", err)
	}
	p.put(p.slots - 1)
	return p, nil
}

// plain reports whether no program that reads MAKEFLAGS takes a byte of a
// path for more than itself.
func plain(path string) bool {
	return !strings.ContainsFunc(path, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("'\"\\$`#;&|<>()*?[]{}!,", r)
	})
}

// open opens the pipe by the names of its ends, which may be the same.
func (p *Pool) open(read, write string) error {
	for i, f := range []struct {
		name string
		flag int
	}{
		// In this order: a fifo waits for the other end, or fails without it.
		{read, unix.O_RDONLY | unix.O_NONBLOCK},
		{write, unix.O_WRONLY | unix.O_NONBLOCK},
		{read, unix.O_RDONLY},
		{write, unix.O_WRONLY},
	} {
		fd, err := unix.Open(f.name, f.flag|unix.O_CLOEXEC, 0)
		if err != nil {
			return &os.PathError{Op: "open", Path: f.name, Err: err}
		}
		p.fds = append(p.fds, fd)
		if i >= 2 {
			p.shared = append(p.shared, os.NewFile(uintptr(fd), f.name))
		}
	}
	p.read, p.write = p.fds[0], p.fds[1]
	return nil
}

// Slots is the number of slots of the whole pool, 0 if that is not known.
func (p *Pool) Slots() int { return p.slots }

// Held is how many tokens this process has.
func (p *Pool) Held() int { return len(p.taken) }

// Take takes a token if there is one.
func (p *Pool) Take() bool {
	var b [1]byte
	if p.call(p.read, func(fd int) (int, error) { return unix.Read(fd, b[:]) }) != 1 {
		return false
	}
	p.taken = append(p.taken, b[0])
	return true
}

// Give gives a token back that was taken.
func (p *Pool) Give() {
	last := len(p.taken) - 1
	b := p.taken[last:]
	p.taken = p.taken[:last]
	p.call(p.write, func(fd int) (int, error) { return unix.Write(fd, b) })
}

// Refill makes the pool what it should be, if it was made here. It must be
// called only while no client lives: what is missing then was lost with a
// client that was killed.
func (p *Pool) Refill() {
	if !p.served {
		return
	}
	there := p.call(p.read, func(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.TIOCINQ) })
	p.put(p.slots - 1 - len(p.taken) - there)
}

// put adds n tokens, or removes some.
func (p *Pool) put(n int) {
	switch {
	case n > 0:
		p.call(p.write, func(fd int) (int, error) { return unix.Write(fd, []byte(strings.Repeat("+", n))) })
	case n < 0:
		p.call(p.read, func(fd int) (int, error) { return unix.Read(fd, make([]byte, -n)) })
	}
}

// call does a system call on a descriptor and returns its result, 0 if it
// fails.
func (p *Pool) call(fd int, do func(fd int) (int, error)) int {
	for {
		n, err := do(fd)
		switch err {
		case nil:
			return n
		case unix.EINTR:
		default:
			return 0
		}
	}
}

// Notify calls f once, from another goroutine, as soon as there seems to be a
// token. Of several calls before that the last one counts. f is not called
// once the pool is closed.
func (p *Pool) Notify(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = f
	if p.waiting || p.closed {
		return
	}
	if p.wake == 0 {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil {
			return // the next process that ends goes on
		}
		p.wake = fd
	}
	p.waiting = true
	p.wait.Go(func() {
		p.await()
		p.mu.Lock()
		f, closed := p.ready, p.closed
		p.waiting, p.ready = false, nil
		p.mu.Unlock()
		if !closed {
			f()
		}
	})
}

// await waits until there is a token, or the pool is closed. (Go's own poller
// would be told of every token that anybody takes or gives, wanted or not.)
func (p *Pool) await() {
	fds := []unix.PollFd{{Fd: int32(p.read), Events: unix.POLLIN}, {Fd: int32(p.wake), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); err != unix.EINTR {
			return
		}
	}
}

// Close gives back what was taken and lets go of the pipe. A pool that was
// made here is gone then.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	if p.waiting {
		unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
	p.mu.Unlock()
	p.wait.Wait()
	for len(p.taken) > 0 {
		p.Give()
	}
	for _, f := range p.shared {
		f.Close()
	}
	for _, fd := range p.fds[:min(2, len(p.fds))] {
		unix.Close(fd)
	}
	if p.wake != 0 {
		unix.Close(p.wake)
	}
	if p.served {
		os.Remove(p.fifo)
	}
	if p.dir != "" {
		os.Remove(p.dir)
	}
	p.fds, p.shared, p.wake, p.served, p.dir = nil, nil, 0, false, ""
}
