package rules

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
)

// A tree is the directories of a workspace that dune files speak of. No
// context has a part in it.
type tree struct {
	dirs     map[string]*dir
	order    []*dir
	projects []*project
	lang     dune.Version         // of a dune-workspace file
	env      *dune.Env            // of a dune-workspace file
	contexts map[string]*dune.Env // of its contexts, by name
	// instrument says what code is instrumented with, by context, and of all
	// contexts under "".
	instrument map[string][]string
}

// A dir is one directory.
type dir struct {
	path      string
	project   *project
	parent    *dir
	names     []string // of the source files
	below     []*dir
	stanzas   []dune.Stanza
	dynamic   []*dune.Include // what rules make more stanzas in
	script    string          // the dune file, if it is a program that sends the stanzas
	dataOnly  bool            // its files are only data
	vendored  bool
	subdirs   dune.SubdirsMode
	subdirsAt hcl.Range // where it says so
}

// A project is a dune-project file, with the packages that it and opam files
// define.
type project struct {
	*dune.Project
	dir      string
	packages []*dune.Package
	implicit bool // there is no dune-project
	broken   bool // there are errors in it
}

// in returns the directory of a path, nil if dune files do not speak of it.
func (tr *tree) in(p string) *dir { return tr.dirs[p] }

// find returns a package of the workspace.
func (tr *tree) find(pkg string) (*dune.Package, *project) {
	for _, p := range tr.projects {
		for _, k := range p.packages {
			if k.Name.Value == pkg {
				return k, p
			}
		}
	}
	return nil, nil
}

// group returns the directory whose stanzas have the modules of d, with
// include_subdirs.
func (d *dir) group() *dir {
	for g := d; g != nil; g = g.parent {
		if g.subdirs == dune.SubdirsUnqualified || g.subdirs == dune.SubdirsQualified {
			return g
		}
		if g.subdirs == dune.SubdirsNo || g.parent == nil || g.parent.project != g.project || hasModules(g.stanzas) {
			break
		}
	}
	return d
}

// hasModules reports whether stanzas share out the modules of their directory.
func hasModules(stanzas []dune.Stanza) bool {
	return slices.ContainsFunc(stanzas, func(s dune.Stanza) bool {
		switch s.(type) {
		case *dune.Library, *dune.Executables, *dune.Tests:
			return true
		}
		return false
	})
}

// members lists d and the directories below whose modules are d's.
func (d *dir) members() []*dir {
	all := []*dir{d}
	if d.subdirs != dune.SubdirsUnqualified && d.subdirs != dune.SubdirsQualified {
		return all
	}
	var add func(x *dir)
	add = func(x *dir) {
		for _, b := range x.below {
			if !b.dataOnly && b.group().path == d.path {
				all = append(all, b)
				add(b)
			}
		}
	}
	add(d)
	return all
}

// A walker reads a tree.
type walker struct {
	r       *Rules
	t       *engine.Task
	tree    *tree
	pending map[string][]*dune.File // of subdir stanzas
	diags   hcl.Diagnostics
}

// tree reads which directories there are.
func (r *Rules) tree(t *engine.Task, _ string) (*tree, error) {
	w := &walker{r: r, t: t, tree: &tree{dirs: map[string]*dir{}}, pending: map[string][]*dune.File{}}
	root := &dir{project: &project{implicit: true, Project: dune.DefaultProject()}}
	if err := w.walk(root, true); err != nil {
		return nil, err
	}
	if err := w.workspace(root); err != nil {
		return nil, err
	}
	sort.Slice(w.tree.order, func(i, j int) bool { return w.tree.order[i].path < w.tree.order[j].path })
	return w.tree, r.w.Report(w.diags)
}

// source reads a file that a listing has. One that cannot be read all the same
// is a link to nothing, or nobody's business but its owner's.
func (w *walker) source(file string) ([]byte, error) {
	src, err := w.t.ReadFile(file)
	at := hcl.Range{Filename: file, Start: hcl.InitialPos, End: hcl.InitialPos}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, w.r.w.Report(errorAt(at, "No such file", "%s is a link that leads to no file.", file))
	case errors.Is(err, fs.ErrPermission):
		return nil, w.r.w.Report(errorAt(at, "Not readable", "You may not read %s.", file))
	}
	return src, err
}

