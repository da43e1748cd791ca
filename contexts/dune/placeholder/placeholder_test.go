package placeholder

import (
	"strings"
	"testing"
)

func TestEncode(t *testing.T) {
	for _, x := range []struct {
		value string
		min   int
		want  string
	}{
		{"vcs-describe:7:src/foo", 0, "%%DUNE_PLACEHOLDER:46:vcs-describe:7:src/foo%%"},
		{Location("lib", "app"), 50, "%%DUNE_PLACEHOLDER:50:location:lib:3:app%%%%%%%%%%"},
	} {
		got := Encode(x.value, x.min)
		if got != x.want {
			t.Errorf("Encode(%q) is %q, want %q", x.value, got, x.want)
		}
		if n, value, ok := decode([]byte(got)); !ok || n != len(got) || value != x.value {
			t.Errorf("%q is read as %d, %q, %v", got, n, value, ok)
		}
	}
	for n := 60; n < 120; n++ { // around a length with one more digit
		value := strings.Repeat("x", n)
		got := Encode(value, 0)
		if m, back, ok := decode([]byte(got)); !ok || m != len(got) || back != value || strings.HasSuffix(got, "%%%") {
			t.Errorf("%q is read as %d, %q, %v", got, m, back, ok)
		}
	}
}

func TestSubstitute(t *testing.T) {
	c := &Conf{Location: func(section, pkg string) string { return "/p/" + section + "/" + pkg }, Stdlib: "/std", OCamlPath: []string{"/a", "/b"}}
	for _, x := range []struct{ in, want string }{
		{"", ""},
		{"%%DUNE_PLACEHOLDER:", "%%DUNE_PLACEHOLDER:"},
		{"%%DUNE_PLACEHOLDER:99:", "%%DUNE_PLACEHOLDER:99:"},
		{"%%DUNE_PLACEHOLDER:22:%%", "%%DUNE_PLACEHOLDER:22:%%"},
		{Encode("vcs-describe:1:x", 64), Encode("vcs-describe:1:x", 64)},
		{Encode("location:lib:9:app", 0), Encode("location:lib:9:app", 0)},
		{"a" + Encode(Location("lib", "app"), 50) + "b", "a=10:/p/lib/app" + strings.Repeat(" ", 36) + "b"},
		{"%" + Encode(Stdlib, 50) + "%", "%=4:/std" + strings.Repeat(" ", 43) + "%"},
		{Encode(SourceRoot, 50), "=0:" + strings.Repeat(" ", 47)},
		{Encode(OCamlPath, 50), "=15:hardcoded\x00/a\x00/b" + strings.Repeat(" ", 31)},
	} {
		if got := string(c.Substitute([]byte(x.in))); got != x.want {
			t.Errorf("%q becomes %q, want %q", x.in, got, x.want)
		}
	}
	c.Relocatable = true
	if got := string(c.Substitute([]byte(Encode(OCamlPath, 0)))); !strings.HasPrefix(got, "=11:relocatable ") {
		t.Errorf("relocatable: %q", got)
	}
	c.Stdlib = strings.Repeat("long", 50)
	if got := string(c.Substitute([]byte(Encode(Stdlib, 0)))); len(got) != len(Encode(Stdlib, 0)) || !strings.HasPrefix(got, "=200:longlong") {
		t.Errorf("too long: %q", got)
	}
}

func FuzzSubstitute(f *testing.F) {
	f.Add(Encode(Stdlib, 64))
	f.Add("%%DUNE_PLACEHOLDER:30:location:lib:-1:a%%")
	c := &Conf{Location: func(section, pkg string) string { return section + pkg }}
	f.Fuzz(func(t *testing.T, s string) {
		if got := c.Substitute([]byte(s)); len(got) != len(s) {
			t.Errorf("%q has another length than %q", got, s)
		}
	})
}
