package engine

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
)

// An InstallTree is what a package installed. Written down it is the output of
// the package's action: who uses a package depends on what is in it, and not
// on how it came to be.
type InstallTree struct {
	Prefix string // the directory, absolute
	// Key names the directory. It is that of the action which filled it.
	Key string
	// Needs are the keys of the prefixes that the package was built with: what
	// is installed may have their paths in it.
	Needs []string
	// Digest is that of the tree, with a placeholder wherever the path of the
	// prefix, or of the directory in which it was built, is in it.
	Digest  digest.Digest
	Entries []InstallEntry // by path
}

// An InstallEntry is a file, a directory or a symbolic link of an InstallTree.
type InstallEntry struct {
	Path   string // slash-separated, relative to the prefix
	Kind   EntryKind
	Digest digest.Digest // of a file
	Size   int64
	Target string // of a link
}

// EntryKind is what an InstallEntry is.
type EntryKind string

// The kinds of entries.
const (
	EntryFile    EntryKind = "file"
	EntryProgram EntryKind = "program" // a file that can be executed
	EntryDir     EntryKind = "dir"
	EntryLink    EntryKind = "link"
)

// Lookup returns the entry at a path, nil if there is none.
func (t *InstallTree) Lookup(p string) *InstallEntry {
	i, ok := slices.BinarySearchFunc(t.Entries, p, func(e InstallEntry, p string) int { return strings.Compare(e.Path, p) })
	if !ok {
		return nil
	}
	return &t.Entries[i]
}

const treeHeader = "erg install tree 1\n"

// encode writes the tree down.
func (t *InstallTree) encode() []byte {
	var b bytes.Buffer
	b.WriteString(treeHeader)
	fmt.Fprintf(&b, "prefix %s\n", t.Key)
	fmt.Fprintf(&b, "digest %s\n", t.Digest)
	t.encodeBody(&b)
	return b.Bytes()
}

// encodeBody writes what the digest is of.
func (t *InstallTree) encodeBody(w io.Writer) {
	for _, k := range t.Needs {
		fmt.Fprintf(w, "needs %s\n", k)
	}
	for _, e := range t.Entries {
		switch e.Kind {
		case EntryDir:
			fmt.Fprintf(w, "dir %q\n", e.Path)
		case EntryLink:
			fmt.Fprintf(w, "link %q %q\n", e.Path, e.Target)
		default:
			fmt.Fprintf(w, "%s %q %d %s\n", e.Kind, e.Path, e.Size, e.Digest)
		}
	}
}

// decodeTree reads what encode wrote.
func decodeTree(b []byte) (*InstallTree, error) {
	text, ok := strings.CutPrefix(string(b), treeHeader)
	if !ok {
		return nil, fmt.Errorf("not a list of installed files")
	}
	t := &InstallTree{}
	for line := range strings.Lines(text) {
		if err := t.decodeLine(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("a list of installed files has the line %q: %w", line, err)
		}
	}
	if !validKey(t.Key) || t.Digest.IsZero() {
		return nil, fmt.Errorf("a list of installed files does not say where they are")
	}
	return t, nil
}

func (t *InstallTree) decodeLine(line string) (err error) {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "prefix":
		t.Key = rest
		return nil
	case "needs":
		if !validKey(rest) {
			return fmt.Errorf("not a key")
		}
		t.Needs = append(t.Needs, rest)
		return nil
	case "digest":
		t.Digest, err = digest.Parse(rest)
		return err
	}
	e := InstallEntry{Kind: EntryKind(kind)}
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return err
	}
	if e.Path, err = strconv.Unquote(quoted); err != nil {
		return err
	}
	rest = strings.TrimPrefix(rest[len(quoted):], " ")
	switch e.Kind {
	case EntryDir:
	case EntryLink:
		e.Target, err = strconv.Unquote(rest)
	case EntryFile, EntryProgram:
		size, sum, _ := strings.Cut(rest, " ")
		if e.Size, err = strconv.ParseInt(size, 10, 64); err == nil {
			e.Digest, err = digest.Parse(sum)
		}
	default:
		err = fmt.Errorf("no such kind of entry")
	}
	t.Entries = append(t.Entries, e)
	return err
}

// A treeScan reads an install tree from the disk.
type treeScan struct {
	fs   fsys.FS
	root string
	sub  *placeholders
	tree *InstallTree
}

