package exec_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	os.Exit(m.Run())
}

// sh is a command that runs a shell script.
func sh(script string) *exec.Command {
	return &exec.Command{Argv: []string{"sh", "-c", script}, Env: os.Environ()}
}

func run(t *testing.T, c *exec.Command) *exec.Result {
	t.Helper()
	r, err := exec.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func write(t *testing.T, name, text string, perm fs.FileMode) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), perm); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestMeasures(t *testing.T) {
	r := run(t, sh("sleep 0.1; i=0; while test $i -lt 20000; do i=$((i+1)); done"))
	if r.Wall < 100*time.Millisecond || r.User == 0 || r.User+r.Sys > r.Wall+50*time.Millisecond {
		t.Errorf("wall %v, user %v, sys %v", r.Wall, r.User, r.Sys)
	}
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own); own.Maxrss > 100<<10 {
		t.Skip("an earlier test needed much memory, which hides what children need")
	}
	r = run(t, sh("x=$(head -c 150000000 /dev/zero | tr '\\0' x); :"))
	if r.MaxRSS < 150e6 || r.MaxRSS > 1e9 {
		t.Errorf("peak memory %d", r.MaxRSS)
	}
	if r := run(t, &exec.Command{Argv: []string{"/bin/true"}}); r.MaxRSS != 0 && r.MaxRSS < 1e6 {
		t.Errorf("peak memory of true %d: neither unknown nor plausible", r.MaxRSS)
	}
}

func TestHowItEnded(t *testing.T) {
	for _, test := range []struct{ script, want string }{
		{"exit 0", "<nil>"},
		{"exit 2", "exit status 2"},
		{"ulimit -c 0; kill -ABRT $$", "killed by signal: aborted (SIGABRT)"},
		{"kill -KILL $$", "killed by signal: killed (SIGKILL)"},
		// What a child of the process dies of is the shell's to report.
		{"sh -c 'kill -TERM $$'; exit $?", "exit status 143"},
	} {
		r := run(t, sh(test.script))
		if got := strings.TrimSuffix(fmt.Sprint(r.Err()), ", core dumped"); got != test.want {
			t.Errorf("%s: got %q, want %q", test.script, got, test.want)
		}
		if failed := r.ExitCode != 0; failed != (r.Err() != nil) {
			t.Errorf("%s: exit code %d with %v", test.script, r.ExitCode, r.Err())
		}
	}
}

func TestStreams(t *testing.T) {
	dir := t.TempDir()
	const script = "echo one; echo two >&2; cat; echo three; echo four >&2"
	t.Run("together and in order", func(t *testing.T) {
		r := run(t, sh(script))
		if got, want := string(r.Output), "one\ntwo\nthree\nfour\n"; got != want || r.Stdout != nil {
			t.Errorf("output %q (stdout %q), want %q", got, r.Stdout, want)
		}
	})
	t.Run("apart", func(t *testing.T) {
		c := sh(script)
		c.CaptureStdout = true
		c.Stdin = write(t, filepath.Join(dir, "in"), "from a file\n", 0o666)
		r := run(t, c)
		if got, want := string(r.Stdout)+"|"+string(r.Output), "one\nfrom a file\nthree\n|two\nfour\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("to a file", func(t *testing.T) {
		c := sh(script)
		c.Stdout = filepath.Join(dir, "out")
		r := run(t, c)
		got, err := os.ReadFile(c.Stdout)
		if err != nil || string(got) != "one\nthree\n" || string(r.Output) != "two\nfour\n" {
			t.Errorf("file %q, output %q, %v", got, r.Output, err)
		}
	})
	t.Run("missing input", func(t *testing.T) {
		c := sh(script)
		c.Stdin = filepath.Join(dir, "absent")
		if _, err := exec.Run(t.Context(), c); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), c.Stdin) {
			t.Errorf("got %v", err)
		}
	})
}

func TestOutputIsBounded(t *testing.T) {
	c := sh("head -c 70000000 /dev/zero")
	r := run(t, c)
	if r.Err() != nil || len(r.Output) > 65<<20 || !bytes.HasSuffix(r.Output, []byte("[output truncated: 2891136 more bytes]\n")) {
		t.Errorf("%v, %d bytes, end %q", r.Err(), len(r.Output), r.Output[max(0, len(r.Output)-50):])
	}
	c.CaptureStdout = true
	if r := run(t, c); r.Err() == nil {
		t.Error("a cut standard output passes for whole")
	}
}

