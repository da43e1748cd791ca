package helper

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"erg.build/erg/toolchain/source"
	"erg.build/erg/toolchain/source/archive"
	"erg.build/erg/toolchain/source/download"
)

func fetch(t *testing.T, r Request) (string, source.Integrity, error) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if r.Most == 0 {
		r.Most = 1 << 20
	}
	got, _, err := Fetch(t.Context(), r, out, "")
	b, rerr := os.ReadFile(out)
	if err == nil && rerr != nil {
		t.Fatal(rerr)
	}
	if err != nil && rerr == nil {
		t.Errorf("after an error %q is left: %v", b, err)
	}
	return string(b), got, err
}

func init() { Download = download.Get }

// A server that fails at first is asked again, from the beginning; one that
// says no is not.
func TestRetries(t *testing.T) {
	pause = time.Millisecond
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case r.URL.Path == "/none":
			http.NotFound(w, r)
		case r.URL.Path == "/busy", asked == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case asked == 2: // it breaks off
			w.Header().Set("Content-Length", "5")
			w.Write([]byte("he"))
		default:
			w.Write([]byte("hello"))
		}
	}))
	defer s.Close()
	text, got, err := fetch(t, Request{Kind: source.URL, Address: s.URL + "/file"})
	const want = "sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="
	if err != nil || text != "hello" || got != want || asked != 3 {
		t.Errorf("got %q, %s, %v after %d tries", text, got, err, asked)
	}
	for path, c := range map[string]struct {
		tries int
		want  string
	}{
		"/none": {1, "/none: the server answers 404 Not Found\n  hint: is the URL right?"},
		"/busy": {tries, "/busy: the server answers 503 Service Unavailable"},
	} {
		asked = 3
		_, _, err := fetch(t, Request{Kind: source.URL, Address: s.URL + path})
		if err == nil || !strings.Contains(err.Error(), c.want) || asked != 3+c.tries {
			t.Errorf("%s: %v after %d tries, want …%s… after %d", path, err, asked-3, c.want, c.tries)
		}
	}
}

func TestURLErrors(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(bytes.Repeat([]byte("x"), 100))
	}))
	address := s.URL
	if _, _, err := fetch(t, Request{Kind: source.URL, Address: address, Most: 99}); err == nil || !strings.Contains(err.Error(), "has more than 99 bytes\n  hint: if that is right, raise max_size") {
		t.Errorf("too large: %v", err)
	}
	s.Close()
	secret := strings.Replace(address, "://", "://me:secret@", 1) + "/x?token=secret"
	_, _, err := fetch(t, Request{Kind: source.URL, Address: secret})
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "connection refused\n  hint: "+offlineHint) {
		t.Errorf("unreachable: %v", err)
	}
	_, _, err = fetch(t, Request{Kind: source.URL, Address: "absent.tar", Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "absent.tar") {
		t.Errorf("absent: %v", err)
	}
}

// treeFile writes a canonical tar file with a program, a link and a file.
func treeFile(t *testing.T) string {
	t.Helper()
	spool, err := newSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	tree := archive.New(spool, archive.DefaultLimits)
	for _, err := range []error{
		tree.AddFile("bin/tool", true, strings.NewReader("#!/bin/sh\n")),
		tree.AddLink("bin/alias", "tool"),
		tree.AddLink("dir", "bin"),
		tree.AddFile("text", false, strings.NewReader("text")),
		tree.Check(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(t.TempDir(), "tree.tar")
	if err := write(name, tree.Write); err != nil {
		t.Fatal(err)
	}
	return name
}

// What is laid out follows no link that lies in the way.
func TestLay(t *testing.T) {
	tree, dir := treeFile(t), t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "text")); err != nil {
		t.Fatal(err)
	}
	if err := lay(tree, filepath.Join(dir, "stamp"), dir); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(outside); err != nil || string(b) != "mine" {
		t.Errorf("outside there is %q, %v", b, err)
	}
	fi, err := os.Lstat(filepath.Join(dir, "bin/alias"))
	if err != nil || !fi.Mode().IsRegular() || fi.Mode()&0o100 == 0 {
		t.Errorf("a link to a program: %v, %v", fi, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "dir")); err == nil {
		t.Error("a link to a directory was laid out")
	}
}

// A link that leads nowhere is an error that names it.
func TestPackErrors(t *testing.T) {
	dir := t.TempDir()
	spool, err := newSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	if err := os.Symlink("nowhere", filepath.Join(dir, "broken")); err != nil {
		t.Fatal(err)
	}
	if _, err := packDir(dir, spool, archive.DefaultLimits); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("a broken link: %v", err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"fetch"}, {"unpack", "a", "b"}, {"none", "1", "2", "3", "4", "5", "6", "7", "8"}, {"unpack", "a", "b", "c", "x", "y", "z", "site", "name"}} {
		if err := run(t.Context(), args[0], args[1:]); err == nil || !strings.Contains(err.Error(), errUsage.Error()) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// The program does what Download does in this test binary, and says as much of
// what went wrong.
func TestFetchProgram(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/file" {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte("content"))
	}))
	defer s.Close()
	gotool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	if err := runFetch(t.Context(), s.URL+"/file", io.Discard); err == nil || !strings.Contains(err.Error(), "the program erg-fetch is missing\n  hint: it is built with erg, and lies beside it or on PATH") {
		t.Errorf("got %v", err)
	}
	bin := t.TempDir()
	if out, err := exec.Command(gotool, "build", "-o", bin+"/", "erg.build/erg/cmd/erg/erg-fetch").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	t.Setenv("PATH", bin)
	var got bytes.Buffer
	if err := runFetch(t.Context(), s.URL+"/file", &got); err != nil || got.String() != "content" {
		t.Errorf("got %q, %v", &got, err)
	}
	err = runFetch(t.Context(), s.URL+"/elsewhere", io.Discard)
	if want := (source.DownloadError{Text: "the server answers 404 Not Found"}); err == nil || !reflect.DeepEqual(err, &want) {
		t.Errorf("got %#v", err)
	}
	s.Close()
	var failed *source.DownloadError
	if err := runFetch(t.Context(), s.URL+"/file", io.Discard); !errors.As(err, &failed) || !failed.Offline || failed.Again || !strings.Contains(failed.Text, "connection refused") {
		t.Errorf("got %#v", err)
	}
}
