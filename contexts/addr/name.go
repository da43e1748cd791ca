package addr

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ValidName reports whether s can name a block: a letter or underscore, then
// letters, digits, underscores and dashes. Only ASCII, because the names of
// contexts become directories and must be the same on every system.
func ValidName(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case isLetter(c):
		case i > 0 && (isDigit(c) || c == '-'):
		default:
			return false
		}
	}
	return s != ""
}

// ValidKey reports whether s can be the key of an instance:
// [A-Za-z0-9_][A-Za-z0-9._+-]*, because keys become directories.
func ValidKey(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case isLetter(c), isDigit(c):
		case i > 0 && (c == '.' || c == '+' || c == '-'):
		default:
			return false
		}
	}
	return s != ""
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// checkName returns an error that says what is wrong with a block's name.
func checkName(what, s string) error {
	if s == "" {
		return fmt.Errorf("the %s is missing", what)
	}
	if !ValidName(s) {
		return fmt.Errorf("invalid %s %q: a name is a letter or underscore, then letters, digits, underscores and dashes", what, s)
	}
	return nil
}

// checkKey returns an error that says what is wrong with an instance's key.
func checkKey(s string) error {
	if s == AllKeys || ValidKey(s) {
		return nil
	}
	if s == "" {
		return fmt.Errorf("the key after \"@\" is missing")
	}
	return fmt.Errorf("invalid key %q: a key is a letter, digit or underscore, then letters, digits and any of \"._+-\"", s)
}

// checkDir returns an error that says what is wrong with a directory.
func checkDir(s string) error {
	if s == "" {
		return nil
	}
	if strings.HasPrefix(s, "/") {
		return fmt.Errorf("directory %q has more than two slashes in front", s)
	}
	for seg := range strings.SplitSeq(s, "/") {
		switch {
		case seg == "":
			return fmt.Errorf("directory %q has an empty element", s)
		case seg == "." || seg == "..":
			return fmt.Errorf("directory %q may not contain %q: it is relative to the workspace", s, seg)
		case seg == "...":
			return fmt.Errorf("directory %q: \"...\" can only come last", s)
		}
	}
	return checkText("directory", s)
}

// checkText refuses what no path that erg handles may contain.
func checkText(what, s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s %q is not valid UTF-8", what, s)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return fmt.Errorf("%s %q contains a control character", what, s)
	}
	return nil
}
