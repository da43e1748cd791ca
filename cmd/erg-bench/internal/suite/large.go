package suite

import (
	"context"
	"fmt"

	"erg.build/erg/cmd/erg-bench/internal/measure"
	"erg.build/erg/cmd/erg-bench/internal/table"
	"erg.build/erg/cmd/erg-bench/internal/tree"
	"erg.build/erg/contexts/ninja/ninjatest"
)

// statThreads is how many threads the bare examination of all files has.
const statThreads = 2

// large is all that is measured in one graph, which takes minutes to build.
func (c Config) large() group {
	size := name(c.Sizes.Large)
	null := "null, " + size
	bare := against(statx, null, "null", table.Time, ratio(1.3))
	return group{
		title: "null, edited and memory, " + size,
		needs: []string{ninja},
		rows: []row{
			against(ninja, null, "null", table.Time, ratio(0.4)),
			bare,
			against(ninja, null+", peak memory", "null", table.Memory, ratio(1.5)),
			against(ninja, "one leaf changed, dies in layer 2, "+size, "edited", table.Time, ratio(0.4)),
			against(ninja, "clean, "+size+", peak memory", "first", table.Memory, ratio(2)),
		},
		run: func(ctx context.Context, b *bench) error { return b.large(ctx, tree.Filtered(c.Sizes.Large)) },
	}
}

func (b *bench) large(ctx context.Context, l ninjatest.Layered) error {
	tools, err := b.tools([]string{erg, ninja}, planter(ctx, l))
	if err != nil {
		return err
	}
	if err := b.first(ctx, tools); err != nil {
		return err
	}
	files, err := measure.List(tools[0].tree.Roots()...)
	if err != nil {
		return err
	}
	if want := l.NumEdges() + l.Width; files.Len() != want {
		return fmt.Errorf("%d files, where the graph has %d", files.Len(), want)
	}
	bare := turn{series: statx + " null", run: func(context.Context) (measure.Run, error) {
		wall, err := files.Stat(statThreads)
		return measure.Run{Wall: wall}, err
	}}
	if err := b.rounds(ctx, 15, tools[0].null(), tools[1].null(), bare); err != nil {
		return err
	}
	return b.rounds(ctx, 7, edited(tools[0], l), edited(tools[1], l))
}

// edited edits a comment of another source each time. It shows in the layers
// below the one that drops comments; what lies above is to be as it was.
func edited(t tool, l ninjatest.Layered) turn {
	n := 0
	var chain tree.Chain
	var before, text string
	return turn{
		series: t.series("edited"),
		prepare: func() (err error) {
			n++
			chain = tree.ChainOf(l, n*7919%l.Width)
			if before, err = t.tree.Read(chain.Same); err != nil {
				return err
			}
			text = fmt.Sprintf("# edit %d\n%s", n, before)
			return t.tree.Write(chain.Source, text)
		},
		run: t.cmd.Run,
		check: func(measure.Run) error {
			for name, want := range map[string]string{chain.Changed: text, chain.Same: before} {
				if got, err := t.tree.Read(name); err != nil || got != want {
					return fmt.Errorf("%s holds %q and not %q: %v", name, got, want, err)
				}
			}
			return nil
		},
	}
}
