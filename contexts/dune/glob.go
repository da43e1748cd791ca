package dune

import (
	"errors"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A Glob is a pattern for names, in dune's language: ? is a character but
// /, * any number of such (at the beginning of the pattern at least one,
// and no dot first; so is ** elsewhere), ** at the beginning is anything, [abc] one of these
// characters, [!abc] one of the others, {a,b} an alternative, and \ takes the
// meaning from what follows.
type Glob struct {
	Pattern string
	Range   hcl.Range
	re      *regexp.Regexp // nil: the pattern, without backslashes, is literal
	literal string
}

// ParseGlob returns the glob of a pattern that is written at some place.
func ParseGlob(pattern string, at hcl.Range) (Glob, hcl.Diagnostics) {
	c := &globCompiler{}
	g := Glob{Pattern: pattern, Range: at}
	err := c.compile(pattern)
	if err == nil && c.special {
		g.re, err = regexp.Compile(`(?s)\A(?:` + c.re.String() + `)\z`)
	}
	if err != nil {
		return g, errorAt(at, "Invalid pattern", "In %q, %s.", pattern, err)
	}
	g.literal = c.literal.String()
	return g, nil
}

// Match reports whether a name matches.
func (g Glob) Match(name string) bool {
	if g.re == nil {
		return name == g.literal
	}
	return g.re.MatchString(name)
}

// A globCompiler translates a glob to a regular expression.
type globCompiler struct {
	re      strings.Builder
	literal strings.Builder
	special bool
	depth   int // of braces
}

const (
	noSlash    = `[^/]`
	noSlashDot = `[^./]`
)

func (c *globCompiler) compile(p string) error {
	switch {
	case strings.HasPrefix(p, "**"):
		c.add(`.*`)
		p = p[2:]
	case strings.HasPrefix(p, "*"):
		c.add(noSlashDot + noSlash + `*`)
		p = p[1:]
	}
	for p != "" {
		rest, err := c.step(p)
		if err != nil {
			return err
		}
		p = rest
	}
	if c.depth > 0 {
		return errors.New("a { is not closed")
	}
	return nil
}

// add appends to the expression what is no literal text.
func (c *globCompiler) add(re string) {
	c.special = true
	c.re.WriteString(re)
}

func (c *globCompiler) addText(text string) {
	c.literal.WriteString(text)
	c.re.WriteString(regexp.QuoteMeta(text))
}

// step translates one term and returns what follows it.
func (c *globCompiler) step(p string) (string, error) {
	switch p[0] {
	case '\\':
		if len(p) == 1 {
			return "", nil
		}
		n := 1 + runeLen(p[1:])
		c.addText(p[1:n])
		return p[n:], nil
	case '*':
		if strings.HasPrefix(p, "**") {
			c.add(noSlashDot + noSlash + `*`)
			return p[2:], nil
		}
		c.add(noSlash + `*`)
	case '?':
		c.add(noSlash)
	case '{':
		c.depth++
		c.add("(?:")
	case ',':
		if c.depth == 0 {
			c.addText(",")
		} else {
			c.add("|")
		}
	case '}':
		if c.depth == 0 {
			return "", errors.New("a } has no {")
		}
		c.depth--
		c.add(")")
	case ']':
		return "", errors.New("a ] has no [")
	case '[':
		end := strings.IndexByte(p, ']')
		if end < 0 {
			return "", errors.New("a [ is not closed")
		}
		c.charSet(p[1:end])
		return p[end+1:], nil
	default:
		n := runeLen(p)
		c.addText(p[:n])
		return p[n:], nil
	}
	return p[1:], nil
}

// charSet translates what is in brackets, where only a leading ! is special.
func (c *globCompiler) charSet(set string) {
	not := strings.HasPrefix(set, "!")
	if not {
		set = set[1:]
	}
	switch {
	case set == "" && not:
		c.add(`.`)
		return
	case set == "":
		c.add(`[^\x00-\x{10FFFF}]`)
		return
	}
	c.add("[")
	if not {
		c.add("^")
	}
	for _, r := range set {
		if strings.ContainsRune(`\[]^-&`, r) {
			c.add(`\`)
		}
		c.add(string(r))
	}
	c.add("]")
}

// runeLen returns the length of the first character of a text.
func runeLen(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}

// glob reads a pattern.
func (r *reader) glob(n *sexp.Node) Glob {
	t := r.text(n)
	g, diags := ParseGlob(t.Value, n.Range)
	r.diags = append(r.diags, diags...)
	return g
}
