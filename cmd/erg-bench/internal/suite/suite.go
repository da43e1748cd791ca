// Package suite measures erg against its peers, row by row. All that is
// compared is measured in one run, turn and turn about, and medians are
// compared: what else happens on a machine then meets all alike.
package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"erg.build/erg/cmd/erg-bench/internal/measure"
	"erg.build/erg/cmd/erg-bench/internal/table"
)

// A Config says what is measured.
type Config struct {
	Erg   string // the program
	Dir   string // where trees are made, and removed again
	Sizes Sizes
	Full  bool           // with what takes very long
	Pick  *regexp.Regexp // of rows, by their work and peer; nil for all
	Log   io.Writer      // what is going on
}

// Sizes are those of the graphs, in actions.
type Sizes struct {
	Tiny, Small, Large, Huge int
	C                        int // source files of the C project
	Modules, Libraries       int // of the OCaml project
}

// Usual are the sizes of the table.
var Usual = Sizes{Tiny: 1_000, Small: 10_000, Large: 100_000, Huge: 1_000_000, C: 1000, Modules: 2000, Libraries: 40}

// name names a number of actions.
func name(n int) string {
	switch {
	case n%1_000_000 == 0:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n%1_000 == 0:
		return fmt.Sprintf("%dk", n/1_000)
	}
	return fmt.Sprint(n)
}

// A group measures rows that share their trees.
type group struct {
	title string
	slow  bool     // only in a full run
	needs []string // programs
	rows  []row
	run   func(ctx context.Context, b *bench) error
}

// A row is one of the table, and the series of samples that it compares.
type row struct {
	table.Row
	erg, peer string
}

// A bench is what a group measures with: a directory, and samples.
type bench struct {
	Config
	samples samples
}

// Run measures all rows that were picked, and returns them in order. A row that
// could not be measured says why; then there is an error, too.
func Run(ctx context.Context, c Config) ([]table.Row, error) {
	var rows []table.Row
	var errs []error
	for _, g := range c.groups(ctx) {
		g.rows = c.picked(g.rows)
		if len(g.rows) == 0 {
			continue
		}
		got, err := c.measure(ctx, g)
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", g.title, err))
		}
		rows = append(rows, got...)
	}
	return rows, errors.Join(errs...)
}

func (c Config) picked(rows []row) []row {
	var got []row
	for _, r := range rows {
		if c.Pick == nil || c.Pick.MatchString(r.Work+" "+r.Peer) {
			got = append(got, r)
		}
	}
	return got
}

// measure measures the rows of a group, in a directory of its own.
func (c Config) measure(ctx context.Context, g group) (rows []table.Row, err error) {
	missing := ""
	b := &bench{Config: c, samples: samples{}}
	if g.slow && !c.Full {
		missing = "not run"
	} else if missing = lacking(g.needs); missing == "" {
		b.Dir = filepath.Join(c.Dir, strings.NewReplacer(" ", "-", ",", "").Replace(g.title))
		began := time.Now()
		c.log("%s", g.title)
		err = errors.Join(g.run(ctx, b), os.RemoveAll(b.Dir))
		if err != nil {
			missing = "failed"
		}
		c.log("%s: took %.0f s", g.title, time.Since(began).Seconds())
	}
	for _, r := range g.rows {
		r.Missing = missing
		if missing == "" {
			r.Erg, r.PeerHas = b.samples.median(r.erg, r.Unit), b.samples.median(r.peer, r.Unit)
			if r.Erg == 0 || r.PeerHas == 0 {
				r.Missing = "no " + counter(r.Unit)
			}
		}
		rows = append(rows, r.Row)
	}
	return rows, err
}

// counter names the program that a unit is counted with, if it needs one.
func counter(u table.Unit) string {
	if u == table.Instructions {
		return measure.Counter
	}
	return "sample"
}

// lacking says which of the programs are not installed.
func lacking(programs []string) string {
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			return "no " + p
		}
	}
	return ""
}

func (c Config) log(format string, args ...any) { fmt.Fprintf(c.Log, format+"\n", args...) }
