package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/sandbox"
)

// TestConformance runs every check with every method, in a workspace below
// /tmp and in one elsewhere.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, m := range []sandbox.Method{sandbox.Namespaces, sandbox.Landlock, sandbox.Symlinks} {
		for _, c := range checks {
			t.Run(fmt.Sprintf("%s/%s", m, c.name), func(t *testing.T) {
				t.Parallel()
				c.f(newBox(t, m, ""))
			})
		}
		t.Run(fmt.Sprintf("%s/outside tmp", m), func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("/var/tmp", "erg sandbox ü-")
			if err != nil {
				t.Skip(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			for i, c := range checks {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.f(newBox(t, m, filepath.Join(dir, fmt.Sprint(i))))
				})
			}
		})
	}
}

var checks = []struct {
	name string
	f    func(*box)
}{
	{"declared inputs can be read", inputsCanBeRead},
	{"undeclared files are hidden", undeclaredHidden},
	{"outputs land in the view", outputsLand},
	{"writing an input fails", inputsProtected},
	{"copies may be changed", copiesChange},
	{"writing elsewhere fails", restProtected},
	{"places that are writable", writablePlaces},
	{"a working directory elsewhere", chdir},
	{"a hidden home", hiddenHome},
	{"tools below the root", readOnlyMounts},
	{"odd names", oddNames},
	{"symlinks", symlinks},
	{"a program in the view", programInView},
	{"how it ended", howItEnded},
	{"it cannot start", cannotStart},
	{"the tree ends with it", treeEnds},
	{"many inputs", manyInputs},
	{"inputs that overlap", overlaps},
	{"devices and processes", devices},
	{"the stage can be removed", removable},
}

func inputsCanBeRead(b *box) {
	b.input("a.txt", "sub/b.txt", "tree")
	b.spec.Inputs = append(b.spec.Inputs, sandbox.Mount{At: "else/where.txt", Source: b.root + "/a.txt"})
	b.prints("a\nb\nx\ny\na\n", "cat a.txt sub/b.txt tree/x.txt tree/deep/y.txt else/where.txt")
	b.created()
	b.spec.Stage += "-dir"
	b.spec.Dir = "sub/dir"
	b.prints("b\na\n", "cat ../b.txt ../../a.txt")
	if b.can(sameRoot) {
		b.spec.Stage += "-abs"
		b.prints(b.root+"/sub/dir\na\n", `pwd; cat "$1/a.txt"`, b.root)
	}
}

func undeclaredHidden(b *box) {
	b.input("a.txt")
	b.prints("a.txt\n", "ls -A")
	b.spec.Stage += "-2"
	b.refuses("cat secret.txt", "No such file")
	b.need(hidesAbsolute)
	b.spec.Stage += "-3"
	b.refuses(`cat "$1/secret.txt"`, "secret.txt", b.root)
	b.spec.Stage += "-4"
	b.refuses(`cat /proc/$PPID/root/"$1/secret.txt"`, "secret.txt", b.root)
}

func outputsLand(b *box) {
	b.input("sub/b.txt")
	b.spec.MakeDirs = []string{"out/deep", "empty"}
	b.prints("", `cp sub/b.txt out/deep/c.txt; echo 1 >sub/new; mkdir made; echo 2 >made/f
		ln -s f made/link; mv made/f made/g; mkfifo pipe; mkdir other; mv made/g other/g`)
	b.created("made/link", "other/g", "out/deep/c.txt", "sub/new")
	got, err := os.ReadFile(filepath.Join(b.spec.View(), "out/deep/c.txt"))
	if err != nil || string(got) != "b\n" {
		b.Errorf("output %q, %v", got, err)
	}
	if err := os.Rename(filepath.Join(b.spec.View(), "other/g"), filepath.Join(b.root, "g")); err != nil {
		b.Error("the caller cannot move outputs:", err)
	}
}

func inputsProtected(b *box) {
	b.need(protectsInputs)
	b.input("a.txt", "tree")
	for i, script := range []string{
		"echo no >a.txt", "echo no >>tree/x.txt", "echo no >tree/new", "rm tree/x.txt", "mv tree/x.txt tree/z.txt",
	} {
		b.spec.Stage = fmt.Sprintf("%s-%d", b.spec.Stage, i)
		b.refuses(script, b.denied())
	}
	for name, want := range map[string]string{"a.txt": "a\n", "tree/x.txt": "x\n"} {
		if got, _ := os.ReadFile(filepath.Join(b.root, name)); string(got) != want {
			b.Errorf("%s is %q", name, got)
		}
	}
}

