package cli

import "github.com/spf13/cobra"

func newStats(g *global) *cobra.Command {
	var o StatsOptions
	cmd := &cobra.Command{
		Use:   "stats [FLAG]...",
		Short: "Tell what builds consist of, and what takes long",
		Long: `Tell, from the record of the last builds, how many actions, files and bytes there
are; the critical path of a clean build, which no number of processors makes
shorter; the slowest actions, those that need most memory, and the largest files;
and what the last builds did, and did without: by early cutoff, since something
that was made anew came out the same, and by the store.

With -c, only the actions of these contexts count. A build that is running is
not waited for.`,
		Example: `  erg stats
  erg stats -c firmware --top 20
  erg stats --json`,
		Args:              argCount(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: g.run(func(cmd *cobra.Command, c Common, _ []string) error {
			if o.Top < 0 {
				return usage(cmd, "", "--top %d: want a number of lines, or 0 for all", o.Top)
			}
			return g.deps.App.Stats(cmd.Context(), c, o)
		}),
	}
	cmd.Flags().IntVar(&o.Top, "top", 10, "show at most `N` of each list; 0 for all")
	must(cmd.RegisterFlagCompletionFunc("top", cobra.NoFileCompletions))
	return cmd
}
