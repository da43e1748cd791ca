// Package contexts is the model of linked build contexts.
//
// # The idea
//
// A context is a named configuration in which a part of the source tree is
// built. Contexts are linked: what one of them makes public (programs,
// libraries, files, typed values) may stand in another's definition. A value
// may be the answer of a program that has to be built first, so the
// configuration of one context can depend on the result of building another,
// and on that of a third. There is no "configure step": there is one graph.
//
// The model is demand-driven. Everything that can be referred to is an
// element with an address: context.tools.output.cflags,
// context.firmware.settings.cflags, toolchain.cc.riscv, local.x. Each element
// is a query of package engine, computed when something needs it and at most
// once. A query that needs the answer of a program demands it and waits;
// others go on. Therefore cycles are judged per element and never per
// context: "tools" may read the target of "firmware" while "firmware" is
// configured by "tools".
//
// # Plan and build
//
// There is one evaluator. When planning, the engine runs nothing (except
// probes of compilers), and an element that would need a run is an unknown
// value of its declared type. Unknowns flow through expressions like other
// values, so type errors show in a plan, and no second code path could
// disagree with the first.
//
// # How to read it
//
// workspace.go (erg.hcl, variables, locals), instance.go (for_each),
// source.go and tree.go (trees from elsewhere),
// context.go (what a context is configured with), element.go and scope.go
// (how references are resolved), output.go, package.go, toolchain.go, runner.go;
// then directory.go (build.hcl in one context), parts.go, component.go,
// rule.go, ninjablock.go, test.go and install.go (what its blocks emit), dune.go
// (dune files, see package rules), goal.go and dunegoal.go (what was asked for). Diagnostics are collected in diag.go.
package contexts

import (
	"sort"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/source"
)

// An Evaluator evaluates one workspace, in one session of the engine.
type Evaluator struct {
	opts  Options
	diags collector

	mu      sync.Mutex
	files   map[string]*hcl.File // for snippets
	links   map[Link]bool
	fetches map[SourceLink]bool
	sites   map[string]hcl.Range // of references, by site
	headers map[string]hcl.Range // of blocks of build files, by target
	values  map[string]*Value

	promotions []rules.Promotion

	dune *rules.Rules

	queries
}

// Options are what a person chose.
type Options struct {
	Vars map[string]string // of --var
	// Fetched are files that hold what would be fetched for sources.
	Fetched map[addr.Source]string
}

// queries are the elements. See the functions that they are made of.
type queries struct {
	workspaceQ   engine.Query[string, *config.Workspace]
	variableQ    engine.Query[addr.Variable, cty.Value]
	localQ       engine.Query[addr.Local, cty.Value]
	instancesQ   engine.Query[addr.Context, *instances]
	toolsetsQ    engine.Query[addr.Toolchain, *instances]
	sourceSetsQ  engine.Query[addr.Source, *instances]
	sourceQ      engine.Query[addr.Source, *source.Source]
	treeQ        engine.Query[addr.Source, *tree]
	toolchainQ   engine.Query[addr.Toolchain, toolchain.Toolchain]
	allContextsQ engine.Query[string, []addr.Context]

	toolchainsQ engine.Query[attrKey, map[string]addr.Toolchain]
	hostQ       engine.Query[attrKey, addr.Context]
	importsQ    engine.Query[attrKey, []addr.Context]
	dirsQ       engine.Query[attrKey, []string]
	spanQ       engine.Query[attrKey, *span]
	profileQ    engine.Query[attrKey, string]
	envQ        engine.Query[attrKey, *environment]
	runnerQ     engine.Query[attrKey, *runner]
	elementQ    engine.Query[addr.Element, cty.Value]
	packageQ    engine.Query[addr.Element, *pkg]
	packagesQ   engine.Query[addr.Context, *packageSet]
	providesQ   engine.Query[provider, *providing]

	providedLibQ engine.Query[addr.Element, *cc.Library]

	buildFileQ engine.Query[string, *config.Build]
	directoryQ engine.Query[dirKey, *directory]
	publicQ    engine.Query[addr.Context, *publicNames]
	blocksQ    engine.Query[addr.Context, map[string][]libraryBlock]
	modulesQ   engine.Query[dirKey, []string]
	outlineQ   engine.Query[addr.Target, *component]
	componentQ engine.Query[addr.Target, *component]
	ruleQ      engine.Query[addr.Target, *rule]
	ninjaQ     engine.Query[addr.Target, *ninjaGraph]
	testQ      engine.Query[addr.Target, *test]
	installQ   engine.Query[addr.Target, *install]
}

// An attrKey names what a context is configured with, apart from elements.
type attrKey struct {
	ctx  addr.Context
	attr string
}

// String spells the attribute as an element, for the links of a cycle.
func (k attrKey) String() string { return k.ctx.Expr() + "." + k.attr }

// A dirKey names a directory in a context.
type dirKey struct {
	ctx addr.Context
	dir string
}

func (k dirKey) String() string { return addr.Directory{Context: k.ctx, Dir: k.dir}.String() }

