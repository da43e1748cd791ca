package contexts

import (
	"cmp"
	"slices"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/engine"
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
	target *target
	result string
}

// test notes a test. x is nil if it could not be evaluated.
func (o *Outcome) test(g *target, x *test) {
	f := foundTest{target: g}
	if x != nil {
		f.result = x.result
	}
	o.mu.Lock()
	o.found = append(o.found, f)
	o.mu.Unlock()
}

// arrangeTests makes a table of the tests that were found. Tests are found by
// many goroutines, in no order, and twice if two arguments stand for them.
func (ev *Evaluator) arrangeTests(t *engine.Task, ws *config.Workspace, o *Outcome) {
	contexts := map[addr.Context]int{}
	rows := map[addr.Target]*foundTest{} // by the address without a context
	for i := range o.found {
		f := &o.found[i]
		contexts[f.target.ctx] = 0
		if r := rows[everywhere(f.target)]; r == nil || before(f.target, r.target) {
			rows[everywhere(f.target)] = f
		}
	}
	order := ev.orderContexts(t, ws, contexts)
	for i, c := range order {
		contexts[c] = i
		o.Tests.Contexts = append(o.Tests.Contexts, c.String())
	}
	var tests []*foundTest
	for _, f := range rows {
		tests = append(tests, f)
	}
	slices.SortFunc(tests, func(a, b *foundTest) int {
		if before(a.target, b.target) {
			return -1
		}
		return 1
	})
	at := map[addr.Target]int{}
	for i, f := range tests {
		at[everywhere(f.target)] = i
		o.Tests.Rows = append(o.Tests.Rows, TestRow{Name: joinPath(f.target.dir, f.target.fileName()),
			Target: everywhere(f.target).String(), In: make([]TestCell, len(order))})
	}
	for _, f := range o.found {
		o.Tests.Rows[at[everywhere(f.target)]].In[contexts[f.target.ctx]] = TestCell{Exists: true, Result: f.result}
	}
}

// everywhere is the address of a target in all contexts that have it.
func everywhere(g *target) addr.Target {
	a := g.addr()
	a.Context = addr.Context{}
	return a
}

// before orders targets by place in the sources, then by place in for_each,
// which may differ between contexts.
func before(a, b *target) bool {
	return cmp.Or(cmp.Compare(a.dir, b.dir), cmp.Compare(a.header.Range.Start.Byte, b.header.Range.Start.Byte),
		cmp.Compare(a.nth, b.nth), cmp.Compare(a.key, b.key)) < 0
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
