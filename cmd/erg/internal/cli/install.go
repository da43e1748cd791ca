package cli

import "github.com/spf13/cobra"

func newInstall(g *global) *cobra.Command {
	var o InstallOptions
	cmd := &cobra.Command{
		Use:   "install [FLAG]... --prefix DIR [PACKAGE]...",
		Short: "Build packages and copy what they install into a directory",
		Long: `Build the packages of one context, all of them or those named, and copy what they
install into a directory: programs into bin, libraries into lib/PACKAGE.

A package is one of a dune project, or one that install blocks of build files name.`,
		Example: `  erg install --prefix ~/.local
  erg install -c app --prefix stage mylib
  erg install --prefix stage --dry-run`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			if o.Prefix == "" {
				return &UsageError{Command: cmd.CommandPath(), Text: "say where to install to, with --prefix DIR"}
			}
			o.Building, o.Prefix, o.Packages = o.Building.in(c), c.Path(o.Prefix), args
			return g.deps.App.Install(cmd.Context(), c, o)
		}),
	}
	cmd.Flags().StringVar(&o.Prefix, "prefix", "", "the `DIR`ectory to install to")
	cmd.Flags().BoolVarP(&o.DryRun, "dry-run", "n", false, "only list the files")
	cmd.Flags().BoolVar(&o.Relocatable, "relocatable", false, "programs with sites find them from where they lie, so that DIR can be moved")
	addBuilding(cmd, &o.Building)
	return cmd
}
