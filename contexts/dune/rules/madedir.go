package rules

import (
	"errors"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/act"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	trees "erg.build/erg/toolchain/source"
	"erg.build/erg/toolchain/source/archive"
)

// A directory that a rule makes has files that nobody knows before it was made.
// So the rule's action packs it: its outputs are an archive and the list of
// what is in it. Who asks for the directory, or for something in it, waits for
// the list, which tells the outputs of another action: it lays the files out.

// packs is where the archives of a directory's made directories are.
const packs = ".dirs"

func packOf(dir string) (tar, list, stamps string) {
	at := path.Join(path.Dir(dir), packs, path.Base(dir))
	return at + ".tar", at + ".list", at + ".laid"
}

// packed has an action pack the directories that it makes.
func packed(tree *act.Action, spec *action.Spec, at string, dirs []string) *act.Action {
	if len(dirs) == 0 {
		return tree
	}
	tree = act.With(act.OpProgn, nil, tree)
	outs := slices.Clone(spec.Outputs)
	for _, n := range dirs {
		dir := path.Join(spec.Root, at, n)
		tar, list, _ := packOf(dir)
		outs = append(outs, tar, list)
		tree.Do = append(tree.Do, act.New(act.OpPack, action.Ref(dir), path.Join(at, n), action.Ref(tar), action.Ref(list)))
	}
	spec.Outputs = outs
	return tree
}

// addDirs registers the directories of a maker.
func (f *filler) addDirs(m *maker) error {
	if len(m.dirs) == 0 {
		return nil
	}
	tr, err := f.r.treeOf(f.t, f.ctx)
	if err != nil {
		return err
	}
	for _, n := range m.dirs {
		p := path.Join(f.d.path, n)
		if tr.in(p) != nil || slices.Contains(f.d.names, n) {
			return errorAt(m.at, "A target is a source", "%s is among the sources, and this makes a directory of that name. Have it called otherwise.", p)
		}
		if old := f.maker(n); old != nil {
			return errorAt(m.at, "Two rules for one directory", "%s is made here and at %s.", p, place(old.at))
		}
		f.out.dirs[n] = m
	}
	return nil
}

// A madeDir is a directory that a rule makes, when it is known what is in it.
type madeDir struct {
	at    string   // as a path of the tree
	root  string   // of outputs
	files []string // below it, sorted
}

// madeDir finds out what is in a directory that a rule makes, and has it laid out.
func (r *Rules) madeDir(t *engine.Task, k dirKey) (*madeDir, error) {
	files, err := r.contentsQ.Get(t, dirKey{k.ctx, cleanDir(path.Dir(k.dir))})
	if err != nil {
		return nil, err
	}
	m := files.dirs[path.Base(k.dir)]
	if err := m.define(t); err != nil {
		return nil, err
	}
	g := &madeDir{at: k.dir, root: root(k.ctx)}
	out := path.Join(g.root, k.dir)
	tar, list, stamps := packOf(out)
	text, err := r.content(t, list)
	if err != nil {
		return nil, err
	}
	all, err := archive.ParseList(text)
	if err != nil {
		return g, err
	}
	for _, f := range all {
		g.files = append(g.files, f.Path)
	}
	sort.Strings(g.files)
	if len(all) > 0 {
		spec := action.Spec{Name: "lay out " + k.dir, Context: k.ctx.String(), Target: m.key.String(), Root: g.root}
		if err := trees.LayOut(t, spec, place(m.at), tar, stamps, out, all); err != nil {
			return g, err
		}
	}
	if m.promote == nil {
		return g, nil
	}
	return g, r.fail(r.promoteDir(t, m.key, files.dir, m.promote, g), m.at, "Cannot promote")
}

// makesDirs reports whether a directory has rules that make directories. Most
// have none, and copy_files asks for files while it is found out which a directory has.
func makesDirs(d *dir) bool {
	return slices.ContainsFunc(d.stanzas, func(s dune.Stanza) bool {
		rule, ok := s.(*dune.Rule)
		return ok && slices.ContainsFunc(rule.Targets, func(g dune.Target) bool { return g.Dir })
	})
}

// inMadeDir returns the directory, among those that rules make, that a path
// names or lies in, and the rest of the path; nil for any other path.
func (r *Rules) inMadeDir(t *engine.Task, c addr.Context, p string, at hcl.Range) (*madeDir, string, error) {
	tr, err := r.treeOf(t, c)
	if err != nil || path.IsAbs(p) {
		return nil, "", err
	}
	for up := p; up != "" && tr.in(up) == nil; up = cleanDir(path.Dir(up)) {
		d := tr.in(cleanDir(path.Dir(up)))
		if d == nil {
			continue
		}
		if d, err = r.whole(t, c, d); err != nil || !makesDirs(d) {
			return nil, "", err
		}
		files, err := r.contentsQ.Get(r.w.At(t, at), dirKey{c, d.path})
		if err != nil || files.dirs[path.Base(up)] == nil {
			return nil, "", err
		}
		g, err := r.madeDirQ.Get(r.w.At(t, at), dirKey{c, up})
		return g, strings.TrimPrefix(strings.TrimPrefix(p, up), "/"), err
	}
	return nil, "", nil
}

