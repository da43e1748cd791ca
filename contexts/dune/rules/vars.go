package rules

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain/ocaml"
)

// An expander gives values to the variables of a directory in a context.
// Files are tokens, and become inputs of the action that is made with it.
type expander struct {
	r      *Rules
	t      *engine.Task
	ctx    addr.Context
	d      *dir
	inputs *inputs             // nil: what is expanded may not name files
	local  map[string][]string // variables of the stanza
	own    bool                // programs come from the context itself: a test is about it

	including []string // files of dependencies that are being read
}

// static expands what no file has a part in: conditions, names of files.
func (r *Rules) static(t *engine.Task, c addr.Context, d *dir) *expander {
	return &expander{r: r, t: t, ctx: c, d: d}
}

// naming expands what may name files, which are then inputs.
func (r *Rules) naming(t *engine.Task, c addr.Context, d *dir) *expander {
	return &expander{r: r, t: t, ctx: c, d: d, inputs: &inputs{}, local: map[string][]string{}}
}

// expand implements dune.Expander.
func (x *expander) expand(v *sexp.Var) ([]string, error) {
	if vals, ok := x.local[v.Name]; ok && !v.HasPayload {
		return vals, nil
	}
	if v.HasPayload {
		return x.macro(v)
	}
	if val, ok, err := x.plain(v); ok || err != nil {
		return val, err
	}
	if val, ok, err := x.compiler(v); ok || err != nil {
		return val, err
	}
	var known []string
	for n := range x.local {
		known = append(known, n)
	}
	known = append(known, plainNames...)
	hint := ""
	if near := lang.Suggest(v.Name, known); near != "" {
		hint = fmt.Sprintf(" Did you mean %%{%s}?", near)
	}
	return nil, errorAt(v.Range, "No such variable", "There is no variable %s here.%s", v, hint)
}

var plainNames = []string{"profile", "context_name", "project_root", "workspace_root", "os_type", "architecture", "model", "system",
	"ocaml_version", "ocaml", "ocamlc", "ocamlopt", "ocaml_bin", "ocaml_where", "arch_sixtyfour", "cc", "cxx", "make", "ext_exe", "ext_obj",
	"ext_lib", "ext_dll", "ext_asm", "null", "targets", "target", "deps", "test"}

// configFlags are what %{ocaml-config:…} says true or false of, and false where
// the compiler does not know of it.
var configFlags = []string{"asm_cfi_supported", "with_frame_pointers", "systhread_supported", "profiling", "flambda", "spacetime",
	"safe_string", "natdynlink_supported", "supports_shared_libraries", "windows_unicode", "ox", "parameterised_modules"}

// plain are the variables that no compiler has a part in.
func (x *expander) plain(v *sexp.Var) ([]string, bool, error) {
	one := func(s string) ([]string, bool, error) { return []string{s}, true, nil }
	switch v.Name {
	case "profile":
		p, err := x.r.w.Profile(x.t, x.ctx)
		return []string{p}, true, err
	case "context_name":
		return one(x.ctx.String())
	case "project_root":
		return one(action.Ref(x.d.project.dir))
	case "workspace_root", "ROOT":
		return one(action.Ref(""))
	case "null":
		return one("/dev/null")
	case "make":
		p, err := x.t.LookPath("gmake")
		if err != nil {
			p, err = x.t.LookPath("make")
		}
		if err != nil {
			return nil, true, errorAt(v.Range, "Program not found", "There is no program make on PATH.")
		}
		return []string{p}, true, x.tool(p)
	case "ignoring_promoted_rules":
		return one("false")
	case "dune-warnings":
		return one(warnings(x.d.project.Lang))
	case "toolchains":
		return nil, true, errorAt(v.Range, "Not supported", "erg does not know %s: toolchains of its contexts have no names that findlib knows.", v)
	case "git-sha":
		return nil, true, errorAt(v.Range, "Not supported", "erg does not know %s: it does not ask Git, since what it made would be another with each commit. Hand it in with %%{env:NAME=}.", v)
	case "os", "os_distribution", "os_family", "os_version":
		return x.operatingSystem(v)
	case "inline_tests":
		env, err := x.r.envQ.Get(x.t, dirKey{x.ctx, x.d.path})
		if err != nil {
			return nil, true, err
		}
		return one(env.inlineTests)
	case "pkg-config":
		return one("pkg-config")
	}
	return nil, false, nil
}

// tool adds a program of the machine to what the action runs with.
func (x *expander) tool(p string) error {
	if x.inputs == nil {
		return nil
	}
	return x.inputs.tool(x.t, p)
}

