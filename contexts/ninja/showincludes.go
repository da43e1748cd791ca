package ninja

import (
	"bytes"
	"strings"
)

// EnglishShowIncludes is what an English Visual Studio prints before each
// path. It is used where msvc_deps_prefix is empty.
const EnglishShowIncludes = "Note: including file: "

// ShowIncludes takes the lines of cl /showIncludes out of the output of a
// compiler, for edges with "deps = msvc". It returns the rest, with \n behind every line,
// and the included files: canonical, each once, in the order in which they
// came, without those of Visual Studio and the Windows kits.
//
// The compiler also prints the name of the source file, on a line before the first
// include. That line goes too: any that ends like a C or C++ source.
func ShowIncludes(output []byte, prefix string) (rest []byte, includes []string) {
	if prefix == "" {
		prefix = EnglishShowIncludes
	}
	seen := map[string]bool{}
	found := false
	for len(output) > 0 {
		var line []byte
		line, output = cutLine(output)
		path, ok := includeLine(line, prefix)
		switch {
		case ok:
			found = true
			path = Canonical(path)
			if !seen[path] && !isSystemInclude(path) {
				seen[path] = true
				includes = append(includes, path)
			}
		case !found && isSourceName(line):
		default:
			rest = append(append(rest, line...), '\n')
		}
	}
	return rest, includes
}

// cutLine cuts the first line off; it ends with \n, \r\n, \r or the output.
func cutLine(output []byte) (line, rest []byte) {
	end := bytes.IndexAny(output, "\r\n")
	if end < 0 {
		return output, nil
	}
	line, rest = output[:end], output[end:]
	if rest[0] == '\r' {
		rest = rest[1:]
	}
	if len(rest) > 0 && rest[0] == '\n' {
		rest = rest[1:]
	}
	return line, rest
}

// includeLine returns the path in a line that tells one.
func includeLine(line []byte, prefix string) (path string, ok bool) {
	path, ok = strings.CutPrefix(string(line), prefix)
	path = strings.TrimLeft(path, " ") // depth of the include
	return path, ok && path != ""
}

// isSystemInclude guesses whether a file came with the compiler.
func isSystemInclude(path string) bool {
	path = strings.ToLower(path)
	return strings.Contains(path, "program files") || strings.Contains(path, "microsoft visual studio")
}

func isSourceName(line []byte) bool {
	name := strings.ToLower(string(line))
	for _, ext := range [...]string{".c", ".cc", ".cxx", ".cpp", ".c++"} {
		if strings.HasSuffix(name, ext) {
			return true
		}
	}
	return false
}
