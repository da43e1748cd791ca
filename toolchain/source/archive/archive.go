// Package archive reads archives that nobody vouches for into trees that are
// safe to unpack, patches them, and writes them in one canonical form.
//
// A tree has regular files, directories and symbolic links, and nothing else.
// No name is absolute or has "..", nothing lies below a link or a file, and
// no link leads out of the tree, whichever way it takes. What an archive says
// of owners and times is dropped, and of modes all but the executable bit, so
// that the same files make the same bytes.
//
// The package knows bytes only: it opens no file and makes none. Start
// reading at Read; links.go is about links, canonical.go about what is
// written, patch.go about patches.
package archive

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Limits bound what an archive may grow to.
type Limits struct {
	Files int   // files, directories and links
	Bytes int64 // of all files together
}

// DefaultLimits leave room for the largest source trees that there are.
var DefaultLimits = Limits{Files: 400_000, Bytes: 8 << 30}

// maxName is the longest path, and maxElement the longest name in one, that
// file systems take.
const (
	maxName    = 4095
	maxElement = 255
)

// A Kind is what an entry of a tree is.
type Kind byte

// The kinds of entries.
const (
	File Kind = 'f'
	Dir  Kind = 'd'
	Link Kind = 'l'
)

// An Entry is a file, directory or link of a tree.
type Entry struct {
	Path   string // slash-separated, relative, clean
	Kind   Kind
	Exec   bool   // of a file
	Target string // of a link
	Size   int64  // of a file

	at   int64  // where the content is in the spool
	data []byte // the content after a patch; nil while it is in the spool
	own  bool   // data counts
}

// A Spool keeps the content of files while a tree is put together.
type Spool interface {
	io.Writer
	io.ReaderAt
}

// A Tree is what an archive holds.
type Tree struct {
	limits  Limits
	spool   Spool
	spooled int64 // bytes in the spool
	size    int64 // bytes of all files
	entries map[string]*Entry
}

// New returns an empty tree.
func New(spool Spool, limits Limits) *Tree {
	return &Tree{limits: limits, spool: spool, entries: map[string]*Entry{}}
}

// An EntryError says what is wrong with one entry of an archive.
type EntryError struct{ Name, Problem string }

func (e *EntryError) Error() string { return fmt.Sprintf("entry %q %s", shown(e.Name), e.Problem) }

func shown(name string) string {
	if len(name) > 200 {
		return name[:200] + "…"
	}
	return name
}

func refuse(name, format string, args ...any) error {
	return &EntryError{name, fmt.Sprintf(format, args...)}
}

// A LimitError says that an archive is larger than what is allowed.
type LimitError struct {
	What  string // "files" or "bytes"
	Limit int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("it has more than %d %s", e.Limit, e.What)
}

// ErrDamaged says that an archive ends too early or makes no sense.
var ErrDamaged = errors.New("the archive is truncated or damaged")

