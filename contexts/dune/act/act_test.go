package act

import (
	"reflect"
	"slices"
	"testing"

	"erg.build/erg/engine/action"
)

func TestEncode(t *testing.T) {
	a := With(OpProgn, nil, New(OpEcho), New(OpRun, "p", "a b", ""), With(OpChdir, []string{"d"}, With(OpIgnore, nil, New(OpCat, "x"))))
	got, err := Decode(a.Encode())
	if err != nil || !reflect.DeepEqual(got.Encode(), a.Encode()) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range [][]string{nil, {"run"}, {"run", "1", "0"}, {"run", "-1", "0"}, {"run", "0", "1"}, {"run", "0", "0", "more"}, {"run", "x", "0"}, {"progn", "0", "9999999999"}} {
		if a, err := Decode(bad); err == nil {
			t.Errorf("%q is %v", bad, a)
		}
	}
}

func TestCodes(t *testing.T) {
	if got := Codes(func(c int) bool { return c != 1 && c < 5 || c == 255 }); got != "0,2-4,255" {
		t.Error(got)
	}
	for code, want := range map[int]bool{0: true, 1: false, 3: true, 255: true} {
		if Accepts("0,2-4,255", code) != want {
			t.Error(code)
		}
	}
}

// What is one process needs none of erg's.
func TestInto(t *testing.T) {
	spec := func() *action.Spec {
		return &action.Spec{Env: []string{"A=1", "PATH=/bin"}, Inputs: []string{"in"}, Outputs: []string{"_build/c/out"}}
	}
	run := New(OpRun, action.Ref("prog"), "x")
	s := spec()
	With(OpSetenv, []string{"A", "2"}, With(OpStdoutTo, []string{action.Ref("_build/c/out")}, With(OpProgn, nil, With(OpStdinFrom, []string{action.Ref("in")}, run)))).Into(s, "")
	if s.Self || !slices.Equal(s.Argv, run.Args) || s.Stdout != "_build/c/out" || s.Stdin != "in" || !slices.Equal(s.Env, []string{"PATH=/bin", "A=2"}) {
		t.Errorf("%+v", s)
	}
	for name, a := range map[string]*Action{
		"two":                  With(OpProgn, nil, run, run),
		"no output":            With(OpStdoutTo, []string{"elsewhere"}, run),
		"two redirections":     With(OpStdoutTo, []string{action.Ref("_build/c/out")}, With(OpStdoutTo, []string{action.Ref("_build/c/out")}, run)),
		"errors":               With(OpStderrTo, []string{action.Ref("_build/c/out")}, run),
		"other codes accepted": With(OpAccepted, []string{"1"}, run),
	} {
		s := spec()
		if a.Into(s, ""); !s.Self || s.Argv[1] != Command || len(s.Tools) != 1 || s.Stdout != "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	s = spec()
	if run.Into(s, "_build/c/x.tar"); !s.Self || s.Corrections != "_build/c/x.tar" || s.Argv[2] != action.Ref("_build/c/x.tar") {
		t.Errorf("%+v", s)
	}
}
