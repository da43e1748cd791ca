package engine

import (
	"bytes"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

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

// A Look is what the files of a goal came to.
type Look struct {
	// Null is set when there is nothing to do.
	Null *NullResult

	goal   *trace.HotGoal
	differ []trace.Row // whose stamps differ
}

// Resumable reports whether Session.Resume may be tried.
func (l *Look) Resumable() bool { return l.goal != nil && l.Null == nil }

// Summary returns what the goal's last build said of itself.
func (l *Look) Summary() []byte { return l.goal.Summary }

// Look compares the files of a goal with what they were when it was
// completed, from the trace alone. It examines files, on all cores, and does
// nothing else. Only the first session of an engine can be preceded by one.
func (e *Engine) Look(goal string) *Look {
	l := &Look{}
	if e.state != nil {
		return l
	}
	h, err := e.trace.Hot()
	if err != nil || h.BuildID != e.opts.BuildID {
		return l
	}
	g, ok := h.Goal(goal)
	if !ok {
		return l
	}
	for _, v := range g.Env {
		if e.opts.Env(v.Name) != v.Value {
			return l
		}
	}
	l.goal = g
	e.tellMoved()
	if l.differ = e.differing(h, g); len(l.differ) > 0 {
		return l
	}
	l.Null = nullOf(g)
	return l
}

// nullOf describes a goal of which nothing has changed. It shares no memory
// with the mapping, which goes away with the engine.
func nullOf(g *trace.HotGoal) *NullResult {
	r := &NullResult{Actions: g.Count, Summary: bytes.Clone(g.Summary)}
	for _, m := range g.Messages {
		r.Messages = append(r.Messages, Replayed(m))
	}
	return r
}

// chunk is how many files a worker takes at once: enough to make the
// counter cheap, few enough to end together.
const chunk = 256

// A scan compares the files of a goal with what they were.
type scan struct {
	hot  *trace.Hot
	goal *trace.HotGoal
	e    *Engine
	fast fsys.Stater // nil: there is none
	root int         // the workspace's directory, open
	next atomic.Int64

	mu     sync.Mutex
	differ []trace.Row
}

func (e *Engine) differing(h *trace.Hot, g *trace.HotGoal) []trace.Row {
	c := &scan{hot: h, goal: g, e: e}
	if fast, ok := e.fs.(fsys.Stater); ok {
		if dir, err := e.fs.Open(e.opts.Root); err == nil {
			defer dir.Close()
			c.fast, c.root = fast, int(dir.Fd())
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.NumCPU(), 1+h.Len()/chunk) - 1 {
		wg.Go(c.run)
	}
	c.run()
	wg.Wait()
	slices.Sort(c.differ)
	return c.differ
}

func (c *scan) run() {
	w := &scanner{scan: c, dir: -1}
	defer w.leave()
	var differ []trace.Row
	for {
		from := int(c.next.Add(chunk)) - chunk
		if from >= c.hot.Len() {
			break
		}
		for i := from; i < min(from+chunk, c.hot.Len()); i++ {
			if c.goal.Files.Has(trace.Row(i)) && !w.same(i, min(from+chunk, c.hot.Len())) {
				differ = append(differ, trace.Row(i))
			}
		}
	}
	c.mu.Lock()
	c.differ = append(c.differ, differ...)
	c.mu.Unlock()
}

// A scanner is one of those who examine files at the same time.
type scanner struct {
	*scan
	buf  unix.Statx_t // one for all: it would be allocated for each file
	dir  int          // the directory of the files at hand, open; -1 if it is not worth that
	path []byte       // of it, with the slash
	end  int          // the first row behind those of the directory
}

// same judges one file. That its stamp is the recorded one is not enough:
// another goal may have seen it change since this one was complete.
func (w *scanner) same(i, end int) bool {
	f, name := w.hot.At(i)
	if f.Changed > w.goal.Complete || f.Racy {
		return false
	}
	st, err := w.stat(i, end, name)
	return err == nil && sameStamp(f.Kind, f.Stamp, st)
}

func (w *scanner) stat(i, end int, name []byte) (trace.Stamp, error) {
	if w.fast == nil {
		return w.e.stat(string(name[:len(name)-1]))
	}
	if i >= w.end { // rows only ever come in their order
		w.enter(i, end, name)
	}
	if w.dir < 0 {
		return statAt(w.fast, w.root, name, &w.buf)
	}
	return statAt(w.fast, w.dir, name[len(w.path):], &w.buf)
}

// manyInDir is how many files of a directory are worth opening it: then the
// kernel need not follow the whole path of each.
const manyInDir = 16

// enter opens the directory of the i-th row, whose name is given, if enough
// of the rows before end lie in it.
func (w *scanner) enter(i, end int, name []byte) {
	w.leave()
	w.path = name[:bytes.LastIndexByte(name, '/')+1]
	for w.end = i + 1; w.end < end; w.end++ {
		if next := w.hot.Name(w.end); !bytes.HasPrefix(next, w.path) || bytes.IndexByte(next[len(w.path):], '/') >= 0 {
			break
		}
	}
	if len(w.path) <= 1 || w.end-i < manyInDir {
		return
	}
	if fd, err := unix.Openat(w.root, string(w.path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
		w.dir = fd
	}
}

// leave closes the directory at hand.
func (w *scanner) leave() {
	if w.dir >= 0 {
		unix.Close(w.dir)
		w.dir = -1
	}
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
