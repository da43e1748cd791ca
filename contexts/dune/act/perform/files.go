package perform

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/diff"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/act"
	"erg.build/erg/contexts/dune/sexp"
)

// files carries out what needs no process.
func (p *performer) files(a *act.Action, s process) error {
	switch a.Op {
	case act.OpEcho:
		_, err := io.WriteString(s.stdout, strings.Join(a.Args, " "))
		return err
	case act.OpCat:
		for _, name := range a.Args {
			if err := cat(s.stdout, s.path(name)); err != nil {
				return err
			}
		}
		return nil
	case act.OpCopy:
		return copyFile(s.path(a.Args[0]), s.path(a.Args[1]), "")
	case act.OpCopyLine:
		return copyFile(s.path(a.Args[0]), s.path(a.Args[1]), LineDirective(a.Args[2]))
	case act.OpFormat:
		return format(s.path(a.Args[0]), s.path(a.Args[1]), a.Args[2])
	case act.OpSymlink:
		from, to := s.path(a.Args[0]), s.path(a.Args[1])
		if rel, err := filepath.Rel(filepath.Dir(to), from); err == nil && !filepath.IsAbs(from) {
			from = rel
		}
		return os.Symlink(from, to)
	case act.OpWrite:
		return writeFile(s.path(a.Args[0]), []byte(a.Args[1]), 0o666)
	case act.OpWriteExec:
		return writeFile(s.path(a.Args[0]), []byte(a.Args[1]), 0o777)
	}
	return fmt.Errorf("malformed action %q", a.Op)
}

// format lays out a dune file. One that is a program is copied.
func format(from, to, name string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if !dune.IsScript(text) {
		var diags hcl.Diagnostics
		if text, diags = sexp.Format(name, text); diags.HasErrors() {
			at := diags[0].Subject.Start
			return fmt.Errorf("%s:%d:%d: %s", name, at.Line, at.Column, diags[0].Detail)
		}
	}
	return writeFile(to, text, 0o666)
}

func cat(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// LineDirective is the line that tells a compiler that what follows is a file
// of another name: C compilers have their own way.
func LineDirective(name string) string {
	word := "#"
	switch filepath.Ext(name) {
	case ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".C":
		word = "#line"
	}
	return fmt.Sprintf("%s 1 %q\n", word, name)
}

// copyFile copies a file with its permission to run, behind a first line.
func copyFile(from, to, first string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	fi, err := os.Stat(from)
	if err != nil {
		return err
	}
	return writeFile(to, append([]byte(first), text...), 0o666|fi.Mode().Perm()&0o111)
}

func writeFile(name string, text []byte, mode fs.FileMode) error {
	err := os.WriteFile(name, text, mode)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		return os.WriteFile(name, text, mode)
	}
	return err
}

// compare holds one file against another. Where the first is a source, the
// second is what it should be.
func (p *performer) compare(a *act.Action, s process) error {
	made, err := os.ReadFile(s.path(a.Args[1]))
	if errors.Is(err, fs.ErrNotExist) && a.Op == act.OpDiffMaybe {
		return nil
	}
	if err != nil {
		return err
	}
	have, err := os.ReadFile(s.path(a.Args[0]))
	absent := errors.Is(err, fs.ErrNotExist)
	if err != nil && (!absent || a.Op == act.OpCmp) {
		return err
	}
	if bytes.Equal(have, made) { // a file that is not there is like an empty one
		return nil
	}
	if a.Op == act.OpCmp {
		return fmt.Errorf("%s and %s differ", a.Args[0], a.Args[1])
	}
	if sameText(have, made) {
		return nil // programs for Windows end lines in their own way
	}
	p.differ(a.Args[0], a.Args[2], filepath.Base(a.Args[1]), have, made)
	return nil
}

// differ shows a difference and notes what would settle it. The name of the
// file in the workspace is "" when nobody can correct it there.
func (p *performer) differ(file, name, madeName string, have, made []byte) {
	shown := name
	if shown == "" {
		shown = file
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.differs = true
	fmt.Fprintf(os.Stderr, "File %q, line 1, characters 0-0:\n", shown)
	if d := diff.Diff(shown, have, madeName, made); d != nil {
		_, d, _ = bytes.Cut(d, []byte("\n")) // "diff a b"
		os.Stderr.Write(d)
	}
	if name != "" {
		p.corrected = append(p.corrected, correction{name, made})
	}
}

// sameText compares texts without regard to how their lines end: programs of
// Windows end them in their own way.
func sameText(a, b []byte) bool {
	return bytes.Equal(bytes.ReplaceAll(a, []byte("\r\n"), []byte("\n")), bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")))
}
