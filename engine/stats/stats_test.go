package stats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

// made is the record of an action of a context that takes some milliseconds
// and makes a file of as many bytes from its inputs; those behind "|" it only
// waits for, and those behind "?" it was found to read.
func made(ctx, out string, ms int, inputs ...string) *trace.Action {
	d := digest.OfString
	a := &trace.Action{Name: "make " + out, Context: ctx, Target: ctx + "//:" + out, Full: d(ctx + out), Key: d(out), Took: time.Duration(ms) * time.Millisecond,
		Peak: int64(ms) << 20, Outs: []trace.Out{{Path: out, Digest: d(out), Size: int64(ms)}}, Recipe: &action.Spec{Outputs: []string{out}}}
	for _, in := range inputs {
		if p, ok := strings.CutPrefix(in, "|"); ok {
			a.Recipe.Order = append(a.Recipe.Order, p)
			continue
		}
		p, found := strings.CutPrefix(in, "?")
		a.Deps = append(a.Deps, trace.Dep{Path: p, Digest: d(p), Discovered: found})
	}
	return a
}

func state(files []string, actions ...*trace.Action) *trace.State {
	st := trace.NewState()
	for i, f := range files {
		st.SetFile(trace.File{Path: f, Digest: digest.OfString(f), Stamp: trace.Stamp{Ino: 1, Size: int64(i + 1)}})
	}
	for _, a := range actions {
		for _, d := range a.Deps {
			st.AddRow(trace.FileKey{Path: d.Path})
		}
		for _, p := range a.Recipe.Order {
			st.AddRow(trace.FileKey{Path: p})
		}
		for _, o := range a.Outs {
			st.AddRow(trace.FileKey{Path: o.Path})
		}
		st.SetAction(a)
	}
	return st
}

// steps words a critical path.
func steps(p Path) string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "%s %v..%v ", s.Output, time.Duration(s.Until-s.Took), time.Duration(s.Until))
	}
	return strings.TrimSpace(b.String())
}

func TestCriticalPath(t *testing.T) {
	phony := made("", "all", 0, "b")
	phony.Recipe.Foreign = &action.Foreign{Phony: true}
	phony.Deps[0].Digest = digest.Digest{}
	absent := made("", "d", 1, "?c")
	absent.Deps[0].Digest = digest.Digest{} // it was looked for and not there
	for _, test := range []struct {
		name    string
		actions []*trace.Action
		want    string
	}{
		{"nothing", nil, ""},
		{"one", []*trace.Action{made("", "a", 5, "src")}, "a 0s..5ms"},
		{"chain", []*trace.Action{made("", "a", 5), made("", "b", 3, "a"), made("", "c", 1, "b")}, "a 0s..5ms b 5ms..8ms c 8ms..9ms"},
		{"one of two ways", []*trace.Action{made("", "a", 5), made("", "b", 3), made("", "c", 1, "b", "a")}, "a 0s..5ms c 5ms..6ms"},
		{"two equal ways", []*trace.Action{made("", "b", 5), made("", "a", 5), made("", "c", 1, "b", "a")}, "b 0s..5ms c 5ms..6ms"},
		{"alone is longer", []*trace.Action{made("", "a", 5), made("", "b", 3, "a"), made("", "c", 9)}, "c 0s..9ms"},
		{"order", []*trace.Action{made("", "a", 5), made("", "b", 3, "|a")}, "a 0s..5ms b 5ms..8ms"},
		{"found", []*trace.Action{made("", "a", 5), made("", "b", 3, "?a")}, "a 0s..5ms b 5ms..8ms"},
		{"absent", []*trace.Action{made("", "c", 5), absent}, "c 0s..5ms"},
		{"through what runs nothing", []*trace.Action{made("", "b", 5), phony, made("", "c", 1, "all")}, "b 0s..5ms c 5ms..6ms"},
		{"no time at all", []*trace.Action{made("", "a", 0), made("", "b", 0, "a")}, "a 0s..0s"},
		{"ring", []*trace.Action{made("", "a", 5, "b"), made("", "b", 3, "a"), made("", "c", 1, "b")}, "b 0s..3ms a 3ms..8ms"},
		{"of itself", []*trace.Action{made("", "a", 5, "a")}, "a 0s..5ms"},
	} {
		r := Of(state(nil, test.actions...), Options{})
		if got := steps(r.Critical); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		if n := len(r.Critical.Steps); n > 0 && r.Critical.Took != r.Critical.Steps[n-1].Until {
			t.Errorf("%s: %v in all", test.name, time.Duration(r.Critical.Took))
		}
	}
}

