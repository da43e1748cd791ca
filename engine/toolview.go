package engine

import (
	"path/filepath"
	"strings"
	"sync"

	"erg.build/erg/engine/sandbox"
)

// toolTrees keeps what is known of the install trees that tools lie in.
type toolTrees struct {
	once  sync.Once
	dir   string   // ends with a slash; "" if actions see it anyway
	byKey sync.Map // from the key of a tree to those that its users see
}

// toolMounts are the install trees that an action's command and environment
// name by their place, with what these need: a compiler that is a toolchain
// is no input, and its store may lie where a sandbox shows nothing, as in the
// workspace or in /tmp.
func (s *Session) toolMounts(n *node) []sandbox.Mount {
	s.tools.once.Do(func() {
		if p, err := s.eng.prefixes(); err == nil && sandbox.Hidden(s.eng.opts.Root, p.dir) {
			s.tools.dir = filepath.Dir(p.prefix("key")) + "/"
		}
	})
	if s.tools.dir == "" {
		return nil
	}
	var out []sandbox.Mount
	seen := map[string]bool{}
	add := func(key string) {
		if !seen[key] {
			seen[key] = true
			out = append(out, sandbox.Mount{Source: s.tools.dir + key})
		}
	}
	for _, list := range [...][]string{n.spec.Argv, n.spec.Env} {
		for _, text := range list {
			for {
				_, rest, ok := strings.Cut(text, s.tools.dir)
				if !ok {
					break
				}
				if text = rest; len(rest) >= keyLength && validKey(rest[:keyLength]) && !seen[rest[:keyLength]] {
					for _, key := range s.treeWithNeeds(rest[:keyLength]) {
						add(key)
					}
				}
			}
		}
	}
	return out
}

// treeWithNeeds lists the keys of a tree and of those that it needs; none if
// it is not there.
func (s *Session) treeWithNeeds(key string) []string {
	if known, ok := s.tools.byKey.Load(key); ok {
		return known.([]string)
	}
	var keys []string
	if p, err := s.eng.prefixes(); err == nil {
		if t, err := p.read(key); err == nil && t != nil {
			keys = append([]string{key}, t.Needs...)
		}
	}
	s.tools.byKey.Store(key, keys)
	return keys
}
