package ninja_test

import (
	"math/rand/v2"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"erg.build/erg/contexts/ninja"
)

func TestCanonical(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"", ""}, {"a", "a"}, {"a/b.c", "a/b.c"}, {".a", ".a"}, {"a.", "a."}, {"..a", "..a"}, {"a/...", "a/..."},
		{".", "."}, {"./", "."}, {"./.", "."}, {"./a", "a"}, {"a/.", "a"}, {"a/./b", "a/b"}, {"a//b", "a/b"}, {"a///", "a"},
		{"..", ".."}, {"../", ".."}, {"../a", "../a"}, {"../../a", "../../a"}, {"./../a", "../a"},
		{"a/..", "."}, {"a/../b", "b"}, {"a/b/..", "a"}, {"a/b/../..", "."}, {"a/../..", ".."}, {"a/../../b", "../b"},
		{"a/b/c/../../d", "a/d"}, {"../a/../b", "../b"}, {"x/../../y/../z", "../z"},
		{"/", "/"}, {"//", "/"}, {"/.", "/"}, {"/a", "/a"}, {"//a//b/", "/a/b"}, {"/a/..", "/"}, {"/..", "/.."}, {"/../a", "/../a"},
		{`a\..\b`, `a\..\b`}, {"é/../ü", "ü"}, {"a /b", "a /b"},
	} {
		got := ninja.Canonical(test.path)
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.path, got, test.want)
		}
		if again := ninja.Canonical(got); again != got {
			t.Errorf("%q: %q becomes %q", test.path, got, again)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"some/simple_path-1.0+x", "some/simple_path-1.0+x"},
		{"a b", "'a b'"}, {"it's", `'it'\''s'`}, {"'", `''\'''`}, {`"`, `'"'`}, {"$", "'$'"}, {"é", "'é'"}, {"~", "'~'"}, {`\`, `'\'`},
	} {
		if got := ninja.Quote(test.path); got != test.want {
			t.Errorf("%q: got %s, want %s", test.path, got, test.want)
		}
		if argv, ok := ninja.SplitCommand("x " + ninja.Quote(test.path)); !ok || len(argv) != 2 || argv[1] != test.path {
			t.Errorf("%q comes back as %q", test.path, argv)
		}
	}
}

