package contexts

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain/source"
)

// A sourceTree is what a package is built from.
type sourceTree struct {
	dir    string   // as package action spells it
	inputs []string // all files below it
}

// sourceTree evaluates the source of a package: a directory of the workspace,
// or one of a source block's tree. nil stands for one that is not known yet. What else may be a source is
// decided here and nowhere else.
func (ev *Evaluator) sourceTree(sc *scope, expr hcl.Expression) (*sourceTree, hcl.Diagnostics) {
	val, diags := lang.Eval(expr, sc)
	s, more := lang.String(val, expr.Range(), "source")
	if diags = append(diags, more...); diags.HasErrors() || !s.Known {
		return nil, diags
	}
	for _, tr := range treesOf(s.Marks) {
		if s.Value == tr.dir || strings.HasPrefix(s.Value, tr.dir+"/") {
			return tr.part(path.Clean(s.Value), expr.Range())
		}
	}
	base := ""
	if sc.dir != nil {
		base = sc.dir.dir
	}
	dir, err := inside(base, s.Value)
	switch {
	case err != nil:
		return nil, errorAt(expr.Range(), "Outside of the workspace", "%s", sentence(err.Error()))
	case dir == "":
		return nil, errorAt(expr.Range(), "Not a source tree", "source is a directory of the workspace, not the workspace itself.")
	case !isDir(sc.t, dir):
		hint := suggestEntry(sc.t, dir)
		if base != "" {
			hint = strings.Replace(hint, `"`+base+"/", `"`, 1) // as it is to be written here
		}
		return nil, errorAt(expr.Range(), "No such directory", "There is no directory %q.%s", s.Value, hint)
	}
	tree := &sourceTree{dir: dir}
	if err := tree.list(sc.t, dir); err != nil {
		return nil, ev.diagnose(err, expr.Range(), "Cannot read the source")
	}
	if len(tree.inputs) == 0 {
		return nil, errorAt(expr.Range(), "Nothing to build", "There are no files in directory %q.", s.Value)
	}
	return tree, nil
}

// part is a directory of a tree, as the source of a package.
func (tr *tree) part(dir string, rng hcl.Range) (*sourceTree, hcl.Diagnostics) {
	out := &sourceTree{dir: dir}
	for _, f := range tr.files {
		if strings.HasPrefix(f, dir+"/") {
			out.inputs = append(out.inputs, f)
		}
	}
	if len(out.inputs) == 0 {
		return nil, errorAt(rng, "No such directory", "There is no directory %q in %s.", strings.TrimPrefix(strings.TrimPrefix(dir, tr.dir), "/"), tr.addr)
	}
	return out, nil
}

// onlyPart leaves in a tree what the attribute only names: files, directories,
// which stand for all files in them, and patterns, as for glob.
func (ev *Evaluator) onlyPart(sc *scope, tree *sourceTree, expr hcl.Expression) hcl.Diagnostics {
	val, diags := lang.Eval(expr, sc)
	list, more := lang.StringList(val, expr.Range(), "only")
	if diags = append(diags, more...); diags.HasErrors() {
		return diags
	}
	if !list.Known {
		return append(diags, errorAt(expr.Range(), "Not known before building", "Which files a package is built from must be known before anything is built.")...)
	}
	keep := map[string]bool{}
	for i, name := range list.Value {
		p := path.Clean(name)
		if _, err := path.Match(p, ""); err != nil {
			diags = append(diags, errorAt(elementRange(expr, i), "Invalid pattern", "%q is not a pattern: %s.", name, err)...)
			continue
		}
		found := false
		for _, f := range tree.inputs {
			rel := strings.TrimPrefix(f, tree.dir+"/")
			if rel == p || strings.HasPrefix(rel, p+"/") || matchPath(strings.Split(p, "/"), strings.Split(rel, "/")) {
				keep[f], found = true, true
			}
		}
		if !found {
			diags = append(diags, errorAt(elementRange(expr, i), "No such file in the source", "Nothing in the source of the package is named %q.%s", name, didYouMean(p, tree.names(path.Dir(p))))...)
		}
	}
	tree.inputs = slices.DeleteFunc(tree.inputs, func(f string) bool { return !keep[f] })
	return diags
}

// names lists the files and directories that lie in a directory of the tree,
// relative to the tree.
func (s *sourceTree) names(dir string) []string {
	var out []string
	for _, f := range s.inputs {
		rel := strings.TrimPrefix(f, s.dir+"/")
		below, ok := rel, true
		if dir != "." {
			below, ok = strings.CutPrefix(rel, dir+"/")
		}
		if ok {
			first, _, _ := strings.Cut(below, "/")
			out = append(out, path.Join(dir, first))
		}
	}
	return unique(out)
}

// list adds the files of a directory and below. Unlike glob, it takes those
// whose names begin with a dot: packages have such.
func (s *sourceTree) list(t *engine.Task, dir string) error {
	entries, err := t.ReadNames(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := checkName(dir, e.Name); err != nil {
			return err
		}
		p := path.Join(dir, e.Name)
		switch {
		case source.Skips(e.Name):
		case e.Dir && e.Link:
			return fmt.Errorf("%s is a symbolic link to a directory, which the source of a package cannot have", p)
		case e.Dir:
			if err := s.list(t, p); err != nil {
				return err
			}
		default:
			s.inputs = append(s.inputs, p)
		}
	}
	return nil
}
