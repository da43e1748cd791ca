package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

// spool opens a file that is removed with the test.
func spool(t testing.TB) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

var small = Limits{Files: 100, Bytes: 1 << 16}

func tarOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		content := h.Uname // where these tests keep what is in a file
		h.Uname = ""
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(w, content); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func file(name, content string) tar.Header { return tar.Header{Name: name, Uname: content} }

func link(name, to string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to}
}

func hard(name, to string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeLink, Linkname: to}
}

func read(t testing.TB, b []byte, limits Limits) (*Tree, error) {
	t.Helper()
	tree, err := Read(bytes.NewReader(b), int64(len(b)), spool(t), limits)
	if err == nil {
		err = tree.Check()
	}
	return tree, err
}

// show describes a tree, an entry a line.
func show(t testing.TB, tree *Tree) string {
	t.Helper()
	var b strings.Builder
	for _, e := range tree.Entries() {
		switch {
		case e.Kind == Dir:
			fmt.Fprintf(&b, "d %s\n", e.Path)
		case e.Kind == Link:
			fmt.Fprintf(&b, "l %s -> %s\n", e.Path, e.Target)
		default:
			text, err := io.ReadAll(tree.open(e))
			if err != nil || int64(len(text)) != e.Size {
				t.Fatalf("%s: %v, %d bytes of %d", e.Path, err, len(text), e.Size)
			}
			mode := "f"
			if e.Exec {
				mode = "x"
			}
			fmt.Fprintf(&b, "%s %s %q\n", mode, e.Path, text)
		}
	}
	return b.String()
}

const sample = `d p
x p/configure "#!/bin/sh\n"
d p/src
f p/src/a.c "int a;\n"
l p/src/b.c -> a.c
`

func sampleTar(t testing.TB) []byte {
	exec := file("./p/configure", "#!/bin/sh\n")
	exec.Mode = 0o755
	return tarOf(t, tar.Header{Name: "p/", Typeflag: tar.TypeDir, Mode: 0o700}, exec, file("p/src/a.c", "int a;\n"), link("p/src/b.c", "a.c"))
}

func TestFormats(t *testing.T) {
	plain := sampleTar(t)
	compress := func(open func(io.Writer) (io.WriteCloser, error)) []byte {
		var b bytes.Buffer
		w, err := open(&b)
		if err == nil {
			_, err = w.Write(plain)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	bz, err := hex.DecodeString(bzipped)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"tar":     plain,
		"tar.gz":  compress(func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }),
		"tar.xz":  compress(func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }),
		"tar.bz2": bz,
		"zip":     sampleZip(t),
	} {
		tree, err := read(t, b, small)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := show(t, tree); got != sample {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, sample)
		}
		if name == "tar" {
			continue // one that ends at the end of an entry is as good as whole
		}
		for _, n := range []int{1, len(b) / 2, len(b) - 1} {
			if _, err := read(t, b[:n], small); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s, %d of %d bytes: %v, want ErrDamaged", name, n, len(b), err)
			}
		}
	}
}

