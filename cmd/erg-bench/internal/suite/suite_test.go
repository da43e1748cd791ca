package suite

import (
	"context"
	"errors"
	"io"
	"regexp"
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
	for expr, want := range map[string]int{"": 23, "null, 10k": 2, "statx": 1, "make$": 1, "nothing": 0} {
		c := Config{Sizes: Usual, Pick: regexp.MustCompile(expr)}
		n := 0
		for _, g := range c.groups() {
			n += len(c.picked(g.rows))
		}
		if n != want {
			t.Errorf("%q picks %d rows, want %d", expr, n, want)
		}
	}
}