// compiler are the variables that the context's compiler answers.
func (x *expander) compiler(v *sexp.Var) ([]string, bool, error) {
	name, ok := configNames[v.Name]
	tool := compilerTools[v.Name]
	if !ok && !tool && !slices.Contains(derivedNames, v.Name) {
		return nil, false, nil
	}
	if tool {
		p, err := x.suite(v.Name, v.Range)
		return []string{p}, true, err
	}
	tc, err := x.toolchain(v.Range)
	if err != nil {
		return nil, true, err
	}
	conf := tc.Config
	if ok {
		return []string{conf(name)}, true, nil
	}
	switch v.Name {
	case "arch_sixtyfour":
		return []string{strconv.FormatBool(conf("word_size") == "64" || conf("arch_sixtyfour") == "true")}, true, nil
	case "ocaml_bin":
		return []string{path.Dir(tc.Tool("ocamlc"))}, true, nil
	case "ext_plugin":
		return []string{either(tc.HasNative(), ".cmxs", ".cma")}, true, nil
	case "oxcaml_supported":
		return []string{strconv.FormatBool(strings.Contains(conf("version"), "+ox"))}, true, nil
	}
	words := strings.Fields(conf("c_compiler"))
	if len(words) == 0 {
		words = strings.Fields(conf("bytecomp_c_compiler"))
	}
	words = append(words, strings.Fields(conf("ocamlc_cflags"))...)
	switch v.Name {
	case "cxx":
		words = append(words, "-x", "c++")
	case "cpp":
		words = append(words, "-E")
	case "pa_cpp":
		words = append(words, "-undef", "-traditional", "-x", "c", "-E")
	}
	x.inputs.compiler(tc)
	return words, true, nil
}

var compilerTools = map[string]bool{"ocaml": true, "ocamlc": true, "ocamlopt": true, "ocamldep": true, "ocamllex": true, "ocamlyacc": true, "ocamlmklib": true, "ocamlobjinfo": true, "ocamldebug": true}

// derivedNames are variables that stand for more than a line of ocamlc -config.
var derivedNames = []string{"cc", "cxx", "cpp", "pa_cpp", "ocaml_bin", "arch_sixtyfour", "ext_plugin", "oxcaml_supported"}

// configNames are variables, and the lines of ocamlc -config that they stand for.
var configNames = map[string]string{
	"ocaml_version": "version", "os_type": "os_type", "ocaml_where": "standard_library", "architecture": "architecture", "model": "model", "system": "system",
	"ext_exe": "ext_exe", "ext_obj": "ext_obj", "ext_lib": "ext_lib", "ext_dll": "ext_dll", "ext_asm": "ext_asm", "ccomp_type": "ccomp_type",
}

func (x *expander) toolchain(at hcl.Range) (*ocaml.Toolchain, error) {
	c := x.ctx
	tc, err := x.r.w.OCaml(x.t, c)
	if err == nil && tc == nil {
		err = errorAt(at, "No OCaml toolchain", "Context %s has no OCaml toolchain.", c)
	}
	return tc, err
}

// lent are the tools that a cross compiler may do without. They read and write
// OCaml, or run it here, which is the same for all machines.
var lent = map[string]bool{"ocaml": true, "ocamllex": true, "ocamlyacc": true}

// suite is a program of the compiler, or of the host's where a cross compiler
// lacks it.
func (x *expander) suite(name string, at hcl.Range) (string, error) {
	tc, err := x.toolchain(at)
	if err != nil {
		return "", err
	}
	lender := ""
	if tc.Tool(name) == "" && lent[name] {
		host, err := x.r.w.Host(x.t, x.ctx)
		if err != nil {
			return "", err
		}
		theirs, err := x.r.w.OCaml(x.t, host)
		if err != nil {
			return "", err
		}
		if host != x.ctx {
			lender = fmt.Sprintf(", and neither has that of its host, %s", host)
		}
		if theirs != nil {
			tc = theirs
		}
	}
	p := tc.Tool(name)
	if p == "" {
		return "", errorAt(at, "No such tool", "The OCaml compiler of context %s has no %s%s.", x.ctx, name, lender)
	}
	x.inputs.compiler(tc)
	if x.inputs != nil {
		x.inputs.visible = append(x.inputs.visible, p) // it may be a script
	}
	return p, nil
}

// where is the context that programs come from which run while building.
func (x *expander) where(c addr.Context) (addr.Context, error) {
	if x.own {
		return c, nil
	}
	return x.r.w.Host(x.t, c)
}

// macro expands %{name:payload}.
func (x *expander) macro(v *sexp.Var) ([]string, error) {
	arg := v.Payload
	switch v.Name {
	case "env":
		name, def, given := strings.Cut(arg, "=")
		if val := x.t.Getenv(name); val != "" || !given {
			return []string{val}, nil
		}
		return []string{def}, nil
	case "ocaml-config":
		tc, err := x.toolchain(v.Range)
		if err != nil {
			return nil, err
		}
		val := tc.Config(arg)
		if names := tc.ConfigNames(); val == "" && !slices.Contains(names, arg) {
			if slices.Contains(configFlags, arg) {
				return []string{"false"}, nil
			}
			hint := ""
			if near := lang.Suggest(arg, names); near != "" {
				hint = fmt.Sprintf(" Did you mean %%{ocaml-config:%s}?", near)
			}
			return nil, errorAt(v.Range, "No such line", "ocamlc -config says nothing of %q.%s", arg, hint)
		}
		return strings.Fields(val), nil
	case "version":
		return x.version(v)
	case "file-available":
		_, ok, err := x.r.lookup(x.t, x.ctx, x.treePath(arg), v.Range)
		return []string{strconv.FormatBool(ok)}, err
	case "lib-available":
		_, err := x.r.find(x.t, x.ctx, x.d.project, dune.Text{Value: arg, Range: v.Range})
		if _, ok := err.(*missing); err != nil && !ok {
			return nil, err
		}
		return []string{strconv.FormatBool(err == nil)}, nil
	case "bin-available":
		ok, err := x.r.programAvailable(x.t, x.ctx, arg)
		return []string{strconv.FormatBool(ok)}, err
	case "erg":
		return x.element(v)
	case "dynamic", "coq", "rocq":
		return nil, errorAt(v.Range, "Not supported", "erg does not know %s.", v)
	}
	if x.inputs == nil && !strings.HasPrefix(v.Name, "read") {
		return nil, errorAt(v.Range, "Not allowed here", "%s names a file, and what is written here decides which files there are.", v)
	}
	return x.file(v)
}

