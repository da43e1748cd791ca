package findlib

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// An FS is how this package looks at the machine; an engine.Task is one.
type FS interface {
	// ReadFile's error for a file that is not there satisfies
	// errors.Is(err, fs.ErrNotExist).
	ReadFile(path string) ([]byte, error)
	Exists(path string) (bool, error)
}

// Modes of archives.
const (
	Byte   = "byte"
	Native = "native"
)

// A Kind is what a library is for.
type Kind string

// The kinds.
const (
	Normal   Kind = "normal"
	Rewriter Kind = "ppx_rewriter"
	Deriver  Kind = "ppx_deriver"
)

// A Package is an installed library. Files are absolute.
type Package struct {
	Name        string // "lwt.unix"
	Dir         string // of its files
	Root        string // of the package whose part it is
	File        string // what said so: META or dune-package
	Version     string
	Description string
	Kind        Kind

	Requires       []Require
	PPXRuntimeDeps []string
	RuntimeClosure []string            // of a rewriter to be written: the PPXRuntimeDeps of all that it needs
	Archives       map[string][]string // by mode
	Plugins        map[string][]string
	NativeArchives []string // the .a beside .cmxa, if it is said
	StubArchives   []string // C code: .a that archives name by -l; if it is said
	JSRuntime      []string

	// What only dune-package says:
	Known          bool   // the rest is known
	MainModule     string // the module that wraps the others; "" for none
	Modules        []Module
	Modes          []string // "byte", "native"
	Virtual        bool
	Implements     string
	Default        string // default implementation
	ForeignObjects []string
	SharedStubs    []string // of a library to be written: names of shared libraries with its C code
	PublicHeaders  []string
	WasmRuntime    []string
	SourceDir      string       // orig_src_dir
	PrivateDir     string       // below Dir, where interfaces of private modules are
	CmiDir         string       // below Dir, where all other interfaces are; "" for Dir
	Transition     string       // why modules should not be named without MainModule, where they still can be
	Driver         *sexp.Node   // (ppx.driver …) of what drives rewriters; nil for none
	Cookies        []*sexp.Node // of a rewriter: (NAME VALUE)
	Backend        *sexp.Node   // (inline_tests.backend …); nil for none
	// Special is what special_builtin_support says, as it is written; nil for
	// nothing.
	Special *sexp.Node
	// Instrumentation is the rewriter of an instrumentation backend; "" for none.
	Instrumentation string
}

// A Site is a directory of a package that others install into.
type Site struct{ Name, Section string }

// A Require is a library that another one needs.
type Require struct {
	Name     string
	ReExport bool // whoever uses the one sees the other
}

// A Module is one of an installed library.
type Module struct {
	Name    string   // "Condition"
	Group   []string // the modules that it is a component of within the library; of a module of aliases, the group whose aliases these are
	Object  string   // "lwt__Condition"
	Private bool
	Impl    bool
	Intf    bool
	Virtual bool
	// Implements says that the module is virtual in the library that this one
	// implements.
	Implements bool
	Alias      bool // it has nothing but names for the others of its group
	Compat     bool // it stands for another one, under the name that this had before it was wrapped
	// ImplFile and IntfFile are its sources, relative to the package; "" where
	// it is not said.
	ImplFile, IntfFile string
}

// A NotFoundError says that a library is not installed, or hidden by its
// exists_if or error.
type NotFoundError struct {
	Name string
	Why  string // "" if there is no such package
}

func (e *NotFoundError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("library %s is hidden: %s", e.Name, e.Why)
	}
	return fmt.Sprintf("library %s is not installed", e.Name)
}

// A FileError is a META or dune-package file that cannot be read.
type FileError struct {
	File  string
	Text  []byte // for snippets
	Diags hcl.Diagnostics
}

func (e *FileError) Error() string { return e.Diags.Error() }

