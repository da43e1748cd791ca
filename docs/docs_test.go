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
	"strings"
	"testing"
	"time"
)

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
