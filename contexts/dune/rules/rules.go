// Package rules turns dune files into actions: one tree, in each context.
//
// Everything is a query of the engine, computed when something needs it. What
// dune finds by looking into a directory is a query over what the files say:
//
//   - tree.go: which directories there are, of which project, with which stanzas;
//     script.go and dynamic.go: the stanzas that programs send or rules make
//   - libraries.go, library.go: what names of libraries lead to, and what they need
//   - contents.go: which files a directory has, sources and made ones, and who
//     makes each; madedir.go: those of directories that rules make
//   - modules.go: which modules, shared out among stanzas
//   - env.go: flags and variables that hold in a directory
//
// The others define actions: component.go and link.go (modules, through
// toolchain/ocaml), preprocess.go and ppx.go, rule.go with action.go, deps.go
// and vars.go, lex.go, copy.go, test.go, inline.go, mdx.go, cram.go, package.go,
// javascript.go with jsparts.go.
// goal.go and alias.go say what to build. describe.go and editor.go define
// nothing: they tell what there is. refuse.go is about what cannot be built.
//
// # Files
//
// A path p of the workspace is a file of the tree whether somebody wrote it or
// a rule makes it. Rules.file tells where it is, p or _build/CONTEXT/p, and has
// its maker defined. All runs in a sandbox that shows both kinds under p.
//
// # Hosts
//
// What runs while something is built comes from the host of the context: ppx
// drivers, programs of a rule's action, %{exe:…} and %{bin:…}. What a test runs
// comes from the context itself, and goes through its runner.
package rules

import (
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/ocaml"
)

// Rules are the dune files of one workspace, in one session of the engine.
type Rules struct {
	w World

	mu   sync.Mutex
	said map[string]bool // topics of notes

	queries
}

type queries struct {
	treeQ       engine.Query[string, *tree]
	ownTreeQ    engine.Query[addr.Context, *tree]
	scriptQ     engine.Query[dirKey, *dune.File]
	wholeQ      engine.Query[dirKey, *dir]
	instrumentQ engine.Query[instrumentKey, *dune.Buildable]
	librariesQ  engine.Query[addr.Context, *libraries]
	libraryQ    engine.Query[key, *library]
	thereQ      engine.Query[key, bool]
	installedQ  engine.Query[installedKey, *library]
	outerQ      engine.Query[outerKey, *library]
	searchQ     engine.Query[addr.Context, []string]
	standsForQ  engine.Query[addr.Context, dune.Version]
	contentsQ   engine.Query[dirKey, *contents]
	madeDirQ    engine.Query[dirKey, *madeDir]
	modulesQ    engine.Query[dirKey, moduleMap]
	envQ        engine.Query[dirKey, *env]
	standardQ   engine.Query[standardKey, []string]
	unitQ       engine.Query[key, *unit]
	componentQ  engine.Query[key, *component]
	driverQ     engine.Query[driverKey, *driver]
	ruleQ       engine.Query[key, *made]
	testsQ      engine.Query[key, []string]
	packageQ    engine.Query[packageKey, *Installation]
	aliasQ      engine.Query[aliasKey, *Goal]
	programsQ   engine.Query[addr.Context, programs]
	stagedQ     engine.Query[stagedKey, string]
	mdxQ        engine.Query[key, *mdxProgram]
	laidOutQ    engine.Query[packageKey, []string]
	runQ        engine.Query[runKey, string]
	jsQ         engine.Query[key, []string]
	jsLinkQ     engine.Query[key, *jsLink]
	jsPartQ     engine.Query[jsPartKey, string]
}

// A dirKey names a directory in a context.
type dirKey struct {
	ctx addr.Context
	dir string
}

func (k dirKey) String() string { return addr.Directory{Context: k.ctx, Dir: k.dir}.String() }

// A key names a stanza in a context, or a part of one.
type key struct {
	ctx   addr.Context
	dir   string
	index int    // among the stanzas of the directory
	part  string // of a stanza that is several targets: the program
	name  string // as in the address: "library.foo"
}

func (k key) String() string { return k.ctx.String() + "//" + k.dir + ":" + k.name }

