package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/sandbox"
)

// The test binary is also the programs that tests run: see helpers.
func TestMain(m *testing.M) {
	sandbox.Main()
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "helper:") {
		name := strings.TrimPrefix(os.Args[1], "helper:")
		if err := helpers[name](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	sandbox.Shutdown()
	os.Exit(code)
}

// helpers are the programs, by name; files register theirs.
var helpers = map[string]func(args []string) error{
	"fakecc": fakecc,
}

// fakecc is a deterministic compiler: fakecc SRC OUT DEPFILE DIR... writes
// what the lines of SRC say. "include F" is replaced by the content of F in
// the first DIR that has it, "warn T" prints T, "fail" fails, any other line
// is copied. The depfile lists what was read.
func fakecc(args []string) error {
	src, out, dep, dirs := args[0], args[1], args[2], args[3:]
	deps := []string{src}
	var b bytes.Buffer
	var compile func(name string) error
	compile = func(name string) error {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch verb {
			case "include":
				found := false
				for _, d := range dirs {
					h := filepath.Join(d, rest)
					if _, err := os.Stat(h); err == nil {
						deps = append(deps, h)
						if err := compile(h); err != nil {
							return err
						}
						found = true
						break
					}
				}
				if !found {
					return fmt.Errorf("%s: %s: no such header", name, rest)
				}
			case "warn":
				fmt.Printf("%s: warning: %s\n", name, rest)
			case "fail":
				return fmt.Errorf("%s: error: %s", name, rest)
			default:
				b.WriteString(line)
			}
		}
		return nil
	}
	if err := compile(src); err != nil {
		return err
	}
	if dep != "-" {
		if err := os.WriteFile(dep, []byte(out+": "+strings.Join(deps, " \\\n ")+"\n"), 0o666); err != nil {
			return err
		}
	}
	return os.WriteFile(out, b.Bytes(), 0o666)
}

// self is the test binary as a tool.
func self() string {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return exe
}

// A world is a workspace, a store and the rules to build by.
type world struct {
	t     testing.TB
	root  string
	store string
	env   map[string]string
	fs    fsys.FS
	build string // the BuildID
	opts  SessionOptions
	goal  string
	rules func(t *Task) error // defines actions; nil for none
	pure  bool                // the rules depend only on what they read through the task
	box   sandbox.Method
	want  []string // what to build
	null  bool     // ask the trace alone first
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return &world{t: t, root: t.TempDir(), store: t.TempDir(), env: map[string]string{}, build: "test", opts: SessionOptions{Jobs: 4}}
}

// in returns a world like w in another workspace, with the same store.
func (w *world) in(root string) *world {
	v := *w
	v.root = root
	return &v
}

func (w *world) write(files ...string) {
	w.t.Helper()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(w.root, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o666); err != nil {
			w.t.Fatal(err)
		}
	}
	// A file that was modified in the tick of the clock in which an action
	// starts may have been modified after that.
	nextTick()
}

// nextTick waits until what is modified has a later stamp.
func nextTick() {
	for now := time.Now().UnixNano(); coarseNow() <= now; {
		time.Sleep(time.Millisecond)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.root, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func (w *world) has(name string) bool {
	_, err := os.Lstat(filepath.Join(w.root, name))
	return err == nil
}

func (w *world) remove(name string) {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.root, name)); err != nil {
		w.t.Fatal(err)
	}
}

// A built is what one build came to.
type built struct {
	Result
	null    *NullResult // set when the trace alone answered
	resumed bool        // what ran did so from the trace alone
	err     error       // of the root query
	finish  error       // of Finish
	events  []event.Event
	session *Session
}

// ran lists the names of actions for which a process ran well, sorted.
func (b *built) ran() []string { return b.named(event.Ran) }

