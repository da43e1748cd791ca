package why

import (
	"fmt"
	"strings"
	"testing"

	"erg.build/erg/engine"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

// state makes a trace of actions and elements.
func state(records ...any) *trace.State {
	s := trace.NewState()
	for _, r := range records {
		switch r := r.(type) {
		case *trace.Action:
			s.SetAction(r)
		case *trace.Element:
			s.SetElement(r)
		}
	}
	return s
}

func sum(s string) string { return digest.OfString(s).String() }

func made(name, out string, deps ...string) *trace.Action {
	a := &trace.Action{Name: name, Context: "app", Target: "app//:rule." + name, Outs: []trace.Out{{Path: out}}, Ran: 1, Changed: 1,
		Why: []trace.Change{{What: "first build", Name: out}}}
	for _, d := range deps {
		a.Deps = append(a.Deps, trace.Dep{Path: d, Digest: digest.OfString(d)})
	}
	return a
}

// ran says that an action ran again in a build, for reasons.
func ran(a *trace.Action, rev uint32, why ...trace.Change) *trace.Action {
	a.Ran, a.Changed, a.Why = rev, rev, why
	return a
}

func input(name, old, new string) trace.Change {
	return trace.Change{What: "input", Name: name, Old: sum(old), New: sum(new)}
}

func text(t *testing.T, in Input, address string) string {
	t.Helper()
	e, err := Explain(in, address, address)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := e.Text(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What has changed again since the change that is explained says so: the
// trace keeps the last reasons only.
func TestChangedAgain(t *testing.T) {
	s := state(
		ran(made("gen", "_build/app/gen", "src"), 5, input("src", "2", "3")),
		ran(made("head", "_build/app/head", "_build/app/gen"), 3, input("_build/app/gen", "a", "b")))
	want(t, text(t, Input{State: s}, "app//:rule.head"), `head
  ran: input _build/app/gen  ca9781… → 3e23e8…  (build 3)
  ← gen    ran again in build 5: input src  d4735e… → 4e0740…
    ← src  edited  d4735e… → 4e0740…
`)
}

// A run without an effect is told of, and does not stand for the change.
func TestRunWithoutEffect(t *testing.T) {
	gen := ran(made("gen", "_build/app/gen", "src"), 2, input("src", "1", "2"))
	gen.Cause, gen.Why, gen.Ran = gen.Why, []trace.Change{input("src", "2", "3")}, 4
	head := ran(made("head", "_build/app/head", "_build/app/gen"), 2, input("_build/app/gen", "a", "b"))
	in := Input{State: state(gen, head)}
	if got := text(t, in, "app//:rule.gen"); !strings.Contains(got, "ran: input src  d4735e… → 4e0740…; what it makes is unchanged since build 2  (build 4)") {
		t.Errorf("got\n%s", got)
	}
	if got := text(t, in, "app//:rule.head"); !strings.Contains(got, "← src  edited  6b86b2… → d4735e…") {
		t.Errorf("got\n%s", got)
	}
}

func TestReasons(t *testing.T) {
	for what, c := range map[string]trace.Change{
		"ran: another cc  ca9781… → 3e23e8…":                        {What: "tool", Name: "cc", Old: sum("a"), New: sum("b")},
		"ran: arguments a b c → d " + strings.Repeat("x", 45) + "…": {What: "argument", Name: "2", Old: "a\nb\x1bc", New: "d " + strings.Repeat("x", 90)},
		"ran: LANG=C → de":                             {What: "environment", Name: "LANG", Old: "C", New: "de"},
		"ran: what it made was missing or modified":    {What: "output", Name: "x", Old: "as made", New: "missing or modified"},
		"ran: the last run failed":                     {What: "the last run failed"},
		"ran: input src  added":                        {What: "input", Name: "src", New: sum("a")},
		"ran: input src  no longer read":               {What: "input", Name: "src", Old: sum("a")},
		"ran: input src  absent → ca9781…":             {What: "input", Name: "src", Old: absent, New: sum("a")},
		"ran: flags -O1 → -O2":                         {What: "argument", Name: "3", Old: "-O1", New: "-O2"},
		"ran: arguments added: now":                    {What: "argument", Name: "3", New: "now"},
		"ran: expected s:a.txt → s:b.txt":              {What: "expected", Old: "s:a.txt", New: "s:b.txt"},
		"ran: arguments (sensitive 1) → (sensitive 2)": {What: "argument", Name: "1", Old: "(sensitive 1)", New: "(sensitive 2)"},
		"ran: sandbox  → on":                           {What: "sandbox", New: "on"},
		"ran: first build":                             {What: "first build"},
		"ran: stdin s:a → s:b":                         {What: "stdin", Old: "s:a", New: "s:b"},
		"ran: an input changed while it ran":           {What: "an input changed while it ran"},
	} {
		got := text(t, Input{State: state(ran(made("gen", "_build/app/gen"), 2, c))}, "app//:rule.gen")
		if line := strings.Split(got, "\n")[1]; line != "  "+what+"  (build 2)" {
			t.Errorf("%+v: got %q, want %q", c, line, what)
		}
	}
}

// Many inputs are counted, not listed.
func TestManyInputs(t *testing.T) {
	var why []trace.Change
	for i := range 30 {
		why = append(why, input(fmt.Sprint("src", i), "1", "2"))
	}
	got := text(t, Input{State: state(ran(made("gen", "_build/app/gen"), 2, why...))}, "app//:rule.gen")
	if !strings.Contains(got, "ran: 30 inputs changed") || !strings.Contains(got, "← … and 22 more") || strings.Count(got, "\n") != 11 {
		t.Errorf("got\n%s", got)
	}
}

// Of values that read each other in a ring, which traces of different builds
// may have, each is explained once.
func TestRing(t *testing.T) {
	s := state(
		&trace.Element{Address: "local.a", Value: "1", Deps: []string{"element:local.b"}},
		&trace.Element{Address: "local.b", Value: "2", Deps: []string{"element:local.a"}})
	if got := text(t, Input{State: s}, "local.a"); !strings.Contains(got, "(see above)") {
		t.Errorf("got\n%s", got)
	}
}

func TestNow(t *testing.T) {
	s := state(made("gen", "_build/app/gen", "src"), made("head", "_build/app/head", "_build/app/gen"))
	plan := []engine.PlannedAction{
		{Name: "gen", Output: "_build/app/gen", Verdict: engine.WouldRun, Why: []trace.Change{input("src", "1", "2")}},
		{Name: "head", Output: "_build/app/head", Verdict: engine.MayRun, After: []string{"_build/app/gen"}},
	}
	got := text(t, Input{State: s, Planned: plan}, "app//:rule.head")
	if !strings.HasSuffix(got, `now: a build may run it again
  ← head     may run
    ← gen    input src  6b86b2… → d4735e…
      ← src  edited  6b86b2… → d4735e…
`) {
		t.Errorf("got\n%s", got)
	}
	plan[1].Verdict, plan[1].After = engine.WouldRestore, nil
	if got := text(t, Input{State: s, Planned: plan}, "app//:rule.head"); !strings.HasSuffix(got, "now: it is not in _build; a build would restore it\n") {
		t.Errorf("got\n%s", got)
	}
	if got := text(t, Input{State: s, Unavailable: "of errors"}, "app//:rule.head"); !strings.HasSuffix(got, "now: what a build would do is not known: of errors\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestUnknown(t *testing.T) {
	s := state(made("gen", "_build/app/gen"))
	for address, want := range map[string]string{
		"app//:rule.gem": "nothing is known of app//:rule.gem; did you mean app//:rule.gen?",
		"nothing":        "nothing is known of nothing",
		"a b":            `nothing is known of a b: invalid context's name "a b": a name is a letter or underscore, then letters, digits, underscores and dashes`,
	} {
		if _, err := Explain(Input{State: s}, address, ""); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", address, err, want)
		}
	}
}

func TestDiffering(t *testing.T) {
	long := strings.Repeat("x", 40)
	for _, c := range []struct{ old, new, was, is string }{
		{"a", "b", "a", "b"},
		{long + "1" + long, long + "2" + long, "…" + strings.Repeat("x", 16) + "1" + strings.Repeat("x", 29) + "…", "…" + strings.Repeat("x", 16) + "2" + strings.Repeat("x", 29) + "…"},
	} {
		if was, is := differing(c.old, c.new); was != c.was || is != c.is {
			t.Errorf("differing(%q, %q) = %q, %q", c.old, c.new, was, is)
		}
	}
}
