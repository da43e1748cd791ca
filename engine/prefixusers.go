package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/fsys"
)

// use notes that the tree is in use which a list of installed files is about.
// The caller holds the trees, or knows that they are in use.
func (p *prefixDir) use(list string) error {
	name := p.state("users", digest.OfString(list).String()[:keyLength])
	if _, err := p.fs.Lstat(name); err == nil {
		return nil
	}
	return p.write(name, []byte(list))
}

// used returns the keys of the trees that workspaces use. Who has all trees for
// itself may forget those that have no list any more: nobody is about to write
// it.
func (p *prefixDir) used(forget bool) (map[string]bool, error) {
	dir := p.state("users", "")
	users, err := p.fs.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	keys := map[string]bool{}
	for _, u := range users {
		if len(u.Name()) != keyLength {
			continue // it is being written
		}
		list, err := fsys.ReadFile(p.fs, filepath.Join(dir, u.Name()))
		if absent(err) {
			continue // another collection has forgotten it
		}
		if err != nil {
			return nil, err
		}
		b, err := fsys.ReadFile(p.fs, string(list))
		if absent(err) && forget {
			p.fs.Remove(filepath.Join(dir, u.Name()))
		}
		if err != nil {
			continue // what somebody has who hides it is built again at worst
		}
		if t, err := decodeTree(b); err == nil {
			keys[t.Key] = true
			for _, k := range t.Needs {
				keys[k] = true
			}
		}
	}
	return keys, nil
}

// usesName is the file, in the state directory, that has the workspace's
// directory and, below that, the lists of which the user's store was told.
const usesName = "uses"

// useTree tells the user's store that the workspace uses what a package's
// action has installed.
func (s *Session) useTree(n *node) {
	if n.spec.Install == nil || s.opts.Mode == Plan {
		return
	}
	s.usesMu.Lock()
	defer s.usesMu.Unlock()
	if err := s.eng.tellUse(n.spec.Outputs[0]); err != nil {
		s.message(event.Warning, fmt.Sprintf("erg store gc may remove what %q installed: %v", n.spec.Name, err))
	}
}

func (e *Engine) tellUse(list string) error {
	p, err := e.prefixes()
	if err != nil {
		return err
	}
	if err := p.use(e.abs(list)); err != nil {
		return err
	}
	root, lists := e.toldUses()
	switch {
	case root != e.opts.Root:
		lists = nil
	case slices.Contains(lists, list):
		return nil
	}
	text := strings.Join(append([]string{e.opts.Root}, append(lists, list)...), "\n")
	return fsys.WriteFile(e.fs, filepath.Join(e.stateDir, usesName), []byte(text), 0o666)
}

// toldUses reads the file.
func (e *Engine) toldUses() (root string, lists []string) {
	b, err := fsys.ReadFile(e.fs, filepath.Join(e.stateDir, usesName))
	if err != nil {
		return "", nil
	}
	lines := strings.Split(string(b), "\n")
	return lines[0], lines[1:]
}

// tellMoved tells the store of the lists of a workspace that was moved or
// copied: what is up to date is not looked at again.
func (e *Engine) tellMoved() {
	root, lists := e.toldUses()
	if root == "" || root == e.opts.Root {
		return
	}
	for _, l := range lists {
		if e.tellUse(l) != nil {
			return // the next build that looks at packages says so
		}
	}
}
