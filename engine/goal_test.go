package engine

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"erg.build/erg/engine/action"
)

func TestEarlyCutoff(t *testing.T) {
	w := newWorld(t)
	w.write("a.txt", "one\ntwo\n")
	w.rules = define(
		sh("app", "head", `head -n1 "$1" > "$2"`, []string{"a.txt"}, "_build/app/head"),
		cat("app", "_build/app/copy", "_build/app/head"))
	w.make("_build/app/copy").ok(t, "head", "cat _build/app/copy")
	w.write("a.txt", "one\nTWO\n")
	w.make().ok(t, "head")
	w.make().isNull(t)
}

// Building one goal must not make another, which reads the same file, look
// up to date.
func TestGoalsAreJudgedApart(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n")
	w.rules = define(cat("app", "_build/app/a", "x"), cat("app", "_build/app/b", "x"))
	a := func() *built { return w.make("_build/app/a") }
	b := func() *built { return w.make("_build/app/b") }
	a().ok(t, "cat _build/app/a")
	b().ok(t, "cat _build/app/b")
	a().isNull(t)
	b().isNull(t)
	w.write("x", "2\n")
	a().evaluated(t).ok(t, "cat _build/app/a")
	b().evaluated(t).ok(t, "cat _build/app/b")
	if got := w.read("_build/app/b"); got != "2\n" {
		t.Errorf("b is %q", got)
	}
	// Touched only: the bytes are the same, and so are both goals.
	w.write("x", "2\n")
	a().isNull(t)
	b().isNull(t)
}

// What a query reads belongs to the goal like what an action reads.
func TestGoalDependsOnWhatQueriesRead(t *testing.T) {
	type step struct {
		name   string
		change func(w *world)
		same   bool // the goal stays complete
	}
	abs := func(w *world, name string) string { return filepath.Join(w.root, name) }
	for _, s := range []step{
		{"nothing", func(w *world) {}, true},
		{"environment", func(w *world) { w.env["FLAVOUR"] = "sour" }, false},
		{"other environment", func(w *world) { w.env["OTHER"] = "x" }, true},
		{"new file in a listed directory", func(w *world) { w.write("dir/new", "") }, false},
		{"file gone from a listed directory", func(w *world) { w.remove("dir/old") }, false},
		{"new hidden file in a listed directory", func(w *world) { w.write("dir/.hidden", "") }, true},
		{"file becomes a directory in a listed directory", func(w *world) { w.remove("dir/old"); w.write("dir/old/x", "") }, false},
		{"absent file appears", func(w *world) { w.write("absent", "") }, false},
		{"present file becomes a directory", func(w *world) { w.remove("present"); w.write("present/x", "") }, false},
		{"present file is edited", func(w *world) { w.write("present", "other") }, true},
		{"present file goes", func(w *world) { w.remove("present") }, false},
		{"read file is touched", func(w *world) { os.Chtimes(abs(w, "read"), time.Now(), time.Unix(1, 0)) }, true},
		{"read file is edited", func(w *world) { w.write("read", "other") }, false},
		{"read file is executable", func(w *world) { os.Chmod(abs(w, "read"), 0o755) }, false},
		{"missing directory appears", func(w *world) { w.write("nodir/x", "") }, false},
		{"program on the path goes", func(w *world) { w.remove("bin2/tool") }, false},
		{"program earlier on the path appears", func(w *world) { w.write("bin1/tool", ""); os.Chmod(abs(w, "bin1/tool"), 0o755) }, false},
		{"program earlier on the path becomes executable", func(w *world) { os.Chmod(abs(w, "bin1/plain"), 0o755) }, false},
		{"symlink retargeted", func(w *world) { w.remove("link"); os.Symlink("read2", abs(w, "link")) }, false},
		{"symlinked directory retargeted", func(w *world) { w.remove("dirlink"); os.Symlink("dir2", abs(w, "dirlink")) }, false},
		{"entry's target becomes a directory", func(w *world) { w.remove("target"); w.write("target/x", "") }, false},
		{"same size edit with restored time", func(w *world) {
			fi, _ := os.Stat(abs(w, "read"))
			w.write("read", "daer")
			os.Chtimes(abs(w, "read"), fi.ModTime(), fi.ModTime())
		}, false},
		{"output touched", func(w *world) { os.Chtimes(abs(w, "_build/app/out"), time.Now(), time.Now()) }, true},
		{"output edited", func(w *world) { w.write("_build/app/out", "mine") }, false},
		{"output removed", func(w *world) { w.remove("_build/app/out") }, false},
		{"output becomes a directory", func(w *world) { w.remove("_build/app/out"); w.write("_build/app/out/x", "") }, false},
		{"all outputs removed", func(w *world) { w.remove("_build/app") }, false},
	} {
		t.Run(s.name, func(t *testing.T) {
			w := newWorld(t)
			w.env["PATH"] = abs(w, "bin1") + ":" + abs(w, "bin2")
			w.write("dir/old", "", "dir2/y", "", "present", "", "read", "read", "read2", "2", "bin2/tool", "", "bin1/plain", "", "bin2/plain", "", "target", "")
			os.Chmod(abs(w, "bin2/tool"), 0o755)
			os.Chmod(abs(w, "bin2/plain"), 0o755)
			os.Symlink("read", abs(w, "link"))
			os.Symlink("dir", abs(w, "dirlink"))
			os.Symlink("../target", abs(w, "dir/entry"))
			w.rules = func(t *Task) error {
				for _, d := range []string{"dir", "nodir", "dirlink"} {
					if _, err := t.ReadDir(d); err != nil {
						return err
					}
				}
				t.Exists("absent")
				t.Exists("present")
				t.Getenv("FLAVOUR")
				t.LookPath("tool")
				t.LookPath("plain")
				t.ReadFile("link")
				if _, err := t.ReadFile("read"); err != nil {
					return err
				}
				return t.Define(sh("app", "out", `echo hello > "$1"`, nil, "_build/app/out"))
			}
			w.make("_build/app/out").ok(t, "out")
			w.make().isNull(t)
			s.change(w)
			b := w.make()
			if s.same {
				b.isNull(t)
				return
			}
			b.evaluated(t).ok(t)
			w.make().isNull(t)
			if got := w.read("_build/app/out"); got != "hello\n" {
				t.Errorf("the output is %q", got)
			}
		})
	}
}

