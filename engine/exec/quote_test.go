package exec_test

import (
	"strings"
	"testing"

	"erg.build/erg/engine/exec"
)

func TestQuote(t *testing.T) {
	for _, test := range []struct {
		argv []string
		want string
	}{
		{nil, ""},
		{[]string{"gcc", "-c", "-O2", "src/a.c", "-I../inc"}, "gcc -c -O2 src/a.c -I../inc"},
		{[]string{"echo", "", "a b", "$x", "it's", "*.c"}, `echo '' 'a b' '$x' 'it'\''s' '*.c'`},
		{[]string{"A=b", "A=b"}, "'A=b' A=b"},
		{[]string{"~", "~x", "a~"}, "'~' '~x' a~"},
		{[]string{"naïve", "日本"}, "naïve 日本"},
		{[]string{"a\nb\t'\\\x01"}, `$'a\nb\t\'\\\001'`},
	} {
		if got := exec.Quote(test.argv); got != test.want {
			t.Errorf("%q: got %s, want %s", test.argv, got, test.want)
		}
	}
}

// FuzzQuote: a shell reads back what was quoted. POSIX sh knows no $'…', so
// that control characters are bash's to try.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a b", "it's", `\`, "$(x)", "`", "a\nb", "\x7f", "é", "-n", "!x", "#", "{a,b}", "[", "=ls"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") || len(s) > 10000 {
			t.Skip()
		}
		script := exec.Quote([]string{"printf", "%s", s})
		r, err := exec.Run(t.Context(), &exec.Command{
			Argv: []string{"bash", "-c", script}, Env: []string{"PATH=/bin:/usr/bin", "LC_ALL=C"}, CaptureStdout: true,
		})
		if err != nil {
			t.Skip(err) // no bash
		}
		if string(r.Stdout) != s {
			t.Errorf("%q became %q by way of %s", s, r.Stdout, script)
		}
	})
}
