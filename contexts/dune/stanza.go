package dune

import "github.com/hashicorp/hcl/v2"

// A File is what one dune file says, or the part of it in a subdir stanza.
//
// Include stanzas stay in Stanzas, in their place: whoever can read files reads
// what they name with ReadIncluded, and appends. What is said about
// directories is apart, since the tree is walked before stanzas matter.
type File struct {
	Stanzas []Stanza
	Subdirs []*Subdir
	Dirs    Dirs

	ignored bool // ignored_subdirs is there
}

// A Stanza is one of the pointers to structs below: *Library, *Executables, …
type Stanza interface {
	// Keyword returns the name that the file calls the stanza by.
	Keyword() string
	// At returns the place of the whole stanza.
	At() hcl.Range
}

// A Head is what all stanzas have.
type Head struct {
	Name  string // the keyword: "library", "executables", …
	Range hcl.Range
}

// Keyword returns the name that the file calls the stanza by.
func (h *Head) Keyword() string { return h.Name }

// At returns the place of the whole stanza.
func (h *Head) At() hcl.Range { return h.Range }

// Dirs says which entries of a directory are part of the project, and how.
// Nil fields are not given. Fallbacks are dune's: dirs is all but names that
// begin with "." or "_", and nothing is data only or vendored.
type Dirs struct {
	Dirs     *Predicate // dirs
	DataOnly *Predicate // data_only_dirs, ignored_subdirs
	Vendored *Predicate // vendored_dirs
	Files    *Predicate // files
}

// A Subdir is (subdir DIR stanza…): a dune file for a directory below.
type Subdir struct {
	Dir   Text // clean, relative to the file's directory
	File  *File
	Range hcl.Range
}

// An Include is (include FILE) or (dynamic_include FILE): stanzas from a
// source, or from a file that rules make. File is relative to the directory
// that the stanza is for, and in a file that is included itself, to that of
// the file.
type Include struct {
	Head
	File    Text
	Dynamic bool
}

// IncludeSubdirs is (include_subdirs …).
type IncludeSubdirs struct {
	Head
	Mode SubdirsMode
}

// A SubdirsMode says whether modules in directories below are part of the one above.
type SubdirsMode string

// The modes of include_subdirs.
const (
	SubdirsNo          SubdirsMode = "no"
	SubdirsUnqualified SubdirsMode = "unqualified"
	SubdirsQualified   SubdirsMode = "qualified"
)
