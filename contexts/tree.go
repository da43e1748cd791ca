package contexts

import (
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/source"
)

// A tree is the files of a source, for the expressions that name them: its
// value is the directory where they are laid out, a string that is marked with
// the tree, so "${source.zlib}/zlib.h" is a file of it.
type tree struct {
	addr  addr.Source
	tree  *source.Tree
	known bool // the list of files is known
	dir   string
	files []string        // below dir, sorted
	names map[string]bool // files and directories, relative to dir
}

// A treeMark is the mark of what was made of the value of a tree.
type treeMark struct{ *tree }

// tree describes how a source becomes a tree, and lays it out.
func (ev *Evaluator) tree(t *engine.Task, a addr.Source) (*tree, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	b := ws.Source(a.Name)
	s, err := ev.sourceQ.Get(ev.at(t, b.Range), a)
	if err != nil {
		return nil, err
	}
	if s.Kind.Fetches() && s.Integrity == "" {
		return nil, ev.report(missingIntegrity(a, b))
	}
	tr := &tree{addr: a, names: map[string]bool{"": true}}
	var files []string
	if s.Kind == source.Dir {
		if files, err = source.ListDir(t, s.Path); err != nil {
			return nil, ev.report(ev.diagnose(err, b.AttrRange("dir"), "Cannot read a directory"))
		}
	}
	if tr.tree, err = s.Define(t, files); err != nil {
		return nil, ev.report(ev.diagnose(err, b.Range, "Invalid source"))
	}
	tr.dir = tr.tree.Dir()
	list, known, err := tr.tree.Files(t)
	if err != nil {
		return nil, ev.report(ev.diagnose(err, b.Range, "Cannot read a source"))
	}
	if tr.known = known; known {
		if err := tr.tree.Lay(t, list); err != nil {
			return nil, ev.report(ev.diagnose(err, b.Range, "Invalid source"))
		}
		for _, f := range list {
			tr.files = append(tr.files, path.Join(tr.dir, f.Path))
			for p := f.Path; p != "."; p = path.Dir(p) {
				tr.names[p] = true
			}
		}
		sort.Strings(tr.files)
	}
	ev.noteValue(t, a.String(), tr.val(), b.Range, false)
	return tr, nil
}

// val is the directory. Until the files are known, it is not: whoever uses it
// could not be told what is in it.
func (tr *tree) val() cty.Value {
	val := cty.StringVal(tr.dir)
	if !tr.known {
		val = cty.UnknownVal(cty.String).RefineNotNull()
	}
	return val.Mark(treeMark{tr})
}

// useTrees notes the trees that an expression names files of.
func (sc *scope) useTrees(marks cty.ValueMarks) {
	for _, tr := range treesOf(marks) {
		if !slices.Contains(sc.trees, tr) {
			sc.trees = append(sc.trees, tr)
		}
	}
}

// stringsOf is lang.Strings, but for the marks of trees: those on a list, as
// glob returns one, are on each of its elements.
func stringsOf(val cty.Value, rng hcl.Range, what string) (lang.Native[[]lang.Native[string]], hcl.Diagnostics) {
	list, diags := lang.Strings(val, rng, what)
	for m := range list.Marks {
		if _, ok := m.(treeMark); !ok {
			continue
		}
		for i := range list.Value {
			marks := maps.Clone(list.Value[i].Marks)
			if marks == nil {
				marks = cty.ValueMarks{}
			}
			marks[m] = struct{}{}
			list.Value[i].Marks = marks
		}
	}
	return list, diags
}

// treesOf returns the trees among marks.
func treesOf(marks cty.ValueMarks) []*tree {
	var out []*tree
	for m := range marks {
		if tm, ok := m.(treeMark); ok {
			out = append(out, tm.tree)
		}
	}
	// One directory may be the beginning of another's name.
	sort.Slice(out, func(i, j int) bool { return out[i].dir > out[j].dir })
	return out
}

// inTree returns the tree, among marks, that a path lies in, and the path in it.
func inTree(p string, marks cty.ValueMarks) (*tree, string) {
	p = path.Clean(p)
	for _, tr := range treesOf(marks) {
		if p == tr.dir {
			return tr, ""
		}
		if rel, ok := strings.CutPrefix(p, tr.dir+"/"); ok {
			return tr, rel
		}
	}
	return nil, ""
}

// isFile reports whether a path of the tree is that of a file.
func (tr *tree) isFile(rel string) bool {
	i := sort.SearchStrings(tr.files, path.Join(tr.dir, rel))
	return i < len(tr.files) && tr.files[i] == path.Join(tr.dir, rel)
}