func sampleZip(t testing.TB) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range []struct {
		name, text string
		mode       fs.FileMode
	}{{"p/configure", "#!/bin/sh\n", 0o755}, {"p/src/", "", fs.ModeDir | 0o755}, {"p/src/a.c", "int a;\n", 0o644}, {"p/src/b.c", "a.c", fs.ModeSymlink | 0o777}} {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		h.SetMode(f.mode)
		e, err := w.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(e, f.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRefused(t *testing.T) {
	zipOf := func(name string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
		w.Close()
		return b.Bytes()
	}
	var many []tar.Header
	for i := range 101 {
		many = append(many, file(fmt.Sprint(i), ""))
	}
	deep := strings.Repeat("d/", 60) // its directories count
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{tarOf(t, file("../evil", "")), `entry "../evil" leads out of the tree: its name has ".."`},
		{tarOf(t, file("a/../../evil", "")), `leads out of the tree`},
		{tarOf(t, file("/etc/passwd", "")), `has an absolute name`},
		{tarOf(t, file("a\nb", "")), `has a control character in its name`},
		{tarOf(t, file(strings.Repeat("n", 256), "")), `has a name of more than 255 bytes`},
		{tarOf(t, file("a", ""), file("a", "")), `entry "a" is there twice`},
		{tarOf(t, file("a", ""), file("./a", "")), `entry "a" is there twice`},
		{tarOf(t, file("a", ""), file("a/b", "")), `entry "a/b" lies below "a", which is no directory`},
		{tarOf(t, link("a", "b"), file("a/x", "")), `entry "a/x" lies below "a", which is no directory`},
		{tarOf(t, link("a", "/etc")), `entry "a" is a link to the absolute path "/etc"`},
		{tarOf(t, link("a", "../x")), `entry "a" is a link to "../x", which leads out of the tree`},
		{tarOf(t, link("d/a", "../../x")), `leads out of the tree`},
		{tarOf(t, file("d/f", ""), link("d/up", ".."), link("out", "d/up/../x")), `entry "out" is a link to "d/up/../x", which leads out`},
		{tarOf(t, link("a", "b"), link("b", "a")), `leads in a circle`},
		{tarOf(t, hard("a", "/etc/passwd")), `entry "a" is a hard link to "/etc/passwd", which is not in the archive`},
		{tarOf(t, hard("a", "later"), file("later", "")), `which is no file that came before it`},
		{tarOf(t, link("l", "x"), hard("a", "l")), `which is no file that came before it`},
		{tarOf(t, tar.Header{Name: "dev", Typeflag: tar.TypeChar}), `entry "dev" is a device`},
		{tarOf(t, tar.Header{Name: "pipe", Typeflag: tar.TypeFifo}), `entry "pipe" is a named pipe`},
		{tarOf(t, many...), `it has more than 100 files`},
		{tarOf(t, file(deep+"a", ""), file("x/"+deep+"a", "")), `it has more than 100 files`},
		{tarOf(t, file("big", strings.Repeat("x", 1<<16)), file("more", "x")), `it has more than 65536 bytes`},
		{tarOf(t, file("f", strings.Repeat("x", 1<<15)), hard("g", "f"), hard("h", "f")), `it has more than 65536 bytes`},
		{zipOf("../evil"), `leads out of the tree`},
		{zipOf(`a\b`), `has a backslash in its name`},
		{nil, "it is empty"},
		{[]byte("<html>"), "this looks like a web page"},
		{[]byte("\x28\xb5\x2f\xfd12"), "zstd are not supported; there are tar, tar.gz"},
		{[]byte("no archive at all"), ErrDamaged.Error()},
	} {
		_, err := read(t, c.b, small)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
}

// A bomb is small before it is unpacked; what it becomes is never held.
func TestBomb(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	const claimed = 1 << 40
	if err := w.WriteHeader(&tar.Header{Name: "bomb", Typeflag: tar.TypeReg, Size: claimed, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	z.Close()
	f := spool(t)
	_, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), f, small)
	var limit *LimitError
	if !errors.As(err, &limit) || limit.What != "bytes" {
		t.Errorf("got %v, want a LimitError", err)
	}
	// Behind the end of the archive, too.
	b.Reset()
	z = gzip.NewWriter(&b)
	z.Write(tarOf(t, file("a", "")))
	zeros := make([]byte, 1<<16)
	for range 64 {
		z.Write(zeros)
	}
	z.Close()
	if _, err = Read(bytes.NewReader(b.Bytes()), int64(b.Len()), f, small); !errors.As(err, &limit) {
		t.Errorf("behind the end: got %v, want a LimitError", err)
	}
}

// Names that differ by case only are two names, as they are on the systems
// that erg runs on.
func TestCase(t *testing.T) {
	tree, err := read(t, tarOf(t, file("A", "1"), file("a", "2")), small)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(t, tree), "f A \"1\"\nf a \"2\"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStrip(t *testing.T) {
	for _, c := range []struct {
		n     int
		names []string
		want  string
	}{
		{-1, []string{"p/a", "p/b/c"}, "f a \"\"\nd b\nf b/c \"\"\n"},
		{-1, []string{"p/a", "q/b"}, "d p\nf p/a \"\"\nd q\nf q/b \"\"\n"},
		{-1, []string{"a"}, "f a \"\"\n"},
		{0, []string{"p/a"}, "d p\nf p/a \"\"\n"},
		{2, []string{"p/q/a"}, "f a \"\"\n"},
		{2, []string{"p/a"}, `entry "p/a" has no name left without its first 2 elements: strip is too large`},
		{1, []string{"p/a", "q/a"}, `entry "a" is there twice`},
	} {
		var hs []tar.Header
		for _, n := range c.names {
			hs = append(hs, file(n, ""))
		}
		b := tarOf(t, hs...)
		tree, err := Read(bytes.NewReader(b), int64(len(b)), spool(t), small)
		if err == nil {
			err = tree.Strip(c.n)
		}
		if err == nil {
			err = tree.Check()
		}
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = show(t, tree)
		}
		if got != c.want {
			t.Errorf("strip %d of %v: got\n%s\nwant\n%s", c.n, c.names, got, c.want)
		}
	}
}

// The canonical form is what the integrities of commits are made of: it must
// never change.
func TestCanonical(t *testing.T) {
	tree, err := read(t, sampleTar(t), small)
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.AddFile("p/"+strings.Repeat("long/", 40)+"é", false, strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tree.Write(&b); err != nil {
		t.Fatal(err)
	}
	const want = "0390a3cbb8bca910c84b312077a2efa53f6c8f479e368dc88ce26baa59581f7b"
	if got := fmt.Sprintf("%x", sha256.Sum256(b.Bytes())); got != want {
		t.Errorf("the canonical form has changed: %s, was %s", got, want)
	}
	again, err := Load(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(t, again), show(t, tree); got != want {
		t.Errorf("read back:\n%s\nwant\n%s", got, want)
	}
	var list bytes.Buffer
	if err := again.WriteList(&list); err != nil {
		t.Fatal(err)
	}
	files, err := ParseList(list.String())
	if err != nil || len(files) != 4 || files[0] != (Listed{"p/configure", true, 10}) || files[3] != (Listed{"p/src/b.c", false, 7}) {
		t.Errorf("listed %+v, %v", files, err)
	}
}

// memory is a spool that needs no file.
type memory struct{ bytes.Buffer }

func (m *memory) ReadAt(p []byte, at int64) (int, error) {
	return bytes.NewReader(m.Bytes()).ReadAt(p, at)
}

// FuzzRead holds that whatever is read is safe, and written and read again the
// same.
func FuzzRead(f *testing.F) {
	f.Add(sampleTar(f))
	f.Add(sampleZip(f))
	f.Add(tarOf(f, file("d/f", "x"), link("d/up", ".."), link("out", "d/up/d"), hard("h", "d/f")))
	f.Fuzz(func(t *testing.T, b []byte) {
		tree, err := Read(bytes.NewReader(b), int64(len(b)), &memory{}, small)
		if err == nil {
			err = tree.Check()
		}
		if err != nil {
			return
		}
		for _, e := range tree.Entries() {
			if !fs.ValidPath(e.Path) && strings.ToValidUTF8(e.Path, "") == e.Path || e.Path == "." {
				t.Errorf("entry %q", e.Path)
			}
		}
		var out bytes.Buffer
		if err := tree.Write(&out); err != nil {
			return // a name that no tar file can have
		}
		again, err := Load(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := show(t, again), show(t, tree); got != want {
			t.Errorf("read back:\n%s\nwant\n%s", got, want)
		}
	})
}

// bzipped is the sample as tar and bzip2 make it: Go only reads the format.
const bzipped = "" +
	"425a68393141592653590d7dda820000e8db80cb90e801ff8802937be1de000d083000b9b62084000001a0034d1a0d1419000000340001229200c40d" +
	"3d4d069a340687a92b6d296f4151868064e340a1910922a35bab1c191a046920f6b44e8ca848608bab9a747a44117d7faeece37b3943db59ca520402" +
	"95ae8bc2010b0c0a0d2458dba21d5d22e60c2564205c48265b3594666d02739a82010d12f5c2070dc7013156a5ab14a1659768f8993883e2c8c01a28" +
	"9912904a2901fc5dc914e1424035f76a08"
