package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"erg.build/erg/contexts/graph"
)

func TestGraphFormats(t *testing.T) {
	dir := t.TempDir()
	app := &fakeApp{drawn: &graph.Graph{Edges: []graph.Edge{{From: "a", To: "b"}}}}
	for line, want := range map[string]string{
		"graph":                         "a\n└── b\n",
		"graph --format dot":            "digraph",
		"graph --format=mermaid":        "flowchart",
		"graph --json":                  "{",
		"graph --json --format text":    "a\n",
		"graph -o x.mmd":                "flowchart",
		"graph -o x.JSON":               "{",
		"graph -o x.mmd --format=dot":   "digraph",
		"graph -o plain":                "a\n",
		"graph --of targets --output -": "a\n",
	} {
		words := strings.Fields(line)
		r := tryWith(t, app, "", append([]string{"-C", dir}, words...)...)
		got := r.stdout
		if len(words) > 1 && words[1] == "-o" {
			text, err := os.ReadFile(filepath.Join(dir, words[2]))
			if err != nil {
				t.Fatal(err)
			}
			got = string(text)
		}
		if r.code != 0 || !strings.HasPrefix(got, want) {
			t.Errorf("erg %s: code %d, %s%s", line, r.code, got, r.stderr)
		}
	}
}

func TestGraphWithoutGraphviz(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	app := &fakeApp{drawn: &graph.Graph{}}
	tryWith(t, app, "", "graph", "--format", "svg").want(t, 1, "", "erg: "+graph.ErrNoGraphviz.Error()+"\n")
}

func TestRunProgram(t *testing.T) {
	out, err := runProgram(t.Context(), []byte("in"), "cat")
	if string(out) != "in" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err := runProgram(t.Context(), nil, "cat", "/none"); err == nil || !strings.Contains(err.Error(), "/none") {
		t.Errorf("got %v", err)
	}
	if _, err := runProgram(context.Background(), nil, "no-such-program-here"); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
