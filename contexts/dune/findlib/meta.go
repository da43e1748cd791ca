// Package findlib finds libraries that are installed, and writes down what
// others need to find those that will be: META files as findlib has them, and
// dune-package files, which say more.
//
// It knows nothing of compilers and contexts: where to look is the caller's
// to say, see SearchPath. Queries read through an FS, so that what was looked
// at is a dependency.
package findlib

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// A Meta is what a META file, or a package block in one, says.
type Meta struct {
	Name     string // of a block; "" for the file
	Settings []Setting
	Packages []*Meta
	Range    hcl.Range
}

// A Setting gives a variable a value where its predicates hold.
type Setting struct {
	Variable   string
	Predicates []Predicate
	Add        bool // += in place of =
	Value      string
	Range      hcl.Range
}

// A Predicate is a word that must be among those of a request, or not.
type Predicate struct {
	Name    string
	Negated bool
}

// Package returns the block of a name.
func (m *Meta) Package(name string) *Meta {
	for _, p := range m.Packages {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Value returns a variable's value for a request with these predicates, as
// findlib's reference manual defines it: of the assignments whose predicates
// hold, that with the most of them, the first of several; and all additions
// that hold. The second result is false if none holds.
func (m *Meta) Value(variable string, predicates ...string) (string, bool) {
	best := -1
	var added []string
	for i, s := range m.Settings {
		switch {
		case s.Variable != variable || !s.holds(predicates):
		case s.Add:
			added = append(added, s.Value)
		case best < 0 || len(s.Predicates) > len(m.Settings[best].Predicates):
			best = i
		}
	}
	if best >= 0 {
		added = slices.Insert(added, 0, m.Settings[best].Value)
	}
	return strings.Join(added, " "), len(added) > 0
}

// Words returns a variable's value as the list that most are.
func (m *Meta) Words(variable string, predicates ...string) []string {
	v, _ := m.Value(variable, predicates...)
	return strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" ,\t\n\r", r) })
}

func (s *Setting) holds(predicates []string) bool {
	for _, p := range s.Predicates {
		if slices.Contains(predicates, p.Name) == p.Negated {
			return false
		}
	}
	return true
}

// ParseMeta reads a META file. What it returns beside errors holds what could
// be read.
func ParseMeta(filename string, src []byte) (*Meta, hcl.Diagnostics) {
	p := &parser{file: filename, src: string(src), line: 1}
	m := &Meta{Range: p.at(0)}
	p.next()
	p.block(m, false)
	return m, p.diags
}

// A parser reads one file. It stops at the first error.
type parser struct {
	file       string
	src        string
	off, line  int
	begin      int // of the line
	diags      hcl.Diagnostics
	kind       byte // of the token: 'w'ord, 's'tring, '+' for +=, 0 at the end, or itself
	text       string
	rng        hcl.Range
	depthCount int
}

// maxDepth bounds blocks in blocks.
const maxDepth = 100

// at is the place of the next n bytes.
func (p *parser) at(n int) hcl.Range {
	col := p.off - p.begin + 1
	return hcl.Range{Filename: p.file, Start: hcl.Pos{Line: p.line, Column: col, Byte: p.off}, End: hcl.Pos{Line: p.line, Column: col + n, Byte: p.off + n}}
}

func (p *parser) fail(at hcl.Range, format string, args ...any) {
	if !p.diags.HasErrors() {
		p.diags = append(p.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Invalid META file", Detail: fmt.Sprintf(format, args...), Subject: &at})
	}
	p.kind = 0
}

func (p *parser) newline() {
	p.line++
	p.begin = p.off + 1
}

func wordChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.'
}

