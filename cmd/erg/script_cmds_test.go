package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// commands are those that scripts have beside testscript's own.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"counts":   cmdCounts,
	"actions":  cmdActions,
	"output":   cmdOutput,
	"edit":     cmdEdit,
	"append":   cmdAppend,
	"touch":    cmdTouch,
	"waitfor":  cmdWaitFor,
	"compiler": cmdCompiler,
	"line":     cmdLine,
	"serve":    cmdServe,
	"editor":   cmdEditor,
}

func check(ts *testscript.TestScript, err error) {
	if err != nil {
		ts.Fatalf("%v", err)
	}
}

func needArgs(ts *testscript.TestScript, neg bool, ok bool, usage string) {
	if neg || !ok {
		ts.Fatalf("usage: %s", usage)
	}
}

// An object is a line of the --json output of the command before.
type object struct {
	Event, Action, Status, Output    string
	Contexts                         []string
	Ran, Restored, Unchanged, Failed int
}

func objects(ts *testscript.TestScript) []object {
	var list []object
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var o object
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			ts.Fatalf("not a line of erg --json: %s", line)
		}
		list = append(list, o)
	}
	return list
}

// counts NAME=N...: what build_finished says. ran counts processes, probes,
// output programs and tests among them.
func cmdCounts(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, len(args) > 0, "counts [ran=N] [restored=N] [unchanged=N] [failed=N]")
	list := objects(ts)
	if len(list) == 0 || list[len(list)-1].Event != "build_finished" {
		ts.Fatalf("no build_finished at the end")
	}
	last := list[len(list)-1]
	have := map[string]int{"ran": last.Ran, "restored": last.Restored, "unchanged": last.Unchanged, "failed": last.Failed}
	for _, a := range args {
		name, want, _ := strings.Cut(a, "=")
		got, known := have[name]
		n, err := strconv.Atoi(want)
		if !known || err != nil {
			ts.Fatalf("counts: what is %q?", a)
		}
		if got != n {
			ts.Fatalf("%s=%d, want %d", name, got, n)
		}
	}
}

// actions STATUS ['NAME (CONTEXT, CONTEXT)'...]: exactly these actions ended
// with that status, in any order, probes not counted.
func cmdActions(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, len(args) > 0, "actions STATUS ['NAME (CONTEXT, ...)'...]")
	var got []string
	for _, o := range objects(ts) {
		if o.Event == "action_finished" && o.Status == args[0] && !strings.HasPrefix(o.Action, "probe ") {
			got = append(got, fmt.Sprintf("%s (%s)", o.Action, strings.Join(o.Contexts, ", ")))
		}
	}
	want := slices.Clone(args[1:])
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		ts.Fatalf("actions %s:\n  %s\nwant:\n  %s", args[0], strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// output ACTION TEXT: what an action printed, now or when it ran, has TEXT.
func cmdOutput(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, len(args) == 2, "output ACTION TEXT")
	for _, o := range objects(ts) {
		if o.Action == args[0] && strings.Contains(o.Output, args[1]) {
			return
		}
	}
	ts.Fatalf("no output of %q has %q", args[0], args[1])
}

// edit FILE OLD NEW: replaces the one OLD in a file.
func cmdEdit(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, len(args) == 3, "edit FILE OLD NEW")
	file := ts.MkAbs(args[0])
	text, err := os.ReadFile(file)
	check(ts, err)
	if n := bytes.Count(text, []byte(args[1])); n != 1 {
		ts.Fatalf("edit: %s has %q %d times", args[0], args[1], n)
	}
	check(ts, os.WriteFile(file, bytes.Replace(text, []byte(args[1]), []byte(args[2]), 1), 0o666))
}

// append FILE LINE: adds a line to a file.
func cmdAppend(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, len(args) == 2, "append FILE LINE")
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o666)
	check(ts, err)
	_, err = f.WriteString(args[1] + "\n")
	check(ts, err)
	check(ts, f.Close())
}

// touch FILE...: sets the times of files to now.
func cmdTouch(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, len(args) > 0, "touch FILE...")
	now := time.Now()
	for _, a := range args {
		check(ts, os.Chtimes(ts.MkAbs(a), now, now))
	}
}

// waitfor FILE: waits until there is such a file.
func cmdWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, len(args) == 1, "waitfor FILE")
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
	}
	ts.Fatalf("%s did not appear", args[0])
}

// compiler DIR [COMMENT]: installs the fake compiler as DIR/bin/gcc. With
// another comment it is another compiler, which makes the same code.
func cmdCompiler(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, len(args) == 1 || len(args) == 2, "compiler DIR [COMMENT]")
	fake, err := exec.LookPath("fakecc")
	check(ts, err)
	bin := filepath.Join(ts.MkAbs(args[0]), "bin")
	check(ts, os.MkdirAll(bin, 0o777))
	text := "#!/bin/sh\n# " + strings.Join(args[1:], "") + "\nexec " + fake + " \"$@\"\n"
	check(ts, os.WriteFile(filepath.Join(bin, "gcc"), []byte(text), 0o777))
}

// line FILE WORD...: a file holds this one line.
func cmdLine(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, len(args) > 0, "line FILE WORD...")
	want := strings.Join(args[1:], " ") + "\n"
	if got := ts.ReadFile(args[0]); got != want {
		ts.Fatalf("%s is %q, want %q", args[0], got, want)
	}
}
