// Package measure runs programs and tells what they cost: wall time, peak
// memory, instructions; and what asking the file system alone costs.
package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A Command is a program to run.
type Command struct {
	Dir  string   // where it runs
	Args []string // the program and its arguments
	Env  []string // in addition to the environment of this process

	// Sample has the peak sampled: what the program starts may need more memory
	// than the program itself.
	Sample bool
}

func (c Command) String() string { return strings.Join(c.Args, " ") }

// A Run is what a run cost, and what the program printed.
type Run struct {
	Wall   time.Duration
	Peak   int64  // the most memory that it had resident, in bytes
	Output string // no more than the last megabyte
}

// cost is what the launcher reports.
type cost struct {
	Wall time.Duration
	Peak int64
	Exit int
	Err  string
}

// launcher in the environment makes this program a launcher: see Run.
const launcher = "ERG_BENCH_LAUNCHER"

// Main does not return in a launcher. To be called first in main.
func Main() {
	if os.Getenv(launcher) != "" {
		launch()
		os.Exit(0)
	}
}

// Run runs a command to its end. A failure of the program is an error that
// tells what it printed.
//
// The program is started by a launcher, a small process that does nothing
// else, for the sake of the peak. wait4 alone knows it exactly, in ru_maxrss:
// /proc/PID/status can only be sampled, and a control group counts the page
// cache, and adds up children. But ru_maxrss of a child begins with the peak of
// whoever started it: the child shares the parent's memory until it executes
// the program, and execve notes the peak of the memory that it leaves. For the
// same reason what the program itself starts hardly adds to its ru_maxrss, which
// is the greatest of its own and of those it waited for: they begin with its
// own, and the commands that most graphs run are small. Where they are not, as
// linkers of OCaml, there is Sample: what the program needs in its last
// milliseconds is missed then.
func (c Command) Run(ctx context.Context) (Run, error) {
	out, err := os.CreateTemp("", "erg-bench-output-")
	if err != nil {
		return Run{}, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return Run{}, err
	}
	defer r.Close()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", c.Args...)
	cmd.Dir = c.Dir
	cmd.Env = append(append(os.Environ(), launcher+"="+how(c.Sample)), c.Env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{w}
	// An interrupt goes to the program, which knows what it has started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	err = cmd.Start()
	w.Close()
	if err != nil {
		return Run{}, err
	}
	var got cost
	decodeErr := json.NewDecoder(r).Decode(&got)
	if err := cmd.Wait(); err != nil {
		return Run{}, fmt.Errorf("%s: launcher: %w", c, err)
	}
	text, err := tail(out, 1<<20)
	switch {
	case ctx.Err() != nil:
		return Run{}, ctx.Err()
	case err != nil:
		return Run{}, err
	case decodeErr != nil:
		return Run{}, fmt.Errorf("%s: launcher: %w", c, decodeErr)
	case got.Err != "":
		return Run{}, fmt.Errorf("%s: %s", c, got.Err)
	case got.Exit != 0:
		return Run{}, fmt.Errorf("%s: exit status %d\n%s", c, got.Exit, text[max(0, len(text)-2000):])
	}
	return Run{Wall: got.Wall, Peak: got.Peak, Output: text}, nil
}

// how tells a launcher whether to sample.
func how(sample bool) string {
	if sample {
		return "sample"
	}
	return "wait"
}

// launch runs the program that the arguments name, and reports on descriptor 3.
func launch() {
	report := os.NewFile(3, "report")
	syscall.CloseOnExec(3)
	sample := os.Getenv(launcher) == how(true)
	if err := os.Unsetenv(launcher); err != nil {
		panic(err)
	}
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	got := run(os.Args[1:], sample)
	if err := json.NewEncoder(report).Encode(got); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, sample bool) cost {
	name, err := exec.LookPath(args[0])
	if err != nil {
		return cost{Err: err.Error()}
	}
	if name, err = filepath.Abs(name); err != nil {
		return cost{Err: err.Error()}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return cost{Err: err.Error()}
	}
	began := time.Now()
	p, err := os.StartProcess(name, args, &os.ProcAttr{Files: []*os.File{null, os.Stdout, os.Stderr}})
	if err != nil {
		return cost{Err: err.Error()}
	}
	ended, sampled := make(chan struct{}), make(chan int64, 1)
	if sample {
		go func() { sampled <- samplePeak(p.Pid, ended) }()
	}
	state, err := p.Wait()
	wall := time.Since(began)
	close(ended)
	if err != nil {
		return cost{Err: err.Error()}
	}
	// Linux counts in kilobytes.
	peak := state.SysUsage().(*syscall.Rusage).Maxrss << 10
	if sample {
		peak = <-sampled
	}
	return cost{Wall: wall, Peak: peak, Exit: state.ExitCode()}
}

// tail returns the last n bytes of a file.
func tail(f *os.File, n int64) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	from := max(0, info.Size()-n)
	text, err := io.ReadAll(io.NewSectionReader(f, from, n))
	return string(text), err
}