// scanTree lists the directory root, where text of sub has placeholders in
// what is digested.
func scanTree(fsy fsys.FS, root string, sub *placeholders, needs []string) (*InstallTree, error) {
	s := &treeScan{fsy, root, sub, &InstallTree{Needs: needs}}
	if err := s.dir(""); err != nil {
		return nil, err
	}
	slices.SortFunc(s.tree.Entries, func(a, b InstallEntry) int { return strings.Compare(a.Path, b.Path) })
	h := digest.New()
	s.tree.encodeBody(h)
	s.tree.Digest = digest.Sum(h)
	return s.tree, nil
}

func (s *treeScan) dir(rel string) error {
	entries, err := s.fs.ReadDir(filepath.Join(s.root, rel))
	if err != nil {
		return err
	}
	for _, d := range entries {
		p := path.Join(rel, d.Name())
		if p == stampName {
			continue
		}
		if err := s.entry(p, d.Type()); err != nil {
			return err
		}
	}
	return nil
}

func (s *treeScan) entry(p string, mode fs.FileMode) (err error) {
	e := InstallEntry{Path: p}
	name := filepath.Join(s.root, p)
	switch {
	case mode.IsDir():
		e.Kind = EntryDir
		err = s.dir(p)
	case mode&fs.ModeSymlink != 0:
		e.Kind = EntryLink
		if e.Target, err = s.fs.Readlink(name); err == nil {
			e.Target = s.sub.replace(e.Target)
		}
	case mode.IsRegular():
		err = s.file(&e, name)
	default:
		err = fmt.Errorf("it installed %s, which is neither a file nor a directory nor a symbolic link", p)
	}
	s.tree.Entries = append(s.tree.Entries, e)
	return err
}

func (s *treeScan) file(e *InstallEntry, name string) error {
	f, err := s.fs.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	e.Kind, e.Size = EntryFile, fi.Size()
	if fi.Mode()&0o111 != 0 {
		e.Kind = EntryProgram
	}
	sub := s.sub
	if id := buildID(f); id != "" {
		// It is a hash of the rest, the paths in it among that.
		sub = &placeholders{append(slices.Clip(sub.paths), id)}
	}
	e.Digest, err = sub.digest(f)
	return err
}

// buildID returns the bytes by which a linker names a program, "" if there are
// none. It leaves the file where it was.
func buildID(f io.ReaderAt) string {
	x, err := elf.NewFile(f)
	if err != nil {
		return ""
	}
	const header = 16 // three numbers and "GNU"
	note := x.Section(".note.gnu.build-id")
	if note == nil {
		return ""
	}
	b, err := note.Data()
	if err != nil || len(b) < header+8 { // short ones could be anything
		return ""
	}
	return string(b[header:])
}

// placeholders stand for paths that differ between two builds of which the
// results are the same but for them.
type placeholders struct{ paths []string }

// mark is what the i-th path is replaced by. It is no text, lest a file that
// has it anyhow be taken for one that has the path.
func (p *placeholders) mark(i int) string { return "\x00\x02" + strconv.Itoa(i) + "\x03" }

func (p *placeholders) replace(text string) string {
	for i, x := range p.paths {
		text = strings.ReplaceAll(text, x, p.mark(i))
	}
	return text
}

// digest hashes a stream with the paths in it replaced.
func (p *placeholders) digest(r io.Reader) (digest.Digest, error) {
	longest := 0
	for _, x := range p.paths {
		longest = max(longest, len(x))
	}
	h := digest.New()
	buf := make([]byte, 0, 256<<10)
	for end := false; !end; {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			end = true
		default:
			return digest.Digest{}, err
		}
		// A path may begin in what is kept for the next round.
		buf = buf[:copy(buf, p.feed(h, buf, longest, end))]
	}
	return digest.Sum(h), nil
}

// feed writes b to h but for its tail, in which a path might begin, and
// returns that.
func (p *placeholders) feed(h io.Writer, b []byte, longest int, end bool) []byte {
	for {
		at, which := -1, 0
		for i, x := range p.paths {
			if k := bytes.Index(b, []byte(x)); k >= 0 && (at < 0 || k < at) {
				at, which = k, i
			}
		}
		if at < 0 {
			break
		}
		h.Write(b[:at])
		io.WriteString(h, p.mark(which))
		b = b[at+len(p.paths[which]):]
	}
	keep := min(len(b), max(longest-1, 0))
	if end {
		keep = 0
	}
	h.Write(b[:len(b)-keep])
	return b[len(b)-keep:]
}
