package dune_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"

	"erg.build/erg/contexts/dune"
)

var update = flag.Bool("update", false, "write what is got into the testdata")

// TestRead reads archives of dune's files. The file want holds what they say,
// diagnostics first. A file dune.inc is what an include stanza names, and
// dune.dyn what a dynamic one does.
func TestRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.ToSlash(file), ".txtar")
		t.Run(strings.TrimPrefix(name, "testdata/"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := readArchive(ar)
			want := &ar.Files[len(ar.Files)-1]
			if want.Name != "want" {
				ar.Files = append(ar.Files, txtar.File{Name: "want"})
				want = &ar.Files[len(ar.Files)-1]
			}
			if *update {
				want.Data = got
				if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got, want.Data) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want.Data)
			}
		})
	}
}

func readArchive(ar *txtar.Archive) []byte {
	var out bytes.Buffer
	p := dune.DefaultProject()
	show := func(name string, v any, diags hcl.Diagnostics) {
		for _, d := range diags {
			kind := "error"
			if d.Severity == hcl.DiagWarning {
				kind = "warning"
			}
			if n, ok := d.Extra.(dune.Note); ok {
				kind = "note (" + n.Topic + ")"
			}
			fmt.Fprintf(&out, "%s: %s: %s; %s\n", d.Subject, kind, d.Summary, d.Detail)
		}
		if !diags.HasErrors() {
			fmt.Fprintf(&out, "%s%s", name, dump(v))
		}
	}
	for _, f := range ar.Files {
		base := filepath.Base(f.Name)
		switch {
		case base == "dune-project":
			q, diags := dune.ReadProject(f.Name, f.Data)
			p = q
			if strings.HasPrefix(string(ar.Comment), "project") {
				show(f.Name, q, diags)
			} else {
				show(f.Name, nil, diags)
			}
		case base == "dune-workspace":
			w, diags := dune.ReadWorkspace(f.Name, f.Data)
			show(f.Name, w, diags)
		case strings.HasSuffix(base, ".opam"):
			o, diags := dune.ReadOpam(f.Name, f.Data)
			show(f.Name, o, diags)
		case base == "dune":
			df, diags := dune.ReadFile(f.Name, f.Data, p)
			show(f.Name, df, diags)
		case base == "dune.inc" || base == "dune.dyn":
			df, diags := dune.ReadIncluded(f.Name, f.Data, p, &dune.Include{Dynamic: base == "dune.dyn"})
			show(f.Name, df, diags)
		}
	}
	return out.Bytes()
}
