// Package placeholder knows the texts that dune leaves in files for what is
// known when they are installed: directories of packages, versions.
//
// A placeholder is %%DUNE_PLACEHOLDER:LENGTH:VALUE%%, filled up with % to
// its length. What is put in its place is as long, so that it can be done in
// programs: =LENGTH:TEXT, filled up with spaces.
package placeholder

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Values that are known by name.
const (
	SourceRoot = "configpath:sourceroot:"
	Stdlib     = "configpath:stdlib:"
	OCamlPath  = "hardcoded_ocaml_path:"
)

const (
	prefix  = "%%DUNE_PLACEHOLDER:"
	longest = 65536 // that dune looks for
)

// Location is the value for the directory of a package's section.
func Location(section, pkg string) string {
	return fmt.Sprintf("location:%s:%d:%s", section, len(pkg), pkg)
}

// Encode writes a placeholder with room for min bytes.
func Encode(value string, minimum int) string {
	rest := ":" + value + "%%"
	n := len(prefix) + len(rest)
	digits := len(strconv.Itoa(n + 1))
	if len(strconv.Itoa(n+digits)) > digits {
		digits++
	}
	n = max(n+digits, minimum)
	s := prefix + strconv.Itoa(n) + rest
	return s + strings.Repeat("%", n-len(s))
}

// A Conf says what placeholders stand for.
type Conf struct {
	// Location is the directory of a package's section.
	Location func(section, pkg string) string
	// Stdlib is the directory of the standard library.
	Stdlib string
	// OCamlPath are the directories of installed libraries. Relocatable says
	// that they, and all Locations, are found from where the program lies.
	OCamlPath   []string
	Relocatable bool
}

// text is what a value stands for; ok is false for one that is not known.
func (c *Conf) text(value string) (text string, ok bool) {
	kind, rest, _ := strings.Cut(value, ":")
	switch kind {
	case "location":
		section, rest, _ := strings.Cut(rest, ":")
		length, name, found := strings.Cut(rest, ":")
		n, err := strconv.Atoi(length)
		if !found || err != nil || n < 0 || n > len(name) {
			return "", false
		}
		return c.Location(section, name[:n]), true
	case "configpath":
		switch strings.TrimRight(rest, "%") {
		case "sourceroot:":
			return "", true // what is installed has none
		case "stdlib:":
			return c.Stdlib, true
		}
	case "hardcoded_ocaml_path":
		if c.Relocatable {
			return "relocatable", true
		}
		return strings.Join(append([]string{"hardcoded"}, c.OCamlPath...), "\x00"), true
	}
	return "", false
}

// Substitute puts texts in the place of placeholders. It returns data itself
// if there are none.
func (c *Conf) Substitute(data []byte) []byte {
	out, at := data, 0
	for {
		i := bytes.Index(data[at:], []byte(prefix))
		if i < 0 {
			return out
		}
		start := at + i
		at = start + len(prefix)
		n, value, ok := decode(data[start:])
		if !ok {
			continue
		}
		text, ok := c.text(value)
		if !ok {
			continue
		}
		if &out[0] == &data[0] {
			out = bytes.Clone(data)
		}
		copy(out[start:], filled(text, n))
		at = start + n
	}
}

// decode reads the placeholder that data begins with: its length and value.
func decode(data []byte) (n int, value string, ok bool) {
	i := bytes.IndexByte(data[len(prefix):min(len(data), len(prefix)+6)], ':')
	if i < 0 {
		return 0, "", false
	}
	head := len(prefix) + i + 1
	length := string(data[len(prefix) : head-1])
	n, err := strconv.Atoi(length)
	if err != nil || length[0] == '0' || n > longest || n > len(data) || n < head+2 || !bytes.HasSuffix(data[:n], []byte("%%")) {
		return 0, "", false
	}
	return n, strings.TrimRight(string(data[head:n]), "%"), true
}

// filled is a text as programs expect it, cut off where there is no room.
func filled(text string, n int) string {
	s := fmt.Sprintf("=%d:%s", len(text), text)
	if len(s) >= n {
		return s[:n]
	}
	return s + strings.Repeat(" ", n-len(s))
}