// Find finds a library in the first directory of the search path that has its
// package. The standard library's directory is what paths of META files that
// begin with + or ^ are relative to. Errors are *NotFoundError, *FileError, or
// those of reading.
func Find(f FS, search []string, standard, name string) (*Package, error) {
	if !validName(name) {
		return nil, &NotFoundError{Name: name}
	}
	pkg, _, _ := strings.Cut(name, ".")
	for _, dir := range search {
		p, err := find(f, path.Join(dir, pkg), standard, name)
		if err != nil || p != nil {
			return p, err
		}
		// Some systems keep the files of several packages in one directory.
		at := path.Join(dir, "META."+pkg)
		text, err := f.ReadFile(at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return fromMeta(f, at, text, dir, standard, name)
	}
	return nil, &NotFoundError{Name: name}
}

// Installed reports whether a directory of the search path has a package.
func Installed(f FS, dir, pkg string) (bool, error) {
	for _, name := range []string{"dune-package", "META"} {
		if there, err := f.Exists(path.Join(dir, pkg, name)); err != nil || there {
			return there, err
		}
	}
	return false, nil
}

// validName reports whether a name can be one of a library, and of nothing
// else in the file system.
func validName(name string) bool {
	for _, part := range strings.Split(name, ".") {
		if part == "" || strings.ContainsAny(part, "/\\\x00\n \t") {
			return false
		}
	}
	return true
}

// find looks into one package's directory. No package and no error: it is not
// there.
func find(f FS, dir, standard, name string) (*Package, error) {
	at := path.Join(dir, "dune-package")
	text, err := f.ReadFile(at)
	if err == nil {
		p, err := fromDunePackage(at, text, dir, name)
		if err != nil || p != nil {
			return p, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	at = path.Join(dir, "META")
	text, err = f.ReadFile(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return fromMeta(f, at, text, dir, standard, name)
}

// driving are the predicates with which dune asks what a library is: with
// threads, and as a part of a ppx driver.
var driving = []string{"ppx_driver", "mt", "mt_posix"}

// fromMeta describes a library by its package's META file.
func fromMeta(f FS, file string, text []byte, dir, standard, name string) (*Package, error) {
	m, diags := ParseMeta(file, text)
	if diags.HasErrors() {
		return nil, &FileError{file, text, diags}
	}
	parts := strings.Split(name, ".")
	root := directory(m, dir, standard)
	dir = root
	var version string
	for i, part := range parts {
		if i > 0 {
			if m = m.Package(part); m == nil {
				return nil, &NotFoundError{Name: name, Why: fmt.Sprintf("%s has no package %q", file, part)}
			}
			dir = directory(m, dir, standard)
		}
		if v, ok := m.Value("version"); ok {
			version = v
		}
	}
	p := &Package{Name: name, Dir: dir, Root: root, File: file, Version: version, Kind: Normal, Archives: map[string][]string{}, Plugins: map[string][]string{}}
	if why, ok := m.Value("error", driving...); ok {
		return nil, &NotFoundError{Name: name, Why: why}
	}
	if err := p.there(f, m); err != nil {
		return nil, err
	}
	p.Description, _ = m.Value("description")
	for _, r := range m.Words("requires", driving...) {
		p.Requires = append(p.Requires, Require{Name: r})
	}
	exports := m.Words("exports", driving...)
	for i := range p.Requires {
		p.Requires[i].ReExport = slices.Contains(exports, p.Requires[i].Name)
	}
	for _, e := range exports {
		if !slices.ContainsFunc(p.Requires, func(r Require) bool { return r.Name == e }) {
			p.Requires = append(p.Requires, Require{Name: e, ReExport: true})
		}
	}
	p.PPXRuntimeDeps = m.Words("ppx_runtime_deps", driving...)
	for _, mode := range []string{Byte, Native} {
		p.Archives[mode] = in(dir, m.Words("archive", append([]string{mode}, driving...)...))
		p.Plugins[mode] = in(dir, m.Words("plugin", append([]string{mode}, driving...)...))
	}
	p.JSRuntime = in(dir, m.Words("jsoo_runtime"))
	if k, ok := m.Value("library_kind"); ok {
		p.Kind = Kind(k)
	}
	return p, nil
}

// there fails if the library says by what files it is there, and none is.
func (p *Package) there(f FS, m *Meta) error {
	files := m.Words("exists_if")
	if len(files) == 0 {
		return nil
	}
	for _, x := range files {
		ok, err := f.Exists(path.Join(p.Dir, x))
		if err != nil || ok {
			return err
		}
	}
	return &NotFoundError{Name: p.Name, Why: "there is no " + path.Join(p.Dir, files[0])}
}

// directory is where a package's files are, whose parent's are in dir.
func directory(m *Meta, dir, standard string) string {
	d, _ := m.Value("directory")
	switch {
	case d == "":
		return dir
	case d[0] == '^' || d[0] == '+':
		return path.Join(standard, d[1:])
	case path.IsAbs(d):
		return path.Clean(d)
	}
	return path.Join(dir, d)
}

func in(dir string, files []string) []string {
	var out []string
	for _, f := range files {
		if !path.IsAbs(f) {
			f = path.Join(dir, f)
		}
		out = append(out, f)
	}
	return out
}