// On a file system with a coarse clock, files modified just before they were
// read are not trusted, and outputs are all the same.
func TestCoarseClock(t *testing.T) {
	old := fineKernel
	fineKernel = func() bool { return false }
	defer func() { fineKernel = old }()
	w := newWorld(t)
	w.write("x", "1234")
	w.rules = define(cat("app", "_build/app/a", "x"))
	for i := range 5 {
		text := []string{"1234", "5678"}[i%2]
		w.write("x", text)
		w.make("_build/app/a").evaluated(t)
		if got := w.read("_build/app/a"); got != text {
			t.Fatalf("made %q of %q", got, text)
		}
		w.make().isNull(t)
		time.Sleep(grain)
		w.make().isNull(t)
	}
}

func TestUpgradedErg(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n")
	w.rules = define(cat("app", "_build/app/a", "x"))
	w.make("_build/app/a").ok(t, "cat _build/app/a")
	w.build = "newer"
	w.make().evaluated(t).ok(t)
	w.make().isNull(t)
}

func TestHeaders(t *testing.T) {
	w := newWorld(t)
	w.write("main.c", "include h.h\nmain\n", "b/h.h", "from b\n", "a/other.h", "")
	w.rules = define(cc("app", "main.c", "_build/app/main.o", nil, []string{"a", "b"}))
	out := func() string { return w.read("_build/app/main.o") }
	w.make("_build/app/main.o").ok(t, "cc _build/app/main.o")
	w.make().isNull(t)
	w.write("a/unrelated.h", "")
	w.make().isNull(t)
	w.write("b/h.h", "from b, new\n")
	w.make().ok(t, "cc _build/app/main.o")
	// A header that nobody mentioned shadows the one that was found.
	w.write("a/h.h", "from a\n")
	w.make().evaluated(t).ok(t, "cc _build/app/main.o")
	if out() != "from a\nmain\n" {
		t.Errorf("made %q", out())
	}
	w.make().isNull(t)
	w.remove("a/h.h")
	w.make().evaluated(t).ok(t)
	if out() != "from b, new\nmain\n" {
		t.Errorf("made %q", out())
	}
	w.remove("b/h.h")
	w.make().failed(t, "no such header")
	w.write("b/h.h", "from b\n")
	w.make().ok(t)
	w.make().isNull(t)
}

