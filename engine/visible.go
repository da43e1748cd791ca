package engine

import (
	"bufio"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/sandbox"
)

// # Tools where a sandbox shows nothing
//
// A sandbox covers the workspace and directories such as /tmp, and that of a
// package the home as well. Programs may lie there all the same: a switch of
// opam in the workspace, a checkout in /tmp, ~/.local/bin. They are tools, as
// those in /usr are, and are shown read-only, with what they come with: what
// lies beside them in the prefix whose bin they are in, where symbolic links
// lead, and what runs them if they are scripts. Sources and outputs of the
// workspace do not come with a tool.

// shownTools keeps where tools are to be shown, by path.
type shownTools struct {
	byPath sync.Map // path → []string, of what is hidden from every action
}

// visible returns a specification with those of its visible files that need
// to be shown in a sandbox, which are few.
func (s *Session) visible(spec *action.Spec) []string {
	switch {
	case len(spec.Visible) == 0 || !spec.Sandbox && spec.Install == nil:
		return nil
	case spec.Install != nil: // see installation.sandbox
		return spec.Visible
	}
	return slices.DeleteFunc(slices.Clone(spec.Visible), func(p string) bool { return len(s.places(p)) == 0 })
}

// visibleMounts are the tools of an action that a sandbox would hide.
func (s *Session) visibleMounts(spec *action.Spec) []sandbox.Mount {
	var places []string
	for _, p := range append(slices.Clip(spec.Visible), pathDirs(spec.Env)...) {
		places = append(places, s.places(p)...)
	}
	v := visibility{eng: s.eng}
	for _, p := range spec.Inputs {
		if filepath.IsAbs(p) && v.hidden(p) {
			places = append(places, p)
		}
	}
	return mountsAt(places)
}

// places is where a file is to be shown that every sandbox may hide.
func (s *Session) places(p string) []string {
	if known, ok := s.shown.byPath.Load(p); ok {
		return known.([]string)
	}
	places := visibility{eng: s.eng}.places(p)
	s.shown.byPath.Store(p, places)
	return places
}

// pathDirs are the directories that search paths name among variables.
func pathDirs(env []string) []string {
	var dirs []string
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasSuffix(name, "PATH") {
			continue
		}
		for _, d := range strings.Split(value, ":") {
			if filepath.IsAbs(d) {
				dirs = append(dirs, filepath.Clean(d))
			}
		}
	}
	return dirs
}

// mountsAt shows places once each, without what lies below another one.
func mountsAt(places []string) []sandbox.Mount {
	slices.Sort(places)
	var mounts []sandbox.Mount
	for _, p := range places {
		if slices.ContainsFunc(mounts, func(m sandbox.Mount) bool { return p == m.Source || within(m.Source, p) }) {
			continue
		}
		mounts = append(mounts, sandbox.Mount{Source: p})
	}
	return mounts
}

// A visibility judges what a sandbox hides.
type visibility struct {
	eng  *Engine
	hide []string // further directories that it covers
}

func (v visibility) hidden(p string) bool {
	return sandbox.Hidden(v.eng.opts.Root, p) || slices.ContainsFunc(v.hide, func(dir string) bool { return within(dir, p) })
}

// places returns what is to be shown of a tool, and of what it leads to; none
// if nothing of it is hidden.
func (v visibility) places(p string) []string {
	var places []string
	p = filepath.Clean(p)
	for range 8 { // scripts may be run by scripts
		info, err := v.eng.fs.Stat(p)
		if err != nil {
			break
		}
		for _, name := range v.names(p) {
			if at := v.place(name, info.IsDir()); at != "" && v.hidden(name) {
				places = append(places, at)
			}
		}
		if info.IsDir() || len(places) == 0 {
			break
		}
		if p = v.interpreter(p); p == "" {
			break
		}
	}
	return places
}

// names are the paths that a path leads through: itself, and what the links
// in it point to, one after the other.
func (v visibility) names(p string) []string {
	names := []string{p}
	for range 40 {
		next := v.follow(p)
		if next == "" {
			break
		}
		names, p = append(names, next), next
	}
	return names
}

// follow replaces the first symbolic link in a path by what it points to; ""
// if there is none.
func (v visibility) follow(p string) string {
	for i := 1; i <= len(p); i++ {
		if i < len(p) && p[i] != '/' {
			continue
		}
		to, err := v.eng.fs.Readlink(p[:i])
		if err != nil {
			continue
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(p[:i]), to)
		}
		return filepath.Join(to, p[i:])
	}
	return ""
}

// place is what is shown of a tool at a path: its prefix, or else its
// directory, or else nothing but the file.
func (v visibility) place(p string, isDir bool) string {
	dir := p
	if !isDir {
		dir = filepath.Dir(p)
	}
	if base := filepath.Base(dir); base == "bin" || base == "sbin" {
		if top := filepath.Dir(dir); v.ofTools(top) {
			return top
		}
	}
	switch {
	case v.ofTools(dir):
		return dir
	case isDir:
		return ""
	}
	return p
}

// ofTools reports whether a directory can be shown whole: it is hidden, has
// nothing hidden in it that is not its own, and is no part of the sources or
// of what is built.
func (v visibility) ofTools(dir string) bool {
	root := v.eng.opts.Root
	if !v.hidden(dir) || within(dir, root) || dir == root {
		return false
	}
	for _, h := range v.hide {
		if dir == h || within(dir, h) {
			return false
		}
	}
	if !within(root, dir) {
		return true
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(dir, root+"/"), "/")
	return first != action.BuildDir && (first[0] == '.' || first[0] == '_')
}

// hidesOutside reports whether a file is there that an action's sandbox hides,
// though it is none of the workspace.
func (s *Session) hidesOutside(n *node, p string) bool {
	if s.sandboxMethod() != sandbox.Namespaces || sandbox.HiddenBy(p) == "" {
		return false
	}
	if _, err := s.eng.fs.Stat(p); err != nil {
		return false
	}
	return !slices.ContainsFunc(s.visibleMounts(n.spec), func(m sandbox.Mount) bool { return m.Source == p || within(m.Source, p) })
}

// within reports whether a path is below a directory.
func within(dir, p string) bool { return strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/") }

// interpreter is the program that runs a script, "" if the file is none.
func (v visibility) interpreter(p string) string {
	f, err := v.eng.fs.Open(p)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, _ := bufio.NewReaderSize(f, 256).ReadSlice('\n')
	rest, ok := strings.CutPrefix(string(line), "#!")
	if words := strings.Fields(rest); ok && len(words) > 0 && filepath.IsAbs(words[0]) {
		return filepath.Clean(words[0])
	}
	return ""
}
