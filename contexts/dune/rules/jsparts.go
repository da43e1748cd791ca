package rules

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
	"erg.build/erg/toolchain/ocaml"
)

// A jsConfig is what all parts of a program have to be compiled with alike: flags
// of js_of_ocaml about effects, strings and toplevels, "" for what none says.
type jsConfig struct{ strings, effects, toplevel string }

// splitConfig takes the flags that are of the configuration from others.
func splitConfig(flags []string) (c jsConfig, others []string) {
	for i := 0; i < len(flags); i++ {
		f := flags[i]
		if i+1 < len(flags) && slices.Contains([]string{"--enable", "--disable", "--effects"}, f) {
			i++
			f += "=" + flags[i]
		}
		switch {
		case f == "--toplevel", f == "--enable=toplevel":
			c.toplevel = "--toplevel"
		case f == "--disable=toplevel":
			c.toplevel = ""
		case f == "--enable=use-js-string", f == "--disable=use-js-string":
			c.strings = f
		case f == "--disable=effects":
			c.effects = ""
		case f == "--enable=effects" && c.effects != "", f == "--effects=disabled":
		case f == "--enable=effects", strings.HasPrefix(f, "--effects="):
			c.effects = f
		default:
			others = append(others, f)
		}
	}
	return c, others
}

func (c jsConfig) args() []string {
	return slices.DeleteFunc([]string{c.toplevel, c.effects, c.strings}, func(s string) bool { return s == "" })
}

// dir is the directory of what is compiled so.
func (c jsConfig) dir() string {
	var words []string
	for _, f := range []string{c.strings, c.effects, c.toplevel} {
		switch word, value, _ := strings.Cut(strings.TrimPrefix(f, "--"), "="); {
		case f == "":
		case f == "--enable=effects":
			words = append(words, "effects=cps")
		case word == "enable":
			words = append(words, value)
		case word == "disable":
			words = append(words, "!"+value)
		default:
			words = append(words, strings.TrimPrefix(f, "--"))
		}
	}
	if len(words) == 0 {
		return "default"
	}
	return strings.Join(words, "+")
}

// jsParts has the parts of a program translated, each apart, and lists them in
// the order of the link.
func (r *Rules) jsParts(t *engine.Task, l *jsLink, p ocaml.Program) ([]string, error) {
	tc, err := r.w.OCaml(t, l.key.ctx)
	if err != nil {
		return nil, err
	}
	libs := map[*ocaml.Library]*library{}
	for _, o := range closure(l.needs.deps) {
		lib, err := r.described(t, l.key.ctx, o)
		if err != nil {
			return nil, err
		}
		libs[lib] = o
	}
	out := []string{l.runtime}
	add := func(k jsPartKey) error {
		k.ctx, k.config = l.key.ctx, l.config
		f, err := r.jsPartQ.Get(t, k)
		out = append(out, f)
		return err
	}
	err = add(jsPartKey{name: "stdlib", file: path.Join(tc.StandardLibrary(), "stdlib.cma")})
	for _, part := range p.Parts {
		if err != nil {
			break
		}
		switch o := libs[part.Library]; {
		case part.Standard != "":
			err = add(jsPartKey{name: part.Standard, file: part.File})
		case part.Library == nil:
			out = append(out, l.object(part))
		case o.stanza != nil:
			err = add(jsPartKey{lib: o.key, file: part.File})
		default:
			err = add(jsPartKey{name: o.name, file: part.File})
		}
	}
	if err == nil {
		err = add(jsPartKey{name: "stdlib", file: path.Join(tc.StandardLibrary(), "std_exit.cmo")})
	}
	return out, err
}

// object is where an object of the programs themselves is translated to.
func (l *jsLink) object(p ocaml.Part) string {
	return path.Join(l.objects, "jsoo", path.Base(p.File)+".js")
}

// jsObjects defines how these are. The programs of a stanza share them.
func (r *Rules) jsObjects(t *engine.Task, l *jsLink) error {
	done := map[string]bool{}
	for _, p := range l.programs {
		for _, part := range p.Parts {
			if part.Library != nil || part.Standard != "" || done[part.File] {
				continue
			}
			done[part.File] = true
			x := r.naming(t, l.key.ctx, l.d)
			if err := x.jsoo(l.key, l.at, append([]string{"--source-map-inline"}, l.flags...), []string{part.File}, l.object(part)); err != nil {
				return err
			}
		}
	}
	return nil
}

// A jsPartKey names an archive of a library that is translated apart.
type jsPartKey struct {
	ctx    addr.Context
	lib    key    // of the workspace, or
	name   string // of the installed library
	file   string
	config jsConfig // of the program
}

func (k jsPartKey) String() string { return "js_of_ocaml " + k.file }

// jsPart defines how one is translated.
func (r *Rules) jsPart(t *engine.Task, k jsPartKey) (string, error) {
	owner, out, err := r.jsOwner(t, k)
	if err != nil {
		return "", err
	}
	x := r.naming(t, k.ctx, owner.d)
	flags, err := x.evalFlags(&owner.js.Flags, flagsJS)
	if err != nil {
		return "", r.fail(err, owner.at, "Cannot make JavaScript")
	}
	_, flags = splitConfig(flags)
	x.inputs.use(owner.tools...)
	err = x.jsoo(owner.key, owner.at, slices.Concat([]string{"--source-map-inline"}, flags, k.config.args()), []string{k.file}, out)
	return out, r.fail(err, owner.at, "Cannot make JavaScript")
}