// workspace reads what a dune-workspace file says for all projects.
func (w *walker) workspace(top *dir) error {
	const name = "dune-workspace"
	if !slices.Contains(top.names, name) {
		return nil
	}
	src, err := w.source(name)
	if err != nil {
		return err
	}
	w.r.w.File(name, src)
	ws, diags := dune.ReadWorkspace(name, src)
	w.diags = append(w.diags, w.r.once(diags)...)
	if ws != nil {
		w.tree.lang = ws.Lang
		w.tree.env, w.tree.contexts = ws.Env, map[string]*dune.Env{}
		w.tree.instrument = map[string][]string{}
		if len(ws.InstrumentWith) > 0 {
			w.tree.instrument[""] = values(ws.InstrumentWith)
		}
		for _, c := range ws.Contexts {
			for _, target := range c.Targets {
				name := c.Name
				if target.Name.Value != "native" {
					name += "." + target.Name.Value
				}
				w.tree.contexts[dune.Identifier(name)] = c.Env
				if c.Given {
					w.tree.instrument[dune.Identifier(name)] = values(c.InstrumentWith)
				}
			}
		}
	}
	return nil
}

func values(list []dune.Text) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Value)
	}
	return out
}

// walk reads a directory, which is on disk or only in a subdir stanza.
func (w *walker) walk(d *dir, exists bool) error {
	var entries []engine.Entry
	if exists {
		var err error
		if entries, err = w.t.ReadDir(d.path); err != nil {
			return err
		}
	}
	w.tree.dirs[d.path] = d
	w.tree.order = append(w.tree.order, d)
	var names []string
	for _, e := range entries {
		if !e.Dir {
			names = append(names, e.Name)
		}
	}
	if err := w.project(d, names); err != nil {
		return err
	}
	files := w.pending[d.path]
	if !d.dataOnly {
		f, err := w.read(d, names)
		if err != nil {
			return err
		}
		if f != nil {
			files = append([]*dune.File{f}, files...)
		}
	}
	var said dune.Dirs
	for _, f := range files {
		if err := w.add(d, f, &said); err != nil {
			return err
		}
	}
	for _, n := range names {
		if said.Files == nil || said.Files.Match(n, true) {
			d.names = append(d.names, n)
		}
	}
	return w.descend(d, entries, said)
}

// descend walks the directories below.
func (w *walker) descend(d *dir, entries []engine.Entry, said dune.Dirs) error {
	onDisk := map[string]bool{}
	var names []string
	for _, e := range entries {
		if e.Dir && !e.Link {
			onDisk[e.Name] = true
			names = append(names, e.Name)
		}
	}
	for p := range w.pending {
		if rest, ok := below(d.path, p); ok {
			first, _, _ := strings.Cut(rest, "/")
			if !slices.Contains(names, first) {
				names = append(names, first)
			}
		}
	}
	slices.Sort(names)
	made := promotedDirs(d)
	for _, n := range names {
		if slices.Contains(made, n) {
			continue
		}
		if onDisk[n] && (said.Dirs == nil && !standardDir(n) || said.Dirs != nil && !said.Dirs.Match(n, standardDir(n))) {
			if said.DataOnly == nil || !said.DataOnly.Match(n, false) {
				continue
			}
		}
		b := &dir{path: path.Join(d.path, n), project: d.project, parent: d, dataOnly: d.dataOnly, vendored: d.vendored}
		b.dataOnly = b.dataOnly || said.DataOnly != nil && said.DataOnly.Match(n, false)
		b.dataOnly = b.dataOnly || d.project.Cram && strings.HasSuffix(n, ".t") && n != ".t"
		b.vendored = b.vendored || said.Vendored != nil && said.Vendored.Match(n, false)
		d.below = append(d.below, b)
		if err := w.walk(b, onDisk[n]); err != nil {
			return err
		}
	}
	return nil
}

// standardDir is what :standard says of names of directories.
func standardDir(n string) bool { return !strings.HasPrefix(n, ".") && !strings.HasPrefix(n, "_") }

// below returns the way from a directory to a path in it.
func below(dir, p string) (string, bool) {
	if dir == "" {
		return p, p != ""
	}
	return strings.CutPrefix(p, dir+"/")
}

