package cli

import "github.com/spf13/cobra"

func newPromote(g *global) *cobra.Command {
	var o PromoteOptions
	cmd := &cobra.Command{
		Use:   "promote [FLAG]... [TEST]...",
		Short: "Accept what tests printed as what they expect",
		Long: `Accept what the tests, or without any named all tests that failed last time, printed
as what they expect: the files of their "expect" are overwritten.`,
		Example: `  erg promote --dry-run  # show the differences
  erg promote
  erg promote //lib:test.parser`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.complete(Tests),
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			o.Tests = args
			return g.deps.App.Promote(cmd.Context(), c, o)
		}),
	}
	cmd.Flags().BoolVarP(&o.DryRun, "dry-run", "n", false, "only show the differences")
	return cmd
}
