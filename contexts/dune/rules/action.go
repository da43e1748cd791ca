package rules

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/act"
	"erg.build/erg/engine/action"
)

// An acting turns one action of dune into a tree for package act. Names of
// files in an action are relative to the directory that it has changed to;
// what variables name is relative to that of the dune file, wherever that is.
// Tokens are relative to where the process starts.
type acting struct {
	*expander
	outs     map[string]bool // what the action makes, as paths of outputs
	dirs     []string        // directories that it makes, likewise
	corrects bool            // it may find that a source should be another
	dir      string          // where the process starts
	cwd      string          // where the action is, for names
	at       string          // where it is, when it runs
	lent     map[string]bool // the context's own programs that the host's run in place of
	blind    bool            // within no-infer: files in it are no dependencies by being named
}

func newActing(x *expander) *acting {
	return &acting{expander: x, outs: map[string]bool{}, lent: map[string]bool{}, dir: x.d.path, cwd: x.d.path, at: x.d.path}
}

// tree turns an action into a tree. A change of the directory that is around
// all that runs decides where the process starts.
func (x *acting) tree(a *dune.Action) (*act.Action, error) {
	for b := a; len(b.Actions) == 1; b = b.Actions[0] {
		if b.Op == dune.ActionChdir {
			_, dir, err := x.changed(b)
			if err != nil {
				return nil, err
			}
			x.dir, x.at = dir, dir
			break
		}
	}
	return x.node(a)
}

// changed is the directory that chdir changes to: the last, of several that
// follow each other.
func (x *acting) changed(a *dune.Action) (last *dune.Action, dir string, err error) {
	y := *x
	for {
		if y.cwd, err = y.directory(a.Args[0]); err != nil {
			return nil, "", err
		}
		if a.Actions[0].Op != dune.ActionChdir {
			return a, y.cwd, nil
		}
		a = a.Actions[0]
	}
}

// named is the path, in the tree, of a file that an action names.
func (x *acting) named(name string) string {
	return treePathFrom(x.cwd, name)
}

// directory evaluates a directory of the workspace.
func (x *acting) directory(arg dune.Template) (string, error) {
	s, err := arg.ExpandOne(x.expand)
	if err != nil {
		return "", err
	}
	if strings.ContainsRune(s, '\x02') {
		plain := action.Expand(s, func(p string, _ bool) string {
			if _, rest := action.RootOf(p); action.IsOutput(p) {
				return rest
			}
			return p
		})
		return cleanDir(path.Clean(plain)), nil
	}
	return joinPath(x.cwd, s), nil
}

// wrappers are the actions around one other that act knows under a name of
// its own, or by the same.
var plainOps = map[dune.ActionOp]act.Op{
	dune.ActionIgnoreStdout: act.OpIgnore, dune.ActionIgnoreStderr: act.OpIgnoreErr, dune.ActionIgnoreOutputs: act.OpIgnoreBoth,
	dune.ActionProgn: act.OpProgn, dune.ActionConcurrent: act.OpConcurrent,
	dune.ActionPipeStdout: act.OpPipeOut, dune.ActionPipeStderr: act.OpPipeErr, dune.ActionPipeOutputs: act.OpPipeOutputs,
	dune.ActionNoInfer: act.OpProgn,
}

var redirections = map[dune.ActionOp]act.Op{
	dune.ActionStdoutTo: act.OpStdoutTo, dune.ActionStderrTo: act.OpStderrTo, dune.ActionOutputsTo: act.OpOutputsTo, dune.ActionStdinFrom: act.OpStdinFrom,
}

