package ninja_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"erg.build/erg/contexts/ninja"
)

// FuzzRead reads anything. Whatever is accepted must be consistent.
func FuzzRead(f *testing.F) {
	for _, dir := range []string{"read", "error"} {
		files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				f.Fatal(err)
			}
			prepare(ar)
			for _, file := range ar.Files {
				if file.Name != "want" {
					f.Add(file.Data)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		opened := 0
		g, err := ninja.Read("build.ninja", func(string) ([]byte, error) {
			if opened++; opened > 10 {
				return nil, fs.ErrNotExist
			}
			return data, nil
		})
		if err != nil {
			var fault *ninja.Error
			if !errors.As(err, &fault) || fault.Msg == "" || fault.Line < 1 || fault.Column < 1 {
				t.Fatalf("got error %#v", err)
			}
			if text := fault.AsNinja(); !strings.Contains(text, fault.Msg) {
				t.Fatalf("as Ninja: %q, of %#v", text, err)
			}
			return
		}
		checkGraph(t, g)
	})
}

// checkGraph checks that what a graph says fits together.
func checkGraph(t *testing.T, g *ninja.Graph) {
	for n := range ninja.Node(g.NumNodes()) {
		path := g.Path(n)
		if path == "" || ninja.Canonical(path) != path {
			t.Fatalf("node %d has path %q", n, path)
		}
		if m, ok := g.Lookup(path); !ok || m != n {
			t.Fatalf("node %d is found as %d", n, m)
		}
		if e := g.Producer(n); e != ninja.NoEdge {
			found := false
			for _, out := range g.Outputs(e) {
				found = found || out == n
			}
			if !found {
				t.Fatalf("%s is no output of its edge", path)
			}
		}
		for _, e := range g.Consumers(n) {
			found := false
			for _, in := range g.Inputs(e) {
				found = found || in == n
			}
			if !found {
				t.Fatalf("%s is no input of its consumer", path)
			}
		}
	}
	for e := range g.Edges() {
		if len(g.Outputs(e)) == 0 {
			t.Fatalf("edge %d has no output", e)
		}
		for _, out := range g.Outputs(e) {
			if g.Producer(out) != e {
				t.Fatalf("edge %d is not the producer of its output %s", e, g.Path(out))
			}
		}
		if pos := g.Position(e); pos.Line < 1 || pos.File == "" {
			t.Fatalf("edge %d is at %v", e, pos)
		}
	}
	_ = dump(g)
	if targets, err := g.Defaults(); err == nil {
		_, _ = g.Order(targets)
	}
}

func FuzzDyndep(f *testing.F) {
	for _, text := range []string{
		"ninja_dyndep_version = 1\nbuild a: dyndep\nbuild b: dyndep\n",
		"ninja_dyndep_version = 1.0\nbuild a | x$ y ./z: dyndep | u v//w\n  restat = 1\nbuild b: dyndep\n",
		"# c\r\nninja_dyndep_version = 1-x\r\nbuild b | $\n  m: dyndep\nbuild a2: dyndep | m\n",
	} {
		f.Add([]byte(text))
	}
	g, err := parse(dyndepGraph)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		nodes := g.NumNodes()
		all, err := readDyndep(g, string(data))
		if g.NumNodes() != nodes {
			t.Fatal("the graph has changed")
		}
		if err == nil && len(all) != 2 {
			t.Fatalf("got %d edges", len(all))
		}
	})
}

func FuzzSplitCommand(f *testing.F) {
	for _, command := range []string{`cc -DN='"x y"' a\ b "c\"d"`, ": && cc a.o && :", "cd /x && cc", "a | b", "A=b cc", "a\x00"} {
		f.Add(command)
	}
	f.Fuzz(func(t *testing.T, command string) {
		argv, ok := ninja.SplitCommand(command)
		if !ok {
			return
		}
		// Quoted again, the arguments are the same command.
		again := ""
		for _, arg := range argv {
			if arg == "" {
				arg = "''"
			} else {
				arg = ninja.Quote(arg)
			}
			again += " " + arg
		}
		if argv2, ok := ninja.SplitCommand(again); !ok || !slices.Equal(argv2, argv) {
			t.Fatalf("%q gives %q, quoted %q", command, argv, argv2)
		}
	})
}
