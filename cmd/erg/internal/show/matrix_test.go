package show

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"erg.build/erg/engine/event"
)

// tested is a Matrix with tests by contexts; a letter for each result: p(assed),
// f(ailed), n(ot run), and - for a test that a context does not have.
func tested(contexts []string, rows ...string) *Matrix {
	m := NewMatrix()
	e := event.TestsFinished{Contexts: contexts}
	ok := true
	for _, r := range rows {
		name, results, _ := strings.Cut(r, " ")
		row := event.TestRow{Name: name, Target: "//:test." + name}
		for i, c := range results {
			verdict := map[rune]event.Verdict{'p': event.Passed, 'f': event.Broken, 'n': event.NotRun}[c]
			res := event.TestResult{Verdict: verdict, Took: time.Duration(i+1) * 100 * ms}
			if c == 'f' || c == 'n' {
				ok = false
				res.Failure = len(m.failures) + 1
				m.Event(event.ActionFinished{ID: res.Failure, Name: "test " + name, Contexts: []string{contexts[i]}, Status: event.Failed,
					Err: errors.New("exit status 1"), Command: "./" + name + " <in", Output: []byte("\x1b[31mno\x1b[0m & that's it\n")})
			}
			row.In = append(row.In, res)
		}
		e.Tests = append(e.Tests, row)
	}
	m.Event(e)
	m.Event(event.BuildFinished{OK: ok, Elapsed: sec})
	return m
}

func TestMatrixText(t *testing.T) {
	for _, x := range []struct {
		name   string
		m      *Matrix
		canvas Canvas
		want   string
	}{
		{"tests down", tested([]string{"app", "firmware"}, "parse pp", "lib/long p-", "io pp"), Canvas{Unicode: true}, `
          app  firmware
parse     ✓    ✓
lib/long  ✓    –
io        ✓    ✓

5 tests passed
`},
		{"contexts down", tested([]string{"app@4.14", "app@5.3", "win"}, "parse pfn", "domains -p-"), Canvas{}, `
          parse    domains
app@4.14  ok       -
app@5.3   FAIL     ok
win       not run  -

1 of 4 tests failed, 1 did not run
`},
		{"one context", tested([]string{"app"}, "parse p", "io n"), Canvas{Unicode: true}, `
1 of 2 tests did not run
`},
		{"narrow", tested([]string{"release", "debug"}, "one pp", "a/very/long/name/of/a/test pp", "c ff"), Canvas{Columns: 24, Unicode: true}, `
              release
one           ✓
a/v…f/a/test  ✓
c             FAIL

              debug
one           ✓
a/v…f/a/test  ✓
c             FAIL

2 of 6 tests failed
`},
		{"nothing", tested(nil), Canvas{}, "\n0 tests passed\n"},
	} {
		got := x.m.Text(x.canvas)
		if got != x.want[1:] {
			t.Errorf("%s:\n%s\nwant\n%s", x.name, got, x.want[1:])
		}
		if x.canvas.Color = true; stripped(x.m.Text(x.canvas)) != got {
			t.Errorf("%s: with colours\n%s", x.name, x.m.Text(x.canvas))
		}
		for line := range strings.Lines(got) {
			if x.canvas.Columns > 0 && width(line) > x.canvas.Columns {
				t.Errorf("%s: too wide: %q", x.name, line)
			}
		}
	}
	if m := NewMatrix(); m.Text(Canvas{}) != "" {
		t.Error("a build that failed before its tests were known has a table")
	}
}

func stripped(s string) string { return regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(s, "") }