// A jsOwner is whose flags hold for a part.
type jsOwner struct {
	key   key
	d     *dir
	js    *dune.JavaScript
	at    hcl.Range
	tools []action.Tool
}

// jsOwner finds the owner of a part, and where its translation goes.
func (r *Rules) jsOwner(t *engine.Task, k jsPartKey) (*jsOwner, string, error) {
	base := path.Base(k.file) + ".js"
	if k.name != "" {
		return r.jsInstalled(t, k, base)
	}
	d, s, err := r.stanzaOf(t, k.lib)
	if err != nil {
		return nil, "", err
	}
	b, _, err := r.buildable(t, k.ctx, d, s)
	if err != nil {
		return nil, "", err
	}
	u, err := r.unitQ.Get(t, k.lib)
	if err != nil {
		return nil, "", err
	}
	at := path.Join(path.Dir(u.u.Layout.Objects), "jsoo", k.config.dir())
	return &jsOwner{key: k.lib, d: d, js: &b.JavaScript, at: s.At()}, path.Join(at, base), nil
}

// jsInstalled is jsOwner for a library that is not of the workspace: no stanza
// has flags for it.
func (r *Rules) jsInstalled(t *engine.Task, k jsPartKey, base string) (*jsOwner, string, error) {
	tr, err := r.treeOf(t, k.ctx)
	if err != nil {
		return nil, "", err
	}
	tc, err := r.w.OCaml(t, k.ctx)
	if err != nil {
		return nil, "", err
	}
	o := &jsOwner{d: tr.in(""), js: &dune.JavaScript{}, tools: []action.Tool{{Name: "ocaml", Identity: tc.Identity()}},
		key: key{ctx: k.ctx, index: -1, name: string(addr.BlockRule) + ".js-" + k.name}}
	if k.name != "stdlib" {
		l, err := r.outside(t, k.ctx, k.name)
		if err != nil {
			return nil, "", err
		}
		if l.inst != nil {
			o.tools = append(o.tools, l.inst.lib.Tools...)
		} else {
			more, err := tc.StandardTools(t, []string{k.name})
			if err != nil {
				return nil, "", err
			}
			o.tools = append(o.tools, more...)
		}
	}
	return o, path.Join(root(k.ctx), ".js", k.config.dir(), k.name, base), nil
}

// jsooCommand runs js_of_ocaml: of the workspace, or beside the context's
// compiler, whose byte code it has to know, or on PATH.
func (x *acting) jsooCommand(args []string, at hcl.Range) ([]string, error) {
	p, err := x.jsooProgram(at)
	if err != nil {
		return nil, err
	}
	if f, ok := tokenPath(p); ok {
		return x.built(f, args, at)
	}
	return append([]string{p}, args...), nil
}

const jsooName = "js_of_ocaml"

func (x *expander) jsooProgram(at hcl.Range) (string, error) {
	env, err := x.r.envQ.Get(x.t, dirKey{x.ctx, x.d.path})
	if err != nil {
		return "", err
	}
	host, err := x.where(x.ctx)
	if err != nil {
		return "", err
	}
	_, public, err := x.r.program(x.t, host, jsooName)
	if err != nil {
		return "", err
	}
	if _, bound := env.binaries[jsooName]; bound || public {
		return x.programNamed(jsooName, at)
	}
	tc, err := x.toolchain(at)
	if err != nil {
		return "", err
	}
	p := path.Join(path.Dir(tc.Tool("ocamlc")), jsooName)
	if ok, err := x.t.Exists(p); err != nil || !ok {
		if err != nil {
			return "", err
		}
		if p, err = x.r.onPath(x.t, host, jsooName); err != nil {
			return "", err
		}
	}
	if p == "" {
		return "", errorAt(at, "Program not found", "JavaScript is made by js_of_ocaml, which is neither in the workspace, nor beside the compiler, nor on PATH. It is in a package that is not installed: opam install js_of_ocaml-compiler, or on Debian apt-get install js-of-ocaml.")
	}
	if !path.IsAbs(p) {
		x.inputs.add(p)
		return action.Ref(p), nil
	}
	return p, x.inputs.tool(x.t, p)
}

// jsooAtLeast asks js_of_ocaml for its version. One that the workspace builds is
// as new as the language that its dune files are in.
func (x *expander) jsooAtLeast(major, minor int, at hcl.Range) (bool, error) {
	p, err := x.jsooProgram(at)
	if err != nil || !path.IsAbs(p) {
		return err == nil, err
	}
	id, err := x.t.FileDigest(p)
	if err != nil {
		return false, err
	}
	out, err := x.t.Probe(action.Spec{Name: jsooName + " --version", Argv: []string{p, "--version"},
		Tools: []action.Tool{{Name: jsooName, Identity: id}}, Env: toolchain.Environ(map[string]string{"PATH": searchPath})})
	if err != nil {
		return false, err
	}
	a, rest, _ := strings.Cut(strings.TrimSpace(string(out)), ".")
	b, _, _ := strings.Cut(rest, ".")
	have, err1 := strconv.Atoi(a)
	part, err2 := strconv.Atoi(b)
	if err1 != nil || err2 != nil {
		return true, nil // of a repository: "dev"
	}
	return have > major || have == major && part >= minor, nil
}
