package archive

import (
	"io"
	"strings"
	"testing"
)

const patched = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"

func patchTree(t testing.TB) *Tree {
	t.Helper()
	tree := New(spool(t), small)
	for name, text := range map[string]string{"src/a.txt": patched, "old": "gone\n"} {
		if err := tree.AddFile(name, false, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

func TestPatch(t *testing.T) {
	const hunk = "@@ -2,3 +2,3 @@\n two\n-three\n+3\n four\n"
	edited := strings.Replace(patched, "three", "3", 1)
	for _, c := range []struct{ name, patch, path, want string }{
		{"plain", "--- src/a.txt\n+++ src/a.txt\n" + hunk, "src/a.txt", edited},
		{"p1", "--- a/src/a.txt\t2020-01-01\n+++ b/src/a.txt\t2020-01-01\n" + hunk, "src/a.txt", edited},
		{"git", "diff --git a/src/a.txt b/src/a.txt\nindex 1..2 100644\n--- a/src/a.txt\n+++ b/src/a.txt\n" + hunk, "src/a.txt", edited},
		{"moved", "--- a/src/a.txt\n+++ b/src/a.txt\n@@ -40,3 +40,3 @@\n two\n-three\n+3\n four\n", "src/a.txt", edited},
		{"two hunks", "--- a/src/a.txt\n+++ b/src/a.txt\n@@ -1,1 +1,2 @@\n one\n+and\n@@ -9,1 +10,0 @@\n-nine\n", "src/a.txt",
			"one\nand\n" + strings.TrimSuffix(strings.TrimPrefix(patched, "one\n"), "nine\n")},
		{"insert", "--- a/src/a.txt\n+++ b/src/a.txt\n@@ -1,0 +2,1 @@\n+new\n", "src/a.txt", strings.Replace(patched, "one\n", "one\nnew\n", 1)},
		{"new", "--- /dev/null\n+++ b/src/new.c\n@@ -0,0 +1,1 @@\n+x\n", "src/new.c", "x\n"},
		{"new by git", "diff --git a/n b/n\nnew file mode 100755\nindex 0..1\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,1 @@\n+x\n", "n", "x\n"},
		{"delete", "--- a/old\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-gone\n", "old", ""},
	} {
		tree := patchTree(t)
		if err := tree.Patch([]byte(c.patch)); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		e := tree.entries[c.path]
		if e == nil {
			if c.want != "" {
				t.Errorf("%s: there is no %s", c.name, c.path)
			}
			continue
		}
		if got, _ := io.ReadAll(tree.open(e)); string(got) != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, got, c.want)
		}
		if c.name == "new by git" && !e.Exec {
			t.Errorf("%s: it is not executable", c.name)
		}
	}
}

func TestPatchErrors(t *testing.T) {
	const head = "--- a/src/a.txt\n+++ b/src/a.txt\n"
	for _, c := range []struct{ patch, want string }{
		{"", `it changes no file`},
		{"hello\n", `it changes no file`},
		{head + "@@ -1,1 +1,1 @@\n-one\n+1\n@@ -5,1 +5,1 @@\n-cinq\n+5\n", `src/a.txt: hunk 2 of 2 (@@ -5,1 +5,1 @@) does not fit: the lines that it changes are not there`},
		{head + "@@ -1,9 +1,1 @@\n-one\n", `it is no patch`},
		{"--- a/none\n+++ b/none\n@@ -1,1 +1,1 @@\n-a\n+b\n", `b/none: there is no such file to patch`},
		{"--- /dev/null\n+++ b/old\n@@ -0,0 +1,1 @@\n+x\n", `old: the patch adds it, but it is there`},
		{"--- /dev/null\n+++ b/../evil\n@@ -0,0 +1,1 @@\n+x\n", `entry "../evil" leads out of the tree`},
		{"--- a/src/a.txt\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-one\n", `the patch deletes it, but would leave lines of it`},
		{"diff --git a/old b/new\nsimilarity index 100%\nrename from old\nrename to new\n", `rename or copy files are not supported`},
	} {
		err := patchTree(t).Patch([]byte(c.patch))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
}

// FuzzPatch holds that no patch panics, or changes what it does not fit.
func FuzzPatch(f *testing.F) {
	f.Add("--- a/src/a.txt\n+++ b/src/a.txt\n@@ -2,3 +2,3 @@\n two\n-three\n+3\n four\n")
	f.Add("--- /dev/null\n+++ b/src/new.c\n@@ -0,0 +1,1 @@\n+x\n")
	f.Fuzz(func(t *testing.T, patch string) {
		tree := patchTree(t)
		if tree.Patch([]byte(patch)) == nil {
			if err := tree.Check(); err == nil {
				show(t, tree)
			}
		}
	})
}
