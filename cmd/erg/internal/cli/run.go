package cli

import (
	"math"

	"github.com/spf13/cobra"
)

func newRun(g *global) *cobra.Command {
	var o RunOptions
	cmd := &cobra.Command{
		Use:   "run [FLAG]... PROGRAM [ARG]...",
		Short: "Build a program and run it",
		Long: `Build a program and run it, through the runner of the context that built it when
it is not for this machine.

What follows PROGRAM is for the program, flags too, and "--" may stand between.
erg's exit code is then that of the program.`,
		Example: `  erg run app:bin.server
  erg run app@wide:bin.server --port 8080
  erg run -c firmware //firmware:executable.blink -- --verbose`,
		Args:              argCount(1, math.MaxInt, "PROGRAM is missing"),
		ValidArgsFunction: g.completeOne(Programs),
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			o.Building, o.Program, o.Args = o.Building.in(c), args[0], args[1:]
			if len(o.Args) > 0 && o.Args[0] == "--" {
				o.Args = o.Args[1:]
			}
			return g.deps.App.Run(cmd.Context(), c, o)
		}),
	}
	cmd.Flags().SetInterspersed(false)
	addBuilding(cmd, &o.Building)
	return cmd
}
