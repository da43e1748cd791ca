package suite

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"erg.build/erg/cmd/erg-bench/internal/measure"
	"erg.build/erg/cmd/erg-bench/internal/table"
)

// samples are what was measured, by series and unit.
type samples map[string]map[table.Unit][]float64

func (s samples) add(series string, u table.Unit, v float64) {
	if s[series] == nil {
		s[series] = map[table.Unit][]float64{}
	}
	s[series][u] = append(s[series][u], v)
}

func (s samples) addRun(series string, r measure.Run) {
	s.add(series, table.Time, r.Wall.Seconds())
	s.add(series, table.Memory, float64(r.Peak))
}

// median returns the median of a series, 0 if it is empty.
func (s samples) median(series string, u table.Unit) float64 {
	v := slices.Sorted(slices.Values(s[series][u]))
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// A turn is one of those who take turns.
type turn struct {
	series  string
	prepare func() error // nil for nothing
	settle  bool         // what was prepared is written back before the run
	run     func(ctx context.Context) (measure.Run, error)
	check   func(measure.Run) error // nil for none
}

// rounds lets all have so many turns, in the other direction every second time,
// so that nobody always profits or suffers from who went before.
func (b *bench) rounds(ctx context.Context, n int, turns ...turn) error {
	for i := range n {
		order := slices.Clone(turns)
		if i%2 == 1 {
			slices.Reverse(order)
		}
		for _, t := range order {
			run, err := t.take(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", t.series, err)
			}
			b.samples.addRun(t.series, run)
		}
	}
	for _, t := range turns {
		b.log("  %s: median %.4f s", t.series, b.samples.median(t.series, table.Time))
	}
	return nil
}

func (t turn) take(ctx context.Context) (measure.Run, error) {
	if t.prepare != nil {
		if err := t.prepare(); err != nil {
			return measure.Run{}, err
		}
	}
	if t.settle {
		unix.Sync()
	}
	run, err := t.run(ctx)
	if err == nil && t.check != nil {
		err = t.check(run)
	}
	return run, err
}
