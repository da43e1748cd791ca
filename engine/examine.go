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
	each(len(paths), chunk, func(i int) {
		f, err := t.s.leaf(paths[i], trace.Content)
		absent[i] = err == nil && f.Stamp.Absent() || errors.Is(err, syscall.ENOTDIR)
	})
	var out []int
	for i, a := range absent {
		if a {
			out = append(out, i)
		}
	}
	return out
}

func (t *Task) hash(paths []string) {
	for _, p := range paths {
		t.cell.addDep(dep{leaf: "file:" + cleanPath(p)})
	}
	each(len(paths), 1, func(i int) { t.ask(cleanPath(paths[i]), trace.Content) })
}

// each calls fn for the numbers below n, on all cores if there are more than
// what is worth a goroutine.
func each(n, worth int, fn func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(defaultJobs(0), 1+n/worth) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				fn(i)
			}
		})
	}
	wg.Wait()
}
