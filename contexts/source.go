package contexts

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/source"
	"erg.build/erg/toolchain/source/archive"
)

// sourceRoots is what the output roots of sources begin with. No context has
// such a name.
const sourceRoots = action.BuildDir + "/.source."

func sourceRoot(a addr.Source) string { return sourceRoots + a.Short() }

// sourceInstances expands source NAME.
func (ev *Evaluator) sourceInstances(t *engine.Task, a addr.Source) (*instances, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	in, diags := ev.expand(ws.Source(a.Name).ForEach, &scope{ev: ev, t: t})
	return in, ev.report(diags)
}

// pruneSources removes what former builds made of sources that are gone.
func pruneSources(t *engine.Task, ws *config.Workspace) {
	t.Prune("source.", func(target, _ string) bool {
		a, err := addr.Parse(target)
		s, ok := a.(addr.Source)
		return err != nil || !ok || ws.Source(s.Name) != nil
	})
}

// A sourceReader evaluates the attributes of a source.
type sourceReader struct {
	sc    *scope
	diags hcl.Diagnostics
}

func (r *sourceReader) text(expr hcl.Expression, what string) string {
	if expr == nil {
		return ""
	}
	val, more := lang.Eval(expr, r.sc)
	r.diags = append(r.diags, more...)
	if more.HasErrors() || val.IsNull() {
		return ""
	}
	s, more := lang.String(val, expr.Range(), what)
	r.diags = append(r.diags, more...)
	return s.Value
}

func (r *sourceReader) bad(expr hcl.Expression, summary, format string, args ...any) {
	if !r.diags.HasErrors() { // else it may be because of that
		r.diags = append(r.diags, errorAt(expr.Range(), summary, format, args...)...)
	}
}

// number evaluates a whole number, not below 0.
func (r *sourceReader) number(expr hcl.Expression, what string, otherwise int) int {
	if expr == nil {
		return otherwise
	}
	val, more := lang.Eval(expr, r.sc)
	n, bad := lang.Int(val, expr.Range(), what)
	r.diags = append(append(r.diags, more...), bad...)
	if n.Value < 0 || n.Value > 1<<30 {
		r.bad(expr, "Unsuitable value", "%s is a whole number from 0 on.", what)
	}
	return int(n.Value)
}

// source evaluates an instance of a source.
func (ev *Evaluator) source(t *engine.Task, a addr.Source) (*source.Source, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	b := ws.Source(a.Name)
	in, err := ev.sourceSetsQ.Get(t, addr.Source{Name: a.Name})
	if err != nil {
		return nil, err
	}
	r := &sourceReader{sc: &scope{ev: ev, t: t, each: in.each[a.Key]}}
	kind, from := b.Kind()
	s := &source.Source{Name: a.String(), Root: sourceRoot(a), Site: site(b.Range), Kind: source.Kind(kind),
		Fetched: ev.opts.Fetched[a], Limits: archive.DefaultLimits}
	s.Address = r.text(from, kind)
	s.Rev = r.text(b.Rev, "rev")
	r.checkAddress(t, s, from, b.Rev)
	if text := r.text(b.Integrity, "integrity"); text != "" {
		if s.Integrity, err = source.ParseIntegrity(text); err != nil {
			r.bad(b.Integrity, "Invalid integrity", "%s", sentence(err.Error()))
		}
	}
	s.Strip = r.number(b.Strip, "strip", map[source.Kind]int{source.NPM: 1, source.URL: source.Auto}[s.Kind])
	s.Limits.Files = r.number(b.MaxFiles, "max_files", s.Limits.Files)
	if text := r.text(b.MaxSize, "max_size"); text != "" {
		if s.Limits.Bytes, err = parseSize(text); err != nil {
			r.bad(b.MaxSize, "Unsuitable value", "%s", sentence(err.Error()))
		}
	}
	patches, more := ev.inputFiles(r.sc, b.Patches, "")
	s.Patches = patches
	r.diags = append(r.diags, more...)
	if err := ev.report(r.diags); err != nil {
		return nil, err
	}
	if w := r.sc.waits(); len(w) > 0 {
		return nil, ev.report(errorAt(b.Range, "Source not known before building", "It depends on %v, which only a build can tell.", w))
	}
	return s, nil
}

var (
	npmSpec = lazily(`^(@[A-Za-z0-9~][A-Za-z0-9~._-]*/)?[A-Za-z0-9~][A-Za-z0-9~._-]*@[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$`)
	gitRev  = lazily(`^[A-Za-z0-9_][A-Za-z0-9_./+@-]*$`)
	urlForm = lazily(`^(https?://[^/]|file:///)`)
)

