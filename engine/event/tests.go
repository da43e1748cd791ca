package event

import "time"

// TestsFinished says how all tests that were asked for went: a table of tests
// and contexts. It comes before BuildFinished, from the command that knows
// which actions are tests.
type TestsFinished struct {
	Contexts []string
	Tests    []TestRow
}

// A TestRow is one test, in all contexts.
type TestRow struct {
	Name   string       // "lib/parser"
	Target string       // its address in all contexts: "//lib:test.parser"
	In     []TestResult // as TestsFinished.Contexts
}

// A TestResult is one test in one context.
type TestResult struct {
	Verdict Verdict
	Ran     bool          // in this build
	Took    time.Duration // when it ran last
	Failure int           // the ActionFinished.ID of its failure, or of the one for which it did not run; 0 for none
}

// Remembered reports whether the verdict is that of an earlier run.
func (r TestResult) Remembered() bool { return r.Verdict == Passed && !r.Ran }

// A Verdict says how a test went.
type Verdict string

const (
	Absent Verdict = ""        // the context has no such test
	Passed Verdict = "passed"  // now, or before and nothing has changed
	Broken Verdict = "failed"  // it ran, and did not end or print as it should
	NotRun Verdict = "not run" // something that it needs failed, or the build stopped
)

func (TestsFinished) isEvent() {}
