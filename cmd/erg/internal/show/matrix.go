package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"erg.build/erg/engine/event"
)

// A Matrix gathers how tests went, and what failed, to show it as a table of
// contexts and tests: as text (Text) or as a page (Page). It is a Sink that
// writes nothing by itself.
type Matrix struct {
	table    event.TestsFinished
	failures []*event.ActionFinished
	end      event.BuildFinished
}

// NewMatrix returns an empty Matrix.
func NewMatrix() *Matrix { return new(Matrix) }

// Event implements event.Sink.
func (m *Matrix) Event(e event.Event) {
	switch e := e.(type) {
	case event.ActionFinished:
		if e.Status == event.Failed && m.failure(e.ID) == nil {
			m.failures = append(m.failures, &e)
		}
	case event.ActionShared:
		if f := m.failure(e.ID); f != nil {
			f.Contexts = addContext(f.Contexts, e.Context)
		}
	case event.TestsFinished:
		m.table = e
	case event.BuildFinished:
		m.end = e
	}
}

// Close implements Sink.
func (m *Matrix) Close() error { return nil }

// A tally counts tests.
type tally struct{ passed, failed, notRun int }

func (c *tally) add(v event.Verdict) {
	switch v {
	case event.Passed:
		c.passed++
	case event.Broken:
		c.failed++
	case event.NotRun:
		c.notRun++
	}
}

func (c tally) all() int      { return c.passed + c.failed + c.notRun }
func (c tally) troubled() int { return c.failed + c.notRun }

// text says how it went: "14 tests passed", "1 of 14 tests failed, 2 did not run".
func (c tally) text() string {
	if c.troubled() == 0 {
		return plural(c.passed, "test") + " passed"
	}
	var parts []string
	if c.failed > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s failed", c.failed, plural(c.all(), "test")))
	}
	switch {
	case c.notRun > 0 && c.failed > 0:
		parts = append(parts, fmt.Sprintf("%d did not run", c.notRun))
	case c.notRun > 0:
		parts = append(parts, fmt.Sprintf("%d of %s did not run", c.notRun, plural(c.all(), "test")))
	}
	return strings.Join(parts, ", ")
}

// A grid is the table, turned so that its longer side goes down: pages and
// terminals scroll that way.
type grid struct {
	rows, columns []line
	cells         [][]event.TestResult // by row
	contextsDown  bool
}

// A line is a row or a column of a grid: a context, or a test.
type line struct {
	name, target string // target is "" for a context
	tally
}

func (m *Matrix) grid() *grid {
	var contexts, tests []line
	for _, c := range m.table.Contexts {
		contexts = append(contexts, line{name: oneLine(c)})
	}
	for _, t := range m.table.Tests {
		tests = append(tests, line{name: oneLine(t.Name), target: t.Target})
	}
	g := &grid{rows: tests, columns: contexts, contextsDown: len(contexts) > len(tests)}
	if g.contextsDown {
		g.rows, g.columns = contexts, tests
	}
	g.cells = make([][]event.TestResult, len(g.rows))
	for i := range g.rows {
		g.cells[i] = make([]event.TestResult, len(g.columns))
		for k := range g.columns {
			test, context := i, k
			if g.contextsDown {
				test, context = k, i
			}
			r := m.table.Tests[test].In[context]
			g.cells[i][k] = r
			g.rows[i].add(r.Verdict)
			g.columns[k].add(r.Verdict)
		}
	}
	return g
}

// total counts all tests.
func (g *grid) total() tally {
	var c tally
	for _, r := range g.rows {
		c.passed, c.failed, c.notRun = c.passed+r.passed, c.failed+r.failed, c.notRun+r.notRun
	}
	return c
}

// A Canvas is where text is to be read.
type Canvas struct {
	Columns        int // 0 for a file or a pipe
	Color, Unicode bool
}

// CanvasOf describes where what is written to w will be read.
func CanvasOf(w io.Writer, mode ColorMode, getenv func(string) string) Canvas {
	columns, _ := sizeOf(w)()
	return Canvas{columns, UseColor(w, mode, getenv), hasUnicode(getenv)}
}

const (
	// pipeColumns is how wide tables are that are not for a terminal.
	pipeColumns = 100
	// maxMatrixLines is how long a table may be. Of longer ones only the rows and
	// columns are shown in which not all is well.
	maxMatrixLines = 100
)

// Text returns the table, if there are several contexts to compare, and a line
// with the counts. It is "" if no test was asked for.
func (m *Matrix) Text(c Canvas) string {
	g := m.grid()
	total := g.total()
	if total.all() == 0 && !m.end.OK {
		return ""
	}
	var b strings.Builder
	if len(m.table.Contexts) > 1 {
		g.text(&b, c)
		b.WriteByte('\n')
	}
	how := paint(c.Color).in(green, total.text())
	if total.troubled() > 0 {
		how = paint(c.Color).in(red, total.text())
	}
	b.WriteString(how + "\n")
	return b.String()
}

// text writes the table in bands of as many columns as fit side by side.
func (g *grid) text(b *strings.Builder, c Canvas) {
	if c.Columns <= 0 {
		c.Columns = pipeColumns
	}
	first, widths := g.measure(c)
	bands := bandsOf(widths, c.Columns-first)
	var rest []string
	if len(bands)*len(g.rows) > maxMatrixLines {
		g, rest = g.fold()
		first, widths = g.measure(c)
		bands = bandsOf(widths, c.Columns-first)
	}
	for n, band := range bands {
		if len(g.rows) == 0 {
			break
		}
		if n > 0 {
			b.WriteByte('\n')
		}
		g.band(b, c, first, band[0], widths[band[0]:band[1]])
	}
	for _, r := range rest {
		b.WriteString(paint(c.Color).in(dim, r) + "\n")
	}
}

