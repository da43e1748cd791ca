package measure

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

// Counter is the program that Instructions needs.
const Counter = "valgrind"

var collected = regexp.MustCompile(`Collected : (\d+)`)

// Instructions runs a command and counts the instructions that it executes, the
// kernel's and those of its children left out.
//
// Valgrind counts: virtual machines seldom offer the counters of the processor,
// and the instructions of callgrind can be compared from one machine to another.
//
// Callgrind does not survive the signals by which Go's runtime preempts
// goroutines, so they are turned off.
func (c Command) Instructions(ctx context.Context) (int64, error) {
	args := append([]string{"--tool=callgrind", "--callgrind-out-file=/dev/null"}, c.Args...)
	cmd := exec.CommandContext(ctx, Counter, args...)
	cmd.Dir = c.Dir
	cmd.Env = append(append(os.Environ(), "GODEBUG=asyncpreemptoff=1"), c.Env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w\n%s", Counter, c, err, out)
	}
	m := collected.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("%s %s: no count in its output:\n%s", Counter, c, out)
	}
	return strconv.ParseInt(string(m[1]), 10, 64)
}
