package suite

import (
	"context"
	"errors"
	"fmt"

	"erg.build/erg/cmd/erg-bench/internal/measure"
	"erg.build/erg/cmd/erg-bench/internal/table"
	"erg.build/erg/cmd/erg-bench/internal/tree"
)

// clean is everything built, by those who know nothing and by erg with a store.
func (c Config) clean() group {
	size := name(c.Sizes.Small)
	restored := against(ninja, "clean, "+size+", all in the store", "clean", table.Time, ratio(0.25))
	restored.erg = erg + " restored"
	return group{
		title: "clean, " + size,
		needs: []string{ninja, gmake},
		rows: []row{
			against(ninja, "clean, "+size, "clean", table.Time, ratio(0.75)),
			against(gmake, "clean, "+size, "clean", table.Time, ratio(1.1)),
			restored,
		},
		run: func(ctx context.Context, b *bench) error {
			l := tree.Copies(c.Sizes.Small)
			tools, err := b.tools([]string{erg, ninja, gmake}, func(dir string) (tree.Tree, error) {
				t, err := tree.Plant(ctx, dir, l)
				return t, errors.Join(err, t.WriteMakefile(l))
			})
			if err != nil {
				return err
			}
			// A tree of its own, whose store is full from the beginning.
			full, err := b.tools([]string{erg}, func(string) (tree.Tree, error) { return tree.Plant(ctx, b.Dir+"/full", l) })
			if err != nil {
				return err
			}
			if err := b.first(ctx, full); err != nil {
				return err
			}
			last := l.Output(l.Layers-1, l.Width-1)
			var turns []turn
			for _, t := range tools {
				turns = append(turns, made(t.clean(l.NumEdges()), t.tree, last))
			}
			turns = append(turns, made(turn{
				series: erg + " restored", prepare: full[0].tree.Forget, settle: settles(l.NumEdges()), run: full[0].cmd.Run,
			}, full[0].tree, last))
			return b.rounds(ctx, 3, turns...)
		},
	}
}

// made lets a turn check that a file was made, too.
func made(t turn, tr tree.Tree, name string) turn {
	check := t.check
	t.check = func(r measure.Run) error {
		if check != nil {
			if err := check(r); err != nil {
				return err
			}
		}
		if _, err := tr.Read(name); err != nil {
			return fmt.Errorf("it did not make all: %w", err)
		}
		return nil
	}
	return t
}

// cProject is a compiler's work, with depfiles.
func (c Config) cProject() group {
	work := fmt.Sprintf("C project, %d files", c.Sizes.C)
	return group{
		title: work,
		needs: []string{ninja, "gcc", "ar"},
		rows: []row{
			against(ninja, work+", clean", "clean", table.Time, ratio(1)),
			against(ninja, work+", null", "null", table.Time, ratio(0.5)),
			ofSmall(against(ninja, work+", null", "null", table.Time, ratio(0.5))),
		},
		run: func(ctx context.Context, b *bench) error {
			tools, err := b.tools([]string{erg, ninja, small}, func(dir string) (tree.Tree, error) { return tree.PlantC(dir, c.Sizes.C) })
			if err != nil {
				return err
			}
			var cleans, nulls []turn
			for _, t := range tools {
				clean := t.clean(c.Sizes.C)
				clean.check = func(measure.Run) error {
					_, err := measure.Command{Args: []string{t.tree.Path(tree.Program)}}.Run(ctx)
					return err
				}
				cleans, nulls = append(cleans, clean), append(nulls, t.null())
			}
			if err := b.rounds(ctx, 3, cleans[:2]...); err != nil {
				return err
			}
			// Two that are no samples, after which all is at rest.
			for range 2 {
				for _, t := range tools {
					if _, err := t.cmd.Run(ctx); err != nil {
						return err
					}
				}
			}
			return b.rounds(ctx, 21, nulls...)
		},
	}
}
