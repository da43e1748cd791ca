package dune

import (
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// An opamField is a field of an opam file.
type opamField struct {
	name  string
	value *opamValue
}

// An opamToken is a token of an opam file. Kind is "string", "ident", "end" for
// that of the file, or the token itself.
type opamToken struct {
	kind, text string
	rng        hcl.Range
}

// An opamParser reads opam files. Its methods panic with hcl.Diagnostics.
type opamParser struct {
	filename string
	src      string
	off      int
	pos      hcl.Pos
	tok      opamToken
	depth    int
}

// maxOpamDepth is how deep values may be nested.
const maxOpamDepth = 200

// parseOpam returns the fields of an opam file but for those in sections, up
// to the first mistake.
func parseOpam(filename string, src []byte) (fields []opamField, diags hcl.Diagnostics) {
	p := &opamParser{filename: filename, src: string(src), pos: hcl.InitialPos}
	defer func() {
		if r := recover(); r != nil {
			d, ok := r.(hcl.Diagnostics)
			if !ok {
				panic(r)
			}
			diags = d
		}
	}()
	p.next()
	p.items("end", func(f opamField) { fields = append(fields, f) })
	return fields, nil
}

// items reads fields and sections up to a token.
func (p *opamParser) items(end string, add func(opamField)) {
	for p.tok.kind != end {
		name := p.tok
		if name.kind != "ident" {
			p.fail(name.rng, "A field is expected here: NAME: VALUE.")
		}
		p.next()
		if p.tok.kind == ":" {
			p.next()
			add(opamField{name.text, p.value()})
			continue
		}
		if p.tok.kind == "string" {
			p.next()
		}
		p.expect("{")
		p.deeper(func() { p.items("}", func(opamField) {}) })
		p.expect("}")
	}
}

func (p *opamParser) deeper(read func()) {
	if p.depth++; p.depth > maxOpamDepth {
		p.fail(p.tok.rng, "This is nested too deeply.")
	}
	read()
	p.depth--
}

// value reads a value with operators, the loosest first.
func (p *opamParser) value() (v *opamValue) {
	p.deeper(func() { v = p.binary([]string{"|", "&"}) })
	return v
}

// binary reads operands that operators of some precedence join.
func (p *opamParser) binary(ops []string) *opamValue {
	operand := p.relation
	if len(ops) > 1 {
		operand = func() *opamValue { return p.binary(ops[1:]) }
	}
	v := operand()
	for p.tok.kind == ops[0] {
		op := p.tok
		p.next()
		if v.kind != op.kind {
			v = &opamValue{kind: op.kind, args: []*opamValue{v}, rng: op.rng}
		}
		v.args = append(v.args, operand())
	}
	return v
}

func isOpamRelation(kind string) bool {
	switch kind {
	case "=", "!=", "<", "<=", ">", ">=", "~":
		return true
	}
	return false
}

// relation reads a comparison, of which the left side may be missing.
func (p *opamParser) relation() *opamValue {
	if isOpamRelation(p.tok.kind) {
		op := p.tok
		p.next()
		return &opamValue{kind: op.kind, args: []*opamValue{p.prefixed()}, rng: op.rng}
	}
	v := p.prefixed()
	if isOpamRelation(p.tok.kind) {
		op := p.tok
		p.next()
		return &opamValue{kind: op.kind, args: []*opamValue{v, p.prefixed()}, rng: op.rng}
	}
	return v
}

func (p *opamParser) prefixed() (v *opamValue) {
	if op := p.tok; op.kind == "!" || op.kind == "?" {
		p.next()
		p.deeper(func() { v = &opamValue{kind: op.kind, args: []*opamValue{p.prefixed()}, rng: op.rng} })
		return v
	}
	return p.atom()
}

// atom reads a string, a name, a list or a group, and the filter behind it.
func (p *opamParser) atom() *opamValue {
	tok := p.tok
	v := &opamValue{kind: tok.kind, text: tok.text, rng: tok.rng}
	switch tok.kind {
	case "string", "ident":
		p.next()
	case "[":
		v.kind, v.args = "list", p.sequence("]")
	case "(":
		v.kind, v.args = "group", p.sequence(")")
	default:
		p.fail(tok.rng, "A value is expected here.")
	}
	for p.tok.kind == "{" {
		rng := p.tok.rng
		v = &opamValue{kind: "{", args: []*opamValue{v}, rng: rng}
		if filter := p.sequence("}"); len(filter) > 0 {
			v.args = append(v.args, &opamValue{kind: "group", args: filter, rng: rng})
		}
	}
	return v
}

// sequence reads values up to a bracket. That which opens is here.
func (p *opamParser) sequence(end string) []*opamValue {
	open := p.tok
	p.next()
	var all []*opamValue
	for p.tok.kind != end {
		if p.tok.kind == "end" {
			p.fail(open.rng, "This bracket is not closed by the end of the file.")
		}
		all = append(all, p.value())
	}
	p.next()
	return all
}

func (p *opamParser) expect(kind string) {
	if p.tok.kind != kind {
		p.fail(p.tok.rng, "%q is expected here.", kind)
	}
	p.next()
}

func (p *opamParser) fail(rng hcl.Range, format string, args ...any) {
	panic(errorAt(rng, "Invalid opam file", format, args...))
}

// advance passes over n bytes.
func (p *opamParser) advance(n int) {
	for _, c := range p.src[p.off : p.off+n] {
		p.pos.Column++
		if c == '\n' {
			p.pos.Line, p.pos.Column = p.pos.Line+1, 1
		}
	}
	p.off += n
	p.pos.Byte = p.off
}

// here is the range of the next n bytes.
func (p *opamParser) here(n int) hcl.Range {
	start := p.pos
	off := p.off
	p.advance(min(n, len(p.src)-off))
	rng := hcl.Range{Filename: p.filename, Start: start, End: p.pos}
	p.off, p.pos = off, start
	return rng
}

// next reads a token.
func (p *opamParser) next() {
	p.skip()
	rest := p.src[p.off:]
	switch {
	case rest == "":
		p.tok = opamToken{kind: "end", rng: p.here(0)}
	case rest[0] == '"':
		p.text(rest)
	case identLen(rest) > 0:
		p.token("ident", identLen(rest))
	default:
		for _, op := range []string{"!=", "<=", ">="} {
			if strings.HasPrefix(rest, op) {
				p.token(op, len(op))
				return
			}
		}
		if strings.IndexByte("[](){}:=<>!?&|~", rest[0]) < 0 {
			_, n := utf8.DecodeRuneInString(rest)
			p.fail(p.here(n), "The character %q may not stand here.", rest[:n])
		}
		p.token(rest[:1], 1)
	}
}

func (p *opamParser) token(kind string, n int) {
	p.tok = opamToken{kind: kind, text: p.src[p.off : p.off+n], rng: p.here(n)}
	p.advance(n)
}

// skip passes over blanks and comments.
func (p *opamParser) skip() {
	for {
		rest := p.src[p.off:]
		switch {
		case rest == "":
			return
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			p.advance(1)
		case rest[0] == '#':
			p.advance(lineLen(rest))
		case strings.HasPrefix(rest, "(*"):
			n := strings.Index(rest, "*)")
			if n < 0 {
				p.fail(p.here(2), "This comment is not closed by the end of the file.")
			}
			p.advance(n + 2)
		default:
			return
		}
	}
}

func lineLen(s string) int {
	if n := strings.IndexByte(s, '\n'); n >= 0 {
		return n
	}
	return len(s)
}

// identLen returns the length of the name or the number that a text begins
// with. A name may have colons, but no last one, which ends a field's name.
func identLen(s string) int {
	n := 0
	for n < len(s) {
		c := s[n]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '+'
		colon := c == ':' && n > 0 && n+1 < len(s) && (s[n+1] >= 'a' && s[n+1] <= 'z' || s[n+1] == '_')
		if !letter && !colon {
			break
		}
		n++
	}
	return n
}

// text reads a string, in quotes or in three of them.
func (p *opamParser) text(rest string) {
	quote := `"`
	if strings.HasPrefix(rest, `"""`) {
		quote = `"""`
	}
	var b strings.Builder
	n := len(quote)
	for !strings.HasPrefix(rest[n:], quote) {
		if n >= len(rest) || n+1 >= len(rest) && rest[n] == '\\' {
			p.fail(p.here(len(quote)), "The quote that begins here is not closed by the end of the file.")
		}
		if rest[n] != '\\' {
			b.WriteByte(rest[n])
			n++
			continue
		}
		switch c := rest[n+1]; c {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'b':
			b.WriteByte('\b')
		case '\n':
		default: // quotes, backslashes; codes of bytes are in no field that is used
			b.WriteByte(c)
		}
		n += 2
	}
	n += len(quote)
	p.tok = opamToken{kind: "string", text: b.String(), rng: p.here(n)}
	p.advance(n)
}
