package dune

import "github.com/hashicorp/hcl/v2"

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