func copiesChange(b *box) {
	b.input("sub/b.txt")
	b.spec.Copies = []sandbox.Mount{{At: "own/a.txt", Source: b.root + "/a.txt"}, {At: "own/b.txt", Source: b.root + "/sub/b.txt"}}
	b.prints("a\nmore\nb\n", `echo more >>own/a.txt; cat own/a.txt sub/b.txt; mv own/b.txt own/c.txt`)
	b.created("own/c.txt")
	for name, want := range map[string]string{"a.txt": "a\n", "sub/b.txt": "b\n"} {
		if got, _ := os.ReadFile(filepath.Join(b.root, name)); string(got) != want {
			b.Errorf("%s is %q", name, got)
		}
	}
}

func restProtected(b *box) {
	b.need(protectsRest)
	outside := filepath.Dir(b.root)
	// Where /tmp is private, writing there succeeds and leaves no trace.
	tmp := b.can(privateTmp) && strings.HasPrefix(outside, "/tmp/")
	for i, file := range []string{outside + "/new", "/var/tmp/erg-sandbox-new", "/erg-sandbox-new", b.root + "/_build/new"} {
		b.spec.Stage = fmt.Sprintf("%s-%d", b.spec.Stage, i)
		r := b.sh(`echo no >"$1"`, file)
		private := tmp && i == 0 || b.can(sameRoot) && i == 3
		if r.Err() == nil && !private {
			b.Errorf("writing %s succeeds", file)
		}
		if _, err := os.Lstat(file); err == nil {
			os.Remove(file)
			b.Errorf("%s was written", file)
		}
	}
}

func writablePlaces(b *box) {
	b.prints("t\n", `f=$(mktemp) && echo t >"$f" && cat "$f" && rm "$f"`)
	b.created()
	state, inner := filepath.Dir(b.root)+"/state", b.root+"/_build/state"
	for i, dir := range []string{state, inner} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			b.Fatal(err)
		}
		b.spec.Stage = fmt.Sprintf("%s-%d", b.spec.Stage, i)
		b.spec.Writable = []sandbox.Mount{{Source: dir}}
		b.prints("kept\n", `echo kept >"$1/f"; cat "$1/f"`, dir)
		b.created()
		if got, err := os.ReadFile(dir + "/f"); string(got) != "kept\n" {
			b.Errorf("%s: %q, %v", dir, got, err)
		}
	}
	b.need(privateTmp)
	b.spec.Stage += "-tmp"
	b.prints("shared\n", `echo shared >/tmp/erg-sandbox-x && cat /tmp/erg-sandbox-x && ls /dev/shm`)
	if _, err := os.Lstat("/tmp/erg-sandbox-x"); err == nil {
		b.Error("/tmp is not private")
	}
	b.spec.Stage += "-again"
	b.prints("", `ls /tmp | grep erg-sandbox-x || :`)
}

func chdir(b *box) {
	for i, dir := range []string{filepath.Dir(b.root) + "/work", b.root + "/_build/work"} {
		if err := os.MkdirAll(dir+"/sub", 0o777); err != nil {
			b.Fatal(err)
		}
		b.spec.Stage = fmt.Sprintf("%s-%d", b.spec.Stage, i)
		b.spec.Writable = []sandbox.Mount{{Source: dir}}
		b.spec.Chdir = dir + "/sub"
		b.prints(dir+"/sub\n", `pwd; echo made >../made`)
		b.created()
		if got, err := os.ReadFile(dir + "/made"); string(got) != "made\n" {
			b.Errorf("%s: %q, %v", dir, got, err)
		}
	}
	b.need(sameRoot) // then a directory can be seen at another place, too
	real, seen := filepath.Dir(b.root)+"/work", filepath.Dir(b.root)+"/seen"
	if err := os.MkdirAll(seen, 0o777); err != nil {
		b.Fatal(err)
	}
	b.spec.Stage += "-at"
	b.spec.Writable = []sandbox.Mount{{At: seen, Source: real}}
	b.spec.Chdir = seen
	b.prints(seen+"\nmade\n", `pwd; cat made; echo again >again`)
	if _, err := os.Lstat(real + "/again"); err != nil {
		b.Error(err)
	}
}

