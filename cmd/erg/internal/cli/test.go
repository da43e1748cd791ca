package cli

import "github.com/spf13/cobra"

func newTest(g *global) *cobra.Command {
	var o TestOptions
	cmd := &cobra.Command{
		Use:   "test [FLAG]... [TEST]...",
		Short: "Build and run tests",
		Long: `Build and run the tests, or without any named all tests of the default contexts.

A test that passed is remembered until something it depends on changes; --rerun
runs it nevertheless. Where a test's output differs from the file it expects, the
difference is shown, and "erg promote" accepts it.`,
		Example: `  erg test
  erg test //lib:test.parser --rerun
  erg test -c app -c app@wide -k`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.complete(Tests),
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			o.Building, o.Tests = o.Building.in(c), args
			return g.deps.App.Test(cmd.Context(), c, o)
		}),
	}
	addBuilding(cmd, &o.Building)
	cmd.Flags().BoolVar(&o.Rerun, "rerun", false, "run tests that passed before, too")
	return cmd
}