// project reads a dune-project file and the opam files beside it.
func (w *walker) project(d *dir, names []string) error {
	const name = "dune-project"
	opam := slices.ContainsFunc(names, func(n string) bool { return path.Ext(n) == ".opam" })
	has := slices.Contains(names, name)
	if d.dataOnly || !has && !(d.parent == nil && opam) {
		return nil
	}
	p := &project{dir: d.path, Project: dune.DefaultProject(), implicit: !has}
	if has {
		file := path.Join(d.path, name)
		src, err := w.source(file)
		if err != nil {
			return err
		}
		w.r.w.File(file, src)
		read, diags := dune.ReadProject(file, src)
		w.diags = append(w.diags, w.r.once(diags)...)
		if p.broken = diags.HasErrors(); read != nil {
			p.Project = read
		}
	}
	var files []*dune.OpamFile
	for _, n := range names {
		if path.Ext(n) != ".opam" || n == ".opam" {
			continue
		}
		file := path.Join(d.path, n)
		src, err := w.source(file)
		if err != nil {
			return err
		}
		w.r.w.File(file, src)
		read, diags := dune.ReadOpam(file, src)
		w.diags = append(w.diags, w.r.once(diags)...)
		if read != nil {
			files = append(files, read)
		}
	}
	w.diags = append(w.diags, p.AddOpamFiles(files)...)
	p.packages = p.Packages
	d.project = p
	w.tree.projects = append(w.tree.projects, p)
	return nil
}

// read reads the dune file of a directory; nil if there is none.
func (w *walker) read(d *dir, names []string) (*dune.File, error) {
	name := "dune"
	if !slices.Contains(names, name) {
		if name = "dune-file"; !d.project.AcceptAlternativeDuneFile || !slices.Contains(names, name) {
			return nil, nil
		}
	}
	if d.project.broken {
		return nil, nil // its version and extensions say what the file may hold
	}
	file := path.Join(d.path, name)
	src, err := w.source(file)
	if err != nil {
		return nil, err
	}
	w.r.w.File(file, src)
	if dune.IsScript(src) {
		d.script = file
		return nil, nil
	}
	f, diags := dune.ReadFile(file, src, d.project.Project)
	w.diags = append(w.diags, w.r.once(diags)...)
	return f, nil
}

// add takes over what a file says of a directory.
// Stack are the files that are being included.
func (w *walker) add(d *dir, f *dune.File, said *dune.Dirs, stack ...string) error {
	for _, s := range f.Subdirs {
		p := path.Join(d.path, s.Dir.Value)
		if p == d.path {
			if err := w.add(d, s.File, said, stack...); err != nil {
				return err
			}
			continue
		}
		w.pending[p] = append(w.pending[p], s.File)
	}
	for to, from := range map[**dune.Predicate]*dune.Predicate{
		&said.Dirs: f.Dirs.Dirs, &said.DataOnly: f.Dirs.DataOnly, &said.Vendored: f.Dirs.Vendored, &said.Files: f.Dirs.Files} {
		if from != nil {
			*to = from
		}
	}
	for _, s := range f.Stanzas {
		switch s := s.(type) {
		case *dune.Include:
			if s.Dynamic {
				d.dynamic = append(d.dynamic, s)
				continue
			}
			if err := w.include(d, s, said, stack); err != nil {
				return err
			}
		case *dune.IncludeSubdirs:
			d.subdirs, d.subdirsAt = s.Mode, s.At()
		default:
			d.stanzas = append(d.stanzas, s)
		}
	}
	return nil
}

// include reads what an include stanza names, in its place.
func (w *walker) include(d *dir, in *dune.Include, said *dune.Dirs, stack []string) error {
	from := d.path
	if len(stack) > 0 {
		from = path.Dir(stack[len(stack)-1])
	}
	file := path.Join(from, in.File.Value)
	if slices.Contains(stack, file) {
		w.diags = append(w.diags, errorAt(in.At(), "Cycle of files", "%s includes itself: %s.", file, strings.Join(append(stack, file), " -> "))...)
		return nil
	}
	ok, err := w.t.Exists(file)
	if err != nil {
		return err
	}
	if !ok {
		w.diags = append(w.diags, errorAt(in.File.Range, "No such file", "There is no file %q to include.", file)...)
		return nil
	}
	src, err := w.t.ReadFile(file)
	if err != nil {
		return err
	}
	w.r.w.File(file, src)
	f, diags := dune.ReadIncluded(file, src, d.project.Project, in)
	w.diags = append(w.diags, w.r.once(diags)...)
	if f == nil {
		return nil
	}
	return w.add(d, f, said, append(stack, file)...)
}
