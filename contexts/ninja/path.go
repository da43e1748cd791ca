package ninja

import "bytes"

// Canonical returns a path as the graph spells it: without empty and "."
// components, without "x/..", without a slash at the end. It looks at
// the spelling only: links are not followed, and a path that is absolute
// stays different from a relative one.
func Canonical(path string) string {
	if isCanonical([]byte(path)) {
		return path
	}
	return string(appendCanonical(nil, []byte(path)))
}

// isCanonical reports whether appendCanonical would return the path as it is.
// False is always a safe answer: "../x" for instance is canonical.
func isCanonical(path []byte) bool {
	component := 0 // where the current one starts
	for i, c := range path {
		if c != '/' {
			continue
		}
		if i == 0 {
			component = 1
			continue
		}
		if isSpecial(path[component:i]) {
			return false
		}
		component = i + 1
	}
	if component == len(path) {
		return len(path) == 1
	}
	return !isSpecial(path[component:])
}

// isSpecial reports whether a component may need work: "", "." or "..".
func isSpecial(component []byte) bool {
	switch len(component) {
	case 0:
		return true
	case 1:
		return component[0] == '.'
	case 2:
		return component[0] == '.' && component[1] == '.'
	}
	return false
}

// appendCanonical appends the canonical spelling of a path to dst. The empty
// path stays empty.
func appendCanonical(dst, path []byte) []byte {
	if len(path) == 0 {
		return dst
	}
	start := len(dst)
	if path[0] == '/' {
		dst = append(dst, '/')
		path = path[1:]
	}
	root := len(dst)
	depth := 0 // how many components of dst a ".." may take back
	for len(path) > 0 {
		component := path
		if i := bytes.IndexByte(path, '/'); i >= 0 {
			component, path = path[:i], path[i+1:]
		} else {
			path = nil
		}
		switch {
		case len(component) == 0 || len(component) == 1 && component[0] == '.':
			continue
		case len(component) == 2 && component[0] == '.' && component[1] == '.':
			if depth > 0 {
				depth--
				end := bytes.LastIndexByte(dst[root:len(dst)-1], '/')
				dst = dst[:root+end+1]
				continue
			}
		default:
			depth++
		}
		dst = append(dst, component...)
		dst = append(dst, '/')
	}
	if len(dst) > root {
		dst = dst[:len(dst)-1]
	}
	if len(dst) == start {
		dst = append(dst, '.')
	}
	return dst
}

// Quote returns a path quoted for a POSIX shell, as $in and $out are.
func Quote(path string) string {
	if isShellSafe(path) {
		return path
	}
	return string(appendQuoted(nil, path))
}

// appendQuoted appends a path to dst, in single quotes if it has a byte other
// than a letter, a digit and one of _+-./.
func appendQuoted(dst []byte, path string) []byte {
	if isShellSafe(path) {
		return append(dst, path...)
	}
	dst = append(dst, '\'')
	for i := range len(path) {
		if path[i] == '\'' {
			dst = append(dst, `'\'`...) // and the quote itself opens the next part
		}
		dst = append(dst, path[i])
	}
	return append(dst, '\'')
}

func isShellSafe(path string) bool {
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '_', c == '+', c == '-', c == '.', c == '/':
		default:
			return false
		}
	}
	return true
}
