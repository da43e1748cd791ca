package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"erg.build/erg/engine/action"
)

// edge is a foreign action that runs in _build/app/tree, beside erg's own.
func edge(command string, inputs []string, outputs ...string) action.Spec {
	return action.Spec{Name: outputs[0], Context: "app", Target: "app//:ninja.x", Root: "_build/app", Dir: "_build/app/tree",
		Env: []string{"PATH=" + os.Getenv("PATH"), "SOURCE=" + action.Abs("dir/source")}, Inputs: inputs, Outputs: outputs, Foreign: &action.Foreign{Command: command}}
}

// A foreign action runs in its directory with its environment, reads what
// another action left beside its declared outputs, and feeds and needs erg's
// own actions.
func TestForeignBesideOwn(t *testing.T) {
	w := newWorld(t)
	w.write("dir/source", "source\n", "settings", "1\n")
	generate := sh("app", "generate", `mkdir -p _build/app/tree && cp settings _build/app/tree/config && echo made > "$2"`, []string{"settings"}, "_build/app/tree/graph")
	generate.Sandbox, generate.Local, generate.Writable = false, true, []string{"_build/app/tree"}
	w.rules = func(tk *Task) error {
		if err := tk.Define(generate); err != nil {
			return err
		}
		if c, err := tk.Content("_build/app/tree/graph"); err != nil || string(c.Bytes) != "made\n" {
			t.Errorf("graph: %q, %v", c.Bytes, err)
		}
		return define(
			cat("app", "_build/app/own", "dir/source"),
			edge(`pwd > where; cat config ../own "$SOURCE" > all`, []string{"_build/app/tree/config", "_build/app/own"}, "_build/app/tree/all", "_build/app/tree/where"),
			cat("app", "_build/app/copy", "_build/app/tree/all"))(tk)
	}
	w.make("_build/app/copy").ok(t, "generate", "cat _build/app/own", "_build/app/tree/all", "cat _build/app/copy")
	if got, want := w.read("_build/app/copy"), "1\nsource\nsource\n"; got != want {
		t.Errorf("copy is %q, want %q", got, want)
	}
	if got := strings.TrimSpace(w.read("_build/app/tree/where")); got != filepath.Join(w.root, "_build/app/tree") {
		t.Errorf("it ran in %s", got)
	}
	w.make().isNull(t)
	w.write("settings", "2\n")
	w.make().ok(t, "generate", "_build/app/tree/all", "cat _build/app/copy")
	w.make().isNull(t)
	w.write("_build/app/tree/config", "3\n") // nobody's output: it counts as it is
	w.make().ok(t, "_build/app/tree/all", "cat _build/app/copy")
}

// What a foreign action made among the sources is not removed when nobody
// declares it any more: it may be a source.
func TestForeignOutputsAmongSourcesStay(t *testing.T) {
	w := newWorld(t)
	w.write("dir/source", "source\n")
	spec := edge("cp source copy && cp source ../_build/app/copy", []string{"dir/source"}, "dir/copy", "_build/app/copy")
	spec.Dir = "dir"
	w.rules = define(spec)
	w.make("dir/copy").ok(t, "dir/copy")
	w.make().isNull(t)
	w.goal = "none"
	w.rules = func(tk *Task) error {
		tk.Prune("app//:", func(string, string) bool { return false })
		return nil
	}
	w.want = nil
	w.eval(w.rules).ok(t)
	if !w.has("dir/copy") || w.has("_build/app/copy") {
		t.Errorf("among the sources: %v, below the build directory: %v", w.has("dir/copy"), w.has("_build/app/copy"))
	}
}
