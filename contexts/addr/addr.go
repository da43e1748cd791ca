// Package addr holds erg's addresses: the names under which people and
// programs speak of contexts, of what contexts make public, and of what build
// files declare. An address is an immutable, comparable value (it can be a map
// key) that prints as it is written.
//
// Two spellings are in use. Commands and directories use the short one:
//
//	app  app@5.3            a context, an instance of it
//	app@5.3:bin.tool        something public
//	app//lib:rule.gen@k     a block of a build file; without "app", in all contexts that have it
//	app//lib  //lib/...     all of a directory, all below it
//	_build/app@5.3/lib/x.o  a file that is built
//
// Expressions use the other one, which `erg why` takes and prints too:
//
//	context.app["5.3"].output.size
//	toolchain.ocaml.built["5.3"]
//	source.ocaml  source.ocaml["5.3"]
//	local.flags  var.board
//
// The package knows spelling and nothing else: whether a context of that name
// exists is a question for the packages above.
package addr

import (
	"cmp"
	"strings"
)

// An Addr is one of the address types of this package: Context, Element,
// Public, Target, Directory, Artifact, Toolchain, Source, Local or Variable.
type Addr interface {
	// String returns the canonical spelling; Parse reads it back.
	String() string

	rank() int // orders addresses of different types
}

// AllKeys is the key that stands for every instance, as in
// context.app["*"].output.size.
const AllKeys = "*"

// A Context names a context or, with a key, one instance of it.
type Context struct {
	Name string
	Key  string // "" for a context without for_each; AllKeys for every instance
}

// IsZero reports whether c names no context.
func (c Context) IsZero() bool { return c == Context{} }

// IsAll reports whether c stands for all instances of a context.
func (c Context) IsAll() bool { return c.Key == AllKeys }

// String returns the spelling for commands and directories: app@5.3.
func (c Context) String() string {
	if c.Key == "" {
		return c.Name
	}
	return c.Name + "@" + c.Key
}

// Expr returns the spelling in expressions: context.app["5.3"].
func (c Context) Expr() string { return "context." + c.Name + indexed(c.Key) }

// An Artifact is a file or directory below a context's part of the build
// directory.
type Artifact struct {
	Context Context
	Path    string // slash-separated, relative to _build/CONTEXT
}

// BuildDir is the directory, below the workspace, that builds write to.
const BuildDir = "_build"

// String returns the path relative to the workspace: _build/app@5.3/lib/x.o.
func (a Artifact) String() string {
	s := BuildDir + "/" + a.Context.String()
	if a.Path != "" {
		s += "/" + a.Path
	}
	return s
}

// A Toolchain names a toolchain or, with a key, one instance of it.
type Toolchain struct {
	Kind string // cc, ocaml, …
	Name string
	Key  string
}

// String returns toolchain.KIND.NAME, with ["KEY"] for an instance.
func (t Toolchain) String() string {
	return "toolchain." + t.Kind + "." + t.Name + indexed(t.Key)
}

// A Source names a source or, with a key, one instance of it.
type Source struct {
	Name string
	Key  string
}

// String returns source.NAME, with ["KEY"] for an instance.
func (s Source) String() string { return "source." + s.Name + indexed(s.Key) }

// Short returns NAME or NAME@KEY, the spelling for commands and directories.
func (s Source) Short() string { return Context(s).String() }

// A Local names an entry of a locals block.
type Local struct{ Name string }

func (l Local) String() string { return "local." + l.Name }

// A Variable names a variable block.
type Variable struct{ Name string }

func (v Variable) String() string { return "var." + v.Name }

func (Context) rank() int   { return 0 }
func (Element) rank() int   { return 1 }
func (Public) rank() int    { return 2 }
func (Target) rank() int    { return 3 }
func (Directory) rank() int { return 4 }
func (Artifact) rank() int  { return 5 }
func (Toolchain) rank() int { return 6 }
func (Source) rank() int    { return 7 }
func (Local) rank() int     { return 8 }
func (Variable) rank() int  { return 9 }

// Compare orders addresses: by type, then by context and by what is named in
// it. It returns -1, 0 or 1, and 0 only for equal addresses.
func Compare(a, b Addr) int {
	if c := cmp.Compare(a.rank(), b.rank()); c != 0 {
		return c
	}
	switch a := a.(type) {
	case Context:
		return a.Compare(b.(Context))
	case Element:
		return a.Compare(b.(Element))
	case Public:
		return Element(a).Compare(Element(b.(Public)))
	case Target:
		return a.Compare(b.(Target))
	}
	return strings.Compare(a.String(), b.String())
}

// Compare orders contexts by name, then by key.
func (c Context) Compare(d Context) int {
	return cmp.Or(strings.Compare(c.Name, d.Name), strings.Compare(c.Key, d.Key))
}