// element expands %{erg:REF}: a public element of another context.
func (x *expander) element(v *sexp.Var) ([]string, error) {
	val, diags := x.r.w.Element(x.t, x.ctx, v.Payload, v.Range)
	if diags.HasErrors() {
		return nil, diags
	}
	if len(val.Waits) > 0 {
		return nil, &Later{val.Waits}
	}
	if x.inputs != nil {
		x.inputs.add(val.Inputs...)
	}
	return val.Text, nil
}

// version is the version of a package.
func (x *expander) version(v *sexp.Var) ([]string, error) {
	tr, err := x.r.treeOf(x.t, x.ctx)
	if err != nil {
		return nil, err
	}
	if pkg, p := tr.find(v.Payload); pkg != nil {
		return []string{versionOf(pkg, p)}, nil
	}
	l, err := x.r.installedQ.Get(x.t, installedKey{x.ctx, v.Payload})
	if err != nil {
		return nil, errorAt(v.Range, "No such package", "There is no package %q: neither the workspace nor the installed libraries have it.", v.Payload)
	}
	return []string{l.inst.Version}, nil
}

// versionOf is the version of a package of the workspace, "" if it has none.
func versionOf(pkg *dune.Package, p *project) string {
	if pkg.Version.Given() {
		return pkg.Version.Value
	}
	return p.Version.Value
}

// file expands the macros that name files.
func (x *expander) file(v *sexp.Var) ([]string, error) {
	switch v.Name {
	case "dep", "path", "path-no-dep":
		return x.token(v.Payload, x.ctx, v.Range)
	case "exe":
		c, err := x.where(x.ctx)
		if err != nil {
			return nil, err
		}
		p, err := x.r.file(x.t, c, joinPath(x.d.path, v.Payload), v.Range)
		if err != nil {
			return nil, err
		}
		return x.program(c, p, v.Range)
	case "bin":
		return x.bin(v)
	case "ppx":
		return x.driver(v)
	case "pkg":
		return x.packageFile(v)
	case "read", "read-lines", "read-strings":
		return x.read(v)
	case "lib", "libexec", "lib-private", "libexec-private":
		return x.libFile(v)
	case "cmo", "cmi", "cmx", "cmt", "cmti", "cma", "cmxa", "cmxs":
		return x.artifact(v)
	}
	return nil, errorAt(v.Range, "No such variable", "There is no macro %s here.", v)
}

// token is the token of a file that is named from the directory.
func (x *expander) token(name string, c addr.Context, at hcl.Range) ([]string, error) {
	if path.IsAbs(name) {
		x.inputs.add(name)
		return []string{name}, nil
	}
	if c == x.ctx {
		p := x.treePath(name)
		if ok, err := x.allOf(p, at); ok || err != nil {
			return []string{action.Ref(path.Join(root(c), p))}, err
		}
	}
	p, err := x.r.file(x.t, c, x.treePath(name), at)
	if err != nil {
		return nil, err
	}
	x.inputs.add(p)
	return []string{action.Ref(p)}, nil
}

// program is the token of a program that c built. How it runs is found when
// it stands first in a run.
func (x *expander) program(c addr.Context, p string, at hcl.Range) ([]string, error) {
	x.inputs.add(p)
	x.inputs.built(p, c)
	return []string{action.Ref(p)}, nil
}

// read expands to what a file holds.
func (x *expander) read(v *sexp.Var) ([]string, error) {
	p, err := x.r.file(x.t, x.ctx, joinPath(x.d.path, v.Payload), v.Range)
	if err != nil {
		return nil, err
	}
	text, err := x.r.content(x.t, p)
	if err != nil {
		return nil, err
	}
	switch v.Name {
	case "read":
		return []string{text}, nil
	case "read-strings":
		return ocamlStrings(text, p, v.Range)
	}
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimRight(line, "\r\n"))
	}
	return lines, nil
}

// content is what a file holds, a source or one that is made.
func (r *Rules) content(t *engine.Task, p string) (string, error) {
	if !action.IsOutput(p) {
		b, err := t.ReadFile(p)
		return string(b), err
	}
	c, err := t.Content(p)
	if err != nil {
		return "", err
	}
	if !c.Known {
		return "", &Later{[]string{p}}
	}
	return string(c.Bytes), nil
}
