package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// conditions says under what conditions the figures were found.
func (t *Table) conditions() string {
	var peers []string
	for _, p := range slices.Sorted(maps.Keys(t.Peers)) {
		peers = append(peers, p+" "+t.Peers[p])
	}
	text := t.Date + ": " + t.Machine.String()
	if len(peers) > 0 {
		text += "; " + strings.Join(peers, ", ")
	}
	return text + "."
}

// lines returns the rows, each column as wide as its widest cell; the figures
// stand at the right.
func (t *Table) lines() [][]string {
	lines := [][]string{slices.Clone(heads)}
	for _, r := range t.Rows {
		lines = append(lines, r.cells())
	}
	for c := range heads {
		width := 0
		for _, l := range lines {
			width = max(width, utf8.RuneCountInString(l[c]))
		}
		for _, l := range lines {
			pad := strings.Repeat(" ", width-utf8.RuneCountInString(l[c]))
			if figures(c) {
				l[c] = pad + l[c]
			} else {
				l[c] += pad
			}
		}
	}
	return lines
}

// figures reports whether a column has figures.
func figures(c int) bool { return c >= 2 && c <= 4 }

// Text writes the table for people to read in a terminal.
func (t *Table) Text(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(t.conditions() + "\n\n")
	for _, l := range t.lines() {
		b.WriteString(strings.TrimRight(strings.Join(l, "  "), " ") + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Markdown writes the table for a page.
func (t *Table) Markdown(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(t.conditions() + "\n\n")
	for i, l := range t.lines() {
		b.WriteString("| " + strings.Join(l, " | ") + " |\n")
		if i > 0 {
			continue
		}
		for c, cell := range l {
			rule := strings.Repeat("-", utf8.RuneCountInString(cell)+2)
			if figures(c) {
				rule = rule[1:] + ":"
			}
			b.WriteString("|" + rule)
		}
		b.WriteString("|\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// JSON writes the table for programs: times in seconds, memory in bytes.
func (t *Table) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(t)
}

// Section is the heading of a page below which Update puts a table.
const Section = "## The last run"

// Around returns what a page has before and after its table: all but what is
// between the heading Section and the next one.
func Around(name string) (before, after string, err error) {
	page, err := os.ReadFile(name)
	if err != nil {
		return "", "", err
	}
	before, rest, ok := strings.Cut(string(page), Section+"\n")
	if !ok {
		return "", "", fmt.Errorf("%s: there is no heading %q to put the table below", name, Section)
	}
	if i := strings.Index(rest, "\n## "); i >= 0 {
		after = rest[i:]
	}
	return before, after, nil
}

// Update replaces the table in a page. The rest is a person's.
func (t *Table) Update(name string) error {
	before, after, err := Around(name)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString(before + Section + "\n\n")
	if err := t.Markdown(&b); err != nil {
		return err
	}
	b.WriteString(after)
	return os.WriteFile(name, b.Bytes(), 0o666)
}
