package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestExamples runs testdata/example/NAME.txtar, each in a copy of the
// directory examples/NAME. Examples build compilers, so they have the user's
// own store, in which these stay: it is only the first run that takes long.
func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("examples build compilers")
	}
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("..", "..", "testdata", "example"),
		Setup:              setupExample,
		Condition:          exampleCondition,
		Cmds:               commands,
		UpdateScripts:      *update,
		RequireUniqueNames: true,
	})
}

// setupExample copies what belongs to an example: what was built in its
// directory does not. EXAMPLES is where all are.
func setupExample(env *testscript.Env) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	env.Vars = append(env.Vars, "HOME="+home, "XDG_CACHE_HOME="+cache, "ERG_STORE="+os.Getenv("ERG_STORE"), "ERG_SANDBOX=",
		"TERM=dumb", "LC_ALL=C.UTF-8", "GORACE=atexit_sleep_ms=0")
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		return err
	}
	env.Setenv("EXAMPLES", examples)
	root := filepath.Join(examples, strings.TrimPrefix(filepath.Base(env.WorkDir), "script-"))
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		from, to := filepath.Join(root, e.Name()), filepath.Join(env.WorkDir, e.Name())
		switch {
		case e.Name() == "_build":
		case e.IsDir():
			err = os.CopyFS(to, os.DirFS(from))
		default:
			err = copyFile(from, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o666)
}

// exampleCondition adds [registry]: packages of npm can be had. Like a program
// that is missing, that must not be where everything is to be tested.
func exampleCondition(cond string) (bool, error) {
	if cond == "registry" {
		return os.Getenv("CI") == "true" || registry(), nil
	}
	return condition(cond)
}

var registry = sync.OnceValue(func() bool {
	return exec.Command("npm", "view", "ocaml@5.3.0", "version").Run() == nil
})
