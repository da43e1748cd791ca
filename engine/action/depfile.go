package action

import (
	"errors"
	"fmt"
	"strings"
)

// ParseDepfile returns the prerequisites of all rules in a dependency file
// as compilers write them: make's syntax, with "\ " for a space, "$$" for a
// dollar, "\#", and lines continued by a backslash. Phony targets without
// prerequisites (gcc -MP) and duplicates are dropped.
func ParseDepfile(b []byte) ([]string, error) {
	var deps []string
	seen := map[string]bool{}
	var word []byte
	inDeps := false
	flush := func() {
		if len(word) == 0 {
			return
		}
		if w := string(word); inDeps && !seen[w] {
			seen[w] = true
			deps = append(deps, w)
		}
		word = word[:0]
	}
	line := 1
	for i := 0; i < len(b); i++ {
		c := b[i]
		next := byte(0)
		if i+1 < len(b) {
			next = b[i+1]
		}
		switch {
		case c == 0:
			return nil, fmt.Errorf("line %d: a NUL byte", line)
		case c == '\\' && (next == '\n' || next == '\r' && i+2 < len(b) && b[i+2] == '\n'):
			flush()
			line++
			i++
			if next == '\r' {
				i++
			}
		case c == '\\' && (next == ' ' || next == '#' || next == ':'):
			word = append(word, next)
			i++
		case c == '$' && next == '$':
			word = append(word, '$')
			i++
		case c == '\n':
			if !inDeps && len(word) > 0 {
				return nil, fmt.Errorf("line %d: expected ':'", line)
			}
			flush()
			inDeps = false
			line++
		case c == ' ' || c == '\t' || c == '\r':
			if inDeps {
				flush()
			} else {
				word = word[:0] // one of several targets
			}
		case c == ':' && !inDeps && (next == ' ' || next == '\t' || next == '\n' || next == '\r' || next == '\\' || next == 0):
			inDeps = true
			word = word[:0]
		default:
			word = append(word, c)
		}
	}
	if !inDeps && len(word) > 0 {
		return nil, errors.New("the last line has no ':'")
	}
	flush()
	return deps, nil
}

var depfileEscapes = strings.NewReplacer(" ", `\ `, "#", `\#`, ":", `\:`, "$", "$$")

// FormatDepfile returns a dependency file that ParseDepfile reads.
func FormatDepfile(target string, deps []string) []byte {
	b := []byte(depfileEscapes.Replace(target) + ":")
	for _, d := range deps {
		b = append(b, " \\\n  "+depfileEscapes.Replace(d)...)
	}
	return append(b, '\n')
}
