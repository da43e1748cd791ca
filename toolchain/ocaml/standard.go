package ocaml

import (
	"maps"
	"path"
	"slices"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// A standard library is one that comes with the compiler, beside Stdlib.
type standard struct {
	archive string   // "unix" of unix.cmxa; "" for what is part of Stdlib
	dir     string   // where it is, below the standard library
	always  bool     // it is there before OCaml 5 too
	needs   []string // others
	stubs   bool     // it has C code, or code that only a native link finds
	modules []string // that users name, where they are few
}

var standards = map[string]standard{
	"unix":                   {archive: "unix", dir: "unix", stubs: true, modules: []string{"Unix", "UnixLabels"}},
	"str":                    {archive: "str", dir: "str", stubs: true, modules: []string{"Str"}},
	"dynlink":                {archive: "dynlink", dir: "dynlink", modules: []string{"Dynlink"}},
	"threads":                {archive: "threads", dir: "threads", always: true, needs: []string{"unix"}, stubs: true, modules: []string{"Condition", "Event", "Mutex", "Semaphore", "Thread"}},
	"threads.posix":          {archive: "threads", dir: "threads", always: true, needs: []string{"unix"}, stubs: true, modules: []string{"Condition", "Event", "Mutex", "Semaphore", "Thread"}},
	"runtime_events":         {archive: "runtime_events", dir: "runtime_events", always: true, stubs: true, modules: []string{"Runtime_events"}},
	"compiler-libs":          {dir: compilerLibs, always: true},
	"compiler-libs.common":   {archive: "ocamlcommon", dir: compilerLibs, always: true},
	"compiler-libs.bytecomp": {archive: "ocamlbytecomp", dir: compilerLibs, always: true, needs: []string{"compiler-libs.common"}},
	"compiler-libs.optcomp":  {archive: "ocamloptcomp", dir: compilerLibs, always: true, needs: []string{"compiler-libs.common"}},
	"compiler-libs.toplevel": {archive: "ocamltoplevel", dir: compilerLibs, always: true, needs: []string{"compiler-libs.bytecomp"}},
	"bigarray":               {},
	"stdlib":                 {},
	"bytes":                  {},
	"seq":                    {},
	"result":                 {},
}

const compilerLibs = "compiler-libs"

// StandardModules lists the modules of a standard library that users name; ok
// is false if they are not known one by one.
func StandardModules(name string) (modules []string, ok bool) {
	s := standards[name]
	return s.modules, s.dir != compilerLibs
}

// StandardPlugin says what a program that is running loads for a standard
// library: its archive, without extension ("" for none), where that is below
// the standard library's directory, and what it needs itself.
func (tc *Toolchain) StandardPlugin(name string) (archive, dir string, needs []string) {
	s := standards[name]
	if dirs := tc.standardDirs([]string{name}); len(dirs) > 0 {
		dir = dirs[0]
	}
	return s.archive, dir, s.needs
}

// StandardClosure lists standard libraries with what they need.
func StandardClosure(names []string) []string { return standardClosure(names) }

// StandardNames lists the libraries that come with the compiler.
func StandardNames() []string { return slices.Sorted(maps.Keys(standards)) }

// IsStandard reports whether a library of that name comes with the compiler.
func IsStandard(name string) bool { _, ok := standards[name]; return ok }

// standardClosure lists standard libraries with what they need, which comes
// first.
func standardClosure(names []string) []string {
	var all []string
	var visit func(name string)
	visit = func(name string) {
		if slices.Contains(all, name) {
			return
		}
		for _, n := range standards[name].needs {
			visit(n)
		}
		all = append(all, name)
	}
	for _, n := range names {
		visit(n)
	}
	return all
}

// standardFlags returns the flags that make standard libraries visible.
// Until OCaml 5 most of them were in the standard library's own directory.
func (tc *Toolchain) standardFlags(names []string) []string {
	var flags []string
	for _, dir := range tc.standardDirs(names) {
		flags = append(flags, "-I", "+"+dir)
	}
	return flags
}

func (tc *Toolchain) standardDirs(names []string) []string {
	var dirs []string
	for _, n := range names {
		s := standards[n]
		if s.dir != "" && (s.always || tc.conf.atLeast(5, 0)) && !slices.Contains(dirs, s.dir) {
			dirs = append(dirs, s.dir)
		}
	}
	return dirs
}

// visibleStandard returns the flags for the standard libraries that modules of
// the unit see: all that are linked or, of a closed unit, those that it names.
// What one of these needs to be linked is its own affair.
func (b *builder) visibleStandard() []string {
	if !b.u.Closed {
		return b.tc.standardFlags(b.std)
	}
	flags := b.tc.standardFlags(b.u.Standard)
	if b.hides() {
		seen := b.tc.standardDirs(b.u.Standard)
		for _, dir := range b.tc.standardDirs(b.std) {
			if !slices.Contains(seen, dir) {
				flags = append(flags, "-H", "+"+dir)
			}
		}
	}
	return flags
}

// standardArchives returns what a link takes of standard libraries.
func (tc *Toolchain) standardArchives(names []string, mode Mode) (archives []string, stubs bool) {
	ext := ".cma"
	if mode == Native {
		ext = ".cmxa"
	}
	for _, n := range names {
		s := standards[n]
		if n == "bigarray" && !tc.conf.atLeast(4, 7) {
			s = standard{archive: "bigarray", stubs: true}
		}
		if s.archive != "" && !slices.Contains(archives, s.archive+ext) {
			archives = append(archives, s.archive+ext)
			stubs = stubs || s.stubs
		}
	}
	return archives, stubs
}

// standardTools returns the identities of what standard libraries add to the
// toolchain's: the compiler's own libraries are large and rarely used, so
// they are no part of its identity.
func (tc *Toolchain) standardTools(t *engine.Task, names []string) ([]action.Tool, error) {
	for _, n := range names {
		if standards[n].dir != compilerLibs {
			continue
		}
		d, err := t.TreeDigest(path.Join(tc.conf["standard_library"], compilerLibs), func(rel string) bool {
			ext := path.Ext(rel)
			return ext != ".ml" && ext != ".mli" && ext != ".cmt" && ext != ".cmti"
		})
		if err != nil {
			return nil, err
		}
		return []action.Tool{{Name: compilerLibs, Identity: d}}, nil
	}
	return nil, nil
}
