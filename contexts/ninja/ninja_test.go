package ninja_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"erg.build/erg/contexts/ninja"
)

var update = flag.Bool("update", false, "rewrite what the files in testdata expect")

// opener returns a function that opens the files of an archive.
func opener(ar *txtar.Archive) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		for _, f := range ar.Files {
			if f.Name == name {
				return f.Data, nil
			}
		}
		return nil, fs.ErrNotExist
	}
}

// parse reads a graph from a text: build.ninja, then other files in the form
// of an archive.
func parse(text string) (*ninja.Graph, error) {
	ar := txtar.Parse([]byte("-- build.ninja --\n" + text))
	return ninja.Read("build.ninja", opener(ar))
}

func mustParse(tb testing.TB, text string) *ninja.Graph {
	tb.Helper()
	g, err := parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// prepare turns what editors would spoil into what is meant: ␍ is \r, ␉ is \t and so on.
func prepare(ar *txtar.Archive) {
	for i, f := range ar.Files {
		f.Data = bytes.ReplaceAll(f.Data, []byte("␍"), []byte("\r"))
		f.Data = bytes.ReplaceAll(f.Data, []byte("␉"), []byte("\t"))
		f.Data = bytes.ReplaceAll(f.Data, []byte("␀"), []byte("\x00"))
		ar.Files[i].Data = bytes.ReplaceAll(f.Data, []byte("␄\n"), nil) // the file ends without a newline
	}
}

// dump prints all that a graph knows.
func dump(g *ninja.Graph) string {
	var b strings.Builder
	for e := range g.Edges() {
		fmt.Fprintf(&b, "%s:%d", g.Position(e).File, g.Position(e).Line)
		list := func(mark string, nodes []ninja.Node) {
			if len(nodes) > 0 || mark == "" {
				b.WriteString(mark)
			}
			for _, n := range nodes {
				fmt.Fprintf(&b, " [%s]", g.Path(n))
			}
		}
		list("", g.ExplicitOutputs(e))
		list(" |", g.ImplicitOutputs(e))
		fmt.Fprintf(&b, ": %s", g.RuleName(g.Rule(e)))
		list("", g.ExplicitInputs(e))
		list(" |", g.ImplicitInputs(e))
		list(" ||", g.OrderOnlyInputs(e))
		list(" |@", g.Validations(e))
		b.WriteByte('\n')
		show := func(name, value string) {
			if value != "" {
				fmt.Fprintf(&b, "  %s = %q\n", name, value)
			}
		}
		show("command", g.Command(e))
		for _, name := range []string{"description", "deps", "msvc_deps_prefix", "restat", "generator", "rspfile_content"} {
			show(name, g.Binding(e, name))
		}
		show("depfile", g.Depfile(e))
		show("rspfile", g.Rspfile(e))
		if n, ok := g.Dyndep(e); ok {
			show("dyndep", g.Path(n))
		}
		if p := g.Pool(e); p != ninja.DefaultPool {
			show("pool", fmt.Sprintf("%s %d", g.PoolName(p), g.PoolDepth(p)))
		}
	}
	defaults, err := g.Defaults()
	for i, n := range defaults {
		if i == 0 {
			b.WriteString("default")
		}
		fmt.Fprintf(&b, " [%s]", g.Path(n))
	}
	if err != nil {
		fmt.Fprintf(&b, "default: %v", err)
	}
	fmt.Fprintf(&b, "\nfiles %s\n", g.Files())
	for _, w := range g.Warnings() {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}

// archives runs a test for each archive of a directory of testdata. The test
// returns what the file "want" of the archive should have.
func archives(t *testing.T, dir string, test func(t *testing.T, ar *txtar.Archive) string) {
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			original := txtar.Parse(txtar.Format(ar))
			prepare(ar)
			got := test(t, ar)
			last := &original.Files[len(original.Files)-1]
			if last.Name != "want" {
				t.Fatalf("the last file is %s", last.Name)
			}
			if string(last.Data) == got {
				return
			}
			if !*update {
				t.Fatalf("got:\n%s\nwant:\n%s", got, last.Data)
			}
			last.Data = []byte(got)
			if err := os.WriteFile(file, txtar.Format(original), 0o666); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestRead(t *testing.T) {
	archives(t, "read", func(t *testing.T, ar *txtar.Archive) string {
		g, err := ninja.Read("build.ninja", opener(ar))
		if err != nil {
			t.Fatal(err)
		}
		return dump(g)
	})
}

// TestErrors reads each file of an archive: all are wrong.
func TestErrors(t *testing.T) {
	archives(t, "error", func(t *testing.T, ar *txtar.Archive) string {
		var b strings.Builder
		for _, f := range ar.Files {
			if f.Name == "want" || strings.HasSuffix(f.Name, ".inc") {
				continue
			}
			g, err := ninja.Read(f.Name, opener(ar))
			var fault *ninja.Error
			if !errors.As(err, &fault) {
				t.Errorf("%s: got %v and error %v", f.Name, g, err)
			}
			fmt.Fprintf(&b, "%v\n", err)
		}
		return b.String()
	})
}