// New returns the rules of a workspace.
func New(w World) *Rules {
	r := &Rules{w: w, said: map[string]bool{}}
	q := &r.queries
	q.treeQ = engine.Query[string, *tree]{Kind: "dune files", Fn: r.tree}
	q.ownTreeQ = engine.Query[addr.Context, *tree]{Kind: "dune files", Fn: r.ownTree}
	q.scriptQ = engine.Query[dirKey, *dune.File]{Kind: "dune file", Fn: r.script}
	q.wholeQ = engine.Query[dirKey, *dir]{Kind: "dynamic_include", Fn: r.wholeDir}
	q.instrumentQ = engine.Query[instrumentKey, *dune.Buildable]{Kind: "instrumentation", Fn: r.instrument}
	q.librariesQ = engine.Query[addr.Context, *libraries]{Kind: "libraries", Fn: r.libraries}
	q.thereQ = engine.Query[key, bool]{Kind: "condition", Fn: r.there}
	q.libraryQ = engine.Query[key, *library]{Kind: "library", Fn: r.library}
	q.installedQ = engine.Query[installedKey, *library]{Kind: "installed library", Fn: r.installed}
	q.outerQ = engine.Query[outerKey, *library]{Kind: "library", Fn: r.outer}
	q.searchQ = engine.Query[addr.Context, []string]{Kind: "libraries' directories", Fn: r.search}
	q.standsForQ = engine.Query[addr.Context, dune.Version]{Kind: "version of dune", Fn: r.standsFor}
	q.contentsQ = engine.Query[dirKey, *contents]{Kind: "files", Fn: r.contents}
	q.madeDirQ = engine.Query[dirKey, *madeDir]{Kind: "directory of a rule", Fn: r.madeDir}
	q.modulesQ = engine.Query[dirKey, moduleMap]{Kind: "modules", Fn: r.modules}
	q.envQ = engine.Query[dirKey, *env]{Kind: "env", Fn: r.env}
	q.standardQ = engine.Query[standardKey, []string]{Kind: "flags", Fn: r.standardFlags}
	q.unitQ = engine.Query[key, *unit]{Kind: "target", Fn: r.unit}
	q.componentQ = engine.Query[key, *component]{Kind: "target", Fn: r.component}
	q.driverQ = engine.Query[driverKey, *driver]{Kind: "ppx driver", Fn: r.driver}
	q.ruleQ = engine.Query[key, *made]{Kind: "target", Fn: r.rule}
	q.testsQ = engine.Query[key, []string]{Kind: "target", Fn: r.tests}
	q.packageQ = engine.Query[packageKey, *Installation]{Kind: "package", Fn: r.pkg}
	q.aliasQ = engine.Query[aliasKey, *Goal]{Kind: "alias", Fn: r.alias}
	q.programsQ = engine.Query[addr.Context, programs]{Kind: "programs", Fn: r.programs}
	q.stagedQ = engine.Query[stagedKey, string]{Kind: "program", Fn: r.staged}
	q.laidOutQ = engine.Query[packageKey, []string]{Kind: "package", Fn: r.laidOut}
	q.runQ = engine.Query[runKey, string]{Kind: "program", Fn: r.run}
	q.jsQ = engine.Query[key, []string]{Kind: "JavaScript", Fn: r.js}
	q.jsLinkQ = engine.Query[key, *jsLink]{Kind: "JavaScript of a target", Fn: r.jsLink}
	q.jsPartQ = engine.Query[jsPartKey, string]{Kind: "JavaScript of an archive", Fn: r.jsPart}
	q.mdxQ = engine.Query[key, *mdxProgram]{Kind: "target", Fn: r.mdxProgram}
	return r
}

// once drops notes that were said before.
func (r *Rules) once(diags hcl.Diagnostics) hcl.Diagnostics {
	var out hcl.Diagnostics
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range diags {
		if n, ok := d.Extra.(dune.Note); ok {
			if r.said[n.Topic] {
				continue
			}
			r.said[n.Topic] = true
		}
		out = append(out, d)
	}
	return out
}

// fail reports an error of a query, unless that was done. What is not known
// before a build passes as it is.
func (r *Rules) fail(err error, at hcl.Range, summary string) error {
	var diags hcl.Diagnostics
	var later *Later
	var m *missing
	var machine *ocaml.MachineError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &later):
		return err
	case errors.As(err, &m):
		if m.at.Filename != "" {
			at = m.at
		}
		return r.w.Report(m.diags(at))
	case errors.As(err, &diags):
		return r.w.Report(diags)
	case errors.As(err, &machine):
		return r.w.Report(errorAt(at, "Toolchains for two machines", "%s.\n%s", machine, machine.Hint()))
	}
	return r.w.Report(r.w.Diagnose(err, at, summary))
}

// root is where the outputs of a context are.
func root(c addr.Context) string { return addr.BuildDir + "/" + c.String() }

// dirOf returns a directory of a context's tree with all of its stanzas; one
// that dune files do not speak of is an error of whoever asks.
func (r *Rules) dirOf(t *engine.Task, c addr.Context, p string) (*dir, error) {
	d, err := r.staticDir(t, c, p)
	if err != nil {
		return nil, err
	}
	return r.whole(t, c, d)
}

// staticDir is dirOf without the stanzas that rules make.
func (r *Rules) staticDir(t *engine.Task, c addr.Context, p string) (*dir, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	d := tr.in(p)
	if d == nil {
		return nil, fmt.Errorf("%s is no directory of the dune project", orTop(p))
	}
	return d, nil
}

func orTop(dir string) string {
	if dir == "" {
		return "the top directory"
	}
	return dir
}

// stanzaOf returns a stanza by its key, with its directory.
func (r *Rules) stanzaOf(t *engine.Task, k key) (*dir, dune.Stanza, error) {
	d, err := r.dirOf(t, k.ctx, k.dir)
	if err != nil {
		return nil, nil, err
	}
	return d, d.stanzas[k.index], nil
}
