package jobserver

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Announced reports whether the environment names a jobserver, reachable or
// not.
func Announced(getenv func(string) string) bool { return announced(getenv).auth != "" }

func announced(getenv func(string) string) flags {
	for _, name := range []string{"MAKEFLAGS", "CARGO_MAKEFLAGS"} {
		if f := parseFlags(getenv(name)); f.auth != "" {
			return f
		}
	}
	return flags{}
}

// An UnavailableError says that the jobserver which the environment names
// cannot be reached.
type UnavailableError struct {
	Auth string // where it should be
	Err  error
	pipe bool
}

func (e *UnavailableError) Error() string {
	text := fmt.Sprintf("the jobserver that MAKEFLAGS names (%s) cannot be used: %v", e.Auth, e.Err)
	if e.pipe {
		text += "; in a makefile, put + before the command, so that make hands it on"
	}
	return text
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// Join joins the jobserver of the program that started this one. Without one
// it returns nil and no error. It takes an inherited pipe over: it is to be
// called once.
func Join(getenv func(string) string) (*Pool, error) {
	f := announced(getenv)
	if f.auth == "" {
		return nil, nil
	}
	p := &Pool{slots: f.jobs}
	if path, ok := strings.CutPrefix(f.auth, "fifo:"); ok {
		p.fifo = path
		if err := isPipe(path); err != nil {
			return nil, &UnavailableError{Auth: f.auth, Err: err}
		}
		if err := p.open(path, path); err != nil {
			p.Close()
			return nil, &UnavailableError{Auth: f.auth, Err: err}
		}
		return p, nil
	}
	if err := p.inherit(f.auth); err != nil {
		p.Close()
		return nil, &UnavailableError{Auth: f.auth, Err: err, pipe: true}
	}
	return p, nil
}

// inherit opens the pipe of which this process inherited the descriptors.
func (p *Pool) inherit(auth string) error {
	r, w, ok := strings.Cut(auth, ",")
	read, rerr := strconv.Atoi(r)
	write, werr := strconv.Atoi(w)
	if !ok || rerr != nil || werr != nil {
		return errors.New("it is neither a pair of descriptors nor a fifo")
	}
	for _, fd := range []int{read, write} {
		if fd < 0 { // so says make that it keeps the pipe for itself
			return errors.New("it is not for this command")
		}
		// What this process opened itself has the flag.
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 || isPipe(fdPath(fd)) != nil {
			return fmt.Errorf("it was not handed on as descriptor %d", fd)
		}
	}
	if err := p.open(fdPath(read), fdPath(write)); err != nil {
		return err
	}
	// Children get descriptors of their own, by other numbers.
	unix.CloseOnExec(read)
	unix.CloseOnExec(write)
	p.fifo = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), p.shared[0].Fd())
	return nil
}

func fdPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

func isPipe(name string) error {
	fi, err := os.Stat(name)
	if err != nil {
		return err
	}
	if fi.Mode()&os.ModeNamedPipe == 0 {
		return fmt.Errorf("%s is not a pipe", name)
	}
	return nil
}
