// Package docs has the documentation of erg, and a test that runs every
// example in it.
//
// A page (README.md and docs/*.md) is a sequence of workspaces. In the
// comments and the info strings of the page the test understands:
//
//	<!-- workspace -->              from here on an empty directory
//	<!-- workspace examples/x -->   from here on a copy of that directory
//	<!-- needs wine, ocamlc -->     skip the workspace where these are missing
//	```hcl file=erg.hcl             the block is written to that file
//	```hcl append=erg.hcl           the block is appended to it
//	```console                      commands after "$ ", with what they print
//	```hcl illustration="why"       not run, and why not
//	<!-- file=x.c … -->             a file that the reader need not see
//	<!-- console … -->              commands that the reader need not see
//
// In what commands print, … stands for anything within a line and, on a line
// of its own, for any number of lines. What differs from one run or machine to
// the next is not compared: durations, versions, Linux's triplets, the counters
// in front of actions, and how many actions there were where that is more than
// a few. A last line "[exit 1]" is the exit code, 0 without one. A block that
// is neither run nor marked as an illustration fails the test, and so do files
// that no command follows.
package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
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

// buildErg builds the command, once for all pages.
func buildErg(t *testing.T) (bin string) {
	t.Helper()
	bin = t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin+"/", "../cmd/erg", "../cmd/erg/erg-fetch").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	// Opening the program's sources makes a change of them one of this test,
	// for go's cache of test results.
	for _, dir := range []string{"../cmd", "../contexts", "../engine", "../toolchain"} {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				_, err = os.ReadFile(name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

func TestExamples(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	bin := buildErg(t)
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		ws, err := parse(string(text))
		if err != nil {
			t.Errorf("%s: %v", page, err)
			continue
		}
		for _, w := range ws {
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(page), w.line), func(t *testing.T) {
				t.Parallel()
				w.run(t, page, bin)
			})
		}
	}
}

func (w *workspace) run(t *testing.T, page, bin string) {
	for _, n := range w.needs {
		if _, err := exec.LookPath(n); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s: there is no %s here, and no example goes unchecked in continuous integration", w.title, n)
			}
			t.Skipf("%s: there is no %s here", w.title, n)
		}
	}
	root := t.TempDir()
	dir := filepath.Join(root, "workspace")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if w.from != "" {
		if err := copyTree(filepath.Join("..", w.from), dir); err != nil {
			t.Fatal(err)
		}
	}
	at := dir
	for _, s := range w.steps {
		if s.cmd == "" {
			if err := s.write(at); err != nil {
				t.Fatal(err)
			}
			continue
		}
		out, code, next, err := s.run(t.Context(), root, bin, at)
		if err != nil {
			t.Fatalf("%s:%d: $ %s\n%v\n%s", page, s.line, s.cmd, err, out)
		}
		at = next
		if code != s.code || !matches(s.want, splitLines(out)) {
			t.Fatalf("%s:%d: $ %s\nprinted, with code %q:\n%s\nand not:\n%s\n%s", page, s.line, s.cmd, code, out, strings.Join(s.want, "\n"), s.code)
		}
	}
}

// copyTree copies a directory without what was built in it.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		switch {
		case err != nil:
			return err
		case d.Name() == "_build":
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o777)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o666)
	})
}

func (s step) write(dir string) error {
	name := filepath.Join(dir, s.file)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	text := []byte(s.text)
	if s.more {
		old, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text = append(append(old, '\n'), text...)
	}
	return os.WriteFile(name, text, 0o666)
}

