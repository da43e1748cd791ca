package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestInit(t *testing.T) {
	for language, flag := range map[string]string{"c": "--ocaml=false", "ocaml": "--ocaml"} {
		dir := t.TempDir()
		r := try(t, dir, "init", "my", flag, "--name", `a"${b}`)
		if r.code != 0 || !strings.HasSuffix(r.stdout, "\nNow try:\n  erg -C my build\n  erg -C my run app:bin.hello\n  erg -C my test\n") {
			t.Errorf("%+v", r)
		}
		files, err := starterFiles(language, `a"${b}`)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text := read(t, dir, "my", f.name)
			if text != string(f.text) || !strings.Contains(r.stdout, "created my/"+f.name+"\n") {
				t.Errorf("%s: %s", f.name, r.stdout)
			}
			if filepath.Ext(f.name) != ".hcl" {
				continue
			}
			if _, diags := hclsyntax.ParseConfig([]byte(text), f.name, hcl.InitialPos); diags.HasErrors() {
				t.Error(diags)
			}
			if string(hclwrite.Format([]byte(text))) != text {
				t.Errorf("%s/%s is not formatted", language, f.name)
			}
		}
		if text := read(t, dir, "my/erg.hcl"); !strings.Contains(text, `name = "a\"$${b}"`) {
			t.Error(text)
		}
		if text := read(t, dir, "my/.gitignore"); text != "/_build/\n" {
			t.Error(text)
		}
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"build.hcl": "mine", ".gitignore": "mine"})
	try(t, dir, "init").want(t, 2, "", "erg: init: . has build.hcl already\nNothing was written.\nSee \"erg init --help\".\n")
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("got %v", entries)
	}
	if err := os.Remove(filepath.Join(dir, "build.hcl")); err != nil {
		t.Fatal(err)
	}
	r := try(t, dir, "init")
	if r.code != 0 || read(t, dir, ".gitignore") != "mine" || !strings.Contains(r.stdout, "  erg build\n") {
		t.Errorf("%+v", r)
	}
	if text := read(t, dir, "erg.hcl"); !strings.Contains(text, `"`+filepath.Base(dir)+`"`) {
		t.Error(text)
	}
}

func TestFmt(t *testing.T) {
	dir := t.TempDir()
	all := map[string]string{
		"erg.hcl": "a  b\n", "fine.hcl": "a b\n", "lib/build.hcl": "c  d\n",
		"_build/x.hcl": "x  y\n", "lib/.git/x.hcl": "x  y\n", "notes.txt": "x  y\n",
	}
	write(t, dir, all)

	try(t, dir, "fmt", "--check").want(t, 1, "erg.hcl\nlib/build.hcl\n", "")
	try(t, dir, "fmt", "--diff", "lib").want(t, 0, "diff lib/build.hcl lib/build.hcl (formatted)\n"+
		"--- lib/build.hcl\n+++ lib/build.hcl (formatted)\n@@ -1,1 +1,1 @@\n-c  d\n+c d\n", "")
	for name, text := range all {
		if read(t, dir, name) != text {
			t.Errorf("%s changed", name)
		}
	}

	try(t, dir, "fmt").want(t, 0, "erg.hcl\nlib/build.hcl\n", "")
	try(t, dir, "fmt").want(t, 0, "", "")
	try(t, dir, "fmt", "--check").want(t, 0, "", "")
	if read(t, dir, "erg.hcl") != "a b\n" || read(t, dir, "_build/x.hcl") != "x  y\n" {
		t.Error("wrong files were formatted")
	}
	if info, _ := os.Stat(filepath.Join(dir, "erg.hcl")); info.Mode().Perm() != 0o640 {
		t.Errorf("mode %o", info.Mode())
	}
	try(t, dir, "fmt", "notes.txt").want(t, 0, "notes.txt\n", "")
	if entries, _ := os.ReadDir(dir); len(entries) != 5 {
		t.Errorf("files left behind: %v", entries)
	}
}

func TestFmtErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.hcl": "\t", "b.hcl": "x  y"})
	try(t, dir, "fmt").want(t, 2, "b.hcl\n", "erg: a.hcl:1: a tab\n")
	if r := try(t, dir, "fmt", "none"); r.code != 2 || !strings.Contains(r.stderr, "none") {
		t.Errorf("%+v", r)
	}
}

func TestFmtStdin(t *testing.T) {
	app := &fakeApp{}
	tryWith(t, app, "a  b", "fmt", "-").want(t, 0, "a b", "")
	tryWith(t, app, "a  b", "fmt", "-", "--check").want(t, 1, "", "")
	tryWith(t, app, "a b", "fmt", "-", "--check").want(t, 0, "", "")
	tryWith(t, app, "\t", "fmt", "-").want(t, 2, "", "erg: <stdin>:1: a tab\n")
}

func TestFmtFollowsLinksItIsGiven(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"real.hcl": "a  b"})
	if err := os.Symlink("real.hcl", filepath.Join(dir, "link.hcl")); err != nil {
		t.Skip(err)
	}
	try(t, dir, "fmt", "link.hcl").want(t, 0, "link.hcl\n", "")
	if info, _ := os.Lstat(filepath.Join(dir, "link.hcl")); info.Mode()&os.ModeSymlink == 0 || read(t, dir, "real.hcl") != "a b" {
		t.Error("the link was replaced")
	}
}
