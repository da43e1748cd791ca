package tree

import (
	"os/exec"
	"strings"
	"testing"

	"erg.build/erg/toolchain/toolchaintest"
)

// build builds a tree, and returns what it prints.
func build(t *testing.T, tr Tree, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = tr.Dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestNinjaTakesTheLog(t *testing.T) {
	toolchaintest.Need(t, "ninja")
	l := Idle(30)
	tr, err := Plant(t.Context(), t.TempDir(), l)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Adopt(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if out := build(t, tr, "ninja", "-n"); !strings.Contains(out, "[30/30]") {
		t.Errorf("without a log:\n%s", out)
	}
	if err := tr.WriteNinjaLog(l); err != nil {
		t.Fatal(err)
	}
	out := build(t, tr, "ninja", "-n", "-d", "explain")
	if strings.Contains(out, "build log version is invalid") || strings.Contains(out, "starting over") {
		t.Skipf("a Ninja of another log format:\n%s", out)
	}
	if !strings.Contains(out, "no work to do") {
		t.Errorf("with a log:\n%s", out)
	}
}

func TestMakeBuildsTheSame(t *testing.T) {
	toolchaintest.Need(t, "ninja", "make")
	l := Filtered(40)
	var trees [2]Tree
	for i, command := range [][]string{{"ninja"}, {"make", "-r", "-R"}} {
		var err error
		if trees[i], err = Plant(t.Context(), t.TempDir(), l); err != nil {
			t.Fatal(err)
		}
		if err := trees[i].WriteMakefile(l); err != nil {
			t.Fatal(err)
		}
		if err := trees[i].Write(l.Source(0), "# comment\ntext\n"); err != nil {
			t.Fatal(err)
		}
		build(t, trees[i], command...)
	}
	for layer := range l.Layers {
		for i := range l.Width {
			name := l.Output(layer, i)
			a, err := trees[0].Read(name)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := trees[1].Read(name); err != nil || a != b {
				t.Errorf("%s: by ninja %q, by make %q, %v", name, a, b, err)
			}
		}
	}
	c := ChainOf(l, 0)
	if text, err := trees[0].Read(c.Changed); err != nil || text != "# comment\ntext\n" {
		t.Errorf("%s: %q, %v", c.Changed, text, err)
	}
	if text, err := trees[0].Read(c.Same); err != nil || text != "text\n" {
		t.Errorf("%s: %q, %v", c.Same, text, err)
	}
}

func TestForgetKeepsTheStore(t *testing.T) {
	l := Copies(10)
	tr, err := Plant(t.Context(), t.TempDir(), l)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{l.Output(0, 0), ninjaLog, ergState + "/trace", storeName + "/pack"} {
		if err := tr.Write(name, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.Forget(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		l.Output(0, 0): false, ninjaLog: false, ergState + "/trace": false, storeName + "/pack": true, l.Source(0): true,
	} {
		if _, err := tr.Read(name); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := tr.Clean(); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Read(storeName + "/pack"); err == nil {
		t.Error("the store is still there")
	}
}
