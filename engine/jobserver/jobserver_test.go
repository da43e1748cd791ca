package jobserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func serve(t *testing.T, slots int) *Pool {
	t.Helper()
	p, err := Serve(filepath.Join(t.TempDir(), "jobs"), slots)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// takeAll takes what there is and says how much that was.
func takeAll(p *Pool) int {
	n := 0
	for p.Take() {
		n++
	}
	return n
}

func take(t *testing.T, p *Pool, n int) {
	t.Helper()
	for range n {
		if !p.Take() {
			t.Fatalf("%d tokens, want %d", p.Held(), n)
		}
	}
}

func giveAll(p *Pool) {
	for p.Held() > 0 {
		p.Give()
	}
}

func env(vars ...string) func(string) string {
	return func(name string) string {
		for _, v := range vars {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

func TestServe(t *testing.T) {
	p := serve(t, 3)
	for range 2 {
		if n := takeAll(p); n != 2 || p.Held() != 2 {
			t.Fatalf("took %d, holds %d; 3 slots are 2 tokens", n, p.Held())
		}
		giveAll(p)
	}
	if one := serve(t, 1); one.Take() {
		t.Error("one slot is the implicit one, and no token")
	}
	name := p.fifo
	p.Close()
	if _, err := os.Lstat(name); err == nil {
		t.Errorf("%s is left", name)
	}
}

func TestServeElsewhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a name with blanks")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	p, err := Serve(filepath.Join(dir, "jobs"), 2)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(p.fifo, " ") {
		t.Errorf("MAKEFLAGS cannot carry %q", p.fifo)
	}
	made := filepath.Dir(p.fifo)
	p.Close()
	if _, err := os.Lstat(made); err == nil {
		t.Errorf("%s is left", made)
	}
	if p, err := Serve("/none/such", 1<<20); err != nil {
		t.Error(err)
	} else {
		if n := takeAll(p); n != maxTokens {
			t.Errorf("%d tokens of a pool that holds %d", n, maxTokens)
		}
		p.Close()
	}
}

func TestJoinFifo(t *testing.T) {
	p := serve(t, 4)
	c, err := Join(env("MAKEFLAGS=" + flags{}.with(4, "fifo:"+p.fifo)))
	if err != nil {
		t.Fatal(err)
	}
	if c.Slots() != 4 {
		t.Errorf("%d slots, want 4", c.Slots())
	}
	take(t, c, 2)
	if n := takeAll(p); n != 1 {
		t.Errorf("the server finds %d tokens, want 1", n)
	}
	giveAll(p)
	c.Refill() // is not the client's to do
	c.Close()
	if n := takeAll(p); n != 3 {
		t.Errorf("%d tokens after the client has gone, want 3", n)
	}
	if _, err := os.Lstat(p.fifo); err != nil {
		t.Error("a client removed the fifo")
	}
}

// TestJoinPipe checks that nothing is done to a pipe that others share.
func TestJoinPipe(t *testing.T) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], 0); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	unix.Write(fds[1], []byte("ab"))
	c, err := Join(env(fmt.Sprintf("CARGO_MAKEFLAGS=-j --jobserver-fds=9,9 --jobserver-auth=%d,%d", fds[0], fds[1])))
	if err != nil {
		t.Fatal(err)
	}
	if n := takeAll(c); n != 2 {
		t.Errorf("%d tokens, want 2", n)
	}
	for _, fd := range fds {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != 0 {
			t.Errorf("descriptor %d: flags %#x, %v", fd, flags, err)
		}
	}
	c.Close()
	var b [3]byte
	n, _ := unix.Read(fds[0], b[:])
	got := b[:n]
	slices.Sort(got)
	if string(got) != "ab" {
		t.Errorf("it gave back %q, and took ab", got)
	}
}

func TestJoinUnavailable(t *testing.T) {
	if p, err := Join(env("MAKEFLAGS=k -j4")); p != nil || err != nil {
		t.Errorf("%v, %v without a jobserver", p, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for auth, want := range map[string]string{
		"900,901":         "it was not handed on as descriptor 900; in a makefile, put + before the command",
		"-2,-2":           "it is not for this command; in a makefile",
		"0,x":             "neither a pair of descriptors nor a fifo",
		"fifo:" + file:    "is not a pipe",
		"fifo:/none/such": "no such file or directory",
	} {
		p, err := Join(env("MAKEFLAGS= -j2 --jobserver-auth=" + auth))
		var u *UnavailableError
		if p != nil || !errors.As(err, &u) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), auth) {
			t.Errorf("%s: %v, %v; want %q", auth, p, err, want)
		}
	}
}

func TestRefill(t *testing.T) {
	p := serve(t, 4)
	c, err := Join(env("MAKEFLAGS=--jobserver-auth=fifo:" + p.fifo))
	if err != nil {
		t.Fatal(err)
	}
	take(t, p, 1)
	take(t, c, 2)
	c.taken = nil // it was killed
	c.Close()
	p.Refill()
	if n := takeAll(p); n != 2 {
		t.Errorf("%d tokens beside the one that is held, want 2", n)
	}
	giveAll(p)
	p.put(5) // a client gave back more than it took
	p.Refill()
	if n := takeAll(p); n != 3 {
		t.Errorf("%d tokens, want 3", n)
	}
}

