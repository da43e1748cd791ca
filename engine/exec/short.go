package exec

import (
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Most processes of a large build are short. For each, the runtime's poller
// would be told of a pipe and wake three threads when it ends: the one that
// polls, another in case there is more to do, and the runtime's monitor. So for
// a short while a goroutine waits in the kernel itself, without the runtime's
// knowledge, which believes that it is busy. It has one processor (in the sense
// of GOMAXPROCS) more for each that does, so that the others have as many as
// before.
const (
	// shortWhile is how long a process is short. The runtime, when it has to
	// stop the world, interrupts who waits; were it told not to, it would wait
	// for so long.
	shortWhile = 50 * time.Millisecond
	// maxWaiters bounds how many wait so, for each processor that there is.
	maxWaiters = 4
)

var waiters struct {
	mu      sync.Mutex
	now     int
	allowed int // so many processors were added
}

// enterWait takes a place among those who wait in the kernel, if there is one.
func enterWait() bool {
	w := &waiters
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now >= maxWaiters*runtime.NumCPU() {
		return false
	}
	if w.now++; w.now > w.allowed {
		w.allowed++
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
	return true
}

func leaveWait() {
	waiters.mu.Lock()
	waiters.now--
	waiters.mu.Unlock()
}

// readShort reads a pipe for a short while, and reports whether it came to the
// pipe's end.
func (c *capture) readShort() (ended bool) {
	if !enterWait() {
		return false
	}
	defer leaveWait()
	buf := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buf)
	for until := time.Now().Add(shortWhile); ; {
		left := time.Until(until)
		if left <= 0 || !readable(c.fd, left) {
			return false
		}
		n, err := unix.Read(c.fd, buf[:])
		switch {
		case err == unix.EINTR:
		case err != nil || n == 0:
			return true
		default:
			c.keep(buf[:n])
		}
	}
}

// readable waits until there is something to read, or the end. It may return
// early, and then says that there is; to read may then take a while.
func readable(fd int, most time.Duration) bool {
	p := unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	for until := time.Now().Add(most); most > 0; most = time.Until(until) {
		ts := unix.NsecToTimespec(int64(most))
		n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		if errno == 0 {
			return n > 0
		}
		if errno != unix.EINTR {
			return true // reading will tell
		}
	}
	return false
}
