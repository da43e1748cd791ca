package suite

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"erg.build/erg/cmd/erg-bench/internal/measure"
	"erg.build/erg/cmd/erg-bench/internal/table"
	"erg.build/erg/cmd/erg-bench/internal/tree"
	"erg.build/erg/contexts/ninja/ninjatest"
)

// The tools. Each has its own default of how much runs at once, but for make,
// whose default is one.
const (
	erg   = "erg"
	small = "erg-ninja" // the same as a program of its own, which lies beside it
	ninja = "ninja"
	gmake = "make"
	statx = "statx"
)

// Programs are the peers that have a version.
var Programs = []string{ninja, gmake, "gcc", dune}

// A tool builds a tree.
type tool struct {
	name string
	tree tree.Tree
	cmd  measure.Command
}

func (b *bench) tool(name string, t tree.Tree) tool {
	cmd := measure.Command{Dir: t.Dir}
	switch name {
	case erg:
		cmd.Args = []string{b.Erg, "ninja"}
		cmd.Env = t.Env()
	case small:
		cmd.Args = []string{filepath.Join(filepath.Dir(b.Erg), small)}
		cmd.Env = t.Env()
	case ninja:
		cmd.Args = []string{"ninja"}
	case gmake:
		// The rules that make has built in would only hold it up.
		cmd.Args = []string{"make", "-r", "-R", fmt.Sprintf("-j%d", runtime.NumCPU())}
	}
	return tool{name: name, tree: t, cmd: cmd}
}

// tools makes a tree of the same graph for each of the tools.
func (b *bench) tools(names []string, plant func(dir string) (tree.Tree, error)) ([]tool, error) {
	var got []tool
	for _, n := range names {
		b.log("  %s: write the tree", n)
		t, err := plant(b.Dir + "/" + n)
		if err != nil {
			return nil, err
		}
		got = append(got, b.tool(n, t))
	}
	return got, nil
}

func planter(ctx context.Context, l ninjatest.Layered) func(string) (tree.Tree, error) {
	return func(dir string) (tree.Tree, error) { return tree.Plant(ctx, dir, l) }
}

// first builds all trees for the first time, twice: the second build, which
// finds nothing to do, leaves everything at rest. The first builds are samples
// of their own.
func (b *bench) first(ctx context.Context, tools []tool) error {
	for _, t := range tools {
		run, err := t.cmd.Run(ctx)
		if err != nil {
			return err
		}
		b.samples.addRun(t.series("first"), run)
		b.log("  %s: the first build took %.1f s", t.name, run.Wall.Seconds())
		if run, err = t.cmd.Run(ctx); err != nil {
			return err
		}
		if err := idle(run); err != nil {
			return fmt.Errorf("%s after its first build: %w", t.name, err)
		}
	}
	return nil
}

// series names a series of the tool's samples.
func (t tool) series(work string) string { return t.name + " " + work }

// null is a turn of a tool that finds nothing to do.
func (t tool) null() turn { return turn{series: t.series("null"), run: t.cmd.Run, check: idle} }

// clean is a turn of a tool that builds everything, so many actions, knowing
// nothing.
func (t tool) clean(actions int) turn {
	return turn{series: t.series("clean"), prepare: t.tree.Clean, settle: settles(actions), run: t.cmd.Run, check: busy}
}

// settles reports whether the removal of the outputs of so many actions leaves
// enough to be written back to disturb the build after it.
func settles(actions int) bool { return actions >= 1000 }

// counted counts the instructions of a null build, where they can be.
func (b *bench) counted(ctx context.Context, tools []tool) error {
	if _, err := exec.LookPath(measure.Counter); err != nil {
		return nil
	}
	for _, t := range tools {
		n, err := t.cmd.Instructions(ctx)
		if err != nil {
			return err
		}
		b.samples.add(t.series("null"), table.Instructions, float64(n))
	}
	return nil
}

const noWork = "no work to do"

// idle checks that nothing was run.
func idle(r measure.Run) error {
	if !strings.Contains(r.Output, noWork) {
		return fmt.Errorf("it was to find nothing to do, and printed:\n%s", r.Output[:min(len(r.Output), 500)])
	}
	return nil
}

// busy checks that something was run.
func busy(r measure.Run) error {
	if strings.Contains(r.Output, noWork) {
		return errors.New("it was to build everything, and did nothing")
	}
	return nil
}
