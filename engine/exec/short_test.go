package exec

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// What a process prints is whole, whether it is short, or goes on after it
// counted as short, or there are too many that are.
func TestShortAndLong(t *testing.T) {
	scripts := map[string]string{
		"echo a; echo b >&2":             "a\nb\n",
		"echo a; sleep 0.1; echo b":      "a\nb\n",
		"exec >&- 2>&-; sleep 0.1":       "",
		"head -c 300000 /dev/zero":       strings.Repeat("\x00", 300000),
		"sleep 0.07; printf %70000s":     strings.Repeat(" ", 70000),
		"printf 1; sleep 0.04; printf 2": "12",
	}
	var wg sync.WaitGroup
	for script, want := range scripts {
		for range maxWaiters * runtime.NumCPU() {
			wg.Go(func() {
				r, err := Run(t.Context(), &Command{Argv: []string{"/bin/sh", "-c", script}, Env: os.Environ()})
				if err != nil || r.Err() != nil || string(r.Output) != want {
					t.Errorf("%s: %v, %d bytes of output", script, err, len(r.Output))
				}
			})
		}
	}
	for range 10 {
		runtime.GC() // stops the world, in which some do not know that they are to stop
	}
	wg.Wait()
	waiters.mu.Lock()
	defer waiters.mu.Unlock()
	if waiters.now != 0 || waiters.allowed > maxWaiters*runtime.NumCPU() {
		t.Error("at the end:", fmt.Sprint(waiters.now, " wait, with ", waiters.allowed, " processors"))
	}
}