// New returns an evaluator for one session.
func New(o Options) *Evaluator {
	ev := &Evaluator{opts: o, files: map[string]*hcl.File{}, links: map[Link]bool{}, fetches: map[SourceLink]bool{}, sites: map[string]hcl.Range{}, headers: map[string]hcl.Range{}, values: map[string]*Value{}}
	ev.dune = rules.New(duneWorld{ev})
	q := &ev.queries
	q.workspaceQ = engine.Query[string, *config.Workspace]{Kind: "workspace", Fn: ev.workspace}
	q.variableQ = engine.Query[addr.Variable, cty.Value]{Kind: "variable", Fn: ev.variable}
	q.localQ = engine.Query[addr.Local, cty.Value]{Kind: "local", Fn: ev.local}
	q.instancesQ = engine.Query[addr.Context, *instances]{Kind: "instances", Fn: ev.contextInstances}
	q.toolsetsQ = engine.Query[addr.Toolchain, *instances]{Kind: "toolchain instances", Fn: ev.toolchainInstances}
	q.sourceSetsQ = engine.Query[addr.Source, *instances]{Kind: "source instances", Fn: ev.sourceInstances}
	q.sourceQ = engine.Query[addr.Source, *source.Source]{Kind: "source", Fn: ev.source}
	q.treeQ = engine.Query[addr.Source, *tree]{Kind: "tree", Fn: ev.tree}
	q.toolchainQ = engine.Query[addr.Toolchain, toolchain.Toolchain]{Kind: "toolchain", Fn: ev.toolchain}
	q.allContextsQ = engine.Query[string, []addr.Context]{Kind: "contexts", Fn: ev.allContexts}
	q.toolchainsQ = engine.Query[attrKey, map[string]addr.Toolchain]{Kind: "toolchains", Fn: ev.toolchains}
	q.hostQ = engine.Query[attrKey, addr.Context]{Kind: "host", Fn: ev.host}
	q.importsQ = engine.Query[attrKey, []addr.Context]{Kind: "imports", Fn: ev.imports}
	q.spanQ = engine.Query[attrKey, *span]{Kind: "dirs", Fn: ev.span}
	q.dirsQ = engine.Query[attrKey, []string]{Kind: "dirs", Fn: ev.dirs}
	q.profileQ = engine.Query[attrKey, string]{Kind: "profile", Fn: ev.profile}
	q.envQ = engine.Query[attrKey, *environment]{Kind: "env", Fn: ev.env}
	q.runnerQ = engine.Query[attrKey, *runner]{Kind: "runner", Fn: ev.runner}
	q.elementQ = engine.Query[addr.Element, cty.Value]{Kind: "element", Fn: ev.element}
	q.packageQ = engine.Query[addr.Element, *pkg]{Kind: "package", Fn: ev.pkg}
	q.packagesQ = engine.Query[addr.Context, *packageSet]{Kind: "packages", Fn: ev.packageSet}
	q.providesQ = engine.Query[provider, *providing]{Kind: "provided files", Fn: ev.provides}
	q.providedLibQ = engine.Query[addr.Element, *cc.Library]{Kind: "provided library", Fn: ev.providedLibrary}
	q.buildFileQ = engine.Query[string, *config.Build]{Kind: "build file", Fn: ev.buildFile}
	q.directoryQ = engine.Query[dirKey, *directory]{Kind: "directory", Fn: ev.directory}
	q.publicQ = engine.Query[addr.Context, *publicNames]{Kind: "public names", Fn: ev.publicNames}
	q.blocksQ = engine.Query[addr.Context, map[string][]libraryBlock]{Kind: "build files", Fn: ev.libraryBlocks}
	q.modulesQ = engine.Query[dirKey, []string]{Kind: "modules", Fn: ev.modules}
	q.outlineQ = engine.Query[addr.Target, *component]{Kind: "target", Fn: ev.outline}
	q.componentQ = engine.Query[addr.Target, *component]{Kind: "target", Fn: ev.component}
	q.ruleQ = engine.Query[addr.Target, *rule]{Kind: "target", Fn: ev.rule}
	q.ninjaQ = engine.Query[addr.Target, *ninjaGraph]{Kind: "target", Fn: ev.ninja}
	q.testQ = engine.Query[addr.Target, *test]{Kind: "target", Fn: ev.test}
	q.installQ = engine.Query[addr.Target, *install]{Kind: "target", Fn: ev.install}
	return ev
}

// A Link is a reference from one context's definition, or from a build file
// in it, to another context's public element; or from a toolchain's.
type Link struct {
	From, To  addr.Context // From is without a key for the for_each of a context
	Toolchain addr.Toolchain
	Element   string // "output.cflags", "bin.gen", "host"
}

func (ev *Evaluator) link(from, to addr.Context, element string) {
	if !from.IsZero() && from != to {
		ev.addLink(Link{From: from, To: to, Element: element})
	}
}

func (ev *Evaluator) addLink(l Link) {
	ev.mu.Lock()
	ev.links[l] = true
	ev.mu.Unlock()
}

// Links lists the links that evaluation has followed, sorted.
func (ev *Evaluator) Links() []Link {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	out := make([]Link, 0, len(ev.links))
	for l := range ev.links {
		out = append(out, l)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if c := a.From.Compare(b.From); c != 0 {
			return c < 0
		}
		if c := strings.Compare(a.Toolchain.String(), b.Toolchain.String()); c != 0 {
			return c < 0
		}
		if c := a.To.Compare(b.To); c != 0 {
			return c < 0
		}
		return strings.Compare(a.Element, b.Element) < 0
	})
	return out
}
