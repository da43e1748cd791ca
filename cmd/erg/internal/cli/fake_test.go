package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"erg.build/erg/contexts/graph"
)

// A fakeApp notes what it is asked for.
type fakeApp struct {
	called  string // the method
	common  Common
	options any
	err     error // what methods return
	drawn   *graph.Graph
}

func (a *fakeApp) note(name string, c Common, options any) error {
	a.called, a.common, a.options = name, c, options
	return a.err
}

func (a *fakeApp) Plan(_ context.Context, c Common, o PlanOptions) error { return a.note("plan", c, o) }
func (a *fakeApp) Build(_ context.Context, c Common, o BuildOptions) error {
	return a.note("build", c, o)
}
func (a *fakeApp) Test(_ context.Context, c Common, o TestOptions) error { return a.note("test", c, o) }
func (a *fakeApp) Run(_ context.Context, c Common, o RunOptions) error   { return a.note("run", c, o) }
func (a *fakeApp) Install(_ context.Context, c Common, o InstallOptions) error {
	return a.note("install", c, o)
}
func (a *fakeApp) Why(_ context.Context, c Common, o WhyOptions) error { return a.note("why", c, o) }
func (a *fakeApp) Stats(_ context.Context, c Common, o StatsOptions) error {
	return a.note("stats", c, o)
}
func (a *fakeApp) Describe(_ context.Context, c Common) error { return a.note("describe", c, nil) }
func (a *fakeApp) Merlin(_ context.Context, c Common) error   { return a.note("ocaml-merlin", c, nil) }
func (a *fakeApp) Clean(_ context.Context, c Common, o CleanOptions) error {
	return a.note("clean", c, o)
}
func (a *fakeApp) StoreStats(_ context.Context, c Common) error { return a.note("store stats", c, nil) }
func (a *fakeApp) StoreGC(_ context.Context, c Common, o StoreGCOptions) error {
	return a.note("store", c, o)
}
func (a *fakeApp) Promote(_ context.Context, c Common, o PromoteOptions) error {
	return a.note("promote", c, o)
}

func (a *fakeApp) Graph(_ context.Context, c Common, o GraphOptions) (*graph.Graph, error) {
	return a.drawn, a.note("graph", c, o)
}

func (a *fakeApp) LockSources(_ context.Context, c Common, o LockOptions) error {
	return a.note("lock", c, o)
}

func (a *fakeApp) ListSources(_ context.Context, c Common) error {
	return a.note("list", c, nil)
}

func (a *fakeApp) Ninja(_ context.Context, c Common, args []string) error {
	return a.note("ninja", c, args)
}

// Format accepts what has no tab and indents nothing.
func (a *fakeApp) Format(name string, src []byte) ([]byte, error) {
	if bytes.Contains(src, []byte("\t")) {
		return nil, fmt.Errorf("%s:1: a tab", name)
	}
	return bytes.ReplaceAll(src, []byte("  "), []byte(" ")), nil
}

func (a *fakeApp) Complete(_ context.Context, c Common, o Completion) []string {
	if len(c.Contexts) > 0 {
		return []string{"in:" + strings.Join(c.Contexts, "+")}
	}
	return []string{fmt.Sprintf("%s:%s", o.Of, o.Prefix)}
}

// A result is what a command line did.
type result struct {
	app            *fakeApp
	code           int
	stdout, stderr string
}

// try runs a command line with a fakeApp in a directory.
func try(t *testing.T, dir string, args ...string) result {
	t.Helper()
	return tryWith(t, &fakeApp{drawn: &graph.Graph{}}, "", append([]string{"-C", dir}, args...)...)
}

func tryWith(t *testing.T, app *fakeApp, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Execute(t.Context(), Deps{
		App: app, Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr,
		Getenv: func(string) string { return "" }, Schema: "7",
	}, args)
	return result{app, code, stdout.String(), stderr.String()}
}

func (r result) want(t *testing.T, code int, stdout, stderr string) {
	t.Helper()
	if r.code != code || r.stdout != stdout || r.stderr != stderr {
		t.Errorf("got code %d, stdout\n%s\nstderr\n%s\nwant code %d, stdout\n%s\nstderr\n%s",
			r.code, r.stdout, r.stderr, code, stdout, stderr)
	}
}

var errTest = errors.New("the disk is on fire")
