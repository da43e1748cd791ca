package rules

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// inString escapes text for a string of OCaml.
var inString = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// ocamlString is a literal of OCaml.
func ocamlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case strings.IndexByte("\n\t\b\r", c) >= 0:
			b.WriteString(`\` + "ntbr"[strings.IndexByte("\n\t\b\r", c):][:1])
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// ocamlStrings reads lines that are escaped as strings of OCaml are.
func ocamlStrings(text, file string, at hcl.Range) ([]string, error) {
	var out []string
	n := 0
	for line := range strings.Lines(text) {
		n++
		s, ok := unescape(strings.TrimRight(line, "\r\n"))
		if !ok {
			return nil, errorAt(at, "Invalid string", "%s:%d: This is no line that is escaped as strings of OCaml are.", inWorkspace(file), n)
		}
		out = append(out, s)
	}
	return out, nil
}

// unescape reads a string of OCaml, without its quotes.
func unescape(s string) (string, bool) {
	var b strings.Builder
	for s != "" {
		c := s[0]
		s = s[1:]
		if c == '"' || c == '\\' && s == "" {
			return "", false
		}
		if c != '\\' {
			b.WriteByte(c)
			continue
		}
		c = s[0]
		digits, base := 0, 10
		switch {
		case strings.IndexByte(`\"' `, c) >= 0:
			b.WriteByte(c)
		case strings.IndexByte("ntbr", c) >= 0:
			b.WriteByte("\n\t\b\r"[strings.IndexByte("ntbr", c)])
		case c >= '0' && c <= '9':
			digits = 3
		case c == 'x':
			digits, base, s = 2, 16, s[1:]
		case c == 'o':
			digits, base, s = 3, 8, s[1:]
		default:
			return "", false
		}
		if digits == 0 {
			s = s[1:]
			continue
		}
		if len(s) < digits {
			return "", false
		}
		code, err := strconv.ParseUint(s[:digits], base, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(code))
		s = s[digits:]
	}
	return b.String(), true
}
