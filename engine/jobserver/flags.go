package jobserver

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A Style is a way to tell a program where the pool is.
type Style uint8

const (
	// Pipe names descriptors that the program inherits. make, cargo and gcc of
	// any age understand it, ninja does not.
	Pipe Style = iota
	// Fifo names a file. make from 4.4 on and ninja from 1.13 on understand
	// it, and it survives programs that close descriptors.
	Fifo
	// OwnFifo is Fifo for a process that sees other files than this one: the
	// file is the process's own inherited descriptor.
	OwnFifo
)

// Files are what a child must inherit, as descriptors in a row.
func (p *Pool) Files() []*os.File { return p.shared }

// Environ returns env with what tells a child of the pool, of which it
// inherits Files as descriptors from first on. Other flags for make stay.
func (p *Pool) Environ(env []string, first int, style Style) []string {
	pipe := fmt.Sprintf("%d,%d", first, first+1)
	auth := pipe
	switch style {
	case Fifo:
		auth = "fifo:" + p.fifo
	case OwnFifo:
		auth = "fifo:" + fdPath(first)
	}
	out := make([]string, 0, len(env)+2)
	outer := ""
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		switch name {
		case "MAKEFLAGS":
			outer = value
		case "CARGO_MAKEFLAGS", "MFLAGS":
			// Of an outer jobserver. (MFLAGS is an old name for MAKEFLAGS.)
		default:
			out = append(out, e)
		}
	}
	f := parseFlags(outer)
	return append(out, "MAKEFLAGS="+f.with(p.slots, auth), "CARGO_MAKEFLAGS="+flags{}.with(p.slots, pipe))
}

// flags are the parts of MAKEFLAGS.
type flags struct {
	others []string
	tail   string // " -- NAME=VALUE…", as it is
	jobs   int    // of -j; 0: none
	auth   string // of --jobserver-auth
}

// parseFlags takes MAKEFLAGS apart. Of several jobservers the last counts.
func parseFlags(s string) (f flags) {
	s = " " + s
	if i := strings.Index(s, " -- "); i >= 0 {
		s, f.tail = s[:i], s[i:]
	}
	for _, w := range strings.Fields(s) {
		name, value, _ := strings.Cut(w, "=")
		switch {
		case name == "--jobserver-auth" || name == "--jobserver-fds":
			f.auth = value
		case name == "--jobs":
			f.jobs, _ = strconv.Atoi(value)
		case strings.HasPrefix(w, "-j"):
			f.jobs, _ = strconv.Atoi(w[2:])
		default:
			f.others = append(f.others, w)
		}
	}
	f.jobs = max(f.jobs, 0)
	return f
}

// with writes flags with another jobserver. make takes a first word without a
// dash for one-letter flags, so a blank leads where there is none.
func (f flags) with(jobs int, auth string) string {
	j := " -j"
	if jobs > 0 {
		j += strconv.Itoa(jobs)
	}
	return strings.Join(f.others, " ") + j + " --jobserver-auth=" + auth + f.tail
}
