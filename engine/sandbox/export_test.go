package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"
)

var RemountReadOnly = remountReadOnly

// KillIdle kills the helpers without a run, and waits until they are dead.
func KillIdle() {
	idle.Lock()
	defer idle.Unlock()
	for _, w := range idle.list {
		syscall.Kill(w.pid, syscall.SIGKILL)
		unix.Waitid(unix.P_PID, w.pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
	}
}

// NextHelper is the process id of the helper that the next run will have, if
// no other run comes between.
func NextHelper() int {
	w, _, err := acquire()
	if err != nil {
		panic(err)
	}
	defer w.release()
	return w.pid
}