// A chain as long as the graph needs no stack.
func TestLongChain(t *testing.T) {
	const n = 100_000
	st := trace.NewState()
	for i := range n {
		st.SetAction(made("", fmt.Sprintf("%06d", n-i), 1, fmt.Sprintf("%06d", n-i+1)))
		st.AddRow(trace.FileKey{Path: fmt.Sprintf("%06d", n-i+1)})
	}
	p := Of(st, Options{Top: 1}).Critical
	if len(p.Steps) != n || time.Duration(p.Took) != n*time.Millisecond || p.Parallelism != 1 || p.Steps[0].Output != fmt.Sprintf("%06d", n) {
		t.Errorf("%d steps, %v", len(p.Steps), time.Duration(p.Took))
	}
}

// longest is the critical path of a graph without rings, in the plainest way.
func longest(actions []*trace.Action) time.Duration {
	by := map[string]*trace.Action{}
	for _, a := range actions {
		by[a.ID()] = a
	}
	known := map[string]time.Duration{}
	var until func(a *trace.Action) time.Duration
	until = func(a *trace.Action) time.Duration {
		if d, ok := known[a.ID()]; ok {
			return d
		}
		most := time.Duration(0)
		for _, d := range a.Deps {
			if in := by[d.Path]; in != nil {
				most = max(most, until(in))
			}
		}
		known[a.ID()] = most + a.Took
		return known[a.ID()]
	}
	most := time.Duration(0)
	for _, a := range actions {
		most = max(most, until(a))
	}
	return most
}

func TestRandomGraphs(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var actions []*trace.Action
		for i := range 1 + r.IntN(30) {
			var in []string
			for range r.IntN(4) {
				if i > 0 {
					in = append(in, fmt.Sprint("o", r.IntN(i)))
				}
			}
			actions = append(actions, made("", fmt.Sprint("o", i), r.IntN(20), in...))
		}
		want := longest(actions)
		r.Shuffle(len(actions), func(i, j int) { actions[i], actions[j] = actions[j], actions[i] })
		rep := Of(state(nil, actions...), Options{})
		p := rep.Critical
		if time.Duration(p.Took) != want {
			t.Fatalf("seed %d: %v, want %v", seed, time.Duration(p.Took), want)
		}
		// The chain is one: each step ends where the next begins, and is needed by it.
		at := Seconds(0)
		for i, s := range p.Steps {
			if at += s.Took; s.Until != at {
				t.Fatalf("seed %d: %s", seed, steps(p))
			}
			k := slices.IndexFunc(actions, func(a *trace.Action) bool { return a.ID() == s.Output })
			if i > 0 && !slices.ContainsFunc(actions[k].Deps, func(d trace.Dep) bool { return d.Path == p.Steps[i-1].Output }) {
				t.Fatalf("seed %d: %s does not need what is before it: %s", seed, s.Output, steps(p))
			}
		}
		// The order of the records changes nothing.
		r.Shuffle(len(actions), func(i, j int) { actions[i], actions[j] = actions[j], actions[i] })
		if again := Of(state(nil, actions...), Options{}); !reflect.DeepEqual(again, rep) {
			t.Fatalf("seed %d: %+v, and in another order %+v", seed, rep, again)
		}
	}
}

