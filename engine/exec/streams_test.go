package exec

import (
	"os"
	"testing"
	"time"

	"erg.build/erg/engine/exec/spawn"
)

// A remote process is not one that this process forked: nothing tells of its
// exit but Wait.
type remote struct{ spawn.Process }

func TestWhoReads(t *testing.T) {
	for _, test := range []struct {
		script, output string
		left           bool
	}{
		{"echo one; echo two >&2; exit 3", "one\ntwo\n", false},
		{"exec >&- 2>&-; sleep 0.05; exit 3", "", false},
		{"(sleep 0.05; echo late) & echo early; exit 3", "early\nlate\n", false},
		{"(sleep 0.3; echo late) & echo early; exit 3", "early\nlate\n", false},
		{"sleep 100 & echo early; exit 3", "early\n", true},
		{"setsid sh -c 'echo escaped; exec sleep 5' & sleep 0.05; exit 3", "escaped\n", true},
	} {
		for _, forked := range []bool{true, false} {
			r := runAs(t, test.script, forked)
			// Where nothing tells of the exit, what is left has less time.
			if !forked && test.script[0] == '(' && r.Leftover {
				continue
			}
			if string(r.Output) != test.output || r.Leftover != test.left || r.ExitCode != 3 {
				t.Errorf("%s (forked: %v): exit %d, output %q, leftover %v", test.script, forked, r.ExitCode, r.Output, r.Leftover)
			}
		}
	}
}

// runAs is Run for a script, as if this process had forked it or not.
func runAs(t *testing.T, script string, forked bool) *Result {
	t.Helper()
	c := &Command{Argv: []string{"sh", "-c", script}, Env: os.Environ()}
	io, err := openStreams(c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.start(io)
	io.started()
	if err != nil {
		t.Fatal(err)
	}
	if !forked {
		p = remote{p}
	}
	io.follow(p)
	st, err := p.Wait(io.drained)
	if err != nil {
		t.Fatal(err)
	}
	r := &Result{Started: time.Now()}
	io.finish(r)
	r.fill(st)
	return r
}
