package rules

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/act"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/ocaml"
)

// inputs are what an action reads and runs with.
type inputs struct {
	files    []string
	tools    []action.Tool
	programs map[string]addr.Context // that were built, and for which context
	env      map[string]string
	path     []string // directories of programs, before those of the machine
	through  []runnable
	writable []string
	visible  []string // programs of the machine
	pool     action.Pool
	dirs     map[string]bool // directories that rules make, whose files are inputs
	universe bool            // it depends on everything, and so runs in each build
}

// A runnable is a program that runs through its context's runner, by its public
// name or by the token of its path.
type runnable struct {
	name string
	argv []string
}

// around has a tree find the programs that need a runner.
func (in *inputs) around(tree *act.Action) *act.Action {
	for _, p := range in.through {
		tree = act.With(act.OpThrough, append([]string{p.name}, p.argv...), tree)
	}
	return tree
}

func (in *inputs) add(files ...string) { in.files = append(in.files, files...) }

func (in *inputs) built(p string, c addr.Context) {
	if in.programs == nil {
		in.programs = map[string]addr.Context{}
	}
	in.programs[p] = c
}

// tool adds a program of the machine.
func (in *inputs) tool(t *engine.Task, p string) error {
	d, err := t.FileDigest(p)
	if err != nil {
		return err
	}
	in.use(action.Tool{Name: path.Base(p), Identity: d})
	in.visible = append(in.visible, p)
	return nil
}

func (in *inputs) use(tools ...action.Tool) {
	for _, tl := range tools {
		if !slices.Contains(in.tools, tl) {
			in.tools = append(in.tools, tl)
		}
	}
}

// compiler adds a toolchain.
func (in *inputs) compiler(tc *ocaml.Toolchain) {
	if in == nil {
		return
	}
	in.use(action.Tool{Name: "ocaml", Identity: tc.Identity()})
	if dir := path.Dir(tc.Tool("ocamlc")); !slices.Contains(in.path, dir) {
		in.path = append(in.path, dir)
	}
	in.visible = append(in.visible, tc.Tool("ocamlc"), tc.Config("standard_library"))
}

func (in *inputs) setenv(name, value string) {
	if in.env == nil {
		in.env = map[string]string{}
	}
	in.env[name] = value
}

// process adds what running a process takes.
func (in *inputs) process(p *Process) {
	in.add(p.Inputs...)
	in.use(p.Tools...)
	for n, v := range p.Env {
		in.setenv(n, v)
	}
	in.writable = append(in.writable, p.Writable...)
	in.visible = append(in.visible, p.Visible...)
	if p.Pool.Name != "" {
		in.pool = p.Pool
	}
}

// file returns where a file of the tree is, and has its maker defined.
func (r *Rules) file(t *engine.Task, c addr.Context, p string, at hcl.Range) (string, error) {
	real, ok, err := r.lookup(t, c, p, at)
	if err == nil && !ok {
		err = r.absent(t, c, p, at)
	}
	return real, err
}

// lookup is file for a file that may not be there.
func (r *Rules) lookup(t *engine.Task, c addr.Context, p string, at hcl.Range) (string, bool, error) {
	if path.IsAbs(p) {
		return p, true, nil
	}
	if p == ".." || strings.HasPrefix(p, "../") {
		return "", false, errorAt(at, "Outside of the workspace", "%s lies outside of the workspace.", p)
	}
	tr, err := r.treeOf(t, c)
	if err != nil {
		return "", false, err
	}
	dirName := cleanDir(path.Dir(p))
	if d := tr.in(dirName); d != nil {
		files, err := r.contentsQ.Get(r.w.At(t, at), dirKey{c, dirName})
		if err != nil {
			return "", false, err
		}
		if m := files.makers[path.Base(p)]; m != nil {
			return path.Join(root(c), p), true, m.define(r.w.At(t, at))
		}
	}
	if g, rel, err := r.inMadeDir(t, c, p, at); g != nil || err != nil {
		if err != nil {
			return "", false, err
		}
		return g.file(rel, at)
	}
	ok, err := t.Exists(p)
	return p, ok, err
}

