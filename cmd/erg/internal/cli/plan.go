package cli

import "github.com/spf13/cobra"

func newPlan(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "plan [FLAG]... [TARGET]...",
		Short: "Show what a build would do",
		Long: `Show what "erg build" would do, without running anything: which values configure
each context, which actions would run, be restored from the store, or need not.

A value is known, or predicted from what the last build gave, or shown as
(known after build) while it waits for a program.`,
		Example: `  erg plan
  erg plan -c firmware --var board=esp32c3
  erg plan //lib:library.core --json`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.complete(Targets),
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			return g.deps.App.Plan(cmd.Context(), c, PlanOptions{Targets: args})
		}),
	}
}
