package sexp_test

import (
	"strings"
	"testing"

	"erg.build/erg/contexts/dune/sexp"
)

func TestFormat(t *testing.T) {
	long := strings.Repeat("x", 70)
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"a", "a\n"},
		{"( )", "()\n"},
		{`(a "s"  %{v} ((b)) "é\255\n%{x:y}")`, "(a \"s\" %{v} ((b)) \"é\\255\\n%{x:y}\")\n"},
		{"(a (b c))(d)", "(a\n (b c))\n\n(d)\n"},
		{"; one\n  ; two\n\n; three\n(a)", "; one\n; two\n\n; three\n\n(a)\n"},
		{"(a ; of a\n; more\nb)", "(a ; of a\n   ; more\n b)\n"},
		{"(; first\na\n;last\n)", "(; first\n a\n ;last\n )\n"},
		{"(a (;dropped\n))", "(a ())\n"},
		{"(a " + long + " bc)", "(a " + long + " bc)\n"},
		{"(a " + long + " bcd)", "(a\n " + long + "\n bcd)\n"},
		{"(a\r\n b;c\r\n)", "(a\n b ;c\n )\n"},
	} {
		got, diags := sexp.Format("dune", []byte(c.in))
		if string(got) != c.want || diags.HasErrors() {
			t.Errorf("%q: got\n%s%v\nwant\n%s", c.in, got, diags, c.want)
		}
		if again, _ := sexp.Format("dune", got); string(again) != c.want {
			t.Errorf("%q: formatted twice:\n%s", c.in, again)
		}
	}
	if _, diags := sexp.Format("dune", []byte("(")); !diags.HasErrors() {
		t.Error("no error for an open parenthesis")
	}
}

// What is laid out says the same.
func FuzzFormat(f *testing.F) {
	for _, src := range []string{"(a (b c) ; d\n)", "\"a\\\n b\"", "; x\n(a %{b})", "(a \"\\| x\n)"} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		nodes, diags := sexp.Read("dune", src)
		got, bad := sexp.Format("dune", src)
		if diags.HasErrors() != bad.HasErrors() {
			t.Fatalf("read: %v, formatted: %v", diags, bad)
		}
		if bad.HasErrors() {
			return
		}
		again, diags := sexp.Read("dune", got)
		if diags.HasErrors() || dump(again) != dump(nodes) {
			t.Fatalf("%q is formatted as %q, which is read as %s %v", src, got, dump(again), diags)
		}
	})
}
