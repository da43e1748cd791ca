package contexts

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"

	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// files is how functions see the source files of a directory.
type files struct {
	t   *engine.Task
	dir string
	ev  *Evaluator // to see the files of sources, too; nil not to
}

// noFiles is for expressions that are only checked.
type noFiles struct{}

func (noFiles) Glob(string) ([]string, error)   { return nil, nil }
func (noFiles) ReadFile(string) ([]byte, error) { return nil, nil }

// ReadFile implements lang.FileSource.
func (f *files) ReadFile(name string) ([]byte, error) {
	if strings.HasPrefix(path.Clean(name), sourceRoots) {
		return nil, fmt.Errorf("file reads source files, and %q comes from a source; declare an output with file = … and parse = \"text\" to read it", path.Base(name))
	}
	p, err := inside(f.dir, name)
	if err != nil {
		return nil, err
	}
	b, err := f.t.ReadFile(p)
	if errors.Is(err, fs.ErrNotExist) {
		if near := nearEntry(f.t, p); near != "" {
			return nil, fmt.Errorf("there is no file %q, but there is %q", name, near)
		}
		return nil, fmt.Errorf("there is no file %q", name)
	}
	return b, err
}

func inside(dir, name string) (string, error) {
	p := joinPath(dir, name)
	if path.IsAbs(name) || p == ".." || strings.HasPrefix(p, "../") {
		return "", fmt.Errorf("%q lies outside of the workspace", name)
	}
	return p, nil
}

// Glob implements lang.FileSource: * and ? stay within a name, ** crosses
// directories, [a-z] is a class. Names that begin with a dot match nothing.
func (f *files) Glob(pattern string) ([]string, error) {
	if _, err := inside(f.dir, pattern); err != nil {
		return nil, err
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("%q is not a pattern: %w", pattern, err)
	}
	if names, ok, err := f.globTree(pattern); ok || err != nil {
		return names, err
	}
	var out []string
	err := f.match("", strings.Split(path.Clean(pattern), "/"), &out)
	sort.Strings(out)
	return unique(out), err
}

