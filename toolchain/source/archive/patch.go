package archive

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// maxPatched bounds the size of a file that is patched: it is held in memory.
const maxPatched = 64 << 20

// Patch applies a patch in the format of "diff -u" or of Git. The first
// element of names is dropped where all have one ("a/", "b/"), as patch -p1
// does. A hunk may have moved; its lines must be there as the patch has them.
func (t *Tree) Patch(patch []byte) error {
	files, _, err := gitdiff.Parse(bytes.NewReader(patch))
	if err != nil {
		return fmt.Errorf("it is no patch: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("it changes no file; a patch is what \"diff -u\" or \"git diff\" prints")
	}
	for _, f := range files {
		if err := t.patchFile(f); err != nil {
			return err
		}
	}
	return nil
}

// find returns the file that a patch means by a name.
func (t *Tree) find(name string) string {
	if t.entries[name] == nil {
		if _, rest, ok := strings.Cut(name, "/"); ok {
			return rest
		}
	}
	return name
}

func (t *Tree) patchFile(f *gitdiff.File) error {
	name := f.OldName
	if f.IsNew {
		name = f.NewName
	}
	if f.IsBinary {
		return fmt.Errorf("%s: binary patches are not supported", name)
	}
	if f.IsRename || f.IsCopy {
		return fmt.Errorf("%s: patches that rename or copy files are not supported", name)
	}
	if f.IsNew {
		return t.patchNew(f)
	}
	e := t.entries[t.find(name)]
	if e == nil || e.Kind != File {
		return fmt.Errorf("%s: there is no such file to patch", name)
	}
	if e.Size > maxPatched {
		return fmt.Errorf("%s: the file is too large to be patched", name)
	}
	name = e.Path
	if f.NewMode != 0 {
		e.Exec = f.NewMode&0o111 != 0
	}
	if f.IsDelete && len(f.TextFragments) == 0 {
		delete(t.entries, e.Path)
		return nil
	}
	old, err := io.ReadAll(t.open(e))
	if err != nil {
		return err
	}
	text, err := applyHunks(string(old), f.TextFragments)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if f.IsDelete {
		if text != "" {
			return fmt.Errorf("%s: the patch deletes it, but would leave lines of it", name)
		}
		delete(t.entries, e.Path)
		return nil
	}
	return t.setContent(e, text)
}

// patchNew makes the file that a patch adds. Whether the first element of
// its name is one to be dropped, only the kind of patch can tell: those of Git
// come without it.
func (t *Tree) patchNew(f *gitdiff.File) error {
	name := f.NewName
	if f.NewMode == 0 {
		if _, rest, ok := strings.Cut(name, "/"); ok {
			name = rest
		}
	}
	p, err := cleanName(name)
	if err != nil {
		return err
	}
	if t.entries[p] != nil {
		return fmt.Errorf("%s: the patch adds it, but it is there", name)
	}
	text, err := applyHunks("", f.TextFragments)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	e := &Entry{Path: p, Kind: File, Exec: f.NewMode&fs.FileMode(0o111) != 0}
	if err := t.add(e); err != nil {
		return err
	}
	return t.setContent(e, text)
}

func (t *Tree) setContent(e *Entry, text string) error {
	t.size += int64(len(text)) - e.Size
	e.data, e.own, e.Size = []byte(text), true, int64(len(text))
	if t.size > t.limits.Bytes {
		return &LimitError{"bytes", t.limits.Bytes}
	}
	return nil
}

// applyHunks applies the hunks of one file. Each goes to the place nearest to
// the one that it names where its old lines are, after the hunk before it.
func applyHunks(old string, hunks []*gitdiff.TextFragment) (string, error) {
	lines := strings.SplitAfter(old, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	var out strings.Builder
	done, moved := 0, 0
	for i, h := range hunks {
		var before, after []string
		for _, l := range h.Lines {
			if l.Old() {
				before = append(before, l.Line)
			}
			if l.New() {
				after = append(after, l.Line)
			}
		}
		want := int(h.OldPosition) - 1 + moved
		if h.OldLines == 0 {
			want++ // such a hunk goes behind the line that it names
		}
		at := nearest(lines, before, want, done)
		if at < 0 {
			return "", fmt.Errorf("hunk %d of %d (%s) does not fit: the lines that it changes are not there", i+1, len(hunks), strings.TrimSpace(h.Header()))
		}
		moved += at - want
		for _, l := range lines[done:at] {
			out.WriteString(l)
		}
		for _, l := range after {
			out.WriteString(l)
		}
		done = at + len(before)
	}
	for _, l := range lines[done:] {
		out.WriteString(l)
	}
	return out.String(), nil
}

// nearest returns the place in lines, not before from and nearest to want,
// where the lines before are; -1 if there is none.
func nearest(lines, before []string, want, from int) int {
	last := len(lines) - len(before)
	fits := func(at int) bool {
		if at < from || at > last {
			return false
		}
		for i, b := range before {
			if lines[at+i] != b {
				return false
			}
		}
		return true
	}
	want = min(max(want, from), max(last, from))
	for d := 0; d <= len(lines); d++ {
		if fits(want - d) {
			return want - d
		}
		if fits(want + d) {
			return want + d
		}
	}
	return -1
}
