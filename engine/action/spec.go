// Package action describes one process run: what is run, what it reads, what
// it makes. It also defines how a run is named in a cache: see Manifest.
//
// # Paths
//
// Every path in a Spec is slash-separated. A relative path is relative to the
// workspace ("lib/a.c", "_build/app/lib/a.o"); a file outside the workspace
// is absolute. The first two elements of a path under the build directory
// ("_build/app") are its output root, one per context.
//
// Actions run in the workspace directory unless Dir says otherwise, so
// compilers name sources as people do, and sources are never copied.
//
// # Tokens
//
// An action's key holds no context name and no absolute path, yet its argv
// must name real files. So a string of argv or env mentions a file through
// Ref("_build/app/lib/a.o"), which embeds the path between two control
// characters. The token becomes a path only when the process starts; for the
// key it becomes a canonical spelling in which the action's own output root
// is "o:", foreign roots are "x0:", "x1:" in order of appearance, and
// sources are "s:". Two contexts that do the same thing thus have the same
// key, and a user's string that happens to contain "_build/app" is not
// touched.
package action

import (
	"strings"
	"time"

	"erg.build/erg/engine/digest"
)

// A Spec describes one process run. It is immutable once it was handed to
// the engine.
type Spec struct {
	// Name is a short human name with the workspace-relative source or
	// output: "cc app/plain.c". Not part of the key.
	Name string
	// Context is the context's name on disk ("app", "v@wide"), for people.
	// Not part of the key. Empty for a probe.
	Context string
	// Target says which declaration emitted the action
	// ("app//lib:library.blink"), for people and for pruning. Not part of
	// the key.
	Target string
	// Root is the action's own output root: "_build/app".
	Root string

	// Argv is the command. Argv[0] is a token, an absolute path, or a name
	// to be looked up along PATH in Env. Strings may contain tokens.
	Argv []string
	// Self says that the program is the one that the engine runs in, which
	// knows by its arguments that it is to be a helper. Argv[0] is how people
	// call it. Such an action runs without a sandbox.
	Self bool
	// From are further arguments, for a process that has to be told more than
	// what decides what it makes: where content can be had that is named by its
	// digest, or how to word a message. They are not part of the key. Such a
	// process has the environment of the person who runs erg, before Env.
	From []string
	// Env is the whole environment, "NAME=value", with tokens.
	Env []string
	// Dir is the working directory: "" is the workspace (in a sandbox: the
	// view's root).
	Dir string

	// Inputs are the files whose content is part of the key.
	Inputs []string
	// Order are files that must be up to date before the action starts and
	// that it may read; which of them it read, the depfile tells.
	Order []string
	// Outputs are the files it makes, all below Root. At least one; an
	// action that makes nothing (a test) names a file all the same, and
	// sets Stdout to it.
	Outputs []string

	Stdin  string // a file to read standard input from; must be in Inputs
	Stdout string // an output that receives standard output; "" for none

	// Tools are what it runs with, by identity.
	Tools []Tool

	// Depfile is the file (below Root) in which a compiler reports what it
	// read, in make's syntax. It is read and removed after the run.
	Depfile string
	// Include is the search order of included files: a file that a depfile
	// reports under a later directory is also a promise that it was absent
	// from the earlier ones.
	Include []string

	// Sandbox hides everything of the workspace but Inputs and Order.
	Sandbox bool
	// Writable are directories (absolute) kept writable in the sandbox: a
	// runner's state. Not part of the key.
	Writable []string
	// Visible are programs and directories of tools (absolute) that it runs
	// with: a sandbox shows them, with what they come with, wherever they lie.
	// Not part of the key.
	Visible []string
	// Pool limits how many actions that name the same pool run at once.
	Pool Pool
	// Locks are names of which no two actions that run at once have one in
	// common, beside the pool.
	Locks []string
	// Jobserver says that it runs jobs of its own and shares the slots of the
	// whole build: MAKEFLAGS is added to Env. Foreign actions do without being
	// asked. Not part of the key.
	Jobserver bool
	// Timeout ends the process; 0 means none. Not part of the key.
	Timeout time.Duration

	// Local results are remembered in the workspace's trace but neither
	// taken from nor put into the shared store (tests).
	Local bool
	// Expect is a file that standard output must equal, but for line ends; a
	// difference fails the action and shows the lines that differ.
	Expect string
	// Corrections is a file below Root that the action may write when it
	// fails, and which is kept then: what sources should hold (a tar archive of
	// files under their names in the workspace), for a person to accept.
	Corrections string
	// Own is a directory, as a sandbox shows it ("." is its top): inputs below
	// it are copies that the process may change and remove. "" is none.
	Own string
	// Extra says that what the process writes beside its outputs, in a sandbox,
	// is dropped and no error.
	Extra bool

	// Mirror are sources that are there below Root, too, by links: for tools
	// that write the names of all their arguments into what they make. Such an
	// action runs in Root and names these files as they are called in the
	// workspace.
	Mirror []string
	// Moves are outputs that the process writes under another name.
	Moves []Move

	// Written, if set, says what the output holds: no process makes it.
	Written *Written
	// Foreign, if set, says how another build system's graph wants the
	// action to be run.
	Foreign *Foreign
	// Install, if set, says that the action builds a foreign package.
	Install *Install

	// Unknown lists what the action waits for when planning, one label for
	// each value in it that is not known yet ("context.tools.output.cflags").
	// An action with unknowns has no key and cannot run.
	Unknown []string
}

// A Tool is something that an action runs with, named by what it is and not
// by where it is.
type Tool struct {
	Name     string // "cc", "ocamlopt", "tools//config:executable.board_config"
	Identity digest.Digest
}

// A Pool names a limited resource.
type Pool struct {
	Name  string // "" for none
	Depth int    // how many may run at once; at least 1
}

const (
	relStart = '\x02'
	absStart = '\x04'
	tokenEnd = '\x03'
)

// Ref returns the token for a file's path, relative to the directory in
// which the action runs.
func Ref(path string) string { return string(relStart) + path + string(tokenEnd) }

// Abs returns the token for a file's absolute path. What an action does with
// an absolute path may depend on it; prefer Ref.
func Abs(path string) string { return string(absStart) + path + string(tokenEnd) }

// Expand replaces the tokens of s by what f returns for each path.
func Expand(s string, f func(path string, abs bool) string) string {
	i := strings.IndexAny(s, "\x02\x04")
	if i < 0 {
		return s
	}
	var b strings.Builder
	for i >= 0 {
		end := strings.IndexByte(s[i:], tokenEnd)
		if end < 0 {
			break
		}
		b.WriteString(s[:i])
		b.WriteString(f(s[i+1:i+end], s[i] == absStart))
		s = s[i+end+1:]
		i = strings.IndexAny(s, "\x02\x04")
	}
	b.WriteString(s)
	return b.String()
}
