package sexp_test

import (
	"fmt"
	"strings"
	"testing"

	"erg.build/erg/contexts/dune/sexp"
)

// dump returns nodes with what tells kinds apart.
func dump(nodes []*sexp.Node) string {
	var b strings.Builder
	for i, n := range nodes {
		if i > 0 {
			b.WriteByte(' ')
		}
		if n.Kind == sexp.List {
			fmt.Fprintf(&b, "(%s)", dump(n.Items))
			continue
		}
		if n.Kind == sexp.Quoted {
			b.WriteByte('Q')
		}
		b.WriteByte('[')
		for i, p := range n.Parts {
			if i > 0 {
				b.WriteByte('|')
			}
			switch {
			case p.Var == nil:
				fmt.Fprintf(&b, "%q", p.Text)
			case p.Var.HasPayload:
				fmt.Fprintf(&b, "%s:%s", p.Var.Name, p.Var.Payload)
			default:
				b.WriteString(p.Var.Name)
			}
		}
		b.WriteByte(']')
	}
	return b.String()
}

func TestRead(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{"", ""},
		{" ; nothing\n", ""},
		{"a b", `["a"] ["b"]`},
		{"(a (b c) ())", `(["a"] (["b"] ["c"]) ())`},
		{"(a)(b);c\r\n\f(d\t)", `(["a"]) (["b"]) (["d"])`},
		{`-w+a-4@8 #x|y %m {a} a\b $x ${x}`, `["-w+a-4@8"] ["#x|y"] ["%m"] ["{a}"] ["a\\b"] ["$x"] ["${x}"]`},
		{`%{a} x%{b:c:d}%%{e}`, `[a] ["x"|b:c:d|"%"|e]`},
		{`"" "a b" "a%{v}b" "%{v}"`, `Q[] Q["a b"] Q["a"|v|"b"] Q[v]`},
		{`"\n\r\b\t\\\'\"\065\x4a\%{v}%"`, `Q["\n\r\b\t\\'\"AJ%{v}%"]`},
		{"\"a\\\n   b\\\r\n\tc\nd\"", `Q["abc\nd"]`},
		{`"ä" "漢"`, `Q["ä"] Q["漢"]`},
		{"\"\\| one %{v} \\\" \" two\n \t\"\\> \\n%{v}\n\"\\|\n)", ``},
		{"(\"\\| one %{v} \\\" \" two\n \t\"\\> \\n%{v}\n\"\\|\n)", `(Q["one "|v|" \" \" two\n\\n%{v}\n\n"])`},
		{"\"\\| a\\\n\"\\| b\nc", `Q["ab\n"] ["c"]`},
		{"\"\\|", `Q[]`},
		{`a"b"c`, `["a"] Q["b"] ["c"]`},
	} {
		nodes, diags := sexp.Read("dune", []byte(test.src))
		if test.want == "" && test.src != "" && strings.Contains(test.src, ")") {
			if !diags.HasErrors() {
				t.Errorf("%q: no error", test.src)
			}
			continue
		}
		if diags.HasErrors() {
			t.Errorf("%q: %v", test.src, diags)
			continue
		}
		if got := dump(nodes); got != test.want {
			t.Errorf("%q:\n got %s\nwant %s", test.src, got, test.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{"a\n (b\n  (c)", `dune:2,2-3: Unclosed parenthesis; This parenthesis is not closed by the end of the file.`},
		{"(a))", `dune:1,4-5: Unexpected parenthesis; There is no left parenthesis for this right one.`},
		{`(a "b)`, `dune:1,4-5: Unclosed text; The quote that begins here is not closed by the end of the file.`},
		{"(a \x01)", `dune:1,4-5: Invalid character; The character '\x01' may not stand here.`},
		{"(bän)", `dune:1,3-4: Invalid character; Text without quotes has ASCII characters only. Write it in double quotes.`},
		{`("ä" ä)`, `dune:1,6-7: Invalid character; Text without quotes has ASCII characters only. Write it in double quotes.`},
		{`%{a b}`, `dune:1,4-5: Invalid character; This character may not stand in %{…}.`},
		{`%{a`, `dune:1,1-4: Unclosed variable; The right brace of %{a is missing.`},
		{`%{}`, `dune:1,1-4: No variable; The name of the variable is missing.`},
		{`x%{a:}`, `dune:1,2-7: No variable; What follows the colon is missing.`},
		{`"\q"`, `dune:1,2-4: Unknown escape; A backslash in quotes is written \\. It may begin \n, \r, \b, \t, \", \%, \123 and \x7b.`},
		{`"\12"`, `dune:1,2-5: Unclosed escape; 3 digits are needed here.`},
		{`"\xg0"`, `dune:1,2-4: Unclosed escape; 2 digits are needed here.`},
		{`"\256"`, `dune:1,2-6: Invalid escape; 256 is no code of a byte: it is more than 255.`},
		{`"\|x`, `dune:1,1-5: Missing space; A space must follow "\|.`},
		{strings.Repeat("(", 501), `dune:1,501-502: Nested too deeply; Lists may be nested 500 deep.`},
	} {
		_, diags := sexp.Read("dune", []byte(test.src))
		if got := diags.Error(); got != test.want {
			t.Errorf("%.20q:\n got %s\nwant %s", test.src, got, test.want)
		}
	}
}

func TestRanges(t *testing.T) {
	nodes, diags := sexp.Read("f", []byte("(a\n \"ä\" %{b}c)\nd"))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	list := nodes[0]
	for _, test := range []struct{ got, want string }{
		{list.Range.String(), "f:1,1-2,12"},
		{list.Items[0].Range.String(), "f:1,2-3"},
		{list.Items[1].Range.String(), "f:2,2-5"},
		{list.Items[2].Range.String(), "f:2,6-11"},
		{list.Items[2].Parts[0].Var.Range.String(), "f:2,6-10"},
		{nodes[1].Range.String(), "f:3,1-2"},
	} {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
	if b := list.Items[2].Range.Start.Byte; b != 9 {
		t.Errorf("byte %d", b)
	}
}

func TestQuote(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"a-b.c", "a-b.c"},
		{"", `""`},
		{"a b", `"a b"`},
		{"100%", "100%"},
		{"%{x}", `"\%{x}"`},
		{"\"\\\n\x00", `"\"\\\n\000"`},
		{"ä", `"\195\164"`},
	} {
		if got := sexp.Quote(test.text); got != test.want {
			t.Errorf("%q: got %s, want %s", test.text, got, test.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, src := range []string{
		"(library (name a) (libraries b (select c from (d -> e)))) ; x\n",
		`(run %{exe:a.exe} "%{deps} \n\065\x41\%{" -o%{targets})`,
		"(x \"\\| a\n   \"\\> b\n)",
		"(\"a\\\n  b\")\r\n()",
	} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		nodes, diags := sexp.Read("dune", src)
		if diags.HasErrors() {
			s := diags[0].Subject
			if s.Start.Line < 1 || s.Start.Byte > s.End.Byte || s.End.Byte > len(src) {
				t.Fatalf("error at %v", s)
			}
			return
		}
		var b strings.Builder
		for _, n := range nodes {
			b.WriteString(n.String() + "\n")
		}
		again, diags := sexp.Read("dune", []byte(b.String()))
		if diags.HasErrors() || dump(again) != dump(nodes) {
			t.Fatalf("%q is written as %q, which is read as %s %v", src, b.String(), dump(again), diags)
		}
	})
}
