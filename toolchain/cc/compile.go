package cc

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// A Unit is the sources of one library or executable.
type Unit struct {
	Owner
	Sources   []string // .c, .S, .s, .i; also .cc, .cpp, .cxx, .C; sources or outputs
	Generated []string // headers that must be made before anything compiles
	Include   []string // directories, in search order
	Defines   []string // "NAME" or "NAME=value"
	Flags     []string // may hold tokens
	Inputs    []string // files that flags name

	roots []string // see otherRoots
}

// Use adds to a unit what compiling against libraries takes.
func (u *Unit) Use(libs []*Library) {
	for _, l := range Closure(libs) {
		u.Include = appendNew(u.Include, l.Include)
		u.Generated = appendNew(u.Generated, l.Headers)
		u.Defines = appendNew(u.Defines, l.Defines)
	}
}

func appendNew(to, more []string) []string {
	for _, s := range more {
		if !slices.Contains(to, s) {
			to = append(to, s)
		}
	}
	return to
}

// A language is how a source is compiled.
type language struct {
	preprocessed bool // whether it may include files, and is asked which
	assembly     bool
	cxx          bool
}

var languages = map[string]language{
	".c":   {preprocessed: true},
	".i":   {},
	".S":   {preprocessed: true, assembly: true},
	".sx":  {preprocessed: true, assembly: true},
	".s":   {assembly: true},
	".cc":  {preprocessed: true, cxx: true},
	".cpp": {preprocessed: true, cxx: true},
	".cxx": {preprocessed: true, cxx: true},
	".C":   {preprocessed: true, cxx: true},
}

// IsSource reports whether the toolchain compiles files of that name.
func IsSource(name string) bool { _, ok := languages[path.Ext(name)]; return ok }

// IsHeader reports whether the name is that of a header.
func IsHeader(name string) bool {
	switch path.Ext(name) {
	case ".h", ".hh", ".hpp", ".hxx", ".inc", ".def":
		return true
	}
	return false
}

// A SourceError says that a source cannot be compiled as it is named.
type SourceError struct {
	Target string // the declaration
	Source string
	Reason string
}

func (e *SourceError) Error() string { return e.Source + ": " + e.Reason }

