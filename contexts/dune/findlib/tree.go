package findlib

import (
	"strings"

	"erg.build/erg/contexts/dune/sexp"
)

// A tree is an s-expression to be printed as dune does: on one line if it
// fits, else each item on a line of its own.
type tree struct {
	atom  string
	items []*tree
}

// of makes a list of strings and trees.
func of(items ...any) *tree {
	t := &tree{}
	for _, x := range items {
		switch x := x.(type) {
		case string:
			t.items = append(t.items, &tree{atom: sexp.Quote(x)})
		case []string:
			t.items = append(t.items, of(anys(x)...).items...)
		case *tree:
			if x != nil {
				t.items = append(t.items, x)
			}
		case []*tree:
			t.items = append(t.items, x...)
		}
	}
	return t
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// width is the number of columns that fit.
const width = 78

func (t *tree) flat() string {
	if t.atom != "" {
		return t.atom
	}
	parts := make([]string, len(t.items))
	for i, x := range t.items {
		parts[i] = x.flat()
	}
	return "(" + strings.Join(parts, " ") + ")"
}

// write writes the tree at a column. Parentheses that close what is around it
// do not count.
func (t *tree) write(b *strings.Builder, col int) {
	if s := t.flat(); t.atom != "" || col+len(s) <= width {
		b.WriteString(s)
		return
	}
	b.WriteByte('(')
	for i, x := range t.items {
		if i > 0 {
			b.WriteString("\n" + strings.Repeat(" ", col+1))
		}
		x.write(b, col+1)
	}
	b.WriteByte(')')
}

// field is a field, if there is something in it.
func field(name string, values []string) *tree {
	if len(values) == 0 {
		return nil
	}
	return of(name, values)
}

func some(name, value string) *tree {
	if value == "" {
		return nil
	}
	return of(name, value)
}

func byMode(name string, files map[string][]string) *tree {
	byte, native := field(Byte, files[Byte]), field(Native, files[Native])
	if byte == nil && native == nil {
		return nil
	}
	return of(name, byte, native)
}

// written is a node as it was written.
func written(n *sexp.Node) *tree {
	switch {
	case n == nil:
		return nil
	case n.Kind != sexp.List:
		return &tree{atom: n.String()}
	}
	t := &tree{}
	for _, item := range n.Items {
		t.items = append(t.items, written(item))
	}
	return t
}

// add appends what is there.
func (t *tree) add(items ...*tree) {
	for _, x := range items {
		if x != nil {
			t.items = append(t.items, x)
		}
	}
}
