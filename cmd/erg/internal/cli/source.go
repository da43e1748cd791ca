package cli

import (
	"github.com/spf13/cobra"
)

func newSource(g *global) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "source",
		Short: "Look at and lock what comes from elsewhere",
		Long: `Look at and lock the sources of erg.hcl: packages of npm, archives and commits of
Git, each named by the integrity of its content.`,
		Example: `  erg source lock
  erg source list`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, c := range []*cobra.Command{newSourceLock(g), newSourceList(g)} {
		c.Flags().SortFlags = false
		c.DisableFlagsInUseLine = true
		checkArgs(c)
		cmd.AddCommand(c)
	}
	return cmd
}

func newSourceLock(g *global) *cobra.Command {
	var o LockOptions
	cmd := &cobra.Command{
		Use:   "lock [FLAG]... [NAME[@KEY]]...",
		Short: "Fetch sources and write their integrity into erg.hcl",
		Long: `Fetch the named sources, or without a name those that have no integrity yet, and
write into erg.hcl the integrity of what came. Look at what you lock: from then on
erg takes this content and no other.`,
		Example: `  erg source lock          # what is new
  erg source lock ocaml    # after another version was written into its block
  erg source lock --all`,
		Args: cobra.ArbitraryArgs,
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			o.Names = args
			if o.All && len(args) > 0 {
				return usage(cmd, "", "--all stands for all sources: name none")
			}
			return g.deps.App.LockSources(cmd.Context(), c, o)
		}),
	}
	cmd.Flags().BoolVar(&o.All, "all", false, "fetch all sources again")
	return cmd
}

func newSourceList(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "list [FLAG]...",
		Short: "List the sources of the workspace",
		Long: `List the sources of the workspace: where they come from, whether they are locked,
and where what was fetched is: here, in the store, or nowhere yet.`,
		Example: "  erg source list\n  erg source list --json",
		Args:    argCount(0, 0, ""),
		RunE: g.run(func(cmd *cobra.Command, c Common, _ []string) error {
			return g.deps.App.ListSources(cmd.Context(), c)
		}),
	}
}
