package engine

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

const (
	keyA = "0123456789abcdef0123456789abcdef"
	keyB = "fedcba9876543210fedcba9876543210"
)

// fill makes an install tree that has its own path in a program, and that of
// its work in a link.
func fill(t *testing.T, prefix string) {
	t.Helper()
	for name, text := range map[string]string{
		"bin/prog":        "#!" + prefix + "/bin/run\n",
		"share/a \"b\"\n": "odd",
		"share/empty":     "",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(prefix, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(prefix, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.Chmod(filepath.Join(prefix, "bin/prog"), 0o755),
		os.Mkdir(filepath.Join(prefix, "var"), 0o777),
		os.Symlink(prefix+"/bin/prog", filepath.Join(prefix, "bin/again")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestInstallTree(t *testing.T) {
	dir := t.TempDir()
	scan := func(key string) *InstallTree {
		tree, err := scanTree(fsys.OS{}, filepath.Join(dir, key), &placeholders{[]string{filepath.Join(dir, key)}}, []string{keyB})
		if err != nil {
			t.Fatal(err)
		}
		tree.Key = key
		return tree
	}
	fill(t, filepath.Join(dir, keyA))
	a := scan(keyA)
	got, err := decodeTree(a.encode())
	if err != nil || !reflect.DeepEqual(got, a) {
		t.Errorf("read back: %v\n%+v\nwant\n%+v", err, got, a)
	}
	var kinds []string
	for _, e := range a.Entries {
		kinds = append(kinds, string(e.Kind)+" "+e.Path)
	}
	if got, want := strings.Join(kinds, ", "), "dir bin, link bin/again, program bin/prog, dir share, file share/a \"b\"\n, file share/empty, dir var"; got != want {
		t.Errorf("entries %s\nwant %s", got, want)
	}
	if a.Lookup("bin/prog") == nil || a.Lookup("bin/prag") != nil || a.Lookup("") != nil {
		t.Error("Lookup finds the wrong entries")
	}

	// The same at another place is the same; anything else is not.
	fill(t, filepath.Join(dir, keyB))
	if b := scan(keyB); b.Digest != a.Digest {
		t.Error("the digest depends on where the tree is")
	}
	for name, change := range map[string]func(prefix string) error{
		"a text": func(p string) error { return os.WriteFile(p+"/share/empty", []byte("x"), 0o666) },
		"a bit":  func(p string) error { return os.Chmod(p+"/bin/prog", 0o644) },
		"a name": func(p string) error { return os.Rename(p+"/share/empty", p+"/share/void") },
		"a link": func(p string) error { return os.Remove(p + "/bin/again") },
		"a place": func(p string) error {
			return os.WriteFile(p+"/bin/prog", []byte("#!"+filepath.Join(dir, keyA)+"/bin/run\n"), 0o755)
		},
	} {
		os.RemoveAll(filepath.Join(dir, keyB))
		fill(t, filepath.Join(dir, keyB))
		if err := change(filepath.Join(dir, keyB)); err != nil {
			t.Fatal(err)
		}
		if b := scan(keyB); b.Digest == a.Digest {
			t.Errorf("another %s: the same digest", name)
		}
	}
}

func TestDecodeTreeRefusesDamage(t *testing.T) {
	tree := &InstallTree{Key: keyA, Digest: digest.OfString("x"), Needs: []string{keyB},
		Entries: []InstallEntry{{Path: "a", Kind: EntryFile, Digest: digest.OfString("a"), Size: 1}, {Path: "l", Kind: EntryLink, Target: "a"}}}
	good := string(tree.encode())
	for _, c := range [][2]string{
		{treeHeader, ""}, {treeHeader, "erg install tree 2\n"}, {keyA, "../../etc"}, {keyA, keyA[1:]}, {keyB, "x"},
		{"file", "pipe"}, {`"a"`, "a"}, {"1 ", "one "}, {"digest ", "digest 0"}, {`link "l" "a"`, `link "l"`},
	} {
		bad := strings.Replace(good, c[0], c[1], 1)
		if got, err := decodeTree([]byte(bad)); err == nil {
			t.Errorf("%q for %q is accepted: %+v", c[1], c[0], got)
		}
	}
	for i := range len(good) {
		decodeTree([]byte(good[:i])) // must not panic
	}
}

// TestPlaceholders holds the stream against the replacement of whole texts, for
// paths anywhere in it, at its seams too.
func TestPlaceholders(t *testing.T) {
	p := &placeholders{[]string{"/store/prefix/aaaa", "/store/work/build"}}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var b strings.Builder
		for b.Len() < 300<<10 {
			switch rng.IntN(4) {
			case 0:
				b.WriteString(p.paths[rng.IntN(2)])
			case 1:
				b.WriteString("/store/prefix/aa")
			default:
				b.WriteString(strings.Repeat("x", rng.IntN(20<<10)))
			}
		}
		want := digest.OfString(p.replace(b.String()))
		for _, r := range []io.Reader{strings.NewReader(b.String()), iotest.HalfReader(strings.NewReader(b.String()))} {
			if got, err := p.digest(r); err != nil || got != want {
				t.Fatalf("digest %s, %v, want %s", got, err, want)
			}
		}
	}
	if _, err := p.digest(iotest.ErrReader(io.ErrClosedPipe)); err != io.ErrClosedPipe {
		t.Errorf("a read error: %v", err)
	}
}

func TestLastLines(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{{"", 2, ""}, {"a\n", 2, "a\n"}, {"a\nb\n", 2, "a\nb\n"}, {"a\nb\nc\n", 2, "…\nb\nc\n"}, {"a\nb\nc", 2, "…\nb\nc"}} {
		if got := lastLines([]byte(c.in), c.n); !bytes.Equal(got, []byte(c.want)) {
			t.Errorf("lastLines(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestPrefixesAdopt(t *testing.T) {
	p := &prefixDir{fsys.OS{}, t.TempDir()}
	adopt := func(key string) *InstallTree {
		t.Helper()
		fill(t, p.prefix(key))
		tree, err := scanTree(p.fs, p.prefix(key), &placeholders{[]string{p.prefix(key)}}, nil)
		if err == nil {
			tree, err = p.adopt(key, tree)
		}
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	if got, err := p.find(keyA); got != nil || err != nil {
		t.Fatalf("nothing is there: %v, %v", got, err)
	}
	if got := adopt(keyA); got.Key != keyA || got.Prefix != p.prefix(keyA) {
		t.Errorf("the first tree is that of %s in %s", got.Key, got.Prefix)
	}
	if got := adopt(keyB); got.Key != keyA {
		t.Errorf("an equal tree is not shared: %s", got.Key)
	}
	if _, err := os.Lstat(p.prefix(keyB)); !os.IsNotExist(err) {
		t.Errorf("its copy is still there: %v", err)
	}
	if got, _ := p.find(keyB); got == nil || got.Key != keyA {
		t.Errorf("found for the second: %+v", got)
	}
	// Without its stamp the first is not whole, and so no result of the second.
	os.Remove(p.stamp(keyA))
	for _, k := range []string{keyA, keyB} {
		if got, err := p.find(k); got != nil || err != nil {
			t.Errorf("%s: found %v, %v", k, got, err)
		}
	}
	if got := adopt(keyB); got.Key != keyB {
		t.Errorf("a tree that is not whole was shared: %s", got.Key)
	}
}
