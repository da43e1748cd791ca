package sandbox_test

import (
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/sandbox"
)

// roleVar makes the test binary play another part than running tests.
const roleVar = "ERG_SANDBOX_TEST_ROLE"

func TestMain(m *testing.M) {
	sandbox.Main()
	switch os.Getenv(roleVar) {
	case "victim":
		victim()
	case "remount":
		remount()
	}
	os.Exit(m.Run())
}

// A capability is what some methods enforce and others cannot.
type capability int

const (
	hidesAbsolute  capability = 1 << iota // undeclared files by absolute path
	protectsInputs                        // writing to an input fails
	protectsRest                          // writing elsewhere fails
	sameRoot                              // the view is where the workspace is
	privateTmp                            // /tmp is the process's own
	endsAll                               // a process in its own session, too
)

var capabilities = map[sandbox.Method]capability{
	sandbox.Namespaces: hidesAbsolute | protectsInputs | protectsRest | sameRoot | privateTmp | endsAll,
	sandbox.Landlock:   hidesAbsolute | protectsInputs | protectsRest,
	sandbox.Symlinks:   0,
}

// A box is a workspace to run sandboxed processes in.
type box struct {
	*testing.T
	method sandbox.Method
	root   string
	spec   *sandbox.Spec
}

func (b *box) can(c capability) bool { return capabilities[b.method]&c != 0 }

// need ends the test if the method does not have a capability.
func (b *box) need(c capability) {
	b.Helper()
	if !b.can(c) {
		b.Skipf("%s cannot do that", b.method)
	}
}

// newBox makes a workspace below dir ("": the test's) with files in it.
func newBox(t *testing.T, m sandbox.Method, dir string) *box {
	t.Helper()
	if err := sandbox.Usable(m); err != nil {
		t.Skip(err)
	}
	if dir == "" {
		dir = t.TempDir()
	}
	b := &box{T: t, method: m, root: filepath.Join(dir, "w")}
	b.file("a.txt", "a\n")
	b.file("sub/b.txt", "b\n")
	b.file("secret.txt", "secret\n")
	b.file("tree/x.txt", "x\n")
	b.file("tree/deep/y.txt", "y\n")
	b.spec = &sandbox.Spec{Method: m, Root: b.root, Stage: filepath.Join(b.root, "_build/.erg/sandbox/1")}
	t.Cleanup(func() {
		if err := sandbox.Clean(b.spec); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(b.spec.Stage); err == nil {
			t.Error("the stage is still there")
		}
	})
	return b
}

func (b *box) file(name, text string) string {
	b.Helper()
	name = filepath.Join(b.root, name)
	os.MkdirAll(filepath.Dir(name), 0o777)
	if err := os.WriteFile(name, []byte(text), 0o777); err != nil {
		b.Fatal(err)
	}
	return name
}

// input declares workspace files, at the same place.
func (b *box) input(names ...string) {
	for _, name := range names {
		b.spec.Inputs = append(b.spec.Inputs, sandbox.Mount{At: name, Source: filepath.Join(b.root, name)})
	}
}

// sh runs a shell script; args are its $1, $2, ….
func (b *box) sh(script string, args ...string) *exec.Result {
	b.Helper()
	r, err := exec.Run(b.Context(), b.command(script, args...))
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func (b *box) command(script string, args ...string) *exec.Command {
	return &exec.Command{
		Argv:    append([]string{"sh", "-c", script, "sh"}, args...),
		Env:     []string{"PATH=/usr/bin:/bin", "LC_ALL=C"},
		Sandbox: b.spec,
	}
}

// prints checks that a script succeeds and what it prints.
func (b *box) prints(want, script string, args ...string) {
	b.Helper()
	if r := b.sh(script, args...); r.Err() != nil || string(r.Output) != want {
		b.Errorf("%s: %v, printed %q, want %q", script, r.Err(), r.Output, want)
	}
}

// refuses checks that a script fails and says so in words of the system's.
func (b *box) refuses(script, words string, args ...string) {
	b.Helper()
	r := b.sh(script, args...)
	if r.Err() == nil || !strings.Contains(string(r.Output), words) {
		b.Errorf("%s: %v, printed %q, want …%s…", script, r.Err(), r.Output, words)
	}
}

func (b *box) created(want ...string) {
	b.Helper()
	got, err := sandbox.Collect(b.spec)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("created %q, %v, want %q", got, err, want)
	}
}

// denied is what the system calls a refused write.
func (b *box) denied() string {
	if b.method == sandbox.Namespaces {
		return "Read-only file system"
	}
	return "Permission denied"
}

// copyOfTests makes a directory that everyone may use, with this program in
// it, and returns the program's name.
func copyOfTests(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "erg-sandbox-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	prog := filepath.Join(dir, "sandbox.test")
	if err := os.WriteFile(prog, self, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, prog} {
		if err := os.Chmod(name, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return prog
}

// asNobody is cmd as an ordinary user, if we are root.
func asNobody(cmd *osexec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}