// cleanName checks a name and returns it in its canonical spelling: "" for
// the top directory.
func cleanName(name string) (string, error) {
	switch {
	case name == "":
		return "", refuse(name, "has no name")
	case path.IsAbs(name):
		return "", refuse(name, "has an absolute name")
	case len(name) > maxName:
		return "", refuse(name, "has a name of more than %d bytes", maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", refuse(name, "has a control character in its name")
	}
	for e := range strings.SplitSeq(name, "/") {
		if e == ".." {
			return "", refuse(name, "leads out of the tree: its name has \"..\"")
		}
		if len(e) > maxElement {
			return "", refuse(name, "has a name of more than %d bytes", maxElement)
		}
	}
	if name = path.Clean(name); name == "." {
		return "", nil
	}
	return name, nil
}

// add puts an entry into the tree. Directories may come twice.
func (t *Tree) add(e *Entry) error {
	if e.Path == "" {
		if e.Kind != Dir {
			return refuse(".", "takes the place of the whole tree")
		}
		return nil
	}
	if old := t.entries[e.Path]; old != nil {
		if old.Kind == Dir && e.Kind == Dir {
			return nil
		}
		return refuse(e.Path, "is there twice")
	}
	if len(t.entries) >= t.limits.Files {
		return &LimitError{"files", int64(t.limits.Files)}
	}
	t.entries[e.Path] = e
	return nil
}

// AddFile adds a file with what r gives.
func (t *Tree) AddFile(name string, exec bool, r io.Reader) error {
	p, err := cleanName(name)
	if err != nil {
		return err
	}
	e := &Entry{Path: p, Kind: File, Exec: exec, at: t.spooled}
	if err := t.add(e); err != nil {
		return err
	}
	left := t.limits.Bytes - t.size
	n, err := io.Copy(t.spool, io.LimitReader(r, left+1))
	t.spooled += n
	t.size += n
	e.Size = n
	if err != nil {
		return err
	}
	if n > left {
		return &LimitError{"bytes", t.limits.Bytes}
	}
	return nil
}

// AddDir adds a directory.
func (t *Tree) AddDir(name string) error {
	p, err := cleanName(name)
	if err != nil {
		return err
	}
	return t.add(&Entry{Path: p, Kind: Dir})
}

// AddLink adds a symbolic link. Where it leads is judged by Check.
func (t *Tree) AddLink(name, target string) error {
	p, err := cleanName(name)
	if err != nil {
		return err
	}
	if strings.ContainsFunc(target, func(r rune) bool { return r < ' ' || r == 0x7f }) || len(target) > maxName {
		return refuse(name, "is a link to a name that no file can have")
	}
	return t.add(&Entry{Path: p, Kind: Link, Target: target})
}

// addHardLink adds another name for a file that came before: a copy of it.
func (t *Tree) addHardLink(name, target string) error {
	p, err := cleanName(name)
	if err != nil {
		return err
	}
	to, err := cleanName(target)
	if err != nil {
		return refuse(name, "is a hard link to %q, which is not in the archive", shown(target))
	}
	from := t.entries[to]
	if from == nil || from.Kind != File {
		return refuse(name, "is a hard link to %q, which is no file that came before it", shown(target))
	}
	e := *from
	e.Path = p
	if t.size += e.Size; t.size > t.limits.Bytes {
		return &LimitError{"bytes", t.limits.Bytes}
	}
	return t.add(&e)
}

// Strip removes the first n elements of all names. With n < 0 it removes the
// directory that everything lies in, if there is one.
func (t *Tree) Strip(n int) error {
	if n < 0 {
		n = t.commonTop()
	}
	if n == 0 {
		return nil
	}
	old := t.entries
	t.entries = make(map[string]*Entry, len(old))
	for _, e := range sortedEntries(old) {
		parts := strings.Split(e.Path, "/")
		if len(parts) <= n {
			if e.Kind != Dir {
				return refuse(e.Path, "has no name left without its first %d %s: strip is too large", n, plural(n, "element"))
			}
			continue
		}
		e.Path = strings.Join(parts[n:], "/")
		if err := t.add(e); err != nil {
			return err
		}
	}
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return what
	}
	return what + "s"
}

// commonTop is 1 if all names begin with the same directory.
func (t *Tree) commonTop() int {
	top := ""
	for p, e := range t.entries {
		first, _, below := strings.Cut(p, "/")
		if !below && e.Kind != Dir || top != "" && first != top {
			return 0
		}
		top = first
	}
	if top == "" {
		return 0
	}
	return 1
}

// Check judges the tree as a whole: nothing may lie below what is no
// directory, and no link may lead out. It adds directories that only the
// names of others imply.
func (t *Tree) Check() error {
	for _, e := range sortedEntries(t.entries) {
		for d := path.Dir(e.Path); d != "."; d = path.Dir(d) {
			switch up := t.entries[d]; {
			case up == nil:
				if err := t.add(&Entry{Path: d, Kind: Dir}); err != nil {
					return err
				}
			case up.Kind != Dir:
				return refuse(e.Path, "lies below %q, which is no directory", shown(d))
			}
		}
	}
	for _, e := range sortedEntries(t.entries) {
		if e.Kind == Link {
			if _, err := t.resolve(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// Entries lists what is in the tree, sorted by path.
func (t *Tree) Entries() []*Entry { return sortedEntries(t.entries) }

func sortedEntries(m map[string]*Entry) []*Entry {
	list := make([]*Entry, 0, len(m))
	for _, e := range m {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *Entry) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// open returns the content of a file.
func (t *Tree) open(e *Entry) io.Reader {
	if e.own {
		return strings.NewReader(string(e.data))
	}
	return io.NewSectionReader(t.spool, e.at, e.Size)
}
