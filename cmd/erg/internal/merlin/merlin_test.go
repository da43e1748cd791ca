package merlin

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine/action"
)

// ask returns what a server answers to a question about a file.
func ask(t *testing.T, s *Server, file string) string {
	t.Helper()
	q := list(atom("File"), atom(file)).append(nil)
	var out bytes.Buffer
	if err := s.Serve(t.Context(), bytes.NewReader(append(q, "4:Halt4:more"...)), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAnswer(t *testing.T) {
	var asked string
	e := &rules.Editing{
		Standard: "/usr/lib/ocaml", Objects: []string{"/opt/fmt", "_build/app/lib/.shapes.objs/byte"}, Sources: []string{"/opt/fmt", "lib"},
		HiddenObjects: []string{"/opt/hid"}, HiddenSources: []string{"/opt/hid/src"}, Flags: []string{"-w", "+a", action.Abs("lib/x.cmi")},
		Modules: []rules.EditedModule{
			{Unit: "shapes__Point", Files: []string{"lib/point.ml"}, Open: []string{"Shapes"}, Stem: "lib/point",
				Rewriter: []string{action.Ref("_build/app/.ppx/1/ppx.exe"), "--as-ppx", "--cookie", `library-name="shapes"`, "it's"}, Ppx: true},
			{Unit: "shapes__Line", Files: []string{"lib/line.ml"}, Open: []string{"Shapes", "Shapes__Plane"}, Stem: "lib/line", Rewriter: []string{"/bin/cat", ""}},
			{Unit: "shapes", Files: []string{"lib/shapes.ml"}, Open: []string{"Shapes"}, Stem: "lib/shapes"},
		},
	}
	s := &Server{Root: "/home/me/ws", Dir: "/home/me/ws/lib", Ask: func(_ context.Context, file string) (*rules.Editing, error) {
		asked = file
		return e, nil
	}}
	common := list(tag("STDLIB", atom("/usr/lib/ocaml")), tag("SOURCE_ROOT", atom("/home/me/ws")), list(atom("EXCLUDE_QUERY_DIR")),
		tag("B", atom("/opt/fmt")), tag("B", atom("/home/me/ws/_build/app/lib/.shapes.objs/byte")), tag("S", atom("/opt/fmt")), tag("S", atom("/home/me/ws/lib")),
		tag("BH", atom("/opt/hid")), tag("SH", atom("/opt/hid/src")), tag("FLG", atoms([]string{"-w", "+a", "/home/me/ws/lib/x.cmi"})))
	for _, c := range []struct {
		file, asked string
		rewriter    []string
		open        []string
		unit        string
	}{
		{"point.ml", "lib/point.ml", []string{"-ppx", `/home/me/ws/_build/app/.ppx/1/ppx.exe --as-ppx --cookie 'library-name="shapes"' 'it'\''s'`}, []string{"-open", "Shapes"}, "shapes__Point"},
		{"/home/me/ws/lib/line.ml", "lib/line.ml", []string{"-pp", "/bin/cat ''"}, []string{"-open", "Shapes", "-open", "Shapes__Plane"}, "shapes__Line"},
		{"/home/me/ws/_build/app/lib/shapes.ml", "lib/shapes.ml", nil, []string{"-open", "Shapes"}, "shapes"},
		{"../lib/./shapes.pp.ml", "lib/shapes.pp.ml", nil, []string{"-open", "Shapes"}, "shapes"},
	} {
		want := list(common.list...)
		if c.rewriter != nil {
			want.list = append(want.list, tag("FLG", atoms(c.rewriter)))
		}
		want.list = append(want.list, tag("FLG", atoms(c.open)), tag("UNIT_NAME", atom(c.unit)))
		if got := ask(t, s, c.file); got != string(want.append(nil)) {
			t.Errorf("%s:\n%s\nwant\n%s", c.file, got, want.append(nil))
		}
		if asked != c.asked {
			t.Errorf("%s: asked for %s, want %s", c.file, asked, c.asked)
		}
	}
}

func TestErrors(t *testing.T) {
	s := &Server{Root: "/home/me/ws", Dir: "/home/me/ws", Ask: func(_ context.Context, file string) (*rules.Editing, error) {
		if file == "bad.ml" {
			return nil, errors.New("dune:1: Invalid stanza\n")
		}
		return nil, nil
	}}
	for file, want := range map[string]string{
		"bad.ml":          "dune:1: Invalid stanza",
		"other.ml":        "No library, program or test of a dune file has other.ml as a module.",
		"/elsewhere/x.ml": "Path /elsewhere/x.ml is not in the workspace (/home/me/ws).",
		"..":              "Path .. is not in the workspace (/home/me/ws).",
	} {
		if got := ask(t, s, file); got != string(failure("%s", want).append(nil)) {
			t.Errorf("%s: %s, want %q", file, got, want)
		}
	}
	for in, want := range map[string]string{"4:Stop": "Bad input: 4:Stop", "(4:File)": "Bad input: (4:File)", "(4:File())": "Bad input: (4:File())"} {
		var out bytes.Buffer
		if err := s.Serve(t.Context(), strings.NewReader(in), &out); err != nil || out.String() != string(failure("%s", want).append(nil)) {
			t.Errorf("%s: %s (%v), want %q", in, out.String(), err, want)
		}
	}
	if err := s.Serve(t.Context(), strings.NewReader("(4:File"), &bytes.Buffer{}); err == nil || err.Error() != "read what the editor asks: unexpected EOF" {
		t.Errorf("half a question: %v", err)
	}
}

// A workspace that is reached through a symbolic link is the same workspace.
func TestLinkedWorkspace(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "real/lib"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	asked := ""
	s := &Server{Root: filepath.Join(dir, "real"), Dir: dir, Ask: func(_ context.Context, file string) (*rules.Editing, error) {
		asked = file
		return nil, nil
	}}
	ask(t, s, filepath.Join(dir, "link/lib/new.ml"))
	if asked != "lib/new.ml" {
		t.Errorf("asked for %q", asked)
	}
}
