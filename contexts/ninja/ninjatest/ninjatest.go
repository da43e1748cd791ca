// Package ninjatest writes build.ninja files of any size for tests and
// benchmarks.
package ninjatest

import (
	"bufio"
	"fmt"
	"io"
	"iter"
)

// Layered describes a graph in layers: each file of a layer is made from one of the
// layer below, or of the sources for the first layer.
//
//	sources   src/00/000000.txt
//	layer 0   out/l0/00/000000.txt
//	layer 1   out/l1/00/000000.txt
//	all       a phony of the last layer, and the default
//
// A directory holds at most a thousand files of a layer.
type Layered struct {
	Layers int // at least 1
	Width  int // files per layer, at least 1

	// FanIn is how many files of the layer below an edge has as inputs; 0 means
	// 1. The others are implicit, so that "cp $in $out" does.
	FanIn int

	// Command is the command of all edges; "" means "cp $in $out".
	Command string
}

// NumEdges returns how many edges the graph has, the phony one not counted.
func (l Layered) NumEdges() int { return l.Layers * l.Width }

// Source returns the path of a source, i < Width.
func (l Layered) Source(i int) string { return fmt.Sprintf("src/%02d/%06d.txt", i/1000, i) }

// Output returns the path of a file of a layer, i < Width.
func (l Layered) Output(layer, i int) string {
	return fmt.Sprintf("out/l%d/%02d/%06d.txt", layer, i/1000, i)
}

// Sources ranges over the paths of all sources.
func (l Layered) Sources() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range l.Width {
			if !yield(l.Source(i)) {
				return
			}
		}
	}
}

// Write writes the build.ninja file.
func (l Layered) Write(w io.Writer) error {
	command := l.Command
	if command == "" {
		command = "cp $in $out"
	}
	b := bufio.NewWriterSize(w, 1<<20)
	fmt.Fprintf(b, "rule copy\n  command = %s\n  description = copy $out\n\n", command)
	for layer := range l.Layers {
		for i := range l.Width {
			fmt.Fprintf(b, "build %s: copy %s", l.Output(layer, i), l.input(layer, i))
			for k := 1; k < l.FanIn; k++ {
				if k == 1 {
					b.WriteString(" |")
				}
				b.WriteString(" " + l.input(layer, (i+k)%l.Width))
			}
			b.WriteByte('\n')
		}
	}
	b.WriteString("build all: phony")
	for i := range l.Width {
		b.WriteString(" " + l.Output(l.Layers-1, i))
	}
	b.WriteString("\ndefault all\n")
	return b.Flush()
}

// input returns the path of a file of the layer below.
func (l Layered) input(layer, i int) string {
	if layer == 0 {
		return l.Source(i)
	}
	return l.Output(layer-1, i)
}
