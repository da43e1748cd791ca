package sexp

import (
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// width is the number of columns that Format fills.
const width = 77

// Format lays out a file as dune does: each item of a list begins a line, but
// for lists of text alone that fit into one, and comments are where they were.
func Format(filename string, src []byte) ([]byte, hcl.Diagnostics) {
	nodes, diags := read(filename, src, true)
	if diags.HasErrors() {
		return nil, diags
	}
	f := &formatter{}
	for i, n := range nodes {
		if i > 0 {
			f.text("\n")
		}
		f.node(n)
		f.text("\n")
	}
	return []byte(f.out.String()), nil
}

type formatter struct {
	out strings.Builder
	col int
}

func (f *formatter) text(s string) {
	f.out.WriteString(s)
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		f.col, s = 0, s[i+1:]
	}
	f.col += len(s)
}

// line begins a line at a column.
func (f *formatter) line(col int) { f.text("\n" + strings.Repeat(" ", col)) }

func (f *formatter) node(n *Node) {
	switch {
	case n.Kind == comment:
		f.comment(n)
	case n.Kind != List:
		f.text(flat(n))
	case plain(n.Items):
		f.plain(n.Items)
	default:
		f.list(n.Items)
	}
}

func (f *formatter) comment(n *Node) {
	col := f.col
	for i, p := range n.Parts {
		if i > 0 {
			f.line(col)
		}
		f.text(";" + p.Text)
	}
}

// list writes one item in a line. A comment that began in the line of an item
// stays there.
func (f *formatter) list(items []*Node) {
	f.text("(")
	col := f.col
	for i, n := range items {
		if i > 0 {
			if n.Kind == comment && items[i-1].Kind != comment && n.Range.Start.Line == items[i-1].Range.Start.Line {
				f.text(" ")
			} else {
				f.line(col)
			}
		}
		f.node(n)
	}
	if n := len(items); n > 0 && items[n-1].Kind == comment {
		f.line(col)
	}
	f.text(")")
}

// plain reports whether a list may stand in one line: its items are text, or
// lists of one item at most.
func plain(items []*Node) bool {
	for _, n := range items {
		if n.Kind == comment || n.Kind == List && len(n.Items) > 1 {
			return false
		}
	}
	return true
}

// plain writes such a list.
func (f *formatter) plain(items []*Node) {
	if whole := flatList(items); f.col+len(whole) <= width {
		f.text(whole)
		return
	}
	f.text("(")
	col := f.col
	for i, n := range items {
		if i > 0 {
			f.line(col)
		}
		f.text(flat(n))
	}
	f.text(")")
}

// flat is a node in one line, without comments.
func flat(n *Node) string {
	if n.Kind == List {
		return flatList(n.Items)
	}
	var b strings.Builder
	if n.Kind == Quoted {
		b.WriteByte('"')
	}
	for _, p := range n.Parts {
		switch {
		case p.Var != nil:
			b.WriteString(p.Var.String())
		case n.Kind == Quoted:
			escapeReadably(&b, p.Text)
		default:
			b.WriteString(p.Text)
		}
	}
	if n.Kind == Quoted {
		b.WriteByte('"')
	}
	return b.String()
}

func flatList(items []*Node) string {
	var parts []string
	for _, n := range items {
		if n.Kind != comment {
			parts = append(parts, flat(n))
		}
	}
	return "(" + strings.Join(parts, " ") + ")"
}

// escapeReadably escapes text for quotes, and leaves letters of all scripts.
func escapeReadably(b *strings.Builder, text string) {
	for text != "" {
		n := 0 // of ASCII and what is no character
		for n < len(text) {
			if r, size := utf8.DecodeRuneInString(text[n:]); r >= utf8.RuneSelf && size > 1 {
				break
			}
			n++
		}
		escapeTo(b, text[:n])
		text = text[n:]
		if text != "" {
			_, size := utf8.DecodeRuneInString(text)
			b.WriteString(text[:size])
			text = text[size:]
		}
	}
}
