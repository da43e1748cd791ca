package contexts

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/contexts/ninja"
	"erg.build/erg/contexts/ninja/drive"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// readNinja reads the build file, which it has made if something makes it.
// It reports false if a plan cannot tell what is in it.
func (ev *Evaluator) readNinja(t *engine.Task, b *ninjaGraph) (bool, error) {
	rng := b.g.header.AttrRange("file")
	if b.file == "" {
		return false, nil // its name is not known yet
	}
	var main []byte
	made := action.IsOutput(b.file)
	if made {
		content, err := ev.at(t, rng).Content(b.file)
		if err != nil {
			return false, ev.report(ev.diagnose(err, rng, "Cannot read a build file"))
		}
		if !content.Known {
			b.waits = append(b.waits, b.maker.String())
			return false, nil
		}
		main = content.Bytes
	}
	name := action.Relative(b.dir, b.file)
	r := ninja.Reader{Open: func(file string) ([]byte, error) {
		if made && file == name {
			return main, nil
		}
		return t.ReadFile(b.at(file))
	}}
	var err error
	if b.graph, err = r.Read(name); err != nil {
		return false, ev.report(ev.ninjaError(t, b, err))
	}
	for _, w := range b.graph.Warnings() {
		_ = ev.report(hcl.Diagnostics{{Severity: hcl.DiagWarning, Summary: "Questionable build file", Detail: sentence(w.Msg), Subject: ev.ninjaRange(t, b, w.Position).Ptr()}})
	}
	return true, nil
}

// ninjaLeft finds the edges that are no part of the build: those that make the
// build file, which is erg's to make, and those that only say that a file may
// be missing. The others may only make files where those of the block belong.
func (ev *Evaluator) ninjaLeft(t *engine.Task, b *ninjaGraph) error {
	b.without = map[ninja.Edge]bool{}
	own := map[string]bool{}
	for _, f := range b.graph.Files() {
		own[b.at(f)] = true
	}
	for e := range b.graph.Edges() {
		for _, n := range b.graph.Outputs(e) {
			p := b.at(b.graph.Path(n))
			switch {
			case own[p]:
				b.without[e] = true
				if err := ev.undeclared(t, b, e); err != nil {
					return err
				}
			case b.mayMake(p):
			case b.graph.IsPhony(e) && len(b.graph.Inputs(e)) == 0:
				b.without[e] = true
			default:
				return ev.report(errorAt(ev.ninjaRange(t, b, b.graph.Position(e)), "Output outside of the build directory",
					"%s makes %s, which does not lie below %s.", b.g.id(), p, b.place()))
			}
		}
	}
	return nil
}

// place is where edges may make files.
func (b *ninjaGraph) place() string {
	if b.inPlace {
		return "the workspace's sources"
	}
	return b.d.root
}

func (b *ninjaGraph) mayMake(p string) bool {
	if strings.HasPrefix(p, b.d.root+"/") {
		return true
	}
	return b.inPlace && !path.IsAbs(p) && !strings.HasPrefix(p+"/", action.BuildDir+"/")
}

