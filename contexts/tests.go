package contexts

import (
	"cmp"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// Tests are the tests that a request is about: a table of tests and contexts.
type Tests struct {
	// Contexts are those that have tests, in the order of the workspace.
	Contexts []string
	// Rows are in the order of directories, and there of the build files.
	Rows []TestRow
}

// A TestRow is one test, in all contexts that have it.
type TestRow struct {
	Name   string     // "lib/parser"
	Target string     // "//lib:test.parser"
	In     []TestCell // as Tests.Contexts
}

// A TestCell is one test in one context.
type TestCell struct {
	Exists bool
	// Result is the output that stands for the test's run; "" if what it runs
	// could not be evaluated.
	Result string
}

// A foundTest is a test of one context that was asked for.
type foundTest struct {
	target addr.Target
	name   string // of its files
	at     int    // where it begins in its build file
	nth    int    // its place in for_each
	result string
}

// test notes a test. x is nil if it could not be evaluated.
func (o *Outcome) test(g *target, x *test) {
	f := foundTest{target: g.addr(), name: g.fileName(), at: g.header.Range.Start.Byte, nth: g.nth}
	if x != nil {
		f.result = x.result
	}
	o.mu.Lock()
	o.found = append(o.found, f)
	o.mu.Unlock()
}

// duneTests notes tests of dune files, which are known by their results:
// _build/CONTEXT/DIR/.tests/NAME.out, or .alias in place of .tests. They
// follow those of the directory's build file, by name.
func (o *Outcome) duneTests(results []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range results {
		root, rel := action.RootOf(r)
		c, err := addr.ParseContext(path.Base(root))
		if err != nil {
			panic(err) // it is a context's own output
		}
		name := strings.TrimSuffix(path.Base(rel), ".out")
		t := addr.Target{Context: c, Dir: joinPath(path.Dir(path.Dir(rel))), Kind: addr.BlockTest, Name: name}
		o.found = append(o.found, foundTest{target: t, name: name, at: math.MaxInt, result: r})
	}
}

// arrangeTests makes a table of the tests that were found. Tests are found by
// many goroutines, in no order, and twice if two arguments stand for them.
func (ev *Evaluator) arrangeTests(t *engine.Task, ws *config.Workspace, o *Outcome) {
	contexts := map[addr.Context]int{}
	rows := map[addr.Target]*foundTest{} // by the address without a context
	for i := range o.found {
		f := &o.found[i]
		contexts[f.target.Context] = 0
		if r := rows[f.everywhere()]; r == nil || f.compare(r) < 0 {
			rows[f.everywhere()] = f
		}
	}
	order := ev.orderContexts(t, ws, contexts)
	for i, c := range order {
		contexts[c] = i
		o.Tests.Contexts = append(o.Tests.Contexts, c.String())
	}
	tests := slices.SortedFunc(maps.Values(rows), (*foundTest).compare)
	at := map[addr.Target]int{}
	for i, f := range tests {
		at[f.everywhere()] = i
		o.Tests.Rows = append(o.Tests.Rows, TestRow{Name: joinPath(f.target.Dir, f.name),
			Target: f.everywhere().String(), In: make([]TestCell, len(order))})
	}
	for _, f := range o.found {
		o.Tests.Rows[at[f.everywhere()]].In[contexts[f.target.Context]] = TestCell{Exists: true, Result: f.result}
	}
}

// everywhere is the address of a test in all contexts that have it.
func (f *foundTest) everywhere() addr.Target {
	a := f.target
	a.Context = addr.Context{}
	return a
}

// compare orders tests by place in the sources, then by place in for_each,
// which may differ between contexts.
func (f *foundTest) compare(o *foundTest) int {
	return cmp.Or(cmp.Compare(f.target.Dir, o.target.Dir), cmp.Compare(f.at, o.at), cmp.Compare(f.nth, o.nth), cmp.Compare(f.name, o.name))
}

// orderContexts sorts contexts as the workspace has them.
func (ev *Evaluator) orderContexts(t *engine.Task, ws *config.Workspace, set map[addr.Context]int) []addr.Context {
	names := map[string]bool{}
	for c := range set {
		names[c.Name] = true
	}
	var list []addr.Context
	for _, b := range ws.Contexts {
		if !names[b.Name] {
			continue // which may have to build something to know its instances
		}
		in, err := ev.instancesQ.Get(t, addr.Context{Name: b.Name})
		if err != nil {
			continue
		}
		for _, k := range in.keys {
			c := addr.Context{Name: b.Name, Key: k}
			if _, ok := set[c]; ok {
				list = append(list, c)
			}
		}
	}
	return list
}
