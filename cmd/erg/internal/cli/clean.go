package cli

import "github.com/spf13/cobra"

func newClean(g *global) *cobra.Command {
	var o CleanOptions
	cmd := &cobra.Command{
		Use:   "clean [FLAG]...",
		Short: "Remove what was built",
		Long: `Remove _build, or with --context only the directories of these contexts. The store
stays: building again restores what it holds.`,
		Example: `  erg clean
  erg clean -c app@wide --dry-run`,
		Args:              argCount(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: g.run(func(cmd *cobra.Command, c Common, _ []string) error {
			return g.deps.App.Clean(cmd.Context(), c, o)
		}),
	}
	cmd.Flags().BoolVarP(&o.DryRun, "dry-run", "n", false, "only print what would be removed")
	return cmd
}
