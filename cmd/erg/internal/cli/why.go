package cli

import "github.com/spf13/cobra"

func newWhy(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "why [FLAG]... ADDRESS",
		Short: "Explain why something is as it is",
		Long: `Explain where a value comes from, or why a target was built again: the chain from
setting to output to action to file, with places in the sources and, where it
changed, the old and the new value.

ADDRESS is an element of the configuration (context.C.settings.NAME,
context.C.output.NAME, …), a target as for "erg build", or a path under _build.`,
		Example: `  erg why context.firmware.settings.cflags
  erg why 'context.app["wide"].output.size'
  erg why app//lib:library.core
  erg why _build/app/lib/a.o`,
		Args:              argCount(1, 1, "ADDRESS is missing"),
		ValidArgsFunction: g.completeOne(Elements),
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			return g.deps.App.Why(cmd.Context(), c, WhyOptions{Address: args[0]})
		}),
	}
}
