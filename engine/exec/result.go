package exec

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Err is nil if the process succeeded, and otherwise says how it ended, in
// the words of a shell: "exit status 2", "killed by signal: aborted
// (SIGABRT), core dumped", "timed out after 5s". If a context ended the
// process, the error wraps the context's cause.
func (r *Result) Err() error {
	switch {
	case r.TimedOut:
		return fmt.Errorf("timed out after %v", r.timeout)
	case r.Cancelled != nil:
		return fmt.Errorf("interrupted: %w", r.Cancelled)
	case r.Signal != 0:
		text := fmt.Sprintf("killed by signal: %v", r.Signal)
		if name := unix.SignalName(r.Signal); name != "" {
			text += " (" + name + ")"
		}
		if r.CoreDumped {
			text += ", core dumped"
		}
		return fmt.Errorf("%s", text)
	case r.ExitCode != 0:
		return fmt.Errorf("exit status %d", r.ExitCode)
	case r.StdoutTooLong:
		return fmt.Errorf("standard output is longer than %d bytes", maxOutput)
	}
	return nil
}

// Code is the exit code as a shell tells it: 128 more than the signal that
// ended the process.
func (r *Result) Code() int {
	if r.Signal != 0 {
		return 128 + int(r.Signal)
	}
	return r.ExitCode
}

// Quote writes argv as a person would type it into a POSIX shell.
func Quote(argv []string) string {
	var b strings.Builder
	for i, arg := range argv {
		if i > 0 {
			b.WriteByte(' ')
		}
		quote(&b, arg, i == 0)
	}
	return b.String()
}

func quote(b *strings.Builder, arg string, first bool) {
	switch {
	case plain(arg) && !(first && strings.Contains(arg, "=")):
		b.WriteString(arg)
	case control(arg):
		// $'…' is not in every shell, but the alternative is unreadable.
		b.WriteString("$'")
		for i := range len(arg) {
			switch c := arg[i]; {
			case c == '\n':
				b.WriteString(`\n`)
			case c == '\t':
				b.WriteString(`\t`)
			case c == '\'' || c == '\\':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c < ' ' || c == 0x7f:
				fmt.Fprintf(b, `\%03o`, c)
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('\'')
	default:
		b.WriteString("'" + strings.ReplaceAll(arg, "'", `'\''`) + "'")
	}
}

// plain: no shell takes any byte of it for more than itself.
func plain(arg string) bool {
	for i := range len(arg) {
		c := arg[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c >= 0x80:
		case strings.IndexByte("-_./:=@%+,", c) >= 0:
		case c == '~' && i > 0:
		default:
			return false
		}
	}
	return arg != ""
}

// control: there are bytes that a terminal would act on.
func control(arg string) bool {
	for i := range len(arg) {
		if arg[i] < ' ' || arg[i] == 0x7f {
			return true
		}
	}
	return false
}
