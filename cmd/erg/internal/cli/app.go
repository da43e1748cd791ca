package cli

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"time"

	"erg.build/erg/cmd/erg/internal/show"
	"erg.build/erg/contexts/graph"
)

// An App does what the subcommands ask for. Its methods print to the streams
// of Common and return nil when the command succeeded, and otherwise an error
// that ExitCode understands.
//
// Targets and tests are addresses or paths below _build; none means the
// defaults.
type App interface {
	// Plan prints what Build would do.
	Plan(context.Context, Common, PlanOptions) error
	// Build builds targets and prints where the programs are.
	Build(context.Context, Common, BuildOptions) error
	// Test builds and runs tests.
	Test(context.Context, Common, TestOptions) error
	// Run builds a program and runs it through its context's runner.
	Run(context.Context, Common, RunOptions) error
	// Install builds packages and copies what they install into a prefix.
	Install(context.Context, Common, InstallOptions) error
	// Why prints why an element is as it is.
	Why(context.Context, Common, WhyOptions) error
	// Stats prints figures of the last builds.
	Stats(context.Context, Common, StatsOptions) error
	// Graph returns what to draw.
	Graph(context.Context, Common, GraphOptions) (*graph.Graph, error)
	// Describe prints what dune files declare.
	Describe(context.Context, Common) error
	// Merlin answers editors, until they have no more questions.
	Merlin(context.Context, Common) error
	// Clean removes what was built.
	Clean(context.Context, Common, CleanOptions) error
	// Promote accepts what tests found as what they expect.
	Promote(context.Context, Common, PromoteOptions) error
	// StoreStats prints how much there is in the store.
	StoreStats(context.Context, Common) error
	// StoreGC removes what was used least recently from the store.
	StoreGC(context.Context, Common, StoreGCOptions) error
	// Format returns src, the contents of the HCL file name, in the canonical
	// layout. An error says what is wrong with the file.
	Format(name string, src []byte) ([]byte, error)
	// LockSources fetches sources and writes their integrity into erg.hcl.
	LockSources(context.Context, Common, LockOptions) error
	// ListSources prints the sources of the workspace.
	ListSources(context.Context, Common) error
	// Ninja does what Ninja does with a command line. Its error is a
	// *ProgramError.
	Ninja(context.Context, Common, []string) error
	// Complete returns what may be meant by a word's beginning, each as
	// "word" or "word\tdescription". It is quick, prints nothing, and returns
	// nil when it does not know.
	Complete(context.Context, Common, Completion) []string
}

// Common is what all commands share.
type Common struct {
	Dir       string   // where to look for the workspace, absolute
	Contexts  []string // those to consider, as CTX[@KEY]; all the defaults when empty
	Jobs      int      // how many processes may run at once, at least 1
	JobsGiven bool     // Jobs was asked for, and is no default
	KeepGoing bool     // go on with what does not depend on a failure
	JSON      bool     // print JSON, one object per line where it is a stream
	Vars      []Var    // in the order given, without duplicates
	Color     show.ColorMode
	Store     string // the store's directory, absolute; "" for the user's

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
}

// Path returns a path given on the command line as an absolute one.
func (c Common) Path(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(c.Dir, name)
}

// UseColor reports whether to write colours to Stdout.
func (c Common) UseColor() bool { return show.UseColor(c.Stdout, c.Color, c.Getenv) }

// A Var is a variable's value, as --var NAME=VALUE gives it.
type Var struct{ Name, Value string }

// Building is how commands that build do so.
type Building struct {
	Timeline string // the file to write a trace to, absolute; "" for none
	Explain  bool   // say of each action why it runs
	// KeepFailed keeps the directory of a package that cannot be built.
	KeepFailed bool
	// MaxLoad and Memory hold processes back; as in engine.SessionOptions.
	MaxLoad float64
	Memory  int64
}

// PlanOptions are those of plan.
type PlanOptions struct {
	Targets []string
}

// BuildOptions are those of build.
type BuildOptions struct {
	Building
	Targets []string
}

