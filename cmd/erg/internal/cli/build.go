package cli

import "github.com/spf13/cobra"

func newBuild(g *global) *cobra.Command {
	var o BuildOptions
	cmd := &cobra.Command{
		Use:   "build [FLAG]... [TARGET]...",
		Short: "Build targets, or everything",
		Long: `Build the targets, or without any the default goals of all default contexts, and
print where the programs are.

A target is CONTEXT:bin.NAME (a public program), [CONTEXT]//DIR:KIND.NAME (what a
build.hcl declares; without a context, in all that have it), or a path under
_build. CONTEXT is NAME or NAME@KEY.`,
		Example: `  erg build
  erg build -j 8 -k
  erg build app@wide:bin.server //lib:library.core
  erg build _build/firmware/blink.elf --explain
  erg build --timeline trace.json  # then open it at ui.perfetto.dev`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.complete(Targets),
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			o.Building, o.Targets = o.Building.in(c), args
			return g.deps.App.Build(cmd.Context(), c, o)
		}),
	}
	addBuilding(cmd, &o.Building)
	return cmd
}
