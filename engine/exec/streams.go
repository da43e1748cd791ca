package exec

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/exec/spawn"
)

// maxOutput is how much output is kept; the rest is read, counted and dropped.
const maxOutput = 64 << 20

// drainGrace is how long Run reads on after everything it could kill has been
// killed: what is in the pipe by then is there already, and only a process
// that escaped the group can keep it open.
const drainGrace = 100 * time.Millisecond

// streams are the descriptors of one process and what reads from them.
type streams struct {
	child   []*os.File // descriptors of the process
	own     []*os.File // those of child that were opened here
	output  *capture
	stdout  *capture // nil unless apart
	drained chan struct{}
}

// openStreams opens what c reads and writes.
func openStreams(c *Command) (_ *streams, err error) {
	s := &streams{drained: make(chan struct{})}
	if c.Console {
		s.child = append([]*os.File{os.Stdin, os.Stdout, os.Stderr}, c.ExtraFiles...)
		close(s.drained)
		return s, nil
	}
	defer func() {
		if err != nil {
			s.abandon()
		}
	}()
	stdin, err := null()
	if c.Stdin != "" {
		stdin, err = s.open("standard input", c.Stdin, os.O_RDONLY)
	}
	if err != nil {
		return nil, err
	}
	var errw *os.File
	if s.output, errw, err = s.pipe(); err != nil {
		return nil, err
	}
	stdout := errw
	switch {
	case c.Stdout != "":
		stdout, err = s.open("standard output", c.Stdout, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	case c.CaptureStdout:
		s.stdout, stdout, err = s.pipe()
	}
	if err != nil {
		return nil, err
	}
	s.child = append([]*os.File{stdin, stdout, errw}, c.ExtraFiles...)
	return s, nil
}

// null is what processes read that have nothing to read: one for all.
var null = sync.OnceValues(func() (*os.File, error) { return openFile("standard input", os.DevNull, os.O_RDONLY, 0) })

func (s *streams) open(what, name string, flag int) (*os.File, error) {
	f, err := openFile(what, name, flag, 0o666)
	if err == nil {
		s.own = append(s.own, f)
	}
	return f, err
}

func (s *streams) pipe() (*capture, *os.File, error) {
	// As os.Pipe, but that the process's end is left alone: it would be made
	// non-blocking and watched, and both undone before the start.
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, fmt.Errorf("capture output: %w", err)
	}
	w := os.NewFile(uintptr(fds[1]), "output")
	s.own = append(s.own, w)
	return &capture{fd: fds[0]}, w, nil
}

// follow reads what a process writes: here, if that ends with the process, as
// it does for all but a few. A goroutine for each would be one more that is
// woken when a process ends, and waiting for the exit in the meantime a thread
// more.
func (s *streams) follow(p spawn.Process) {
	child, ok := p.(*spawn.Child)
	switch {
	case s.output == nil:
		return
	case !ok || s.stdout != nil:
		s.watch()
		go s.read()
		return
	case s.output.readShort():
		close(s.drained)
		return
	}
	s.watch()
	// Others may hold the output when the process has exited.
	stop := child.OnExit(func() { s.output.r.SetReadDeadline(time.Now()) })
	err := s.output.read()
	stop()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		close(s.drained)
		return
	}
	s.output.r.SetReadDeadline(time.Time{})
	go s.read()
}

// watch has the runtime's poller watch the pipes.
func (s *streams) watch() {
	for _, c := range s.captures() {
		c.watch()
	}
}

// read reads all pipes to their end and closes drained.
func (s *streams) read() {
	var wg sync.WaitGroup
	if s.stdout != nil {
		wg.Go(func() { s.stdout.read() })
	}
	s.output.read()
	wg.Wait()
	close(s.drained)
}

// started closes what only the process needs.
func (s *streams) started() {
	for _, f := range s.own {
		f.Close()
	}
	s.own = nil
}

func (s *streams) captures() []*capture {
	var cs []*capture
	for _, c := range []*capture{s.output, s.stdout} {
		if c != nil {
			cs = append(cs, c)
		}
	}
	return cs
}

// abandon closes what was opened before an error.
func (s *streams) abandon() {
	s.started()
	for _, c := range s.captures() {
		c.close()
	}
}

// finish ends reading and puts what was read into res.
func (s *streams) finish(res *Result) {
	if !spawn.Within(drainGrace, s.drained) {
		res.Leftover = true
		for _, c := range s.captures() {
			c.r.SetReadDeadline(time.Now())
		}
		<-s.drained
	}
	for _, c := range s.captures() {
		c.close()
	}
	if s.output == nil {
		return
	}
	res.Output = s.output.bytes()
	if s.stdout != nil {
		res.Stdout, res.StdoutTooLong = s.stdout.buf, s.stdout.dropped > 0
	}
}

// A capture keeps what is read from a pipe.
type capture struct {
	fd      int
	r       *os.File // the same, once it is watched
	buf     []byte
	dropped int64
}

func (c *capture) watch() {
	unix.SetNonblock(c.fd, true)
	c.r = os.NewFile(uintptr(c.fd), "output")
}

func (c *capture) close() {
	if c.r != nil {
		c.r.Close()
		return
	}
	unix.Close(c.fd)
}

// keep keeps what was read, as long as that is not too much.
func (c *capture) keep(b []byte) {
	n := min(len(b), maxOutput-len(c.buf))
	c.buf = append(c.buf, b[:n]...)
	c.dropped += int64(len(b) - n)
}

// buffers are shared: most processes print nothing.
var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// read reads until an error, which it returns: the end, or a deadline.
func (c *capture) read() error {
	buf := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buf)
	for {
		n, err := c.r.Read(buf[:])
		c.keep(buf[:n])
		if err != nil {
			return err
		}
	}
}

func (c *capture) bytes() []byte {
	if c.dropped > 0 {
		return fmt.Appendf(c.buf, "\n[output truncated: %d more bytes]\n", c.dropped)
	}
	return c.buf
}
