package trace

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

func sampleAction(i int) *Action {
	d := digest.OfString
	a := &Action{
		Name: fmt.Sprint("cc ", i), Context: "app", Target: "app//:x", Spec: d("spec"),
		Key: d(fmt.Sprint("key", i)), Full: d(fmt.Sprint("full", i)),
		Deps:    []Dep{{"src/a.c", d("a"), false}, {"src/a.h", d("h"), true}, {"src/absent.h", digest.Digest{}, true}},
		Outs:    []Out{{fmt.Sprintf("_build/app/%d.o", i), d("o"), 17, i%2 == 0, d("m")}, {fmt.Sprintf("_build/app/%d.x", i), d("x"), 0, false, d(fmt.Sprint("full", i))}},
		Message: []byte("warning\n"), Took: 3 * time.Millisecond, Peak: 1 << 20, Verified: 4, Ran: 5,
		Failed: i%3 == 0, Baked: i%3 == 1, Why: []Change{{"input", "src/a.c", "old", "new"}}, Changed: 3, Cause: []Change{{"tool", "cc", "x", ""}},
	}
	switch i % 3 {
	case 0:
		a.Manifest = []byte("redacted")
	case 1:
		a.Recipe = &action.Spec{Name: a.Name, Context: a.Context, Target: a.Target, Root: "_build/app", Argv: []string{"cc", action.Ref("src/a.c")},
			Env: []string{"A=b"}, Dir: "d", Inputs: []string{"src/a.c"}, Order: []string{"_build/app/gen.h"}, Outputs: []string{a.Outs[0].Path, a.Outs[1].Path},
			Stdin: "src/a.c", Stdout: a.Outs[1].Path, Tools: []action.Tool{{Name: "cc", Identity: d("cc")}}, Depfile: "_build/app/d", Include: []string{"inc", "src"},
			Sandbox: true, Writable: []string{"/w"}, Visible: []string{"/tmp/sw/bin/x"}, Pool: action.Pool{Name: "p", Depth: 2}, Timeout: time.Minute, Local: true, Jobserver: true, Expect: "src/want", Locks: []string{"l", "m"}, Own: "lib/a.t", Self: true, From: []string{"url", ""},
			Install: &action.Install{Site: "erg.hcl:1", Source: "src", Dir: "d", Steps: [][]string{{"make", action.Abs(action.Prefix)}, {"true"}}}}
	case 2:
		a.Name = a.ID()
		a.Recipe = &action.Spec{Name: a.Name, Context: a.Context, Target: a.Target, Inputs: []string{"src/a.c"}, Order: []string{"order"},
			Root: "_build/app", Dir: "_build/app/d", Env: []string{"A=b"}, Tools: []action.Tool{{Name: "cc", Identity: d("cc")}},
			Outputs: []string{a.Outs[0].Path, a.Outs[1].Path}, Depfile: "x.d",
			Foreign: &action.Foreign{Command: "cc $in", Description: "CC", Generator: true, Restat: true, Console: true, Rspfile: "r", RspContent: "c", KeepDepfile: true, Mtime: true, Includes: "Note"}}
	}
	return a
}

func sample() *State {
	s := NewState()
	s.BuildID, s.Revision = "build 1", 7
	g := &Goal{Key: "all", Complete: 7, Env: []Env{{"PATH", "/bin"}, {"X", ""}}, Count: 5, Summary: []byte("sum\x00mary")}
	for i := range 5 {
		s.SetAction(sampleAction(i))
		for k := range 2 {
			g.Files.Add(s.SetFile(File{Path: fmt.Sprintf("src/%d/f%d", i%2, i), Kind: Kind(k), Racy: i == 3, Digest: digest.OfString(fmt.Sprint(i, k)), Changed: uint32(i),
				Stamp: Stamp{1, uint64(i), int64(i) * 100, -5, 1 << 60, 0o100644}}))
		}
	}
	g.Files.Add(s.SetFile(File{Kind: Listing, Digest: digest.OfString("root")}))
	s.SetFile(File{Path: "_build/app/1.o", Digest: digest.OfString("o")})
	s.SetElement(&Element{Address: "context.a.x", Value: `"v"`, Previous: `"u"`, Site: "erg.hcl:3", Sensitive: true, Changed: 6, Deps: []string{"file:f", "env:X"}})
	f1, _ := s.Row(FileKey{Path: "src/1/f1"})
	out, _ := s.Row(FileKey{Path: "_build/app/1.o"})
	g.Files.Add(out)
	g.Asked.Add(f1)
	g.Actions.Add(out)
	g.Read, g.Replay = []Row{out}, []Row{out}
	s.SetGoal(g)
	s.SetGoal(&Goal{Key: "none", Complete: 3})
	s.AddBuild(sampleBuild(6))
	s.AddBuild(sampleBuild(7))
	return s
}

