package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// An editorProcess is an "erg ocaml-merlin" that a script asks questions.
type editorProcess struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// editors are those that scripts have started, by the directory.
var editors sync.Map

// cmdEditor implements "editor SOURCE ANSWER": it asks the erg ocaml-merlin of
// the current directory, which is started first if need be, for the settings
// of a source, and writes them to a file, a directive in a line, with paths
// relative to the script's directory. "! editor" ends it.
func cmdEditor(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(".")
	if neg && len(args) == 0 {
		if e, ok := editors.LoadAndDelete(dir); ok {
			_, err := io.WriteString(e.(*editorProcess).in, "4:Halt")
			check(ts, err)
			if rest, err := io.ReadAll(e.(*editorProcess).out); err != nil || len(rest) > 0 {
				ts.Fatalf("after Halt: %q (%v)", rest, err)
			}
		}
		return
	}
	needArgs(ts, neg, len(args) == 2, "editor SOURCE ANSWER")
	e, ok := editors.Load(dir)
	if !ok {
		e = startEditor(ts, dir)
		editors.Store(dir, e)
		ts.Defer(func() { editors.Delete(dir) })
	}
	p := e.(*editorProcess)
	_, err := fmt.Fprintf(p.in, "(4:File%d:%s)", len(args[0]), args[0])
	check(ts, err)
	list, ok := p.read(ts).([]any)
	if !ok {
		ts.Fatalf("the answer is no list")
	}
	var text strings.Builder
	for _, d := range list {
		text.WriteString(words(d) + "\n")
	}
	work := ts.Getenv("WORK")
	if real, err := filepath.EvalSymlinks(work); err == nil {
		work = real
	}
	answer := strings.ReplaceAll(strings.ReplaceAll(text.String(), work+"/", ""), work, ".")
	check(ts, os.WriteFile(ts.MkAbs(args[1]), []byte(answer), 0o666))
}

// words are the atoms of an answer, separated by spaces.
func words(x any) string {
	if s, ok := x.(string); ok {
		return s
	}
	var all []string
	for _, i := range x.([]any) {
		all = append(all, words(i))
	}
	return strings.Join(all, " ")
}

func startEditor(ts *testscript.TestScript, dir string) *editorProcess {
	name := ""
	for _, d := range filepath.SplitList(ts.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(d, "erg")); err == nil {
			name = filepath.Join(d, "erg")
			break
		}
	}
	cmd := exec.Command(name, "ocaml-merlin", "--no-print-directory")
	cmd.Dir = dir
	for _, v := range []string{"PATH", "HOME", "TMPDIR", "WORK"} {
		cmd.Env = append(cmd.Env, v+"="+ts.Getenv(v))
	}
	in, err := cmd.StdinPipe()
	check(ts, err)
	out, err := cmd.StdoutPipe()
	check(ts, err)
	check(ts, cmd.Start())
	ts.Defer(func() {
		in.Close() // it ends at the end of its questions
		cmd.Wait()
	})
	return &editorProcess{in, bufio.NewReader(out)}
}

// read reads one canonical s-expression: a string, or a list.
func (p *editorProcess) read(ts *testscript.TestScript) any {
	c, err := p.out.ReadByte()
	check(ts, err)
	switch c {
	case ')':
		return nil
	case '(':
		list := []any{}
		for {
			x := p.read(ts)
			if x == nil {
				return list
			}
			list = append(list, x)
		}
	}
	length, err := p.out.ReadString(':')
	check(ts, err)
	n, err := strconv.Atoi(string(c) + strings.TrimSuffix(length, ":"))
	check(ts, err)
	text := make([]byte, n)
	_, err = io.ReadFull(p.out, text)
	check(ts, err)
	return string(text)
}
