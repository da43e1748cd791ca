package addr

import (
	"cmp"
	"strings"
)

// A Kind says what sort of thing an Element is.
type Kind string

// The kinds of elements. The first five are artifacts, which other contexts
// may use; Settings are read by build files and by `erg why`.
const (
	KindBin       Kind = "bin"       // an installed program
	KindLib       Kind = "lib"       // a public library
	KindShare     Kind = "share"     // an installed file of section share: "pkg/path"
	KindPrefix    Kind = "prefix"    // the install tree of a package
	KindFile      Kind = "file"      // an installed or public file, by its path
	KindOutput    Kind = "output"    // a typed value
	KindSettings  Kind = "settings"  // what the context is configured with
	KindTarget    Kind = "target"    // the machine that its toolchains emit code for
	KindToolchain Kind = "toolchain" // a fact about one of its toolchains: toolchain.ocaml.version
)

// Kinds lists all kinds of elements.
func Kinds() []Kind {
	return []Kind{KindBin, KindLib, KindShare, KindPrefix, KindFile, KindOutput, KindSettings, KindTarget, KindToolchain}
}

// isGoal tells which kinds can be asked for on the command line as CTX:KIND.NAME.
func (k Kind) isGoal() bool {
	switch k {
	case KindBin, KindLib, KindShare, KindPrefix, KindFile, KindOutput:
		return true
	}
	return false
}

// An Element is something that belongs to a context: what it offers to others
// and what it is configured with. Cycles between contexts are judged per
// Element.
type Element struct {
	Context Context
	Kind    Kind
	Name    string // "" for all of a kind (context.app.settings), and for KindTarget
	Path    Path   // what is selected inside of it, if anything
}

// Whole returns the element that e is a part of.
func (e Element) Whole() Element {
	e.Path = ""
	return e
}

// String returns the spelling in expressions:
// context.firmware.settings.cflags, context.lib["wide"].output.size.
func (e Element) String() string {
	s := e.Context.Expr() + "." + string(e.Kind)
	if e.Name != "" || e.Path != "" {
		s += member(e.Name)
	}
	return s + string(e.Path)
}

// Compare orders elements by context, kind, name and path.
func (e Element) Compare(f Element) int {
	return cmp.Or(e.Context.Compare(f.Context),
		strings.Compare(string(e.Kind), string(f.Kind)),
		strings.Compare(e.Name, f.Name),
		strings.Compare(string(e.Path), string(f.Path)))
}

// Public is an Element as commands spell it, CTX[@KEY]:KIND.NAME. Its Path is
// empty and its Name is not.
type Public Element

// Element returns what p names.
func (p Public) Element() Element { return Element(p) }

// String returns app@5.3:bin.tool.
func (p Public) String() string {
	return p.Context.String() + ":" + string(p.Kind) + "." + p.Name
}

// A Path selects a part of a value, in the spelling of expressions:
// `.name["key"][0]`. It is a string so that addresses stay comparable; the
// spelling is canonical, so equal paths are equal strings.
type Path string

// Attr returns the path to the attribute or the map element called name.
func (p Path) Attr(name string) Path { return p + Path(member(name)) }

// member spells the selection of a name: .name, or ["na me"] where the name is
// no identifier.
func member(name string) string {
	if ValidName(name) {
		return "." + name
	}
	return "[" + quote(name) + "]"
}

// indexed spells the selection of an instance, nothing for the empty key.
func indexed(key string) string {
	if key == "" {
		return ""
	}
	return "[" + quote(key) + "]"
}
