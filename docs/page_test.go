package docs

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"erg.build/erg/contexts/config"
)

// A step is one thing that a workspace does: write a file or run a command.
type step struct {
	line int
	file string // to write; "" for a command
	more bool   // append to it
	text string
	cmd  string
	want []string
	code string // of the command: "exit 1"; "" for success
}

// A workspace is a sequence of steps in a directory of its own.
type workspace struct {
	line  int
	from  string // the directory that it is a copy of
	needs []string
	title string
	steps []step
}

var (
	fence   = regexp.MustCompile("^```(\\w*) *(.*)$")
	attr    = regexp.MustCompile(`(\w+)=("[^"]*"|\S+)`)
	comment = regexp.MustCompile(`^<!-- *(.*?) *(-->)?$`)
)

// A reader reads a page.
type reader struct {
	workspaces []*workspace
	errs       []error
	title      string
}

func parse(text string) ([]*workspace, error) {
	r := &reader{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch {
		case strings.HasPrefix(line, "#"):
			r.title = strings.TrimLeft(line, "# ")
		case strings.HasPrefix(line, "```"):
			m := fence.FindStringSubmatch(line)
			end := i + 1
			for end < len(lines) && lines[end] != "```" {
				end++
			}
			if m == nil || end == len(lines) {
				r.fail(i+1, "a fence that does not end, or with an info string that is not understood")
				return nil, errors.Join(r.errs...)
			}
			r.block(i+1, m[1], m[2], lines[i+1:end])
			i = end
		case strings.HasPrefix(line, "<!--"):
			m := comment.FindStringSubmatch(line)
			end := i
			if m[2] == "" {
				for end = i + 1; end < len(lines) && lines[end] != "-->"; {
					end++
				}
			}
			r.comment(i+1, m[1], lines[min(i+1, end):end])
			i = end
		}
	}
	for _, w := range r.workspaces {
		if len(w.steps) > 0 && w.steps[len(w.steps)-1].cmd == "" {
			r.fail(w.steps[len(w.steps)-1].line, "no command uses this file")
		}
	}
	return r.workspaces, errors.Join(r.errs...)
}

func (r *reader) fail(line int, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("line %d: "+format, append([]any{line}, args...)...))
}

func (r *reader) comment(line int, head string, body []string) {
	word, rest, _ := strings.Cut(head, " ")
	switch {
	case word == "workspace":
		r.workspaces = append(r.workspaces, &workspace{line: line, from: rest, title: r.title})
	case word == "needs":
		w := r.workspaces[len(r.workspaces)-1]
		w.needs = append(w.needs, strings.FieldsFunc(rest, func(c rune) bool { return c == ',' || c == ' ' })...)
	case word == "console":
		r.console(line, body)
	case strings.HasPrefix(word, "file=") || strings.HasPrefix(word, "append="):
		r.write(line, word, body)
	default:
		r.fail(line, "a comment that is not understood: %s", head)
	}
}

func (r *reader) block(line int, lang, info string, body []string) {
	attrs := map[string]string{}
	for _, m := range attr.FindAllStringSubmatch(info, -1) {
		attrs[m[1]] = strings.Trim(m[2], `"`)
	}
	switch {
	case lang == "hcl" && !canonical(body):
		r.fail(line, "not formatted as erg fmt would")
	case lang == "mermaid":
	case attrs["illustration"] != "":
	case attrs["file"] != "":
		r.write(line, "file="+attrs["file"], body)
	case attrs["append"] != "":
		r.write(line, "append="+attrs["append"], body)
	case lang == "console":
		r.console(line, body)
	default:
		r.fail(line, "an example that is not run: name its file, or say illustration=\"why\"")
	}
}

func canonical(body []string) bool {
	text := []byte(strings.Join(body, "\n"))
	return bytes.Equal(config.Format(text), text)
}

func (r *reader) add(s step) {
	if len(r.workspaces) == 0 {
		r.fail(s.line, "an example before the first workspace")
		return
	}
	w := r.workspaces[len(r.workspaces)-1]
	w.steps = append(w.steps, s)
}

func (r *reader) write(line int, where string, body []string) {
	how, name, _ := strings.Cut(where, "=")
	r.add(step{line: line, file: name, more: how == "append", text: strings.Join(body, "\n") + "\n"})
}

