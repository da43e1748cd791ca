package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"erg.build/erg/cmd/erg-bench/internal/measure"
	"erg.build/erg/cmd/erg-bench/internal/suite"
	"erg.build/erg/cmd/erg-bench/internal/table"
	"erg.build/erg/toolchain/toolchaintest"
)

func TestMain(m *testing.M) {
	measure.Main()
	// The launcher is this program: with the race detector, it would end a second late.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	os.Exit(m.Run())
}

// small are sizes at which a run takes seconds.
var small = suite.Sizes{Tiny: 20, Small: 40, Large: 60, Huge: 80, C: 20, Modules: 20, Libraries: 2}

func buildErg(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "erg")
	if out, err := exec.Command("go", "build", "-o", filepath.Dir(bin)+"/", "../erg", "../erg/erg-ninja").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// All rows are measured, and the table has them in order with figures that can
// be. How they compare says nothing at this size.
func TestAllRows(t *testing.T) {
	toolchaintest.Need(t, "ninja", "make", "gcc", "ar", "dune", "ocamlopt")
	t.Setenv("DUNE", "")
	var out, log bytes.Buffer
	dir := t.TempDir()
	args := []string{"-erg", buildErg(t), "-dir", dir, "-full", "-json"}
	if err := run(t.Context(), args, small, &out, &log); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	var got table.Table
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	want := []string{
		"null, 20, ninja, s",
		"null, 20, by erg-ninja, ninja, s",
		"null, 40, ninja, s",
		"null, 40, instructions, ninja, instructions",
		"one leaf touched, 40, ninja, s",
		"null, 60, ninja, s",
		"null, 60, statx, s",
		"null, 60, peak memory, ninja, B",
		"one leaf changed, dies in layer 2, 60, ninja, s",
		"clean, 60, peak memory, ninja, B",
		"null, 80, ninja, s",
		"null, 80, peak memory, ninja, B",
		"clean, 40, ninja, s",
		"clean, 40, make, s",
		"clean, 40, all in the store, ninja, s",
		"C project, 20 files, clean, ninja, s",
		"C project, 20 files, null, ninja, s",
		"C project, 20 files, null, by erg-ninja, ninja, s",
		"OCaml project, 20 modules, clean, dune, s",
		"OCaml project, 20 modules, clean, peak memory, dune, B",
		"OCaml project, 20 modules, null, dune, s",
		"OCaml project, 20 modules, one implementation changed, dune, s",
		"OCaml project, 20 modules, three equal contexts, clean, erg, one, s",
	}
	var rows []string
	for _, r := range got.Rows {
		rows = append(rows, strings.Join([]string{r.Work, r.Peer, string(r.Unit)}, ", "))
		if r.Missing != "" {
			if r.Unit != table.Instructions || r.Missing != "no "+measure.Counter {
				t.Errorf("%s: %s", r.Work, r.Missing)
			}
			continue
		}
		for _, v := range []float64{r.Erg, r.PeerHas} {
			if low, high := plausible(r.Unit); v < low || v > high {
				t.Errorf("%s, %s: %v %s", r.Work, r.Peer, v, r.Unit)
			}
		}
	}
	if g, w := strings.Join(rows, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("rows:\n%s\nwant:\n%s", g, w)
	}
	if got.Machine.Cores < 1 || got.Machine.CPU == "" || got.Machine.FileSystem == "" || got.Peers["ninja"] == "" {
		t.Errorf("machine %+v, peers %v", got.Machine, got.Peers)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// plausible returns what lies between one system call for each of a few files
// and an hour, between a page and a terabyte.
func plausible(u table.Unit) (low, high float64) {
	switch u {
	case table.Memory:
		return 4096, 1e12
	case table.Instructions:
		return 1e4, 1e12
	}
	return 1e-6, 3600
}

// What is not to be run is in the table all the same.
func TestRowsThatAreNotRun(t *testing.T) {
	var out, log bytes.Buffer
	args := []string{"-erg", os.Args[0], "-dir", t.TempDir(), "-run", "null, 80"}
	if err := run(t.Context(), args, small, &out, &log); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"null, 80               ninja", "≤ 0.4      not run", "≤ 1.50 GB  not run"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if log.Len() > 0 {
		t.Errorf("it did something:\n%s", &log)
	}
}

// A tool that does not do what it is to is a failure of its rows.
func TestFailingTool(t *testing.T) {
	toolchaintest.Need(t, "ninja")
	fake := filepath.Join(t.TempDir(), "erg")
	if err := os.WriteFile(fake, []byte("#!/bin/sh\necho working hard\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	args := []string{"-erg", fake, "-dir", t.TempDir(), "-run", "null, 20"}
	err := run(t.Context(), args, small, &out, &log)
	if err == nil || !strings.Contains(err.Error(), "erg after its first build: it was to find nothing to do, and printed:\nworking hard") {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(out.String(), "≤ 1    failed") {
		t.Errorf("got\n%s", &out)
	}
}

func TestBadOptions(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-json -markdown", "-json and -markdown exclude each other"},
		{"-run x -update page.md", "-update replaces a whole table: leave out -run and -modules"},
		{"-modules -1", "-modules is a number of modules, of which a machine can have so many"},
		{"null", `there are options only, and no argument "null"`},
		{"-run (", "missing closing )"},
		{"-erg /nowhere/erg", `"make erg" builds it`},
		{"-erg " + os.Args[0] + " -update main.go", `main.go: there is no heading "## The last run"`},
	} {
		var out, log bytes.Buffer
		err := run(t.Context(), strings.Fields(c.args), small, &out, &log)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.args, err, c.want)
		}
	}
}

// An interrupt ends a run wherever it is, and leaves nothing behind.
func TestInterrupt(t *testing.T) {
	toolchaintest.Need(t, "ninja", "sleep")
	fake := filepath.Join(t.TempDir(), "erg")
	started := filepath.Join(t.TempDir(), "started")
	script := "#!/bin/sh\n>" + started + "\nexec sleep 60\n"
	if err := os.WriteFile(fake, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"writing", "running"} {
		ctx, cancel := context.WithCancel(t.Context())
		if when == "writing" {
			cancel()
		}
		go func() {
			for ctx.Err() == nil {
				if _, err := os.Stat(started); err == nil {
					cancel()
				}
				time.Sleep(time.Millisecond)
			}
		}()
		dir := t.TempDir()
		var out, log bytes.Buffer
		err := run(ctx, []string{"-erg", fake, "-dir", dir, "-run", "null, 20"}, small, &out, &log)
		if !errors.Is(err, context.Canceled) || out.Len() > 0 {
			t.Errorf("%s: error %v, printed %q", when, err, &out)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind: %v, %v", when, left, err)
		}
	}
}