// lazily compiles a regular expression when it is asked for: erg starts far more
// often than it reads a source block.
func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// checkAddress judges where a source comes from, and spells directories as
// package action does.
func (r *sourceReader) checkAddress(t *engine.Task, s *source.Source, from, rev hcl.Expression) {
	switch {
	case r.diags.HasErrors():
	case s.Address == "" || strings.HasPrefix(s.Address, "-"):
		r.bad(from, "Unsuitable value", "%q is not where anything could come from.", s.Address)
	case s.Kind == source.NPM && !npmSpec().MatchString(s.Address):
		r.bad(from, "Not a package of npm", "npm is a package with its exact version: \"ocaml@5.3.0\" or \"@scope/name@1.2.3\", not %q.", s.Address)
	case s.Kind == source.URL && strings.Contains(s.Address, ":") && !urlForm().MatchString(s.Address):
		r.bad(from, "Not a URL", "url begins with https://, http:// or file:///, or is a file of the workspace; %q is neither.", source.Redact(s.Address))
	case s.Kind == source.Git && !gitRev().MatchString(s.Rev):
		r.bad(rev, "Not a revision", "rev is a tag, a branch or a commit; %q is not the name of one.", s.Rev)
	case s.Kind == source.Dir:
		dir := path.Clean(s.Address)
		if path.IsAbs(dir) || dir == ".." || strings.HasPrefix(dir, "../") {
			dir = path.Join(t.Abs(""), dir)
			if path.IsAbs(s.Address) {
				dir = path.Clean(s.Address)
			}
			if rel, ok := strings.CutPrefix(dir, t.Abs("")+"/"); ok {
				dir = rel
			}
		}
		if dir == "." || dir == t.Abs("") || action.IsOutput(dir) || dir == action.BuildDir {
			r.bad(from, "Unsuitable value", "dir is a directory below or beside the workspace, and not the workspace or what it builds.")
		} else if !isDir(t, dir) {
			hint := ""
			if !path.IsAbs(dir) {
				hint = suggestEntry(t, dir)
			}
			r.bad(from, "No such directory", "There is no directory %q.%s", s.Address, hint)
		}
		s.Path = dir
	}
}

// parseSize reads a number of bytes: "512M", "16G".
func parseSize(text string) (int64, error) {
	unit := int64(1)
	num := text
	if i := strings.IndexAny(text, "KMGT"); i > 0 && i == len(text)-1 {
		unit, num = 1<<(10*(1+strings.IndexByte("KMGT", text[i]))), text[:i]
	}
	n, err := strconv.ParseInt(num, 10, 64)
	if err != nil || n <= 0 || n > (1<<62)/unit {
		return 0, fmt.Errorf("%q is no size: write \"512M\" or \"16G\"", text)
	}
	return n * unit, nil
}

// resolveSource resolves source.NAME["KEY"]: the directory with its files.
func (sc *scope) resolveSource(ref lang.Ref) (cty.Value, int, hcl.Diagnostics) {
	all := len(ref.Steps)
	name, diags := stepName(ref, 0, "the name of a source")
	if name == "" {
		return cty.DynamicVal, all, diags
	}
	ws, err := sc.ev.workspaceQ.Get(sc.t, "")
	if ws == nil {
		return cty.DynamicVal, all, sc.ev.diagnose(err, ref.Range, "Cannot read the workspace")
	}
	if ws.Source(name) == nil {
		var names []string
		for _, s := range ws.Sources {
			names = append(names, s.Name)
		}
		return absentRef(ref, 1, "source", name, names)
	}
	at, n := addr.Source{Name: name}, 1
	in, err := sc.ev.sourceSetsQ.Get(sc.t, at)
	if err != nil {
		return cty.DynamicVal, all, sc.ev.diagnose(err, ref.Range, "Invalid for_each")
	}
	if !in.single {
		key, diags := in.keyStep(ref, 1, at.String())
		if key == "" {
			return cty.DynamicVal, all, diags
		}
		at.Key, n = key, 2
	}
	if all > n {
		return cty.DynamicVal, all, errorAt(ref.Range, "Invalid reference", "A source is a directory; a file of it is written \"${%s}/path\".", at)
	}
	tr, err := sc.ev.treeQ.Get(sc.t, at)
	if err != nil {
		return cty.UnknownVal(cty.String), all, sc.ev.diagnose(err, ref.Range, "Invalid source")
	}
	sc.linkSource(at)
	return tr.val(), n, nil
}

// missingIntegrity says that a source cannot be fetched yet.
func missingIntegrity(a addr.Source, b *config.Source) hcl.Diagnostics {
	return errorAt(b.Range, "Source without integrity",
		"%s is fetched, so what it is must be known before. Run\n  erg source lock %s\nwhich fetches it and writes its integrity here.", a, a.Short())
}
