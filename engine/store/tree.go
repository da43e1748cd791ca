package store

import (
	"cmp"
	"slices"
)

// keepHeld keeps the trees that stay whatever they were used for, and returns
// what they take. A tree is as old as the entry, or the tree, that used it last.
func (m *marking) keepHeld() (size int64) {
	for i := range m.entries {
		if e := &m.entries[i]; e.tree >= 0 && !e.dead {
			t := m.trees[e.tree]
			t.used = max(t.used, e.used)
		}
	}
	for _, t := range m.trees {
		for _, n := range t.Needs {
			n.used = max(n.used, t.used)
		}
		if t.Held {
			size += t.price()
			t.keep()
		}
	}
	return size
}

// treesByUse returns the trees of which is not decided that they stay, the
// last used first.
func (m *marking) treesByUse() []*Tree {
	var list []*Tree
	for _, t := range m.trees {
		if !t.Keep {
			list = append(list, t)
		}
	}
	slices.SortStableFunc(list, func(a, b *Tree) int { return cmp.Compare(b.used, a.used) })
	return list
}

// price is what it takes to keep one more tree, with those that it needs.
func (t *Tree) price() int64 {
	var size int64
	for _, n := range append([]*Tree{t}, t.Needs...) {
		if !n.Keep {
			size += n.Size
		}
	}
	return size
}

func (t *Tree) keep() {
	t.Keep = true
	for _, n := range t.Needs {
		n.Keep = true
	}
}
