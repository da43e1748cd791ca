package perform

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

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
		if err := conflicts(name, blocks); err != nil {
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
	ended := c.run(blocks)
	if ended != nil && !c.timedOut {
		return fmt.Errorf("%s: %w", name, ended)
	}
	made, err := c.corrected(blocks)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !sameText(made, text) {
		p.differ(args[0], name, filepath.Base(name)+".corrected", text, made)
	}
	if ended != nil {
		return fmt.Errorf("%s: %w", name, ended)
	}
	return nil
}

// A cramRun is the run of one test. What the i-th block prints goes to the
// file i.out, its exit code to i.code. BUILD_PATH_PREFIX_MAP is in i.map, as it
// was before or, if the command has ended, after it.
type cramRun struct {
	p        *performer
	s        process
	dir      string
	shell    string
	setup    []string
	timeout  time.Duration
	timedOut bool
}

func (c *cramRun) file(i int, ext string) string {
	return filepath.Join(c.dir, strconv.Itoa(i)+ext)
}

// main is the script that runs all commands in one shell. A command is a file
// of its own: it may be malformed, and must not take others along then.
func (c *cramRun) main() string { return filepath.Join(c.dir, "main.sh") }

func (c *cramRun) write(blocks []block) error {
	var b strings.Builder
	b.WriteString("trap 'exit 0' EXIT\n") // who leaves early is found by what is missing
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
		prefixes := fmt.Sprintf("printf %%s \"$BUILD_PATH_PREFIX_MAP\" >%s\n", quoted(c.file(i, ".map")))
		fmt.Fprintf(&b, "%s. %s >%s 2>&1\necho $? >%s\n%s", prefixes, quoted(c.file(i, ".sh")), quoted(c.file(i, ".out")), quoted(c.file(i, ".code")), prefixes)
	}
	return os.WriteFile(c.main(), []byte(b.String()), 0o666)
}

// run writes the script and runs it.
func (c *cramRun) run(blocks []block) error {
	tmp := filepath.Join(c.dir, "tmp")
	if err := errors.Join(c.write(blocks), os.Mkdir(tmp, 0o777)); err != nil {
		return err
	}
	root, err := filepath.Abs(c.s.path("."))
	if err != nil {
		return err
	}
	mapped := encodeMap("$TESTCASE_ROOT") + "=" + encodeMap(root) + ":" + encodeMap("$TMPDIR") + "=" + encodeMap(tmp)
	s := c.s
	s.env = slices.Clone(s.env)
	for _, e := range s.env {
		if old, ok := strings.CutPrefix(e, "BUILD_PATH_PREFIX_MAP="); ok && old != "" {
			mapped = old + ":" + mapped // what comes later counts
		}
	}
	s.env = append(s.env, "LC_ALL=C", "TMPDIR="+tmp, "BUILD_PATH_PREFIX_MAP="+mapped)
	argv := []string{c.shell, c.main()}
	if c.shell == "bash" {
		argv = []string{c.shell, "-uo", "pipefail", c.main()}
	}
	cmd, err := c.p.command(s, argv)
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
		c.timedOut = true
		return fmt.Errorf("timed out after %s", c.timeout)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return nil
	}
	return err
}

// corrected is the test with what the commands printed.
func (c *cramRun) corrected(blocks []block) ([]byte, error) {
	var b bytes.Buffer
	over := ""
	for i, x := range blocks {
		for _, l := range x.comment {
			b.WriteString(l + "\n")
		}
		if x.command == nil {
			continue
		}
		writeCommand(&b, x.command)
		if over != "" {
			b.WriteString(over)
			continue
		}
		code, err := os.ReadFile(c.file(i, ".code"))
		status := strings.TrimSpace(string(code))
		switch {
		case errors.Is(err, os.ErrNotExist) && c.timedOut:
			over, status = "  [not ran]\n", "timed out"
		case errors.Is(err, os.ErrNotExist):
			over, status = "  ***** UNREACHABLE *****\n", ""
		case err != nil:
			return nil, err
		}
		if err := c.output(&b, i); err != nil {
			return nil, err
		}
		switch status {
		case "0":
		case "":
			b.WriteString(over)
		default:
			fmt.Fprintf(&b, "  [%s]\n", status)
		}
	}
	return b.Bytes(), nil
}

// output writes what a command printed.
func (c *cramRun) output(b *bytes.Buffer, i int) error {
	out, err := os.ReadFile(c.file(i, ".out"))
	if err != nil && !errors.Is(err, os.ErrNotExist) { // it ended before the first command
		return err
	}
	prefixes, err := os.ReadFile(c.file(i, ".map"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	text := sanitise(string(out), string(prefixes))
	text = c.complaint(i).ReplaceAllString(text, "")
	for line := range strings.Lines(text) {
		b.WriteString("  " + strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r") + "\n")
	}
	return nil
}

// complaint is how shells begin what they complain of in a command: dash
// names both scripts, bash the one.
func (c *cramRun) complaint(i int) *regexp.Regexp {
	outer, inner := regexp.QuoteMeta(c.main()), regexp.QuoteMeta(c.file(i, ".sh"))
	return regexp.MustCompile("(?m)^(" + outer + `: \d+: ` + inner + `: |` + inner + `: line \d+: )`)
}
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

var escapes = strings.NewReplacer("%", "%#", "=", "%+", ":", "%.")
var unescapes = strings.NewReplacer("%#", "%", "%+", "=", "%.", ":")

// encodeMap spells a path for BUILD_PATH_PREFIX_MAP.
func encodeMap(s string) string { return escapes.Replace(s) }

var colour = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]") })

// sanitise takes out of what a program printed what depends on the place, as
// BUILD_PATH_PREFIX_MAP says, and colours.
func sanitise(out, prefixes string) string {
	out = colour().ReplaceAllString(out, "")
	type pair struct{ to, from string }
	var pairs []pair
	var sources []string
	for _, p := range strings.Split(prefixes, ":") {
		to, from, ok := strings.Cut(p, "=")
		if from = unescapes.Replace(from); ok && from != "" {
			pairs = append(pairs, pair{unescapes.Replace(to), from})
			sources = append(sources, regexp.QuoteMeta(from))
		}
	}
	if len(sources) == 0 {
		return out
	}
	slices.SortFunc(sources, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return regexp.MustCompile(strings.Join(sources, "|")).ReplaceAllStringFunc(out, func(s string) string {
		for _, p := range slices.Backward(pairs) { // the last that fits counts
			if rest, ok := strings.CutPrefix(s, p.from); ok {
				return p.to + rest
			}
		}
		return s
	})
}