func cleanDir(dir string) string {
	if dir == "." {
		return ""
	}
	return dir
}

// absent is the error for a file that neither is a source nor is made.
func (r *Rules) absent(t *engine.Task, c addr.Context, p string, at hcl.Range) error {
	if g, rel, err := r.inMadeDir(t, c, p, at); g != nil || err != nil {
		if err != nil {
			return err
		}
		return g.absent(rel, at)
	}
	var names []string
	if tr, err := r.treeOf(t, c); err == nil && tr.in(cleanDir(path.Dir(p))) != nil {
		if files, err := r.contentsQ.Get(t, dirKey{c, cleanDir(path.Dir(p))}); err == nil {
			names = slices.DeleteFunc(files.names(), func(n string) bool {
				return files.makers[n] != nil && files.makers[n].at == at // it is what would be made of the file
			})
		}
	}
	hint := ""
	if n := nearest(path.Base(p), names); n != "" {
		hint = " Did you mean \"" + n + "\"?"
	}
	if tr, err := r.treeOf(t, c); hint == "" && err == nil && tr.in(cleanDir(path.Dir(p))) != nil {
		if covers, err := r.w.Covers(t, c); err == nil && !covers(cleanDir(path.Dir(p))) {
			hint = fmt.Sprintf("\nContext %s is to make it, and %s is none of its dirs. A host needs those of all that runs while others are built.", c, orTop(path.Dir(p)))
		}
	}
	return errorAt(at, "No rule found", "There is no file %q, and no rule makes it.%s", p, hint)
}

// nearest is the file that a name is most likely a misspelling of, one of the
// same extension before others; "" for none.
func nearest(name string, files []string) string {
	ext := path.Ext(name)
	var alike []string
	for _, f := range files {
		if path.Ext(f) == ext {
			alike = append(alike, f)
		}
	}
	if n := lang.Suggest(name, alike); n != "" {
		return n
	}
	return lang.Suggest(name, files)
}

// deps evaluates a deps field. Names of bindings become variables of x, and
// all of it %{deps}.
func (x *expander) deps(deps dune.Deps) error {
	var all []string
	for _, b := range deps {
		var vals []string
		for i := range b.Deps {
			v, err := x.dep(&b.Deps[i])
			if err != nil {
				return err
			}
			vals = append(vals, v...)
		}
		if b.Name != "" {
			x.local[b.Name] = vals
		}
		all = append(all, vals...)
	}
	x.local["deps"] = all
	return nil
}

// dep evaluates one dependency, and returns the files that it names.
func (x *expander) dep(d *dune.Dep) ([]string, error) {
	if d.Kind == dune.DepUniverse {
		x.inputs.universe = true
		return nil, nil
	}
	args, err := d.Arg.Expand(x.expand)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, arg := range args {
		if plain, isToken := tokenPath(arg); isToken && d.Kind == dune.DepFile && plain != "" {
			if !x.inputs.dirs[plain] {
				x.inputs.add(plain)
			}
			out = append(out, arg)
			continue
		}
		vals, err := x.depOf(d, arg)
		if err != nil {
			return nil, err
		}
		out = append(out, vals...)
	}
	return out, nil
}

// treePath is the path, in the tree, of a file that is named from the
// directory, or from one that a token stands for.
func (x *expander) treePath(name string) string { return treePathFrom(x.d.path, name) }

// treePathFrom is treePath for a name that is relative to a directory of the
// tree. In a token that is not at the beginning of the name, the path is, too.
func treePathFrom(dir, name string) string {
	if i := strings.IndexAny(name, "\x02\x04"); i != 0 {
		return joinPath(dir, action.Expand(name, func(p string, _ bool) string { return action.Relative(dir, inWorkspace(p)) }))
	}
	return joinPath(action.Expand(name, func(p string, _ bool) string {
		if p == "" {
			return "."
		}
		return inWorkspace(p)
	}))
}

// tokenPath returns the file that a string names as a token.
func tokenPath(s string) (string, bool) {
	p, n := "", 0
	rest := action.Expand(s, func(path string, _ bool) string { p, n = path, n+1; return "" })
	return p, n == 1 && rest == ""
}