func TestNotify(t *testing.T) {
	p := serve(t, 2)
	if !p.Take() {
		t.Fatal("no token")
	}
	called := make(chan int, 3)
	p.Notify(func() { called <- 1 })
	p.Notify(func() { called <- 2 }) // in its place
	select {
	case n := <-called:
		t.Fatalf("notified (%d) though there is no token", n)
	case <-time.After(10 * time.Millisecond):
	}
	if p.Take() {
		t.Fatal("a token from nowhere")
	}
	p.Give()
	if n := <-called; n != 2 {
		t.Errorf("the first call counted")
	}
	if !p.Take() {
		t.Error("whoever notifies must leave the token")
	}
	p.Notify(func() { called <- 3 })
	p.Close()
	if len(called) > 0 {
		t.Error("notified by closing")
	}
}

func TestFlags(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      " -j8 --jobserver-auth=A",
		"k":                                     "k -j8 --jobserver-auth=A",
		" -j2 --jobserver-auth=3,4":             " -j8 --jobserver-auth=A",
		"ks --jobs=3 -l2.5":                     "ks -l2.5 -j8 --jobserver-auth=A",
		" -j --jobserver-fds=3,4 -- X=-j4 Y=--": " -j8 --jobserver-auth=A -- X=-j4 Y=--",
		"-- X=1":                                " -j8 --jobserver-auth=A -- X=1",
	} {
		if got := parseFlags(in).with(8, "A"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := (flags{}).with(0, "A"); got != " -j --jobserver-auth=A" {
		t.Errorf("without a number: %q", got)
	}
}

func TestEnviron(t *testing.T) {
	p := serve(t, 2)
	base := []string{"A=1", "MAKEFLAGS=s -j9", "CARGO_MAKEFLAGS=-j9", "MFLAGS=-j9", "B=2"}
	for style, auth := range map[Style]string{Pipe: "4,5", Fifo: "fifo:" + p.fifo, OwnFifo: "fifo:/proc/self/fd/4"} {
		want := []string{"A=1", "B=2", "MAKEFLAGS=s -j2 --jobserver-auth=" + auth, "CARGO_MAKEFLAGS= -j2 --jobserver-auth=4,5"}
		if got := p.Environ(base, 4, style); !slices.Equal(got, want) {
			t.Errorf("style %d: %q, want %q", style, got, want)
		}
	}
}

// TestChild has a real process take a token in each style, while this one
// looks on.
func TestChild(t *testing.T) {
	for _, style := range []Style{Pipe, Fifo, OwnFifo} {
		p := serve(t, 3)
		from := map[Style]string{Pipe: "/proc/self/fd/3", Fifo: p.fifo, OwnFifo: "/proc/self/fd/3"}[style]
		// The shell opens the file as ninja would, reads a token and gives it back.
		cmd := exec.Command("/bin/sh", "-c", `exec 8<"$1" 9>"$1"; dd bs=1 count=1 <&8 2>/dev/null; echo " $MAKEFLAGS"; read go; printf + >&9`, "sh", from)
		cmd.Env = p.Environ(nil, 3, style)
		cmd.ExtraFiles = p.Files()
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 200)
		n, _ := out.Read(b)
		for !strings.HasSuffix(string(b[:n]), "\n") {
			m, err := out.Read(b[n:])
			if n += m; err != nil {
				break
			}
		}
		if !strings.HasPrefix(string(b[:n]), "+  -j3 --jobserver-auth=") {
			t.Errorf("style %d: the child says %q", style, b[:n])
		}
		if n := takeAll(p); n != 1 {
			t.Errorf("style %d: %d tokens are left while the child has one", style, n)
		}
		giveAll(p)
		in.Write([]byte("\n"))
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		if n := takeAll(p); n != 2 {
			t.Errorf("style %d: %d tokens in the end", style, n)
		}
	}
}

func TestStyle(t *testing.T) {
	dir := t.TempDir()
	asked := filepath.Join(dir, "asked")
	program := func(name, version string) {
		text := "#!/bin/sh\necho >> " + asked + "\necho '" + version + "'\n"
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	program("old/make", "GNU Make 4.3")
	program("new/make", "GNU Make 4.4.1")
	program("other/make", "bmake 2020")
	var p Prober
	for _, c := range []struct {
		path, command string
		want          Style
	}{
		{"old", "cc -c make.c", Pipe},
		{"old", "cargo build", Pipe},
		{"old", "ninja -C sub", Fifo},
		{"old", "cd sub && make all", Pipe},
		{"old", "cd sub && ninja && make all", Pipe},
		{"old", "(cmake --build sub)", Pipe},
		{"new", "make", Fifo},
		{"new", "cmake --build sub", Fifo},
		{"none", "new/make -C sub", Fifo},
		{"new", "old/make -C sub", Pipe},
		{"other", "make -C sub", Pipe},
		{"none", "make -C sub", Fifo},
	} {
		if got := p.Style(c.command, dir, []string{"PATH=" + filepath.Join(dir, c.path)}); got != c.want {
			t.Errorf("%s with %s: style %d, want %d", c.command, c.path, got, c.want)
		}
	}
	if b, _ := os.ReadFile(asked); len(b) != 3 {
		t.Errorf("asked %d times; three files are make", len(b))
	}
}