// below lists the outputs in a directory of it; none if there is no such one.
func (g *madeDir) below(rel string) []string {
	prefix := ""
	if rel != "" {
		prefix = rel + "/"
	}
	from, _ := slices.BinarySearch(g.files, prefix)
	var out []string
	for _, f := range g.files[from:] {
		if !strings.HasPrefix(f, prefix) {
			break
		}
		out = append(out, path.Join(g.root, g.at, f))
	}
	return out
}

// isDir reports whether a path in it is one of a directory.
func (g *madeDir) isDir(rel string) bool {
	i, _ := slices.BinarySearch(g.files, rel+"/")
	return rel == "" || i < len(g.files) && strings.HasPrefix(g.files[i], rel+"/")
}

// file returns the output of a file in it. ok is false if there is none.
func (g *madeDir) file(rel string, at hcl.Range) (p string, ok bool, err error) {
	p = path.Join(g.root, g.at, rel)
	if g.isDir(rel) {
		return "", false, neededFile(p, at)
	}
	_, ok = slices.BinarySearch(g.files, rel)
	return p, ok, nil
}

// neededFile is the error for a directory in place of a file.
func neededFile(dir string, at hcl.Range) error {
	return errorAt(at, "A directory", "%s is a directory that a rule makes, and a file is needed here.", inWorkspace(dir))
}

// absent is the error for a file that it does not have.
func (g *madeDir) absent(rel string, at hcl.Range) error {
	hint := ""
	for _, f := range g.files {
		if path.Dir(f) == path.Dir(rel) && suggest(path.Base(rel), path.Base(f)) {
			hint = " Did you mean \"" + path.Join(g.at, f) + "\"?"
			break
		}
	}
	return errorAt(at, "No such file in a directory", "The rule that makes the directory %s did not make %s.%s", g.at, path.Join(g.at, rel), hint)
}

// match lists the files, as paths of the tree, in one directory of it whose names match.
func (g *madeDir) match(rel string, match func(string) bool) []string {
	var out []string
	for _, f := range g.files {
		if cleanDir(path.Dir(f)) == rel && match(path.Base(f)) {
			out = append(out, path.Join(g.at, f))
		}
	}
	return out
}

// allOf makes all of a directory that a rule makes inputs, if a path names one.
func (x *expander) allOf(p string, at hcl.Range) (bool, error) {
	g, rel, err := x.r.inMadeDir(x.t, x.ctx, p, at)
	if err != nil || g == nil || !g.isDir(rel) {
		return false, err
	}
	x.inputs.add(g.below(rel)...)
	if x.inputs.dirs == nil {
		x.inputs.dirs = map[string]bool{}
	}
	x.inputs.dirs[path.Join(g.root, p)] = true
	return true, nil
}

// makes reports whether the action makes a file: by name, or in a directory.
func (x *acting) makes(p string) bool {
	return x.outs[p] || slices.ContainsFunc(x.dirs, func(d string) bool {
		_, ok := below(d, p)
		return ok || p == d
	})
}

// installTree adds the files of a directory: of one that a rule makes, or
// else the sources below it.
func (b *installer) installTree(x *expander, to destination, dst, src string, at hcl.Range, out *installed1) error {
	dir := joinPath(x.d.path, src)
	var files []string
	g, rel, err := b.r.inMadeDir(x.t, b.ctx, dir, at)
	switch {
	case err != nil:
		return err
	case g != nil && !g.isDir(rel):
		return g.absent(rel, at)
	case g != nil:
		files = g.below(rel)
	default:
		tokens, err := x.sourceTree(src)
		if err != nil {
			return err
		}
		for _, tok := range tokens {
			p, _ := tokenPath(tok)
			files = append(files, p)
		}
	}
	for _, p := range files {
		rel, _ := below(dir, inWorkspace(p))
		out.add(to.section, to.in(path.Join(dst, rel)), p)
	}
	return nil
}

// addDirs adds the files of directories that a rule makes to a goal. When it is
// planned, what they will be is not known; that they are to be made is.
func (r *Rules) addDirs(t *engine.Task, k dirKey, m *maker, out *Goal) error {
	for _, n := range m.dirs {
		p := path.Join(k.dir, n)
		tar, list, _ := packOf(path.Join(root(k.ctx), p))
		out.Files = append(out.Files, tar, list)
		g, err := r.madeDirQ.Get(t, dirKey{k.ctx, p})
		var later *Later
		if errors.As(err, &later) {
			continue
		}
		if err != nil {
			return err
		}
		out.Files = append(out.Files, g.below("")...)
	}
	return nil
}
