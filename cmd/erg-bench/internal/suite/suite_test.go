package suite

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"erg.build/erg/cmd/erg-bench/internal/measure"
	"erg.build/erg/cmd/erg-bench/internal/table"
)

func TestMedian(t *testing.T) {
	s := samples{}
	if m := s.median("none", table.Time); m != 0 {
		t.Errorf("median of nothing: %v", m)
	}
	for i, want := range []float64{9, 5, 3, 2.5} {
		s.add("a", table.Time, []float64{9, 1, 3, 2}[i])
		if m := s.median("a", table.Time); m != want {
			t.Errorf("median of %v: %v, want %v", s["a"][table.Time], m, want)
		}
	}
}

func TestRoundsTakeTurns(t *testing.T) {
	var order []string
	of := func(name string) turn {
		return turn{
			series:  name,
			prepare: func() error { order = append(order, "prepare"); return nil },
			run: func(context.Context) (measure.Run, error) {
				order = append(order, name)
				return measure.Run{Wall: time.Second, Peak: 5}, nil
			},
		}
	}
	b := &bench{Config: Config{Log: io.Discard}, samples: samples{}}
	if err := b.rounds(t.Context(), 3, of("a"), of("b")); err != nil {
		t.Fatal(err)
	}
	want := "prepare a prepare b prepare b prepare a prepare a prepare b"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	if n, m := len(b.samples["a"][table.Time]), b.samples.median("b", table.Memory); n != 3 || m != 5 {
		t.Errorf("%d samples of a, median memory %v of b", n, m)
	}
	failing := of("c")
	failing.check = func(measure.Run) error { return errors.New("wrong") }
	if err := b.rounds(t.Context(), 3, failing); err == nil || err.Error() != "c: wrong" {
		t.Errorf("error %v", err)
	}
}

func TestPick(t *testing.T) {
	t.Setenv("DUNE", "")
	for expr, want := range map[string]int{"": 23, "null, 10k": 2, "statx": 1, "make$": 1, "nothing": 0} {
		c := Config{Sizes: Usual, Pick: regexp.MustCompile(expr)}
		n := 0
		for _, g := range c.groups(t.Context()) {
			n += len(c.picked(g.rows))
		}
		if n != want {
			t.Errorf("%q picks %d rows, want %d", expr, n, want)
		}
	}
}

// The dune that the environment names is measured beside the one along PATH.
func TestDunes(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"dune": "#!/bin/sh\necho 2.9.3\n", "newer": "#!/bin/sh\necho 3.99.1\n", "nameless": "#!/bin/sh\necho n/a\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for _, c := range []struct{ named, want string }{
		{"", "dune"}, {filepath.Join(dir, "newer"), "dune, dune 3.99.1"}, {filepath.Join(dir, "nameless"), "dune, $DUNE"},
	} {
		t.Setenv("DUNE", c.named)
		var peers []string
		for _, r := range (Config{Sizes: Usual}).duneProject(t.Context()).rows {
			if !slices.Contains(peers, r.Peer) {
				peers = append(peers, r.Peer)
			}
		}
		if got := strings.Join(peers, ", "); got != c.want+", erg, one" {
			t.Errorf("DUNE=%s: against %s", c.named, got)
		}
	}
}
