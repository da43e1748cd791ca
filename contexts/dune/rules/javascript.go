package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/ocaml"
)

// JavaScript is made of byte code by js_of_ocaml. In release profiles it gets a
// program as a whole. Otherwise each object and archive is translated apart,
// with the flags of its own stanza, and linked with a runtime (jsparts.go).

const (
	jsExt    = ".bc.js"
	jsMapExt = ".bc.map" // of a source map in a file
	rawExt   = ".bc-for-jsoo"
	wasmExt  = ".bc.wasm.js"
)

// jsEnv is what env stanzas say of JavaScript, but for flags.
type jsEnv struct {
	compilation, sourceMap, runtest string
	disabled                        bool
}

func (e *jsEnv) extend(r *Rules, t *engine.Task, c addr.Context, d *dir, j *dune.JavaScript) error {
	if j.Compilation != "" {
		e.compilation = j.Compilation
	}
	if j.SourceMap != "" {
		e.sourceMap = j.SourceMap
	}
	if j.RuntestAlias.Given() {
		e.runtest = j.RuntestAlias.Value
	}
	if j.EnabledIf.Given() {
		on, err := r.enabled(t, c, d, &j.EnabledIf)
		e.disabled = !on
		return err
	}
	return nil
}

// A jsLink is how the programs of one stanza become JavaScript.
type jsLink struct {
	key      key
	d        *dir
	needs    *needs
	js       *dune.JavaScript
	objects  string // directory of what is compiled for it
	programs []ocaml.Program
	linkall  bool
	at       hcl.Range

	separate      bool
	sourceMap     string
	flags         []string
	config        jsConfig
	files, inputs []string // of the runtime, as arguments; and all that flags name
	runtime       string   // of programs that are compiled apart
}

// hasJS tells whether a stanza's programs are made JavaScript in a context.
// Before 2.0 of the language all that is linked as byte code could be.
func (r *Rules) hasJS(t *engine.Task, c addr.Context, d *dir, js *dune.JavaScript, modes []dune.LinkMode) (has, explicit bool, err error) {
	for _, m := range modes {
		explicit = explicit || m.Kind == "js"
		has = has || m.Kind == "js" || m.Kind == "exe" && m.Mode == "byte" && !d.project.ExplicitJsMode
	}
	if !has {
		return false, false, nil
	}
	on, err := r.jsEnabled(t, c, d, js)
	return on, explicit, err
}

func (r *Rules) jsEnabled(t *engine.Task, c addr.Context, d *dir, js *dune.JavaScript) (bool, error) {
	if js.EnabledIf.Given() {
		return r.enabled(t, c, d, &js.EnabledIf)
	}
	env, err := r.envQ.Get(t, dirKey{c, d.path})
	return err == nil && !env.js.disabled, err
}

// jsKey is the key of a program of a stanza as JavaScript.
func jsKey(k key, name string) key {
	k.part, k.name = name, string(addr.BlockRule)+"."+name+jsExt
	return k
}

// jsPath is where that is.
func jsPath(k key, name string) string { return path.Join(root(k.ctx), k.dir, name+jsExt) }

// javaScript adds a program as JavaScript, and that it cannot be WebAssembly.
func (f *filler) javaScript(k key, name string, at hcl.Range, b *dune.Buildable, modes []dune.LinkMode) error {
	for _, m := range modes {
		if m.Kind == "wasm" {
			wasm := &maker{at: at, key: jsKey(k, name), outs: []string{name + wasmExt}, implicit: true, define: func(t *engine.Task) error {
				return f.r.w.Report(errorAt(m.Range, "Not supported", "%s", noWasm))
			}}
			if err := f.add(wasm, dune.ModePromote); err != nil {
				return err
			}
		}
	}
	has, explicit, err := f.r.hasJS(f.t, f.ctx, f.d, &b.JavaScript, modes)
	if err != nil || !has {
		return err
	}
	m := &maker{at: at, key: jsKey(k, name), outs: []string{name + jsExt}, implicit: !explicit, define: func(t *engine.Task) error {
		_, err := f.r.jsQ.Get(t, jsKey(k, name))
		return err
	}}
	how, err := f.r.jsSourceMap(f.t, f.ctx, f.d, &b.JavaScript)
	if err != nil {
		return err
	}
	if how == "file" {
		m.outs = append(m.outs, name+jsMapExt)
	}
	return f.add(m, dune.ModePromote)
}