func (b *built) named(st event.Status) []string {
	names := []string{}
	for _, e := range b.events {
		if f, ok := e.(event.ActionFinished); ok && f.Status == st {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (b *built) finished(name string) *event.ActionFinished {
	for _, e := range b.events {
		if f, ok := e.(event.ActionFinished); ok && f.Name == name {
			return &f
		}
	}
	return nil
}

func (b *built) messages() string {
	var s strings.Builder
	for _, e := range b.events {
		if m, ok := e.(event.Message); ok {
			fmt.Fprintf(&s, "%s: %s\n", m.Level, m.Text)
		}
	}
	return s.String()
}

func (w *world) open(ctx context.Context) *Engine {
	w.t.Helper()
	e, err := Open(ctx, Options{Root: w.root, StoreDir: w.store, FS: w.fs, BuildID: w.build, Sandbox: w.box,
		Env: func(n string) string { return w.env[n] }})
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// make builds: from the trace alone if that is enough, else by evaluation.
func (w *world) make(want ...string) *built {
	w.t.Helper()
	if want != nil {
		w.want = want
	}
	w.null = w.opts.Mode == Build && !w.opts.Rerun
	defer func() { w.null = false }()
	// Other rules are another configuration.
	if !w.pure {
		w.env["RULES"] = fmt.Sprintf("%x", *(*uintptr)(unsafe.Pointer(&w.rules)))
	}
	return w.eval(func(t *Task) error {
		t.Getenv("RULES")
		if w.rules != nil {
			if err := w.rules(t); err != nil {
				return err
			}
		}
		return t.Build(w.want...)
	})
}

// eval runs a root query in a session of its own, under a timeout.
func (w *world) eval(fn func(t *Task) error) *built {
	w.t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), 60*time.Second, errors.New("the test timed out"))
	defer cancel()
	e := w.open(ctx)
	defer e.Close()
	return w.evalIn(ctx, e, fn)
}

func (w *world) evalIn(ctx context.Context, e *Engine, fn func(t *Task) error) *built {
	w.t.Helper()
	goal := w.goal
	if goal == "" {
		goal = strings.Join(w.want, " ")
	}
	b := &built{}
	look := &Look{}
	if w.null {
		if look = e.Look(goal); look.Null != nil {
			b.null = look.Null
			return b
		}
	}
	o := w.opts
	o.Goal = goal
	var mu sync.Mutex
	o.Sink = event.SinkFunc(func(ev event.Event) {
		mu.Lock()
		b.events = append(b.events, ev)
		mu.Unlock()
	})
	s := e.NewSession(ctx, o)
	b.session = s
	if b.resumed, b.err = s.Resume(look); !b.resumed {
		b.err = s.Eval(fn)
	}
	b.finish = s.Finish(b.err == nil, []byte("summary"))
	b.Result = s.Result()
	if ctx.Err() != nil {
		w.t.Fatal(context.Cause(ctx))
	}
	checkEvents(w.t, b.events)
	return b
}

// checkEvents holds a stream of events against what package event promises.
func checkEvents(t testing.TB, events []event.Event) {
	t.Helper()
	started, finished := map[int]bool{}, map[int]bool{}
	lanes := map[int]int{}
	for _, e := range events {
		switch e := e.(type) {
		case event.ActionStarted:
			if started[e.ID] {
				t.Errorf("%q (%d) started twice", e.Name, e.ID)
			}
			if other, busy := lanes[e.Lane]; busy {
				t.Errorf("%q started in lane %d, where %d runs", e.Name, e.Lane, other)
			}
			started[e.ID], lanes[e.Lane] = true, e.ID
		case event.ActionFinished:
			if finished[e.ID] {
				t.Errorf("%q (%d) finished twice", e.Name, e.ID)
			}
			finished[e.ID] = true
			if lanes[e.Lane] == e.ID {
				delete(lanes, e.Lane)
			}
			if (e.Err != nil) != (e.Status == event.Failed) {
				t.Errorf("%q: status %s with error %v", e.Name, e.Status, e.Err)
			}
		case event.ActionShared:
			if !started[e.ID] && !finished[e.ID] {
				t.Errorf("%d is shared before it began", e.ID)
			}
		case event.Progress:
			if e.Done > e.Total {
				t.Errorf("progress %d of %d", e.Done, e.Total)
			}
		}
	}
	for id := range started {
		if !finished[id] {
			t.Errorf("%d started and never finished", id)
		}
	}
}

// ok fails the test unless the build went well and ran just these actions.
func (b *built) ok(t testing.TB, ran ...string) *built {
	t.Helper()
	if b.err != nil || b.finish != nil {
		t.Fatalf("build failed: %v, %v\n%s", b.err, b.finish, b.failures())
	}
	if ran == nil {
		ran = []string{}
	}
	slices.Sort(ran)
	if got := b.ran(); !slices.Equal(got, ran) {
		t.Fatalf("ran %q, want %q", got, ran)
	}
	if b.Ran != len(ran) {
		t.Fatalf("Result counts %d processes, want %d", b.Ran, len(ran))
	}
	return b
}

// isNull fails the test unless the trace alone answered.
func (b *built) isNull(t testing.TB) *built {
	t.Helper()
	if b.null == nil && !(b.resumed && b.err == nil && b.Ran+b.Restored == 0) {
		t.Fatalf("not answered from the trace alone: ran %q", b.ran())
	}
	return b
}

// evaluated fails the test if the trace alone answered.
func (b *built) evaluated(t testing.TB) *built {
	t.Helper()
	if b.null != nil {
		t.Fatal("answered from the trace alone")
	}
	return b
}

// failed returns the only failure, whose text must hold all of the parts.
func (b *built) failed(t testing.TB, parts ...string) *event.ActionFinished {
	t.Helper()
	if b.err == nil {
		t.Fatal("the build did not fail")
	}
	var f *event.ActionFinished
	for _, e := range b.events {
		if x, ok := e.(event.ActionFinished); ok && x.Status == event.Failed {
			f = &x
		}
	}
	if f == nil {
		t.Fatalf("no action failed: %v", b.err)
	}
	for _, p := range parts {
		if !strings.Contains(b.failures(), p) {
			t.Fatalf("the failure does not say %q:\n%s", p, b.failures())
		}
	}
	return f
}

func (b *built) failures() string {
	var s strings.Builder
	for _, e := range b.events {
		if f, ok := e.(event.ActionFinished); ok && f.Status == event.Failed {
			fmt.Fprintf(&s, "%s: %v\n%s\n", f.Name, f.Err, f.Output)
		}
	}
	return s.String()
}

// sh is an action of context ctx that runs a script in the workspace. The
// script's $1, $2, … are the inputs and then the outputs.
func sh(ctx, name, script string, inputs []string, outputs ...string) action.Spec {
	s := action.Spec{Name: name, Context: ctx, Target: ctx + "//:" + name, Root: "_build/" + ctx,
		Argv: []string{"/bin/sh", "-c", script, "sh"}, Env: []string{"PATH=/usr/bin:/bin"},
		Inputs: inputs, Outputs: outputs}
	for _, p := range append(slices.Clone(inputs), outputs...) {
		s.Argv = append(s.Argv, action.Ref(p))
	}
	return s
}

// cat is an action that writes its inputs to its output.
func cat(ctx, out string, inputs ...string) action.Spec {
	refs := ""
	for i := range inputs {
		refs += fmt.Sprintf(` "${%d}"`, i+1)
	}
	return sh(ctx, "cat "+out, fmt.Sprintf(`cat%s > "${%d}"`, refs, len(inputs)+1), inputs, out)
}

// cc is an action that compiles with fakecc.
func cc(ctx, src, out string, order, include []string) action.Spec {
	s := action.Spec{Name: "cc " + out, Context: ctx, Target: ctx + "//:" + out, Root: "_build/" + ctx,
		Env:    []string{"GORACE=atexit_sleep_ms=0"},
		Argv:   []string{self(), "helper:fakecc", action.Ref(src), action.Ref(out), action.Ref(out + ".d")},
		Inputs: []string{src}, Order: order, Outputs: []string{out}, Depfile: out + ".d", Include: include,
		Tools: []action.Tool{{Name: "fakecc", Identity: digest.OfString("fakecc 1")}}}
	for _, d := range include {
		s.Argv = append(s.Argv, action.Ref(d))
	}
	return s
}

// define returns rules that define the given actions.
func define(specs ...action.Spec) func(t *Task) error {
	return func(t *Task) error {
		for _, s := range specs {
			if err := t.Define(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// copyTree copies a directory, as cp -a does.
func copyTree(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, name)
		dst := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(dst, 0o777)
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		in, err := os.Open(name)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.OpenFile(dst, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fi.Mode().Perm())
		if err != nil {
			return err
		}
		if _, err = io.Copy(out, in); err != nil {
			return err
		}
		if err := out.Close(); err != nil {
			return err
		}
		return os.Chtimes(dst, fi.ModTime(), fi.ModTime())
	})
	if err != nil {
		t.Fatal(err)
	}
}