// A picture is all that a state says, without the numbers of rows.
type picture struct {
	BuildID  string
	Revision uint32
	Actions  map[string]*Action
	Files    map[FileKey]File
	Elements map[string]*Element
	Goals    map[string]string
	Builds   []Build
}

func pictureOf(s *State) *picture {
	p := &picture{s.BuildID, s.Revision, map[string]*Action{}, map[FileKey]File{}, s.Elements(), map[string]string{}, s.Builds()}
	for a := range s.Actions() {
		p.Actions[a.ID()] = a
	}
	for f := range s.Files() {
		p.Files[FileKey{f.Path, f.Kind}] = f
	}
	names := func(rows []Row) []string {
		out := []string{}
		for _, r := range rows {
			if int(r) >= s.Rows() {
				continue // damage
			}
			k := s.Key(r)
			out = append(out, fmt.Sprint(k.Path, ":", k.Kind))
		}
		slices.Sort(out)
		return out
	}
	for k, g := range s.Goals() {
		p.Goals[k] = fmt.Sprint(g.Complete, names(slices.Collect(g.Files.All())), names(slices.Collect(g.Asked.All())), names(g.Read),
			names(slices.Collect(g.Actions.All())), g.Env, names(g.Replay), g.Count, string(g.Summary))
	}
	return p
}

func same(t *testing.T, got, want *State) {
	t.Helper()
	g, w := pictureOf(got), pictureOf(want)
	for k := range w.Actions {
		if !reflect.DeepEqual(g.Actions[k], w.Actions[k]) {
			t.Errorf("action %s:\n%+v\n%+v\nwant\n%+v\n%+v", k, g.Actions[k], g.Actions[k].Recipe, w.Actions[k], w.Actions[k].Recipe)
		}
	}
	if !t.Failed() && !reflect.DeepEqual(g, w) {
		t.Errorf("got\n%+v\nwant\n%+v", g, w)
	}
}

func load(t testing.TB, dir string) *State {
	t.Helper()
	d := OpenDir(fsys.OS{}, dir)
	t.Cleanup(d.Close)
	s, repaired := d.Load()
	if repaired != "" {
		t.Error(repaired)
	}
	return s
}

func save(t testing.TB, d *Dir, s *State, fold bool) {
	t.Helper()
	folded, err := d.Save(s)
	if err != nil || folded != fold {
		t.Fatalf("folded %v, %v", folded, err)
	}
}

func write(t testing.TB, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// saved returns a directory with the sample in a base.
func saved(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	d := OpenDir(fsys.OS{}, dir)
	defer d.Close()
	save(t, d, sample(), true)
	return dir
}

func TestRoundTrip(t *testing.T) {
	dir := saved(t)
	s := load(t, dir)
	same(t, s, sample())
	// Folded again it is the same.
	d := OpenDir(fsys.OS{}, dir)
	defer d.Close()
	if err := d.writeBase(s); err != nil {
		t.Fatal(err)
	}
	same(t, load(t, dir), sample())
}

// change does to a state everything that can be done to it.
func change(s *State) {
	a := sampleAction(1)
	a.Name, a.Ran = "newer", 12
	a.Recipe = nil
	s.SetAction(a)
	s.SetAction(sampleAction(20))
	s.DeleteAction(sampleAction(2).ID())
	s.SetFile(File{Path: "src/0/f0", Digest: digest.OfString("another"), Changed: 9})
	s.SetFile(File{Path: "new", Digest: digest.OfString("new"), Changed: 9})
	s.SetElement(&Element{Address: "b"})
	s.DeleteElement("context.a.x")
	s.DeleteGoal("none")
	g := *s.Goals()["all"]
	g.Complete = 9
	r, _ := s.Row(FileKey{Path: "new"})
	g.Files = slices.Clone(g.Files)
	g.Files.Add(r)
	s.SetGoal(&g)
	s.AddBuild(sampleBuild(12))
	s.Revision, s.BuildID = 12, "build 2"
}

// What changes later goes to the log; a null build and a full load see it,
// and so does the next base.
func TestChanges(t *testing.T) {
	dir := saved(t)
	want := sample()
	change(want)
	d := OpenDir(fsys.OS{}, dir)
	defer d.Close()
	s, _ := d.Load()
	change(s)
	save(t, d, s, false)
	same(t, s, want)
	save(t, d, s, false) // nothing more
	same(t, load(t, dir), want)
	checkHot(t, dir, want)
	s = load(t, dir)
	if err := d.writeBase(s); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, logName))
	same(t, load(t, dir), want)
	checkHot(t, dir, want)
}

