package ninja

import "fmt"

// Version is the version of Ninja whose language this package reads.
const Version = "1.13.0"

const (
	versionMajor = 1
	versionMinor = 13
)

// parseVersion reads "major.minor", as leniently as Ninja: what is no number is 0, and
// whatever follows a number is ignored.
func parseVersion(s string) (major, minor int) {
	major, rest := leadingInt(s)
	if i := indexDot(rest); i >= 0 {
		minor, _ = leadingInt(rest[i+1:])
	}
	return major, minor
}

func indexDot(s string) int {
	for i := range len(s) {
		if s[i] == '.' {
			return i
		}
	}
	return -1
}

// leadingInt reads the digits that a string begins with, behind spaces.
func leadingInt(s string) (n int, rest string) {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && '0' <= s[0] && s[0] <= '9' && n < 1e9 {
		n = 10*n + int(s[0]-'0')
		s = s[1:]
	}
	return n, s
}

// checkVersion acts on ninja_required_version.
func (p *parser) checkVersion(at int, required string) error {
	major, minor := parseVersion(required)
	switch {
	case major < versionMajor:
		p.warn(at, fmt.Sprintf("ninja executable version (%s) greater than build file ninja_required_version (%s); versions may be incompatible.", Version, required))
	case major > versionMajor, minor > versionMinor:
		return fatal(p.errorAt(at, fmt.Sprintf("ninja version (%s) incompatible with build file ninja_required_version version (%s).", Version, required)))
	}
	return nil
}
