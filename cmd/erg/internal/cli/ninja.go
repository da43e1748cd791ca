package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func newNinja(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "ninja [OPTION]... [TARGET]...",
		Short: "Build what a build.ninja file describes, in place of Ninja",
		Long: `Build what a build.ninja file describes, as Ninja does: with its options, messages
and exit codes, for CMake, Meson and whatever else writes such files. Unlike
Ninja, it goes by the content of files.

All that follows "erg ninja" is Ninja's: "erg ninja -h" lists its options. Called
through a link whose name is ninja, erg is Ninja: that is what CMake and Meson want.`,
		Example: `  erg ninja -C build
  erg ninja -t commands hello`,
		DisableFlagParsing: true,
		Args:               cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if isHelp(args) {
				return cmd.Help()
			}
			return runNinja(cmd.Context(), g.deps, args)
		},
	}
}

// isHelp reports whether the arguments of "erg ninja" ask for erg's help.
func isHelp(args []string) bool { return len(args) == 1 && args[0] == "--help" }

func runNinja(ctx context.Context, deps Deps, args []string) error {
	c := Common{Stdin: deps.Stdin, Stdout: deps.Stdout, Stderr: deps.Stderr, Getenv: deps.Getenv}
	return deps.App.Ninja(ctx, c, args)
}
