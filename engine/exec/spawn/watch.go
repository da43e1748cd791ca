package spawn

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// patrol is how often the processes are looked at for which OnExit was called.
const patrol = 100 * time.Millisecond

// watched are the processes for which OnExit was called. One goroutine looks
// at all of them, while there are any.
var watched struct {
	mu    sync.Mutex
	by    map[*Child]func()
	going bool
}

// OnExit has f called, once, if the process is found to have exited before the
// function that it returns is called; never afterwards. It is found only after
// a while: this is for a process whose output says when it ends, unless
// something that it left running holds that. f must not block.
func (c *Child) OnExit(f func()) (stop func()) {
	w := &watched
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = map[*Child]func(){}
	}
	w.by[c] = f
	if !w.going {
		w.going = true
		go goRounds()
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.by, c)
	}
}

// goRounds looks at the processes until there are none.
func goRounds() {
	w := &watched
	for {
		time.Sleep(patrol)
		w.mu.Lock()
		for c, f := range w.by {
			if hasExited(c.Pid) {
				delete(w.by, c)
				f()
			}
		}
		w.going = len(w.by) > 0
		going := w.going
		w.mu.Unlock()
		if !going {
			return
		}
	}
}

// hasExited reports whether a process, which was not waited for yet, has
// exited.
func hasExited(pid int) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil)
	return err == nil && info.Signo != 0
}