func (x *acting) node(a *dune.Action) (*act.Action, error) {
	if a.Op == dune.ActionNoInfer {
		defer func(was bool) { x.blind = was }(x.blind)
		x.blind = true
	}
	if op, ok := plainOps[a.Op]; ok {
		return x.around(op, nil, a.Actions)
	}
	if op, ok := redirections[a.Op]; ok {
		file, err := x.fileArg(a.Args[0], a.Op != dune.ActionStdinFrom)
		if err != nil {
			return nil, err
		}
		return x.around(op, []string{file}, a.Actions)
	}
	switch a.Op {
	case dune.ActionRun, dune.ActionRunExec:
		return x.process(a)
	case dune.ActionSystem, dune.ActionBash:
		return x.shell(a)
	case dune.ActionChdir:
		return x.chdir(a)
	case dune.ActionSetenv:
		args, err := x.texts(a.Args)
		if err != nil {
			return nil, err
		}
		return x.around(act.OpSetenv, args, a.Actions)
	case dune.ActionExitCodes:
		return x.around(act.OpAccepted, []string{act.Codes(a.Codes.MatchCode)}, a.Actions)
	case dune.ActionEcho:
		args, err := x.all(a.Args)
		if err != nil {
			return nil, err
		}
		return act.New(act.OpEcho, args...), x.dotted(args)
	case dune.ActionDiff, dune.ActionDiffOptional, dune.ActionCmp:
		return x.diff(a)
	}
	return x.files(a)
}

// chdir makes a node that works in another directory.
func (x *acting) chdir(a *dune.Action) (*act.Action, error) {
	a, dir, err := x.changed(a)
	if err != nil {
		return nil, err
	}
	defer func(cwd, at string) { x.cwd, x.at = cwd, at }(x.cwd, x.at)
	x.cwd = dir
	if dir == x.at {
		return x.around(act.OpProgn, nil, a.Actions)
	}
	to := action.Relative(x.at, dir)
	x.at = dir
	n, err := x.around(act.OpChdir, []string{to}, a.Actions)
	if err == nil {
		for _, d := range n.Do {
			absolute(d)
		}
	}
	return n, err
}

// around makes a node around others.
func (x *acting) around(op act.Op, args []string, actions []*dune.Action) (*act.Action, error) {
	n := act.With(op, args)
	for _, a := range actions {
		d, err := x.node(a)
		if err != nil {
			return nil, err
		}
		n.Do = append(n.Do, d)
	}
	return n, nil
}

// absolute makes the tokens of a tree absolute: it runs elsewhere than where
// the process starts.
func absolute(a *act.Action) {
	for i, s := range a.Args {
		a.Args[i] = action.Expand(s, func(p string, _ bool) string { return action.Abs(p) })
	}
	for _, d := range a.Do {
		absolute(d)
	}
}

// files are the actions on files alone.
func (x *acting) files(a *dune.Action) (*act.Action, error) {
	switch a.Op {
	case dune.ActionCat:
		var args []string
		for _, arg := range a.Args {
			files, err := x.fileArgs(arg)
			if err != nil {
				return nil, err
			}
			args = append(args, files...)
		}
		return act.New(act.OpCat, args...), nil
	case dune.ActionCopy, dune.ActionCopyLine, dune.ActionFormatDune:
		from, err := x.fileArg(a.Args[0], false)
		if err != nil {
			return nil, err
		}
		to, err := x.fileArg(a.Args[1], true)
		if err != nil {
			return nil, err
		}
		if a.Op == dune.ActionCopy {
			return act.New(act.OpCopy, from, to), nil
		}
		p, _ := tokenPath(from)
		op := act.OpCopyLine
		if a.Op == dune.ActionFormatDune {
			op = act.OpFormat
		}
		return act.New(op, from, to, inWorkspace(p)), nil
	case dune.ActionWriteFile:
		to, err := x.fileArg(a.Args[0], true)
		if err != nil {
			return nil, err
		}
		text, err := x.texts(a.Args[1:])
		if err != nil {
			return nil, err
		}
		return act.New(act.OpWrite, to, strings.Join(text, "")), nil
	}
	return nil, errorAt(a.Range, "Not supported", "erg cannot carry out the action %s.%s", a.Op, refused[a.Op])
}

// refused says why actions are.
var refused = map[dune.ActionOp]string{
	dune.ActionDynamicRun: " Programs that use it speak with a running dune.",
}

