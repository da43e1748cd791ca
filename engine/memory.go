package engine

import (
	"errors"
	"math"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// memory keeps processes from needing more memory at once than there is, so
// that ten linkers do not start together. What an action needed when it last
// ran, it is taken to need again; one that never ran, nothing.
//
// An action that does not fit waits, and those behind it go first. So that it
// does not wait for ever, the first of those that wait has a reservation:
// what is started from then on must leave room for it. Once all has ended
// that ran before, it fits.
type memory struct {
	limit    int64 // 0: not known yet
	used     int64
	started  int // how many processes were
	reserved *node
	since    int // started, when it was reserved
}

// NoMemoryLimit is for SessionOptions.Memory.
const NoMemoryLimit = math.MaxInt64

// lookBehind bounds how many actions that do not fit are passed over at once.
const lookBehind = 32

// need is how much memory a node took when it last ran.
func (n *node) need() int64 {
	if n.old == nil {
		return 0
	}
	return n.old.Peak
}

// fits reports whether there is memory to start a node, and reserves some if
// not. The caller holds mu.
func (s *Session) fits(n *node) bool {
	m := &s.memory
	if s.running == 0 || n.need() == 0 && m.reserved == nil {
		return true
	}
	if m.limit == 0 {
		m.limit = DefaultMemory()
	}
	if m.used+n.need() <= m.limit {
		if m.reserved == nil || m.reserved == n || m.later(s.lanes)+n.need()+m.reserved.need() <= m.limit {
			return true
		}
	}
	if m.reserved == nil || n.before(m.reserved) {
		m.reserved, m.since = n, m.started
	}
	return false
}

// later is the need of what was started since the reservation and still runs.
func (m *memory) later(lanes []*node) (sum int64) {
	for _, n := range lanes {
		if n != nil && n.nth > m.since {
			sum += n.need()
		}
	}
	return sum
}

// take and free note that a node runs, and that it has ended.
func (m *memory) take(n *node) {
	m.unreserve(n)
	m.started++
	n.nth = m.started
	m.used += n.need()
}

func (m *memory) free(n *node) { m.used -= n.need() }

// unreserve ends a node's reservation: it runs, or waits for something else.
func (m *memory) unreserve(n *node) {
	if m.reserved == n {
		m.reserved = nil
	}
}

// DefaultMemory is three quarters of the memory that this process's control
// group may use, or the machine has.
func DefaultMemory() int64 { return machineMemory("/") / 4 * 3 }

// machineMemory reads limits from the files of a system below root.
func machineMemory(root string) int64 {
	least := int64(NoMemoryLimit)
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		least = int64(info.Totalram) * int64(info.Unit)
	}
	groups, _ := os.ReadFile(path.Join(root, "proc/self/cgroup"))
	for line := range strings.Lines(string(groups)) {
		// hierarchy:controllers:path; the second version has no controllers
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) < 3 {
			continue
		}
		mount, file := "sys/fs/cgroup", "memory.max"
		if f[1] == "memory" {
			mount, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		} else if f[1] != "" {
			continue
		}
		for group := path.Clean("/" + f[2]); ; group = path.Dir(group) {
			if n, err := readLimit(path.Join(root, mount, group, file)); err == nil {
				least = min(least, n)
			}
			if group == "/" {
				break
			}
		}
	}
	return least
}

func readLimit(name string) (int64, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64) // not a number: no limit
}

var errMemory = errors.New("want a size such as 8G, 512M or 50% (of the machine's memory), or none")

// ParseMemory reads an amount of memory as people write it, for
// SessionOptions.Memory.
func ParseMemory(text string) (int64, error) {
	if text == "none" {
		return NoMemoryLimit, nil
	}
	number, factor := text, int64(1)
	if i := len(text) - 1; i > 0 {
		switch unit := text[i]; unit {
		case '%':
			factor, number = machineMemory("/")/100, text[:i]
		case 'K', 'M', 'G', 'T', 'k', 'm', 'g', 't':
			factor, number = 1<<(10*(1+strings.IndexByte("KMGT", unit&^0x20))), text[:i]
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	size := n * float64(factor)
	if err != nil || !(size >= 1) || size > NoMemoryLimit {
		return 0, errMemory
	}
	return int64(min(size, NoMemoryLimit/2)), nil
}
