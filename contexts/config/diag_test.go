package config

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected texts in testdata")

// TestDiagnostics reads each file of each archive in testdata/diag and
// compares all that there is to say about it with the file "want".
func TestDiagnostics(t *testing.T) {
	archives, err := filepath.Glob("testdata/diag/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got, want, at := diagnose(t, ar)
			if got == want {
				return
			}
			if !*update {
				t.Fatalf("got:\n%s\nwant:\n%s", got, want)
			}
			ar.Files[at].Data = []byte(got)
			if err := os.WriteFile(name, txtar.Format(ar), 0o666); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func diagnose(t *testing.T, ar *txtar.Archive) (got, want string, at int) {
	t.Helper()
	files := make(map[string]*hcl.File)
	var diags hcl.Diagnostics
	for i, f := range ar.Files {
		src := []byte(strings.ReplaceAll(string(f.Data), "<ff>", "\xff"))
		switch {
		case f.Name == "want":
			want, at = string(f.Data), i
		case strings.HasPrefix(f.Name, "erg."):
			w, more := ParseWorkspace(f.Name, src)
			files[f.Name], diags = w.File, append(diags, more...)
		default:
			b, more := ParseBuild(f.Name, src)
			files[f.Name], diags = b.File, append(diags, more...)
		}
	}
	var buf bytes.Buffer
	if err := WriteDiagnostics(&buf, files, diags, false, 80); err != nil {
		t.Fatal(err)
	}
	return buf.String(), want, at
}

func TestWriteDiagnosticsColor(t *testing.T) {
	src := []byte("a = \x1b[31m\tb\n")
	d := &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Odd", Subject: rangeAt(src, "x.hcl", 10, 11).Ptr()}
	var buf bytes.Buffer
	if err := WriteDiagnostics(&buf, map[string]*hcl.File{"x.hcl": {Bytes: src}}, hcl.Diagnostics{d}, true, 0); err != nil {
		t.Fatal(err)
	}
	want := "\x1b[33mWarning\x1b[0m: Odd\n  on x.hcl:1:11:\n" +
		"\x1b[2m   1 | \x1b[0ma = \ufffd[31m\tb\n\x1b[2m     | \x1b[0m         \t\x1b[33m^\x1b[0m\n\n"
	if buf.String() != want {
		t.Errorf("got %q, want %q", buf.String(), want)
	}
}
