package action

import (
	"slices"
	"strings"
	"testing"
)

func TestParseDepfile(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
		err      string
	}{
		{"empty", "", nil, ""},
		{"one", "a.o: a.c", []string{"a.c"}, ""},
		{"gcc", "a.o: a.c /usr/include/stdio.h \\\n lib/x.h\n", []string{"a.c", "/usr/include/stdio.h", "lib/x.h"}, ""},
		{"-MP", "a.o: a.c x.h\nx.h:\n", []string{"a.c", "x.h"}, ""},
		{"duplicates", "a.o: x x y\nb.o: y z\n", []string{"x", "y", "z"}, ""},
		{"targets", "a.o b.o : x\n", []string{"x"}, ""},
		{"continued target", "a.o \\\n b.o: x\n", []string{"x"}, ""},
		{"space", `a.o: with\ space`, []string{"with space"}, ""},
		{"dollar", "a.o: $$x a$$", []string{"$x", "a$"}, ""},
		{"hash", `a.o: a\#b`, []string{"a#b"}, ""},
		{"colon in name", `a.o: a\:b c:d`, []string{"a:b", "c:d"}, ""},
		{"backslash", `a.o: a\b`, []string{`a\b`}, ""},
		{"crlf", "a.o: x \\\r\n y\r\nb.o: z\r\n", []string{"x", "y", "z"}, ""},
		{"glued", "a.o:\\\n x\n", []string{"x"}, ""},
		{"tabs", "a.o:\tx\ty\n", []string{"x", "y"}, ""},
		{"blank lines", "\n\na.o: x\n\n", []string{"x"}, ""},
		{"no newline after continuation", "a.o: x \\\n", []string{"x"}, ""},
		{"backslash at the end", `a.o: x\`, []string{`x\`}, ""},
		{"no colon", "garbage\n", nil, "expected ':'"},
		{"no colon, last line", "garbage", nil, "no ':'"},
		{"second line", "a.o: x\nbad\n", nil, "line 2"},
		{"NUL", "a.o: x\x00y", nil, "NUL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseDepfile([]byte(c.in))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

// escape writes a name as compilers do.
func escape(name string) string {
	return strings.NewReplacer("$", "$$", " ", `\ `, "#", `\#`).Replace(name)
}

func FuzzParseDepfile(f *testing.F) {
	f.Add([]byte("a.o: a.c x.h \\\n y.h\nx.h:\n"), "a b$c#d")
	f.Add([]byte("a.o:\\\r\n\tx"), "x")
	f.Add([]byte("a\\ b: c$$d\n"), "é")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		deps, err := ParseDepfile(b)
		seen := map[string]bool{}
		for _, d := range deps {
			if d == "" || seen[d] || strings.ContainsAny(d, "\n\x00") {
				t.Errorf("dependency %q of %q", d, b)
			}
			seen[d] = true
		}
		if err != nil && deps != nil {
			t.Errorf("both %q and %v", deps, err)
		}
		// What a compiler writes is read back.
		if name == "" || strings.ContainsAny(name, "\x00\n\r\t\\:") {
			return
		}
		got, err := ParseDepfile([]byte("out.o: " + escape(name) + " last\n"))
		if err != nil || len(got) == 0 || got[0] != name {
			t.Errorf("%q was read as %q, %v", name, got, err)
		}
		// So is what erg writes.
		got, err = ParseDepfile(FormatDepfile("a b:c", []string{name, "x:"}))
		if err != nil || len(got) == 0 || got[0] != name || got[len(got)-1] != "x:" {
			t.Errorf("%q was read back as %q, %v", name, got, err)
		}
	})
}