func TestTimeoutEndsTheWholeTree(t *testing.T) {
	dir := t.TempDir()
	pids := filepath.Join(dir, "pids")
	c := sh("sleep 100 & echo $! >>" + pids + "; sh -c 'echo $$ >>" + pids + "; sleep 100; :' ; :")
	c.Timeout = 200 * time.Millisecond
	start := time.Now()
	r := run(t, c)
	if !r.TimedOut || r.Err().Error() != "timed out after 200ms" || r.Signal != syscall.SIGTERM {
		t.Errorf("%v: %+v", r.Err(), r)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
	gone(t, pids)
}

// gone checks that the processes whose ids a file lists end.
func gone(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil || len(data) == 0 {
		t.Fatalf("no process ids: %v", err)
	}
	for id := range strings.FieldsSeq(string(data)) {
		for try := 0; alive(id); try++ {
			if try == 100 {
				t.Errorf("process %s is alive", id)
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func alive(id string) bool {
	stat, err := os.ReadFile("/proc/" + id + "/stat")
	_, state, _ := bytes.Cut(stat, []byte(") "))
	return err == nil && len(state) > 0 && state[0] != 'Z'
}

func TestDeafProcessIsKilled(t *testing.T) {
	c := sh("trap '' TERM; while :; do sleep 0.05; done")
	c.Timeout = 100 * time.Millisecond
	r := run(t, c)
	if !r.TimedOut || r.Signal != syscall.SIGKILL || r.Wall < 2*time.Second {
		t.Errorf("%+v", r)
	}
}

func TestTimedOutThoughItExitsWell(t *testing.T) {
	c := sh("trap 'exit 0' TERM; while :; do sleep 0.05; done")
	c.Timeout = 100 * time.Millisecond
	if r := run(t, c); r.ExitCode != 0 || r.Err() == nil {
		t.Errorf("%v: %+v", r.Err(), r)
	}
}

func TestTimeoutAfterTheExit(t *testing.T) {
	c := sh("sleep 100 & exit 0")
	c.Timeout = 150 * time.Millisecond
	if r := run(t, c); r.TimedOut || r.Err() != nil || !r.Leftover {
		t.Errorf("%v: %+v", r.Err(), r)
	}
}

func TestCancel(t *testing.T) {
	why := errors.New("another action failed")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(why) })
	r, err := exec.Run(ctx, sh("sleep 100"))
	if err != nil || !errors.Is(r.Err(), why) || r.TimedOut {
		t.Errorf("%v: %+v", err, r)
	}
	if _, err := exec.Run(ctx, sh("sleep 100")); !errors.Is(err, why) {
		t.Errorf("started though cancelled: %v", err)
	}
}

func TestBackgroundChildDoesNotHang(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		name, script string
		left         bool
	}{
		{"holds the output", "sleep 100 & echo $! >pids", true},
		{"in its own session", "setsid sh -c 'echo $$ >pids; exec sleep 5' & while ! test -s pids; do sleep 0.01; done", true},
		{"in its own session, talkative", "setsid sh -c 'echo $$ >pids; exec yes' & while ! test -s pids; do sleep 0.01; done", true},
		{"silent", "sleep 100 >/dev/null 2>&1 & echo $! >pids", false},
		{"soon done", "(sleep 0.05; echo late) & echo early", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := sh(test.script)
			c.Dir = dir
			os.Remove(filepath.Join(dir, "pids"))
			start := time.Now()
			r := run(t, c)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
			if r.Err() != nil || r.Leftover != test.left {
				t.Errorf("%v, leftover %v", r.Err(), r.Leftover)
			}
			if test.name == "soon done" && string(r.Output) != "early\nlate\n" {
				t.Errorf("output %q", r.Output)
			}
			if test.name == "silent" || test.name == "holds the output" {
				gone(t, filepath.Join(dir, "pids"))
			}
		})
	}
}

func TestCannotStart(t *testing.T) {
	dir := t.TempDir()
	script := write(t, filepath.Join(dir, "script"), "#!/no/such/interpreter -x\n", 0o777)
	text := write(t, filepath.Join(dir, "text"), "words\n", 0o777)
	plain := write(t, filepath.Join(dir, "plain"), "words\n", 0o666)
	for _, test := range []struct {
		argv0, dir, want string
		err              error
	}{
		{filepath.Join(dir, "none"), "", "none: no such file", fs.ErrNotExist},
		{script, "", "script: no such file or its interpreter is missing (/no/such/interpreter -x)", fs.ErrNotExist},
		{text, "", "neither a program for this machine nor a script", syscall.ENOEXEC},
		{plain, "", "plain: not executable", fs.ErrPermission},
		{dir, "", "is a directory", fs.ErrPermission},
		{"no-such-program", "", "start no-such-program: no such program in PATH (/bin:/usr/bin)", fs.ErrNotExist},
		{"/bin/sh", filepath.Join(dir, "none"), "change to directory " + dir + "/none: no such file", fs.ErrNotExist},
		{"", "", "no program is named", syscall.EINVAL},
	} {
		_, err := exec.Run(t.Context(), &exec.Command{
			Argv: []string{test.argv0}, Dir: test.dir, Env: []string{"PATH=/bin:/usr/bin"},
		})
		if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, test.err) {
			t.Errorf("%s in %q: got %v, want …%s…", test.argv0, test.dir, err, test.want)
		}
	}
}