func (x *expander) depOf(d *dune.Dep, arg string) ([]string, error) {
	switch d.Kind {
	case dune.DepFile:
		out, err := x.token(arg, x.ctx, d.Range)
		if err == nil {
			err = x.archive(x.treePath(arg))
		}
		return out, err
	case dune.DepGlobFiles, dune.DepGlobFilesRec:
		return x.glob(d, arg)
	case dune.DepSourceTree:
		if ok, err := x.allOf(x.treePath(arg), d.Range); ok || err != nil {
			return nil, err // as for dune, it has no sources
		}
		return x.sourceTree(arg)
	case dune.DepAlias, dune.DepAliasRec:
		return nil, x.aliasDep(d, arg)
	case dune.DepPackage:
		return nil, x.packageDep(d, arg)
	case dune.DepEnvVar:
		x.inputs.setenv(arg, x.t.Getenv(arg))
		return nil, nil
	case dune.DepSandbox:
		return nil, nil // actions always run in one
	case dune.DepInclude:
		return x.included(d, arg)
	}
	return nil, errorAt(d.Range, "Not supported", "erg does not know this kind of dependency.")
}

// glob lists the files of a directory that match, sources and made ones.
func (x *expander) glob(d *dune.Dep, arg string) ([]string, error) {
	g, diags := dune.ParseGlob(path.Base(arg), d.Range)
	if diags.HasErrors() {
		return nil, diags
	}
	at := x.treePath(path.Dir(arg))
	files, err := x.r.globFiles(x.t, x.ctx, at, g.Match, d.Kind == dune.DepGlobFilesRec, d.Range)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range files {
		p, err := x.r.file(x.t, x.ctx, f, d.Range)
		if err != nil {
			return nil, err
		}
		x.inputs.add(p)
		out = append(out, action.Ref(p))
	}
	return out, nil
}

// globFiles lists the files of a directory whose names match.
func (r *Rules) globFiles(t *engine.Task, c addr.Context, at string, match func(string) bool, rec bool, rng hcl.Range) ([]string, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range tr.order {
		if _, ok := below(at, d.path); d.path != at && !(rec && ok) {
			continue
		}
		files, err := r.contentsQ.Get(r.w.At(t, rng), dirKey{c, d.path})
		if err != nil {
			return nil, err
		}
		for _, n := range files.names() {
			if match(n) {
				out = append(out, path.Join(d.path, n))
			}
		}
	}
	g, rel, err := r.inMadeDir(t, c, at, rng)
	switch {
	case err != nil:
		return nil, err
	case g != nil:
		out = append(out, g.match(rel, match)...)
	case tr.in(at) == nil: // not of the project: it has sources only
		entries, err := t.ReadDir(at)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !e.Dir && match(e.Name) {
				out = append(out, path.Join(at, e.Name))
			}
		}
	}
	sort.Strings(out)
	return out, nil
}

// sourceTree lists all sources below a directory, also those whose names begin
// with a dot, but no such directories and nothing that editors leave.
func (x *expander) sourceTree(arg string) ([]string, error) {
	var out []string
	var walk func(at string) error
	walk = func(at string) error {
		entries, err := x.t.ReadNames(at)
		if err != nil {
			return err
		}
		for _, e := range entries {
			p := path.Join(at, e.Name)
			hidden := strings.HasPrefix(e.Name, ".")
			switch {
			case hidden && (e.Dir || e.Name == ".git" || strings.HasPrefix(e.Name, ".#") || strings.HasSuffix(e.Name, ".swp")):
			case !e.Dir:
				x.inputs.add(p)
				out = append(out, action.Ref(p))
			case !e.Link:
				if err := walk(p); err != nil {
					return err
				}
			}
		}
		return nil
	}
	at := x.treePath(arg)
	if ok, err := x.t.Exists(at); ok || err != nil {
		x.inputs.add(at)
		return []string{action.Ref(at)}, err
	}
	return out, walk(at)
}
