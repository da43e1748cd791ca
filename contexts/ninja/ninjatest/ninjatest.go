// Package ninjatest writes build.ninja files of any size for tests and
// benchmarks, and Makefiles of the same graphs.
package ninjatest

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
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

	// Generator makes all edges generators: what lies there, and is newer than
	// what it would be made from, counts as made.
	Generator bool

	// Commands has the commands of layers that have another one.
	Commands map[int]string
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
	b := bufio.NewWriterSize(w, 1<<20)
	l.writeRule(b, "copy", l.command())
	for _, layer := range slices.Sorted(maps.Keys(l.Commands)) {
		l.writeRule(b, l.rule(layer), l.Commands[layer])
	}
	for layer := range l.Layers {
		for i := range l.Width {
			fmt.Fprintf(b, "build %s: %s %s", l.Output(layer, i), l.rule(layer), l.Input(layer, i))
			for k := 1; k < l.FanIn; k++ {
				if k == 1 {
					b.WriteString(" |")
				}
				b.WriteString(" " + l.Input(layer, (i+k)%l.Width))
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

func (l Layered) writeRule(w io.Writer, name, command string) {
	fmt.Fprintf(w, "rule %s\n  command = %s\n  description = %s $out\n", name, command, name)
	if l.Generator {
		fmt.Fprintf(w, "  generator = 1\n")
	}
	fmt.Fprintln(w)
}

// rule returns the name of the rule of a layer's edges.
func (l Layered) rule(layer int) string {
	if _, ok := l.Commands[layer]; ok {
		return fmt.Sprintf("make%d", layer)
	}
	return "copy"
}

func (l Layered) command() string {
	if l.Command != "" {
		return l.Command
	}
	return "cp $in $out"
}

// WriteMakefile writes a Makefile of the graph, whose default goal is the same.
// The directories of the outputs have to be there: make makes none.
func (l Layered) WriteMakefile(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<20)
	b.WriteString("all:")
	for i := range l.Width {
		b.WriteString(" " + l.Output(l.Layers-1, i))
	}
	b.WriteString("\n")
	for layer := range l.Layers {
		for i := range l.Width {
			in, out := l.Input(layer, i), l.Output(layer, i)
			fmt.Fprintf(b, "%s: %s", out, in)
			for k := 1; k < l.FanIn; k++ {
				b.WriteString(" " + l.Input(layer, (i+k)%l.Width))
			}
			fmt.Fprintf(b, "\n\t%s\n", strings.ReplaceAll(l.CommandOf(layer, i), "$", "$$"))
		}
	}
	return b.Flush()
}

// CommandOf returns the command of an edge, as Ninja runs it.
func (l Layered) CommandOf(layer, i int) string {
	command, ok := l.Commands[layer]
	if !ok {
		command = l.command()
	}
	return strings.NewReplacer("$$", "$", "$in", l.Input(layer, i), "$out", l.Output(layer, i)).Replace(command)
}

// Input returns the path of the first input of an edge, a file of the layer
// below.
func (l Layered) Input(layer, i int) string {
	if layer == 0 {
		return l.Source(i)
	}
	return l.Output(layer-1, i)
}