func TestNoPath(t *testing.T) {
	// The working directory is searched only where PATH says so.
	_, err := exec.Run(t.Context(), &exec.Command{Argv: []string{"sh"}, Dir: "/bin"})
	if err == nil || !strings.Contains(err.Error(), "no such program in PATH ()") {
		t.Error(err)
	}
	if _, err := exec.Run(t.Context(), &exec.Command{Argv: []string{"true"}, Dir: "/bin", Env: []string{"PATH=/nowhere:"}}); err != nil {
		t.Error(err)
	}
}

func TestLookup(t *testing.T) {
	dir := t.TempDir()
	os.MkdirAll(filepath.Join(dir, "bin"), 0o777)
	write(t, filepath.Join(dir, "bin/hello"), "#!/bin/sh\necho hello from $PWD\n", 0o777)
	for _, test := range []struct{ argv0, path string }{
		{"bin/hello", ""}, {"hello", "/nowhere:" + dir + "/bin"}, {"hello", "bin"}, {"./bin/hello", ""},
	} {
		r := run(t, &exec.Command{Argv: []string{test.argv0}, Dir: dir, Env: []string{"PATH=" + test.path, "PWD=" + dir}})
		if got, want := string(r.Output), "hello from "+dir+"\n"; got != want {
			t.Errorf("%+v: got %q, want %q", test, got, want)
		}
	}
}

func TestProgramJustWritten(t *testing.T) {
	prog := filepath.Join(t.TempDir(), "prog")
	f, err := os.OpenFile(prog, os.O_CREATE|os.O_WRONLY, 0o777)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("#!/bin/sh\necho ran\n")
	time.AfterFunc(50*time.Millisecond, func() { f.Close() })
	if r := run(t, &exec.Command{Argv: []string{prog}}); string(r.Output) != "ran\n" {
		t.Errorf("output %q", r.Output)
	}
}

func TestWriteAndRunInParallel(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				prog := filepath.Join(dir, fmt.Sprintf("p%d-%d", i, j))
				if err := os.WriteFile(prog, []byte("#!/bin/sh\necho $0\n"), 0o777); err != nil {
					t.Error(err)
				}
				r, err := exec.Run(t.Context(), &exec.Command{Argv: []string{prog}})
				if err != nil || string(r.Output) != prog+"\n" {
					t.Errorf("%v: %+v", err, r)
				}
			}
		})
	}
	wg.Wait()
}

func TestExtraFiles(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c := sh("echo hello >&3")
	c.ExtraFiles = []*os.File{w}
	run(t, c)
	w.Close()
	buf := make([]byte, 10)
	if n, err := r.Read(buf); string(buf[:n]) != "hello\n" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
}
