package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/show"
	"erg.build/erg/contexts"
	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
	"erg.build/erg/engine/event"
)

// Test implements cli.App.
func (App) Test(ctx context.Context, c cli.Common, o cli.TestOptions) error {
	report, err := newReport(o.Report)
	if err != nil {
		return err
	}
	defer report.Close()
	j := &job{command: "test", common: c, opts: o.Building, rerun: o.Rerun, matrix: show.NewMatrix(),
		request: contexts.Request{Contexts: c.Contexts, Args: o.Tests, Tests: true}}
	_, err = j.run(ctx)
	if werr := report.write(j.matrix, c.Dir); werr != nil && err == nil {
		err = werr
	}
	if c.JSON || ctx.Err() != nil {
		return err
	}
	_, werr := io.WriteString(c.Stdout, j.matrix.Text(show.CanvasOf(c.Stdout, c.Color, c.Getenv)))
	if err == nil {
		err = werr
	}
	return err
}

// A report is the page that a test run was asked to write; nil if none was.
// That the file can be written is found out before anything runs.
type report struct{ *os.File }

func newReport(name string) (*report, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("--report: %w", err)
	}
	return &report{f}, nil
}

func (r *report) write(m *show.Matrix, dir string) error {
	if r == nil {
		return nil
	}
	title := "a workspace"
	if root, err := findRoot(dir); err == nil {
		title = filepath.Base(root)
	}
	err := r.Truncate(0)
	if err == nil {
		err = m.Page(r, title, time.Now())
	}
	if cerr := r.File.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}

// Close closes the file of a report that was not written.
func (r *report) Close() error {
	if r == nil {
		return nil
	}
	return r.File.Close()
}

// A testTable is what the trace keeps of the tests of a goal, so that their
// results can be shown again from it alone. There may be very many, and each
// null build reads it.
type testTable struct {
	Contexts []string
	Rows     []testRow
}

// A testRow is one test, in all contexts.
type testRow struct {
	Name, Target string
	File         string  // the output of its action, below each context's root
	Took         []int64 // microseconds, by context; absent or unknown

	broken []bool // by context: could not be evaluated
}

const (
	absent = -1 // the context has no such test
)

// newTestTable notes which tests there are.
func newTestTable(tests contexts.Tests) *testTable {
	t := &testTable{Contexts: tests.Contexts}
	for _, r := range tests.Rows {
		row := testRow{Name: r.Name, Target: r.Target, Took: make([]int64, len(r.In)), broken: make([]bool, len(r.In))}
		for i, c := range r.In {
			switch root := addr.BuildDir + "/" + tests.Contexts[i] + "/"; {
			case !c.Exists:
				row.Took[i] = absent
			case c.Result == "":
				row.broken[i] = true
			default:
				row.File = strings.TrimPrefix(c.Result, root)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// results asks a session how the tests went, and notes how long they took.
func (t *testTable) results(s *engine.Session) event.TestsFinished {
	return t.event(func(row *testRow, i int) event.TestResult {
		if row.broken != nil && row.broken[i] {
			return event.TestResult{Verdict: event.NotRun}
		}
		f := s.Fate(addr.BuildDir + "/" + t.Contexts[i] + "/" + row.File)
		row.Took[i] = f.Took.Microseconds()
		r := event.TestResult{Verdict: event.Passed, Ran: f.Status == event.Ran, Took: f.Took, Failure: f.Failure}
		switch f.Status {
		case event.Failed:
			r.Verdict, r.Ran = event.Broken, true
		case "":
			r.Verdict, r.Took = event.NotRun, 0
		}
		return r
	})
}

// remembered are the results of a null build: all passed.
func (t *testTable) remembered() event.TestsFinished {
	return t.event(func(row *testRow, i int) event.TestResult {
		return event.TestResult{Verdict: event.Passed, Took: time.Duration(row.Took[i]) * time.Microsecond}
	})
}

func (t *testTable) event(result func(row *testRow, i int) event.TestResult) event.TestsFinished {
	e := event.TestsFinished{Contexts: t.Contexts}
	for k := range t.Rows {
		row := &t.Rows[k]
		out := event.TestRow{Name: row.Name, Target: row.Target, In: make([]event.TestResult, len(row.Took))}
		for i, took := range row.Took {
			if took != absent {
				out.In[i] = result(row, i)
			}
		}
		e.Tests = append(e.Tests, out)
	}
	return e
}