// A generated header that begins to be made, in a directory that is searched
// first, is found first; one that is no longer made is not found.
func TestGeneratedHeaderShadows(t *testing.T) {
	w := newWorld(t)
	w.write("main.c", "include h.h\n", "b/h.h", "plain\n", "gen.txt", "generated\n")
	include := []string{"_build/app/gen", "b"}
	plain := define(cc("app", "main.c", "_build/app/main.o", nil, include))
	generated := define(
		cat("app", "_build/app/gen/h.h", "gen.txt"),
		cc("app", "main.c", "_build/app/main.o", []string{"_build/app/gen/h.h"}, include))
	w.rules, w.goal = plain, "plain"
	w.make("_build/app/main.o").ok(t, "cc _build/app/main.o")
	w.rules, w.goal = generated, "generated"
	w.make().ok(t, "cat _build/app/gen/h.h", "cc _build/app/main.o")
	if got := w.read("_build/app/main.o"); got != "generated\n" {
		t.Errorf("made %q", got)
	}
	w.make().isNull(t)
	w.rules, w.goal = func(t *Task) error {
		t.Prune("app//", func(target, output string) bool { return output != "_build/app/gen/h.h" })
		return plain(t)
	}, "plain again"
	w.make().ok(t)
	if w.has("_build/app/gen") {
		t.Error("the header that nobody makes is still there")
	}
	if got := w.read("_build/app/main.o"); got != "plain\n" {
		t.Errorf("made %q", got)
	}
}

func TestFileBecomesDirectoryAndBack(t *testing.T) {
	w := newWorld(t)
	w.write("x", "1\n")
	file := define(cat("app", "_build/app/x", "x"))
	w.rules, w.goal = file, "file"
	w.make("_build/app/x").ok(t, "cat _build/app/x")
	w.rules, w.goal = define(cat("app", "_build/app/x/y", "x")), "dir"
	w.make("_build/app/x/y").ok(t, "cat _build/app/x/y")
	w.rules, w.goal = file, "file"
	w.make("_build/app/x").ok(t)
	if got := w.read("_build/app/x"); got != "1\n" {
		t.Errorf("made %q", got)
	}
	// A source, too.
	w.remove("x")
	w.write("x/y", "1\n")
	w.make().failed(t, "x")
	w.remove("x")
	w.write("x", "1\n")
	w.make().ok(t)
}

// An input that changes while an action reads it: what was made is not kept
// for long.
func TestEditWhileActionRuns(t *testing.T) {
	for _, discovered := range []bool{false, true} {
		w := newWorld(t)
		w.write("x", "old\n", "go", "include x\n")
		spec := sh("app", "slow", `cat "$1" > "$2"; touch running; while [ ! -e proceed ]; do sleep 0.005; done`, []string{"x"}, "_build/app/a")
		if discovered {
			spec.Inputs, spec.Outputs = nil, []string{"_build/app/a"}
			spec.Argv = []string{"/bin/sh", "-c", `cat x > "$1"; echo "a: x" > "$2"; touch running; while [ ! -e proceed ]; do sleep 0.005; done`, "sh",
				action.Ref("_build/app/a"), action.Ref("_build/app/a.d")}
			spec.Depfile = "_build/app/a.d"
		}
		w.rules = define(spec)
		go func() {
			waitFor(t, "the action", func() bool { return w.has("running") })
			w.write("x", "new\n")
			w.write("proceed", "")
		}()
		b := w.make("_build/app/a").ok(t, "slow")
		if got := b.messages(); got == "" {
			t.Error("nothing says that the result is not kept")
		}
		w.make().evaluated(t).ok(t, "slow")
		if got := w.read("_build/app/a"); got != "new\n" {
			t.Errorf("made %q", got)
		}
		w.make().isNull(t)
		// The result under the old bytes was not published either.
		w.write("x", "old\n")
		w.make().ok(t, "slow")
		if got := w.read("_build/app/a"); got != "old\n" {
			t.Errorf("made %q", got)
		}
	}
}

func TestChmodOfInput(t *testing.T) {
	w := newWorld(t)
	w.write("tool", "#!/bin/sh\necho hi\n")
	w.rules = define(sh("app", "copy", `cp -p "$1" "$2"`, []string{"tool"}, "_build/app/tool"))
	w.make("_build/app/tool").ok(t, "copy")
	os.Chmod(filepath.Join(w.root, "tool"), 0o755)
	w.make().ok(t, "copy")
	w.remove("_build/app/tool")
	w.make().ok(t)
	fi, err := os.Stat(filepath.Join(w.root, "_build/app/tool"))
	if err != nil || fi.Mode()&0o100 == 0 {
		t.Errorf("restored as %v, %v", fi.Mode(), err)
	}
}