const noWasm = "erg does not know wasm_of_ocaml."

func (r *Rules) jsSourceMap(t *engine.Task, c addr.Context, d *dir, js *dune.JavaScript) (string, error) {
	env, err := r.envQ.Get(t, dirKey{c, d.path})
	if err != nil {
		return "", err
	}
	profile, err := r.w.Profile(t, c)
	if err != nil {
		return "", err
	}
	for _, s := range []string{js.SourceMap, env.js.sourceMap} {
		if s != "" {
			return s, nil
		}
	}
	return either(profile == "dev", "inline", "no"), nil
}

// aliasJS adds what a stanza's programs are as JavaScript to all.
func (r *Rules) aliasJS(t *engine.Task, k key, d *dir, s dune.Stanza, out *Goal) error {
	b, _, err := r.buildable(t, k.ctx, d, s)
	if err != nil {
		return err
	}
	names, modes := programsOf(s)
	for _, m := range modes {
		switch {
		case m.Kind != "wasm":
		case len(modes) == 1:
			return errorAt(m.Range, "Not supported", "%s", noWasm)
		default:
			if err := r.unsupported(s, noWasm+" The programs are linked in their other modes."); err != nil {
				return err
			}
		}
	}
	has, explicit, err := r.hasJS(t, k.ctx, d, &b.JavaScript, modes)
	if err != nil || !has || !explicit {
		return err
	}
	for _, n := range names {
		files, err := r.jsQ.Get(t, jsKey(k, n))
		if err != nil {
			return err
		}
		out.Files = append(out.Files, files...)
	}
	return nil
}

// programsOf lists the programs of a stanza and how they are linked.
func programsOf(s dune.Stanza) (names []string, modes []dune.LinkMode) {
	switch s := s.(type) {
	case *dune.Executables:
		for _, p := range s.Programs {
			names = append(names, p.Name.Value)
		}
		modes = s.Modes
	case *dune.Tests:
		for _, n := range s.Names {
			names = append(names, n.Value)
		}
		modes = s.Modes
	}
	return names, modes
}

// js defines how a program of a stanza is made JavaScript.
func (r *Rules) js(t *engine.Task, k key) ([]string, error) {
	d, s, err := r.stanzaOf(t, k)
	if err != nil {
		return nil, err
	}
	names, _ := programsOf(s)
	l, err := r.jsLinkQ.Get(t, executableKey(k.ctx, d, k.index, names[0]))
	if err != nil {
		return nil, err
	}
	var outs []string
	for _, p := range l.programs {
		if p.Name == k.part {
			outs, err = r.linkJS(t, l, p, jsPath(k, k.part))
		}
	}
	if err == nil {
		err = r.promote(t, k, d, promotion(s), s.At(), outs)
	}
	return outs, r.fail(err, s.At(), "Cannot make JavaScript")
}

// jsLink prepares the programs of a stanza.
func (r *Rules) jsLink(t *engine.Task, k key) (*jsLink, error) {
	c, err := r.componentQ.Get(t, k)
	if err != nil {
		return nil, err
	}
	d, s, err := r.stanzaOf(t, k)
	if err != nil {
		return nil, err
	}
	b, _, err := r.buildable(t, k.ctx, d, s)
	if err != nil {
		return nil, err
	}
	l := &jsLink{key: k, d: d, needs: c.needs, js: &b.JavaScript, objects: path.Dir(c.u.Layout.Objects), programs: c.raw, linkall: c.whole, at: s.At()}
	_, modes := programsOf(s)
	for _, m := range modes {
		if m.Kind == "js" {
			l.at = m.Range
		}
	}
	if err := r.prepareJS(t, l); err != nil {
		return nil, r.fail(err, l.at, "Cannot make JavaScript")
	}
	return l, nil
}