// measure returns how wide the names of rows are, and each column. It shortens
// names for which there is no room.
func (g *grid) measure(c Canvas) (first int, widths []int) {
	for i := range g.rows {
		g.rows[i].name = shorten(g.rows[i].name, max(c.Columns/2, 8), c.ellipsis())
		first = max(first, width(g.rows[i].name))
	}
	widths = make([]int, len(g.columns))
	for k := range g.columns {
		col := &g.columns[k]
		col.name = shorten(col.name, max(c.Columns-first-2, 4), c.ellipsis())
		widths[k] = width(col.name)
		for i := range g.rows {
			widths[k] = max(widths[k], width(c.mark(g.cells[i][k])))
		}
	}
	return first, widths
}

// fold returns the lines of a large table in which not all is well, and says
// what it left out.
func (g *grid) fold() (small *grid, rest []string) {
	small = &grid{contextsDown: g.contextsDown}
	var columns []int
	for k, l := range g.columns {
		if l.troubled() > 0 {
			columns = append(columns, k)
			small.columns = append(small.columns, l)
		}
	}
	more := 0
	for i, l := range g.rows {
		switch {
		case l.troubled() == 0:
			continue
		case len(small.rows) == maxMatrixLines:
			more++
			continue
		}
		small.rows = append(small.rows, l)
		var cells []event.TestResult
		for _, k := range columns {
			cells = append(cells, g.cells[i][k])
		}
		small.cells = append(small.cells, cells)
	}
	if more > 0 {
		rest = append(rest, fmt.Sprintf("%d more %s with failures", more, g.nouns(false)))
	}
	if n := len(g.rows) - len(small.rows) - more; n > 0 {
		rest = append(rest, fmt.Sprintf("%d %s without failures", n, g.nouns(false)))
	}
	if n := len(g.columns) - len(small.columns); n > 0 {
		rest = append(rest, fmt.Sprintf("%d %s without failures", n, g.nouns(true)))
	}
	return small, rest
}

// nouns is what the rows are, or the columns.
func (g *grid) nouns(columns bool) string {
	if g.contextsDown != columns {
		return "contexts"
	}
	return "tests"
}

// bandsOf divides columns into ranges that are no wider than room together.
func bandsOf(widths []int, room int) [][2]int {
	var bands [][2]int
	from, used := 0, 0
	for k, w := range widths {
		if k > from && used+2+w > room {
			bands = append(bands, [2]int{from, k})
			from, used = k, 0
		}
		used += 2 + w
	}
	return append(bands, [2]int{from, len(widths)})
}

// band writes some of the columns.
func (g *grid) band(b *strings.Builder, c Canvas, first, from int, widths []int) {
	p := paint(c.Color)
	head := strings.Repeat(" ", first)
	for k, w := range widths {
		head += "  " + pad(g.columns[from+k].name, w)
	}
	b.WriteString(p.in(dim, strings.TrimRight(head, " ")) + "\n")
	for i, r := range g.rows {
		text := pad(r.name, first)
		space := "" // none behind the last one
		for k, w := range widths {
			cell := g.cells[i][from+k]
			mark := c.mark(cell)
			text += space + "  " + p.in(markStyle[cell.Verdict], mark)
			space = strings.Repeat(" ", w-width(mark))
		}
		b.WriteString(text + "\n")
	}
}

func pad(s string, w int) string { return s + strings.Repeat(" ", max(0, w-width(s))) }

func (c Canvas) ellipsis() string {
	if c.Unicode {
		return "…"
	}
	return "..."
}

var markStyle = map[event.Verdict]style{event.Absent: dim, event.Passed: green, event.Broken: red, event.NotRun: yellow}

// mark is what a cell shows.
func (c Canvas) mark(r event.TestResult) string {
	switch r.Verdict {
	case event.Passed:
		if c.Unicode {
			return "✓"
		}
		return "ok"
	case event.Broken:
		return "FAIL"
	case event.NotRun:
		return "not run"
	}
	if c.Unicode {
		return "–"
	}
	return "-"
}

// told returns the failures that tests have, or suffer from, in the order of
// the table. Where a test could not even be evaluated, for a package that
// failed, say, all others follow.
func (m *Matrix) told() []*event.ActionFinished {
	var out []*event.ActionFinished
	told := map[int]bool{}
	all := len(m.table.Tests) == 0
	for _, t := range m.table.Tests {
		for _, r := range t.In {
			all = all || r.Verdict == event.NotRun && r.Failure == 0
			if f := m.failure(r.Failure); f != nil && !told[f.ID] {
				told[f.ID] = true
				out = append(out, f)
			}
		}
	}
	for _, f := range m.failures {
		if all && !told[f.ID] {
			out = append(out, f)
		}
	}
	return out
}

// failure returns the failure of that number, nil if it was not told.
func (m *Matrix) failure(id int) *event.ActionFinished {
	i := slices.IndexFunc(m.failures, func(f *event.ActionFinished) bool { return f.ID == id })
	if i < 0 {
		return nil
	}
	return m.failures[i]
}
