package suite

import (
	"context"
	"path/filepath"
	"strings"

	"erg.build/erg/cmd/erg-bench/internal/measure"
	"erg.build/erg/cmd/erg-bench/internal/table"
	"erg.build/erg/cmd/erg-bench/internal/tree"
)

// groups returns all that can be measured.
func (c Config) groups(ctx context.Context) []group {
	return []group{
		c.tiny(), c.small(), c.large(), c.huge(), c.clean(), c.cProject(), c.duneProject(ctx),
	}
}

// against is a row that compares erg with a peer at the same work.
func against(peer, work, series string, u table.Unit, reach table.Reach) row {
	return row{
		Row: table.Row{Work: work, Peer: peer, Unit: u, Reach: reach},
		erg: erg + " " + series, peer: peer + " " + series,
	}
}

// ofSmall makes a row one of erg-ninja.
func ofSmall(r row) row {
	r.Work += ", by " + small
	r.erg = small + strings.TrimPrefix(r.erg, erg)
	return r
}

func ratio(r float64) table.Reach { return table.Reach{Ratio: r} }

// tiny is about how long a process takes to start.
func (c Config) tiny() group {
	work := "null, " + name(c.Sizes.Tiny)
	return group{
		title: work,
		needs: []string{ninja},
		rows:  []row{against(ninja, work, "null", table.Time, ratio(1)), ofSmall(against(ninja, work, "null", table.Time, ratio(1)))},
		run: func(ctx context.Context, b *bench) error {
			tools, err := b.tools([]string{erg, small, ninja}, planter(ctx, tree.Copies(c.Sizes.Tiny)))
			if err != nil {
				return err
			}
			if err := b.first(ctx, tools); err != nil {
				return err
			}
			return b.rounds(ctx, 41, tools[0].null(), tools[1].null(), tools[2].null())
		},
	}
}

func (c Config) small() group {
	size := name(c.Sizes.Small)
	return group{
		title: "null and touched, " + size,
		needs: []string{ninja},
		rows: []row{
			against(ninja, "null, "+size, "null", table.Time, ratio(0.6)),
			against(ninja, "null, "+size+", instructions", "null", table.Instructions, table.Reach{}),
			against(ninja, "one leaf touched, "+size, "touched", table.Time, ratio(0.3)),
		},
		run: func(ctx context.Context, b *bench) error {
			l := tree.Copies(c.Sizes.Small)
			tools, err := b.tools([]string{erg, ninja}, planter(ctx, l))
			if err != nil {
				return err
			}
			if err := b.first(ctx, tools); err != nil {
				return err
			}
			if err := b.rounds(ctx, 21, tools[0].null(), tools[1].null()); err != nil {
				return err
			}
			if err := b.counted(ctx, tools); err != nil {
				return err
			}
			// Ninja runs what is downstream of the touched file; erg is to run
			// nothing.
			touched := func(t tool, check func(measure.Run) error) turn {
				return turn{
					series:  t.series("touched"),
					prepare: func() error { return t.tree.Touch(l.Source(l.Width / 2)) },
					run:     t.cmd.Run,
					check:   check,
				}
			}
			return b.rounds(ctx, 11, touched(tools[0], idle), touched(tools[1], busy))
		},
	}
}

// huge is what takes too long to be built for its own sake: see Idle and Adopt
// in package tree. Erg's edges are generators, so that it takes what lies there
// for what they have made; Ninja is given the log that it would have written.
// Both then say themselves that there is nothing to do.
func (c Config) huge() group {
	work := "null, " + name(c.Sizes.Huge)
	return group{
		title: work,
		slow:  true,
		needs: []string{ninja},
		rows: []row{
			against(ninja, work, "null", table.Time, ratio(0.4)),
			against(ninja, work+", peak memory", "null", table.Memory, table.Reach{Most: 1.5e9}),
		},
		run: func(ctx context.Context, b *bench) error {
			l := tree.Idle(c.Sizes.Huge)
			tools, err := b.tools([]string{erg, ninja}, func(dir string) (tree.Tree, error) {
				g := l
				g.Generator = filepath.Base(dir) == erg
				t, err := tree.Plant(ctx, dir, g)
				if err == nil {
					err = t.Adopt(ctx, l)
				}
				return t, err
			})
			if err != nil {
				return err
			}
			if err := tools[1].tree.WriteNinjaLog(l); err != nil {
				return err
			}
			if err := b.first(ctx, tools); err != nil {
				return err
			}
			return b.rounds(ctx, 5, tools[0].null(), tools[1].null())
		},
	}
}
