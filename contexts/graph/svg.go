package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// A Runner runs a program with stdin and returns what it wrote to stdout. Its
// error is, or wraps, exec.ErrNotFound when there is no such program.
type Runner func(ctx context.Context, stdin []byte, argv ...string) ([]byte, error)

// ErrNoGraphviz says that SVG needs a program that is not installed.
var ErrNoGraphviz = errors.New("drawing SVG needs Graphviz, whose program \"dot\" is not on the PATH: " +
	"install it (the package is called graphviz nearly everywhere), or take --format=mermaid, which needs nothing")

// SVG draws the graph with Graphviz, which run runs.
func (g *Graph) SVG(ctx context.Context, run Runner) ([]byte, error) {
	return g.render(ctx, run, "svg")
}

func (g *Graph) render(ctx context.Context, run Runner, format string) ([]byte, error) {
	var source bytes.Buffer
	if err := g.Dot(&source); err != nil {
		return nil, err
	}
	out, err := run(ctx, source.Bytes(), "dot", "-T"+format)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, ErrNoGraphviz
	case err != nil:
		return nil, fmt.Errorf("drawing with Graphviz: %w", err)
	case strings.TrimSpace(string(out)) == "":
		return nil, errors.New("drawing with Graphviz: it wrote nothing")
	}
	return out, nil
}
