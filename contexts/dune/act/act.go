// Package act is dune's action language after its variables are expanded: a
// tree of what one action of the engine does. Into turns a tree into the
// specification of one process: of the program itself where there is just
// one, else of erg, which carries the tree out (package perform).
//
// A tree travels as arguments of a process, one string for each of its
// strings. So each may hold the tokens of package action, and the action's
// key stays free of places.
package act

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
)

// Command is the first argument by which erg knows that it is to carry out a
// tree.
const Command = "dune-action"

// version changes whenever a tree means something else than before.
const version = "2"

// An Op is what a node of a tree does.
type Op string

// The operations. Files are named relative to the directory that the node
// works in, or absolutely. ARG stands for a string, DO for a node.
const (
	OpRun         Op = "run"                      // PROGRAM ARG…
	OpSystem      Op = "system"                   // COMMAND, by sh
	OpBash        Op = "bash"                     // COMMAND
	OpChdir       Op = "chdir"                    // DIR, DO
	OpSetenv      Op = "setenv"                   // NAME VALUE, DO
	OpStdoutTo    Op = "with-stdout-to"           // FILE, DO
	OpStderrTo    Op = "with-stderr-to"           // FILE, DO
	OpOutputsTo   Op = "with-outputs-to"          // FILE, DO
	OpStdinFrom   Op = "with-stdin-from"          // FILE, DO
	OpIgnore      Op = "ignore-stdout"            // DO
	OpIgnoreErr   Op = "ignore-stderr"            // DO
	OpIgnoreBoth  Op = "ignore-outputs"           // DO
	OpThrough     Op = "through"                  // NAME ARG…, DO: NAME on its PATH runs ARG…, with what it is given for Arguments; so does FILE, where nothing is
	OpAccepted    Op = "with-accepted-exit-codes" // CODES as Codes writes them, DO
	OpProgn       Op = "progn"                    // DO…
	OpConcurrent  Op = "concurrent"               // DO…
	OpPipeOut     Op = "pipe-stdout"              // DO…
	OpPipeErr     Op = "pipe-stderr"              // DO…
	OpPipeOutputs Op = "pipe-outputs"             // DO…
	OpEcho        Op = "echo"                     // ARG…
	OpCat         Op = "cat"                      // FILE…
	OpCopy        Op = "copy"                     // FROM TO
	OpCopyLine    Op = "copy#"                    // FROM TO NAME: NAME is FROM in the line directive
	OpFormat      Op = "format-dune-file"         // FROM TO NAME: NAME is FROM for people
	OpSymlink     Op = "symlink"                  // FROM TO
	OpWrite       Op = "write-file"               // FILE TEXT
	OpWriteExec   Op = "write-file-executable"    // FILE TEXT
	OpDiff        Op = "diff"                     // FILE MADE NAME: NAME is FILE in the workspace, "" if it cannot be promoted
	OpDiffMaybe   Op = "diff?"                    // the same; MADE may be missing
	OpCmp         Op = "cmp"                      // FILE FILE
	OpPack        Op = "pack"                     // DIR NAME ARCHIVE LIST: NAME is DIR for people
	OpCram        Op = "cram"                     // FILE NAME SHELL TIMEOUT MARKERS SETUP…: see perform
)

// Arguments stands for the arguments of a program that runs through another.
const Arguments = "{args}"

// An Action is a node of a tree.
type Action struct {
	Op   Op
	Args []string
	Do   []*Action
}

// New returns a node without others below it.
func New(op Op, args ...string) *Action { return &Action{Op: op, Args: args} }

// With returns a node around others; ops of several take them in order.
func With(op Op, args []string, do ...*Action) *Action { return &Action{Op: op, Args: args, Do: do} }

// Any reports whether a condition holds for any node of the tree.
func (a *Action) Any(cond func(*Action) bool) bool {
	return cond(a) || slices.ContainsFunc(a.Do, func(d *Action) bool { return d.Any(cond) })
}

// Encode writes the tree as strings.
func (a *Action) Encode() []string {
	out := []string{string(a.Op), strconv.Itoa(len(a.Args)), strconv.Itoa(len(a.Do))}
	out = append(out, a.Args...)
	for _, d := range a.Do {
		out = append(out, d.Encode()...)
	}
	return out
}

var errMalformed = errors.New("malformed action")

// Decode reads what Encode wrote.
func Decode(args []string) (*Action, error) {
	a, rest, err := decode(args)
	if err == nil && len(rest) > 0 {
		err = errMalformed
	}
	return a, err
}

