package perform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A block is a part of a cram test: a comment, or a command with what it is
// expected to print.
type block struct {
	lines   []string // as they are
	command []string // of a command, lines without their marks; of a comment, nil
}

// parseCram cuts a test into blocks. What commands are expected to print is
// passed over: the test is written anew and compared as a whole.
func parseCram(text string) []block {
	var blocks []block
	var last *block
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "  $ ") || line == "  $":
			blocks = append(blocks, block{lines: []string{line}, command: []string{strings.TrimPrefix(line[3:], " ")}})
			last = &blocks[len(blocks)-1]
		case (strings.HasPrefix(line, "  > ") || line == "  >") && last != nil && last.command != nil:
			last.lines = append(last.lines, line)
			last.command = append(last.command, strings.TrimPrefix(line[3:], " "))
		case strings.HasPrefix(line, "  ") && last != nil && last.command != nil:
		default:
			if last == nil || last.command != nil {
				blocks = append(blocks, block{})
				last = &blocks[len(blocks)-1]
			}
			last.lines = append(last.lines, line)
		}
	}
	return blocks
}

// conflict is a line that a merge leaves where two sides disagree.
var conflict = regexp.MustCompile(`^(<{7}|={7}|>{7}|\|{7})( |$)`)

// cram runs a cram test: the file, its name in the workspace, the shell, a
// timeout in seconds ("" for none), whether conflict markers are an "error",
// and scripts to be sourced first. All commands run in one shell, in the
// directory that the node works in.
func (p *performer) cram(args []string, s process) error {
	text, err := os.ReadFile(s.path(args[0]))
	if err != nil {
		return err
	}
	name, markers := args[1], args[4] == "error"
	blocks := parseCram(string(text))
	if markers {
		if err := conflicts(name, string(text)); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "cram-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := cramRun{p: p, s: s, dir: dir, shell: args[2], setup: args[5:]}
	if args[3] != "" {
		secs, err := strconv.ParseFloat(args[3], 64)
		if err != nil {
			return fmt.Errorf("%s: timeout %q: %w", name, args[3], err)
		}
		c.timeout = time.Duration(secs * float64(time.Second))
	}
	if err := c.run(blocks); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	made, err := c.corrected(blocks)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !sameText(made, text) {
		p.differ(args[0], name, filepath.Base(name)+".corrected", text, made)
	}
	return nil
}

func conflicts(name, text string) error {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if !strings.HasPrefix(line, "  ") && conflict.MatchString(strings.TrimSuffix(line, "\n")) {
			return fmt.Errorf("%s:%d: conflict marker; (conflict_markers ignore) in the cram stanza allows it", name, n)
		}
	}
	return nil
}

// A cramRun is the run of one test. What the i-th command prints goes to the
// file i.out, its exit code to i.code.
type cramRun struct {
	p       *performer
	s       process
	dir     string
	shell   string
	setup   []string
	timeout time.Duration

	root   string // of the test, absolute
	exited int    // the shell's own exit code, for a command that ended it
}

func (c *cramRun) file(i int, ext string) string {
	return filepath.Join(c.dir, strconv.Itoa(i)+ext)
}