// undeclared fails if the build file was made from sources, which the edge
// that would make it has as inputs, that the rule which made it does not
// declare: a change there would go unnoticed.
func (ev *Evaluator) undeclared(t *engine.Task, b *ninjaGraph, e ninja.Edge) error {
	if b.maker.Kind != addr.BlockRule {
		return nil
	}
	r, err := ev.ruleQ.Get(t, b.maker)
	if err != nil {
		return err
	}
	var missing []string
	for _, n := range b.graph.Inputs(e) {
		p := b.at(b.graph.Path(n))
		if !path.IsAbs(p) && !action.IsOutput(p) && !slices.Contains(r.inputs, p) {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	const most = 5
	list := strings.Join(missing[:min(most, len(missing))], ", ")
	if more := len(missing) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	_, g, err := ev.targetOf(t, b.maker)
	if err != nil {
		return err
	}
	return ev.report(errorAt(g.header.AttrRange("inputs"), "Undeclared inputs of a build file",
		"%s was made from %s, which %s does not declare: a change there would go unnoticed. Add to its inputs.", b.file, list, g.id()))
}

// ninjaTargets finds the targets that a block names.
func (ev *Evaluator) ninjaTargets(sc *scope, b *ninjaGraph) hcl.Diagnostics {
	expr := b.g.ninja.Targets
	if expr == nil {
		var err error
		if b.targets, err = b.graph.Defaults(); err != nil {
			return errorAt(b.g.header.AttrRange("file"), "No targets", "%s: %s.", b.file, err)
		}
		return nil
	}
	val, diags := lang.Eval(expr, sc)
	list, more := lang.StringList(val, expr.Range(), "targets")
	diags = append(diags, more...)
	for i, name := range list.Value {
		n, err := b.graph.Target(name)
		if err != nil {
			diags = append(diags, errorAt(elementRange(expr, i), "Unknown target", "There is no target %q in %s.%s", name, b.file, didYouMean(name, b.names()))...)
			continue
		}
		b.targets = append(b.targets, n)
	}
	return diags
}

// names lists what can be a target.
func (b *ninjaGraph) names() []string {
	var out []string
	for e := range b.graph.Edges() {
		for _, n := range b.graph.Outputs(e) {
			if !b.without[e] {
				out = append(out, b.graph.Path(n))
			}
		}
	}
	return out
}

// ninjaError turns what is wrong with a graph into diagnostics, in the build
// file where that is possible.
func (ev *Evaluator) ninjaError(t *engine.Task, b *ninjaGraph, err error) hcl.Diagnostics {
	rng := b.g.header.AttrRange("file")
	var syntax *ninja.Error
	var miss *drive.MissingError
	var bad *drive.BadEdgeError
	switch {
	case errors.As(err, &syntax) && syntax.File != "":
		return errorAt(ev.ninjaRange(t, b, syntax.Position), "Invalid build file", "%s", sentence(syntax.Msg))
	case errors.As(err, &syntax) && errors.Is(err, fs.ErrNotExist):
		return errorAt(rng, "Cannot read a build file", "There is no file %s.", b.file)
	case errors.As(err, &miss) && miss.Edge == ninja.NoEdge:
		return errorAt(b.g.header.AttrRange("targets"), "No such file", "There is no file %s, and no edge makes it.", b.at(miss.Path))
	case errors.As(err, &miss):
		hint := ""
		if action.IsOutput(b.at(miss.Path)) {
			hint = fmt.Sprintf(" If a rule makes it, add it to the inputs of %s.", b.g.id())
		}
		return errorAt(ev.ninjaRange(t, b, b.graph.Position(miss.Edge)), "Missing input", "There is no file %s, which %s needs, and no edge makes it.%s",
			b.at(miss.Path), miss.Needed, hint)
	case errors.As(err, &bad):
		if n, ok := b.graph.Lookup(bad.Output); ok {
			rng = ev.ninjaRange(t, b, b.graph.Position(b.producer(n)))
		}
		return errorAt(rng, "Invalid build file", "%s", sentence(bad.Reason))
	}
	return ev.diagnose(err, rng, "Invalid build file")
}

// ninjaRange is a place in a build file: a character, or a line if the
// position has no column. What is there can be shown from now on.
func (ev *Evaluator) ninjaRange(t *engine.Task, b *ninjaGraph, pos ninja.Position) hcl.Range {
	file := b.at(pos.File)
	start := hcl.Pos{Line: pos.Line, Column: max(pos.Column, 1)}
	rng := hcl.Range{Filename: file, Start: start, End: start}
	text, err := t.ReadFile(file)
	if err != nil {
		return rng
	}
	ev.addFile(file, &hcl.File{Bytes: text})
	for range pos.Line - 1 {
		_, rest, _ := bytes.Cut(text[rng.Start.Byte:], []byte("\n"))
		rng.Start.Byte = len(text) - len(rest)
	}
	line, _, _ := bytes.Cut(text[rng.Start.Byte:], []byte("\n"))
	rng.End.Byte = rng.Start.Byte + len(line)
	if pos.Column > 0 {
		rng.Start.Byte = min(rng.Start.Byte+pos.Column-1, len(text))
		rng.End.Byte = min(rng.Start.Byte+1, len(text))
	}
	rng.End.Column = rng.Start.Column + rng.End.Byte - rng.Start.Byte
	return rng
}
