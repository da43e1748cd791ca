// Package perform carries out the trees of package act. It is what a process
// of erg does that an action of the engine runs; queries do not import it.
//
// # Corrections
//
// When a file differs from what was made, the difference is printed as dune
// prints it, the action goes on, and fails in the end. What the files should
// hold is written to a tar archive for erg promote.
package perform

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"erg.build/erg/contexts/dune/act"
)

// Main carries out the tree that the arguments of the process hold, and does
// not return then. It returns if the process is to be something else.
func Main() {
	if len(os.Args) < 3 || os.Args[1] != act.Command {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[2], os.Args[3:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, corrections string, args []string) int {
	a, err := act.Decode(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "erg:", err)
		return 2
	}
	p := &performer{ctx: ctx}
	err = p.do(a, process{env: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr})
	if corrections != "" && len(p.corrected) > 0 {
		err = errors.Join(err, p.write(corrections))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	var exit *exitError
	switch {
	case p.differs: // which was shown
		return 1
	case errors.As(err, &exit):
		return exit.code
	case err != nil:
		return 1
	}
	return 0
}

// An exitError says that a program ended with a code that is not accepted.
type exitError struct {
	argv []string
	code int
	how  string
}

func (e *exitError) Error() string {
	return fmt.Sprintf("%s: %s", strings.Join(e.argv, " "), e.how)
}

// A performer carries out one tree.
type performer struct {
	ctx context.Context

	mu        sync.Mutex
	differs   bool
	corrected []correction
}

type correction struct {
	name string
	text []byte
}

// A process is the state in which a node works.
type process struct {
	dir            string // "" for the process's own
	env            []string
	stdin          *os.File
	stdout, stderr *os.File
	accept         string // exit codes; "" for 0
}

func (s process) path(name string) string {
	if s.dir == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.dir, name)
}

// do carries out one node.
func (p *performer) do(a *act.Action, s process) error {
	if err := p.ctx.Err(); err != nil {
		return errors.New("interrupted")
	}
	least, children := shape(a.Op)
	if least < 0 || len(a.Args) < least || children == one && len(a.Do) != 1 || children == none && len(a.Do) > 0 {
		return fmt.Errorf("malformed action %q", a.Op)
	}
	switch a.Op {
	case act.OpRun:
		return p.run(s, a.Args)
	case act.OpSystem:
		return p.run(s, []string{"sh", "-c", a.Args[0]})
	case act.OpBash:
		return p.run(s, []string{"bash", "-e", "-u", "-o", "pipefail", "-c", a.Args[0]})
	case act.OpChdir:
		s.dir = s.path(a.Args[0])
		if err := os.MkdirAll(s.dir, 0o777); err != nil {
			return err
		}
		return p.do(a.Do[0], s)
	case act.OpSetenv:
		prefix := a.Args[0] + "="
		s.env = append(slices.DeleteFunc(slices.Clone(s.env), func(e string) bool { return strings.HasPrefix(e, prefix) }), prefix+a.Args[1])
		return p.do(a.Do[0], s)
	case act.OpThrough:
		return p.through(a, s)
	case act.OpAccepted:
		s.accept = a.Args[0]
		return p.do(a.Do[0], s)
	case act.OpProgn:
		for _, d := range a.Do {
			if err := p.do(d, s); err != nil {
				return err
			}
		}
		return nil
	case act.OpConcurrent:
		return p.concurrent(a.Do, s)
	case act.OpPipeOut, act.OpPipeErr, act.OpPipeOutputs:
		return p.pipe(a, s)
	case act.OpStdoutTo, act.OpStderrTo, act.OpOutputsTo, act.OpStdinFrom, act.OpIgnore, act.OpIgnoreErr, act.OpIgnoreBoth:
		return p.redirect(a, s)
	case act.OpDiff, act.OpDiffMaybe, act.OpCmp:
		return p.compare(a, s)
	case act.OpPack:
		return pack(s.path(a.Args[0]), a.Args[1], s.path(a.Args[2]), s.path(a.Args[3]))
	case act.OpCram:
		return p.cram(a.Args, s)
	}
	return p.files(a, s)
}

// What a node has below it.
const (
	none = iota
	one
	several
)

// shape is how many arguments an operation has at least, and what it has
// below it; -1 for none that there is.
func shape(op act.Op) (args, children int) {
	switch op {
	case act.OpRun, act.OpSystem, act.OpBash:
		return 1, none
	case act.OpChdir, act.OpStdoutTo, act.OpStderrTo, act.OpOutputsTo, act.OpStdinFrom, act.OpAccepted:
		return 1, one
	case act.OpSetenv, act.OpThrough:
		return 2, one
	case act.OpIgnore, act.OpIgnoreErr, act.OpIgnoreBoth:
		return 0, one
	case act.OpProgn, act.OpConcurrent, act.OpPipeOut, act.OpPipeErr, act.OpPipeOutputs:
		return 0, several
	case act.OpEcho, act.OpCat:
		return 0, none
	case act.OpCopy, act.OpSymlink, act.OpWrite, act.OpWriteExec, act.OpCmp:
		return 2, none
	case act.OpCopyLine, act.OpDiff, act.OpDiffMaybe, act.OpFormat:
		return 3, none
	case act.OpPack:
		return 4, none
	case act.OpCram:
		return 5, none
	}
	return -1, none
}

// run runs a program and judges how it ended.
func (p *performer) run(s process, argv []string) error {
	cmd, err := p.command(s, argv)
	if err != nil {
		return err
	}
	err = cmd.Run()
	accept := s.accept
	if accept == "" {
		accept = "0"
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.Exited() && act.Accepts(accept, exit.ExitCode()):
		return nil
	case errors.As(err, &exit) && exit.Exited():
		return &exitError{argv, exit.ExitCode(), exit.ProcessState.String()}
	case errors.As(err, &exit):
		return &exitError{argv, 1, exit.ProcessState.String()}
	case err != nil:
		return err
	case !act.Accepts(accept, 0):
		return &exitError{argv, 1, "exit status 0, which is not accepted"}
	}
	return nil
}

// command describes a process. Programs without a slash are looked up along
// the PATH that the node has.
func (p *performer) command(s process, argv []string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(p.ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.dir, s.env, s.stdin, s.stdout, s.stderr
	cmd.Path, cmd.Err = argv[0], nil
	if !strings.Contains(argv[0], "/") {
		at, err := lookPath(argv[0], s.env)
		if err != nil {
			return nil, err
		}
		cmd.Path = at
		return cmd, nil
	}
	if s.dir != "" && !filepath.IsAbs(argv[0]) {
		at, err := filepath.Abs(filepath.Join(s.dir, argv[0]))
		if err != nil {
			return nil, err
		}
		cmd.Path = at
	}
	return cmd, nil
}

func lookPath(name string, env []string) (string, error) {
	for _, e := range slices.Backward(env) {
		list, ok := strings.CutPrefix(e, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			at := filepath.Join(dir, name)
			if fi, err := os.Stat(at); err == nil && !fi.IsDir() && fi.Mode()&0o111 != 0 {
				return filepath.Abs(at)
			}
		}
		break
	}
	return "", fmt.Errorf("program %s not found along PATH", name)
}

func (p *performer) concurrent(list []*act.Action, s process) error {
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, a := range list {
		wg.Go(func() { errs[i] = p.do(a, s) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// pipe connects nodes: what each writes, the next one reads. The action says
// which output of the first that is; the others hand on their standard output,
// which at the end of a pipe of errors is one of errors again.
func (p *performer) pipe(a *act.Action, s process) error {
	errs := make([]error, len(a.Do))
	var wg sync.WaitGroup
	in := s.stdin
	for i, d := range a.Do {
		mine := s
		mine.stdin = in
		var r, w *os.File
		if i < len(a.Do)-1 {
			var err error
			if r, w, err = os.Pipe(); err != nil {
				return err
			}
			if a.Op != act.OpPipeErr || i > 0 {
				mine.stdout = w
			}
			if a.Op != act.OpPipeOut && i == 0 {
				mine.stderr = w
			}
		} else if a.Op == act.OpPipeErr {
			mine.stdout = s.stderr
		}
		read := in
		if i == 0 {
			read = nil // not ours to close
		}
		wg.Go(func() {
			errs[i] = p.do(d, mine)
			for _, f := range []*os.File{w, read} {
				if f != nil {
					f.Close()
				}
			}
		})
		in = r
	}
	wg.Wait()
	return errors.Join(errs...)
}

// redirect gives the node below other files to read from and write to.
func (p *performer) redirect(a *act.Action, s process) error {
	name := os.DevNull
	if len(a.Args) > 0 {
		name = s.path(a.Args[0])
	}
	var f *os.File
	var err error
	if a.Op == act.OpStdinFrom {
		f, err = os.Open(name)
	} else {
		f, err = create(name)
	}
	if err != nil {
		return err
	}
	switch a.Op {
	case act.OpStdinFrom:
		s.stdin = f
	case act.OpStdoutTo, act.OpIgnore:
		s.stdout = f
	case act.OpStderrTo, act.OpIgnoreErr:
		s.stderr = f
	default:
		s.stdout, s.stderr = f, f
	}
	return errors.Join(p.do(a.Do[0], s), f.Close())
}

func create(name string) (*os.File, error) {
	f, err := os.Create(name)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return nil, err
		}
		return os.Create(name)
	}
	return f, err
}

// write writes the corrections.
func (p *performer) write(name string) error {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, c := range p.corrected {
		if err := w.WriteHeader(&tar.Header{Name: c.name, Mode: 0o644, Size: int64(len(c.text))}); err != nil {
			return err
		}
		if _, err := w.Write(c.text); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	f, err := create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, &b)
	return errors.Join(err, f.Close())
}
