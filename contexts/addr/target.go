package addr

import (
	"cmp"
	"strings"
)

// A BlockKind is a type of block in a build file.
type BlockKind string

// The kinds of blocks that can be addressed.
const (
	BlockExecutable BlockKind = "executable"
	BlockLibrary    BlockKind = "library"
	BlockRule       BlockKind = "rule"
	BlockNinja      BlockKind = "ninja"
	BlockTest       BlockKind = "test"
	BlockInstall    BlockKind = "install"
	BlockPackage    BlockKind = "package"
)

// BlockKinds lists all kinds of blocks that can be addressed.
func BlockKinds() []BlockKind {
	return []BlockKind{BlockExecutable, BlockLibrary, BlockRule, BlockNinja, BlockTest, BlockInstall, BlockPackage}
}

// A Target is a block of a build file, in one context or in all that have its
// directory.
type Target struct {
	Context Context // zero: in all contexts
	Dir     string  // slash-separated, relative to the workspace; "" is its root
	Kind    BlockKind
	Name    string // "" only for an install block, which may have no name
	Key     string // of an instance; "" without for_each
}

// String returns [CTX[@KEY]]//DIR:KIND.NAME[@KEY].
func (t Target) String() string {
	s := t.Context.String() + "//" + t.Dir + ":" + string(t.Kind)
	if t.Name != "" {
		s += "." + t.Name
	}
	if t.Key != "" {
		s += "@" + t.Key
	}
	return s
}

// In returns t in the given context.
func (t Target) In(c Context) Target {
	t.Context = c
	return t
}

// Compare orders targets by context, directory, kind, name and key.
func (t Target) Compare(u Target) int {
	return cmp.Or(t.Context.Compare(u.Context),
		strings.Compare(t.Dir, u.Dir),
		strings.Compare(string(t.Kind), string(u.Kind)),
		strings.Compare(t.Name, u.Name),
		strings.Compare(t.Key, u.Key))
}

// A Directory stands for all targets of a directory.
type Directory struct {
	Context   Context // zero: in all contexts that have it
	Dir       string  // slash-separated, relative to the workspace; "" is its root
	Recursive bool    // those of the directories below it too
}

// String returns [CTX[@KEY]]//DIR or [CTX[@KEY]]//DIR/....
func (d Directory) String() string {
	s := d.Context.String() + "//" + d.Dir
	if !d.Recursive {
		return s
	}
	if d.Dir != "" {
		s += "/"
	}
	return s + "..."
}

// Contains reports whether d covers the targets of directory dir.
func (d Directory) Contains(dir string) bool {
	switch {
	case dir == d.Dir:
		return true
	case !d.Recursive:
		return false
	}
	return d.Dir == "" || strings.HasPrefix(dir, d.Dir+"/")
}
