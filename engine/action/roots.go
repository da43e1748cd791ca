package action

import (
	"path"
	"strconv"
	"strings"
)

// BuildDir is the directory, in the workspace, of all that erg makes.
const BuildDir = "_build"

// RootOf returns the output root of a path ("_build/app" of
// "_build/app/lib/a.o") and the rest. A source has no root.
func RootOf(p string) (root, rest string) {
	if !strings.HasPrefix(p, BuildDir+"/") {
		return "", p
	}
	i := strings.IndexByte(p[len(BuildDir)+1:], '/')
	if i < 0 {
		return p, ""
	}
	i += len(BuildDir) + 1
	return p[:i], p[i+1:]
}

// IsOutput reports whether a path lies in an output root.
func IsOutput(p string) bool { root, _ := RootOf(p); return root != "" }

// Roots spells the paths of one action without the names of contexts: "s:"
// for sources, "o:" for the action's own output root, "x0:", "x1:", … for
// others in the order in which the action mentions them.
type Roots struct {
	plain   bool // of a foreign action: all paths are sources
	own     string
	foreign []string
}

// Roots returns the action's table of output roots.
func (s *Spec) Roots() *Roots {
	r := &Roots{own: s.Root, plain: s.Foreign != nil}
	if r.plain {
		return r
	}
	token := func(p string, _ bool) string { r.add(p); return "" }
	for _, a := range s.Argv {
		Expand(a, token)
	}
	for _, e := range s.Env {
		Expand(e, token)
	}
	if s.Install != nil {
		s.Install.tokens(func(a string) { Expand(a, token) })
	}
	for _, p := range s.Inputs {
		r.add(p)
	}
	for _, p := range s.Order {
		r.add(p)
	}
	return r
}

func (r *Roots) add(p string) {
	root, _ := RootOf(p)
	if root == "" || root == r.own {
		return
	}
	for _, f := range r.foreign {
		if f == root {
			return
		}
	}
	r.foreign = append(r.foreign, root)
}

// Canonical returns the spelling of a path that is the same in all contexts
// and workspaces.
func (r *Roots) Canonical(p string) string {
	if path.IsAbs(p) {
		return p
	}
	if r.plain {
		return "s:" + p
	}
	root, rest := RootOf(p)
	switch root {
	case "":
		return "s:" + p
	case r.own:
		return "o:" + rest
	}
	for i, f := range r.foreign {
		if f == root {
			return "x" + strconv.Itoa(i) + ":" + rest
		}
	}
	// A root that the action does not mention: only a depfile can say so,
	// and it is refused before it matters.
	return "?:" + p
}

// Mentions reports whether a path has a canonical spelling, which those in
// output roots that the action does not mention have not.
func (r *Roots) Mentions(p string) bool { return !strings.HasPrefix(r.Canonical(p), "?:") }

// Real is the inverse of Canonical. It returns "" for a spelling that has no
// meaning for this action.
func (r *Roots) Real(c string) string {
	if path.IsAbs(c) {
		return c
	}
	kind, rest, ok := strings.Cut(c, ":")
	if r.plain && ok && kind == "s" {
		return rest // these do not leave their place
	}
	if !ok || rest != "" && (path.IsAbs(rest) || path.Clean(rest) != rest || rest == ".." || strings.HasPrefix(rest, "../")) {
		return ""
	}
	switch {
	case kind == "s" && !IsOutput(rest):
		return rest
	case kind == "o":
		return path.Join(r.own, rest)
	case strings.HasPrefix(kind, "x"):
		if i, err := strconv.Atoi(kind[1:]); err == nil && i >= 0 && i < len(r.foreign) {
			return path.Join(r.foreign[i], rest)
		}
	}
	return ""
}

// View returns where a path is seen in a sandbox: what the action's own
// context generates lies among the sources, and what others made lies under
// a name that does not tell which context it was.
func (r *Roots) View(p string) string {
	if path.IsAbs(p) || r.plain {
		return p
	}
	root, rest := RootOf(p)
	switch root {
	case "":
		return p
	case r.own:
		return rest
	}
	for i, f := range r.foreign {
		if f == root {
			return ".erg/x" + strconv.Itoa(i) + "/" + rest
		}
	}
	return p
}

// Template replaces what reveals the context in text that an action printed;
// Replay puts a context's own paths back.
func (r *Roots) Template(text string) string {
	if r.own != "" {
		text = replacePath(text, r.own, mark("o"))
	}
	for i, f := range r.foreign {
		text = replacePath(text, f, mark("x"+strconv.Itoa(i)))
	}
	return text
}

// Replay is the inverse of Template.
func (r *Roots) Replay(text string) string {
	if strings.IndexByte(text, relStart) < 0 {
		return text
	}
	pairs := []string{mark("o"), r.own + "/"}
	for i, f := range r.foreign {
		pairs = append(pairs, mark("x"+strconv.Itoa(i)), f+"/")
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func mark(root string) string { return string(relStart) + root + ":" + string(tokenEnd) }

// replacePath replaces a directory and the slash after it, but not where the
// two are the end of a longer name ("old_build/app/").
func replacePath(text, dir, by string) string {
	dir += "/"
	var b strings.Builder
	for {
		i := strings.Index(text, dir)
		if i < 0 {
			break
		}
		b.WriteString(text[:i])
		if i > 0 && nameByte(text[i-1]) {
			b.WriteString(dir)
		} else {
			b.WriteString(by)
		}
		text = text[i+len(dir):]
	}
	if b.Len() == 0 {
		return text
	}
	b.WriteString(text)
	return b.String()
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80 ||
		c == '_' || c == '-' || c == '.'
}

// Relative returns the way from directory dir to path p, both relative to
// the same place. An absolute p is returned as it is.
func Relative(dir, p string) string {
	if path.IsAbs(p) {
		return p
	}
	if dir == "" || dir == "." {
		if p == "" {
			return "."
		}
		return p
	}
	d, f := strings.Split(dir, "/"), strings.Split(p, "/")
	i := 0
	for i < len(d) && i < len(f) && d[i] == f[i] {
		i++
	}
	up := strings.Repeat("../", len(d)-i)
	rest := strings.Join(f[i:], "/")
	if up == "" && rest == "" {
		return "."
	}
	return strings.TrimSuffix(up+rest, "/")
}
