// Package dune reads what dune's files say, dune-project, dune-workspace, dune
// and *.opam, into static structs.
//
// It evaluates nothing and opens no files: what depends on a context, on the
// disk or on other files stays as it is written (Template, Set, Bool, Dep,
// Action, Include), for package rules to evaluate, with the pure parts of
// that here (Template.Expand, Set.Eval, Bool.Eval, Glob.Match). What depends on
// the version of the dune language alone is resolved: structs hold the
// meaning, not the spelling.
//
// Mistakes are diagnostics with places in dune's files. A field or a stanza
// that is not known is an error. One that cannot matter to what is built is a
// warning whose Extra is a Note, which the caller says once.
package dune

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// A Version is one of the dune language, or of an extension of it.
type Version struct{ Major, Minor int }

// Latest is the newest version of the language that is known here.
var Latest = Version{3, 24}

// String returns the version as files write it.
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Less reports whether v is older than w.
func (v Version) Less(w Version) bool {
	return v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor
}

// AtLeast reports whether v is major.minor or newer.
func (v Version) AtLeast(major, minor int) bool { return !v.Less(Version{major, minor}) }

// A Text is text without variables and the place where it is written. Its zero
// value is a field that is not there.
type Text struct {
	Value string
	Range hcl.Range
}

// String returns the text.
func (t Text) String() string { return t.Value }

// Given reports whether the text is written in a file.
func (t Text) Given() bool { return t.Range.Filename != "" }

// A Note is the Extra of a warning about what cannot matter to a build. Notes
// with one Topic say the same; one of them is enough.
type Note struct{ Topic string }
