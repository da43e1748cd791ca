package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"erg.build/erg/contexts/graph"
)

type graphFormat string

const (
	formatText    graphFormat = "text"
	formatDot     graphFormat = "dot"
	formatMermaid graphFormat = "mermaid"
	formatJSON    graphFormat = "json"
	formatSVG     graphFormat = "svg"
)

// formatOf are the formats that files' names imply.
var formatOf = map[string]graphFormat{
	".txt": formatText, ".dot": formatDot, ".gv": formatDot, ".mmd": formatMermaid,
	".mermaid": formatMermaid, ".json": formatJSON, ".svg": formatSVG,
}

type graphFlags struct {
	options GraphOptions
	of      choice[GraphOf]
	format  choice[graphFormat]
	output  string
	actions bool
}

func newGraph(g *global) *cobra.Command {
	o := graphFlags{
		of:     choice[GraphOf]{OfContexts, []GraphOf{OfContexts, OfTargets, OfActions}},
		format: choice[graphFormat]{formatText, []graphFormat{formatText, formatDot, formatMermaid, formatJSON, formatSVG}},
	}
	cmd := &cobra.Command{
		Use:   "graph [FLAG]... [TARGET]...",
		Short: "Draw how things depend on each other",
		Long: `Draw the graph of the contexts, what links them, and their sources and
toolchains, or of targets, or of actions; with targets named, only these and what
they need.

The formats are text (a tree), dot (for Graphviz), mermaid (for Markdown), json,
and svg, for which Graphviz must be installed. The name of the --output file
implies its format.`,
		Example: `  erg graph
  erg graph --of targets //app:executable.server
  erg graph --format mermaid
  erg graph -o contexts.svg
  erg graph --actions -c app -o actions.dot`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.complete(Targets),
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			o.options.Of, o.options.Targets = o.of.value, args
			if o.actions {
				if cmd.Flags().Changed("of") && o.of.value != OfActions {
					return usage(cmd, "", "--actions and --of %s contradict each other", o.of.value)
				}
				o.options.Of = OfActions
			}
			return o.run(cmd, g.deps.App, c)
		}),
	}
	f := cmd.Flags()
	f.Var(&o.of, "of", "`WHAT` to draw: contexts, targets or actions")
	f.BoolVar(&o.actions, "actions", false, "draw all actions: the same as --of actions")
	f.Var(&o.format, "format", "`FORMAT`: text, dot, mermaid, json or svg")
	f.StringVarP(&o.output, "output", "o", "", "write to `FILE`")
	must(cmd.RegisterFlagCompletionFunc("of", cobra.FixedCompletions(o.of.names(), cobra.ShellCompDirectiveNoFileComp)))
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(o.format.names(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (o *graphFlags) run(cmd *cobra.Command, app App, c Common) error {
	format := o.format.value
	if !cmd.Flags().Changed("format") {
		if implied, ok := formatOf[strings.ToLower(filepath.Ext(o.output))]; ok {
			format = implied
		} else if c.JSON {
			format = formatJSON
		}
	}
	drawn, err := app.Graph(cmd.Context(), c, o.options)
	if drawn == nil {
		return err
	}
	var b bytes.Buffer
	if err := draw(cmd.Context(), &b, drawn, format); err != nil {
		return err
	}
	if o.output == "" || o.output == "-" {
		_, werr := c.Stdout.Write(b.Bytes())
		return errors.Join(werr, err)
	}
	return errors.Join(os.WriteFile(c.Path(o.output), b.Bytes(), 0o666), err)
}

func draw(ctx context.Context, w io.Writer, g *graph.Graph, format graphFormat) error {
	switch format {
	case formatText:
		return g.Text(w)
	case formatDot:
		return g.Dot(w)
	case formatMermaid:
		return g.Mermaid(w)
	case formatJSON:
		return g.JSON(w)
	case formatSVG:
		svg, err := g.SVG(ctx, runProgram)
		if err == nil {
			_, err = w.Write(svg)
		}
		return err
	}
	panic("unknown graph format " + string(format))
}

// runProgram is a graph.Runner that runs real programs.
func runProgram(ctx context.Context, stdin []byte, argv ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if text := strings.TrimSpace(stderr.String()); err != nil && text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return out, err
}
