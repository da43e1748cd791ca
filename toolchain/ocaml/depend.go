package ocaml

import (
	"fmt"
	"math/bits"
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine/action"
)

// parseDepend reads what ocamldep -modules prints when it runs in dir: for
// each file a line "file: Module Module …". It prints them sorted by name, in
// whichever order they were given. A file is known by its path below its root:
// the roots of generated files differ between contexts, which share answers.
func parseDepend(out []byte, dir string, files []string) ([][]string, error) {
	lines := make(map[string][]string, len(files))
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		i := strings.LastIndexByte(line, ':')
		if i < 0 {
			return nil, fmt.Errorf("ocamldep printed %q: no colon", line)
		}
		_, rest := action.RootOf(path.Join(dir, line[:i]))
		if _, dup := lines[rest]; dup {
			return nil, fmt.Errorf("ocamldep printed two lines about %s", rest)
		}
		lines[rest] = strings.Fields(line[i+1:])
	}
	names := make([][]string, len(files))
	for i, f := range files {
		_, rest := action.RootOf(f)
		answer, ok := lines[rest]
		if !ok {
			return nil, fmt.Errorf("ocamldep was given %s and printed no line about it", f)
		}
		names[i] = answer
	}
	return names, nil
}

// resolve fills in which of the visible modules the modules mention: those of
// their own group first, then those of the groups around it.
func resolve(target string, modules, visible []*module) error {
	all := scope{}
	for _, m := range visible {
		if m.top() {
			all[m.name] = []*module{m}
		}
	}
	for _, m := range visible {
		for g := m.group; g != nil && g.parent != nil; g = g.parent {
			if g.parent.parent == nil && all[g.name] == nil {
				all[g.name] = g.mentioned()
			}
		}
	}
	scopes := map[*group]scope{}
	for _, m := range modules {
		if m.aliases != nil || m.gen {
			continue
		}
		var err error
		if m.implDeps, err = m.lookup(target, m.impl, m.implNames, all, scopes); err != nil {
			return err
		}
		if m.intfDeps, err = m.lookup(target, m.intf, m.intfNames, all, scopes); err != nil {
			return err
		}
	}
	return nil
}

// A scope is what names lead to.
type scope map[string][]*module

// inside is what names lead to within a group.
func inside(g *group, scopes map[*group]scope) scope {
	s := scopes[g]
	if s != nil {
		return s
	}
	s = scope{}
	scopes[g] = s
	for _, m := range g.modules {
		s[m.name] = []*module{m}
	}
	for _, sub := range g.groups {
		s[sub.name] = sub.mentioned()
	}
	return s
}

// lookup returns the modules that one of a module's files needs, with the
// aliases that it opens.
func (m *module) lookup(target, file string, names []string, all scope, scopes map[*group]scope) ([]*module, error) {
	if file == "" {
		return nil, nil
	}
	deps := m.opened()
	for _, n := range names {
		if n == m.name {
			continue
		}
		found := all[n]
		for g := m.group; g != nil && g.parent != nil; g = g.parent {
			if g.name == n {
				return nil, &GroupError{Target: target, Module: m.called(), Group: strings.Join(g.path, "."), File: file}
			}
			if d := inside(g, scopes)[n]; d != nil {
				found = d
				break
			}
		}
		for _, d := range found {
			if d != m && !slices.Contains(deps, d) {
				deps = append(deps, d)
			}
		}
	}
	return deps, nil
}

// A CycleError says that modules of one unit need each other.
type CycleError struct {
	Target  string
	Modules []string // each mentions the next, and the last the first
	Files   []string // where it does so
}

func (e *CycleError) Error() string {
	var b strings.Builder
	b.WriteString("modules depend on each other:")
	for i, m := range e.Modules {
		next := e.Modules[(i+1)%len(e.Modules)]
		fmt.Fprintf(&b, "\n  %s mentions %s (%s)", m, next, e.Files[i])
	}
	return b.String()
}

// order sorts modules so that each follows what it needs: the order in which
// they are linked.
func order(target string, modules []*module) ([]*module, error) {
	const (
		unseen = iota
		open
		done
	)
	state := map[*module]int{}
	var out, stack []*module
	var visit func(m *module) error
	visit = func(m *module) error {
		switch state[m] {
		case done:
			return nil
		case open:
			return cycle(target, stack[slices.Index(stack, m):])
		}
		state[m] = open
		stack = append(stack, m)
		for _, d := range m.needs() {
			if err := visit(d); err != nil {
				return err
			}
		}
		stack = stack[:len(stack)-1]
		state[m] = done
		out = append(out, m)
		return nil
	}
	for _, m := range modules {
		if err := visit(m); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func cycle(target string, ring []*module) error {
	e := &CycleError{Target: target}
	for i, m := range ring {
		next := ring[(i+1)%len(ring)]
		file := m.impl
		if !slices.Contains(m.implDeps, next) {
			file = m.intf
		}
		e.Modules = append(e.Modules, m.called())
		e.Files = append(e.Files, file)
	}
	return e
}

// A set is a set of small numbers: places of modules or of libraries.
type set []uint64

func (s *set) add(i int) {
	for len(*s) <= i/64 {
		*s = append(*s, 0)
	}
	(*s)[i/64] |= 1 << (i % 64)
}

func (s *set) addAll(o set) {
	for len(*s) < len(o) {
		*s = append(*s, 0)
	}
	for i, w := range o {
		(*s)[i] |= w
	}
}

func (s set) len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s set) has(i int) bool { return i/64 < len(s) && s[i/64]&(1<<(i%64)) != 0 }

// A reach is what compiling a module may read, in places of the unit's link
// order and of its libraries.
type reach struct {
	public     set // modules whose interfaces its interface leads to, with itself
	publicLibs set
	all        set // modules that it needs in any way, with itself
	allLibs    set
}

// reaches follows the mentions of modules. An interface leads to all the
// interfaces that it mentions: a type may be an abbreviation of a type of a
// module that is an alias of yet another, and each is a file that a compiler
// opens. Modules must be in link order; libs tells which libraries, with
// what they depend on, a list of names leads to.
func reaches(modules []*module, libs func(names []string) set) map[*module]*reach {
	place := map[*module]int{}
	all := map[*module]*reach{}
	for i, m := range modules {
		place[m] = i
		r := &reach{}
		r.public.add(i)
		r.all.add(i)
		names := m.implNames
		if m.intf != "" {
			names = m.intfNames
		}
		r.publicLibs.addAll(libs(names))
		for _, d := range m.public() {
			r.public.addAll(all[d].public)
			r.publicLibs.addAll(all[d].publicLibs)
		}
		r.allLibs.addAll(libs(m.implNames))
		r.allLibs.addAll(libs(m.intfNames))
		for _, d := range m.needs() {
			r.all.addAll(all[d].all)
			r.allLibs.addAll(all[d].allLibs)
		}
		all[m] = r
	}
	return all
}