// checkHot holds what a null build sees against a state.
func checkHot(t *testing.T, dir string, want *State) {
	t.Helper()
	d := OpenDir(fsys.OS{}, dir)
	defer d.Close()
	h, err := d.Hot()
	if err != nil || h.BuildID != want.BuildID || h.Revision != want.Revision {
		t.Fatalf("%+v, %v", h, err)
	}
	for key, w := range want.Goals() {
		g, ok := h.Goal(key)
		if !ok || g.Complete != w.Complete || g.Count != w.Count || !bytes.Equal(g.Summary, w.Summary) || g.Files.Len() != w.Files.Len() {
			t.Fatalf("%+v, want %+v", g, w)
		}
		for r := range g.Files.All() {
			f := h.File(int(r))
			if got, ok := want.File(FileKey{f.Path, f.Kind}); !ok || got != f {
				t.Errorf("%+v, want %+v", f, got)
			}
			if _, name := h.At(int(r)); string(name) != f.Path+"\x00" {
				t.Errorf("name %q of %q", name, f.Path)
			}
		}
		for i, m := range g.Messages {
			a := want.ActionAt(w.Replay[i])
			if m.Name != a.Name || !bytes.Equal(m.Output, a.Message) {
				t.Errorf("message %+v of %+v", m, a)
			}
		}
	}
	if _, ok := h.Goal("other"); ok {
		t.Error("found what is not there")
	}
}

func TestHot(t *testing.T) {
	dir := saved(t)
	checkHot(t, dir, sample())
	// A log that does not end with the end of a session means that a build was
	// killed: look at everything.
	d := OpenDir(fsys.OS{}, dir)
	defer d.Close()
	s, _ := d.Load()
	a := sampleAction(9)
	s.SetAction(a)
	if err := d.Append(s, a); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(fsys.OS{}, dir).Hot(); err == nil {
		t.Error("hot in spite of a log that goes on")
	}
	save(t, d, s, false)
	checkHot(t, dir, s)
}

// Who uses and who makes a file is the same from the base, from the log and
// from memory.
func TestLinks(t *testing.T) {
	check := func(s *State) {
		t.Helper()
		s.link() // numbers what actions mention
		row := func(p string, k Kind) Row {
			r, ok := s.Row(FileKey{p, k})
			if !ok {
				t.Fatalf("%s has no row", p)
			}
			return r
		}
		users := func(r Row) []string {
			var out []string
			for u := range s.Users(r) {
				out = append(out, s.Key(u).Path)
			}
			slices.Sort(out)
			return slices.Compact(out)
		}
		all := []string{"_build/app/0.o", "_build/app/1.o", "_build/app/2.o", "_build/app/3.o", "_build/app/4.o"}
		for key, want := range map[FileKey][]string{
			{"src/a.c", Content}: all, {"src/a.h", Content}: all, {"src/absent.h", Presence}: all,
			{"_build/app/gen.h", Content}: {all[1], all[4]}, {"src/want", Content}: {all[1], all[4]}, {"order", Content}: {all[2]},
		} {
			if got := users(row(key.Path, key.Kind)); !slices.Equal(got, want) {
				t.Errorf("%v is used by %q, want %q", key, got, want)
			}
		}
		for i := range 5 {
			first := row(fmt.Sprintf("_build/app/%d.o", i), Content)
			second := row(fmt.Sprintf("_build/app/%d.x", i), Content)
			for _, r := range []Row{first, second} {
				if got, ok := s.Producer(r); !ok || got != first {
					t.Errorf("%v is made by %v, %v", s.Key(r), got, ok)
				}
			}
			if got := s.Outputs(first); !slices.Equal(got, []Row{first, second}) {
				t.Errorf("outputs %v of %v", got, first)
			}
		}
		if got := slices.Collect(s.Unfinished()); len(got) != 0 {
			t.Errorf("unfinished: %v", got)
		}
	}
	dir := saved(t)
	check(sample())
	s := load(t, dir)
	check(s)
	a := *s.Action("_build/app/3.o")
	s.SetAction(&a) // now in the log
	check(s)
	a.Key = digest.Digest{}
	s.SetAction(&a)
	if got := slices.Collect(s.Unfinished()); len(got) != 1 || s.Key(got[0]).Path != a.ID() {
		t.Errorf("unfinished: %v", got)
	}
}

func TestSet(t *testing.T) {
	var s Set
	for _, r := range []Row{9, 0, 64, 9} {
		s.Add(r)
	}
	if got := slices.Collect(s.All()); !slices.Equal(got, []Row{0, 9, 64}) || s.Len() != 3 || s.Has(1) || s.Has(1<<20) {
		t.Error(got)
	}
}
