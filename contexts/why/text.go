package why

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	nameWidth  = 56 // of the column of names, at most
	valueWidth = 72
	usersMost  = 24
)

type style string

const (
	bold   style = "1"
	dim    style = "2"
	yellow style = "33"
)

type printer struct {
	bytes.Buffer
	color bool
	wide  int // the column of names
}

func (p *printer) in(st style, text string) string {
	if !p.color || text == "" {
		return text
	}
	return "\x1b[" + string(st) + "m" + text + "\x1b[0m"
}

// Text writes the explanation for people.
func (e *Explanation) Text(w io.Writer, color bool) error {
	p := &printer{color: color}
	for _, n := range e.Roots {
		p.measure(n, 0)
	}
	if e.Now != nil {
		for i, n := range e.Now.Chain {
			p.measure(n, i+1)
		}
	}
	for _, n := range e.Roots {
		p.root(n)
	}
	if len(e.Users) > 0 {
		p.WriteString("  goes into\n")
		for i, u := range e.Users {
			if i == usersMost {
				fmt.Fprintf(p, "    … and %d more\n", len(e.Users)-i)
				break
			}
			fmt.Fprintf(p, "    %s\n", u)
		}
	}
	if e.Now != nil {
		fmt.Fprintf(p, "%s %s\n", p.in(yellow, "now:"), e.Now.Text)
		for i, n := range e.Now.Chain {
			p.step(n, i+1)
		}
	}
	_, err := w.Write(p.Bytes())
	return err
}

// measure widens the column of names for a node and those below it.
func (p *printer) measure(n *Node, depth int) {
	if n.Name != "" {
		p.wide = max(p.wide, min(nameWidth, 2*depth+utf8.RuneCountInString(n.Name)+prefixWidth(depth)))
	}
	for _, b := range n.Below {
		p.measure(b, depth+1)
	}
}

func prefixWidth(depth int) int {
	if depth == 0 {
		return 0
	}
	return 2
}

// root prints what was asked for.
func (p *printer) root(n *Node) {
	p.line(p.in(bold, n.Name), utf8.RuneCountInString(n.Name), n.Site)
	if n.Kind == Element {
		p.WriteString("  " + p.values(n))
		if n.Text != "" {
			p.WriteString("  " + p.in(dim, n.Text))
		}
		p.WriteByte('\n')
	} else if text := p.happened(n); text != "" {
		p.WriteString("  " + text + "\n")
	}
	for _, b := range n.Below {
		p.step(b, 1)
	}
}

// values prints the old and new value.
func (p *printer) values(n *Node) string {
	switch {
	case n.Build == 0 && n.New == "":
		return p.in(dim, "never built")
	case n.Build == 0:
		return "is " + cut(n.New) + p.in(dim, "  since it was first built")
	}
	was, is := differing(n.Old, n.New)
	return fmt.Sprintf("was %s  now %s", was, is) + p.in(dim, fmt.Sprintf("  changed in build %d", n.Build))
}

// happened says what became of an action or a file.
func (p *printer) happened(n *Node) string {
	text := n.Text
	if n.Build > 0 && n.Kind == Action {
		text += p.in(dim, fmt.Sprintf("  (build %d)", n.Build))
	}
	if n.Kind == File && n.Old != "" {
		text = fmt.Sprintf("%s  %s → %s", text, n.Old, n.New)
	}
	return strings.TrimSpace(text)
}

// step prints a node below the root, and those below it.
func (p *printer) step(n *Node, depth int) {
	head := strings.Repeat("  ", depth) + "← "
	text := n.Site
	switch {
	case n.Kind == Element && n.Again:
	case n.Kind == Element && n.Build > 0:
		was, is := differing(n.Old, n.New)
		text = fmt.Sprintf("%s  %s → %s", n.Site, was, is)
	case n.Kind == Element:
		text = n.Site + "  " + cut(n.New)
	default:
		text = p.happened(n)
	}
	if n.Again {
		text = p.in(dim, "(see above)")
	}
	p.line(head+n.label(), utf8.RuneCountInString(head+n.label()), text)
	if n.Again {
		return
	}
	for _, b := range n.Below {
		p.step(b, depth+1)
	}
}

// line prints a name, and a text in the column beside it.
func (p *printer) line(name string, width int, text string) {
	p.WriteString(name)
	if text != "" {
		fmt.Fprintf(p, "%s  %s", strings.Repeat(" ", max(0, p.wide-width)), text)
	}
	p.WriteByte('\n')
}

func cut(s string) string {
	if utf8.RuneCountInString(s) <= valueWidth {
		return s
	}
	return string([]rune(s)[:valueWidth-1]) + "…"
}

// differing shortens two long values to where they differ.
func differing(old, new string) (string, string) {
	const wide, before = 48, 16
	a, b := []rune(old), []rune(new)
	if len(a) <= wide && len(b) <= wide {
		return old, new
	}
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	part := func(r []rune) string {
		from := 0
		if same > before {
			from = min(same-before, max(0, len(r)-wide))
		}
		text := string(r[from:])
		if from > 0 {
			text = "…" + text
		}
		if r = []rune(text); len(r) > wide {
			return string(r[:wide-1]) + "…"
		}
		return text
	}
	return part(a), part(b)
}
