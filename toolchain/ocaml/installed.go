package ocaml

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
)

// An Installed is a library that lies outside the workspace, as whoever read
// its description (META) knows it. All paths are absolute.
type Installed struct {
	Name     string            // as people call it: "fmt.tty"
	Dir      string            // of interfaces
	Code     string            // of archives and what optimising compilers read; "" for Dir
	Archives map[Mode][]string // in link order; none for a library of interfaces
	Plugins  []string          // .cmxs
	Deps     []*Library
	Standard []string // libraries that come with the compiler
	// Main is the module that users name; "" where each interface of Dir is
	// one.
	Main string
	// Private is the directory of the interfaces of private modules; "" for
	// none.
	Private string
	// Implements is the virtual library that it is the code of; nil for none.
	Implements *Library
}

// Installed returns an installed library. Its directory is digested as a
// whole, once, and counts for what uses the library as a tool does: it is not
// known which of its files belong to which library, nor which of them a
// compiler reads.
func (tc *Toolchain) Installed(t *engine.Task, in Installed) (*Library, error) {
	dir := path.Clean(in.Dir)
	code := path.Clean(cmp.Or(in.Code, in.Dir))
	l := &Library{
		Name: in.Name, Main: in.Main, Dir: dir, Native: code,
		Archives: in.Archives, Deps: withVirtual(in.Deps, in.Implements), Standard: in.Standard, Implements: in.Implements,
	}
	entries, err := t.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name, ".cmi")
		if !ok || e.Dir {
			continue
		}
		l.Interfaces = append(l.Interfaces, path.Join(dir, e.Name))
		if in.Main == "" && !strings.Contains(name, "__") {
			l.Provides = append(l.Provides, capitalize(name))
		}
	}
	if in.Main != "" {
		l.Provides = []string{in.Main}
	}
	seen := map[string]bool{}
	for _, d := range append([]string{dir, code}, archiveDirs(in.Archives)...) {
		if seen[d] || d == path.Clean(tc.conf["standard_library"]) {
			continue // what is beside Stdlib is part of the toolchain's identity
		}
		seen[d] = true
		id, err := installedTrees.Get(t, d)
		if err != nil {
			return nil, err
		}
		l.Tools = append(l.Tools, action.Tool{Name: path.Base(d), Identity: id})
	}
	return l, nil
}

func archiveDirs(archives map[Mode][]string) []string {
	var dirs []string
	for _, mode := range []Mode{Byte, Native} {
		for _, a := range archives[mode] {
			dirs = append(dirs, path.Dir(a))
		}
	}
	return dirs
}

// installedTrees are digests of directories of installed libraries.
var installedTrees = engine.Query[string, digest.Digest]{Kind: "installed library"}

func init() {
	installedTrees.Fn = func(t *engine.Task, dir string) (digest.Digest, error) {
		return t.TreeDigest(dir, isInstalled)
	}
}

// isInstalled reports whether a file of an installed library's directory has a
// part in compiling or linking. Directories below are other libraries'.
func isInstalled(rel string) bool {
	return slices.Contains([]string{".cmi", ".cmx", ".cmo", ".cma", ".cmxa", ".cmxs", ".a", ".o", ".so", ".lib", ".obj", ".dll"}, path.Ext(rel))
}
