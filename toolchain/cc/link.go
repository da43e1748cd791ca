package cc

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// Archive defines the action that makes the static archive of the objects,
// and returns it: Root/Dir/libNAME.a.
func (tc *Toolchain) Archive(t *engine.Task, o Owner, objects []string) (string, error) {
	out := path.Join(o.Root, o.Dir, "lib"+o.Name+".a")
	env := tc.environ(o.Env)
	// q appends: r would let a/x.o replace b/x.o, which has the same name.
	flags := "qcsD"
	if tc.about.format == "macho" && tc.layout.tools["ar"] != "" && !strings.Contains(path.Base(tc.layout.tools["ar"]), "llvm") {
		flags = "qcs" // Apple's ar has no D but a variable
		env = append(env, "ZERO_AR_DATE=1")
	}
	argv := []string{tc.archiver(), flags, action.Ref(out)}
	for _, obj := range objects {
		argv = append(argv, action.Ref(obj))
	}
	return out, t.Define(action.Spec{
		Name: "ar " + shown(o, out), Context: o.Context, Target: o.Target, Root: o.Root,
		Argv:    argv,
		Env:     env,
		Inputs:  slices.Clone(objects),
		Outputs: []string{out},
		Tools:   tc.tools(),
		Unknown: o.Unknown,
	})
}

// archiver is ar's absolute path, or its name for want of one: then the
// action fails and says so.
func (tc *Toolchain) archiver() string {
	if ar := tc.layout.tools["ar"]; ar != "" {
		return ar
	}
	return "ar"
}

// A Program is what is linked from objects and libraries.
type Program struct {
	Owner
	Objects []string
	Libs    []*Library // direct dependencies
	Flags   []string   // for the linker driver, after the objects; may hold tokens
	Script  string     // linker script; "" for none
	Inputs  []string   // files that flags name
	Cxx     bool       // with the C++ runtime
}

// Link defines the action that links a program and returns it:
// Root/Dir/NAME, with ".exe" where that is the custom.
//
// The profile's flags take part, because some of them mean something to the
// link as well (-O2 under -flto). Libraries follow the objects, each before
// what it needs, and the flags come last, so that "-lm" there serves all.
func (tc *Toolchain) Link(t *engine.Task, p Program) (string, error) {
	out := path.Join(p.Root, p.Dir, p.Name) + tc.ExeSuffix()
	spec := action.Spec{
		Name: "link " + shown(p.Owner, out), Context: p.Context, Target: p.Target, Root: p.Root,
		Env:     tc.environ(p.Env),
		Inputs:  slices.Clone(p.Objects),
		Outputs: []string{out},
		Tools:   tc.tools(),
		Unknown: p.Unknown,
	}
	argv := append([]string{tc.layout.driver}, profileFlags(p.Profile)...)
	argv = append(argv, tc.cfg.Flags...)
	if tc.about.family == "clang" {
		argv = append(argv, "-Wno-unused-command-line-argument")
		if p.Cxx {
			argv = append(argv, "--driver-mode=g++")
		}
	}
	argv = append(argv, "-o", action.Ref(out))
	for _, obj := range p.Objects {
		argv = append(argv, action.Ref(obj))
	}
	libs, inputs := LinkArgs(p.Libs)
	argv = append(argv, libs...)
	spec.Inputs = append(spec.Inputs, inputs...)
	if p.Script != "" {
		argv = append(argv, "-T", action.Ref(p.Script))
		spec.Inputs = append(spec.Inputs, p.Script)
	}
	spec.Inputs = unique(append(spec.Inputs, p.Inputs...))
	argv = append(argv, p.Flags...)
	if p.Cxx && tc.about.family == "gcc" {
		argv = append(argv, "-lstdc++")
	}
	if tc.about.format == "pe" {
		argv = append(argv, "-Wl,--no-insert-timestamp")
	}
	if tc.about.linkerDeps {
		spec.Depfile = path.Join(p.ObjectDir(), path.Base(out)+".link.d")
		argv = append(argv, "-Xlinker", "--dependency-file="+action.Ref(spec.Depfile))
	}
	spec.Argv = argv
	return out, t.Define(spec)
}

// LinkArgs returns what a linker driver gets for libraries and all that they
// need, and the files among it.
func LinkArgs(libs []*Library) (argv, inputs []string) {
	for _, l := range Closure(libs) {
		if l.Archive != "" {
			argv = append(argv, action.Ref(l.Archive))
			inputs = append(inputs, l.Archive)
		}
		argv = append(argv, l.Flags...)
		inputs = append(inputs, l.Inputs...)
	}
	return argv, inputs
}
