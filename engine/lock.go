package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A lock is the exclusive use of a workspace. The processes that erg starts
// inherit its descriptor, so that the kernel holds it for as long as any of
// them lives: when erg is killed, its children go on writing, and the next
// erg must not start before they are gone. The file tells who has the lock
// and which process groups run under it, so that the next erg can end them.
//
// The lock file is not reached through fsys: a lock is about processes.
type lock struct{ f *os.File }

// slotSize is the room for one line: the owner's pid in slot 0, the process
// group that runs in lane i, and when it was started, in slot i+1.
const slotSize = 48

func acquire(ctx context.Context, name string, waiting func(pid int)) (*lock, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("lock the workspace: %w", err)
	}
	l := &lock{f}
	said := false
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock the workspace: %s: %w", name, err)
		}
		owner, _ := l.read(0)
		if owner > 0 && !alive(owner) {
			l.endOrphans()
		} else if !said && waiting != nil {
			said = true
			waiting(owner)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := f.Truncate(0); err == nil {
		err = l.write(0, os.Getpid())
	}
	if err != nil {
		l.release()
		return nil, fmt.Errorf("lock the workspace: %w", err)
	}
	return l, nil
}

// write notes a process in a slot; pid 0 clears it.
func (l *lock) write(slot, pid int) error {
	text := ""
	if pid != 0 {
		text = fmt.Sprintf("%d %s", pid, startTime(pid))
	}
	_, err := l.f.WriteAt([]byte(fmt.Sprintf("%-*s\n", slotSize-1, text)), int64(slot)*slotSize)
	return err
}

func (l *lock) read(slot int) (pid int, start string) {
	b := make([]byte, slotSize)
	n, _ := l.f.ReadAt(b, int64(slot)*slotSize)
	fields := strings.Fields(string(b[:n]))
	if len(fields) == 0 {
		return 0, ""
	}
	pid, _ = strconv.Atoi(fields[0])
	if len(fields) > 1 {
		start = fields[1]
	}
	return pid, start
}

// endOrphans kills the process groups of an erg that is gone. A number that
// now belongs to another process is left alone.
func (l *lock) endOrphans() {
	fi, err := l.f.Stat()
	if err != nil {
		return
	}
	for slot := 1; int64(slot)*slotSize < fi.Size(); slot++ {
		if pid, start := l.read(slot); pid > 1 && startTime(pid) == start {
			unix.Kill(-pid, unix.SIGKILL)
		}
	}
}

func (l *lock) release() error { return l.f.Close() }

func alive(pid int) bool { return unix.Kill(pid, 0) != unix.ESRCH }

// startTime is the 22nd field of /proc/PID/stat: with the pid it names a
// process for good.
func startTime(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "-"
	}
	_, rest, ok := strings.Cut(string(b), ") ")
	if f := strings.Fields(rest); ok && len(f) > 19 {
		return f[19]
	}
	return "-"
}