// run writes the script and runs it.
func (c *cramRun) run(blocks []block) error {
	var err error
	if c.root, err = filepath.Abs(c.s.path(".")); err != nil {
		return err
	}
	var b strings.Builder
	for _, s := range c.setup {
		at, err := filepath.Abs(c.s.path(s))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, ". %s\n", quoted(at))
	}
	for i, x := range blocks {
		if x.command == nil {
			continue
		}
		if err := os.WriteFile(c.file(i, ".sh"), []byte(strings.Join(x.command, "\n")+"\n"), 0o666); err != nil {
			return err
		}
		fmt.Fprintf(&b, ". %s >%s 2>&1 </dev/null\n", quoted(c.file(i, ".sh")), quoted(c.file(i, ".out")))
		fmt.Fprintf(&b, "echo $? >%s\n", quoted(c.file(i, ".code")))
		fmt.Fprintf(&b, "echo \"$BUILD_PATH_PREFIX_MAP\" >%s\n", quoted(c.file(i, ".map")))
	}
	script, tmp := filepath.Join(c.dir, "main.sh"), filepath.Join(c.dir, "tmp")
	if err := errors.Join(os.WriteFile(script, []byte(b.String()), 0o666), os.Mkdir(tmp, 0o777)); err != nil {
		return err
	}
	s := c.s
	mapped := encodeMap("$TESTCASE_ROOT") + "=" + encodeMap(c.root) + ":" + encodeMap("$TMPDIR") + "=" + encodeMap(tmp)
	s.env = append(append([]string{}, s.env...), "TESTCASE_ROOT="+c.root, "TMPDIR="+tmp, "BUILD_PATH_PREFIX_MAP="+mapped)
	cmd, err := c.p.command(s, []string{c.shell, script})
	if err != nil {
		return err
	}
	ctx := c.p.ctx
	if c.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, c.timeout)
		defer stop()
	}
	cmd.Cancel, cmd.SysProcAttr = nil, &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	stopped := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	err = cmd.Wait()
	stopped()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("timed out after %s", c.timeout)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		c.exited = exit.ExitCode()
		return nil
	}
	return err
}

// corrected is the test with what the commands printed.
func (c *cramRun) corrected(blocks []block) ([]byte, error) {
	var b bytes.Buffer
	over := false
	for i, x := range blocks {
		for _, l := range x.lines {
			b.WriteString(l + "\n")
		}
		if x.command == nil {
			continue
		}
		if over {
			b.WriteString("  ***** UNREACHABLE *****\n")
			continue
		}
		out, err := os.ReadFile(c.file(i, ".out"))
		if err != nil {
			return nil, err
		}
		code, err := os.ReadFile(c.file(i, ".code"))
		status := strings.TrimSpace(string(code))
		if errors.Is(err, os.ErrNotExist) {
			over, status = true, strconv.Itoa(c.exited)
		} else if err != nil {
			return nil, err
		}
		prefixes, _ := os.ReadFile(c.file(i, ".map"))
		for line := range strings.Lines(sanitise(string(out), strings.TrimSpace(string(prefixes)))) {
			b.WriteString("  " + strings.TrimSuffix(line, "\n") + "\n")
		}
		if status != "0" {
			fmt.Fprintf(&b, "  [%s]\n", status)
		}
	}
	return b.Bytes(), nil
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

var escapes = strings.NewReplacer("%", "%#", "=", "%+", ":", "%.")
var unescapes = strings.NewReplacer("%#", "%", "%+", "=", "%.", ":")

// encodeMap spells a path for BUILD_PATH_PREFIX_MAP.
func encodeMap(s string) string { return escapes.Replace(s) }

var colour = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")

// sanitise takes out of what a program printed what depends on the place, as
// BUILD_PATH_PREFIX_MAP says, and colours.
func sanitise(out, prefixes string) string {
	out = colour.ReplaceAllString(out, "")
	pairs := strings.Split(prefixes, ":")
	for i := len(pairs) - 1; i >= 0; i-- { // the last that fits wins
		to, from, ok := strings.Cut(pairs[i], "=")
		if from = unescapes.Replace(from); ok && from != "" && from != "/" {
			out = replacePath(out, from, unescapes.Replace(to))
		}
	}
	return out
}

// replacePath replaces a path where it ends, or a directory below it begins.
func replacePath(text, from, to string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, from)
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		rest := text[i+len(from):]
		b.WriteString(text[:i])
		if rest != "" && isNamePart(rest[0]) {
			b.WriteString(from)
		} else {
			b.WriteString(to)
		}
		text = rest
	}
}

func isNamePart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}
