package rules

import (
	_ "embed"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/template"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/toolchain"
	"erg.build/erg/toolchain/ocaml"
)

// treeOf returns the tree as a context has it: with the stanzas that dune
// files in OCaml syntax send for it.
func (r *Rules) treeOf(t *engine.Task, c addr.Context) (*tree, error) { return r.ownTreeQ.Get(t, c) }

func (r *Rules) ownTree(t *engine.Task, c addr.Context) (*tree, error) {
	tr, err := r.treeQ.Get(t, "")
	if err != nil || !slices.ContainsFunc(tr.order, func(d *dir) bool { return d.script != "" }) {
		return tr, err
	}
	covers, err := r.w.Covers(t, c)
	if err != nil {
		return nil, err
	}
	own := tr.clone()
	var scripts []*dir
	for _, d := range own.order {
		if d.script != "" && covers(d.path) {
			scripts = append(scripts, d)
		}
	}
	files := make([]*dune.File, len(scripts))
	fns := make([]func(*engine.Task) error, len(scripts))
	for i, d := range scripts {
		fns[i] = func(t *engine.Task) (err error) { files[i], err = r.scriptQ.Get(t, dirKey{c, d.path}); return err }
	}
	if err := t.Run(fns...); err != nil {
		return nil, firstOf(err)
	}
	w := &walker{r: r, t: t, tree: own, pending: map[string][]*dune.File{}}
	for i, d := range scripts {
		above := d.stanzas // what subdir stanzas say of it
		d.stanzas = nil
		if err := w.add(d, files[i], &dune.Dirs{}); err != nil {
			return nil, err
		}
		d.stanzas = append(d.stanzas, above...)
	}
	return own, r.w.Report(w.diags)
}

// clone copies the directories of a tree.
func (tr *tree) clone() *tree {
	out := *tr
	out.dirs, out.order = make(map[string]*dir, len(tr.dirs)), make([]*dir, len(tr.order))
	for i, d := range tr.order {
		x := *d
		x.below = nil
		out.dirs[d.path], out.order[i] = &x, &x
	}
	for _, d := range tr.order {
		x := out.dirs[d.path]
		if d.parent != nil {
			x.parent = out.dirs[d.parent.path]
		}
		for _, b := range d.below {
			x.below = append(x.below, out.dirs[b.path])
		}
	}
	return &out
}

// scriptRounds bounds how often a script runs until all is known that it looks at.
const scriptRounds = 8

//go:embed script.ml
var scriptText string

var scriptPrelude = template.Must(template.New("script.ml").Parse(scriptText))

// A scripting is the evaluation of a dune file in OCaml syntax. What such a
// program looks at is known when it has run, so it runs again with that as a
// part of its key, until it looks at nothing else. That is sound: a program
// that does the same for the same answers, and all of whose questions are in
// the key, has nothing to depend on beside it. What decides no question, an
// outdated list of an earlier round, is a hint and no more.
type scripting struct {
	r    *Rules
	t    *engine.Task
	ctx  addr.Context
	d    *dir
	tc   *ocaml.Toolchain // of the host, which runs it
	spec action.Spec
	env  map[string]string
	seen map[string]bool
	said []string // about files and directories, for the key
}

// script runs the dune file of a directory and reads what it sends.
func (r *Rules) script(t *engine.Task, k dirKey) (*dune.File, error) {
	tr, err := r.treeQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	d := tr.in(k.dir)
	at := hcl.Range{Filename: d.script, Start: hcl.InitialPos, End: hcl.InitialPos}
	x := &scripting{r: r, t: r.w.At(t, at), ctx: k.ctx, d: d, env: map[string]string{}, seen: map[string]bool{}}
	text, err := x.run(at)
	if err != nil {
		return nil, r.fail(err, at, "Cannot run a dune file")
	}
	name := d.script + " (as sent)"
	r.w.File(name, []byte(text))
	f, diags := dune.ReadScript(name, []byte(text), d.project.Project)
	return f, r.w.Report(r.once(diags))
}

// run returns what the program sends.
func (x *scripting) run(at hcl.Range) (string, error) {
	if err := x.prepare(at); err != nil {
		return "", err
	}
	for range scriptRounds {
		spec := x.spec
		spec.Env = toolchain.Environ(x.env)
		if len(x.said) > 0 {
			slices.Sort(x.said)
			spec.Tools = append(slices.Clone(spec.Tools), action.Tool{Name: "what it looks at", Identity: digest.OfString(strings.Join(x.said, "\n"))})
		}
		out, err := x.t.Probe(spec)
		if err != nil {
			return "", scriptError(err, at)
		}
		looks, text, sent := strings.Cut("\n"+string(out), "\nsent\n")
		more := false
		for _, line := range strings.Split(strings.TrimSpace(looks), "\n") {
			if line == "" || x.seen[line] {
				continue
			}
			x.seen[line], more = true, true
			if err := x.look(line); err != nil {
				return "", err
			}
		}
		switch {
		case more:
		case !sent:
			return "", errorAt(at, "Nothing sent", "This dune file is a program in OCaml, and has not called Jbuild_plugin.V1.send with the stanzas.")
		default:
			return text, nil
		}
	}
	return "", errorAt(at, "Cannot run a dune file", "Each time that this program runs, it looks at other files or variables.")
}

// scriptError words the failure of a program.
func scriptError(err error, at hcl.Range) error {
	var p *engine.ProbeError
	if !errors.As(err, &p) {
		return err
	}
	return errorAt(at, "A dune file failed", "This dune file is a program in OCaml, and it failed: %v.\n%s", p.Err, strings.TrimRight(p.Output, "\n"))
}

