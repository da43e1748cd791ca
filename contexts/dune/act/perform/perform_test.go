package perform

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"erg.build/erg/contexts/dune/act"
)

func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

// A result is what came of an action.
type result struct {
	out, err    string
	code        int
	corrections map[string]string
}

// carry has a process carry out an action in dir.
func carry(t *testing.T, dir string, a *act.Action) result {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(t.TempDir(), "corrections.tar")
	cmd := exec.Command(self, append([]string{act.Command, at}, a.Encode()...)...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := result{out: out.String(), err: errs.String(), code: cmd.ProcessState.ExitCode(), corrections: map[string]string{}}
	b, err := os.ReadFile(at)
	if err != nil {
		return r
	}
	for tr := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return r
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(tr)
		r.corrections[h.Name] = string(text)
	}
}

func write(t *testing.T, dir string, files ...string) {
	t.Helper()
	for i := 0; i < len(files); i += 2 {
		at := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func sh(text string) *act.Action { return act.New(act.OpSystem, text) }

func TestOperations(t *testing.T) {
	in := func(op act.Op, arg string, do ...*act.Action) *act.Action { return act.With(op, []string{arg}, do...) }
	for _, c := range []struct {
		name string
		do   *act.Action
		out  string
		file string // f
		err  string // contained
		code int
	}{
		{name: "run", do: act.New(act.OpRun, "printf", "%s-%s", "a", "b c"), out: "a-b c"},
		{name: "run a file", do: act.With(act.OpProgn, nil, act.New(act.OpWriteExec, "d/p", "#!/bin/sh\necho ran\n"), act.New(act.OpRun, "./d/p")), out: "ran\n"},
		{name: "run a file from elsewhere", do: act.With(act.OpProgn, nil, act.New(act.OpWriteExec, "p", "#!/bin/sh\npwd | sed s,.*/,,\n"), in(act.OpChdir, "sub", act.New(act.OpRun, "../p"))), out: "sub\n"},
		{name: "fails", do: sh("echo no >&2; exit 3"), err: "no\nsh -c echo no >&2; exit 3: exit status 3\n", code: 3},
		{name: "no program", do: act.New(act.OpRun, "no-such-program"), err: "program no-such-program not found along PATH", code: 1},
		{name: "accepted", do: in(act.OpAccepted, "0,3-4", sh("exit 3"))},
		{name: "not accepted", do: in(act.OpAccepted, "1", sh("exit 0")), err: "not accepted", code: 1},
		{name: "bash", do: act.New(act.OpBash, "a=(1 2); echo ${a[1]}; false; echo more"), out: "2\n", err: "exit status 1", code: 1},
		{name: "progn stops", do: act.With(act.OpProgn, nil, act.New(act.OpEcho, "a"), sh("exit 1"), act.New(act.OpEcho, "b")), out: "a", err: "exit status 1", code: 1},
		{name: "concurrent", do: act.With(act.OpConcurrent, nil, sh("sleep 0.01; echo x >f"), sh("until [ -e f ]; do sleep 0.01; done; echo met")), out: "met\n", file: "x\n"},
		{name: "setenv", do: act.With(act.OpSetenv, []string{"V", "x"}, act.With(act.OpSetenv, []string{"V", "y"}, sh("echo $V"))), out: "y\n"},
		{name: "stdout", do: in(act.OpStdoutTo, "f", act.With(act.OpProgn, nil, act.New(act.OpEcho, "a", "b\n"), sh("echo c; echo d >&2"))), file: "a b\nc\n", err: "d\n"},
		{name: "stderr", do: in(act.OpStderrTo, "f", sh("echo c; echo d >&2")), out: "c\n", file: "d\n"},
		{name: "outputs", do: in(act.OpOutputsTo, "f", sh("echo c; echo d >&2")), file: "c\nd\n"},
		{name: "stdin", do: in(act.OpStdinFrom, "src", sh("tr a-z A-Z")), out: "LET X = 1\n"},
		{name: "ignore", do: act.With(act.OpIgnore, nil, sh("echo c; echo d >&2")), err: "d\n"},
		{name: "ignore both", do: act.With(act.OpIgnoreBoth, nil, sh("echo c; echo d >&2"))},
		{name: "pipe", do: act.With(act.OpPipeOut, nil, sh("echo abc; echo e >&2"), act.New(act.OpRun, "tr", "a", "x"), act.New(act.OpRun, "tr", "b", "y")), out: "xyc\n", err: "e\n"},
		{name: "pipe of errors", do: act.With(act.OpPipeErr, nil, sh("echo abc; echo e >&2"), act.New(act.OpRun, "tr", "e", "x"), act.New(act.OpRun, "cat")), out: "abc\n", err: "x\n"},
		{name: "pipe of both", do: act.With(act.OpPipeOutputs, nil, sh("echo abc; echo e >&2"), sh("tr e x; echo err >&2"), act.New(act.OpRun, "cat")), out: "abc\nx\n", err: "err\n"},
		{name: "cat", do: act.New(act.OpCat, "src", "src"), out: "let x = 1\nlet x = 1\n"},
		{name: "copy", do: act.New(act.OpCopy, "src", "f"), file: "let x = 1\n"},
		{name: "copy#", do: act.New(act.OpCopyLine, "src", "f", "lib/a.ml"), file: "# 1 \"lib/a.ml\"\nlet x = 1\n"},
		{name: "copy# of C", do: act.New(act.OpCopyLine, "src", "f", "lib/a.c"), file: "#line 1 \"lib/a.c\"\nlet x = 1\n"},
		{name: "symlink", do: act.With(act.OpProgn, nil, act.New(act.OpWrite, "d/x", ""), act.New(act.OpSymlink, "src", "d/l"), act.New(act.OpCat, "d/l")), out: "let x = 1\n"},
		{name: "write", do: act.New(act.OpWrite, "f", "text"), file: "text"},
		{name: "cmp", do: act.New(act.OpCmp, "src", "other"), err: "src and other differ", code: 1},
		{name: "cmp, same", do: act.New(act.OpCmp, "src", "src")},
		{name: "diff?, nothing made", do: act.New(act.OpDiffMaybe, "src", "nothing", "src")},
		{name: "diff, nothing made", do: act.New(act.OpDiff, "src", "nothing", "src"), err: "no such file", code: 1},
		{name: "unknown", do: act.New("dance"), err: `malformed action "dance"`, code: 1},
		{name: "too few", do: act.New(act.OpCopy, "src"), err: `malformed action "copy"`, code: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "src", "let x = 1\n", "other", "let y = 1\n")
			r := carry(t, dir, c.do)
			if r.out != c.out || r.code != c.code || !strings.Contains(r.err, c.err) || c.err == "" && r.err != "" {
				t.Errorf("printed %q, said %q, ended with %d", r.out, r.err, r.code)
			}
			if b, _ := os.ReadFile(filepath.Join(dir, "f")); string(b) != c.file {
				t.Errorf("f holds %q, want %q", b, c.file)
			}
			if len(r.corrections) > 0 {
				t.Errorf("corrections: %q", r.corrections)
			}
		})
	}
}

