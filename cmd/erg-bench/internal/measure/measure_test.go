package measure

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	Main()
	// The launcher is this program: with the race detector, it would end a second late.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	os.Exit(m.Run())
}

func TestRunReportsThePeakOfTheProgram(t *testing.T) {
	// What this process has is not to count.
	mine := make([]byte, 300<<20)
	for i := 0; i < len(mine); i += 4096 {
		mine[i] = 1
	}
	defer runtime.KeepAlive(mine)
	for _, c := range []struct {
		command   string
		low, high int64
	}{
		{"true", 1 << 20, 90 << 20},
		{"dd if=/dev/zero of=/dev/null bs=100M count=1", 100 << 20, 190 << 20},
	} {
		run, err := Command{Args: strings.Fields(c.command)}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if run.Peak < c.low || run.Peak > c.high {
			t.Errorf("%s: peak of %d MB", c.command, run.Peak>>20)
		}
		if run.Wall <= 0 {
			t.Errorf("%s: wall time %v", c.command, run.Wall)
		}
	}
}

func TestSampledPeakLeavesOutChildren(t *testing.T) {
	const dd = "dd if=/dev/zero of=/dev/null bs=100M count=30"
	for _, c := range []struct {
		args      []string
		sample    bool
		low, high int64
	}{
		{[]string{"sh", "-c", dd + "; true"}, false, 100 << 20, 190 << 20},
		{[]string{"sh", "-c", dd + "; true"}, true, 1 << 19, 90 << 20},
		{strings.Fields(dd), true, 100 << 20, 190 << 20},
	} {
		run, err := Command{Args: c.args, Sample: c.sample}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if run.Peak < c.low || run.Peak > c.high {
			t.Errorf("%v, sampled %v: peak of %d MB", c.args, c.sample, run.Peak>>20)
		}
	}
}

func TestRunOutputAndFailures(t *testing.T) {
	dir := t.TempDir()
	run, err := Command{Dir: dir, Args: []string{"sh", "-c", "pwd; echo $X; echo $ERG_BENCH_LAUNCHER"}, Env: []string{"X=y"}}.Run(t.Context())
	if want := dir + "\ny\n\n"; err != nil || run.Output != want {
		t.Errorf("output %q, want %q, error %v", run.Output, want, err)
	}
	_, err = Command{Args: []string{"sh", "-c", "echo sorry >&2; exit 3"}}.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "exit status 3\nsorry") {
		t.Errorf("error %v", err)
	}
	_, err = Command{Args: []string{"no-such-program"}}.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("error %v", err)
	}
}

func TestInstructions(t *testing.T) {
	if _, err := exec.LookPath(Counter); err != nil {
		t.Skipf("%s is not installed", Counter)
	}
	few, err := Command{Args: []string{"sh", "-c", ":"}}.Instructions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	many, err := Command{Args: []string{"sh", "-c", "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done"}}.Instructions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// A turn of the loop is a few hundred.
	if few < 10_000 || many-few < 100_000 {
		t.Errorf("%d for nothing, %d for a loop", few, many)
	}
}

func TestStat(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "sub/c", "sub/deeper/d"} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	l, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	if l.Len() != 4 {
		t.Errorf("%d files", l.Len())
	}
	if wall, err := l.Stat(2); err != nil || wall <= 0 {
		t.Errorf("%v, %v", wall, err)
	}
	// Every file is really examined.
	gone := filepath.Join(dir, "sub", "c")
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Stat(2); err == nil || !strings.Contains(err.Error(), "statx "+gone+": no such file or directory") {
		t.Errorf("error %v", err)
	}
}

func TestThisMachine(t *testing.T) {
	m, err := ThisMachine(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if m.Cores < 1 || m.Memory < 1<<20 || m.CPU == "" || m.FileSystem == "" || !strings.HasPrefix(m.Kernel, "Linux ") {
		t.Errorf("%+v", m)
	}
	if host, err := os.Hostname(); err == nil && len(host) > 3 && strings.Contains(m.String(), host) {
		t.Errorf("%q names the host", m)
	}
}
