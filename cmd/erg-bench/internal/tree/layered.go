package tree

import (
	"context"
	"os"
	"path/filepath"

	"erg.build/erg/contexts/ninja/ninjatest"
)

// Layers is how many layers the graphs have.
const Layers = 10

// filterLayer is where a change of a comment dies.
const filterLayer = 2

// Copies returns a graph of so many edges that copy one file each.
func Copies(edges int) ninjatest.Layered {
	return ninjatest.Layered{Layers: Layers, Width: max(edges/Layers, 1)}
}

// Filtered returns a graph of copies in which one layer drops the lines that
// begin with "#". Its edges alone need a shell.
func Filtered(edges int) ninjatest.Layered {
	l := Copies(edges)
	l.Commands = map[int]string{filterLayer: "grep -v '^#' $in > $out || true"}
	return l
}

// Idle returns a graph whose edges do nothing: their outputs are there before,
// see Adopt.
func Idle(edges int) ninjatest.Layered {
	l := Copies(edges)
	l.Command = ": $in $out"
	return l
}

// A Chain is where an edit of a comment in one source of a Filtered graph shows,
// and where it does not.
type Chain struct {
	Source  string // to be edited
	Changed string // the last file to change
	Same    string // the last file of the chain
}

// ChainOf returns the chain of a source.
func ChainOf(l ninjatest.Layered, i int) Chain {
	return Chain{Source: l.Source(i), Changed: l.Output(filterLayer-1, i), Same: l.Output(l.Layers-1, i)}
}

// Plant writes a graph, its sources and the directories of its outputs. Every
// source is another, so that no action of the graph equals another.
func Plant(ctx context.Context, dir string, l ninjatest.Layered) (Tree, error) {
	t := Tree{Dir: dir}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return t, err
	}
	for s := range l.Sources() {
		if ctx.Err() != nil {
			return t, ctx.Err()
		}
		if err := t.Write(s, s+"\n"); err != nil {
			return t, err
		}
	}
	for layer := range l.Layers {
		for i := 0; i < l.Width; i += 1000 {
			if err := os.MkdirAll(filepath.Dir(t.Path(l.Output(layer, i))), 0o777); err != nil {
				return t, err
			}
		}
	}
	return t, t.stream(graphFile, l.Write)
}

// WriteMakefile writes the graph for make, too.
func (t Tree) WriteMakefile(l ninjatest.Layered) error { return t.stream(makeFile, l.WriteMakefile) }

// Adopt writes the outputs of an Idle graph, layer by layer.
func (t Tree) Adopt(ctx context.Context, l ninjatest.Layered) error {
	for layer := range l.Layers {
		for i := range l.Width {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			name := l.Output(layer, i)
			if err := os.WriteFile(t.Path(name), []byte(name+"\n"), 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}
