package cli

import "github.com/spf13/cobra"

func newDescribe(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "describe [FLAG]...",
		Short: "List what dune files declare",
		Long: `List what dune files declare, context by context: packages, libraries with what
they need, programs and tests. With --json, modules and their files as well.

Nothing is built for it, and a build that is running is not waited for.`,
		Example: `  erg describe
  erg describe -c windows
  erg describe --json`,
		Args:              argCount(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: g.run(func(cmd *cobra.Command, c Common, _ []string) error {
			return g.deps.App.Describe(cmd.Context(), c)
		}),
	}
}

func newMerlin(g *global) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ocaml-merlin [FLAG]...",
		Short: "Tell OCaml's editors how sources are compiled",
		Long: `Tell ocamllsp and merlin how the sources of dune projects are compiled, in the
protocol in which they ask dune. They start it: with
OCAMLLSP_PROJECT_BUILD_SYSTEM=erg in its environment, ocamllsp runs
"erg ocaml-merlin".

Of the default contexts, or of those given with -c, the first that has the file
and builds for this machine answers. Nothing is built for it.`,
		Example: `  erg ocaml-merlin
  erg ocaml-merlin -c ocaml5`,
		Args:              argCount(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: g.run(func(cmd *cobra.Command, c Common, _ []string) error {
			return g.deps.App.Merlin(cmd.Context(), c)
		}),
	}
	// Merlin gives it to whatever is named dune.
	cmd.Flags().Bool("no-print-directory", false, "accepted, since merlin gives it to dune")
	must(cmd.Flags().MarkHidden("no-print-directory"))
	return cmd
}
