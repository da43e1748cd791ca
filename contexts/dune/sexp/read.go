package sexp

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// maxDepth is how deep lists may be nested, so that who walks a tree may recurse.
const maxDepth = 500

// Read reads a sequence of s-expressions. The first mistake ends it: what
// follows a wrong parenthesis or quote says little.
func Read(filename string, src []byte) (nodes []*Node, diags hcl.Diagnostics) {
	return read(filename, src, false)
}

// read is Read, with comments among the nodes if they are wanted.
func read(filename string, src []byte, comments bool) (nodes []*Node, diags hcl.Diagnostics) {
	s := &scanner{filename: filename, src: src, at: hcl.InitialPos, comments: comments}
	defer func() {
		if r := recover(); r != nil {
			d, ok := r.(*hcl.Diagnostic)
			if !ok {
				panic(r)
			}
			diags = hcl.Diagnostics{d}
		}
	}()
	var open []*Node // lists that are not closed yet
	add := func(n *Node) {
		if len(open) > 0 {
			list := open[len(open)-1]
			list.Items = append(list.Items, n)
		} else {
			nodes = append(nodes, n)
		}
	}
	for {
		for s.skip(); comments && s.has(";"); s.skip() {
			add(s.comment())
		}
		start := s.off
		var n *Node
		switch c, ok := s.peek(); {
		case !ok:
			if len(open) > 0 {
				rng := open[len(open)-1].Range
				rng.End = rng.Start
				rng.End.Byte++
				rng.End.Column++
				s.failAt(rng, "Unclosed parenthesis", "This parenthesis is not closed by the end of the file.")
			}
			return nodes, nil
		case c == '(':
			if len(open) == maxDepth {
				s.fail(start, start+1, "Nested too deeply", "Lists may be nested %d deep.", maxDepth)
			}
			s.off++
			open = append(open, &Node{Kind: List, Range: s.rng(start, s.off)})
			continue
		case c == ')':
			s.off++
			if len(open) == 0 {
				s.fail(start, s.off, "Unexpected parenthesis", "There is no left parenthesis for this right one.")
			}
			n = open[len(open)-1]
			open = open[:len(open)-1]
			n.Range.End = s.pos(s.off)
		case c == '"':
			s.off++
			n = &Node{Kind: Quoted, Parts: s.quoted(start)}
			n.Range = s.rng(start, s.off)
		default:
			n = &Node{Kind: Atom, Parts: s.atom()}
			n.Range = s.rng(start, s.off)
		}
		add(n)
	}
}

// A scanner reads tokens. Its methods panic with a *hcl.Diagnostic, which Read
// recovers.
type scanner struct {
	filename string
	src      []byte
	off      int
	at       hcl.Pos // the position that was asked for last
	comments bool    // they are kept
	parts    []Part
	text     []byte
}

func (s *scanner) peek() (byte, bool) {
	if s.off < len(s.src) {
		return s.src[s.off], true
	}
	return 0, false
}

// has reports whether the text at an offset from the current one is prefix.
func (s *scanner) has(prefix string) bool {
	return s.off+len(prefix) <= len(s.src) && string(s.src[s.off:s.off+len(prefix)]) == prefix
}

// newline returns the length of a line's end that is here, or 0.
func (s *scanner) newline() int {
	switch {
	case s.has("\n"):
		return 1
	case s.has("\r\n"):
		return 2
	}
	return 0
}

// pos returns the position of an offset. Offsets are asked for nearly in
// order, so it counts from the last one.
func (s *scanner) pos(off int) hcl.Pos {
	if off < s.at.Byte {
		s.at = hcl.InitialPos
	}
	for _, c := range s.src[s.at.Byte:off] {
		switch {
		case c == '\n':
			s.at.Line++
			s.at.Column = 1
		case c&0xc0 != 0x80: // not within a character
			s.at.Column++
		}
	}
	s.at.Byte = off
	return s.at
}

func (s *scanner) rng(from, to int) hcl.Range {
	start := s.pos(from)
	return hcl.Range{Filename: s.filename, Start: start, End: s.pos(to)}
}

func (s *scanner) fail(from, to int, summary, format string, args ...any) {
	to = min(to, len(s.src))
	s.failAt(s.rng(min(from, to), to), summary, format, args...)
}

