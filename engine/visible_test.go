package engine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/sandbox"
)

// TestPlacesOfTools looks at what a sandbox shows of tools that lie where it
// shows nothing: in the workspace, and here in a home.
func TestPlacesOfTools(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(p string) string { return filepath.Join(dir, p) }
	write := func(p, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(at(p)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(p), []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	link := func(p, to string) {
		t.Helper()
		if err := os.Symlink(to, at(p)); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{"home/sw/bin/tool", "home/alone/tool", "home/bin/own", "home/ws/_switch/bin/tool", "home/ws/.venv/bin/tool", "home/ws/src/bin/tool", "home/ws/_build/app/bin/tool"} {
		write(p, "")
	}
	write("home/scripts/script", "#!"+at("home/sw/bin/tool")+" -x\nrest\n")
	write("home/scripts/other", "#!/bin/sh\n")
	link("home/scripts/linked", "../sw/bin/tool")
	link("home/sw2", "sw")
	link("home/scripts/loop", "loop")

	v := visibility{&Engine{fs: fsys.OS{}, opts: Options{Root: at("home/ws")}}, []string{at("home")}}
	for _, test := range []struct{ tool, want string }{
		{"/bin/sh", ""},
		{at("home/sw/bin/tool"), "home/sw"},
		{at("home/sw/bin"), "home/sw"},
		{at("home/alone/tool"), "home/alone"},
		{at("home/bin/own"), "home/bin"}, // beside bin is all that people have
		{at("home/bin"), "home/bin"},
		{at("home/ws/_switch/bin/tool"), "home/ws/_switch"},
		{at("home/ws/.venv/bin"), "home/ws/.venv"},
		{at("home/ws/src/bin/tool"), "home/ws/src/bin/tool"}, // a source, and nothing beside it
		{at("home/ws/src/bin"), ""},
		{at("home/ws/_build/app/bin/tool"), "home/ws/_build/app/bin/tool"},
		{at("home/ws"), ""},
		{at("home"), ""},
		{at("home/scripts/script"), "home/scripts home/sw"},
		{at("home/scripts/other"), "home/scripts"},
		{at("home/scripts/linked"), "home/scripts home/sw"},
		{at("home/sw2/bin/tool"), "home/sw home/sw2"},
		{at("home/scripts/loop"), ""},
		{at("home/none"), ""},
	} {
		var got []string
		for _, m := range mountsAt(v.places(test.tool)) {
			got = append(got, strings.TrimPrefix(m.Source, dir+"/"))
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("of %s is shown %q, want %q", test.tool, s, test.want)
		}
	}
}

func TestMountsOfToolsLieBesideEachOther(t *testing.T) {
	got := mountsAt([]string{"/a/b/c", "/a/b", "/a/b-c", "/a/b", "/d"})
	want := []sandbox.Mount{{Source: "/a/b"}, {Source: "/a/b-c"}, {Source: "/d"}}
	if !slices.Equal(got, want) {
		t.Errorf("mountsAt = %v, want %v", got, want)
	}
}

func TestPathDirs(t *testing.T) {
	got := pathDirs([]string{"PATH=/bin:rel::/opt/x/bin/", "HOME=/home", "OCAMLPATH=/l", "XPATHS=/no"})
	if want := []string{"/bin", "/opt/x/bin", "/l"}; !slices.Equal(got, want) {
		t.Errorf("pathDirs = %q, want %q", got, want)
	}
}
