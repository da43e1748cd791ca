package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/fsys"
)

// A lock is the exclusive use of a workspace, or of the place where a package
// is built, which all workspaces share. The processes that erg starts
// inherit its descriptor, so that the kernel holds it for as long as any of
// them lives: when erg is killed, its children go on writing, and the next
// erg must not start before they are gone. It finds them by the descriptor,
// and ends them. An erg that ends by itself gives the lock up for all: what a
// build leaves behind on purpose (a compiler's daemon) keeps nobody waiting.
//
// The lock file is not reached through fsys: a lock is about processes.
type lock struct {
	f       *os.File
	unclean bool // the erg that had it last was killed
}

// lockPoll is how often one looks whether the lock is free.
const lockPoll = 20 * time.Millisecond

// acquire waits until nobody else has a lock. What is what it is for, for
// messages; waiting is told once who has it.
func acquire(ctx context.Context, what, name string, waiting func(pid int)) (*lock, error) {
	f, err := openLock(name)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", what, err)
	}
	l := &lock{f: f}
	said := false
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %s: %w", what, name, err)
		}
		switch owner, started := l.owner(); {
		case owner > 0 && processStart(owner) != started:
			l.endOrphans(owner)
		case owner > 0 && !said && waiting != nil:
			said = true
			waiting(owner)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
	// Who lets go of the lock takes its name off.
	last, _ := l.owner()
	l.unclean = last > 0
	text := fmt.Sprintf("%d %s\n", os.Getpid(), processStart(os.Getpid()))
	if _, err = f.WriteAt([]byte(text), 0); err == nil {
		err = f.Truncate(int64(len(text)))
	}
	if err != nil {
		l.release()
		return nil, fmt.Errorf("lock %s: %w", what, err)
	}
	return l, nil
}

// openLock opens a lock file, and makes it if there is none. It does not try
// whether the file can be watched, as package os does.
func openLock(name string) (*os.File, error) {
	for {
		fd, err := unix.Open(name, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o666)
		switch err {
		case nil:
			return os.NewFile(uintptr(fd), name), nil
		case unix.EINTR:
		default:
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
}

// owner returns the process that has the lock, or had it last, and when that
// was started.
func (l *lock) owner() (pid int, started string) {
	b := make([]byte, 64)
	n, _ := l.f.ReadAt(b, 0)
	first, rest, _ := strings.Cut(strings.TrimSuffix(string(b[:n]), "\n"), " ")
	pid, _ = strconv.Atoi(first)
	return pid, rest
}

// endOrphans kills the process groups of all who inherited the lock from an
// erg that is gone.
func (l *lock) endOrphans(owner int) {
	var self unix.Stat_t
	if unix.Fstat(int(l.f.Fd()), &self) != nil {
		return
	}
	procs, _ := filepath.Glob("/proc/[0-9]*")
	for _, proc := range procs {
		pid, err := strconv.Atoi(filepath.Base(proc))
		if err != nil || pid == os.Getpid() || !inherited(proc, &self, owner) {
			continue
		}
		if pgid, err := unix.Getpgid(pid); err == nil && pgid > 1 && pgid != unix.Getpgrp() {
			unix.Kill(-pgid, unix.SIGKILL)
		}
	}
}

// inherited reports whether a process has a lock on the file that owner took.
// That it has the file open is not enough: so have those who wait for it.
func inherited(proc string, file *unix.Stat_t, owner int) bool {
	fds, err := os.ReadDir(proc + "/fd")
	if err != nil {
		return false // it is gone, or another user's
	}
	for _, fd := range fds {
		var st unix.Stat_t
		if unix.Stat(proc+"/fd/"+fd.Name(), &st) != nil || st.Dev != file.Dev || st.Ino != file.Ino {
			continue
		}
		info, _ := os.ReadFile(proc + "/fdinfo/" + fd.Name())
		for line := range strings.Lines(string(info)) {
			// lock: 1: FLOCK ADVISORY WRITE PID DEVICE:INODE 0 EOF
			f := strings.Fields(line)
			if len(f) < 6 || f[0] != "lock:" || f[2] != "FLOCK" {
				continue
			}
			// In a pid namespace a process that is gone is shown as 0.
			if pid, err := strconv.Atoi(f[5]); err == nil && (pid == owner || pid == 0) {
				return true
			}
		}
	}
	return false
}

// release gives the lock up, for all who inherited it.
func (l *lock) release() error {
	l.f.Truncate(0)
	return errors.Join(unix.Flock(int(l.f.Fd()), unix.LOCK_UN), l.f.Close())
}

// processStart is the 22nd field of /proc/PID/stat: with the pid it names a
// process for good. It is "" for a process that has ended, though nobody may
// have waited for it yet.
func processStart(pid int) string {
	b, err := fsys.ReadFile(fsys.OS{}, "/proc/"+strconv.Itoa(pid)+"/stat")
	if err != nil {
		return ""
	}
	_, rest, ok := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 20 || f[0] == "Z" || f[0] == "X" {
		return ""
	}
	return f[19]
}
