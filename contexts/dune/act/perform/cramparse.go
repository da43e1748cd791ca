package perform

import (
	"bytes"
	"fmt"
	"strings"
)

// A block is a part of a cram test: a comment, or a command.
type block struct {
	line    int      // of its first line, from 1
	comment []string // lines as they are
	command []string // lines without their marks; nil for a comment
}

// A parser cuts a cram test into blocks.
type parser struct {
	lines  []string
	at     int
	blocks []block
}

// parseCram cuts a test into blocks as dune does. What commands are expected
// to print, lines that begin with two spaces, is passed over: the test is
// written anew and compared as a whole. So is what is indented like that
// elsewhere, since it can only be output that has lost its command.
func parseCram(text string) []block {
	p := &parser{lines: strings.Split(text, "\n")}
	if n := len(p.lines) - 1; p.lines[n] == "" {
		p.lines = p.lines[:n]
	}
	for p.at < len(p.lines) {
		switch line := p.lines[p.at]; {
		case strings.HasPrefix(line, "  $ "):
			p.command()
		case strings.HasPrefix(line, "  > "), line == "  >":
			p.comment(nil)
		case indented(line):
			p.output()
		default:
			p.comment(nil)
		}
	}
	return p.blocks
}

func indented(line string) bool { return strings.HasPrefix(line, "  ") }

// command takes a command, with the lines that go on with it.
func (p *parser) command() {
	b := block{line: p.at + 1, command: []string{p.lines[p.at][len("  $ "):]}}
	for p.at++; p.at < len(p.lines); p.at++ {
		line := p.lines[p.at]
		more, ok := strings.CutPrefix(line, "  > ")
		if !ok && line != "  >" {
			break
		}
		if !ok {
			more = ""
		}
		b.command = append(b.command, more)
	}
	p.blocks = append(p.blocks, b)
}

// comment takes a line, whatever it is, and the comment that follows; before
// them come lines that were taken already.
func (p *parser) comment(before []string) {
	b := block{line: p.at + 1 - len(before), comment: before}
	for first := len(before) == 0; p.at < len(p.lines) && (first || !indented(p.lines[p.at])); p.at++ {
		b.comment, first = append(b.comment, p.lines[p.at]), false
	}
	p.blocks = append(p.blocks, b)
}

// output passes over output. A line of one space may be a part of it, or of
// the comment behind it.
func (p *parser) output() {
	var spaces []string
	for ; p.at < len(p.lines); p.at++ {
		switch line := p.lines[p.at]; {
		case strings.HasPrefix(line, "  $ "):
			return
		case line == " ":
			spaces = append(spaces, line)
		case indented(line):
		default:
			p.comment(spaces)
			return
		}
	}
	if len(spaces) > 0 {
		p.comment(spaces)
	}
}

// writeCommand writes a command as tests have it.
func writeCommand(b *bytes.Buffer, command []string) {
	mark := "$"
	for _, line := range command {
		fmt.Fprintf(b, "  %s %s\n", mark, line)
		mark = ">"
	}
}

// conflicts complains of what a merge leaves in comments where two sides
// disagree: a line of each kind, in their order.
func conflicts(name string, blocks []block) error {
	begun, divided := 0, false
	for _, b := range blocks {
		for i, line := range b.comment {
			switch {
			case begun == 0 && strings.HasPrefix(line, "<<<<<<<"):
				begun = b.line + i
			case begun > 0 && divides(line):
				divided = true
			case divided && strings.HasPrefix(line, ">>>>>>>"):
				return fmt.Errorf("%s:%d: conflict marker; remove it, or allow such lines: (cram (conflict_markers ignore))", name, begun)
			}
		}
	}
	return nil
}

// divides reports whether a line may divide the sides of a conflict, as Git,
// Mercurial and Jujutsu write it.
func divides(line string) bool {
	for _, mark := range []string{"=======", "%%%%%%%", "+++++++", "-------", "|||||||"} {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return false
}
