package show

import (
	"testing"
	"time"
	"unicode/utf8"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-sec:                              "0.0s",
		0:                                 "0.0s",
		1234 * ms:                         "1.2s",
		59960 * ms:                        "1m00s",
		125 * sec:                         "2m05s",
		time.Hour + 2*time.Minute + 9*sec: "1h02m",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, test := range []struct {
		in   string
		max  int
		want string
	}{
		{"short", 5, "short"},
		{"cc very/long/path/file.c", 14, "cc v…th/file.c"},
		{"日本語のファイル名.c", 10, "日…ル名.c"},
		{"abcdef", 3, "…ef"},
		{"abcdef", 2, "ab"},
		{"abcdef", 0, ""},
	} {
		got := shorten(test.in, test.max, "…")
		if got != test.want || width(got) > test.max {
			t.Errorf("shorten(%q, %d) = %q of width %d, want %q", test.in, test.max, got, width(got), test.want)
		}
	}
}

func FuzzShorten(f *testing.F) {
	f.Add("cc a/b.c", 5)
	f.Fuzz(func(t *testing.T, s string, max int) {
		max = (max%100 + 100) % 100
		if got := shorten(s, max, "..."); width(got) > max {
			t.Errorf("shorten(%q, %d) = %q", s, max, got)
		}
	})
}

func TestClean(t *testing.T) {
	for _, test := range []struct{ in, plain, color string }{
		{"", "", ""},
		{"a", "a\n", "a\n"},
		{"a\tb\r\n", "a\tb\n", "a\tb\n"},
		{"10%\r20%\r\n", "10%\n20%\n", "10%\n20%\n"},
		{"\x1b[31mred\x1b[2J\x1b[3A", "red\n", "\x1b[31mred\x1b[0m\n"},
		{"\x1b]0;title\x07x\x1b]8;;u\x1b\\y\x1b(Bz\x1b", "xyz\n", "xyz\n"},
		{"\x1b]unterminated\nx", "\nx\n", "\nx\n"},
		{"bell\x07\x08é\n", "bellé\n", "bellé\n"},
	} {
		if got := string(clean([]byte(test.in), false)); got != test.plain {
			t.Errorf("clean(%q, false) = %q, want %q", test.in, got, test.plain)
		}
		if got := string(clean([]byte(test.in), true)); got != test.color {
			t.Errorf("clean(%q, true) = %q, want %q", test.in, got, test.color)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add([]byte("\x1b[31mred\x1b[0m\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		out := clean(in, false)
		for i := 0; i < len(out); {
			r, n := utf8.DecodeRune(out[i:])
			if isControl(r) {
				t.Fatalf("clean(%q) = %q keeps %q", in, out, r)
			}
			i += n
		}
	})
}

func TestDiff(t *testing.T) {
	in := "diff a b\n--- a\n+++ b\n@@ -1,2 +1,2 @@\n same\n--- gone\n+new"
	want := "\x1b[1mdiff a b\x1b[0m\n\x1b[1m--- a\x1b[0m\n\x1b[1m+++ b\x1b[0m\n\x1b[36m@@ -1,2 +1,2 @@\x1b[0m\n" +
		" same\n\x1b[1;31m--- gone\x1b[0m\n\x1b[32m+new\x1b[0m"
	if got := string(Diff([]byte(in), true)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := string(Diff([]byte(in), false)); got != in {
		t.Errorf("without colour: %q", got)
	}
}
