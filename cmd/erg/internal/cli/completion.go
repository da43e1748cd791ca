package cli

import "github.com/spf13/cobra"

func newCompletion(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a script that completes erg's command line",
		Long: `Print a script that lets a shell complete commands, flags, contexts and addresses.
SHELL is bash, zsh, fish or powershell. Load it where your shell starts:

  bash        source <(erg completion bash)      # needs the package bash-completion
  zsh         source <(erg completion zsh)       # after compinit
  fish        erg completion fish | source
  powershell  erg completion powershell | Out-String | Invoke-Expression`,
		Example: `  erg completion bash
  erg completion fish > ~/.config/fish/completions/erg.fish`,
		Args:      cobra.MatchAll(argCount(1, 1, "SHELL is missing"), cobra.OnlyValidArgs),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(c.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(c.Stdout)
			case "fish":
				return root.GenFishCompletion(c.Stdout, true)
			}
			return root.GenPowerShellCompletionWithDesc(c.Stdout)
		}),
	}
}
