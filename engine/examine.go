package engine

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"

	"erg.build/erg/engine/trace"
)

// Missing examines files, on all cores, and reports the indices of those that
// are not there. All count as read.
func (t *Task) Missing(paths []string) []int {
	absent := make([]bool, len(paths))
	var next atomic.Int64
	var wg sync.WaitGroup
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(paths) {
				return
			}
			f, err := t.s.leaf(paths[i], trace.Content)
			absent[i] = err == nil && f.Stamp.Absent() || errors.Is(err, syscall.ENOTDIR)
		}
	}
	for range min(defaultJobs(0), 1+len(paths)/chunk) {
		wg.Go(work)
	}
	wg.Wait()
	var out []int
	for i, a := range absent {
		if a {
			out = append(out, i)
		}
	}
	return out
}