// constantName is how variables of the environment are named in a program.
var constantName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"([A-Z][A-Z0-9_]+)"`) })

var banned = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^#(require|use|use_mod)\b.*`) })

// prepare makes the specification of the first round.
func (x *scripting) prepare(at hcl.Range) error {
	src, err := x.t.ReadFile(x.d.script)
	if err != nil {
		return err
	}
	if m := banned().FindIndex(src); m != nil {
		at.Start = hcl.Pos{Line: 1 + strings.Count(string(src[:m[0]]), "\n"), Column: 1, Byte: m[0]}
		at.End = hcl.Pos{Line: at.Start.Line, Column: 1 + m[1] - m[0], Byte: m[1]}
		return errorAt(at, "Not in a dune file", "A dune file in OCaml syntax can neither load libraries nor other files. To run a program, use Jbuild_plugin.V1.run_and_read_lines.")
	}
	host, err := x.r.w.Host(x.t, x.ctx)
	if err != nil {
		return err
	}
	for _, c := range []addr.Context{x.ctx, host} {
		tc, err := x.r.w.OCaml(x.t, c)
		if err != nil {
			return err
		}
		if tc == nil {
			return errorAt(at, "No OCaml toolchain", "This dune file is a program in OCaml, and context %s has no OCaml toolchain to run it.", c)
		}
		x.tc = tc
	}
	if x.tc.Tool("ocaml") == "" {
		return errorAt(at, "No such tool", "This dune file is a program in OCaml, and the compiler of context %s has no toplevel, ocaml, to run it.", host)
	}
	prelude, err := x.prelude()
	if err != nil {
		return err
	}
	for n, v := range x.tc.Env() {
		x.env[n] = v
	}
	x.env["PATH"] = path.Dir(x.tc.Tool("ocaml")) + ":" + x.t.Getenv("PATH")
	for _, m := range append(constantName().FindAllStringSubmatch(string(src), -1), []string{"", "HOME"}) {
		x.variable(m[1])
	}
	// What the program tells goes a way of its own: what it prints is for
	// people, who want it when it fails.
	const sh = `exec 3>&1
out=$({ printf '%s\n' "$1"; cat "$2"; } | "$3" -I +compiler-libs /dev/stdin 2>&1) || { s=$?; printf '%s\n' "$out" >&2; exit $s; }`
	x.spec = action.Spec{
		Name: "ocaml " + x.d.script, Dir: x.d.path, Inputs: []string{x.d.script},
		Argv:  []string{"/bin/sh", "-c", sh, "sh", prelude, action.Ref(x.d.script), x.tc.Tool("ocaml")},
		Tools: []action.Tool{{Name: "ocaml", Identity: x.tc.Identity()}},
	}
	return nil
}

// prelude is what comes before the program: Jbuild_plugin, and functions of
// the standard library that tell what they are asked for.
func (x *scripting) prelude() (string, error) {
	tc, err := x.r.w.OCaml(x.t, x.ctx)
	if err != nil {
		return "", err
	}
	type line struct{ Name, Value string }
	var config []line
	for _, n := range tc.ConfigNames() {
		config = append(config, line{ocamlString(n), ocamlString(tc.Config(n))})
	}
	var b strings.Builder
	err = scriptPrelude.Execute(&b, map[string]any{
		"Context": ocamlString(x.ctx.String()), "Version": ocamlString(tc.Version()), "Config": config,
		"InChannel": x.tc.AtLeast(4, 14), "File": ocamlString(x.d.script),
	})
	return strings.TrimRight(b.String(), "\n"), err
}

// variable passes a variable of the environment on.
func (x *scripting) variable(name string) {
	if _, ok := x.env[name]; ok {
		return
	}
	if v := x.t.Getenv(name); v != "" {
		x.env[name] = v
	}
}

// look makes one thing that the program asked for a part of the key.
func (x *scripting) look(line string) error {
	kind, name, _ := strings.Cut(line, " ")
	p := name
	if !path.IsAbs(name) {
		p = joinPath(x.d.path, name)
	}
	if action.IsOutput(p) || p == ".." || strings.HasPrefix(p, "../") {
		return nil // not of the workspace
	}
	switch kind {
	case "env":
		x.variable(name)
	case "run":
		if words := strings.Fields(name); len(words) > 0 {
			return x.program(words[0])
		}
	case "file":
		ok, err := x.t.Exists(p)
		if err != nil {
			return err
		}
		if ok {
			x.spec.Inputs = append(x.spec.Inputs, p)
			return nil
		}
		return x.directory(p, false)
	case "dir":
		return x.directory(p, true)
	}
	return nil
}

// directory adds that a directory is there, or what is in it.
func (x *scripting) directory(p string, listed bool) error {
	entries, err := x.t.ReadNames(p)
	if err != nil {
		return err
	}
	said := fmt.Sprintf("%s %t", p, len(entries) > 0)
	for _, e := range entries {
		if listed {
			said += fmt.Sprintf(" %q", e.Name)
		}
	}
	x.said = append(x.said, said)
	return nil
}

// program adds a program of the machine that a command begins with.
func (x *scripting) program(name string) error {
	p, err := x.t.LookPath(name)
	if err != nil || strings.Contains(name, "/") {
		return nil // a word of the shell, or one that the command itself complains of
	}
	d, err := x.t.FileDigest(p)
	if err == nil {
		x.spec.Tools = append(x.spec.Tools, action.Tool{Name: name, Identity: d})
	}
	return err
}
