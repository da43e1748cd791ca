package dune

import (
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// An ActionOp is the name of an action, as files write it.
type ActionOp string

// The actions. Args and Actions are what is said of each.
const (
	ActionRun           ActionOp = "run"                      // Args: program, arguments
	ActionRunExec       ActionOp = "runexec"                  // as run; the process takes erg's place
	ActionDynamicRun    ActionOp = "dynamic-run"              // refused when it is to be carried out
	ActionChdir         ActionOp = "chdir"                    // Args: directory; one of Actions
	ActionSetenv        ActionOp = "setenv"                   // Args: name, value; one of Actions
	ActionStdoutTo      ActionOp = "with-stdout-to"           // Args: file; one of Actions
	ActionStderrTo      ActionOp = "with-stderr-to"           // as with-stdout-to
	ActionOutputsTo     ActionOp = "with-outputs-to"          // as with-stdout-to
	ActionStdinFrom     ActionOp = "with-stdin-from"          // as with-stdout-to
	ActionIgnoreStdout  ActionOp = "ignore-stdout"            // one of Actions
	ActionIgnoreStderr  ActionOp = "ignore-stderr"            // one of Actions
	ActionIgnoreOutputs ActionOp = "ignore-outputs"           // one of Actions
	ActionExitCodes     ActionOp = "with-accepted-exit-codes" // Codes; one of Actions
	ActionProgn         ActionOp = "progn"                    // Actions, one after the other
	ActionConcurrent    ActionOp = "concurrent"               // Actions, at once
	ActionPipeStdout    ActionOp = "pipe-stdout"              // two or more Actions
	ActionPipeStderr    ActionOp = "pipe-stderr"              // two or more Actions
	ActionPipeOutputs   ActionOp = "pipe-outputs"             // two or more Actions
	ActionEcho          ActionOp = "echo"                     // Args: strings
	ActionCat           ActionOp = "cat"                      // Args: files
	ActionCopy          ActionOp = "copy"                     // Args: from, to
	ActionCopyLine      ActionOp = "copy#"                    // Args: from, to; with a line directive
	ActionSystem        ActionOp = "system"                   // Args: command for sh
	ActionBash          ActionOp = "bash"                     // Args: command for bash
	ActionWriteFile     ActionOp = "write-file"               // Args: file, text
	ActionDiff          ActionOp = "diff"                     // Args: file, file that was made
	ActionDiffOptional  ActionOp = "diff?"                    // as diff, if the second file is there
	ActionCmp           ActionOp = "cmp"                      // as diff, of bytes
	ActionNoInfer       ActionOp = "no-infer"                 // one of Actions
	ActionCram          ActionOp = "cram"                     // Args: script
	ActionFormatDune    ActionOp = "format-dune-file"         // Args: from, to
)

// An Action is a term of the action language. A redirection to %{null} is
// resolved: it is one of the ignore actions.
type Action struct {
	Op      ActionOp
	Args    []Template
	Actions []*Action
	Codes   *Predicate // of with-accepted-exit-codes
	Range   hcl.Range
}

// Templates returns all text in an action, in order.
func (a *Action) Templates() []Template {
	all := slices.Clone(a.Args)
	for _, sub := range a.Actions {
		all = append(all, sub.Templates()...)
	}
	return all
}

// A shape says what the arguments of an action are: first text, then actions.
type shape struct {
	args, actions         int // at least
	moreArgs, moreActions bool
	check                 check
}

var actionShapes = map[ActionOp]shape{
	ActionRun: {args: 1, moreArgs: true}, ActionRunExec: {args: 1, moreArgs: true, check: since(3, 21)},
	ActionDynamicRun: {args: 1, moreArgs: true, check: extension("action-plugin", 0, 1)},
	ActionChdir:      {args: 1, actions: 1}, ActionSetenv: {args: 2, actions: 1},
	ActionStdoutTo: {args: 1, actions: 1}, ActionStderrTo: {args: 1, actions: 1}, ActionOutputsTo: {args: 1, actions: 1},
	ActionStdinFrom:    {args: 1, actions: 1, check: since(2, 0)},
	ActionIgnoreStdout: {actions: 1}, ActionIgnoreStderr: {actions: 1}, ActionIgnoreOutputs: {actions: 1},
	ActionProgn: {moreActions: true}, ActionConcurrent: {moreActions: true, check: since(3, 8)},
	ActionPipeStdout: {actions: 2, moreActions: true, check: since(2, 7)}, ActionPipeStderr: {actions: 2, moreActions: true, check: since(2, 7)},
	ActionPipeOutputs: {actions: 2, moreActions: true, check: since(2, 7)},
	ActionEcho:        {args: 1, moreArgs: true}, ActionCat: {args: 1, moreArgs: true},
	ActionCopy: {args: 2}, ActionCopyLine: {args: 2}, "copy-and-add-line-directive": {args: 2},
	ActionSystem: {args: 1}, ActionBash: {args: 1}, ActionWriteFile: {args: 2},
	ActionDiff: {args: 2}, ActionDiffOptional: {args: 2}, ActionCmp: {args: 2},
	ActionNoInfer: {actions: 1, check: since(2, 6)}, ActionCram: {args: 1, check: since(2, 7)}, ActionFormatDune: {args: 2, check: since(3, 18)},
}

// toIgnore is what a redirection to %{null} is.
var toIgnore = map[ActionOp]ActionOp{
	ActionStdoutTo: ActionIgnoreStdout, ActionStderrTo: ActionIgnoreStderr, ActionOutputsTo: ActionIgnoreOutputs,
}

// action reads a term of the action language. It returns an empty progn for
// what is none.
func (r *reader) action(n *sexp.Node) *Action {
	nothing := &Action{Op: ActionProgn, Range: n.Range}
	head, ok := n.Head()
	if !ok && n.IsAtom(string(ActionProgn)) { // nothing, without parentheses
		return nothing
	}
	if !ok {
		r.errorf(n.Range, "Not an action", "An action is expected here: (NAME …). If this is meant for a shell, write (bash \"…\") or (system \"…\").")
		return nothing
	}
	op := ActionOp(head)
	if op == ActionExitCodes {
		return r.exitCodes(n)
	}
	sh, ok := actionShapes[op]
	if !ok {
		var words []string
		for op := range maps.Keys(actionShapes) {
			words = append(words, string(op))
		}
		r.errorf(n.Items[0].Range, "Unknown action", "There is no action %q.%s", head, hint(head, append(words, string(ActionExitCodes))))
		return nothing
	}
	if sh.check != nil {
		sh.check(r, "'"+head+"'", n.Range)
	}
	items := n.Items[1:]
	if need := sh.args + sh.actions; len(items) < need {
		r.errorf(n.Range, "Missing arguments", "(%s …) needs %d arguments; here are %d.", head, need, len(items))
		return nothing
	} else if len(items) > need && !sh.moreArgs && !sh.moreActions {
		r.errorf(items[need].Range, "Too many arguments", "(%s …) has %d arguments; here are %d.", head, need, len(items))
		return nothing
	}
	split := sh.args
	if sh.moreArgs {
		split = len(items)
	}
	a := &Action{Op: op, Args: r.templates(items[:split]), Range: n.Range}
	for _, item := range items[split:] {
		a.Actions = append(a.Actions, r.action(item))
	}
	return r.resolved(a)
}

// resolved replaces spellings by what they mean.
func (r *reader) resolved(a *Action) *Action {
	switch {
	case a.Op == "copy-and-add-line-directive":
		a.Op = ActionCopyLine
	case a.Op == ActionCat && len(a.Args) > 1:
		since(3, 4)(r, "'cat' of several files", a.Range)
	case toIgnore[a.Op] != "":
		if v, ok := a.Args[0].Var(); ok && v.Name == "null" && !v.HasPayload {
			a.Op, a.Args = toIgnore[a.Op], nil
		}
	}
	return a
}

// exitCodes reads (with-accepted-exit-codes CODES ACTION).
func (r *reader) exitCodes(n *sexp.Node) *Action {
	since(2, 0)(r, "'with-accepted-exit-codes'", n.Range)
	if len(n.Items) != 3 {
		r.errorf(n.Range, "Wrong action", "It is (with-accepted-exit-codes CODES ACTION).")
		return &Action{Op: ActionProgn, Range: n.Range}
	}
	codes := r.predicateItem(n.Items[1], func(n *sexp.Node) Predicate {
		text, _ := n.Text()
		code, err := strconv.Atoi(text)
		if err != nil {
			r.errorf(n.Range, "Not a number", "%s is no exit code.", n)
		}
		return Predicate{Op: PredicateElement, Code: code, Range: n.Range}
	})
	a := r.action(n.Items[2])
	r.checkExitCodes(a, true)
	return &Action{Op: ActionExitCodes, Codes: &codes, Actions: []*Action{a}, Range: n.Range}
}

// underExitCodes are the actions that may stand under with-accepted-exit-codes
// around the one that runs a program.
var underExitCodes = []ActionOp{ActionChdir, ActionSetenv, ActionIgnoreStdout, ActionIgnoreStderr, ActionIgnoreOutputs,
	ActionStdinFrom, ActionStdoutTo, ActionStderrTo, ActionOutputsTo, ActionNoInfer}

func (r *reader) checkExitCodes(a *Action, outermost bool) {
	switch {
	case a.Op == ActionRun || a.Op == ActionBash || a.Op == ActionSystem:
	case slices.Contains(underExitCodes, a.Op):
		if outermost {
			since(2, 2)(r, "An action around the one under 'with-accepted-exit-codes'", a.Range)
		}
		r.checkExitCodes(a.Actions[0], false)
	default:
		r.errorf(a.Range, "Wrong action", "Only run, bash and system may stand under with-accepted-exit-codes, in redirections, chdir, setenv and no-infer.")
	}
}

// action reads the argument of a field as an action. It is nil for a field
// that is not there.
func (a *field) action() *Action {
	if n := a.one(); n != nil {
		return a.r.action(n)
	}
	return nil
}