// Objects defines the compile actions of a unit and returns the objects, in
// the order of the sources.
func (tc *Toolchain) Objects(t *engine.Task, u Unit) ([]string, error) {
	objects, err := objectNames(u.Owner, u.Sources)
	if err != nil {
		return nil, err
	}
	common := tc.compileFlags(u)
	env := tc.environ(u.Env)
	u.roots = otherRoots(u)
	for i, src := range u.Sources {
		if err := t.Define(tc.compile(u, src, objects[i], common, env)); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// ObjectDir is where a unit's objects are.
func (o Owner) ObjectDir() string { return path.Join(o.Root, o.Dir, ".objs", o.Name) }

// objectNames returns the object of each source. Sources of the unit's own
// directory, generated or not, keep their relative name; those of another
// one lie below "@", and those of another context below "@N" with N in order
// of appearance, so that no name holds a context's. Where two sources would
// share an object, both keep their extension in its name.
func objectNames(o Owner, sources []string) ([]string, error) {
	stems := make([]string, len(sources))
	count := map[string]int{}
	var foreign []string
	for i, src := range sources {
		if !IsSource(src) {
			return nil, &SourceError{o.Target, src, "a C compiler does not compile files of that kind"}
		}
		if slices.Contains(sources[:i], src) {
			return nil, &SourceError{o.Target, src, "the source is listed twice"}
		}
		stems[i] = stem(o, src, &foreign)
		count[strings.TrimSuffix(stems[i], path.Ext(src))]++
	}
	objects := make([]string, len(sources))
	for i, s := range stems {
		if short := strings.TrimSuffix(s, path.Ext(s)); count[short] == 1 {
			s = short
		}
		objects[i] = path.Join(o.ObjectDir(), s+".o")
	}
	return objects, nil
}

func stem(o Owner, src string, foreign *[]string) string {
	root, rest := action.RootOf(src)
	prefix := "@"
	if root != "" && root != o.Root {
		i := slices.Index(*foreign, root)
		if i < 0 {
			i = len(*foreign)
			*foreign = append(*foreign, root)
		}
		prefix = fmt.Sprintf("@%d", i)
	} else if rel, ok := below(o.Dir, rest); ok {
		return rel
	}
	return path.Join(prefix, strings.TrimPrefix(rest, "/"))
}

// below returns a path relative to a directory, if it lies below it.
func below(dir, p string) (string, bool) {
	if dir == "" || dir == "." {
		return p, !path.IsAbs(p)
	}
	return strings.CutPrefix(p, dir+"/")
}

// compileFlags are the arguments that all sources of a unit share.
func (tc *Toolchain) compileFlags(u Unit) []string {
	flags := profileFlags(u.Profile)
	flags = append(flags, tc.cfg.Flags...)
	for _, dir := range u.Include {
		flags = append(flags, "-I"+action.Ref(dir))
	}
	for _, d := range u.Defines {
		flags = append(flags, "-D"+d)
	}
	return append(flags, u.Flags...)
}

// profileFlags are what a profile means; later flags may change it.
func profileFlags(profile string) []string {
	if profile == "" || profile == "dev" {
		return []string{"-Og", "-g"}
	}
	return []string{"-O2", "-g"}
}

// mapFlags make file names in objects the same everywhere: see the package
// comment. gcc takes the last map that fits, clang the longest; the order
// suits both.
func (tc *Toolchain) mapFlags(u Unit, lang language) []string {
	maps := []string{action.Abs(".") + "=."}
	for _, root := range append(slices.Clip(u.roots), u.Root) {
		maps = append(maps, action.Ref(root)+"/=")
	}
	if lang.assembly && !lang.preprocessed && tc.about.family == "gcc" {
		return assemblerMaps(maps)
	}
	flag := "-ffile-prefix-map="
	if since := map[string]int{"gcc": 8, "clang": 10}[tc.about.family]; !tc.about.atLeast(since) {
		flag = "-fdebug-prefix-map=" // leaves __FILE__ alone
	}
	var flags []string
	for _, m := range maps {
		flags = append(flags, flag+m)
	}
	switch {
	case tc.about.family == "clang":
		if tc.about.atLeast(13) {
			flags = append(flags, "-fdebug-compilation-dir=.")
		}
		if lang.assembly {
			flags = append(flags, "-Wno-unused-command-line-argument")
		}
	case lang.assembly:
		flags = append(flags, assemblerMaps(maps)...)
	}
	return flags
}

// otherRoots lists the output roots in which a unit's files lie, without its
// own: those of other contexts, and of source blocks.
func otherRoots(u Unit) []string {
	var roots []string
	for _, p := range slices.Concat(u.Sources, u.Generated, u.Include) {
		if root, _ := action.RootOf(p); root != "" && root != u.Root && !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	return roots
}

// assemblerMaps passes maps on; -Wa would split a path at its commas.
func assemblerMaps(maps []string) []string {
	var flags []string
	for _, m := range maps {
		flags = append(flags, "-Xassembler", "--debug-prefix-map="+m)
	}
	return flags
}

// compile describes the compilation of one source.
func (tc *Toolchain) compile(u Unit, src, object string, common, env []string) action.Spec {
	lang := languages[path.Ext(src)]
	argv := make([]string, 0, len(common)+12)
	argv = append(argv, tc.layout.driver)
	argv = append(argv, common...)
	argv = append(argv, tc.mapFlags(u, lang)...)
	if lang.cxx && tc.about.family == "gcc" {
		// Names of initialisers would otherwise be random.
		argv = append(argv, "-frandom-seed="+strings.TrimPrefix(object, u.Root+"/"))
	}
	spec := action.Spec{
		Name: "cc " + shown(u.Owner, src), Context: u.Context, Target: u.Target, Root: u.Root,
		Env:     env,
		Inputs:  unique(append([]string{src}, u.Inputs...)),
		Order:   u.Generated,
		Outputs: []string{object},
		Tools:   tc.tools(),
		Unknown: u.Unknown,
	}
	if lang.preprocessed {
		spec.Depfile = object + ".d"
		argv = append(argv, "-MD", "-MF", action.Ref(spec.Depfile))
		spec.Include = tc.searchOrder(u, src)
	}
	spec.Argv = append(argv, "-c", "-o", action.Ref(object), action.Ref(src))
	return spec
}

// searchOrder lists where a source's includes are looked for.
func (tc *Toolchain) searchOrder(u Unit, src string) []string {
	dirs := []string{path.Dir(src)}
	for _, dir := range slices.Concat(u.Include, includeFlags(u.Flags), includeFlags(tc.cfg.Flags), tc.layout.includes) {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// includeFlags returns the directories that flags name with -I.
func includeFlags(flags []string) []string {
	var dirs []string
	for i, f := range flags {
		dir, ok := strings.CutPrefix(f, "-I")
		if ok && dir == "" && i+1 < len(flags) {
			dir = flags[i+1]
		}
		if ok && dir != "" {
			dirs = append(dirs, path.Clean(action.Expand(dir, func(p string, _ bool) string { return p })))
		}
	}
	return dirs
}

// shown is how an action names a file for people: as it lies in the tree.
func shown(o Owner, file string) string { return strings.TrimPrefix(file, o.Root+"/") }

func unique(list []string) []string {
	out := make([]string, 0, len(list))
	seen := make(map[string]bool, len(list))
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
