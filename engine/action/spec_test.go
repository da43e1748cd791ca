package action

import (
	"slices"
	"testing"

	"erg.build/erg/engine/digest"
)

func TestExpand(t *testing.T) {
	f := func(p string, abs bool) string {
		if abs {
			return "/w/" + p
		}
		return "./" + p
	}
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"-I" + Ref("a/b"), "-I./a/b"},
		{Ref("a") + ":" + Abs("b") + ":c", "./a:/w/b:c"},
		{Ref(""), "./"},
		{"\x02unterminated", "\x02unterminated"},
		{"x\x03" + Ref("a"), "x\x03./a"},
		{Ref("a") + "\x04tail", "./a\x04tail"},
	} {
		if got := Expand(c.in, f); got != c.want {
			t.Errorf("Expand(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func spec(ctx string) *Spec {
	root := "_build/" + ctx
	return &Spec{Name: "x", Context: ctx, Root: root,
		Argv: []string{"cc", Ref("src/a.c"), Ref(root + "/a.o"), Ref("_build/" + ctx + "-tools/gen"), Ref("_build/lib/x")},
		Env:  []string{"LIB=" + Ref(root+"/lib")},
		Dir:  "", Inputs: []string{"src/a.c", "_build/other/h"}, Order: []string{"_build/last/h"},
		Outputs: []string{root + "/a.o"}}
}

func TestRoots(t *testing.T) {
	a, b := spec("app").Roots(), spec("test").Roots()
	for _, c := range []struct{ a, b, canonical string }{
		{"src/a.c", "src/a.c", "s:src/a.c"},
		{"_build", "_build", "s:_build"},
		{"_build/app/lib/a.o", "_build/test/lib/a.o", "o:lib/a.o"},
		{"_build/app", "_build/test", "o:"},
		{"_build/app-tools/gen", "_build/test-tools/gen", "x0:gen"},
		{"_build/lib/x", "_build/lib/x", "x1:x"},
		{"_build/other/h", "_build/other/h", "x2:h"},
		{"_build/last/h", "_build/last/h", "x3:h"},
		{"/usr/include/stdio.h", "/usr/include/stdio.h", "/usr/include/stdio.h"},
	} {
		if got := a.Canonical(c.a); got != c.canonical {
			t.Errorf("Canonical(%q) = %q, want %q", c.a, got, c.canonical)
		}
		if got := b.Canonical(c.b); got != c.canonical {
			t.Errorf("Canonical(%q) = %q, want %q", c.b, got, c.canonical)
		}
		if got := b.Real(c.canonical); got != c.b {
			t.Errorf("Real(%q) = %q, want %q", c.canonical, got, c.b)
		}
		if !a.Mentions(c.a) {
			t.Errorf("does not mention %q", c.a)
		}
	}
	if a.Mentions("_build/unheard/of") {
		t.Error("mentions what it does not")
	}
	for _, bad := range []string{"", "x", "x9:a", "x-1:a", "xa:b", "?:_build/unheard/of", "o:../other/x", "o:/../../x", "x0:../app/y", "s:../x", "s:/etc/passwd", "s:_build/app/x"} {
		if got := a.Real(bad); got != "" {
			t.Errorf("Real(%q) = %q", bad, got)
		}
	}
}

func TestView(t *testing.T) {
	r := spec("app").Roots()
	for p, want := range map[string]string{
		"src/a.c":              "src/a.c",
		"_build/app/lib/a.h":   "lib/a.h",
		"_build/app-tools/gen": ".erg/x0/gen",
		"_build/lib/x":         ".erg/x1/x",
		"/usr/bin/cc":          "/usr/bin/cc",
	} {
		if got := r.View(p); got != want {
			t.Errorf("View(%q) = %q, want %q", p, got, want)
		}
	}
}

func TestTemplate(t *testing.T) {
	a, b := spec("app").Roots(), spec("test").Roots()
	const text = "_build/app/gen/x.c:3: see _build/app-tools/h and _build/lib/y, not _build/application/z\n"
	tmpl := a.Template(text)
	if got := a.Replay(tmpl); got != text {
		t.Errorf("replayed %q", got)
	}
	const want = "_build/test/gen/x.c:3: see _build/test-tools/h and _build/lib/y, not _build/application/z\n"
	if got := b.Replay(tmpl); got != want {
		t.Errorf("replayed %q, want %q", got, want)
	}
	for _, odd := range []string{"\x02", "a\x02b\x03c", "\x04x\x03\x02", "\x02nothing:\x03"} {
		if got := b.Replay(a.Template(odd)); got != odd {
			t.Errorf("%q became %q", odd, got)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("_build/app/x \x02_build/app/\x03")
	f.Fuzz(func(t *testing.T, s string) {
		r := spec("app").Roots()
		// What a program prints may look like a template; then it changes.
		if slices.ContainsFunc([]string{"o:", "x0:", "x1:", "x2:", "x3:"}, func(k string) bool {
			return Expand(s, func(c string, _ bool) string { return "" }) != s && contains(s, "\x02"+k+"\x03")
		}) {
			return
		}
		if got := r.Replay(r.Template(s)); got != s {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func contains(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i:i+len(sub)] == sub {
			return true
		}
	}
	return false
}

func TestRelative(t *testing.T) {
	for _, c := range []struct{ dir, p, want string }{
		{"", "a/b", "a/b"}, {".", "a", "a"}, {"", "", "."}, {"a", "a/b", "b"}, {"a/b", "a/c", "../c"},
		{"a/b", "a", ".."}, {"a", "a", "."}, {"a/b", "x", "../../x"}, {"a", "/x", "/x"}, {"a", "", ".."}, {"a/b", "", "../.."},
	} {
		if got := Relative(c.dir, c.p); got != c.want {
			t.Errorf("Relative(%q, %q) = %q, want %q", c.dir, c.p, got, c.want)
		}
	}
}

func TestManifest(t *testing.T) {
	in := func(p string) digest.Digest { return digest.OfString("content") }
	key := func(s *Spec) digest.Digest { return s.Manifest(s.Roots(), in).Key() }
	if key(spec("app")) != key(spec("test")) {
		t.Errorf("contexts differ: %v", Diff(spec("app").Manifest(spec("app").Roots(), in), spec("test").Manifest(spec("test").Roots(), in)))
	}
	base := key(spec("app"))
	for name, c := range map[string]struct {
		change func(s *Spec)
		same   bool
	}{
		"argument":       {func(s *Spec) { s.Argv = append(s.Argv, "-O") }, false},
		"argument split": {func(s *Spec) { s.Argv = append(s.Argv[:4:4], Ref("_build/lib/x")+"") }, true},
		"environment":    {func(s *Spec) { s.Env = append(s.Env, "A=b") }, false},
		"directory":      {func(s *Spec) { s.Dir = "src" }, false},
		"output":         {func(s *Spec) { s.Outputs = append(s.Outputs, "_build/app/z") }, false},
		"stdin":          {func(s *Spec) { s.Stdin = "src/a.c" }, false},
		"stdout":         {func(s *Spec) { s.Stdout = "_build/app/a.o" }, false},
		"depfile":        {func(s *Spec) { s.Depfile = "_build/app/a.d" }, false},
		"expect":         {func(s *Spec) { s.Expect = "src/a.c" }, false},
		"sandbox":        {func(s *Spec) { s.Sandbox = true }, false},
		"tool":           {func(s *Spec) { s.Tools = []Tool{{"cc", digest.OfString("1")}} }, false},
		"input":          {func(s *Spec) { s.Inputs = append(s.Inputs, "src/b.c") }, false},
		"name":           {func(s *Spec) { s.Name, s.Target = "other", "t" }, true},
		"order":          {func(s *Spec) { s.Order = append(s.Order, "src/h") }, true},
		"timeout":        {func(s *Spec) { s.Timeout = 1 }, true},
		"place of tool":  {func(s *Spec) { s.Argv[0] = "/opt/bin/cc" }, true},
		"name of tool":   {func(s *Spec) { s.Argv[0] = "/opt/bin/gcc" }, false},
	} {
		s := spec("app")
		c.change(s)
		if (key(s) == base) != c.same {
			t.Errorf("%s: same key: %t, want %t", name, !c.same, c.same)
		}
		if name != "argument split" && name != "place of tool" && s.Identity() == spec("app").Identity() {
			t.Errorf("%s: same identity", name)
		}
	}
}

// Where content can be had is no part of the key, but of what is run.
func TestFrom(t *testing.T) {
	a, b := spec("app"), spec("app")
	a.From, b.From = []string{"https://one"}, []string{"https://two"}
	key := func(s *Spec) digest.Digest {
		return s.Manifest(s.Roots(), func(p string) digest.Digest { return digest.OfString(p) }).Key()
	}
	if key(a) != key(b) {
		t.Error("From is part of the key")
	}
	if a.Identity() == b.Identity() {
		t.Error("From is no part of the identity: an action would go on from where content was before")
	}
}

func TestManifestRoundTripAndDiff(t *testing.T) {
	s := spec("app")
	m := s.Manifest(s.Roots(), func(p string) digest.Digest { return digest.OfString(p) })
	got, err := DecodeManifest(m.Encode())
	if err != nil || !slices.Equal(got, m) {
		t.Fatalf("%v, %v", got, err)
	}
	if d := Diff(m, got); len(d) > 0 {
		t.Errorf("differs from itself: %v", d)
	}
	old := Manifest{{"a", "1", "x"}, {"a", "2", "y"}, {"gone", "", ""}}
	now := Manifest{{"a", "1", "x"}, {"a", "2", "z"}, {"new", "", "v"}}
	want := []Difference{{What: "a", Name: "2", Old: "y", New: "z"}, {What: "new", New: "v", OnlyNew: true}, {What: "gone", OnlyOld: true}}
	if d := Diff(old, now); !slices.Equal(d, want) {
		t.Errorf("got %+v", d)
	}
	b := m.Encode()
	for i := range b {
		if i == 0 {
			continue
		}
		DecodeManifest(b[:i]) // must not panic
	}
}

func FuzzDecodeManifest(f *testing.F) {
	f.Add(Manifest{{"a", "b", "c"}}.Encode())
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeManifest(b)
		if err != nil {
			return
		}
		again, err := DecodeManifest(m.Encode())
		if err != nil || !slices.Equal(again, m) {
			t.Errorf("%v, %v", again, err)
		}
	})
}
