package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"syscall"

	"erg.build/erg/engine/exec/spawn"
	"golang.org/x/sys/unix"
)

// What erg and a helper say to each other, over a stream socket: frames of a
// kind, a length and a body. erg says run, signal and kill; the helper answers
// each run with one reply. The end of the stream is an order to the helper to
// end itself, and with itself all that it started.
const (
	frameRun    = 'r' // body: a request; the process's descriptors travel along
	frameSignal = 's' // body: the number, one byte: to the process group
	frameKill   = 'k' // everything the helper started
	frameReply  = 'd' // body: a reply
)

// A request is one run.
type request struct {
	Spec *Spec
	Path string // see spawn.Attr
	Argv []string
	Env  []string
	Root string // Spec.Root without symlinks
}

// A reply is how a run ended, or which step of beginning it failed.
type reply struct {
	Setup  *SetupError  `json:",omitempty"`
	Start  *spawn.Error `json:",omitempty"`
	Errno  syscall.Errno
	Status spawn.Status
}

// setError puts err, with its number, where the other side finds it.
func (r *reply) setError(err error) {
	r.Errno, _ = errno(err).(syscall.Errno)
	switch e := err.(type) {
	case *SetupError:
		r.Setup = e
	case *spawn.Error:
		r.Start = e
	default:
		r.Setup = &SetupError{Step: "run", Err: err}
	}
}

// err is what setError was given.
func (r *reply) err() error {
	switch {
	case r.Setup != nil:
		r.Setup.Err = r.Errno
		return r.Setup
	case r.Start != nil:
		r.Start.Err = r.Errno
		return r.Start
	}
	return nil
}

const headerSize = 5

// maxFiles is how many descriptors can travel with a request (SCM_MAX_FD).
const maxFiles = 253

// A conn is one end of the socket.
type conn int

// send writes one frame. Frames must not be sent at the same time.
func (c conn) send(kind byte, body []byte, files []*os.File) error {
	msg := make([]byte, headerSize, headerSize+len(body))
	msg[0] = kind
	binary.LittleEndian.PutUint32(msg[1:], uint32(len(body)))
	msg = append(msg, body...)
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, f := range files {
			fds[i] = int(f.Fd())
		}
		rights = unix.UnixRights(fds...)
	}
	for len(msg) > 0 {
		n, err := unix.SendmsgN(int(c), msg, rights, nil, unix.MSG_NOSIGNAL)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		msg, rights = msg[n:], nil
	}
	return nil
}

// receive reads one frame. The error is io.EOF if the other end is gone.
func (c conn) receive() (kind byte, body []byte, files []*os.File, err error) {
	var head [headerSize]byte
	oob := make([]byte, unix.CmsgSpace(maxFiles*4))
	for got := 0; got < headerSize; {
		n, oobn, _, _, err := unix.Recvmsg(int(c), head[got:], oob, unix.MSG_CMSG_CLOEXEC)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return 0, nil, files, io.EOF
		}
		files = append(files, rights(oob[:oobn])...)
		got += n
	}
	body = make([]byte, binary.LittleEndian.Uint32(head[1:]))
	for got := 0; got < len(body); {
		n, err := unix.Read(int(c), body[got:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return 0, nil, files, io.EOF
		}
		got += n
	}
	return head[0], body, files, nil
}

func rights(oob []byte) (files []*os.File) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for _, m := range msgs {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), fmt.Sprintf("descriptor %d", fd)))
		}
	}
	return files
}

// encode writes r as counted strings. JSON would not do: file names need not
// be UTF-8.
func (r *request) encode() []byte {
	s := r.Spec
	var e encoder
	e.list([]string{r.Root, s.Root, s.Stage, s.Dir, s.Chdir, r.Path})
	e.list(s.Hide)
	e.list(r.Argv)
	e.list(r.Env)
	for _, mounts := range [][]Mount{s.Inputs, s.Writable, s.ReadOnly} {
		flat := make([]string, 0, 2*len(mounts))
		for _, m := range mounts {
			flat = append(flat, m.At, m.Source)
		}
		e.list(flat)
	}
	return e
}

// decodeRequest is the reverse; both ends are the same program, so that an
// error is a broken invariant.
func decodeRequest(data []byte) *request {
	d := decoder(data)
	head := d.list()
	r := &request{
		Root: head[0],
		Spec: &Spec{Method: Namespaces, Root: head[1], Stage: head[2], Dir: head[3], Chdir: head[4], Hide: d.list()},
		Path: head[5],
		Argv: d.list(),
		Env:  d.list(),
	}
	for _, mounts := range []*[]Mount{&r.Spec.Inputs, &r.Spec.Writable, &r.Spec.ReadOnly} {
		flat := d.list()
		for i := 0; i < len(flat); i += 2 {
			*mounts = append(*mounts, Mount{At: flat[i], Source: flat[i+1]})
		}
	}
	return r
}

type encoder []byte

func (e *encoder) list(list []string) {
	*e = binary.AppendUvarint(*e, uint64(len(list)))
	for _, s := range list {
		*e = binary.AppendUvarint(*e, uint64(len(s)))
		*e = append(*e, s...)
	}
}

type decoder []byte

func (d *decoder) number() int {
	v, n := binary.Uvarint(*d)
	if n <= 0 {
		panic("sandbox: malformed request")
	}
	*d = (*d)[n:]
	return int(v)
}

func (d *decoder) list() []string {
	list := make([]string, d.number())
	for i := range list {
		n := d.number()
		list[i], *d = string((*d)[:n]), (*d)[n:]
	}
	return list
}

// sendJSON is send with v as the body.
func (c conn) sendJSON(kind byte, v any, files []*os.File) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.send(kind, body, files)
}
