package addr

import (
	"slices"
	"strings"
	"testing"
)

// spellings are the addresses of the tests. What is printed differs from what
// is read only where print is set.
var spellings = []struct {
	text  string
	print string
	want  Addr
}{
	{"app", "", Context{Name: "app"}},
	{"app@5.3", "", Context{"app", "5.3"}},
	{"app@*", "", Context{"app", AllKeys}},
	{"app@5.3.0+flambda-x_1", "", Context{"app", "5.3.0+flambda-x_1"}},
	{"context", "", Context{Name: "context"}},
	{"context.app", "app", Context{Name: "app"}},
	{`context.app["5.3"]`, "app@5.3", Context{"app", "5.3"}},

	{"context.firmware.settings.cflags", "", Element{Context{Name: "firmware"}, KindSettings, "cflags", ""}},
	{"context.firmware.settings", "", Element{Context{Name: "firmware"}, KindSettings, "", ""}},
	{`context.lib["wide"].output.size`, "", Element{Context{"lib", "wide"}, KindOutput, "size", ""}},
	{`context.lib["*"].output.size`, "", Element{Context{"lib", AllKeys}, KindOutput, "size", ""}},
	{`context.a.share["pkg/path"]`, "", Element{Context{Name: "a"}, KindShare, "pkg/path", ""}},
	{`context.a.bin["tool"]`, "context.a.bin.tool", Element{Context{Name: "a"}, KindBin, "tool", ""}},
	{"context.a.target", "", Element{Context{Name: "a"}, KindTarget, "", ""}},
	{"context.a.toolchain.ocaml.version", "", Element{Context{Name: "a"}, KindToolchain, "ocaml", ".version"}},
	{`context.a.output.o.x["y z"][007].w`, `context.a.output.o.x["y z"][7].w`, Element{Context{Name: "a"}, KindOutput, "o", `.x["y z"][7].w`}},
	{`context.a.output.o[0]`, "", Element{Context{Name: "a"}, KindOutput, "o", `[0]`}},
	{`context.a.file["q\"\\\n\u0001$${x}%%{y}$$z é"]`, `context.a.file["q\"\\\n\u0001$${x}%%{y}$$z é"]`,
		Element{Context{Name: "a"}, KindFile, "q\"\\\n\x01${x}%{y}$$z é", ""}},
	{`context.a.file["\U0001F600"]`, `context.a.file["😀"]`, Element{Context{Name: "a"}, KindFile, "😀", ""}},

	{"app:bin.tool", "", Public{Context{Name: "app"}, KindBin, "tool", ""}},
	{"app@5.3:bin.tool.exe", "", Public{Context{"app", "5.3"}, KindBin, "tool.exe", ""}},
	{"app:share.pkg/path", "", Public{Context{Name: "app"}, KindShare, "pkg/path", ""}},

	{"//:executable.x", "", Target{Kind: BlockExecutable, Name: "x"}},
	{"//lib/z:rule.gen@k", "", Target{Dir: "lib/z", Kind: BlockRule, Name: "gen", Key: "k"}},
	{"app@5.3//lib:library.z", "", Target{Context{"app", "5.3"}, "lib", BlockLibrary, "z", ""}},
	{"//lib:install", "", Target{Dir: "lib", Kind: BlockInstall}},
	{"//lib:rule.gen.ml", "", Target{Dir: "lib", Kind: BlockRule, Name: "gen.ml"}},

	{"//", "", Directory{}},
	{"//...", "", Directory{Recursive: true}},
	{"//lib", "", Directory{Dir: "lib"}},
	{"app//lib/...", "", Directory{Context{Name: "app"}, "lib", true}},
	{"app@*//...", "", Directory{Context{"app", AllKeys}, "", true}},

	{"_build/app@5.3/lib/x.o", "", Artifact{Context{"app", "5.3"}, "lib/x.o"}},
	{"_build/app/", "_build/app", Artifact{Context{Name: "app"}, ""}},

	{"toolchain.cc.system", "", Toolchain{Kind: "cc", Name: "system"}},
	{`toolchain.ocaml.built["5.3"]`, "", Toolchain{"ocaml", "built", "5.3"}},
	{"local.flags", "", Local{"flags"}},
	{"var.board", "", Variable{"board"}},
}

