package findlib

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Compiler is what the search for its libraries starts from.
type Compiler struct {
	Bin      string // the directory of its programs
	Standard string // its standard library
	// Toolchain is the name under which findlib's configuration has a cross
	// compiler's libraries: "windows"; "" for none.
	Toolchain string
	// Getenv returns variables of the person who runs erg: OCAMLPATH and
	// OCAMLFIND_CONF. nil for a compiler that has nothing to do with them.
	Getenv func(string) string
}

// SearchPath lists the directories that hold a compiler's libraries: those of
// OCAMLPATH; those of findlib's configuration, if the compiler's installation
// has one; else what lies beside the compiler.
func SearchPath(f FS, c Compiler) ([]string, error) {
	var list []string
	if c.Getenv != nil {
		list = split(c.Getenv("OCAMLPATH"))
	}
	m, file, err := configuration(f, c)
	if err != nil {
		return nil, err
	}
	switch {
	case m != nil && c.Toolchain != "" && !m.mentions("path", c.Toolchain):
		return nil, &NotFoundError{Name: c.Toolchain, Why: file + " does not have that toolchain"}
	case m != nil:
		v, _ := m.Value("path", predicates(c)...)
		return append(list, split(v)...), nil
	}
	if path.Base(c.Standard) == "ocaml" {
		list = append(list, path.Dir(c.Standard))
	}
	return append(list, c.Standard), nil
}

// Program returns where findlib's configuration says that a program of a cross
// compiler's suite is: "ocamlc".
func Program(f FS, c Compiler, name string) (string, error) {
	m, file, err := configuration(f, c)
	switch {
	case err != nil:
		return "", err
	case m == nil:
		return "", &NotFoundError{Name: c.Toolchain, Why: "findlib has no configuration beside " + c.Bin}
	case !m.mentions(name, c.Toolchain):
		return "", &NotFoundError{Name: c.Toolchain, Why: file + " does not have that toolchain"}
	}
	v, _ := m.Value(name, c.Toolchain)
	return v, nil
}

// configuration reads findlib's configuration for a compiler, with what there
// is for its toolchain; nil if the compiler's installation has none.
func configuration(f FS, c Compiler) (*Meta, string, error) {
	prefix := path.Dir(c.Bin)
	candidates := []string{path.Join(prefix, "lib/findlib.conf"), path.Join(prefix, "etc/findlib.conf"), path.Join(prefix, "etc/ocamlfind.conf")}
	if prefix == "/usr" {
		candidates = append(candidates, "/etc/ocamlfind.conf", "/etc/findlib.conf")
	}
	if c.Getenv != nil {
		if conf := c.Getenv("OCAMLFIND_CONF"); conf != "" {
			candidates = []string{conf}
		}
	}
	for _, file := range candidates {
		m, err := readConf(f, file)
		if err != nil {
			return nil, "", err
		}
		if m == nil {
			continue
		}
		if c.Toolchain != "" {
			extra, err := readConf(f, path.Join(file+".d", c.Toolchain+".conf"))
			if err != nil {
				return nil, "", err
			}
			if extra != nil {
				m.Settings = append(m.Settings, extra.Settings...)
			}
		}
		return m, file, nil
	}
	return nil, "", nil
}

func predicates(c Compiler) []string {
	if c.Toolchain == "" {
		return nil
	}
	return []string{c.Toolchain}
}

// mentions reports whether a setting of a variable depends on a predicate.
func (m *Meta) mentions(variable, predicate string) bool {
	return slices.ContainsFunc(m.Settings, func(s Setting) bool {
		return s.Variable == variable && slices.Contains(s.Predicates, Predicate{Name: predicate})
	})
}

// readConf reads a configuration file, whose syntax is that of META.
func readConf(f FS, file string) (*Meta, error) {
	text, err := f.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, diags := ParseMeta(file, text)
	if diags.HasErrors() {
		return nil, &FileError{file, text, diags}
	}
	return m, nil
}

func split(list string) []string {
	var out []string
	for _, d := range strings.Split(list, ":") {
		if d != "" {
			out = append(out, d)
		}
	}
	return out
}
