package dune

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A Workspace is what a dune-workspace file says.
type Workspace struct {
	Lang           Version
	Contexts       []Context // none: one, "default"
	Profile        Text
	Env            *Env
	InstrumentWith []Text
}

// A Context is one (context …) of a workspace. Each of its targets but native
// is one more context, NAME.TARGET, with this one as its host.
type Context struct {
	Name           string // "default", the switch's, or as given
	Kind           string // "default" or "opam"
	Switch         Text   // of opam
	Root           Text   // of opam
	Targets        []ContextTarget
	Host           Text
	Toolchain      Text
	Profile        Text // not given: the workspace's
	Env            *Env // to be merged over the workspace's
	Paths          []PathEdit
	InstrumentWith []Text
	Given          bool // instrument_with is there, and comes before the workspace's
	DisableDynlink bool // disable_dynamically_linked_foreign_archives
	Merlin         bool
	Range          hcl.Range
}

// A ContextTarget is an element of targets: "native", or the name of a findlib toolchain.
type ContextTarget struct {
	Name Text
	Exec []Text // target_exec: a program that runs what is built for the target
}

// A PathEdit is (paths (VAR element…)): an environment variable that lists paths.
type PathEdit struct {
	Var   string
	Value Set
}

// ReadWorkspace reads a dune-workspace file. An empty one says nothing.
func ReadWorkspace(filename string, src []byte) (*Workspace, hcl.Diagnostics) {
	r := &reader{}
	w := &Workspace{Lang: Latest}
	nodes := r.parse(filename, src)
	if len(nodes) == 0 {
		return w, causes(r.diags)
	}
	rest, rng, ok := r.langLine(filename, nodes)
	if !ok {
		return w, causes(r.diags)
	}
	w.Lang = r.lang
	f := r.fields("a dune-workspace file", rng, rest)
	f.extensions()
	w.Profile = f.get("profile").text()
	if a := f.get("env"); a != nil {
		w.Env = r.env(Head{Name: "env", Range: a.at()}, a.args)
	}
	w.InstrumentWith = f.get("instrument_with", since(2, 7)).libNames()
	for _, a := range f.all("context") {
		if c, ok := a.context(); ok {
			w.Contexts = append(w.Contexts, c)
		}
	}
	f.ignore("pkg", "Packages are not managed here, so this has no effect.", "lock_dir", "repository", "pin", "pkg")
	f.ignore("config", "This is a setting of dune's, not of the build, and has no effect.", "cache", "display", "jobs", "sandboxing_preference",
		"cache-check-probability", "cache-storage-mode", "action_stdout_on_success", "action_stderr_on_success", "terminal-persistence",
		"project_defaults", "cache-trim-period", "cache-trim-size", "cache-transport", "experimental")
	f.end()
	r.checkContexts(w)
	return w, causes(r.diags)
}

// checkContexts complains of contexts with one name, and of hosts that there are not.
func (r *reader) checkContexts(w *Workspace) {
	byName := make(map[string]*Context)
	for i := range w.Contexts {
		c := &w.Contexts[i]
		if old := byName[c.Name]; old != nil {
			r.errorf(c.Range, "Context given twice", "The context %s is there already, in line %d.", c.Name, old.Range.Start.Line)
		}
		byName[c.Name] = c
	}
	for i := range w.Contexts {
		c := &w.Contexts[i]
		if !c.Host.Given() {
			continue
		}
		switch host := byName[c.Host.Value]; {
		case host == nil:
			r.errorf(c.Host.Range, "Unknown context", "There is no context %q, which is to be the host of %s.", c.Host, c.Name)
		case host.Host.Given():
			r.errorf(c.Host.Range, "Host with a host", "The context %s has a host itself, and so cannot be the host of %s.", host.Name, c.Name)
		case len(c.Targets) != 1 || c.Targets[0].Name.Value != "native":
			r.errorf(c.Host.Range, "Two fields for one", "A context with a host cannot have targets.")
		}
	}
}

