package ocaml

import (
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// A config is what ocamlc -config says.
type config map[string]string

// parseConfig reads lines of "name: value".
func parseConfig(out string) config {
	c := config{}
	for line := range strings.Lines(out) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if ok {
			c[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return c
}

// factNames are the lines of a config that become facts. All compilers have
// most of them; what one lacks is no fact of it.
var factNames = []string{
	"version", "flambda", "word_size", "int_size", "system", "architecture", "host", "os_type",
	"standard_library", "ext_exe", "ext_obj", "ext_lib", "ext_dll", "c_compiler",
	"safe_string", "flat_float_array", "function_sections", "supports_shared_libraries", "systhread_supported", "tsan", "naked_pointers",
}

func (c config) facts() map[string]cty.Value {
	facts := map[string]cty.Value{}
	for _, name := range factNames {
		value, ok := c[name]
		if !ok {
			continue
		}
		n, err := strconv.Atoi(value)
		switch {
		case value == "true" || value == "false":
			facts[name] = cty.BoolVal(value == "true")
		case err == nil && strings.HasSuffix(name, "_size"):
			facts[name] = cty.NumberIntVal(int64(n))
		default:
			facts[name] = cty.StringVal(value)
		}
	}
	return facts
}

// atLeast reports whether the compiler's version is at least major.minor.
func (c config) atLeast(major, minor int) bool {
	parts := strings.SplitN(c["version"], ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, _ := strconv.Atoi(parts[0])
	b, _ := strconv.Atoi(parts[1])
	return a > major || a == major && b >= minor
}

// command returns the first word of a command in the config: the program.
func (c config) command(name string) string {
	words := strings.Fields(c[name])
	if len(words) == 0 {
		return ""
	}
	return words[0]
}
