package plan

import (
	"strings"
	"testing"

	"erg.build/erg/contexts"
	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
	"erg.build/erg/engine/trace"
)

func described(names ...string) []contexts.Description {
	var out []contexts.Description
	for _, n := range names {
		c := addr.Context{Name: n}
		out = append(out, contexts.Description{Context: c, Host: c})
	}
	return out
}

func action(context, name, work string, v engine.Verdict) engine.PlannedAction {
	return engine.PlannedAction{Name: name, Context: context, Output: "_build/" + context + "/" + name, Work: work, Verdict: v}
}

// Equal work of two contexts counts once, and a copy of what is there counts
// as what it copies.
func TestEqualWorkCountsOnce(t *testing.T) {
	p := New(Input{Contexts: described("a", "b"), Last: trace.NewState(), Actions: []engine.PlannedAction{
		action("b", "cc x.c", "1", engine.WouldRun),
		action("a", "cc x.c", "1", engine.WouldRun),
		action("b", "cc y.c", "2", engine.WouldRun),
		action("a", "cc z.c", "3", engine.UpToDate),
		action("b", "cc z.c", "", engine.WouldRestore),
	}})
	if want := (Summary{Run: 2, Unchanged: 1}); p.Summary != want {
		t.Errorf("got %+v, want %+v", p.Summary, want)
	}
	wantText(t, p, `context a
  run      cc          1  x.c
  1 unchanged

context b
  run      cc          1  y.c
  1 to copy from an equal context, 1 done once with a

Plan: 2 to run, 1 unchanged
`)
}

func wantText(t *testing.T, p *Plan, want string) {
	t.Helper()
	var b strings.Builder
	if err := p.Text(&b, false); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// A value that was not evaluated to anything is predicted from the last
// build. The prediction is as good as what it was made from.
func TestPredictions(t *testing.T) {
	last := trace.NewState()
	for _, e := range []*trace.Element{
		{Address: "context.a.settings.x", Value: `"old"`, Deps: []string{"element:context.a.output.o"}},
		{Address: "context.a.settings.y", Value: `"ring"`, Deps: []string{"element:context.a.settings.y"}},
		{Address: "context.a.settings.z", Value: `"z"`, Deps: []string{"element:var.v"}},
		{Address: "context.a.output.secret", Value: `"0f"`, Sensitive: true},
		{Address: "var.v", Value: `"before"`},
	} {
		last.Elements()[e.Address] = e
	}
	values := map[string]*contexts.Value{
		"context.a.output.o":      {Type: "string", Predicted: `"old"`, Unchanged: true},
		"context.a.output.new":    {Type: "string"},
		"context.a.output.secret": {Type: "string", Sensitive: true},
		"context.a.output.lib":    {Type: "library", Opaque: true},
		"context.a.settings.x":    {Type: "string"},
		"context.a.settings.y":    {Type: "string"},
		"context.a.settings.z":    {Type: "string"},
		"var.v":                   {Type: "string", JSON: `"after"`},
	}
	p := New(Input{Contexts: described("a"), Last: last, Values: values, Actions: []engine.PlannedAction{action("a", "cc x.c", "1", engine.WouldRun)}})
	wantText(t, p, `var.v  "after"

context a
  settings.x     (predicted) "old"  (inputs unchanged)
  settings.y     (predicted) "ring"  (inputs changed)
  settings.z     (predicted) "z"  (inputs changed)
  output.lib     library
  output.new     (known after build)
  output.o       (predicted) "old"  (inputs unchanged)
  output.secret  (predicted) (sensitive)  (inputs changed)
  run      cc          1  x.c

Plan: 1 to run
`)
	var b strings.Builder
	if err := p.JSON(&b); err != nil || strings.Contains(b.String(), "0f") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestNothingToDo(t *testing.T) {
	wantText(t, New(Input{Last: trace.NewState()}), "Nothing to do\n")
}

func TestNames(t *testing.T) {
	many := make([]string, 40)
	for i := range many {
		many[i] = "lib/x" + string(rune('a'+i%26)) + ".c"
	}
	got := names(many, 60)
	if len([]rune(got)) > 60 || !strings.HasSuffix(got, " more") || !strings.HasPrefix(got, "lib/xa.c, lib/xb.c") {
		t.Errorf("got %q", got)
	}
	if got := names([]string{strings.Repeat("x", 80), "y"}, 60); got != strings.Repeat("x", 80)+", … and 1 more" {
		t.Errorf("got %q", got)
	}
	if got := cut(strings.Repeat("ä", 10), 5); got != "ääää…" {
		t.Errorf("got %q", got)
	}
}
