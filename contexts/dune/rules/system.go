package rules

import (
	"errors"
	"io/fs"
	"strings"

	"erg.build/erg/contexts/dune/sexp"
)

// operatingSystem expands the variables that say what system the compiler
// makes programs for, in opam's words. Of which distribution of Linux it is,
// this machine tells.
func (x *expander) operatingSystem(v *sexp.Var) ([]string, bool, error) {
	tc, err := x.toolchain(v.Range)
	if err != nil {
		return nil, true, err
	}
	system := tc.Config("system")
	name := "linux"
	for _, s := range []struct{ begin, name string }{
		{"macos", "macos"}, {"mingw", "win32"}, {"win", "win32"}, {"cygwin", "cygwin"}, {"freebsd", "freebsd"}, {"openbsd", "openbsd"}, {"netbsd", "netbsd"},
		{"bsd", "freebsd"}, {"solaris", "solaris"},
	} {
		if strings.HasPrefix(system, s.begin) {
			name = s.name
		}
	}
	if v.Name == "os" || name != "linux" {
		return []string{name}, true, nil
	}
	text, err := x.t.ReadFile("/etc/os-release")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, true, err
	}
	said := func(name string) string {
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
				return strings.ToLower(strings.Trim(value, `"'`))
			}
		}
		return ""
	}
	value := said("ID")
	switch v.Name {
	case "os_family":
		if like := strings.Fields(said("ID_LIKE")); len(like) > 0 {
			value = like[0]
		}
	case "os_version":
		value = said("VERSION_ID")
	}
	if value == "" {
		value = "linux"
	}
	return []string{value}, true, nil
}