// All that differs is shown and may be accepted.
func TestDiff(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.expected", "one\ntwo\n", "a.out", "one\nthree\n", "b.out", "new\n", "c.expected", "x\n", "c.out", "x\r\n", "g", "y")
	r := carry(t, dir, act.With(act.OpProgn, nil,
		act.New(act.OpDiff, "a.expected", "a.out", "test/a.expected"),
		act.New(act.OpDiff, "b.expected", "b.out", "test/b.expected"),
		act.New(act.OpDiff, "c.expected", "c.out", "test/c.expected"),
		act.New(act.OpDiff, "g", "c.out", ""),
	))
	want := map[string]string{"test/a.expected": "one\nthree\n", "test/b.expected": "new\n"}
	if r.code != 1 || len(r.corrections) != 2 || r.corrections["test/a.expected"] != want["test/a.expected"] || r.corrections["test/b.expected"] != "new\n" {
		t.Errorf("ended with %d, corrections %q", r.code, r.corrections)
	}
	head := "File \"test/a.expected\", line 1, characters 0-0:\n--- test/a.expected\n+++ a.out\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"
	if !strings.HasPrefix(r.err, head) {
		t.Errorf("said:\n%s", r.err)
	}
}

func TestCram(t *testing.T) {
	const test = "A comment.\n" +
		"\n" +
		"  $ echo hello; printf 'no end'\n" +
		"  hello\n" +
		"  no end\n" +
		"  $ cat <<EOF\n" +
		"  > a\n" +
		"  > \n" +
		"  > EOF\n" +
		"  a\n" +
		"  \n" +
		"The shell's state lasts:\n" +
		"  $ x=1; old=$PWD; cd /; f() { return 3; }\n" +
		"  $ f; \n" +
		"  [3]\n" +
		"  $ echo $x $hello; cat\n" +
		"  1 there\n" +
		"  $ cd $old; pwd; echo $PWD/x $PWD.old >&2; echo $TMPDIR/t\n" +
		"  $TESTCASE_ROOT\n" +
		"  $TESTCASE_ROOT/x $TESTCASE_ROOT.old\n" +
		"  $TMPDIR/t\n"
	run := func(t *testing.T, text string, args ...string) result {
		dir := t.TempDir()
		write(t, dir, "t.t", text, "setup.sh", "hello=there\n")
		if len(args) == 0 {
			args = []string{"sh", "", "error"}
		}
		r := carry(t, dir, act.New(act.OpCram, append(append([]string{"t.t", "test/t.t"}, args...), "setup.sh")...))
		r.err = strings.ReplaceAll(r.err, dir, "DIR")
		return r
	}
	t.Run("passes", func(t *testing.T) {
		if r := run(t, test); r.code != 0 || r.err != "" {
			t.Errorf("ended with %d: %s", r.code, r.err)
		}
	})
	t.Run("differs", func(t *testing.T) {
		r := run(t, "  $ echo new\n  old\nmore\n  $ printf '\\033[31mred\\033[0m\\n'\n  $ exit 4\n  $ echo never\n")
		want := "  $ echo new\n  new\nmore\n  $ printf '\\033[31mred\\033[0m\\n'\n  red\n  $ exit 4\n  ***** UNREACHABLE *****\n  $ echo never\n  ***** UNREACHABLE *****\n"
		if r.code != 1 || r.corrections["test/t.t"] != want {
			t.Errorf("ended with %d:\n%s", r.code, r.corrections["test/t.t"])
		}
	})
	t.Run("takes too long", func(t *testing.T) {
		r := run(t, "  $ true\n  $ echo a; sleep 60\n  $ true\n", "sh", "0.2", "error")
		want := "  $ true\n  $ echo a; sleep 60\n  a\n  [timed out]\n  $ true\n  [not ran]\n"
		if r.code != 1 || !strings.Contains(r.err, "test/t.t: timed out after 200ms") || r.corrections["test/t.t"] != want {
			t.Errorf("ended with %d: %s\n%s", r.code, r.err, r.corrections["test/t.t"])
		}
	})
	t.Run("conflict", func(t *testing.T) {
		const text = "  $ true\n<<<<<<< ours\n=======\n>>>>>>> theirs\n"
		r := run(t, text)
		if r.code != 1 || !strings.Contains(r.err, "test/t.t:2: conflict marker;") {
			t.Errorf("ended with %d: %s", r.code, r.err)
		}
		if r := run(t, "<<<<<<< a\nTitle\n  $ echo '>>>>>>> b'\n  >>>>>>> b\n>>>>>>> c\n"); r.code != 0 {
			t.Errorf("ended with %d: %s", r.code, r.err)
		}
		if r := run(t, text, "sh", "", "ignore"); r.code != 0 {
			t.Errorf("ended with %d: %s", r.code, r.err)
		}
	})
}
