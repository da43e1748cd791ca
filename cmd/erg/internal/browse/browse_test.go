package browse

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"erg.build/erg/cmd/erg/internal/ninjacmd"
)

// browseGraph has a name that is markup where it is not escaped.
const browseGraph = `
rule cp
  command = cp $in $out
build <b>.o: cp a$ &.c | i || o |@ v
build v: cp a$ &.c
build prog: cp <b>.o
`

func inDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func get(t *testing.T, client *http.Client, url string) (code int, body, location string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header.Get("Location")
}

// start runs the tool, with a browser's program, and returns where it serves
// pages. end interrupts it and returns its exit code and errors.
func start(t *testing.T, getenv func(string) string, args ...string) (url string, end func() (int, string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, w := io.Pipe()
	code := make(chan int, 1)
	var stderr bytes.Buffer
	env := ninjacmd.Env{Stdout: w, Stderr: &stderr, Getenv: getenv, Browse: Serve}
	go func() { code <- ninjacmd.Main(ctx, env, args) }()
	end = func() (int, string) {
		cancel()
		return <-code, stderr.String()
	}
	t.Cleanup(cancel)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	at, ok := strings.CutPrefix(line, "Web server running on ")
	at, _, ok2 := strings.Cut(at, ", ctl-C to abort...")
	if !ok || !ok2 {
		t.Fatalf("got %q", line)
	}
	return "http://" + at, end
}

func none(string) string { return "" }

func TestPages(t *testing.T) {
	dir := inDir(t, map[string]string{"build.ninja": browseGraph})
	at, _ := start(t, none, "-C", dir, "--quiet", "-t", "browse", "-p", "0", "--no-browser")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	for _, test := range []struct {
		path string
		code int
		want []string
	}{
		{"/?%3Cb%3E.o", 200, []string{
			"<title>&lt;b&gt;.o</title>", "rule <code>cp</code> (build.ninja:4) of",
			`<a href="?a%20%26.c">a &amp;.c</a>`, `>i</a> (implicit)`, `>o</a> (order-only)`,
			"<pre>cp &#39;a &amp;.c&#39; &#39;&lt;b&gt;.o&#39;</pre>",
			`validations:</h2>`, `<a href="?v">v</a>`, `dependent edges build:</h2>`, `<a href="?prog">prog</a>`}},
		{"/?a%20%26.c", 200, []string{`<a href="?%3cb%3e.o">&lt;b&gt;.o</a>`}},
		{"/?v", 200, []string{"validation for:</h2>"}},
		{"/?prgo", 404, []string{"unknown target &#39;prgo&#39;, did you mean &#39;prog&#39;?"}},
		{"/?%zz", 400, []string{"invalid URL escape"}},
		{"/elsewhere", 404, []string{"not found"}},
	} {
		code, body, _ := get(t, client, at+test.path)
		if code != test.code {
			t.Errorf("%s: code %d, want %d", test.path, code, test.code)
		}
		for _, want := range test.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s in:\n%s", test.path, want, body)
			}
		}
	}
	if code, _, to := get(t, client, at+"/"); code != 302 || to != "/?v" {
		t.Errorf("got %d to %s: without a target, the first default is shown", code, to)
	}
	asked, _ := start(t, none, "-C", dir, "--quiet", "-t", "browse", "-p", "0", "--no-browser", "prog")
	if _, _, to := get(t, client, asked+"/"); to != "/?prog" {
		t.Errorf("got %s: a target was asked for", to)
	}
	resp, err := client.Post(at, "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("got %d for a POST", resp.StatusCode)
	}

	// The next page is of the build file as it is then.
	if err := os.WriteFile(filepath.Join(dir, "build.ninja"), []byte("build\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if code, body, _ := get(t, client, at+"/?v"); code != 404 || !strings.Contains(body, "build.ninja:1: expected path") {
		t.Errorf("got %d and:\n%s", code, body)
	}
}

// TestBrowse starts the tool, asks for a page where it says that it serves
// them, and interrupts it.
func TestBrowse(t *testing.T) {
	dir := inDir(t, map[string]string{"build.ninja": browseGraph})
	opened := filepath.Join(dir, "opened")
	browser := filepath.Join(dir, "browser")
	if err := os.WriteFile(browser, []byte("#!/bin/sh\necho $1 > "+opened+".tmp; mv "+opened+".tmp "+opened+"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	at, end := start(t, func(name string) string {
		if name == "BROWSER" {
			return browser
		}
		return ""
	}, "-C", dir, "-t", "browse", "-p", "0", "prog")
	if _, body, _ := get(t, http.DefaultClient, at); !strings.Contains(body, "<h1>prog</h1>") {
		t.Errorf("got %s", body)
	}
	for {
		if b, err := os.ReadFile(opened); err == nil {
			if got := strings.TrimSpace(string(b)); got != at {
				t.Errorf("the browser was shown %s", got)
			}
			break
		}
		time.Sleep(time.Millisecond) // until it has run, or the test times out
	}
	if code, stderr := end(); code != 0 || !strings.Contains(stderr, "Web server pid ") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

func TestBrowseRefuses(t *testing.T) {
	for _, test := range []struct{ arg, want string }{
		{"--port=x", "'x' is no port"},
		{"--port=65536", "'65536' is no port"},
		{"--hostname=192.0.2.1", "ninja: error: browse: listen"},
		{"--colour", "browse: unrecognized option '--colour'"},
	} {
		var stdout, stderr bytes.Buffer
		env := ninjacmd.Env{Stdout: &stdout, Stderr: &stderr, Getenv: none, Browse: Serve}
		if code := ninjacmd.Main(t.Context(), env, []string{"-t", "browse", "--no-browser", test.arg}); code != 1 || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("%s: code %d and %s", test.arg, code, &stderr)
		}
	}
}