// Equal actions of several contexts are one piece of work.
func TestTotals(t *testing.T) {
	equal := func(ctx string) *trace.Action {
		a := made(ctx, "_build/"+ctx+"/x", 10, "src", "?hdr")
		a.Name, a.Full = "make x", digest.OfString("same")
		return a
	}
	bad := made("app", "_build/app/bad", 7, "src2")
	bad.Failed, bad.Full, bad.Outs[0] = true, digest.Digest{}, trace.Out{Path: "_build/app/bad"}
	test := func(ctx string) *trace.Action { // runs in each place
		a := made(ctx, "_build/"+ctx+"/test", 4, "_build/"+ctx+"/x")
		a.Full, a.Recipe.Local = digest.OfString("test"), true
		return a
	}
	st := state([]string{"src", "hdr", "src2", "other"}, equal("app"), equal("lib"), bad, test("app"), test("lib"), made("", "_build/.probe/p", 2))
	ms := func(n int) Seconds { return Seconds(time.Duration(n) * time.Millisecond) }
	r := Of(st, Options{})
	if want := (Totals{"", 6, 5, 1, Files{3, 6}, Files{5, 30}, ms(10 + 7 + 4 + 4 + 2)}); r.Total != want {
		t.Errorf("all: %+v, want %+v", r.Total, want)
	}
	if want := []Totals{{"", 1, 1, 0, Files{}, Files{1, 2}, ms(2)}, {"app", 3, 3, 1, Files{3, 6}, Files{2, 14}, ms(21)}, {"lib", 2, 2, 0, Files{2, 3}, Files{2, 14}, ms(14)}}; !reflect.DeepEqual(r.Contexts, want) {
		t.Errorf("contexts: %+v, want %+v", r.Contexts, want)
	}
	if got := names(r.Slowest); got != "make x app,lib; make _build/app/bad app; make _build/app/test app; make _build/lib/test lib; make _build/.probe/p " {
		t.Error(got)
	}
	if got := r.Largest[0]; got != (Output{"_build/app/x", 10, "make x", "app"}) {
		t.Errorf("%+v", got)
	}

	// Of one context: what others make is no source of it.
	st.SetAction(made("lib", "_build/lib/uses", 1, "_build/app/x"))
	r = Of(st, Options{Top: 1, Keep: func(a *trace.Action) bool { return a.Context == "lib" }})
	if want := (Totals{"lib", 3, 3, 0, Files{2, 3}, Files{3, 15}, ms(15)}); len(r.Contexts) != 1 || r.Contexts[0] != want {
		t.Errorf("%+v, want %+v", r.Contexts, want)
	}
	if got := steps(r.Critical); got != "_build/lib/x 0s..10ms _build/lib/test 10ms..14ms" || r.Critical.Parallelism != 1.07 {
		t.Errorf("%s, %v", got, r.Critical.Parallelism)
	}
	if got := names(r.Slowest); got != "make x lib" || len(r.Memory) != 1 || len(r.Largest) != 1 {
		t.Errorf("%s; %+v", got, r)
	}
}

func names(list []Action) string {
	var out []string
	for _, a := range list {
		out = append(out, a.Name+" "+strings.Join(a.Contexts, ","))
	}
	return strings.Join(out, "; ")
}

// The form for programs must stay as it is.
func TestJSON(t *testing.T) {
	st := state([]string{"src"}, made("app", "a", 1500, "src"), made("app", "b", 250, "a"))
	st.Revision = 4
	st.AddBuild(trace.Build{Revision: 4, Goal: "key", Ended: 86400, Elapsed: 1234567 * time.Nanosecond, OK: true, Ran: 1, Restored: 2, Unchanged: 3, Failed: 4, Skipped: 5,
		Worked: time.Second, Cutoff: trace.Saving{Actions: 6, Took: time.Minute}, Store: trace.Saving{Actions: 7, Took: time.Hour}, Peak: 8, Own: 9})
	var b, line bytes.Buffer
	if err := Of(st, Options{Top: 1, Goal: strings.ToUpper}).JSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := json.Compact(&line, b.Bytes()); err != nil {
		t.Fatal(err)
	}
	const a = `"action":"make a","contexts":["app"],"target":"app//:a","output":"a","seconds":1.5,"peak_bytes":1572864000,"output_bytes":1500`
	const totals = `"actions":2,"distinct":2,"failed":0,"sources":{"count":1,"bytes":1},"outputs":{"count":2,"bytes":1750},"work_seconds":1.75}`
	want := `{"revision":4,"total":{"context":"",` + totals + `,"contexts":[{"context":"app",` + totals + `],` +
		`"critical_path":{"seconds":1.75,"parallelism":1,"steps":[{` + a + `,"until_seconds":1.5},` +
		`{"action":"make b","contexts":["app"],"target":"app//:b","output":"b","seconds":0.25,"peak_bytes":262144000,"output_bytes":250,"until_seconds":1.75}]},` +
		`"slowest":[{` + a + `}],"most_memory":[{` + a + `}],"largest_outputs":[{"path":"a","bytes":1500,"action":"make a","context":"app"}],` +
		`"builds":[{"revision":4,"goal":"KEY","ended":"1970-01-02T00:00:00Z","seconds":0.001235,"ok":true,"ran":1,"restored":2,"unchanged":3,"failed":4,"skipped":5,` +
		`"work_seconds":1,"early_cutoff":{"actions":6,"seconds":60},"store":{"actions":7,"seconds":3600},"peak_bytes":8,"erg_peak_bytes":9}]}`
	if got := line.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b.Reset()
	if err := Of(trace.NewState(), Options{}).JSON(&b); err != nil || strings.Contains(b.String(), "null") {
		t.Errorf("of nothing: %s, %v", b.String(), err)
	}
}

func BenchmarkOf(b *testing.B) {
	st := trace.NewState()
	for i := range 10_000 {
		st.SetAction(made("app", fmt.Sprint("o", i), i%97, fmt.Sprint("o", i/2-1), fmt.Sprint("o", i/3-1), "src"))
	}
	b.ReportAllocs()
	for b.Loop() {
		Of(st, Options{Top: 10})
	}
}