// A table that is too long shows only the lines in which not all is well.
func TestMatrixFolds(t *testing.T) {
	var contexts, rows []string
	for i := range 12 {
		contexts = append(contexts, fmt.Sprintf("context-number-%d", i))
	}
	for i := range 60 {
		r := strings.Repeat("p", 12)
		if i == 7 {
			r = "pppfppppppp-"
		}
		rows = append(rows, fmt.Sprintf("t%d %s", i, r))
	}
	const want = `    context-number-3
t7  FAIL
59 tests without failures
11 contexts without failures

1 of 719 tests failed
`
	if got := tested(contexts, rows...).Text(Canvas{Columns: 80, Unicode: true}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for i, r := range rows {
		rows[i] = strings.NewReplacer("p", "f", "-", "f").Replace(r)
	}
	rows = append(rows, rows...)
	for i := range rows[60:] {
		rows[60+i] = "x" + rows[60+i]
	}
	got := tested(contexts, rows...).Text(Canvas{Columns: 400})
	if n := strings.Count(got, "\n"); n > maxMatrixLines+5 || !strings.Contains(got, "\n20 more tests with failures\n") {
		t.Errorf("%d lines:\n%s", n, got)
	}
}

func pageOf(t *testing.T, m *Matrix) string {
	t.Helper()
	var b strings.Builder
	if err := m.Page(&b, "a <b>", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A page is whole by itself, holds all of the table, and each result that is
// not well leads to a log.
func TestMatrixPage(t *testing.T) {
	text := pageOf(t, tested([]string{"app", "<win>"}, "parse pf", "io n-"))
	for _, want := range []string{
		"<title>a &lt;b&gt;: 1 of 3 tests failed, 1 did not run</title>",
		`<th scope="row" title="//:test.parse"><span>parse</span></th><td class="p" title="passed before, and nothing has changed since">`,
		`<th scope="col" title="&lt;win&gt;"><span>&lt;win&gt;</span></th>`,
		`<time>200 ms</time>`, `<span class="sr">no such test</span>`,
		`<h3 id="h1">test parse <span class="dim">(&lt;win&gt;)</span></h3>`,
		"$ ./parse &lt;in\nno &amp; that&#39;s it\n",
		`<input type="checkbox" id="only">`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	links := regexp.MustCompile(`href="#(f\d+)"`).FindAllStringSubmatch(text, -1)
	if len(links) != 2 {
		t.Errorf("links: %q", links)
	}
	for _, l := range links {
		if strings.Count(text, `id="`+l[1]+`"`) != 1 {
			t.Errorf("%s leads nowhere", l[0])
		}
	}
	if bad := regexp.MustCompile(`(?i)(src|href)="[^#]|url\(|@import|<script|%!`).FindString(text); bad != "" {
		t.Errorf("the page has %q", bad)
	}
	wellNested(t, text)
}

// wellNested checks that elements end in the order in which they begin.
func wellNested(t *testing.T, text string) {
	t.Helper()
	alone := map[string]bool{"meta": true, "input": true, "!doctype": true}
	var open []string
	for _, m := range regexp.MustCompile(`<(/?)([!a-zA-Z0-9]+)[^>]*>`).FindAllStringSubmatch(text, -1) {
		name := strings.ToLower(m[2])
		switch {
		case alone[name]:
		case m[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			t.Fatalf("</%s> ends none of %q", name, open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%q never end", open)
	}
}

func TestMatrixPageWithoutTrouble(t *testing.T) {
	text := pageOf(t, tested([]string{"app", "win"}, "parse pp"))
	if strings.Contains(text, "What failed") || strings.Contains(text, `type="checkbox"`) {
		t.Errorf("there is nothing to look at:\n%s", text)
	}
	wellNested(t, text)
}

// A build that failed before its tests were known has what failed.
func TestMatrixPageWithoutTests(t *testing.T) {
	m := NewMatrix()
	m.Event(event.ActionFinished{ID: 4, Name: "package gcc", Status: event.Failed, Err: errors.New("step 1"), Output: []byte(strings.Repeat("x", maxPageLog+9))})
	m.Event(event.BuildFinished{Failed: 1})
	text := pageOf(t, m)
	if !strings.Contains(text, "The build failed before the tests were known") || !strings.Contains(text, `id="f4"`) || strings.Contains(text, "<table") {
		t.Errorf("got\n%.3000s", text)
	}
	if !strings.Contains(text, "<pre tabindex=\"0\">… (the beginning is left out)\nxxx") || len(text) > maxPageLog+1<<14 {
		t.Errorf("%d bytes", len(text))
	}
}

func TestMatrixPageWithManyColumns(t *testing.T) {
	var contexts []string
	for i := range manyColumns {
		contexts = append(contexts, fmt.Sprint("c", i))
	}
	var rows []string
	for i := range manyColumns {
		rows = append(rows, fmt.Sprintf("t%d %s", i, strings.Repeat("p", manyColumns)))
	}
	if text := pageOf(t, tested(contexts, rows...)); !strings.Contains(text, `<table class="many">`) {
		t.Error("names of columns are not on end")
	}
}
