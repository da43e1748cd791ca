package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/sandbox"
)

func asError[E error](err error, target *E) bool { return errors.As(err, target) }

func asErrno(err error, n syscall.Errno) bool { return errors.Is(err, n) }

func TestAvailable(t *testing.T) {
	m, why := sandbox.Available()
	t.Logf("%s (%s)", m, why)
	if (m == sandbox.Namespaces) != (why == "") {
		t.Errorf("%s for reason %q", m, why)
	}
	if err := sandbox.Usable(m); err != nil {
		t.Error(err)
	}
	if err := sandbox.Usable("magic"); err == nil {
		t.Error("an unknown method is usable")
	}
	for _, m := range []sandbox.Method{sandbox.Namespaces, sandbox.Landlock, sandbox.Symlinks, sandbox.None} {
		if got, err := sandbox.ParseMethod(string(m)); got != m || err != nil {
			t.Error(got, err)
		}
	}
	if _, err := sandbox.ParseMethod("magic"); err == nil || !strings.Contains(err.Error(), `"magic"`) {
		t.Error(err)
	}
}

func TestNone(t *testing.T) {
	b := newBox(t, sandbox.None, "")
	b.spec.Dir = "sub"
	b.prints("b\nsecret\n", "cat b.txt ../secret.txt; echo new >new")
	if _, err := os.Lstat(b.root + "/sub/new"); err != nil {
		t.Error(err)
	}
	b.created()
}

