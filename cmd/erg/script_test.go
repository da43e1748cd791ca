package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the files that scripts compare with")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"erg":      paranoidMain,
		"plainerg": main,
		"fakecc":   fakeCompiler,
		"fakear":   fakeArchiver,
	})
}

// TestScript runs testdata/script/*.txtar. Each script has a workspace, a
// home and a store of its own; script_cmds_test.go says which commands there
// are beside those of testscript, and fakecc_test.go is a compiler for the
// many cases that are about no compiler.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("..", "..", "testdata", "script"),
		Setup:              setup,
		Condition:          condition,
		Cmds:               commands,
		UpdateScripts:      *update,
		RequireUniqueNames: true,
	})
}

func setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, ".home")
	env.Vars = append(env.Vars, "HOME="+home, "XDG_CACHE_HOME=", "ERG_STORE=", "ERG_SANDBOX=",
		"TERM=dumb", "LC_ALL=C.UTF-8", "GORACE=atexit_sleep_ms=0")
	return os.MkdirAll(home, 0o777)
}

// condition implements [have:PROGRAM] and [superuser], whom no permissions
// keep from anything. Where everything must be tested (CI) a missing program
// is an error, not a reason to skip.
func condition(cond string) (bool, error) {
	if cond == "superuser" {
		return os.Getuid() == 0, nil
	}
	name, ok := strings.CutPrefix(cond, "have:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	_, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		return false, fmt.Errorf("%s is missing, and CI=true: install it", name)
	}
	return err == nil, nil
}
