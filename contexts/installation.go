package contexts

import (
	"slices"
	"sort"
	"strings"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine"
)

// An InstallFile is a file to be copied into a prefix.
type InstallFile struct {
	Source  string // of the workspace
	Dest    string // in the prefix
	Program bool   // it is to be executable
	Dune    bool   // of a dune project: there may be placeholders in it
}

// An Installation is what is to be copied, and what placeholders in it
// stand for.
type Installation struct {
	Files []InstallFile
	// Compiler and Libraries are the directories of OCaml's standard library and
	// of installed libraries; "" and none without OCaml.
	Compiler  string
	Libraries []string
}

// Installation builds what packages of one context install, or all of them,
// and lists the files. Packages are those of dune projects, and install blocks
// by the name of their package.
func (ev *Evaluator) Installation(t *engine.Task, r Request, packages []string) (*Installation, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	sel, err := ev.selection(t, ws, r.Contexts)
	if err != nil {
		return nil, err
	}
	var all []addr.Context
	for _, s := range sel {
		in, err := ev.instancesQ.Get(t, addr.Context{Name: s.Name})
		if err != nil {
			return nil, err
		}
		for _, k := range in.keys {
			if s.Key == "" || s.Key == k {
				all = append(all, addr.Context{Name: s.Name, Key: k})
			}
		}
	}
	if len(all) != 1 {
		return nil, usage("a prefix takes what one context installs, and there are %d: say which with -c.", len(all))
	}
	files, err := ev.installationOf(t, all[0], packages)
	if err != nil {
		return nil, err
	}
	var made []string
	for _, f := range files {
		made = append(made, f.Source)
	}
	if err := t.Build(unique(outputsOnly(made))...); err != nil {
		return nil, err
	}
	out := &Installation{Files: files}
	out.Compiler, out.Libraries, err = ev.dune.LibraryPath(t, all[0])
	return out, duneError(err)
}

// installationOf lists what packages of a context install.
func (ev *Evaluator) installationOf(t *engine.Task, c addr.Context, packages []string) ([]InstallFile, error) {
	dune, err := ev.dune.Packages(t, c)
	if err != nil {
		return nil, err
	}
	blocks, known, err := ev.installBlocks(t, c)
	if err != nil {
		return nil, err
	}
	known = append(known, dune...)
	if len(packages) == 0 {
		packages = unique(known)
	}
	if len(packages) == 0 {
		return nil, usage("context %s installs nothing.", c)
	}
	by := map[string]InstallFile{}
	for _, name := range packages {
		if !contains(known, name) {
			if dir, ok, err := ev.dune.PackageDir(t, c, name); err == nil && ok {
				return nil, usage("context %s has no package %q: it is declared in %s, which is none of the context's dirs.", c, name, orTop(dir))
			}
			return nil, usage("context %s has no package %q.%s", c, name, didYouMean(name, known))
		}
		for _, g := range blocks[name] {
			x, err := ev.installQ.Get(t, g.addr())
			if err != nil {
				return nil, err
			}
			for dest, src := range x.files {
				by[dest] = InstallFile{Source: src, Dest: dest, Program: strings.HasPrefix(dest, "bin/") || strings.HasPrefix(dest, "sbin/")}
			}
		}
		if !slices.Contains(dune, name) {
			continue
		}
		in, err := ev.dune.Install(t, c, name)
		if err != nil {
			return nil, duneError(err)
		}
		for _, e := range in.Entries {
			dest := rules.Place(name, e)
			if old, dup := by[dest]; dup && old.Source != e.Source {
				return nil, usage("%s and %s are both installed as %s.", old.Source, e.Source, dest)
			}
			by[dest] = InstallFile{e.Source, dest, runs(e), true}
		}
	}
	out := make([]InstallFile, 0, len(by))
	for _, f := range by {
		out = append(out, f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Dest < out[j].Dest })
	return out, nil
}

// installBlocks lists the install blocks of build files by package.
func (ev *Evaluator) installBlocks(t *engine.Task, c addr.Context) (map[string][]*target, []string, error) {
	dirs, err := ev.directories(t, c)
	if err != nil {
		return nil, nil, err
	}
	blocks := map[string][]*target{}
	var names []string
	for _, d := range dirs {
		for _, g := range d.order {
			if g.install != nil && g.enabled {
				name := g.packageName(d)
				blocks[name] = append(blocks[name], g)
				names = append(names, name)
			}
		}
	}
	return blocks, names, nil
}

// runs reports whether what a section holds is executable.
func runs(e rules.Entry) bool {
	switch e.Section {
	case "bin", "sbin", "libexec", "libexec_root", "stublibs":
		return true
	}
	return false
}