func hiddenHome(b *box) {
	b.need(sameRoot)
	home := filepath.Dir(b.root) + "/home"
	for _, name := range []string{"secret", "store/prefix/file"} {
		if err := os.MkdirAll(filepath.Dir(home+"/"+name), 0o777); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(home+"/"+name, []byte("there\n"), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	b.input("a.txt")
	b.spec.Hide = []string{home}
	b.spec.ReadOnly = []sandbox.Mount{{Source: home + "/store/prefix"}}
	b.prints("store\nthere\na\n", `ls -A "$1"; cat "$1/store/prefix/file"; cat a.txt; echo lost >"$1/new"`, home)
	if _, err := os.Lstat(home + "/new"); err == nil {
		b.Error("a file was written to the home")
	}
	// The workspace may lie in it.
	b.spec.Stage += "-above"
	b.spec.Hide = []string{filepath.Dir(b.root)}
	b.prints("a\n", `cat "$1/a.txt"`, b.root)
}

func readOnlyMounts(b *box) {
	tool := b.file("_build/prefix/bin/tool", "#!/bin/sh\necho tool\n")
	b.spec.ReadOnly = []sandbox.Mount{{Source: b.root + "/_build/prefix"}}
	b.prints("tool\n", `exec "$1"`, tool)
	b.created()
	if b.can(protectsRest) {
		b.spec.Stage += "-2"
		b.refuses(`echo no >"$1"`, b.denied(), tool)
	}
}

func oddNames(b *box) {
	names := []string{"a b/c d", "ünï/日本", "it's \"quoted\"", "new\nline", `back\slash\040`, "-n", "caf\xe9"}
	for _, name := range names {
		b.file(name, name)
	}
	b.input(names...)
	b.prints(strings.Join(names, ""), `for f; do cat "./$f"; done`, names...)
	b.created()
	b.spec.Stage += " ü"
	b.spec.Dir = "a b"
	b.prints("", `cat "c d" >"out put"; cat "c d" >"caf$(printf '\351')"`)
	b.created("a b/caf\xe9", "a b/out put")
}

func symlinks(b *box) {
	os.Symlink("a.txt", b.root+"/link")
	os.Symlink("tree", b.root+"/linkdir")
	os.Symlink("secret.txt", b.root+"/tree/out")
	b.input("link", "linkdir", "tree")
	b.prints("a\ny\n", "cat link linkdir/deep/y.txt")
	b.created()
	b.spec.Stage += "-dangling"
	b.spec.Inputs = append(b.spec.Inputs, sandbox.Mount{At: "dangling", Source: b.root + "/dangling"})
	_, err := exec.Run(b.Context(), b.command("true"))
	var setup *sandbox.SetupError
	if !asError(err, &setup) || setup.Path != b.root+"/dangling" {
		b.Errorf("a missing input: %v", err)
	}
}

func programInView(b *box) {
	b.file("bin/prog", "#!/bin/sh\necho \"prog $1\"\n")
	b.input("bin/prog")
	for i, argv0 := range []string{"bin/prog", "./bin/prog", "prog"} {
		b.spec.Stage = fmt.Sprintf("%s-%d", b.spec.Stage, i)
		c := b.command("")
		c.Argv = []string{argv0, "x"}
		c.Env = []string{"PATH=/nowhere:bin"}
		r, err := exec.Run(b.Context(), c)
		if err != nil || string(r.Output) != "prog x\n" {
			b.Errorf("%s: %v, %+v", argv0, err, r)
		}
	}
	b.spec.Stage += "-made"
	b.prints("made\n", `printf '#!/bin/sh\necho made\n' >made; chmod +x made; ./made`)
}

func howItEnded(b *box) {
	for i, test := range []struct {
		script string
		code   int
		signal syscall.Signal
	}{
		{"exit 0", 0, 0}, {"exit 3", 3, 0}, {"exit 255", 255, 0},
		{"ulimit -c 0; kill -ABRT $$", -1, syscall.SIGABRT}, {"kill -SEGV $$", -1, syscall.SIGSEGV},
		{"kill -KILL $$", -1, syscall.SIGKILL}, {"kill -TERM $$", -1, syscall.SIGTERM},
		{"trap '' INT; kill -INT $$; exit 4", 4, 0},
	} {
		b.spec.Stage = fmt.Sprintf("%s-%d", b.spec.Stage, i)
		if r := b.sh(test.script); r.ExitCode != test.code || r.Signal != test.signal {
			b.Errorf("%s: code %d, signal %v", test.script, r.ExitCode, r.Signal)
		}
	}
}

func cannotStart(b *box) {
	b.file("script", "#!/no/such/interpreter\n")
	b.input("script")
	for i, test := range []struct{ argv0, want string }{
		{"./none", "no such file"},
		{"no-such-program", "no such program in PATH"},
		{"./script", "its interpreter is missing (/no/such/interpreter)"},
	} {
		b.spec.Stage = fmt.Sprintf("%s-%d", b.spec.Stage, i)
		c := b.command("")
		c.Argv = []string{test.argv0}
		_, err := exec.Run(b.Context(), c)
		if err == nil || !strings.Contains(err.Error(), test.want) || !asErrno(err, syscall.ENOENT) {
			b.Errorf("%s: %v", test.argv0, err)
		}
	}
}

func treeEnds(b *box) {
	dir := filepath.Dir(b.root) + "/state"
	os.MkdirAll(dir, 0o777)
	b.spec.Writable = []sandbox.Mount{{Source: dir}}
	scripts := []string{`(sleep 1.5; echo late >"$1/late") & sleep 100`}
	if b.can(endsAll) {
		scripts = append(scripts, `setsid sh -c 'sleep 1.5; echo late >"$1/late"' sh "$1" >/dev/null 2>&1 & sleep 100`,
			`setsid sh -c 'trap "" TERM; sleep 1.5; echo late >"$1/late"' sh "$1" & exit 0`)
	}
	for i, script := range scripts {
		b.spec.Stage = fmt.Sprintf("%s-%d", b.spec.Stage, i)
		c := b.command(script, dir)
		c.Timeout = 300 * time.Millisecond
		start := time.Now()
		r, err := exec.Run(b.Context(), c)
		if err != nil || r.TimedOut != (i < 2) || time.Since(start) > 5000*time.Millisecond {
			b.Errorf("%s: %v after %v: %+v", script, err, time.Since(start), r)
		}
	}
	time.Sleep(1600 * time.Millisecond)
	if _, err := os.Lstat(dir + "/late"); err == nil {
		b.Error("a process outlived its run")
	}
}

func manyInputs(b *box) {
	first := b.file("many/d0/first", "1\n")
	for i := range 1000 {
		name := fmt.Sprintf("many/d%d/f%d", i/100, i)
		os.MkdirAll(filepath.Dir(filepath.Join(b.root, name)), 0o777)
		if err := os.Link(first, filepath.Join(b.root, name)); err != nil {
			b.Fatal(err)
		}
		b.input(name)
	}
	b.prints("1000\n", "cat many/*/* | wc -l")
	b.created()
}

func overlaps(b *box) {
	// A file twice; below a directory that shows it anyway; over it.
	b.input("a.txt", "a.txt", "tree", "tree/x.txt", "tree/deep")
	b.prints("a\nx\ny\n", "cat a.txt tree/x.txt tree/deep/y.txt")
	b.created()
}

func devices(b *box) {
	b.prints("ok\n", `echo no >/dev/null; head -c 1 /dev/urandom >/dev/null; test -e /proc/self/status
		test -d /proc/$$ && read -r x </proc/self/stat && echo ok`)
	b.spec.Stage += "-fds"
	const script = "echo $(ls /proc/self/fd)"
	c := b.command(script)
	c.Sandbox = nil
	r, err := exec.Run(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	b.prints(string(r.Output), script) // no descriptor more than in place
}

func removable(b *box) {
	b.prints("", `mkdir -p d/e; echo 1 >d/e/f; chmod 500 d/e; chmod 0 d`)
	// Clean does so at the end of each test, also as an ordinary user.
}