func decode(s []string) (*Action, []string, error) {
	if len(s) < 3 {
		return nil, nil, errMalformed
	}
	args, err1 := strconv.Atoi(s[1])
	do, err2 := strconv.Atoi(s[2])
	a := &Action{Op: Op(s[0])}
	s = s[3:]
	if err1 != nil || err2 != nil || args < 0 || do < 0 || args > len(s) || do > len(s)-args {
		return nil, nil, errMalformed
	}
	a.Args, s = s[:args], s[args:]
	for range do {
		d, rest, err := decode(s)
		if err != nil {
			return nil, nil, err
		}
		a.Do, s = append(a.Do, d), rest
	}
	return a, s, nil
}

// Codes spells the exit codes that accept holds for: "0,2-4".
func Codes(accept func(code int) bool) string {
	var parts []string
	for i := 0; i < 256; i++ {
		if !accept(i) {
			continue
		}
		from := i
		for i < 255 && accept(i+1) {
			i++
		}
		if from == i {
			parts = append(parts, strconv.Itoa(from))
		} else {
			parts = append(parts, strconv.Itoa(from)+"-"+strconv.Itoa(i))
		}
	}
	return strings.Join(parts, ",")
}

// Accepts reports whether codes, as Codes spells them, has a code.
func Accepts(codes string, code int) bool {
	for _, p := range strings.Split(codes, ",") {
		from, to, ok := strings.Cut(p, "-")
		if !ok {
			to = from
		}
		a, err1 := strconv.Atoi(from)
		b, err2 := strconv.Atoi(to)
		if err1 == nil && err2 == nil && a <= code && code <= b {
			return true
		}
	}
	return false
}

// Into makes s carry out the tree. Dir, Env, Inputs, Outputs, Sandbox and all
// else are the caller's, and are there already. If the tree may find that a
// source should be another, corrections is the file that takes what it should
// be (see perform); "" otherwise.
func (a *Action) Into(s *action.Spec, corrections string) {
	if corrections == "" && a.direct(s) {
		return
	}
	s.Self, s.Extra, s.Corrections = true, true, corrections
	at := ""
	if corrections != "" {
		at = action.Ref(corrections)
	}
	a.locate(s)
	s.Argv = append([]string{"erg", Command, at}, a.Encode()...)
	s.Tools = append(s.Tools, action.Tool{Name: Command, Identity: digest.Of([]byte(Command + version))})
}

// locate has programs that are files run as such, and not looked for along
// PATH: a token may become a name without a slash.
func (a *Action) locate(s *action.Spec) {
	if a.Op == OpRun && len(a.Args) > 0 {
		p, ok := token(a.Args[0])
		root, rest := action.RootOf(p)
		if root == "" {
			rest = p
		}
		if ok && (root == "" || root == s.Root) && !strings.Contains(action.Relative(s.Dir, rest), "/") {
			a.Args[0] = "./" + a.Args[0]
		}
	}
	for _, d := range a.Do {
		d.locate(s)
	}
}

// direct makes s the one process that the tree is, if it is one.
func (a *Action) direct(s *action.Spec) bool {
	env, stdin, stdout := slices.Clone(s.Env), s.Stdin, s.Stdout
	for {
		switch a.Op {
		case OpRun:
			if len(a.Args) == 0 {
				return false
			}
			s.Argv, s.Env, s.Stdin, s.Stdout, s.Extra = a.Args, env, stdin, stdout, true
			return true
		case OpProgn:
			if len(a.Do) != 1 {
				return false
			}
		case OpSetenv:
			env = setenv(env, a.Args[0], a.Args[1])
		case OpStdoutTo:
			p, ok := token(a.Args[0])
			if !ok || stdout != "" || !slices.Contains(s.Outputs, p) {
				return false
			}
			stdout = p
		case OpStdinFrom:
			p, ok := token(a.Args[0])
			if !ok || stdin != "" || !slices.Contains(s.Inputs, p) {
				return false
			}
			stdin = p
		default:
			return false
		}
		a = a.Do[0]
	}
}

func setenv(env []string, name, value string) []string {
	env = slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, name+"=") })
	return append(env, name+"="+value)
}

// token returns the file that a string names, if it is a token and nothing
// else.
func token(s string) (string, bool) {
	p, n := "", 0
	rest := action.Expand(s, func(path string, _ bool) string { p, n = path, n+1; return "" })
	return p, n == 1 && rest == ""
}