func TestSpecsThatMakeNoSense(t *testing.T) {
	for _, change := range []func(*sandbox.Spec){
		func(s *sandbox.Spec) { s.Root = "/" },
		func(s *sandbox.Spec) { s.Root = "w" },
		func(s *sandbox.Spec) { s.Stage = "" },
		func(s *sandbox.Spec) { s.Dir = "../x" },
		func(s *sandbox.Spec) { s.MakeDirs = []string{"/x"} },
		func(s *sandbox.Spec) { s.Inputs = []sandbox.Mount{{At: "../x", Source: "/etc/passwd"}} },
		func(s *sandbox.Spec) { s.Inputs = []sandbox.Mount{{At: "a//x", Source: "/etc/passwd"}} },
		func(s *sandbox.Spec) { s.Inputs = []sandbox.Mount{{At: ".", Source: "/etc"}} },
		func(s *sandbox.Spec) { s.Inputs = []sandbox.Mount{{At: "x", Source: "passwd"}} },
		func(s *sandbox.Spec) {
			s.Inputs = []sandbox.Mount{{At: "x", Source: "/etc/passwd"}, {At: "x", Source: "/etc/group"}}
		},
		func(s *sandbox.Spec) { s.Writable = []sandbox.Mount{{Source: "x"}} },
	} {
		b := newBox(t, sandbox.Symlinks, "")
		s := *b.spec
		change(&s)
		c := b.command("true")
		c.Sandbox = &s
		var setup *sandbox.SetupError
		if _, err := exec.Run(t.Context(), c); !errors.As(err, &setup) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestSetupErrorNamesTheStep(t *testing.T) {
	b := newBox(t, sandbox.Namespaces, "")
	b.spec.ReadOnly = []sandbox.Mount{{Source: "/etc", At: "/no/such/place"}}
	_, err := exec.Run(t.Context(), b.command("true"))
	var setup *sandbox.SetupError
	if !errors.As(err, &setup) || setup.Path != "/no/such/place" || !asErrno(err, syscall.EROFS) ||
		!strings.Contains(err.Error(), "create mount point /no/such/place: read-only file system") {
		t.Error(err)
	}
	// The helper is fit for the next run.
	b.spec.ReadOnly = nil
	b.prints("ok\n", "echo ok")
}

func TestRootBySymlink(t *testing.T) {
	for m := range capabilities {
		t.Run(string(m), func(t *testing.T) {
			b := newBox(t, m, "")
			link := filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(b.root, link); err != nil {
				t.Fatal(err)
			}
			b.spec.Root = link
			b.spec.Inputs = []sandbox.Mount{{At: "a.txt", Source: link + "/a.txt"}}
			b.prints("a\n", "cat a.txt; echo new >new")
			b.created("new")
			b.need(hidesAbsolute)
			b.spec.Stage += "-2"
			b.refuses(`cat "$1/secret.txt"`, "secret.txt", link)
			b.spec.Stage += "-3"
			b.refuses(`cat "$1/secret.txt"`, "secret.txt", b.root)
		})
	}
}

func TestShutdown(t *testing.T) {
	if err := sandbox.Usable(sandbox.Namespaces); err != nil {
		t.Skip(err)
	}
	newBox(t, sandbox.Namespaces, "").prints("ok\n", "echo ok")
	sandbox.Shutdown()
	newBox(t, sandbox.Namespaces, "").prints("ok\n", "echo ok")
}

// remount sees whether remountReadOnly does what setReadOnly does.
func remount() {
	check := func(what string, ok bool) {
		if !ok {
			fmt.Println("failed:", what)
			os.Exit(1)
		}
	}
	dir := os.Getenv("ROOT")
	check("bind", syscall.Mount(dir, dir, "", syscall.MS_BIND, "") == nil)
	check("read-only", sandbox.RemountReadOnly("/", true, true) == nil)
	check("write", errors.Is(os.WriteFile(dir+"/x", nil, 0o666), syscall.EROFS))
	check("writable", sandbox.RemountReadOnly(dir, false, false) == nil)
	check("write again", os.WriteFile(dir+"/x", nil, 0o666) == nil)
	check("write beside", errors.Is(os.WriteFile(dir+"/../y", nil, 0o666), syscall.EROFS))
	os.Exit(0)
}

func TestOldKernels(t *testing.T) {
	if err := sandbox.Usable(sandbox.Namespaces); err != nil {
		t.Skip(err)
	}
	dir := filepath.Join(t.TempDir(), "a b")
	os.Mkdir(dir, 0o777)
	cmd := osexec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVar+"=remount", "ROOT="+dir)
	id := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	gid := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS, UidMappings: id, GidMappings: gid,
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestReplacedInputIsReported(t *testing.T) {
	b := newBox(t, sandbox.Symlinks, "")
	b.input("a.txt", "sub/b.txt")
	b.prints("", "rm a.txt; echo new >a.txt")
	b.created("a.txt")
}

func TestRunsDoNotDisturbEachOther(t *testing.T) {
	for m := range capabilities {
		t.Run(string(m), func(t *testing.T) {
			b := newBox(t, m, "")
			b.input("a.txt")
			var wg sync.WaitGroup
			for i := range 6 {
				wg.Go(func() {
					for j := range 10 {
						s := *b.spec
						s.Stage = fmt.Sprintf("%s/%d-%d", filepath.Dir(s.Stage), i, j)
						c := b.command(`test -e out && exit 1; cat a.txt >out; echo "$1"; sleep 0.01`, s.Stage)
						c.Sandbox = &s
						r, err := exec.Run(t.Context(), c)
						if err != nil || r.Err() != nil || string(r.Output) != s.Stage+"\n" {
							t.Errorf("%v: %+v", err, r)
						}
						if got, err := sandbox.Collect(&s); err != nil || len(got) != 1 {
							t.Error(got, err)
						}
						if err := sandbox.Clean(&s); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestCancelInNamespaces(t *testing.T) {
	b := newBox(t, sandbox.Namespaces, "")
	for i := range 20 { // at every stage of setting up, too
		b.spec.Stage = fmt.Sprintf("%s-%d", b.spec.Stage, i)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*500*time.Microsecond)
		start := time.Now()
		r, err := exec.Run(ctx, b.command("sleep 100"))
		cancel()
		if err == nil && !errors.Is(r.Err(), context.DeadlineExceeded) || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v: %+v", err, r)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %v", took)
		}
	}
}

func TestHelperThatDies(t *testing.T) {
	b := newBox(t, sandbox.Namespaces, "")
	// One that dies when idle is not noticed.
	sandbox.KillIdle()
	b.prints("ok\n", "echo ok")
	// With a run of its own, nobody knows how that ended.
	b.spec.Stage += "-2"
	pid := sandbox.NextHelper()
	time.AfterFunc(300*time.Millisecond, func() { syscall.Kill(pid, syscall.SIGKILL) })
	start := time.Now()
	_, err := exec.Run(t.Context(), b.command("sleep 100"))
	if err == nil || !strings.Contains(err.Error(), "helper killed by signal") || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	b.spec.Stage += "-3"
	b.prints("ok\n", "echo ok")
}

func TestLockDescriptorIsInherited(t *testing.T) {
	for m := range capabilities {
		b := newBox(t, m, "")
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c := b.command("echo locked >&3")
		c.ExtraFiles = []*os.File{w}
		if _, err := exec.Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		w.Close()
		// The end comes only if no helper has kept a copy.
		got, err := io.ReadAll(r)
		if string(got) != "locked\n" || err != nil {
			t.Errorf("%s: %q, %v", m, got, err)
		}
		r.Close()
	}
}

func TestPrivilegeIsGone(t *testing.T) {
	b := newBox(t, sandbox.Namespaces, "")
	b.input("a.txt")
	b.refuses(`umount "$1/a.txt" || mount -o remount,rw / || umount "$1"`, "", b.root)
	b.spec.Stage += "-2"
	r := b.sh("echo no >/erg-sandbox-x")
	if r.Err() == nil {
		t.Error("/ became writable")
	}
}

// victim runs a process in a sandbox until it is killed itself.
func victim() {
	lock := os.NewFile(3, "lock")
	root := os.Getenv("ROOT")
	spec := &sandbox.Spec{Method: sandbox.Namespaces, Root: root, Stage: root + "/stage"}
	exec.Run(context.Background(), &exec.Command{
		Argv: []string{"/bin/sh", "-c", "echo up >&3; setsid sleep 1000 & sleep 1000"}, Sandbox: spec,
		ExtraFiles: []*os.File{lock},
	})
	os.Exit(1)
}

func TestNothingOutlivesErg(t *testing.T) {
	b := newBox(t, sandbox.Namespaces, "")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := osexec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVar+"=victim", "ROOT="+b.root)
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	buf := make([]byte, 10)
	if n, err := r.Read(buf); string(buf[:n]) != "up\n" {
		t.Fatal(string(buf[:n]), err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	r.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := r.Read(buf); err != io.EOF {
		t.Error("the lock is still held:", err)
	}
	os.RemoveAll(b.root + "/stage")
}

// TestOrdinaryUser runs the conformance tests as nobody, if we are root.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("all tests run as an ordinary user already")
	}
	prog := copyOfTests(t)
	cmd := osexec.Command(prog, "-test.run=^(TestConformance|TestAvailable|TestNothingOutlivesErg|TestPrivilegeIsGone)$", "-test.v")
	cmd.Dir = filepath.Dir(prog)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "TMPDIR=" + cmd.Dir, "HOME=" + cmd.Dir}
	asNobody(cmd)
	report(t, cmd)
}

// TestNested runs them in a sandbox.
func TestNested(t *testing.T) {
	t.Parallel()
	if sandbox.Usable(sandbox.Namespaces) != nil {
		t.Skip("no namespaces")
	}
	prog := copyOfTests(t)
	b := newBox(t, sandbox.Namespaces, "")
	b.spec.ReadOnly = []sandbox.Mount{{Source: filepath.Dir(prog)}}
	r := b.sh(`exec "$1" '-test.run=^TestConformance$/^namespaces$' -test.v`, prog)
	if r.Err() != nil || !strings.Contains(string(r.Output), "--- PASS: TestConformance/namespaces/many_inputs") {
		t.Errorf("%v\n%s", r.Err(), r.Output)
	}
}

func report(t *testing.T, cmd *osexec.Cmd) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "sandbox_test.go") || strings.Contains(line, "SKIP") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