// TestOptions are those of test.
type TestOptions struct {
	Building
	Tests  []string
	Rerun  bool   // run tests that passed before, too
	Report string // the page to write, absolute; "" for none
}

// RunOptions are those of run.
type RunOptions struct {
	Building
	Program string
	Args    []string
}

// InstallOptions are those of install.
type InstallOptions struct {
	Building
	Prefix   string // absolute
	Packages []string
	DryRun   bool // only list the files
	// Relocatable has programs look for what is installed from where they lie.
	Relocatable bool
}

// WhyOptions are those of why.
type WhyOptions struct {
	Address string
}

// StatsOptions are those of stats.
type StatsOptions struct {
	Top int // how long lists are; 0 for all
}

// GraphOf says which graph to draw.
type GraphOf string

const (
	OfContexts GraphOf = "contexts" // contexts, toolchains and the links between them
	OfTargets  GraphOf = "targets"  // libraries, executables, rules and tests
	OfActions  GraphOf = "actions"  // actions and their files
)

// GraphOptions are those of graph.
type GraphOptions struct {
	Of      GraphOf
	Targets []string // draw these and what they need
}

// CleanOptions are those of clean.
type CleanOptions struct {
	DryRun bool // only print what would be removed
}

// PromoteOptions are those of promote.
type PromoteOptions struct {
	Tests  []string
	DryRun bool // only show the differences
}

// StoreGCOptions are those of store gc.
type StoreGCOptions struct {
	MaxSize int64         // of what stays; 0 for any
	MaxAge  time.Duration // since it was used, of what stays; 0 for any
	DryRun  bool          // only print what would be removed
}

// LockOptions are those of source lock.
type LockOptions struct {
	Names []string // NAME or NAME@KEY; those without integrity when empty
	All   bool
}

// A Completion is what a shell asks for.
type Completion struct {
	Of     CompletionOf
	Prefix string
	Taken  []string // the arguments before it
}

// CompletionOf says what a word is to be.
type CompletionOf string

const (
	ContextNames CompletionOf = "contexts" // CTX[@KEY]
	Targets      CompletionOf = "targets"  // what build takes
	Tests        CompletionOf = "tests"    // what test and promote take
	Programs     CompletionOf = "programs" // what run takes
	Elements     CompletionOf = "elements" // what why takes
)

// noApp is an App that can do nothing, in place of one that was not given.
type noApp struct{}

var errNoApp = errors.New("this command is not part of this build of erg")

func (noApp) Plan(context.Context, Common, PlanOptions) error        { return errNoApp }
func (noApp) Build(context.Context, Common, BuildOptions) error      { return errNoApp }
func (noApp) Test(context.Context, Common, TestOptions) error        { return errNoApp }
func (noApp) Run(context.Context, Common, RunOptions) error          { return errNoApp }
func (noApp) Install(context.Context, Common, InstallOptions) error  { return errNoApp }
func (noApp) Why(context.Context, Common, WhyOptions) error          { return errNoApp }
func (noApp) Stats(context.Context, Common, StatsOptions) error      { return errNoApp }
func (noApp) Describe(context.Context, Common) error                 { return errNoApp }
func (noApp) Merlin(context.Context, Common) error                   { return errNoApp }
func (noApp) Clean(context.Context, Common, CleanOptions) error      { return errNoApp }
func (noApp) Promote(context.Context, Common, PromoteOptions) error  { return errNoApp }
func (noApp) Ninja(context.Context, Common, []string) error          { return errNoApp }
func (noApp) StoreStats(context.Context, Common) error               { return errNoApp }
func (noApp) Format(string, []byte) ([]byte, error)                  { return nil, errNoApp }
func (noApp) Complete(context.Context, Common, Completion) []string  { return nil }
func (noApp) StoreGC(context.Context, Common, StoreGCOptions) error  { return errNoApp }
func (noApp) LockSources(context.Context, Common, LockOptions) error { return errNoApp }
func (noApp) ListSources(context.Context, Common) error              { return errNoApp }
func (noApp) Graph(context.Context, Common, GraphOptions) (*graph.Graph, error) {
	return nil, errNoApp
}
