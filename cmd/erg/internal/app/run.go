package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/show"
	"erg.build/erg/contexts"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// Run implements cli.App: it builds a program, lets go of the workspace, and
// runs the program in the caller's directory, with the caller's terminal.
func (App) Run(ctx context.Context, c cli.Common, o cli.RunOptions) error {
	j := &job{command: "run", common: c, opts: o.Building, quiet: true, request: contexts.Request{Contexts: c.Contexts}}
	inv, root, err := j.invocation(ctx, o)
	if err != nil {
		return err
	}
	return invoke(ctx, c, inv, root)
}

// invocation builds the program and says how to run it.
func (j *job) invocation(ctx context.Context, o cli.RunOptions) (*contexts.Invocation, string, error) {
	start := time.Now()
	sink, err := show.Open(show.Options{Stdout: j.common.Stdout, Stderr: j.common.Stderr, Getenv: j.common.Getenv, Start: start,
		Color: j.common.Color, JSON: j.common.JSON, Quiet: true, Explain: o.Explain, Timeline: o.Timeline})
	if err != nil {
		return nil, "", err
	}
	defer sink.Close()
	eng, err := open(ctx, j.common, sink)
	if err != nil {
		return nil, "", err
	}
	defer eng.Close()
	var inv *contexts.Invocation
	ev := newEvaluator(j.common)
	err = j.session(ctx, eng, ev, sink, goalKey("run", j.common, []string{o.Program}), &engine.Look{}, start, func(t *engine.Task) (err error) {
		inv, err = ev.Invoke(t, j.request, o.Program, o.Args)
		return err
	}, func(*engine.Session) any { return nil })
	if err != nil {
		return nil, "", err
	}
	for _, w := range inv.Writable {
		if err := os.MkdirAll(filepath.Join(eng.Root(), w), 0o777); err != nil {
			return nil, "", err
		}
	}
	return inv, eng.Root(), nil
}

// invoke runs a program as a shell would.
func invoke(ctx context.Context, c cli.Common, inv *contexts.Invocation, root string) error {
	real := func(s string) string {
		return action.Expand(s, func(p string, _ bool) string {
			if filepath.IsAbs(p) {
				return p
			}
			return filepath.Join(root, p)
		})
	}
	var argv []string
	for _, a := range inv.Argv {
		argv = append(argv, real(a))
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	cmd.Dir = c.Dir
	cmd.Env = os.Environ()
	for _, e := range inv.Env {
		if !strings.HasPrefix(e, "PATH=") {
			cmd.Env = append(cmd.Env, real(e))
		}
	}
	// An interrupt from the terminal is for the program, which gets it too;
	// erg waits for what the program makes of it.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return &cli.ProgramError{Code: exit.ExitCode()}
	case ctx.Err() != nil:
		return cli.ErrInterrupted
	}
	return fmt.Errorf("%s: %w", argv[0], err)
}