// below lists the files in a directory of the tree; of a file, itself.
func (tr *tree) below(rel string) []string {
	if rel == "" {
		return tr.files
	}
	p := path.Join(tr.dir, rel)
	if tr.isFile(rel) {
		return []string{p}
	}
	from := sort.SearchStrings(tr.files, p+"/")
	to := from
	for to < len(tr.files) && strings.HasPrefix(tr.files[to], p+"/") {
		to++
	}
	return tr.files[from:to:to]
}

// absent is the error for a file that a tree does not have.
func (tr *tree) absent(rel string, rng hcl.Range) hcl.Diagnostics {
	var near []string
	for n := range tr.names {
		if path.Dir(n) == path.Dir(rel) {
			near = append(near, n)
		}
	}
	sort.Strings(near)
	return errorAt(rng, "No such file in a source", "%s has no file %q.%s", tr.addr, rel, suggestOnly(rel, near))
}

// file returns the file that a value names, if it is in the tree.
func (tr *tree) file(rel string, rng hcl.Range) (string, bool, hcl.Diagnostics) {
	if !tr.isFile(rel) {
		return "", false, tr.absent(rel, rng)
	}
	if err := checkName(path.Dir(rel), path.Base(rel)); err != nil {
		return "", false, errorAt(rng, "Invalid file name", "%s", sentence(err.Error()))
	}
	return path.Join(tr.dir, rel), true, nil
}

// treeTokens replaces what names files and directories of trees, and lists
// the files that are meant: in a directory, all.
func treeTokens(text string, marks cty.ValueMarks) (string, []string) {
	var files []string
	for _, tr := range treesOf(marks) {
		for at := 0; ; {
			i := strings.Index(text[at:], tr.dir)
			if i < 0 {
				break
			}
			i += at
			rel := tr.longest(text[i+len(tr.dir):])
			p := path.Join(tr.dir, rel)
			end := i + len(p)
			if inToken(text, i) || rel == "" && end < len(text) && isNameByte(text[end]) {
				at = i + len(tr.dir)
				continue
			}
			files = append(files, tr.below(rel)...)
			ref := action.Ref(p)
			text = text[:i] + ref + text[end:]
			at = i + len(ref)
		}
	}
	return text, files
}

// longest returns the longest name of the tree that a text begins with, after
// a slash.
func (tr *tree) longest(text string) string {
	best := ""
	for n := range tr.names {
		if len(n) <= len(best) || !strings.HasPrefix(text, "/"+n) {
			continue
		}
		if end := 1 + len(n); end == len(text) || !isNameByte(text[end]) {
			best = n
		}
	}
	return best
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.' || c >= 0x80
}

// globTree is Glob for a pattern that begins with the directory of a tree.
func (f *files) globTree(pattern string) (names []string, ok bool, err error) {
	rest, ok := strings.CutPrefix(path.Clean(pattern), sourceRoots)
	if !ok || f.ev == nil {
		return nil, false, nil
	}
	short, rest, _ := strings.Cut(rest, "/")
	c, err := addr.ParseContext(short)
	if err != nil {
		return nil, false, nil
	}
	tr, err := f.ev.treeQ.Get(f.t, addr.Source(c))
	if err != nil {
		return nil, true, err
	}
	pat, ok := strings.CutPrefix(rest, "tree/")
	if !ok {
		return nil, false, nil
	}
	parts := strings.Split(pat, "/")
	for _, p := range tr.files {
		rel := strings.TrimPrefix(p, tr.dir+"/")
		if matchPath(parts, strings.Split(rel, "/")) {
			if err := checkName(tr.addr.String(), path.Base(rel)); err != nil {
				return nil, true, err
			}
			names = append(names, p)
		}
	}
	return names, true, nil
}

// matchPath matches the elements of a name, as Glob does.
func matchPath(pattern, name []string) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	if pattern[0] == "**" {
		if len(pattern) == 1 {
			pattern = []string{"**", "*"}
		}
		for i := range name {
			if matchPath(pattern[1:], name[i:]) {
				return true
			}
			if strings.HasPrefix(name[i], ".") {
				return false
			}
		}
		return false
	}
	if len(name) == 0 || strings.HasPrefix(name[0], ".") {
		return false
	}
	ok, _ := path.Match(pattern[0], name[0])
	return ok && matchPath(pattern[1:], name[1:])
}