// prepareJS evaluates what is said of JavaScript, and defines the runtime.
func (r *Rules) prepareJS(t *engine.Task, l *jsLink) error {
	env, err := r.envQ.Get(t, dirKey{l.key.ctx, l.d.path})
	if err != nil {
		return err
	}
	profile, err := r.w.Profile(t, l.key.ctx)
	if err != nil {
		return err
	}
	if l.sourceMap, err = r.jsSourceMap(t, l.key.ctx, l.d, l.js); err != nil {
		return err
	}
	l.separate = profile == "dev"
	for _, how := range []string{env.js.compilation, l.js.Compilation} {
		if how != "" {
			l.separate = how == "separate"
		}
	}
	x := r.naming(t, l.key.ctx, l.d)
	if l.flags, err = x.evalFlags(&l.js.Flags, flagsJS); err != nil {
		return err
	}
	for _, o := range closure(l.needs.deps) {
		if err := x.jsRuntimeOf(l, o); err != nil {
			return err
		}
	}
	if err := x.jsFiles(l, l.d, l.js.Files); err != nil {
		return err
	}
	l.inputs = unique(x.inputs.files)
	if !l.separate {
		return nil
	}
	l.config, _ = splitConfig(l.flags)
	flags, err := x.evalFlags(&l.js.RuntimeFlags, flagsJSRuntime)
	if err != nil {
		return err
	}
	l.runtime = path.Join(l.objects, "jsoo", "runtime.bc.runtime.js")
	_, flags = splitConfig(flags)
	args := slices.Concat([]string{"build-runtime", "--source-map-inline"}, flags, l.config.args())
	if err := x.jsoo(l.key, l.at, args, l.files, l.runtime); err != nil {
		return err
	}
	return r.jsObjects(t, l)
}

// jsRuntimeOf adds what a library has of C functions in JavaScript.
func (x *expander) jsRuntimeOf(l *jsLink, o *library) error {
	if o.stanza != nil {
		return x.jsFiles(l, o.dir, o.stanza.JavaScript.Files)
	}
	if o.inst != nil {
		l.files = append(l.files, o.inst.JSRuntime...)
		x.inputs.add(o.inst.JSRuntime...)
	}
	return nil
}

func (x *expander) jsFiles(l *jsLink, d *dir, files []dune.Text) error {
	for _, f := range files {
		p, err := x.r.file(x.t, x.ctx, path.Join(d.path, f.Value), f.Range)
		if err != nil {
			return err
		}
		x.inputs.add(p)
		l.files = append(l.files, p)
	}
	return nil
}

// linkJS defines how one program is made JavaScript.
func (r *Rules) linkJS(t *engine.Task, l *jsLink, p ocaml.Program, out string) ([]string, error) {
	x := r.naming(t, l.key.ctx, l.d)
	x.inputs.add(l.inputs...)
	outs, sourceMap := []string{out}, "--no-source-map"
	switch l.sourceMap {
	case "inline":
		sourceMap = "--source-map-inline"
	case "file":
		sourceMap = "--source-map"
		outs = append(outs, strings.TrimSuffix(out, ".js")+".map")
	}
	args, files := append([]string{sourceMap}, l.flags...), append(slices.Clone(l.files), p.Path)
	if l.separate {
		flags, err := x.evalFlags(&l.js.LinkFlags, flagsJSLink)
		if err != nil {
			return nil, err
		}
		args = append([]string{"link", sourceMap}, flags...)
		if files, err = r.jsParts(t, l, p); err != nil {
			return nil, err
		}
	}
	if l.linkall {
		newer, err := x.jsooAtLeast(5, 1, l.at)
		if err != nil {
			return nil, err
		}
		if newer {
			args = append(args, "--linkall")
		}
	}
	return outs, x.jsoo(l.key, l.at, args, files, outs...)
}

// jsoo defines one run of js_of_ocaml.
func (x *expander) jsoo(k key, at hcl.Range, args, files []string, outs ...string) error {
	y := newActing(x)
	args = append(args, "-o", action.Ref(outs[0]))
	for _, f := range files {
		args = append(args, action.Ref(f))
	}
	argv, err := y.jsooCommand(args, at)
	if err != nil {
		return err
	}
	x.inputs.add(files...)
	spec := x.r.spec(job{key: k, name: "js_of_ocaml " + inWorkspace(outs[0]), outs: outs})
	spec.Argv = argv
	if err := x.r.complete(x, &spec); err != nil {
		return err
	}
	return x.t.Define(spec)
}
