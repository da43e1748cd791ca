package sexp

import (
	"fmt"
	"strings"
)

// String returns the node on one line. Read reads the same from it.
func (n *Node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *Node) write(b *strings.Builder) {
	switch n.Kind {
	case List:
		b.WriteByte('(')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteByte(' ')
			}
			item.write(b)
		}
		b.WriteByte(')')
	case Atom:
		for _, p := range n.Parts {
			if p.Var != nil {
				b.WriteString(p.Var.String())
			} else {
				b.WriteString(p.Text)
			}
		}
	case Quoted:
		b.WriteByte('"')
		for _, p := range n.Parts {
			if p.Var != nil {
				b.WriteString(p.Var.String())
			} else {
				escapeTo(b, p.Text)
			}
		}
		b.WriteByte('"')
	}
}

// Quote returns text as files write it: without quotes where it can be.
func Quote(text string) string {
	plain := text != "" && !strings.Contains(text, "%{")
	for i := range len(text) {
		plain = plain && atomChar(text[i])
	}
	if plain {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	escapeTo(&b, text)
	b.WriteByte('"')
	return b.String()
}

func escapeTo(b *strings.Builder, text string) {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '%' && strings.HasPrefix(text[i:], "%{"):
			b.WriteString(`\%`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\b':
			b.WriteString(`\b`)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
}
