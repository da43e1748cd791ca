package archive

import (
	"path"
	"strings"
)

// maxHops is how many links a name may lead through, as in Linux.
const maxHops = 40

// resolve follows a link within the tree, as the kernel would, and returns
// where it leads: a name in the tree, which need not exist. Joining names is
// not enough: with "d/up -> ..", the link "out -> d/up/.." leads out although
// its text does not.
func (t *Tree) resolve(link *Entry) (string, error) {
	var at []string
	if d := path.Dir(link.Path); d != "." {
		at = strings.Split(d, "/")
	}
	todo := []string{link.Target}
	for hops := 0; len(todo) > 0; {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if path.IsAbs(next) {
			return "", refuse(link.Path, "is a link to the absolute path %q", shown(link.Target))
		}
		first, rest, more := strings.Cut(next, "/")
		if more {
			todo = append(todo, strings.TrimLeft(rest, "/"))
		}
		switch first {
		case "", ".":
			continue
		case "..":
			if len(at) == 0 {
				return "", refuse(link.Path, "is a link to %q, which leads out of the tree", shown(link.Target))
			}
			at = at[:len(at)-1]
			continue
		}
		at = append(at, first)
		if e := t.entries[strings.Join(at, "/")]; e != nil && e.Kind == Link {
			if hops++; hops > maxHops {
				return "", refuse(link.Path, "is a link that leads in a circle")
			}
			at = at[:len(at)-1]
			todo = append(todo, e.Target)
		}
	}
	return strings.Join(at, "/"), nil
}
