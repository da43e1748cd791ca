package show

import (
	_ "embed" // for the style
	"fmt"
	"html"
	"io"
	"strings"
	"time"

	"erg.build/erg/engine/event"
)

//go:embed page.css
var pageStyle string

const (
	// manyColumns is from how many on they are narrow, with names on end.
	manyColumns = 10
	// maxPageLog is how much a page has of what one action printed: its end.
	maxPageLog = 256 << 10
)

// Page writes the table and the logs of what failed as one HTML file that
// needs no other, and no script. title names what was tested, and at says when.
//
// It is written by hand since html/template, with what that needs, would make
// each start of erg slower.
func (m *Matrix) Page(w io.Writer, title string, at time.Time) error {
	p := &page{g: m.grid()}
	total := p.g.total()
	p.add(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s: %s</title>
<style>
%s</style>
<main>
<h1>Tests of %[1]s</h1>
`, esc(title), esc(headline(total, m.end.OK)), raw(pageStyle))
	class := "p"
	switch {
	case total.failed > 0 || total.all() == 0 && !m.end.OK:
		class = "bad"
	case total.notRun > 0:
		class = "late"
	}
	p.add("<p class=\"%s\">%s</p>\n", raw(class), esc(headline(total, m.end.OK)))
	p.add("<p class=\"dim\"><time datetime=\"%s\">%s</time>, in %s</p>\n", raw(at.Format(time.RFC3339)), raw(at.Format("2 January 2006, 15:04 MST")), raw(duration(m.end.Elapsed)))
	if total.all() > 0 {
		p.table(total)
	}
	p.logs(m.told())
	p.add("</main>\n</html>\n")
	_, err := io.WriteString(w, p.b.String())
	return err
}

// headline says how it went.
func headline(total tally, ok bool) string {
	if total.all() == 0 && !ok {
		return "The build failed before the tests were known"
	}
	return total.text()
}

// A page is being written.
type page struct {
	b strings.Builder
	g *grid
}

// raw is text that needs no escaping.
type raw string

// esc returns text of others as HTML.
func esc(s string) raw { return raw(html.EscapeString(strings.ToValidUTF8(s, "\uFFFD"))) }

// add takes nothing that was not escaped.
func (p *page) add(format string, args ...raw) {
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a
	}
	fmt.Fprintf(&p.b, format, list...)
}

func (p *page) table(total tally) {
	if total.troubled() > 0 {
		p.add("<input type=\"checkbox\" id=\"only\"><label for=\"only\">Show only what did not pass</label>\n")
	}
	class := ""
	if len(p.g.columns) >= manyColumns {
		class = ` class="many"`
	}
	p.add("<div class=\"scroll\" role=\"region\" aria-label=\"Results\" tabindex=\"0\">\n<table%s>\n<caption class=\"sr\">%s by %s</caption>\n<thead>\n<tr><td></td>",
		raw(class), raw(p.g.nouns(false)), raw(p.g.nouns(true)))
	for _, c := range p.g.columns {
		p.head("col", c)
	}
	p.add("</tr>\n</thead>\n<tbody>\n")
	for i, r := range p.g.rows {
		p.add("<tr%s>", fine(r))
		p.head("row", r)
		for k, c := range p.g.columns {
			p.cell(p.g.cells[i][k], c)
		}
		p.add("</tr>\n")
	}
	p.add("</tbody>\n</table>\n</div>\n")
}

// fine is the class of lines that go when only trouble is to be seen.
func fine(l line) raw {
	if l.troubled() == 0 {
		return ` class="ok"`
	}
	return ""
}

// head is the name of a row or a column.
func (p *page) head(scope raw, l line) {
	title := l.name
	if l.target != "" {
		title = l.target
	}
	class := raw("")
	if scope == "col" {
		class = fine(l)
	}
	p.add(`<th scope="%s"%s title="%s"><span>%s</span></th>`, scope, class, esc(title), esc(l.name))
}

func (p *page) cell(r event.TestResult, column line) {
	ok := raw("")
	if column.troubled() == 0 {
		ok = " ok"
	}
	switch r.Verdict {
	case event.Absent:
		p.add(`<td class="a%s"><span aria-hidden="true">–</span><span class="sr">no such test</span></td>`, ok)
	case event.Passed:
		title := raw("passed in this run")
		if !r.Ran {
			title = "passed before, and nothing has changed since"
		}
		p.add(`<td class="p%s" title="%s"><span aria-hidden="true">✓</span><span class="sr">passed</span> <time>%s</time></td>`, ok, title, raw(took(r.Took)))
	case event.Broken:
		p.add(`<td class="f">%s <time>%s</time></td>`, link(r, "✗ failed", "to what it printed"), raw(took(r.Took)))
	case event.NotRun:
		p.add(`<td class="n">%s</td>`, link(r, "not run", "to what failed before it"))
	}
}

// link leads to the failure behind a result.
func link(r event.TestResult, text, title raw) raw {
	if r.Failure == 0 {
		return text
	}
	return raw(fmt.Sprintf(`<a href="#f%d" title="%s">%s</a>`, r.Failure, title, text))
}

func number(n int) raw { return raw(fmt.Sprint(n)) }

// logs shows failures, with all that is known of them.
func (p *page) logs(failures []*event.ActionFinished) {
	if len(failures) == 0 {
		return
	}
	p.add("<h2>What failed</h2>\n")
	for _, f := range failures {
		p.add("<section class=\"log\" id=\"f%s\" aria-labelledby=\"h%[1]s\">\n<h3 id=\"h%[1]s\">%s <span class=\"dim\">%s</span></h3>\n",
			number(f.ID), esc(oneLine(f.Name)), esc(contextList(f.Contexts)))
		if f.Err != nil {
			p.add("<p class=\"why\">%s</p>\n", esc(strings.TrimSuffix(string(clean([]byte(f.Err.Error()), false)), "\n")))
		}
		text := string(clean(lastOf(f.Output), false))
		if f.Command != "" {
			text = "$ " + oneLine(f.Command) + "\n" + text
		}
		if text != "" {
			p.add("<pre tabindex=\"0\">%s</pre>\n", esc(text))
		}
		p.add("<a href=\"#\">To the top</a>\n</section>\n")
	}
}

// lastOf returns the end of a long text, where programs say why they fail.
func lastOf(b []byte) []byte {
	if len(b) <= maxPageLog {
		return b
	}
	return append([]byte("… (the beginning is left out)\n"), b[len(b)-maxPageLog:]...)
}
