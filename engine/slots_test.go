package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"erg.build/erg/engine/jobserver"
	"erg.build/erg/engine/sandbox"
)

// tokens is an action that takes all tokens it finds at the place that
// MAKEFLAGS names, writes them and the place to its output, and gives them
// back.
const tokens = `
auth=${MAKEFLAGS##*--jobserver-auth=}
case $auth in
fifo:*) exec 8<"${auth#fifo:}" 9>"${auth#fifo:}" ;;
*) eval "exec 8<&${auth%,*} 9>&${auth#*,}" ;;
esac
t=$(dd bs=1 count=2 <&8 2>/dev/null)
printf %s "$t" >&9
echo "$t$MAKEFLAGS" > "$1"`

func TestJobserverOfAction(t *testing.T) {
	for _, m := range []sandbox.Method{sandbox.None, sandbox.Namespaces} {
		if err := sandbox.Usable(m); err != nil {
			t.Logf("%s: %v", m, err)
			continue
		}
		w := newWorld(t)
		w.opts.Jobs = 3
		plain := sh("c", "plain", `echo "$MAKEFLAGS" > "$1"`, nil, "_build/c/plain")
		pipe := sh("c", "pipe", tokens, nil, "_build/c/pipe")
		pipe.Jobserver = true
		fifo := sh("c", "fifo", ": ninja\n"+tokens, nil, "_build/c/fifo")
		fifo.Jobserver = true
		pipe.Sandbox, fifo.Sandbox = m != sandbox.None, m != sandbox.None
		// One after the other, so that each finds all tokens.
		fifo.Inputs = []string{"_build/c/pipe"}
		w.rules = define(plain, pipe, fifo)
		w.make("_build/c/plain", "_build/c/fifo").ok(t, "fifo", "pipe", "plain")
		if got := w.read("_build/c/plain"); got != "\n" {
			t.Errorf("who did not ask was told %q", got)
		}
		if got, want := w.read("_build/c/pipe"), "++ -j3 --jobserver-auth="; !strings.HasPrefix(got, want) || strings.Contains(got, "fifo:") {
			t.Errorf("%s: %q, want %q and two descriptors", m, got, want)
		}
		want := "++ -j3 --jobserver-auth=fifo:" + w.root
		if m == sandbox.Namespaces {
			want = "++ -j3 --jobserver-auth=fifo:/proc/self/fd/"
		}
		if got := w.read("_build/c/fifo"); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q…", m, got, want)
		}
		// How many jobs there may be is no part of the key.
		w.opts.Jobs = 5
		w.remove("_build/c/pipe")
		w.make().ok(t)
		if left, _ := filepath.Glob(filepath.Join(w.root, StateDir, scratchDir, "*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// TestJobserverOfParent checks that the pool of a parent limits a session, and
// has all its tokens afterwards.
func TestJobserverOfParent(t *testing.T) {
	parent, err := jobserver.Serve(filepath.Join(t.TempDir(), "jobs"), 3)
	if err != nil {
		t.Fatal(err)
	}
	defer parent.Close()
	w := newWorld(t)
	w.opts.Jobs = 8
	flags := parent.Environ(nil, 3, jobserver.Fifo)[0]
	if w.opts.Jobserver, err = jobserver.Join(func(string) string { return strings.TrimPrefix(flags, "MAKEFLAGS=") }); err != nil {
		t.Fatal(err)
	}
	defer w.opts.Jobserver.Close()
	var want []string
	var all []string
	log := filepath.Join(t.TempDir(), "log")
	w.rules = func(t *Task) error {
		want, all = nil, nil
		for _, name := range strings.Fields("a b c d e f g h") {
			s := sh("c", name, "echo + >> "+log+"; sleep 0.02; echo - >> "+log+`; echo `+name+` > "$1"`, nil, "_build/c/"+name)
			want, all = append(want, name), append(all, s.Outputs...)
			if err := t.Define(s); err != nil {
				return err
			}
		}
		return t.Build(all...)
	}
	w.make("_build/c/a").ok(t, strings.Fields("a b c d e f g h")...)
	if most := mostAtOnce(t, log); most > 3 {
		t.Errorf("%d processes at once; the parent has 3 slots", most)
	}
	n := 0
	for parent.Take() {
		n++
	}
	if n != 2 {
		t.Errorf("%d tokens in the end, want 2", n)
	}
}

// mostAtOnce reads a log of + and -.
func mostAtOnce(t *testing.T, log string) (most int) {
	t.Helper()
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		if n--; line[0] == '+' {
			n += 2
		}
		most = max(most, n)
	}
	return most
}