// context reads (context default), (context (default field…)) or (context (opam field…)).
func (a *field) context() (Context, bool) {
	n := a.one()
	if n == nil {
		return Context{}, false
	}
	word, items := n, []*sexp.Node(nil)
	if n.Kind == sexp.List && len(n.Items) > 0 {
		word, items = n.Items[0], n.Items[1:]
	}
	c := Context{Kind: a.r.word(word, "default", "opam"), Name: "default", Range: n.Range}
	f := a.r.fields("a context", n.Range, items)
	switch c.Kind {
	case "":
		return c, false
	case "opam":
		c.Switch = f.need("switch").text()
		c.Name = c.Switch.Value
		c.Root = f.get("root").text()
	}
	check := since(1, 10)
	if c.Kind == "opam" {
		check = since(1, 0)
	}
	name := f.get("name", check).text()
	if name.Given() {
		c.Name = name.Value
	}
	c.common(f)
	f.get("lock_dir")
	f.end()
	c.checkName(a.r, name)
	return c, true
}

// checkName complains of a name that could not be one of a directory.
func (c *Context) checkName(r *reader, name Text) {
	if c.Kind == "opam" && !c.Switch.Given() {
		return // which is said already
	}
	if n := c.Name; n != "" && n[0] != '.' && n == path.Base(n) && n != "log" && n != "install" {
		return
	}
	at := c.Range
	if name.Given() {
		at = name.Range
	} else if c.Switch.Given() {
		r.errorf(c.Switch.Range, summaryName, "The switch %q gives no name for a context. Add (name %s).", c.Switch, strings.TrimLeft(path.Base(c.Switch.Value), "."))
		return
	}
	r.errorf(at, summaryName, "%q is no name of a context.", c.Name)
}

// common reads the fields of all kinds of contexts.
func (c *Context) common(f *fields) {
	r := f.r
	c.Targets = f.get("targets").contextTargets()
	c.Profile = f.get("profile").text()
	c.Host = f.get("host", since(1, 10)).text()
	c.Toolchain = f.get("toolchain", since(1, 5)).text()
	c.DisableDynlink = f.get("disable_dynamically_linked_foreign_archives", since(2, 0)).truth()
	c.Merlin = f.get("merlin").flag()
	f.get("generate_merlin_rules", since(3, 16)).flag()
	if a := f.get("env"); a != nil {
		c.Env = r.env(Head{Name: "env", Range: a.at()}, a.args)
	}
	if a := f.get("instrument_with", since(2, 7)); a != nil {
		c.Given, c.InstrumentWith = true, a.libNames()
	}
	if a := f.get("fdo", since(2, 0)); a != nil {
		r.errorf(a.at(), "Not supported", "Feedback-directed optimisation cannot be done.")
	}
	a := f.get("paths", since(1, 12))
	if a == nil {
		return
	}
	for _, n := range a.args {
		if n.Kind != sexp.List || len(n.Items) == 0 {
			r.errorf(n.Range, "Wrong path", "It is (VARIABLE PATH…).")
			continue
		}
		edit := PathEdit{Var: r.text(n.Items[0]).Value, Value: r.set(n.Items[1:], n.Range)}
		if slices.ContainsFunc(c.Paths, func(o PathEdit) bool { return o.Var == edit.Var }) {
			r.errorf(n.Range, "Variable given twice", "The variable %s is there already.", edit.Var)
		}
		c.Paths = append(c.Paths, edit)
	}
}

// contextTargets reads the elements of targets. Without any, it is native.
func (a *field) contextTargets() []ContextTarget {
	if a == nil {
		return []ContextTarget{{Name: Text{Value: "native"}}}
	}
	var targets []ContextTarget
	for _, n := range a.args {
		if n.Kind != sexp.List {
			targets = append(targets, ContextTarget{Name: a.r.text(n)})
			continue
		}
		f := a.r.fields("a target", n.Range, n.Items)
		targets = append(targets, ContextTarget{Name: f.need("name").text(), Exec: f.get("target_exec", since(3, 22)).someTexts()})
		f.end()
	}
	return targets
}

// Identifier makes a name of dune's one of erg's: 4.14.1 is v4_14_1.
func Identifier(name string) string {
	fit := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, name)
	if fit == "" || unicode.IsDigit(rune(fit[0])) || fit[0] == '-' {
		return "v" + fit
	}
	return fit
}
