package rules

import "testing"

func TestUnescape(t *testing.T) {
	for _, test := range []struct {
		in, out string
		ok      bool
	}{
		{"", "", true},
		{"plain 'text'", "plain 'text'", true},
		{`a\\b\"c\'d\ e`, `a\b"c'd e`, true},
		{`\n\t\b\r`, "\n\t\b\r", true},
		{`\065\x42\o103D`, "ABCD", true},
		{`"`, "", false},
		{`a\`, "", false},
		{`\q`, "", false},
		{`\12`, "", false},
		{`\256`, "", false},
		{`\xg0`, "", false},
		{`\+12`, "", false},
	} {
		if got, ok := unescape(test.in); ok != test.ok || got != test.out && ok {
			t.Errorf("unescape(%q) = %q, %v", test.in, got, ok)
		}
	}
}

func TestOCamlString(t *testing.T) {
	const in, want = "a\\b\"c\n\t\x00é", `"a\\b\"c\n\t\000\195\169"`
	if got := ocamlString(in); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
