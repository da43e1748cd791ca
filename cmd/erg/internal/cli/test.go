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
difference is shown, and "erg promote" accepts it.

Tests of several contexts end with a table of contexts and tests. --report writes
it as a page for browsers, with times and with what the failed ones printed.`,
		Example: `  erg test
  erg test //lib:test.parser --rerun
  erg test -c app -c app@wide -k
  erg test -k --report tests.html`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.complete(Tests),
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			o.Building, o.Tests = o.Building.in(c), args
			if o.Report != "" {
				o.Report = c.Path(o.Report)
			}
			return g.deps.App.Test(cmd.Context(), c, o)
		}),
	}
	addBuilding(cmd, &o.Building)
	cmd.Flags().BoolVar(&o.Rerun, "rerun", false, "run tests that passed before, too")
	cmd.Flags().StringVar(&o.Report, "report", "", "write the results as a page to `FILE`")
	must(cmd.MarkFlagFilename("report", "html"))
	return cmd
}
