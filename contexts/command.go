package contexts

import (
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
)

// searchPath is the PATH of actions: what the person who runs erg has in
// theirs must not matter.
const searchPath = "/usr/local/bin:/usr/bin:/bin"

// An artifact tells who made a file: the ID of its mark.
type artifact struct {
	ctx     addr.Context
	target  string
	program bool // linked for ctx: it runs through ctx's runner
	native  bool // it runs on the build machine as it is
	source  bool // the C source of a program
}

// A toolMark is the mark of a program of the machine: tool("sed").
type toolMark struct{ path string }

// A command is what a process gets, with tokens for files.
type command struct {
	argv     []string
	env      map[string]string
	inputs   []string
	tools    []action.Tool
	writable []string
	visible  []string // programs of the machine
	pool     action.Pool

	mentioned []string // programs of the machine among the arguments
}

// command evaluates an argument vector. The first element is a program that
// a context built, which runs through that context's runner, or a program of
// the machine.
func (ev *Evaluator) command(sc *scope, expr hcl.Expression) (*command, hcl.Diagnostics) {
	cmd := &command{env: map[string]string{}}
	val, diags := lang.Eval(expr, sc)
	if diags.HasErrors() {
		return cmd, diags
	}
	args, more := stringsOf(val, expr.Range(), "run")
	diags = append(diags, more...)
	if diags.HasErrors() || !args.Known {
		return cmd, diags
	}
	if len(args.Value) == 0 {
		return cmd, append(diags, errorAt(expr.Range(), "Nothing to run", "run is a program and its arguments: [\"cp\", \"a\", \"b\"].")...)
	}
	var rest []string
	for i, a := range args.Value {
		if tr, rel := inTree(a.Value, a.Marks); tr != nil && !tr.names[rel] {
			diags = append(diags, tr.absent(rel, elementRange(expr, i))...)
		}
	}
	for _, a := range args.Value[1:] {
		rest = append(rest, cmd.arg(a))
	}
	more = ev.program(sc, cmd, args.Value[0], rest, expr.Range())
	diags = append(diags, more...)
	if err := cmd.identify(sc.t); err != nil {
		diags = append(diags, ev.diagnose(err, expr.Range(), "Cannot read a program")...)
	}
	return cmd, diags
}

// arg turns an argument into a string with tokens, and notes the files in it.
func (c *command) arg(a lang.Native[string]) string {
	if !a.Known {
		return "(known after build)"
	}
	text, files := tokens(a.Value, a.Marks)
	c.inputs = append(c.inputs, files...)
	for m := range a.Marks {
		if t, ok := m.(toolMark); ok {
			c.mentioned = append(c.mentioned, t.path)
		}
	}
	return text
}

// identify adds the identities of the tools that arguments mention.
func (c *command) identify(t *engine.Task) error {
	sort.Strings(c.mentioned)
	for _, p := range unique(c.mentioned) {
		d, err := t.FileDigest(p)
		if err != nil {
			return err
		}
		c.tools = append(c.tools, action.Tool{Name: path.Base(p), Identity: d})
		c.visible = append(c.visible, p)
	}
	c.mentioned = nil
	return nil
}

// tokens replaces the paths of files that a string was made of.
func tokens(text string, marks cty.ValueMarks) (string, []string) {
	text, files := treeTokens(text, marks)
	marked := lang.FilesOf(marks)
	// Longer paths first: one may be the beginning of another.
	sort.Slice(marked, func(i, j int) bool { return len(marked[i].Path) > len(marked[j].Path) })
	for _, m := range marked {
		files = append(files, m.Path)
		root, _ := action.RootOf(m.Path)
		for p := m.Path; p != root && p != "." && p != "/"; p = path.Dir(p) {
			if i := strings.Index(text, p); i >= 0 && !inToken(text, i) {
				text = replaceOutside(text, p)
				break
			}
		}
	}
	return text, files
}

// inToken reports whether position i lies in a token that is there already.
func inToken(text string, i int) bool {
	return strings.LastIndexByte(text[:i], '\x02') > strings.LastIndexByte(text[:i], '\x03')
}

func replaceOutside(text, p string) string {
	var b strings.Builder
	at := 0
	for {
		i := strings.Index(text[at:], p)
		if i < 0 {
			b.WriteString(text[at:])
			return b.String()
		}
		b.WriteString(text[at : at+i])
		if inToken(text, at+i) {
			b.WriteString(p)
		} else {
			b.WriteString(action.Ref(p))
		}
		at += i + len(p)
	}
}

// program puts the program in front of its arguments.
func (ev *Evaluator) program(sc *scope, cmd *command, prog lang.Native[string], args []string, rng hcl.Range) hcl.Diagnostics {
	if !prog.Known {
		cmd.argv = append([]string{"(known after build)"}, args...)
		return nil
	}
	for m := range prog.Marks {
		if f, ok := m.(lang.FileMark); ok && f.Path == prog.Value {
			art, _ := f.ID.(artifact)
			cmd.inputs = append(cmd.inputs, f.Path)
			return ev.runBuilt(sc, cmd, art, f.Path, args, rng)
		}
	}
	for _, f := range lang.FilesOf(prog.Marks) {
		cmd.inputs = append(cmd.inputs, f.Path) // of a package that installed it
	}
	return ev.runTool(sc, cmd, prog, args, rng)
}