// next reads one token.
func (p *parser) next() {
	if p.diags.HasErrors() {
		return
	}
	for p.off < len(p.src) {
		c := p.src[p.off]
		switch {
		case c == '\n':
			p.newline()
			p.off++
		case c == ' ' || c == '\t' || c == '\r':
			p.off++
		case c == '#':
			for p.off < len(p.src) && p.src[p.off] != '\n' {
				p.off++
			}
		case wordChar(c):
			n := 1
			for p.off+n < len(p.src) && wordChar(p.src[p.off+n]) {
				n++
			}
			p.token('w', n)
			return
		case c == '"':
			p.quoted()
			return
		case c == '+' && strings.HasPrefix(p.src[p.off:], "+="):
			p.token('+', 2)
			return
		case strings.IndexByte("(),=-", c) >= 0:
			p.token(c, 1)
			return
		default:
			p.fail(p.at(1), "Unexpected character %q.", c)
			return
		}
	}
	p.kind, p.text, p.rng = 0, "", p.at(0)
}

func (p *parser) token(kind byte, n int) {
	p.kind, p.text, p.rng = kind, p.src[p.off:p.off+n], p.at(n)
	p.off += n
}

// quoted reads a string: a backslash takes the next character as it is.
func (p *parser) quoted() {
	start := p.at(1)
	var b strings.Builder
	for p.off++; p.off < len(p.src); p.off++ {
		switch c := p.src[p.off]; c {
		case '"':
			p.off++
			p.kind, p.text, p.rng = 's', b.String(), start
			p.rng.End = p.at(0).Start
			return
		case '\\':
			if p.off++; p.off < len(p.src) {
				if p.src[p.off] == '\n' {
					p.newline()
				}
				b.WriteByte(p.src[p.off])
			}
		case '\n':
			p.newline()
			fallthrough
		default:
			b.WriteByte(c)
		}
	}
	p.fail(start, "This string does not end.")
}

// block reads settings and packages until the end, or the parenthesis.
func (p *parser) block(m *Meta, inner bool) {
	if p.depthCount++; p.depthCount > maxDepth {
		p.fail(p.rng, "Too many packages in each other.")
		return
	}
	defer func() { p.depthCount-- }()
	for {
		switch {
		case p.kind == 0:
			if inner {
				p.fail(m.Range, "The block of package %q does not end.", m.Name)
			}
			return
		case p.kind == ')' && inner:
			return
		case p.kind != 'w':
			p.fail(p.rng, "Expected the name of a variable, or package.")
			return
		case p.text == "package":
			p.inner(m)
		default:
			p.setting(m)
		}
	}
}

func (p *parser) inner(m *Meta) {
	sub := &Meta{Range: p.rng}
	p.next()
	if sub.Name = p.text; p.kind != 's' {
		p.fail(p.rng, "Expected the package's name, in quotes.")
		return
	}
	p.next()
	if p.kind != '(' {
		p.fail(p.rng, "Expected (, and what is said of package %q.", sub.Name)
		return
	}
	p.next()
	p.block(sub, true)
	m.Packages = append(m.Packages, sub)
	p.next() // )
}

func (p *parser) setting(m *Meta) {
	s := Setting{Variable: p.text, Range: p.rng}
	p.next()
	if p.kind == '(' {
		p.next()
		for p.kind != ')' {
			var q Predicate
			if p.kind == '-' {
				q.Negated = true
				p.next()
			}
			if q.Name = p.text; p.kind != 'w' {
				p.fail(p.rng, "Expected a predicate.")
				return
			}
			s.Predicates = append(s.Predicates, q)
			if p.next(); p.kind == ',' {
				p.next()
			} else if p.kind != ')' {
				p.fail(p.rng, "Expected , or ) after a predicate.")
				return
			}
		}
		p.next()
	}
	if p.kind != '=' && p.kind != '+' {
		p.fail(p.rng, "Expected = or += after %s.", s.Variable)
		return
	}
	s.Add = p.kind == '+'
	p.next()
	if s.Value = p.text; p.kind != 's' {
		p.fail(p.rng, "Expected the value of %s, in quotes.", s.Variable)
		return
	}
	s.Range = hcl.RangeBetween(s.Range, p.rng)
	m.Settings = append(m.Settings, s)
	p.next()
}
