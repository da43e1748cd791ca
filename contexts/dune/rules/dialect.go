package rules

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// A moduleSource is a source of a module as its name tells.
type moduleSource struct {
	module  string // its name, not capitalized
	intf    bool
	file    string // what compilers get: the source itself, or what is made of it
	dialect *dune.DialectFile
	at      hcl.Range // of the dialect
}

// writtenAs tells what a file of a project is a source of. Dialects come first:
// their extensions may end like OCaml's own (x.cppo.ml).
func (p *project) writtenAs(name string) (moduleSource, bool) {
	var best moduleSource
	length := 0
	for i := range p.Dialects {
		d := &p.Dialects[i]
		for _, f := range []struct {
			file *dune.DialectFile
			intf bool
		}{{&d.Implementation, false}, {&d.Interface, true}} {
			stem, ok := strings.CutSuffix(name, "."+f.file.Extension)
			if ok && f.file.Extension != "" && len(f.file.Extension) > length && isModuleName(stem) {
				length, best = len(f.file.Extension), moduleSource{stem, f.intf, name + mlExt(f.intf), f.file, d.Range}
			}
		}
	}
	if length > 0 {
		return best, true
	}
	for _, w := range []struct {
		ext  string
		intf bool
		file *dune.DialectFile
	}{{".ml", false, nil}, {".mli", true, nil}, {".re", false, reason}, {".rei", true, reason}} {
		stem, ok := strings.CutSuffix(name, w.ext)
		if !ok || !isModuleName(stem) {
			continue
		}
		out := moduleSource{module: stem, intf: w.intf, file: name, dialect: w.file}
		if w.file != nil {
			out.file = name + mlExt(w.intf)
		}
		return out, true
	}
	return moduleSource{}, false
}

func mlExt(intf bool) string {
	if intf {
		return ".mli"
	}
	return ".ml"
}

// reason is Reason, a dialect that needs no declaration.
var reason = &dune.DialectFile{Preprocess: &dune.Action{Op: dune.ActionRun, Args: []dune.Template{
	{Parts: []sexp.Part{{Var: &sexp.Var{Name: "bin", Payload: "refmt", HasPayload: true}}}},
	literal("--print", hcl.Range{}), literal("binary", hcl.Range{}), inputFile(hcl.Range{}),
}}}

func inputFile(at hcl.Range) dune.Template {
	return dune.Template{Parts: []sexp.Part{{Var: &sexp.Var{Name: "input-file", Range: at}}}, Range: at}
}

// dialects adds the files that compilers get for sources in dialects.
func (f *filler) dialects() error {
	f.promote = nil
	for _, n := range f.out.names() {
		w, ok := f.d.project.writtenAs(n)
		if !ok || w.dialect == nil || f.out.makers[w.file] != nil {
			continue
		}
		at := w.at
		if at.Filename == "" {
			at = hcl.Range{Filename: path.Join(f.d.path, n), Start: hcl.InitialPos, End: hcl.InitialPos}
		}
		k := key{ctx: f.ctx, dir: f.d.path, index: -1, name: string(addr.BlockRule) + "." + w.file}
		m := &maker{at: at, key: k, outs: []string{w.file}, define: func(t *engine.Task) error {
			return f.r.fail(f.r.translate(t, k, f.d, n, w, at), at, "Invalid dialect")
		}}
		if err := f.add(m, dune.ModeStandard); err != nil {
			return err
		}
	}
	return nil
}

// translate defines how a source in a dialect becomes one that compilers read:
// by the dialect's action, or as it is, under another name.
func (r *Rules) translate(t *engine.Task, k key, d *dir, name string, w moduleSource, at hcl.Range) error {
	out := path.Join(root(k.ctx), d.path, w.file)
	x := r.naming(t, k.ctx, d)
	from, err := r.file(t, k.ctx, path.Join(d.path, name), at)
	if err != nil {
		return err
	}
	x.inputs.add(from)
	x.local["input-file"] = []string{action.Ref(from)}
	a := &dune.Action{Op: dune.ActionCopyLine, Range: at, Args: []dune.Template{literal(action.Ref(from), at), literal(action.Ref(out), at)}}
	if p := w.dialect.Preprocess; p != nil {
		p = placed(p, at)
		a = copying(&dune.Action{Op: dune.ActionStdoutTo, Range: at, Actions: []*dune.Action{p}}, out)
	}
	return r.act(x, job{key: k, name: "translate " + path.Join(d.path, name), outs: []string{out}}, atTop(a), nil)
}

// placed gives a place to an action that no file holds.
func placed(a *dune.Action, at hcl.Range) *dune.Action {
	if a.Range.Filename != "" || a != reason.Preprocess {
		return a
	}
	b := *a
	b.Range, b.Args = at, slices.Clone(a.Args)
	for i, t := range b.Args {
		b.Args[i].Range = at
		b.Args[i].Parts = slices.Clone(t.Parts)
		for j, p := range t.Parts {
			if p.Var != nil {
				v := *p.Var
				v.Range = at
				b.Args[i].Parts[j].Var = &v
			}
		}
	}
	return &b
}

// editorDialects says which extensions of a project editors must know, as pairs
// of implementation and interface, and what reads files that have them. What is
// preprocessed and has no reader is no source for editors.
func (p *project) editorDialects() (suffixes []string, readers map[string][]string) {
	readers = map[string][]string{}
	known := func(f *dune.DialectFile, own string) string {
		switch ext := "." + f.Extension; {
		case f.Extension == "" || ext == own:
			return ""
		case len(f.MerlinReader) > 0:
			readers[ext] = f.MerlinReader
			return ext
		case f.Preprocess != nil:
			return ""
		default:
			return ext
		}
	}
	var pairs [][2]string
	for i := range p.Dialects {
		d := &p.Dialects[i]
		pair := [2]string{known(&d.Implementation, ".ml"), known(&d.Interface, ".mli")}
		if pair[0]+pair[1] != "" {
			pairs = append(pairs, pair)
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	for _, x := range pairs { // one that has no other half stands for both
		suffixes = append(suffixes, cmp.Or(x[0], x[1])+" "+cmp.Or(x[1], x[0]))
	}
	return suffixes, readers
}
