package dune

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A DepKind says what a Dep names.
type DepKind uint8

// The dependency specifications.
const (
	DepFile         DepKind = iota // a file; or several, if Arg is a variable
	DepAlias                       // Arg: name, or dir/name
	DepAliasRec                    // as DepAlias, and in all directories below
	DepGlobFiles                   // Arg: dir/glob
	DepGlobFilesRec                // as DepGlobFiles, and in all directories below dir
	DepSourceTree                  // all files below the directory Arg
	DepPackage                     // all that the package Arg installs
	DepUniverse                    // anything: run always
	DepEnvVar                      // the environment variable Arg
	DepSandbox                     // no dependency: how the action is to run, Sandbox
	DepInclude                     // (include Arg): the dependencies that the file Arg lists
)

// A Dep is one dependency specification.
type Dep struct {
	Kind    DepKind
	Arg     Template
	Sandbox []string // "none", "always", "preserve_file_kind", "patch_back_source_tree"
	Range   hcl.Range
}

// A Binding is an element of a deps field: one dependency without a name, or
// several with the name of a variable that stands for them.
type Binding struct {
	Name  string // "" for none
	Deps  []Dep
	Range hcl.Range
}

// Deps is a deps field.
type Deps []Binding

// All returns the dependencies, named or not, in order.
func (d Deps) All() []Dep {
	var all []Dep
	for _, b := range d {
		all = append(all, b.Deps...)
	}
	return all
}

// Named returns the binding with a name.
func (d Deps) Named(name string) (Binding, bool) {
	for _, b := range d {
		if name != "" && b.Name == name {
			return b, true
		}
	}
	return Binding{}, false
}

// depKinds are the specifications that are a list with one argument.
var depKinds = map[string]DepKind{
	"file": DepFile, "alias": DepAlias, "alias_rec": DepAliasRec, "glob_files": DepGlobFiles, "glob_files_rec": DepGlobFilesRec,
	"source_tree": DepSourceTree, "package": DepPackage, "env_var": DepEnvVar, "include": DepInclude,
}

// depSince says which specifications came later.
var depSince = map[string]check{
	"glob_files_rec": since(3, 0), "include": since(3, 1), "source_tree": since(1, 0),
	"files_recursively_in": deletedIn(1, 0, " Use source_tree instead."),
}

// dep reads a dependency specification.
func (r *reader) dep(n *sexp.Node) Dep {
	if n.Kind != sexp.List {
		return Dep{Kind: DepFile, Arg: r.template(n), Range: n.Range}
	}
	head, _ := n.Head()
	if check := depSince[head]; check != nil {
		check(r, "'"+head+"'", n.Range)
	}
	kind, ok := depKinds[head]
	switch {
	case head == "universe" && len(n.Items) == 1:
		return Dep{Kind: DepUniverse, Range: n.Range}
	case head == "sandbox":
		return r.sandbox(n)
	case !ok:
		words := append(slices.Sorted(maps.Keys(depKinds)), "universe", "sandbox")
		r.errorf(n.Range, "Unknown dependency", "%s is no dependency specification.%s It may be a file, or (KIND …), where KIND is %s.", n, hint(head, slices.Clone(words)), enumerate(words, "or"))
	case len(n.Items) != 2:
		r.errorf(n.Range, "Wrong dependency", "(%s …) has one argument.", head)
	default:
		return Dep{Kind: kind, Arg: r.template(n.Items[1]), Range: n.Range}
	}
	return Dep{Range: n.Range}
}

// sandbox reads (sandbox MODE…).
func (r *reader) sandbox(n *sexp.Node) Dep {
	since(1, 12)(r, "'sandbox'", n.Range)
	d := Dep{Kind: DepSandbox, Range: n.Range}
	for _, item := range n.Items[1:] {
		mode := r.word(item, "none", "always", "preserve_file_kind", "patch_back_source_tree")
		if mode == "patch_back_source_tree" {
			since(3, 22)(r, "'"+mode+"'", item.Range)
		}
		d.Sandbox = append(d.Sandbox, mode)
	}
	return d
}

// bindings reads items of which some are (:name dep…).
func (r *reader) bindings(items []*sexp.Node) Deps {
	var deps Deps
	for _, n := range items {
		head, ok := n.Head()
		name, named := strings.CutPrefix(head, ":")
		if !ok || !named {
			deps = append(deps, Binding{Deps: []Dep{r.dep(n)}, Range: n.Range})
			continue
		}
		if _, ok := deps.Named(name); ok {
			r.errorf(n.Items[0].Range, "Variable defined twice", "The variable %s is there already.", name)
		}
		b := Binding{Name: name, Range: n.Range}
		for _, item := range n.Items[1:] {
			d := r.dep(item)
			if d.Kind == DepPackage {
				r.errorf(d.Range, "Package with a name", "(package …) may not stand in a named dependency. Put it beside (:%s …).", name)
			}
			b.Deps = append(b.Deps, d)
		}
		deps = append(deps, b)
	}
	return deps
}

// ReadDeps reads a file that (include FILE) among dependencies names: one list
// of dependencies, which may include others.
func ReadDeps(filename string, src []byte, p *Project) (Deps, hcl.Diagnostics) {
	r := p.reader()
	deps := r.bindings(r.oneList(filename, src))
	return deps, r.diags
}

func (r *reader) deps(items []*sexp.Node) []Dep {
	var deps []Dep
	for _, n := range items {
		deps = append(deps, r.dep(n))
	}
	return deps
}

// bindings reads the arguments of a field as dependencies of which some are named.
func (a *field) bindings() Deps {
	if a == nil {
		return nil
	}
	return a.r.bindings(a.args)
}

// deps reads the arguments of a field as dependencies without names.
func (a *field) deps() []Dep {
	if a == nil {
		return nil
	}
	return a.r.deps(a.args)
}
