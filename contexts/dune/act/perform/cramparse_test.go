package perform

import (
	"fmt"
	"strings"
	"testing"
)

// TestParseCram holds how tests are cut into blocks against what dune makes
// of the same lines: "#" is a comment, "$" a command, and what is missing was
// passed over.
func TestParseCram(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"comment", "a\n\n b\n\tc\n", "1#a|| b|\tc"},
		{"no end of line", "a\n  $ b", "1#a 2$b"},
		{"command", "  $ a\n  > b\n  >\n  > \n  out\nc\n", "1$a|b|| 6#c"},
		{"two commands", "  $ a\n  $ b\n", "1$a 2$b"},
		{"indented comment", "a\n  lost\n\nb\n", "1#a 3#|b"},
		{"marks alone", "  $\n  $x\n  $ y\n", "3$y"},
		{"stray continuation", "a\n  > b\nc\n", "1#a 2#  > b|c"},
		{"empty line in output", "  $ a\n  b\n\n  c\nd\n", "1$a 3# 5#d"},
		{"one space in output", "  $ a\n  b\n \n  c\n \nd\n", "1$a 4# | |d"},
		{"one space before a command", "  $ a\n  b\n \n  $ c\n", "1$a 4$c"},
		{"one space at the end", "  $ a\n  b\n ", "1$a 3# "},
		{"CRLF", "a\r\n  $ b\r\n  c\r\n", "1#a\r 2$b\r"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, b := range parseCram(test.text) {
				mark, lines := "#", b.comment
				if b.command != nil {
					mark, lines = "$", b.command
				}
				got = append(got, fmt.Sprintf("%d%s%s", b.line, mark, strings.Join(lines, "|")))
			}
			if s := strings.Join(got, " "); s != test.want {
				t.Errorf("got %q, want %q", s, test.want)
			}
		})
	}
}
