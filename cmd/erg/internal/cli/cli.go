// Package cli is erg's command line: subcommands, flags, help and exit codes.
// What the subcommands do is behind App; each of their files declares flags,
// checks them, and calls it. The commands that need no workspace (init, fmt,
// version, completion) are complete here.
//
// Start reading at New; then build.go is a typical subcommand, and errors.go
// has the exit codes.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"erg.build/erg/cmd/erg/internal/place"
)

// Deps are what the command line works with.
type Deps struct {
	App            App
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Schema         string // of the traces and the store, for version
}

// Main runs the command line of this process and returns its exit code.
// Missing streams are those of the process. The first interrupt cancels the
// command, which then tidies up; a second one kills it.
func Main(deps Deps, args []string) int {
	if !isNinja(args) { // which does so itself when there is something to do
		place.Start()
		place.Watch()
	}
	return Execute(place.Interruptible(), deps, args)
}

// isNinja reports whether arguments are a command line of Ninja's.
func isNinja(args []string) bool { return len(args) > 0 && args[0] == "ninja" && !isHelp(args[1:]) }

// Execute runs a command line (without the program's name), reports its error
// to Stderr, and returns the exit code.
func Execute(ctx context.Context, deps Deps, args []string) int {
	deps = deps.withDefaults()
	err := execute(ctx, deps, args)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(ErrInterrupted, err)
	}
	report(deps.Stderr, err)
	return ExitCode(err)
}

func execute(ctx context.Context, deps Deps, args []string) error {
	if isNinja(args) {
		// Whoever calls erg in place of Ninja waits for a millisecond, too: no
		// command line of erg's own is made for it.
		return runNinja(ctx, deps, args[1:])
	}
	root := New(deps)
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

func (d Deps) withDefaults() Deps {
	if d.Stdin == nil {
		d.Stdin = os.Stdin
	}
	if d.Stdout == nil {
		d.Stdout = os.Stdout
	}
	if d.Stderr == nil {
		d.Stderr = os.Stderr
	}
	if d.Getenv == nil {
		d.Getenv = os.Getenv
	}
	if d.App == nil {
		d.App = noApp{}
	}
	return d
}

// The groups of subcommands in the help.
const (
	buildGroup  = "build"
	lookGroup   = "look"
	sourceGroup = "source"
	otherGroup  = "other"
)

func init() { cobra.EnableCommandSorting = false } // the help lists them as New adds them

// usageTemplate is what follows the description of a command in its help.
const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND [FLAG]... [ARGUMENT]...{{else}}{{.UseLine}}{{end}}
{{if .HasExample}}
Examples:
{{.Example}}
{{end}}{{$commands := .Commands}}{{range $group := .Groups}}
{{.Title}}{{range $commands}}{{if (and (eq .GroupID $group.ID) .IsAvailableCommand)}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
Global flags:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableSubCommands}}
See "{{.CommandPath}} COMMAND --help" for more about a command.
{{end}}`

// New returns the command line. Its commands return errors rather than print
// them; see Execute.
func New(deps Deps) *cobra.Command {
	deps = deps.withDefaults()
	g := &global{deps: deps}
	root := &cobra.Command{
		Use:   "erg",
		Short: "Build one source tree for many compilers and targets",
		Long: `erg builds one source tree for many compilers and targets, all in one graph,
and lets what one context builds configure the next.

The workspace is the nearest directory upwards that has an erg.hcl. Without one,
a dune project is a workspace, and so is a directory with a build.hcl.

Exit codes: 0 done, 1 the build failed, 2 usage or configuration, 130 interrupted.`,
		Example: `  erg init hello && cd hello    # a workspace to start from
  erg build                     # build everything
  erg test -c firmware          # test one context
  erg why context.app.settings  # where does this value come from?`,
		Version:           version(deps.Schema).String(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              unknownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(deps.Stdin)
	root.SetOut(deps.Stdout)
	root.SetErr(deps.Stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate)
	root.SetVersionTemplate("{{.Version}}")
	root.Flags().SortFlags = false
	g.addFlags(root)
	root.AddGroup(
		&cobra.Group{ID: buildGroup, Title: "Build commands:"},
		&cobra.Group{ID: lookGroup, Title: "Look commands:"},
		&cobra.Group{ID: sourceGroup, Title: "Source commands:"},
		&cobra.Group{ID: otherGroup, Title: "Other commands:"},
	)
	root.SetHelpCommandGroupID(otherGroup)
	addTo := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			c.Flags().SortFlags = false
			c.DisableFlagsInUseLine = true
			checkArgs(c)
			root.AddCommand(c)
		}
	}
	addTo(buildGroup, newBuild(g), newTest(g), newRun(g), newInstall(g), newNinja(g), newClean(g))
	addTo(lookGroup, newPlan(g), newWhy(g), newGraph(g), newDescribe(g), newStats(g))
	addTo(sourceGroup, newInit(g), newFmt(g), newPromote(g), newSource(g))
	addTo(otherGroup, newStore(g), newMerlin(g), newVersion(g), newCompletion(g))
	return root
}

// checkArgs makes the errors of a command's argument check usage errors.
func checkArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		panic(fmt.Sprintf("erg %s does not say which arguments it takes", c.Name()))
	}
	c.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		var already *UsageError
		if err != nil && !errors.As(err, &already) {
			return usage(cmd, "Usage: "+cmd.UseLine(), "%v", err)
		}
		return err
	}
}

// argCount returns a check of how many arguments there are. Few says what is
// missing when there are too few.
func argCount(least, most int, few string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return errors.New(few)
		case len(args) > most:
			return fmt.Errorf("unexpected argument %q", args[most])
		}
		return nil
	}
}