func (f *files) match(at string, pattern []string, out *[]string) error {
	head, rest := pattern[0], pattern[1:]
	if head == ".." {
		return f.match(path.Join(at, head), rest, out)
	}
	entries, err := f.t.ReadDir(joinPath(f.dir, at))
	if err != nil {
		return err
	}
	if head == "**" {
		if len(rest) == 0 {
			rest = []string{"*"}
		}
		if err := f.match(at, rest, out); err != nil {
			return err
		}
	}
	for _, e := range entries {
		name := path.Join(at, e.Name)
		if head == "**" {
			if e.Dir && !e.Link {
				if err := f.match(name, pattern, out); err != nil {
					return err
				}
			}
			continue
		}
		if ok, _ := path.Match(head, e.Name); !ok {
			continue
		}
		if err := checkName(f.dir, e.Name); err != nil {
			return err
		}
		switch {
		case len(rest) == 0 && !e.Dir:
			*out = append(*out, name)
		case len(rest) > 0 && e.Dir:
			if err := f.match(name, rest, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkName refuses names that values of the configuration language cannot
// hold: it normalises strings, and the file would not be found again.
func checkName(dir, name string) error {
	switch {
	case !utf8.ValidString(name):
		return fmt.Errorf("the name of file %q in %s is not UTF-8: rename it", name, orTop(dir))
	case !norm.NFC.IsNormalString(name):
		return fmt.Errorf("the name of file %+q in %s is not in Unicode's normal form C: rename it to %+q", name, orTop(dir), norm.NFC.String(name))
	case strings.ContainsAny(name, "\x00\x01\x02\x03\x04\n"):
		return fmt.Errorf("the name of file %q in %s has a control character: rename it", name, orTop(dir))
	}
	return nil
}

// relative words an error about a file with its path in the workspace.
func relative(err error, p string) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("file %q: %w", p, pe.Err)
	}
	return err
}

// orTop names a directory for people.
func orTop(dir string) string {
	if dir == "" {
		return "the top directory"
	}
	return dir
}

// filePath returns the file that a value names: a file with a mark, the
// output of a rule of the directory, or a source file. ok is false for a
// value that is not known yet.
func (ev *Evaluator) filePath(t *engine.Task, val cty.Value, dir string, d *directory, rng hcl.Range) (p string, ok bool, diags hcl.Diagnostics) {
	s, diags := lang.String(val, rng, "a file")
	if diags.HasErrors() || !s.Known {
		return "", false, diags
	}
	for _, m := range lang.FilesOf(s.Marks) {
		if m.Path == s.Value {
			return m.Path, true, nil
		}
	}
	if tr, rel := inTree(s.Value, s.Marks); tr != nil {
		return tr.file(rel, rng)
	}
	p, err := inside(dir, s.Value)
	if err != nil {
		return "", false, errorAt(rng, "Outside of the workspace", "%s", sentence(err.Error()))
	}
	exists, err := t.Exists(p)
	if err != nil {
		return "", false, ev.diagnose(relative(err, p), rng, "Cannot look for a file")
	}
	var made *target
	if d != nil {
		made = d.outputs[joinPath(s.Value)]
	}
	switch {
	case made != nil && made.enabled && exists:
		return "", false, errorAt(rng, "Two files of one name", "%q is a source file and also made by %s: rename one of them.", s.Value, made.addr())
	case made != nil && !made.enabled && !exists:
		return "", false, made.disabled(rng)
	case made != nil && made.enabled:
		return joinPath(d.root, p), true, nil
	case exists:
		if err := checkName(path.Dir(p), path.Base(p)); err != nil {
			return "", false, errorAt(rng, "Invalid file name", "%s", sentence(err.Error()))
		}
		return p, true, nil
	}
	hint := suggestEntry(t, p)
	if d != nil && hint == "" {
		hint = suggestOnly(s.Value, keys(d.outputs))
	}
	if d == nil {
		return "", false, errorAt(rng, "No such file", "There is no source file %q.%s", s.Value, hint)
	}
	return "", false, errorAt(rng, "No such file", "There is no source file %q in %s, and no rule there makes it.%s", s.Value, orTop(dir), hint)
}

// inputFiles evaluates a list of files: those with a mark, outputs of rules,
// sources, and directories, which stand for all files in them.
func (ev *Evaluator) inputFiles(sc *scope, expr hcl.Expression, dir string) ([]string, hcl.Diagnostics) {
	if expr == nil {
		return nil, nil
	}
	val, diags := lang.Eval(expr, sc)
	if diags.HasErrors() {
		return nil, diags
	}
	list, more := stringsOf(val, expr.Range(), "a list of files")
	diags = append(diags, more...)
	if diags.HasErrors() {
		return nil, diags
	}
	var out []string
	sc.partial = sc.partial || !list.Known
	for i, a := range list.Value {
		if !a.Known {
			sc.partial = true
			continue
		}
		rng := elementRange(expr, i)
		sc.useTrees(a.Marks)
		if tr, rel := inTree(a.Value, a.Marks); tr != nil && tr.names[rel] {
			out = append(out, tr.below(rel)...)
			continue
		}
		v := cty.StringVal(a.Value).WithMarks(a.Marks)
		if i := slices.IndexFunc(lang.FilesOf(a.Marks), func(m lang.FileMark) bool { return action.IsPackageOutput(m.Path) }); i >= 0 {
			out = append(out, lang.FilesOf(a.Marks)[i].Path) // a file of a package counts by all that it installed
			continue
		}
		if len(lang.FilesOf(a.Marks)) == 0 && isDir(sc.t, joinPath(dir, a.Value)) {
			names, err := (&files{t: sc.t, dir: dir}).Glob(path.Join(a.Value, "**"))
			if err != nil {
				diags = append(diags, ev.diagnose(err, rng, "Cannot read a directory")...)
			}
			for _, n := range names {
				out = append(out, joinPath(dir, n))
			}
			continue
		}
		p, ok, more := ev.filePath(sc.t, v, dir, sc.dir, rng)
		diags = append(diags, more...)
		if ok {
			out = append(out, p)
		}
	}
	return unique(out), diags
}

// elementRange is the place of the i-th element where a list is written out.
func elementRange(expr hcl.Expression, i int) hcl.Range {
	if list, diags := hcl.ExprList(expr); !diags.HasErrors() && i < len(list) {
		return list[i].Range()
	}
	return expr.Range()
}