func (s *scanner) failAt(rng hcl.Range, summary, format string, args ...any) {
	panic(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &rng})
}

// comment reads a comment, with those that follow it line by line.
func (s *scanner) comment() *Node {
	n := &Node{Kind: comment}
	start := s.off
	for {
		s.off++
		from := s.off
		for s.off < len(s.src) && s.newline() == 0 {
			s.off++
		}
		n.Parts = append(n.Parts, Part{Text: string(s.src[from:s.off])})
		next := s.off + s.newline()
		for next > s.off && next < len(s.src) && strings.IndexByte(" \t\f", s.src[next]) >= 0 {
			next++
		}
		if next == s.off || next == len(s.src) || s.src[next] != ';' {
			n.Range = s.rng(start, s.off)
			return n
		}
		s.off = next
	}
}

// skip passes over blanks, and over comments unless they are kept.
func (s *scanner) skip() {
	for s.off < len(s.src) {
		switch c := s.src[s.off]; {
		case c == ' ' || c == '\t' || c == '\f' || c == '\n':
			s.off++
		case s.has("\r\n"):
			s.off += 2
		case c == ';' && !s.comments:
			for s.off < len(s.src) && s.src[s.off] != '\n' {
				s.off++
			}
		default:
			return
		}
	}
}

// atomChar reports whether a byte may stand in an atom.
func atomChar(c byte) bool {
	return c > ' ' && c < 0x7f && c != ';' && c != '(' && c != ')' && c != '"'
}

// varChar reports whether a byte may stand in the name of a variable.
func varChar(c byte) bool {
	return atomChar(c) && c != ':' && c != '%' && c != '{' && c != '}'
}

// atom reads an atom.
func (s *scanner) atom() []Part {
	start := s.off
	for s.off < len(s.src) && atomChar(s.src[s.off]) {
		if s.has("%{") {
			s.variable()
			continue
		}
		s.text = append(s.text, s.src[s.off])
		s.off++
	}
	if c, ok := s.peek(); ok && c >= 0x80 {
		s.fail(s.off, s.character(), "Invalid character", "Text without quotes has ASCII characters only. Write it in double quotes.")
	} else if s.off == start {
		s.fail(s.off, s.off+1, "Invalid character", "The character %q may not stand here.", rune(c))
	}
	return s.take()
}

// character returns the end of the character that is here.
func (s *scanner) character() int {
	end := s.off + 1
	for end < len(s.src) && s.src[end]&0xc0 == 0x80 {
		end++
	}
	return end
}

// flush makes the text that was read a part.
func (s *scanner) flush() {
	if len(s.text) > 0 {
		s.parts = append(s.parts, Part{Text: string(s.text)})
		s.text = s.text[:0]
	}
}

func (s *scanner) take() []Part {
	s.flush()
	parts := s.parts
	s.parts = nil
	return parts
}

// variable reads %{name} or %{name:payload}.
func (s *scanner) variable() {
	s.flush()
	start := s.off
	s.off += len("%{")
	v := &Var{}
	v.Name = s.word(false)
	if c, ok := s.peek(); ok && c == ':' && v.Name != "" {
		s.off++
		v.HasPayload = true
		v.Payload = s.word(true)
	}
	c, ok := s.peek()
	switch {
	case !ok:
		s.fail(start, s.off, "Unclosed variable", "The right brace of %s is missing.", s.src[start:s.off])
	case c != '}':
		s.fail(s.off, s.character(), "Invalid character", "This character may not stand in %%{…}.")
	case v.Name == "":
		s.fail(start, s.off+1, "No variable", "The name of the variable is missing.")
	case v.HasPayload && v.Payload == "":
		s.fail(start, s.off+1, "No variable", "What follows the colon is missing.")
	}
	s.off++
	v.Range = s.rng(start, s.off)
	s.parts = append(s.parts, Part{Var: v})
}

func (s *scanner) word(colons bool) string {
	start := s.off
	for s.off < len(s.src) && (varChar(s.src[s.off]) || colons && s.src[s.off] == ':') {
		s.off++
	}
	return string(s.src[start:s.off])
}
