package ninja

import (
	"bytes"
	"fmt"
	"strings"
)

// A Position is a place in a file that was read.
type Position struct {
	File         string
	Line, Column int // from 1; columns count bytes
}

// String returns file:line:column.
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// An Error is a fault in a build.ninja or dyndep file, or a file that could
// not be read.
type Error struct {
	Position        // its File is "" if no file names the one that could not be read
	Msg      string // without the position; worded as Ninja words it
	Hint     string // what this package adds to Msg, with the space before it
	Source   string // the line, shortened if it is long
	Caret    int    // where in Source the fault is, from 0
	Err      error  // the error of the function that opens files, or nil
	Fatal    bool   // Ninja ends at once when it comes upon this, and names no place

	inNinja string // what AsNinja returns; "" stands for Msg
}

// Error returns position and message, then the line, and a caret below the place.
func (e *Error) Error() string {
	msg := e.Msg + e.Hint
	if e.File == "" {
		return msg
	}
	if e.Source == "" {
		return e.Position.String() + ": " + msg
	}
	return fmt.Sprintf("%s: %s\n%s\n%s^ near here", e.Position, msg, e.Source, strings.Repeat(" ", e.Caret))
}

// AsNinja returns what Ninja says of the same fault, to the byte. It points at
// the token that Ninja had read last, which is often the one behind the fault.
func (e *Error) AsNinja() string {
	if e.inNinja == "" {
		return e.Msg
	}
	return e.inNinja
}

// hint adds to the message of an error, which it returns.
func hint(err error, text string) error {
	if e, ok := err.(*Error); ok {
		e.Hint = text
	}
	return err
}

// noPlace is for what Ninja finds once it has read the file: it says no more
// than the message.
func noPlace(err error) error {
	if e, ok := err.(*Error); ok {
		e.inNinja = ""
	}
	return err
}

// fatal is for what ends Ninja at once.
func fatal(err error) error {
	if e, ok := err.(*Error); ok {
		e.Fatal, e.inNinja = true, ""
	}
	return err
}

// Unwrap returns the error of the function that opens files.
func (e *Error) Unwrap() error { return e.Err }

// A Warning is something that the file's author should look at and that does
// not keep it from being used.
type Warning struct {
	Position
	Msg string
}

// String returns position and message.
func (w Warning) String() string { return w.Position.String() + ": " + w.Msg }

// snippetBefore and snippetAfter bound how much of a long line is shown.
const (
	snippetBefore = 60
	snippetAfter  = 40
)

// position returns the place of an offset in a file, and the line that holds it.
func position(file string, data []byte, at int) (Position, []byte) {
	at = min(at, len(data))
	start := bytes.LastIndexByte(data[:at], '\n') + 1
	end := len(data)
	if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
		end = at + i
	}
	pos := Position{File: file, Line: 1 + bytes.Count(data[:start], []byte("\n")), Column: at - start + 1}
	return pos, data[start:end]
}

// ninjaColumns is from which column on Ninja shows no line, and where it cuts one.
const ninjaColumns = 72

// inNinja words a message and the offset of the token read last as Ninja does.
func inNinja(file string, data []byte, last int, msg string) string {
	pos, line := position(file, data, last)
	text := fmt.Sprintf("%s:%d: %s\n", file, pos.Line, msg)
	column := pos.Column - 1
	if column == 0 || column >= ninjaColumns {
		return text
	}
	dots := ""
	if len(line) >= ninjaColumns {
		line, dots = line[:ninjaColumns], "..."
	}
	return fmt.Sprintf("%s%s%s\n%s^ near here", text, printable(line), dots, strings.Repeat(" ", column))
}

// printable puts a space in place of what must not reach a terminal.
func printable(line []byte) []byte {
	line = bytes.Clone(line)
	for i, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			line[i] = ' '
		}
	}
	return line
}

// newError makes the error for an offset in a file, where the token read last
// begins at another one.
func newError(file string, data []byte, at, last int, msg string) *Error {
	pos, line := position(file, data, at)
	e := &Error{Position: pos, Msg: msg, inNinja: inNinja(file, data, last, msg)}
	column := pos.Column - 1
	var b strings.Builder
	if column > snippetBefore {
		cut := column - snippetBefore
		line, column = line[cut:], snippetBefore+len("...")
		b.WriteString("...")
	}
	e.Caret = column
	dots := false
	if keep := snippetBefore + snippetAfter; len(line) > keep {
		line, dots = line[:keep], true
	}
	b.Write(bytes.ReplaceAll(printable(line), []byte("\t"), []byte(" ")))
	e.Source = strings.TrimRight(b.String(), " ")
	if dots {
		e.Source += "..."
	}
	return e
}