// run runs a command in a shell and returns what it printed, how it ended and
// in which directory.
func (s step) run(ctx context.Context, root, bin, dir string) (out, code, at string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	pwd := filepath.Join(root, "pwd")
	c := exec.CommandContext(ctx, "sh", "-c", s.cmd+"\ncode=$?; pwd > '"+pwd+"'; exit $code")
	c.Dir = dir
	c.Env = []string{"HOME=" + filepath.Join(root, "home"), "PATH=" + bin + ":" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TERM=dumb"}
	var b bytes.Buffer
	c.Stdout, c.Stderr = &b, &b
	var exit *exec.ExitError
	if err = c.Run(); errors.As(err, &exit) && exit.Exited() {
		code, err = fmt.Sprintf("exit %d", exit.ExitCode()), nil
	}
	if err != nil {
		return b.String(), "", "", err
	}
	where, err := os.ReadFile(pwd)
	return b.String(), code, strings.TrimSpace(string(where)), err
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

// sections splits a page at its headings.
func sections(text string) map[string]string {
	out := map[string]string{}
	title := ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			title = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
		out[title] += line
	}
	return out
}

// The reference has every attribute of every block, and every function.
func TestReferenceIsComplete(t *testing.T) {
	page, err := os.ReadFile("language.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := sections(string(page))
	for _, c := range []struct {
		file, block string
		in          []string // sections, the block's own first
	}{
		{"erg.hcl", `workspace {%s}`, []string{"workspace"}},
		{"erg.hcl", `variable "x" {%s}`, []string{"variable"}},
		{"erg.hcl", "variable \"x\" {\nvalidation {%s}\n}", []string{"variable"}},
		{"erg.hcl", `toolchain "cc" "x" {%s}`, []string{"toolchain"}},
		{"erg.hcl", `context "x" {%s}`, []string{"context"}},
		{"erg.hcl", "context \"x\" {\nrunner {%s}\n}", []string{"runner"}},
		{"erg.hcl", "context \"x\" {\noutput \"y\" {%s}\n}", []string{"output"}},
		{"erg.hcl", `template "x" {%s}`, []string{"template", "context"}},
		{"build.hcl", `setting "x" {%s}`, []string{"setting", "build.hcl"}},
		{"build.hcl", `library "x" {%s}`, []string{"library", "build.hcl"}},
		{"build.hcl", `executable "x" {%s}`, []string{"executable", "library", "build.hcl"}},
		{"build.hcl", `rule "x" {%s}`, []string{"rule", "build.hcl"}},
		{"build.hcl", `test "x" {%s}`, []string{"test", "build.hcl"}},
		{"build.hcl", `install "x" {%s}`, []string{"install", "build.hcl"}},
	} {
		text := ""
		for _, s := range c.in {
			text += parts[s]
		}
		for _, name := range attributes(t, c.file, c.block) {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("section %s does not have %s", c.in[0], name)
			}
		}
	}
	for name := range lang.Functions(noFiles{}) {
		if !strings.Contains(parts["Functions"], "`"+name+"`") && !strings.Contains(parts["Functions"], "`"+name+"(") {
			t.Errorf("section Functions does not have %s", name)
		}
	}
}

type noFiles struct{}

func (noFiles) Glob(string) ([]string, error)   { return nil, nil }
func (noFiles) ReadFile(string) ([]byte, error) { return nil, nil }

// attributes lists what a block may have, by what the error for an unknown
// attribute says.
func attributes(t *testing.T, file, block string) []string {
	t.Helper()
	src := []byte(strings.Replace(block, "%s", "\nxyxyxyxyxyxy = 1\n", 1))
	_, diags := config.ParseWorkspace(file, src)
	if file == "build.hcl" {
		_, diags = config.ParseBuild(file, src)
	}
	for _, d := range diags {
		if _, list, ok := strings.Cut(d.Detail, "There are: "); ok {
			return strings.Split(strings.TrimSuffix(list, "."), ", ")
		}
	}
	t.Fatalf("%s: no diagnostic lists the attributes: %v", block, diags)
	return nil
}

// Links between pages, and to files, lead somewhere.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md", "../ARCHITECTURE.md", "../CHANGELOG.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			to := filepath.Join(filepath.Dir(page), m[1])
			b, err := os.ReadFile(to)
			if _, serr := os.Stat(to); serr != nil {
				t.Errorf("%s: %s leads nowhere", page, m[1])
				continue
			}
			if m[2] != "" && (err != nil || !slices.Contains(anchors(string(b)), m[2])) {
				t.Errorf("%s: there is no %s in %s", page, m[2], m[1])
			}
		}
	}
}

// The files that ARCHITECTURE.md leads through are there.
func TestArchitectureNamesFiles(t *testing.T) {
	page, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && name != ".." {
			return fs.SkipDir
		}
		files = append(files, strings.TrimPrefix(name, ".."))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`([a-z_/]+\\.go|(?:cmd|contexts|engine|toolchain)/[a-z_/]+)`").FindAllStringSubmatch(string(page), -1) {
		if !slices.ContainsFunc(files, func(f string) bool { return strings.HasSuffix(f, "/"+m[1]) }) {
			t.Errorf("there is no file %s", m[1])
		}
	}
}

// anchors lists the headings of a page as links name them.
func anchors(text string) []string {
	var out []string
	drop := regexp.MustCompile(`[^a-z0-9 _-]`)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			h := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
			out = append(out, "#"+strings.ReplaceAll(drop.ReplaceAllString(h, ""), " ", "-"))
		}
	}
	return out
}
