package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2 // and configuration
	exitInterrupted = 130
)

var (
	// ErrFailed says that the build, a test or a check failed, and that what
	// is wrong has been shown already.
	ErrFailed = errors.New("the build failed")
	// ErrInterrupted says that the user stopped the command.
	ErrInterrupted = errors.New("interrupted")
)

// A UsageError says that a command line makes no sense.
type UsageError struct {
	Command string // "erg build"; "" for what all commands take
	Text    string
	Hint    string // what was perhaps meant; may be empty
}

func (e *UsageError) Error() string { return e.Text }

// A ConfigError says that the workspace's files make no sense.
type ConfigError struct {
	Err      error
	Reported bool // its diagnostics have been shown already
}

func (e *ConfigError) Error() string { return e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

// A ProgramError says that the program of "erg run" ended with a code of its
// own, which becomes erg's.
type ProgramError struct{ Code int }

func (e *ProgramError) Error() string { return fmt.Sprintf("exit status %d", e.Code) }

// ExitCode returns the exit code for a command's error.
func ExitCode(err error) int {
	var (
		usage   *UsageError
		config  *ConfigError
		program *ProgramError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, ErrInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &program) && program.Code != 0:
		return program.Code
	case errors.As(err, &usage), errors.As(err, &config):
		return exitUsage
	}
	return exitFailed
}

// report prints a command's error, unless that has been done.
func report(w io.Writer, err error) {
	var (
		usage   *UsageError
		config  *ConfigError
		program *ProgramError
	)
	switch {
	case err == nil, errors.As(err, &program):
	case errors.Is(err, ErrInterrupted), errors.Is(err, context.Canceled):
		fmt.Fprintln(w, "erg: interrupted")
	case errors.Is(err, ErrFailed):
	case errors.As(err, &config) && config.Reported:
	case errors.As(err, &usage):
		fmt.Fprintf(w, "erg: %s\n", usage.Text)
		if usage.Hint != "" {
			fmt.Fprintf(w, "%s\n", usage.Hint)
		}
		if usage.Command != "" {
			fmt.Fprintf(w, "See \"%s --help\".\n", usage.Command)
		}
	default:
		fmt.Fprintf(w, "erg: %s\n", strings.TrimRight(err.Error(), "\n"))
	}
}

// usage returns a UsageError of a command. Its message names the command.
func usage(cmd *cobra.Command, hint, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if cmd.HasParent() {
		text = strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ") + ": " + text
	}
	return &UsageError{Command: cmd.CommandPath(), Text: text, Hint: hint}
}