func TestParse(t *testing.T) {
	for _, tt := range spellings {
		got, err := Parse(tt.text)
		if err != nil {
			t.Error(err)
			continue
		}
		if got != tt.want {
			t.Errorf("Parse(%q) = %#v, want %#v", tt.text, got, tt.want)
		}
		want := tt.print
		if want == "" {
			want = tt.text
		}
		if s := got.String(); s != want {
			t.Errorf("Parse(%q) prints as %q, want %q", tt.text, s, want)
		}
		if again, err := Parse(got.String()); err != nil || again != got {
			t.Errorf("Parse(%q) = %#v, %v; want %#v", got, again, err, got)
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "an address cannot be empty"},
		{"5app", `invalid context's name "5app": a name is a letter or underscore`},
		{"app@", `the key after "@" is missing`},
		{"app@.x", `invalid key ".x"`},
		{"app@a/b", "a directory is written //app@a/b"},
		{"lib/x", "a directory is written //lib/x"},
		{"app:", `unknown kind "" after "app:"; there are bin, lib, share, prefix, file and output`},
		{"app:settings.x", `unknown kind "settings"`},
		{"app:bin", `the name after "app:bin." is missing`},
		{"app:bin.", `the name after "app:bin." is missing`},
		{"app:bin.../x", `may not contain ".."`},
		{":bin.x", "the context's name is missing"},
		{"//lib:", `unknown kind of block ""; there are executable, library`},
		{"//lib:rul.x", `unknown kind of block "rul"`},
		{"//lib:rule", `the name after "rule." is missing`},
		{"//lib:rule.a b", `invalid name "a b" of a block`},
		{"//lib:rule.a@", "the key"},
		{"///lib", "more than two slashes"},
		{"///...", "more than two slashes"},
		{"//lib/../x", `may not contain ".."`},
		{"//./x", `may not contain "."`},
		{"//lib/", "has an empty element"},
		{"//a//b", "has an empty element"},
		{"//.../x", `"..." can only come last`},
		{"//.../x:rule.y", `"..." can only come last`},
		{"//lib/...:rule.y", `"..." can only come last`},
		{"//a\x00", "contains a control character"},
		{"//a\xff", "is not valid UTF-8"},
		{"_build/app@*/x", "a path has no wildcard"},
		{"_build/", "the context's name is missing"},
		{"context.", "a name must follow each dot"},
		{"context..x", "a name must follow each dot"},
		{`context["x"]`, "invalid context's name"},
		{"context.app.setting.x", `a context has no "setting"; there are bin,`},
		{`context.app["a"]["b"]`, `a context has no "b"`},
		{`context.app["a b"]`, `invalid key "a b"`},
		{`context.app[""]`, `the key after "@" is missing`},
		{"context.app.target.x", "nothing is inside of it"},
		{"context.app.output[0]", "a name must follow context.app.output"},
		{`context.app.output[""]`, "a name must follow context.app.output"},
		{"context.app[x]", "a quoted key or a number must follow"},
		{`context.app["x`, "a closing quote is missing"},
		{`context.app["x\`, "a closing quote is missing"},
		{`context.app["x"`, "a closing bracket is missing"},
		{`context.app["x"]y`, `unexpected "y" after a name or bracket`},
		{"context.app é", `unexpected " "`},
		{`context.a.file["${x}"]`, "an address has no interpolation: write $${ for a literal ${"},
		{`context.a.file["\x"]`, `unknown escape sequence \x`},
		{`context.a.file["\u12"]`, `\u needs 4 hexadecimal digits`},
		{`context.a.file["\uD800"]`, `\uD800 is not a character`},
		{"context.a.file[\"a\nb\"]", "a line ends inside of a quoted key"},
		{"context.a.file[\"a\xff\"]", "not valid UTF-8"},
		{"toolchain.cc", "a toolchain is written toolchain.KIND.NAME"},
		{`toolchain.cc["x"]`, "a toolchain is written toolchain.KIND.NAME"},
		{"toolchain.cc.x.flags", "only toolchain.cc.x has an address"},
		{"local.a.b", "only local.a has an address"},
	}
	for _, tt := range tests {
		got, err := Parse(tt.text)
		if err == nil {
			t.Errorf("Parse(%q) = %#v, want an error", tt.text, got)
			continue
		}
		if !strings.HasPrefix(err.Error(), "address ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%q): %v; want %s", tt.text, err, tt.want)
		}
	}
}

func TestParseContext(t *testing.T) {
	for _, s := range []string{"app@5.3", `context.app["5.3"]`} {
		if c, err := ParseContext(s); err != nil || c != (Context{"app", "5.3"}) {
			t.Errorf("ParseContext(%q) = %v, %v", s, c, err)
		}
	}
	for _, s := range []string{"//lib", "var.x", ""} {
		if c, err := ParseContext(s); err == nil {
			t.Errorf("ParseContext(%q) = %v", s, c)
		}
	}
	if got := (Context{"app", "5.3"}).Expr(); got != `context.app["5.3"]` {
		t.Errorf("Expr: %s", got)
	}
}

func TestCompare(t *testing.T) {
	var all []Addr
	for _, tt := range spellings {
		all = append(all, tt.want)
	}
	slices.SortFunc(all, Compare)
	for i := 1; i < len(all); i++ {
		c := Compare(all[i-1], all[i])
		if c > 0 || (c == 0) != (all[i-1] == all[i]) || Compare(all[i], all[i-1]) != -c {
			t.Errorf("Compare(%v, %v) = %d", all[i-1], all[i], c)
		}
	}
}

func TestDirectoryContains(t *testing.T) {
	tests := []struct {
		dir  Directory
		name string
		want bool
	}{
		{Directory{}, "", true},
		{Directory{}, "a", false},
		{Directory{Recursive: true}, "a/b", true},
		{Directory{Dir: "a"}, "a/b", false},
		{Directory{Dir: "a", Recursive: true}, "a/b", true},
		{Directory{Dir: "a", Recursive: true}, "a", true},
		{Directory{Dir: "a", Recursive: true}, "ab", false},
	}
	for _, tt := range tests {
		if got := tt.dir.Contains(tt.name); got != tt.want {
			t.Errorf("%v contains %q: %v", tt.dir, tt.name, got)
		}
	}
}

func TestPath(t *testing.T) {
	if got := Path("").Attr("a").Attr("b c"); got != `.a["b c"]` {
		t.Errorf("got %s", got)
	}
}

// FuzzParse checks that what parses prints as an address that parses to the
// same.
func FuzzParse(f *testing.F) {
	for _, tt := range spellings {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(a.String())
		if err != nil {
			t.Fatalf("%q prints as %q: %v", s, a, err)
		}
		if again != a || Compare(a, again) != 0 {
			t.Fatalf("%q is %#v, which prints as %q, which is %#v", s, a, a, again)
		}
	})
}
