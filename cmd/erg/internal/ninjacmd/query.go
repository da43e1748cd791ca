package ninjacmd

import (
	"fmt"
	"slices"

	"erg.build/erg/contexts/ninja"
)

// A view is what there is to say about one file of the graph.
type view struct {
	Path    string
	Rule    string // that makes it; "" if none does
	Where   string // the statement
	Command string
	Inputs  []viewInput

	Validations, Outputs, ValidationFor []string
}

type viewInput struct{ Path, Mark string }

// Kind words the mark of an input, for people.
func (i viewInput) Kind() string {
	switch i.Mark {
	case "| ":
		return "implicit"
	case "|| ":
		return "order-only"
	}
	return ""
}

// A viewer looks at one file after another. What it has learnt from a dyndep
// file it knows for the next ones.
type viewer struct {
	*toolRun
	read  map[ninja.Node]bool
	added []ninja.Dyndep
	wrong []string // with dyndep files, since somebody looked here
}

func (r *toolRun) viewer() *viewer { return &viewer{toolRun: r, read: map[ninja.Node]bool{}} }

// find looks at the file that somebody means by a target.
func (v *viewer) find(arg string) (*view, error) {
	n, err := v.target(arg)
	if err == nil {
		return v.view(n), nil
	}
	path := ninja.Canonical(arg)
	for _, d := range v.added {
		if slices.Contains(d.Outputs, path) {
			w := v.view(v.g.Outputs(d.Edge)[0])
			w.Path, w.Outputs, w.ValidationFor = path, v.usersAdded(path), nil
			return w, nil
		}
	}
	return nil, err
}

// view gathers what is known of a file.
func (v *viewer) view(n ninja.Node) *view {
	g := v.g
	w := &view{Path: g.Path(n)}
	if e := g.Producer(n); e != ninja.NoEdge {
		v.loadDyndep(e)
		pos := g.Position(e)
		w.Rule, w.Where = g.RuleName(g.Rule(e)), fmt.Sprintf("%s:%d", pos.File, pos.Line)
		if !g.IsPhony(e) {
			w.Command = g.Command(e)
		}
		w.inputs("", v.paths(g.ExplicitInputs(e)))
		w.inputs("| ", v.paths(g.ImplicitInputs(e)))
		for _, d := range v.added {
			if d.Edge == e {
				w.inputs("| ", d.Inputs)
			}
		}
		w.inputs("|| ", v.paths(g.OrderOnlyInputs(e)))
		w.Validations = v.paths(g.Validations(e))
	}
	for _, e := range g.Consumers(n) {
		w.Outputs = append(w.Outputs, v.outputs(e)...)
	}
	w.Outputs = append(w.Outputs, v.usersAdded(w.Path)...)
	for _, e := range g.ValidationConsumers(n) {
		w.ValidationFor = append(w.ValidationFor, v.outputs(e)...)
	}
	return w
}

// usersAdded returns what is made from a file as dyndep files say.
func (v *viewer) usersAdded(path string) (outputs []string) {
	for _, d := range v.added {
		if slices.Contains(d.Inputs, path) {
			outputs = append(outputs, v.outputs(d.Edge)...)
		}
	}
	return outputs
}

func (w *view) inputs(mark string, paths []string) {
	for _, p := range paths {
		w.Inputs = append(w.Inputs, viewInput{p, mark})
	}
}

// loadDyndep reads what more the graph has around an edge.
func (v *viewer) loadDyndep(e ninja.Edge) {
	f, ok := v.g.Dyndep(e)
	if !ok || v.read[f] {
		return
	}
	v.read[f] = true
	added, err := v.dyndeps(f)
	if err != nil {
		v.wrong = append(v.wrong, err.Error())
		return
	}
	v.added = append(v.added, added...)
}

func (r *toolRun) paths(nodes []ninja.Node) []string {
	paths := make([]string, len(nodes))
	for i, n := range nodes {
		paths[i] = r.g.Path(n)
	}
	return paths
}

// outputs returns what an edge makes, dyndep files included.
func (v *viewer) outputs(e ninja.Edge) []string {
	paths := v.paths(v.g.Outputs(e))
	for _, d := range v.added {
		if d.Edge == e {
			paths = append(paths, d.Outputs...)
		}
	}
	return paths
}

// query prints what files are made from, and into what.
func (r *toolRun) query(args []string) int {
	if len(args) == 0 {
		return r.error("expected a target to query")
	}
	v := r.viewer()
	for _, a := range args {
		w, err := v.find(a)
		if err != nil {
			return r.error("%v", err)
		}
		fmt.Fprintf(r.out, "%s:\n", w.Path)
		for _, text := range v.wrong {
			r.warning("%s\n", text)
		}
		v.wrong = nil
		if w.Rule != "" {
			fmt.Fprintf(r.out, "  input: %s\n", w.Rule)
			for _, in := range w.Inputs {
				fmt.Fprintf(r.out, "    %s%s\n", in.Mark, in.Path)
			}
			if len(w.Validations) > 0 {
				r.listed("  validations:", w.Validations)
			}
		}
		r.listed("  outputs:", w.Outputs)
		if len(w.ValidationFor) > 0 {
			r.listed("  validation for:", w.ValidationFor)
		}
	}
	return exitOK
}

func (r *toolRun) listed(title string, paths []string) {
	fmt.Fprintln(r.out, title)
	for _, p := range paths {
		fmt.Fprintf(r.out, "    %s\n", p)
	}
}
