package engine

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/trace"
)

// A NullResult is the answer of a null build.
type NullResult struct {
	Actions  int
	Summary  []byte
	Messages []Replayed // what cached actions printed
}

// Replayed is what an action printed when it ran.
type Replayed struct {
	Name, Context string
	Output        []byte
}

// Null answers a goal from the trace alone: if it was completed, and no
// file that it depends on has another stamp (or, having one, other content),
// and no environment variable another value, there is nothing to do. It
// examines files and nothing else.
func (e *Engine) Null(goal string) (*NullResult, bool) {
	if e.state != nil {
		return nil, false
	}
	h, err := e.trace.Hot()
	if err != nil || h.BuildID != e.opts.BuildID {
		return nil, false
	}
	g, ok := h.Goal(goal)
	if !ok {
		return nil, false
	}
	for _, v := range g.Env {
		if e.opts.Env(v.Name) != v.Value {
			return nil, false
		}
	}
	if !e.sameFiles(h, g) {
		return nil, false
	}
	// The mapping goes away with the engine.
	r := &NullResult{Actions: g.Actions, Summary: bytes.Clone(g.Summary)}
	for _, m := range g.Messages {
		r.Messages = append(r.Messages, Replayed(m))
	}
	return r, true
}

// chunk is how many files a worker takes at once: enough to make the
// counter cheap, few enough to end together.
const chunk = 256

// A file whose stamp moved may hold the same bytes still. A null build reads
// this many such files, and bytes, before it leaves the matter to a full
// build, which also records the new stamps.
const (
	rereadFiles = 64
	rereadBytes = 16 << 20
)

// A nullCheck compares the files of a goal with what they were.
type nullCheck struct {
	e        *Engine
	hot      *trace.Hot
	goal     *trace.HotGoal
	stat     func(name []byte, buf *unix.Statx_t) (trace.Stamp, error)
	next     atomic.Int64
	differs  atomic.Bool
	reread   atomic.Int64
	rereadOf atomic.Int64 // bytes
}

func (e *Engine) sameFiles(h *trace.Hot, g *trace.HotGoal) bool {
	c := &nullCheck{e: e, hot: h, goal: g, stat: e.statName}
	if fast, ok := e.fs.(fsys.Stater); ok {
		if dir, err := e.fs.Open(e.opts.Root); err == nil {
			defer dir.Close()
			fd := int(dir.Fd())
			c.stat = func(name []byte, buf *unix.Statx_t) (trace.Stamp, error) { return statAt(fast, fd, name, buf) }
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.NumCPU(), 1+h.Len()/chunk) {
		wg.Go(c.run)
	}
	wg.Wait()
	return !c.differs.Load()
}

func (c *nullCheck) run() {
	buf := new(unix.Statx_t) // one for all: it would be allocated for each file
	for !c.differs.Load() {
		from := int(c.next.Add(chunk)) - chunk
		if from >= c.hot.Len() {
			return
		}
		for i := from; i < min(from+chunk, c.hot.Len()); i++ {
			if c.goal.Has(i) && !c.same(i, buf) {
				c.differs.Store(true)
				return
			}
		}
	}
}

// same judges one file. That its stamp is the recorded one is not enough:
// another goal may have seen it change since this one was complete.
func (c *nullCheck) same(i int, buf *unix.Statx_t) bool {
	f, name := c.hot.At(i)
	if f.Changed > c.goal.Complete {
		return false
	}
	st, err := c.stat(name, buf)
	if err != nil {
		return false
	}
	return !f.Racy && sameStamp(f.Kind, f.Stamp, st) || c.sameContent(c.hot.File(i), st)
}

// sameContent reads a file whose stamp differs.
func (c *nullCheck) sameContent(f trace.File, st trace.Stamp) bool {
	if st.Absent() || f.Stamp.Absent() || c.reread.Add(1) > rereadFiles {
		return false
	}
	switch f.Kind {
	case trace.Listing:
		entries, err := c.e.list(f.Path)
		return err == nil && digest.OfString(listingText(entries)) == f.Digest
	case trace.Content:
		if st.Size != f.Stamp.Size || st.Mode&syscall.S_IFMT != syscall.S_IFREG || c.rereadOf.Add(st.Size) > rereadBytes {
			return false
		}
		d, st, err := c.e.hashFile(f.Path)
		if err != nil || effective(d, executable(st)) != f.Digest {
			return false
		}
		after, err := c.e.stat(f.Path)
		return err == nil && after == st
	}
	return false
}

func (e *Engine) statName(name []byte, _ *unix.Statx_t) (trace.Stamp, error) {
	return e.stat(string(name[:len(name)-1]))
}

// here is the workspace itself.
var here = []byte(".\x00")

func statAt(fs fsys.Stater, dir int, name []byte, st *unix.Statx_t) (trace.Stamp, error) {
	if len(name) == 1 {
		name = here
	}
	switch err := fs.StatAt(dir, name, st); err {
	case nil:
	case syscall.ENOENT, syscall.ENOTDIR:
		return trace.Stamp{}, nil
	default:
		return trace.Stamp{}, err
	}
	return trace.Stamp{Dev: unix.Mkdev(st.Dev_major, st.Dev_minor), Ino: st.Ino, Size: int64(st.Size), Mode: uint32(st.Mode),
		Mtime: st.Mtime.Sec*1e9 + int64(st.Mtime.Nsec), Ctime: st.Ctime.Sec*1e9 + int64(st.Ctime.Nsec)}, nil
}