func (r *reader) console(line int, body []string) {
	var s *step
	done := func() {
		if s == nil {
			return
		}
		if n := len(s.want); n > 0 && strings.HasPrefix(s.want[n-1], "[exit ") {
			s.code, s.want = strings.Trim(s.want[n-1], "[]"), s.want[:n-1]
		}
		r.add(*s)
	}
	for i, l := range body {
		switch cmd, ok := strings.CutPrefix(l, "$ "); {
		case ok:
			done()
			s = &step{line: line + i + 1, cmd: cmd}
		case s == nil:
			r.fail(line+i+1, "a console starts with a command")
			return
		default:
			s.want = append(s.want, l)
		}
	}
	done()
}

// matches compares what a command printed with a page.
func matches(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if want[0] == "…" {
		for i := range len(got) + 1 {
			if matches(want[1:], got[i:]) {
				return true
			}
		}
		return false
	}
	return len(got) > 0 && like(want[0], got[0]) && matches(want[1:], got[1:])
}

func like(want, got string) bool {
	parts := strings.Split(usual(want), "…")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(usual(strings.TrimRight(got, " ")))
}

// varying is what differs from run to run, and what stands for it.
var varying = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`^\[ *\d+/\d+\]`), "[N/N]"},
	{regexp.MustCompile(`\b\d+\.\ds\b`), "Ts"},
	{regexp.MustCompile(` +\d+(\.\d)? (ms|s|MB)\b`), " T"}, // in tables, with what aligns it
	{regexp.MustCompile(`\b\w+-linux-gnu\b`), "HERE"},
	{regexp.MustCompile(`\b\d+\.\d+\.\d+\b`), "V"},
	{regexp.MustCompile(`\b(\d{2,}|[5-9]) (ran|restored|unchanged|actions|to run|to restore)\b`), "N $2"},
}

func usual(line string) string {
	for _, v := range varying {
		line = v.what.ReplaceAllString(line, v.with)
	}
	return line
}

// weaker is what erg says where it cannot have namespaces, which containers
// often forbid.
var weaker = regexp.MustCompile(`sandbox: (landlock|symlinks) \(`)

func splitLines(s string) []string {
	if s = strings.TrimRight(s, "\n"); s == "" {
		return nil
	}
	return slices.DeleteFunc(strings.Split(s, "\n"), weaker.MatchString)
}

func TestParse(t *testing.T) {
	const page = "# T\n<!-- workspace -->\n<!-- needs a, b -->\n```hcl file=erg.hcl\nx\n```\n<!-- file=b\ny\n-->\n```console\n$ one\n1\n…\n$ two\n[exit 2]\n```\n"
	ws, err := parse(page)
	if err != nil || len(ws) != 1 || !slices.Equal(ws[0].needs, []string{"a", "b"}) || len(ws[0].steps) != 4 {
		t.Fatalf("%v, %+v", err, ws)
	}
	if s := ws[0].steps; s[0].text != "x\n" || s[1].file != "b" || s[2].cmd != "one" || len(s[2].want) != 2 || s[3].code != "exit 2" {
		t.Errorf("%+v", s)
	}
	for _, bad := range []string{
		"<!-- workspace -->\n```hcl\nx\n```\n",
		"<!-- workspace -->\n```hcl file=erg.hcl\nx\n```\n",
		"```console\n$ x\n```\n",
		"<!-- workspace -->\n```console\nx\n```\n",
		"<!-- workspace -->\n```console\n$ x\n",
		"<!-- else -->\n",
	} {
		if _, err := parse(bad); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func TestMatches(t *testing.T) {
	got := []string{"a", "b 12 c", "d"}
	for _, c := range []struct {
		want string
		ok   bool
	}{
		{"a\nb 12 c\nd", true}, {"…", true}, {"…\nd", true}, {"a\n…", true}, {"a\n…\nd\n…", true},
		{"a\nb … c\nd", true}, {"a\nd", false}, {"a", false}, {"a\nb.12 c\nd", false}, {"…\ne", false},
		{"a\n[ 1/20] b … c\nd", false},
	} {
		if matches(strings.Split(c.want, "\n"), got) != c.ok {
			t.Errorf("%q: %t", c.want, !c.ok)
		}
	}
	if !like("[ 3/12] cc a.c  (gcc 12.2.0)", "[4/9] cc a.c  (gcc 15.1.0)") || !like("Done in 0.4s: 12 ran, 3 restored", "Done in 12.0s: 7 ran, 3 restored") || like("2 ran", "3 ran") {
		t.Error("what varies is compared, or what does not is not")
	}
}
