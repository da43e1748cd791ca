package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"erg.build/erg/cmd/erg/internal/show"
	"erg.build/erg/engine"
)

// global holds the flags that every command has, as they were given.
type global struct {
	deps      Deps
	dir       string
	contexts  []string
	jobs      int
	keepGoing bool
	json      bool
	vars      []string
	color     choice[show.ColorMode]
	store     string
}

func (g *global) addFlags(root *cobra.Command) {
	g.color = choice[show.ColorMode]{value: show.Auto, all: []show.ColorMode{show.Auto, show.Always, show.Never}}
	f := root.PersistentFlags()
	f.SortFlags = false
	f.StringVarP(&g.dir, "directory", "C", "", "do as if started in `DIR`")
	f.StringSliceVarP(&g.contexts, "context", "c", nil, "only this `CONTEXT`, as NAME or NAME@KEY (repeatable)")
	f.IntVarP(&g.jobs, "jobs", "j", runtime.NumCPU(), "run at most `N` processes at once")
	f.BoolVarP(&g.keepGoing, "keep-going", "k", false, "after a failure, go on with what does not depend on it")
	f.BoolVar(&g.json, "json", false, "print JSON")
	f.StringArrayVar(&g.vars, "var", nil, "set a variable of the workspace, as `NAME=VALUE` (repeatable)")
	f.Var(&g.color, "color", "use colours: `WHEN` is auto, always or never")
	f.StringVar(&g.store, "store", "", "keep results in `DIR` instead of the user's store")

	must(root.MarkPersistentFlagDirname("directory"))
	must(root.MarkPersistentFlagDirname("store"))
	must(root.RegisterFlagCompletionFunc("context", g.complete(ContextNames)))
	must(root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions(g.color.names(), cobra.ShellCompDirectiveNoFileComp)))
	for _, name := range []string{"jobs", "var"} {
		must(root.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
}

// common checks the flags and returns what they say.
func (g *global) common(cmd *cobra.Command) (Common, error) {
	c := Common{
		Jobs: g.jobs, JobsGiven: cmd.Flags().Changed("jobs"), KeepGoing: g.keepGoing, JSON: g.json, Color: g.color.value,
		Stdin: g.deps.Stdin, Stdout: g.deps.Stdout, Stderr: g.deps.Stderr, Getenv: g.deps.Getenv,
	}
	dir, err := filepath.Abs(g.dir)
	if err != nil {
		return c, fmt.Errorf("finding the current directory: %w", err)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return c, usage(cmd, "", "-C %s: there is no such directory", g.dir)
	}
	c.Dir = dir
	if g.store != "" {
		c.Store = c.Path(g.store)
	}
	if g.jobs < 1 {
		return c, usage(cmd, "", "-j %d: at least one process must run", g.jobs)
	}
	for _, name := range g.contexts {
		if !slices.Contains(c.Contexts, name) {
			c.Contexts = append(c.Contexts, name)
		}
	}
	for _, v := range g.vars {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return c, usage(cmd, "", "--var %s: want NAME=VALUE", v)
		}
		i := slices.IndexFunc(c.Vars, func(v Var) bool { return v.Name == name })
		switch {
		case i < 0:
			c.Vars = append(c.Vars, Var{name, value})
		case c.Vars[i].Value != value: // completion parses the same flags twice
			return c, usage(cmd, "", "--var %s: %s is set already, to %q", v, name, c.Vars[i].Value)
		}
	}
	return c, nil
}

// run returns what a command runs: do with the checked global flags.
func (g *global) run(do func(cmd *cobra.Command, c Common, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := g.common(cmd)
		if err != nil {
			return err
		}
		return do(cmd, c, args)
	}
}

// complete returns a function that completes words for a shell.
func (g *global) complete(of CompletionOf) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		c, err := g.common(cmd)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		c.Stdin, c.Stdout, c.Stderr = strings.NewReader(""), io.Discard, io.Discard
		return g.deps.App.Complete(cmd.Context(), c, Completion{of, prefix, args}), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeOne completes the first argument only.
func (g *global) completeOne(of CompletionOf) cobra.CompletionFunc {
	complete := g.complete(of)
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, prefix)
	}
}

// addBuilding adds the flags of commands that build.
func addBuilding(cmd *cobra.Command, b *Building) {
	f := cmd.Flags()
	f.BoolVar(&b.Explain, "explain", false, "say of each action why it runs")
	f.BoolVar(&b.KeepFailed, "keep-failed", false, "keep the directory in which a package was built, if that failed")
	f.StringVar(&b.Timeline, "timeline", "", "write a trace for ui.perfetto.dev to `FILE`")
	f.Float64VarP(&b.MaxLoad, "max-load", "l", 0, "start no further process while the load average is `N` or more")
	f.Var((*memory)(&b.Memory), "mem", "start together only what fits in `SIZE` (8G, 50%, none) of memory")
	must(cmd.MarkFlagFilename("timeline", "json"))
	for _, name := range []string{"max-load", "mem"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
}

// in makes the paths of b absolute.
func (b Building) in(c Common) Building {
	if b.Timeline != "" {
		b.Timeline = c.Path(b.Timeline)
	}
	return b
}

// A choice is a flag that takes one of a few words.
type choice[T ~string] struct {
	value T
	all   []T
}

func (c *choice[T]) String() string { return string(c.value) }
func (c *choice[T]) Type() string   { return "string" }

func (c *choice[T]) Set(s string) error {
	if !slices.Contains(c.all, T(s)) {
		return fmt.Errorf("want one of %s", strings.Join(c.names(), ", "))
	}
	c.value = T(s)
	return nil
}

func (c *choice[T]) names() []string {
	names := make([]string, len(c.all))
	for i, v := range c.all {
		names[i] = string(v)
	}
	return names
}

// A memory is a flag that takes an amount of memory.
type memory int64

func (m *memory) String() string { return "" }
func (m *memory) Type() string   { return "string" }

func (m *memory) Set(s string) error {
	n, err := engine.ParseMemory(s)
	*m = memory(n)
	return err
}

// must panics on errors about how flags are declared.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
