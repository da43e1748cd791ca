package rules

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/ocaml"
)

// A World is the rest of erg as dune trees see it: what their contexts are
// configured with, and where diagnostics go. Package contexts implements it.
type World interface {
	// OCaml and C return the toolchains of a context, nil where it has none.
	OCaml(t *engine.Task, c addr.Context) (*ocaml.Toolchain, error)
	C(t *engine.Task, c addr.Context) (*cc.Toolchain, error)
	// Host is the context that makes what c runs while it builds.
	Host(t *engine.Task, c addr.Context) (addr.Context, error)
	Profile(t *engine.Task, c addr.Context) (string, error)
	// Env is the environment that a context gives its actions.
	Env(t *engine.Task, c addr.Context) (*Environment, error)
	// Covers tells which directories are among those that a context builds.
	Covers(t *engine.Task, c addr.Context) (func(dir string) bool, error)
	// Run returns how a program that was built in c runs on the build
	// machine: through c's runner, if it has one.
	Run(t *engine.Task, c addr.Context, program string, args []string, at hcl.Range) (*Process, hcl.Diagnostics)
	// Element evaluates a reference to a public element of another context,
	// "context.tools.file[\"gen.ml\"]", on behalf of c.
	Element(t *engine.Task, c addr.Context, ref string, at hcl.Range) (*Value, hcl.Diagnostics)

	// Library returns the public OCaml library that a build file of another kind
	// declares in c under a name; nil for none.
	Library(t *engine.Task, c addr.Context, name string) (*Outer, error)

	// Contexts lists the contexts of the workspace in the order of their declarations.
	Contexts(t *engine.Task) ([]addr.Context, error)
	// Promote takes note of an output that is to be copied among the sources,
	// if a build makes it.
	Promote(p Promotion)

	// At tells a task from where it demands what it demands next.
	At(t *engine.Task, at hcl.Range) *engine.Task
	// File registers the text of a file, for the snippets of diagnostics.
	File(name string, text []byte)
	// Diagnose turns an error of a lower layer into diagnostics.
	Diagnose(err error, at hcl.Range, summary string) hcl.Diagnostics
	// Report takes diagnostics over. It returns an error if one is among them.
	Report(hcl.Diagnostics) error
}

// An Environment is variables, whose values may hold tokens.
type Environment struct {
	Vars   map[string]string
	Inputs []string
	Waits  []string // planning: what unknown values wait for
}

// A Process is how something runs: arguments and variables with tokens for
// the files, which are inputs.
type Process struct {
	Argv     []string
	Env      map[string]string
	Inputs   []string
	Tools    []action.Tool
	Writable []string
	Visible  []string
	Pool     action.Pool
}

// A Value is what a reference stands for: text with tokens.
type Value struct {
	Text   []string
	Inputs []string
	Waits  []string // not empty: it is not known yet
}

// A Later says, when planning, that something cannot be told before what it
// waits for was built. It is no error.
type Later struct{ Waits []string }

func (e *Later) Error() string {
	return "it is known after the build of " + strings.Join(e.Waits, ", ")
}

// errorAt is one error as diagnostics.
func errorAt(at hcl.Range, summary, format string, args ...any) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &at}}
}