// runTool runs a program of the machine, or a script among the sources.
func (ev *Evaluator) runTool(sc *scope, cmd *command, prog lang.Native[string], args []string, rng hcl.Range) hcl.Diagnostics {
	name := prog.Value
	if strings.Contains(name, "/") && !path.IsAbs(name) {
		dir := ""
		if sc.dir != nil {
			dir = sc.dir.dir
		}
		p := joinPath(dir, name)
		if ok, err := sc.t.Exists(p); err != nil || !ok {
			return errorAt(rng, "No such program", "There is no file %q.%s", name, suggestEntry(sc.t, p))
		}
		cmd.inputs = append(cmd.inputs, p)
		cmd.argv = append([]string{action.Ref(p)}, args...)
		return nil
	}
	file, diags := ev.lookTool(sc.t, name, rng)
	if diags.HasErrors() {
		return diags
	}
	d, err := sc.t.FileDigest(file)
	if err != nil {
		return ev.diagnose(err, rng, "Cannot read a program")
	}
	cmd.tools = append(cmd.tools, action.Tool{Name: path.Base(name), Identity: d})
	cmd.visible = append(cmd.visible, file)
	cmd.argv = append([]string{file}, args...)
	return nil
}

// lookTool finds a program of the machine.
func (ev *Evaluator) lookTool(t *engine.Task, name string, rng hcl.Range) (string, hcl.Diagnostics) {
	file, err := t.LookPath(name)
	if err == nil {
		return file, nil
	}
	if path.IsAbs(name) {
		return "", errorAt(rng, "Program not found", "There is no program %s.", name)
	}
	hint := ""
	if pkg := toolchain.DebianPackage(name); pkg != "" {
		hint = " On Debian: apt-get install " + pkg + "."
	}
	return "", errorAt(rng, "Program not found", "There is no program %q on PATH.%s", name, hint)
}

func toolFunc(sc *scope) function.Function {
	return function.New(&function.Spec{
		Description: "tool returns the path of a program of the machine that erg runs on.",
		Params:      []function.Parameter{{Name: "name", Type: cty.String}},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			file, err := sc.t.LookPath(args[0].AsString())
			if err != nil {
				return cty.UnknownVal(cty.String), function.NewArgErrorf(0, "there is no program %q on PATH", args[0].AsString())
			}
			return cty.StringVal(file).Mark(toolMark{file}), nil
		},
	})
}

// addEnv adds an object or a map of variables.
func (c *command) addEnv(val cty.Value, rng hcl.Range, diags *hcl.Diagnostics) {
	e := environment{vars: c.env}
	e.add(val, rng, diags)
	c.inputs = append(c.inputs, e.inputs...)
}

func (e *environment) add(val cty.Value, rng hcl.Range, diags *hcl.Diagnostics) {
	val, marks := val.Unmark()
	if !val.IsKnown() {
		return
	}
	if val.IsNull() || !(val.Type().IsObjectType() || val.Type().IsMapType()) {
		*diags = append(*diags, errorAt(rng, "Invalid env", "env is an object of strings: { NAME = \"value\" }.")...)
		return
	}
	for name, v := range val.AsValueMap() {
		if u, _ := v.Unmark(); u.IsNull() {
			delete(e.vars, name)
			continue
		}
		s, more := lang.String(v.WithMarks(marks), rng, "variable "+name)
		*diags = append(*diags, more...)
		text, files := tokens(s.Value, s.Marks)
		e.vars[name] = text
		e.inputs = append(e.inputs, files...)
	}
}

// fill puts the command into a specification.
func (c *command) fill(spec *action.Spec, sc *scope) {
	spec.Argv = c.argv
	spec.Env = append(spec.Env, toolchain.Environ(map[string]string{"PATH": searchPath}, c.env)...)
	spec.Inputs = unique(append(spec.Inputs, c.inputs...))
	spec.Tools = append(spec.Tools, c.tools...)
	spec.Writable = append(spec.Writable, c.writable...)
	spec.Visible = unique(append(spec.Visible, c.visible...))
	if c.pool.Name != "" {
		spec.Pool = c.pool
	}
	spec.Unknown = unique(append(spec.Unknown, sc.waits()...))
}

// addContextEnv adds the variables that a context has for its actions; those
// of the action itself win.
func (ev *Evaluator) addContextEnv(t *engine.Task, c addr.Context, spec *action.Spec) error {
	env, err := ev.envQ.Get(t, attrKey{c, "env"})
	if err != nil {
		return err
	}
	for _, v := range toolchain.Environ(env.vars) {
		name, _, _ := strings.Cut(v, "=")
		if i := slices.IndexFunc(spec.Env, func(e string) bool { return strings.HasPrefix(e, name+"=") }); i < 0 {
			spec.Env = append(spec.Env, v)
		} else if name == "PATH" {
			spec.Env[i] = v
		}
	}
	sort.Strings(spec.Env)
	spec.Inputs = unique(append(spec.Inputs, env.inputs...))
	spec.Unknown = unique(append(spec.Unknown, env.waits...))
	return nil
}

// unique drops repetitions and keeps the order.
func unique(ss []string) []string {
	seen := make(map[string]bool, len(ss))
	out := ss[:0:0]
	for _, s := range ss {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