func TestSplitCommand(t *testing.T) {
	for _, test := range []struct {
		command string
		want    []string
	}{
		{"cc", []string{"cc"}},
		{"  cc\t-c  a.c ", []string{"cc", "-c", "a.c"}},
		{"cc -DX=1 -o a.o a~ a#b a@b a,b a%b a:b a^b a+b ]", []string{"cc", "-DX=1", "-o", "a.o", "a~", "a#b", "a@b", "a,b", "a%b", "a:b", "a^b", "a+b", "]"}},
		{`cc -DN='"x y"' "a b" c\ d '' "" e"f"'g'`, []string{"cc", `-DN="x y"`, "a b", "c d", "", "", "efg"}},
		{`cc '$x' '*' '#' '~' \$ \* \" \\ '\' "\\ \" \$ \x '"`, []string{"cc", "$x", "*", "#", "~", "$", "*", `"`, `\`, `\`, `\ " $ \x '`}},
		{"cc \"a\\\nb\" 'c\nd' \"e\nf\"", []string{"cc", "ab", "c\nd", "e\nf"}},
		{"cc é ü\x80", []string{"cc", "é", "ü\x80"}},
		{"./a.sh /b", []string{"./a.sh", "/b"}},
		{"touch a", []string{"touch", "a"}},
		{"env A=b cc", []string{"env", "A=b", "cc"}},
		{": && cc a.o && :", []string{"cc", "a.o"}},
		{":&&cc a.o&&:", []string{"cc", "a.o"}},
		{"cc && :", []string{"cc"}},
		{"cc do if", []string{"cc", "do", "if"}},
	} {
		got, ok := ninja.SplitCommand(test.command)
		if !ok || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: got %q %v, want %q", test.command, got, ok, test.want)
		}
		if ninja.HasShellSyntax(test.command) {
			t.Errorf("%q: has shell syntax", test.command)
		}
	}
}

func TestHasShellSyntax(t *testing.T) {
	for _, command := range []string{
		"", " ", "''", `"" x`, "a | b", "a || b", "a; b", "a;", "a &", "a & b", "a &&& b", "&& a", "a && b", "a &&", "a && && b",
		"a > b", "a>b", "a < b", "a 2>&1", "a >> b", "(a)", "a (b)", "{ a; }", "a {b,c}", "! a", "a\nb", "a\n",
		"a $b", "a ${b}", "a $(b)", "a `b`", `a "$b"`, "a \"`b`\"", "a *", "a b?c", "a [b]", "a ~", "a ~/b", "a ~b", "a --x=~", "a b:~",
		"a # b", "#", "A=b", "A=b cc", "A= cc", "A+=b", "=a", "a =b", "if x", "while", "for", "[[ a", "[ a ]", "function f", "time cc",
		"cd x", ":", ": x", "exit", "exit 1", "export A", "eval x", "exec x", ". x", "source x", "set -e", "umask 0", "ulimit -n",
		"trap x", "echo a", "printf a", "test a", "true", "false", "pwd", "read", "wait", "alias", "command x", "type x", "unset x",
		"kill 1", "%1", `e"ch"o a`, `c\d x`, "a 'b", `a "b`, `a \`, "a \\\n b", `a "b\`, "a\x00b", "a '\x00'", "a\x00 b",
		"cd /x && y", "cd /x && cd y && z", ": && a && b", "a && : && b", ": && :",
	} {
		if argv, ok := ninja.SplitCommand(command); ok || argv != nil || !ninja.HasShellSyntax(command) {
			t.Errorf("%q: got %q", command, argv)
		}
	}
}

func TestSplitCommandIn(t *testing.T) {
	for _, test := range []struct {
		command, dir string
		want         []string
	}{
		{"cc a", "", []string{"cc", "a"}},
		{"cd /x/y && cc a", "/x/y", []string{"cc", "a"}},
		{"cd '/x y' && /usr/bin/cmake -E touch a", "/x y", []string{"/usr/bin/cmake", "-E", "touch", "a"}},
		{": && cd ../x && cc && :", "../x", []string{"cc"}},
		{"cd ./x && cc", "./x", []string{"cc"}},
		{"cd x && cc", "", nil},
		{"cd - && cc", "", nil},
		{"cd && cc", "", nil},
		{"cd -P /x && cc", "", nil},
		{"cd /x", "", nil},
		{"cd /x && ./cc", "", nil},
		{"cd /x && cc && dd", "", nil},
		{"cd /x && cc || dd", "", nil},
		{"cd /x; cc", "", nil},
		{"cd /x && echo a", "", nil},
		{"cd /x && A=b cc", "", nil},
	} {
		dir, got, ok := ninja.SplitCommandIn(test.command)
		if dir != test.dir || !reflect.DeepEqual(got, test.want) || ok != (test.want != nil) {
			t.Errorf("%q: got %q %q %v, want %q %q", test.command, dir, got, ok, test.dir, test.want)
		}
	}
}

// TestSplitCommandLikeShells lets shells have their say about random commands.
func TestSplitCommandLikeShells(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 300
	}
	var shells []string
	for _, name := range []string{"sh", "bash", "busybox", "zsh", "ksh"} {
		if _, err := exec.LookPath(name); err == nil {
			shells = append(shells, name)
		}
	}
	if len(shells) == 0 {
		t.Skip("no shell to compare with")
	}
	parts := []string{"a", "b", "c", " ", " ", " ", "\t", "'", "'", `"`, `"`, `\`, "=", "~", "#", "%", "^", "!", "-", "+", ",", ".", "/", ":", "@", "]", "}",
		"$", "*", "|", "&", "&&", "\n", "\r", "\x01", "\x81", "\x88", "é", "x y", "'x y'", `"x y"`, "if", "in", "''"}
	r := rand.New(rand.NewPCG(1, 2))
	tried := 0
	for range rounds {
		var b strings.Builder
		for range 1 + r.IntN(10) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		// "env printf" is a program in every shell.
		command := `env printf '[%s]' ` + b.String()
		argv, ok := ninja.SplitCommand(command)
		if !ok {
			continue
		}
		tried++
		var want strings.Builder
		for _, arg := range argv[3:] {
			want.WriteString("[" + arg + "]")
		}
		if len(argv) == 3 {
			want.WriteString("[]")
		}
		shell := shells[tried%len(shells)]
		args := []string{"-c", command}
		if shell == "busybox" {
			args = append([]string{"sh"}, args...)
		}
		out, err := exec.Command(shell, args...).Output()
		if err != nil || string(out) != want.String() {
			t.Errorf("%s, %q: got %q and error %v, want %q", shell, command, out, err, want.String())
		}
	}
	if tried < rounds/20 {
		t.Errorf("%d of %d commands need no shell: too few to tell", tried, rounds)
	}
}
