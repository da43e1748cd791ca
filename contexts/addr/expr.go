package addr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A step is one selection in an expression's spelling.
type step struct {
	name    string // of .name and ["name"]
	isIndex bool   // ["name"] or [0]
	number  bool   // [0]
}

func (s step) path() Path {
	if s.number {
		return Path("[" + s.name + "]")
	}
	return Path(member(s.name))
}

func parseExpr(s string) (Addr, error) {
	root, rest, _ := strings.Cut(s, ".")
	steps, err := parseSteps("." + rest)
	if err != nil {
		return nil, err
	}
	switch root {
	case "context":
		return parseElement(steps)
	case "toolchain":
		return parseToolchain(steps)
	case "source":
		return parseSource(steps)
	}
	if len(steps) > 1 {
		return nil, fmt.Errorf("only %s.%s has an address, not what is inside of it", root, steps[0].name)
	}
	if err := checkName("name after "+root+".", steps[0].name); err != nil {
		return nil, err
	}
	if root == "local" {
		return Local{Name: steps[0].name}, nil
	}
	return Variable{Name: steps[0].name}, nil
}

// takeKey takes ["key"] off the front of steps.
func takeKey(steps []step) (string, []step, error) {
	if len(steps) == 0 || !steps[0].isIndex {
		return "", steps, nil
	}
	key := steps[0].name
	if err := checkKey(key); err != nil {
		return "", nil, err
	}
	return key, steps[1:], nil
}

func parseToolchain(steps []step) (Addr, error) {
	if len(steps) < 2 || steps[0].isIndex || steps[1].isIndex {
		return nil, fmt.Errorf("a toolchain is written toolchain.KIND.NAME")
	}
	t := Toolchain{Kind: steps[0].name, Name: steps[1].name}
	key, rest, err := takeKey(steps[2:])
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("only %s has an address, not what is inside of it", t)
	}
	t.Key = key
	return t, nil
}

func parseSource(steps []step) (Addr, error) {
	if steps[0].isIndex {
		return nil, fmt.Errorf("a source is written source.NAME")
	}
	s := Source{Name: steps[0].name}
	key, rest, err := takeKey(steps[1:])
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("only %s has an address, not what is inside of it", s)
	}
	s.Key = key
	return s, nil
}

func parseElement(steps []step) (Addr, error) {
	if steps[0].isIndex {
		return nil, fmt.Errorf("the context's name is missing")
	}
	c := Context{Name: steps[0].name}
	var err error
	if c.Key, steps, err = takeKey(steps[1:]); err != nil {
		return nil, err
	}
	if len(steps) == 0 {
		return c, nil
	}
	kind := Kind(steps[0].name)
	if steps[0].isIndex || !slices.Contains(Kinds(), kind) {
		return nil, fmt.Errorf("a context has no %q; there are %s", kind, list(Kinds()))
	}
	e := Element{Context: c, Kind: kind}
	steps = steps[1:]
	if len(steps) == 0 {
		return e, nil
	}
	if kind == KindTarget {
		return nil, fmt.Errorf("%s is a plain value: nothing is inside of it", e)
	}
	if steps[0].number || steps[0].name == "" {
		return nil, fmt.Errorf("a name must follow %s", e)
	}
	e.Name = steps[0].name
	for _, s := range steps[1:] {
		e.Path += s.path()
	}
	return e, nil
}

// parseSteps reads .name["key"][0]….
func parseSteps(s string) ([]step, error) {
	var steps []step
	for s != "" {
		var st step
		var err error
		switch s[0] {
		case '.':
			n := 1
			for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || s[n] == '-') {
				n++
			}
			st.name = s[1:n]
			if !ValidName(st.name) {
				return nil, fmt.Errorf("a name must follow each dot; what is no identifier is written [\"…\"]")
			}
			s = s[n:]
		case '[':
			st.isIndex = true
			if st, s, err = parseIndex(s[1:]); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("unexpected %q after a name or bracket", firstRune(s))
		}
		steps = append(steps, st)
	}
	return steps, nil
}

// parseIndex reads "key"] or 0] and returns what follows.
func parseIndex(s string) (step, string, error) {
	st := step{isIndex: true}
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n > 0 {
		// Canonical: [007] and [7] are one address.
		st.name, st.number = strings.TrimLeft(s[:n-1], "0")+s[n-1:n], true
	} else {
		var err error
		if st.name, n, err = unquote(s); err != nil {
			return st, "", err
		}
	}
	if n >= len(s) || s[n] != ']' {
		return st, "", fmt.Errorf("a closing bracket is missing")
	}
	return st, s[n+1:], nil
}

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

// quote spells a string as HCL does.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// unquote reads a quoted string as HCL does, from the front of s, and returns
// how many bytes it took.
func unquote(s string) (string, int, error) {
	if s == "" || s[0] != '"' {
		return "", 0, fmt.Errorf("a quoted key or a number must follow \"[\"")
	}
	if !utf8.ValidString(s) {
		return "", 0, fmt.Errorf("not valid UTF-8")
	}
	var b strings.Builder
	for i := 1; i < len(s); {
		switch c := s[i]; {
		case c == '"':
			return b.String(), i + 1, nil
		case c == '\n' || c == '\r':
			return "", 0, fmt.Errorf("a line ends inside of a quoted key")
		case c == '\\':
			r, n, err := unescape(s[i:])
			if err != nil {
				return "", 0, err
			}
			b.WriteRune(r)
			i += n
		case (c == '$' || c == '%') && strings.HasPrefix(s[i+1:], "{"):
			return "", 0, fmt.Errorf("an address has no interpolation: write %c%c{ for a literal %c{", c, c, c)
		case (c == '$' || c == '%') && strings.HasPrefix(s[i+1:], string(c)+"{"):
			b.WriteByte(c)
			b.WriteByte('{')
			i += 3
		default:
			b.WriteByte(c)
			i++
		}
	}
	return "", 0, fmt.Errorf("a closing quote is missing")
}

// unescape reads an escape sequence from the front of s, which starts with a
// backslash.
func unescape(s string) (rune, int, error) {
	if len(s) < 2 {
		return 0, 0, fmt.Errorf("a closing quote is missing")
	}
	digits := 0
	switch s[1] {
	case 'n':
		return '\n', 2, nil
	case 'r':
		return '\r', 2, nil
	case 't':
		return '\t', 2, nil
	case '"', '\\':
		return rune(s[1]), 2, nil
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return 0, 0, fmt.Errorf("unknown escape sequence \\%s", firstRune(s[1:]))
	}
	hex := s[2:min(len(s), 2+digits)]
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) < digits {
		return 0, 0, fmt.Errorf("\\%c needs %d hexadecimal digits", s[1], digits)
	}
	if n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, 0, fmt.Errorf("\\%s is not a character", s[1:2+digits])
	}
	return rune(n), 2 + digits, nil
}
