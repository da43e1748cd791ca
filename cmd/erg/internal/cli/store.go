package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"erg.build/erg/engine"
)

func newStore(g *global) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Look at the store of results, or make it smaller",
		Long: `Look at the store that all workspaces of a user share, or make it smaller. It is
in --store, or $ERG_STORE, or $XDG_CACHE_HOME/erg, or ~/.cache/erg. Whatever is
removed from it is built again when it is needed.`,
		Example: `  erg store stats
  erg store gc --max-size 10G`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddGroup(&cobra.Group{ID: otherGroup, Title: "Commands:"})
	for _, c := range []*cobra.Command{newStoreStats(g), newStoreGC(g)} {
		c.GroupID = otherGroup
		c.Flags().SortFlags = false
		c.DisableFlagsInUseLine = true
		checkArgs(c)
		cmd.AddCommand(c)
	}
	return cmd
}

func newStoreStats(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "stats [FLAG]...",
		Short: "Print how much there is in the store, and since when",
		Long: `Print how many results, files and packages are in the store, what they take, and
when the oldest and the newest of the results were last used.`,
		Example: `  erg store stats
  erg store stats --json`,
		Args:              argCount(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: g.run(func(cmd *cobra.Command, c Common, _ []string) error {
			return g.deps.App.StoreStats(cmd.Context(), c)
		}),
	}
}

func newStoreGC(g *global) *cobra.Command {
	var o StoreGCOptions
	cmd := &cobra.Command{
		Use:   "gc [FLAG]...",
		Short: "Remove from the store what was used least recently",
		Long: `Remove results from the store, with the files that no other result needs: those
that were not used for some time, and of the rest those that were used least
recently, until it is small enough. A result is used when it is stored and when
a build looks it up. What packages installed goes with the results that refer to
it, but stays while a workspace uses it. Without flags only what is of no use to
anybody goes.

It does no harm to builds that go on meanwhile.`,
		Example: `  erg store gc --keep-newer 30d --dry-run
  erg store gc --max-size 10G`,
		Args:              argCount(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: g.run(func(cmd *cobra.Command, c Common, _ []string) error {
			return g.deps.App.StoreGC(cmd.Context(), c, o)
		}),
	}
	f := cmd.Flags()
	f.Var((*size)(&o.MaxSize), "max-size", "keep at most `SIZE` (500M, 10G)")
	f.Var((*age)(&o.MaxAge), "keep-newer", "keep only what was used within `AGE` (12h, 30d, 8w)")
	f.BoolVarP(&o.DryRun, "dry-run", "n", false, "only print what would be removed")
	for _, name := range []string{"max-size", "keep-newer"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	return cmd
}

// A size is a flag that takes a number of bytes.
type size int64

func (n *size) String() string { return "" }
func (n *size) Type() string   { return "string" }

func (n *size) Set(s string) error {
	v, err := engine.ParseMemory(s)
	if err != nil || s == "none" || strings.HasSuffix(s, "%") {
		return errors.New("want a size such as 500M or 10G")
	}
	*n = size(v)
	return nil
}

// An age is a flag that takes a duration, in days and weeks too.
type age time.Duration

func (a *age) String() string { return "" }
func (a *age) Type() string   { return "string" }

func (a *age) Set(s string) error {
	const day, longest = 24 * time.Hour, 200 * 365 * 24 * time.Hour
	d, err := time.ParseDuration(s)
	for suffix, unit := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if number, ok := strings.CutSuffix(s, suffix); ok {
			var n float64
			n, err = strconv.ParseFloat(number, 64)
			if n > float64(longest/unit) {
				n = 0
			}
			d = time.Duration(n * float64(unit))
		}
	}
	if err != nil || d < time.Second || d > longest {
		return errors.New("want a time such as 12h, 30d or 8w")
	}
	*a = age(d)
	return nil
}
