package ocaml

// A Module is one module of a unit, said file by file: for whoever knows
// better than the names of sources which modules there are. See
// Unit.Modules.
type Module struct {
	// Name is what sources of the unit call it: "Point".
	Name string
	// Group are the modules that it is a component of within the unit, outermost
	// first: {"Shapes", "Plane"} for what others call Shapes.Plane.Point.
	Group []string
	// Impl and Intf are its .ml and its .mli, sources or outputs; "" for none.
	// A module with an interface alone has no code (its types are used), unless
	// it is Virtual. Files that a preprocessor made are what is to be compiled
	// ("lib/point.pp.ml"); actions that make them are the caller's.
	Impl, Intf string
	// Text, if set, is what the file Impl, an output, is to hold: the main
	// module of a driver, the list of embedded sites.
	Text string
	// Aliases, if set, are modules of libraries, of which this module holds
	// names of its own and nothing else: Impl, an output, is written. They are
	// the libraries' modules, whatever modules the unit has.
	Aliases []string
	// Private modules are seen in the unit alone: their interfaces are in a
	// directory of their own.
	Private bool
	// Virtual modules have an interface here, and their code in each library
	// that implements this one.
	Virtual bool
	// Inferred, if set, is an output that takes the interface that the compiler
	// infers for Impl. That is all that is made of the module: see Infer.
	Inferred string
	// Apart modules are no part of the library's archives: they are the main
	// modules of programs that are made of the same sources.
	Apart bool
	// Flags are further flags for this module.
	Flags []string
}

// Wrapping says how modules of a unit are called outside of it.
type Wrapping int

const (
	// Wrapped modules are components of one module: see "Wrapped modules".
	Wrapped Wrapping = iota
	// Unwrapped modules keep their own names.
	Unwrapped
	// Transitional modules are wrapped, and for each that is not private there
	// is a module of its own name too, whose use warns.
	Transitional
)

// A Layout says where what is compiled goes. The zero value is the layout of
// build files: all in Root/Dir/.objs/NAME.
type Layout struct {
	// Objects is the directory of interfaces, typed trees and byte code; those
	// who use the unit see it.
	Objects string
	// Native is the directory of native code, which they see too; "" for
	// Objects.
	Native string
	// Private is the directory of the interfaces of private modules, which
	// they do not see; "" for a directory in Objects.
	Private string
	// Alias is the directory where the source of the alias module is written;
	// "" for Objects.
	Alias string
}

// A Kind is what a link makes.
type Kind int

const (
	// Executable needs nothing of the build. Byte code that calls C code is
	// linked with the runtime, as all byte code of Exact units is.
	Executable Kind = iota
	// Script is byte code that the runtime (ocamlrun) loads, with shared
	// libraries for C code that it looks for along CAML_LD_LIBRARY_PATH. With
	// the native compiler it is an Executable.
	Script
	// Object is an object file for a C program, with the runtime.
	Object
	// Shared is a shared library for a C program, with the runtime.
	Shared
	// Plugin is what Dynlink loads: .cmxs, or .cma.
	Plugin
	// Raw is byte code for a program that translates it, as js_of_ocaml does.
	// What there is of C functions is that program's affair.
	Raw
)

// String returns the kind in words.
func (k Kind) String() string {
	return [...]string{"executable", "script", "object", "shared library", "plugin", "raw"}[k]
}

// A Program is what is linked, or the C source of it.
type Program struct {
	Name string // its main module, in lower case as well: "main"
	Mode Mode
	Kind Kind
	Path string // of the file that is made
	// Embed are the libraries that are linked into a Plugin; who loads it has
	// the others. All else has all libraries.
	Embed []*Library
	// Parts is what a Raw program was linked of, for who translates these one
	// by one. Executables fills it in.
	Parts []Part
}

// A Part is an archive or an object that a program is linked of.
type Part struct {
	File     string   // an output, or absolute
	Library  *Library // that it is an archive of; nil for the program's own
	Standard string   // the library of the compiler that it is an archive of
}