// inWorkspace is a file's path as people know it.
func inWorkspace(p string) string {
	if _, rest := action.RootOf(p); action.IsOutput(p) {
		return rest
	}
	return p
}

// diff compares a file with one that is made.
func (x *acting) diff(a *dune.Action) (*act.Action, error) {
	want, err := a.Args[0].ExpandOne(x.expand)
	if err != nil {
		return nil, err
	}
	made, err := a.Args[1].ExpandOne(x.expand)
	if err != nil {
		return nil, err
	}
	if want, err = x.maybe(want, a.Args[0].Range); err != nil {
		return nil, err
	}
	if made, err = x.maybe(made, a.Args[1].Range); err != nil {
		return nil, err
	}
	if a.Op == dune.ActionCmp {
		return act.New(act.OpCmp, want, made), nil
	}
	name := ""
	if p, ok := tokenPath(want); ok && !action.IsOutput(p) {
		name = p
	} else if !ok && !path.IsAbs(want) {
		name = x.named(want)
	}
	x.corrects = x.corrects || name != ""
	op := act.OpDiff
	if a.Op == dune.ActionDiffOptional {
		op = act.OpDiffMaybe
	}
	return act.New(op, want, made, name), nil
}

// maybe is the token of a file that the action reads or makes, or its name if
// neither a source nor a rule has it: then the action itself leaves it behind.
func (x *acting) maybe(name string, at hcl.Range) (string, error) {
	if p, ok := tokenPath(name); ok {
		if !x.makes(p) {
			x.inputs.add(p)
		}
		return name, nil
	}
	if path.IsAbs(name) {
		return name, nil
	}
	p := x.named(name)
	if out := path.Join(root(x.ctx), p); x.makes(out) {
		return action.Ref(out), nil
	}
	real, ok, err := x.r.lookup(x.t, x.ctx, p, at)
	if err != nil {
		return "", err
	}
	if !ok {
		return action.Relative(x.at, p), nil
	}
	x.inputs.add(real)
	return action.Ref(real), nil
}

// fileArg is the file that an argument names: one that the action makes, or
// else an input.
func (x *acting) fileArg(arg dune.Template, output bool) (string, error) {
	name, err := arg.ExpandOne(x.expand)
	if err != nil {
		return "", err
	}
	return x.oneFile(name, arg.Range, output)
}

func (x *acting) fileArgs(arg dune.Template) ([]string, error) {
	names, err := arg.Expand(x.expand)
	if err != nil {
		return nil, err
	}
	for i, n := range names {
		if names[i], err = x.oneFile(n, arg.Range, false); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func (x *acting) oneFile(name string, at hcl.Range, output bool) (string, error) {
	p, isToken := tokenPath(name)
	switch {
	case isToken && x.makes(p):
		return name, nil
	case isToken && !output && x.inputs.dirs[p]:
		return "", neededFile(p, at)
	case isToken && !output:
		x.inputs.add(p)
		return name, nil
	case isToken, path.IsAbs(name):
		return name, nil
	}
	rel := x.named(name)
	if out := path.Join(root(x.ctx), rel); x.makes(out) {
		return action.Ref(out), nil
	}
	if output || x.blind {
		return action.Relative(x.at, rel), nil // an output is dropped after the run
	}
	real, err := x.r.file(x.t, x.ctx, rel, at)
	if err != nil {
		return "", err
	}
	x.inputs.add(real)
	return action.Ref(real), nil
}

// texts expands templates that stand for one value each.
func (x *acting) texts(args []dune.Template) ([]string, error) {
	var out []string
	for _, a := range args {
		s, err := a.ExpandOne(x.expand)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, x.dotted(out)
}

// all expands templates to as many values as they stand for.
func (x *acting) all(args []dune.Template) ([]string, error) {
	var out []string
	for _, a := range args {
		vals, err := a.Expand(x.expand)
		if err != nil {
			return nil, err
		}
		out = append(out, vals...)
	}
	return out, nil
}
