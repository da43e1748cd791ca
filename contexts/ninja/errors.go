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
	Source   string // the line, shortened if it is long
	Caret    int    // where in Source the fault is, from 0
	Err      error  // the error of the function that opens files, or nil
}

// Error returns position and message, then the line, and a caret below the place.
func (e *Error) Error() string {
	if e.File == "" {
		return e.Msg
	}
	if e.Source == "" {
		return e.Position.String() + ": " + e.Msg
	}
	return fmt.Sprintf("%s: %s\n%s\n%s^ near here", e.Position, e.Msg, e.Source, strings.Repeat(" ", e.Caret))
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

// newError makes the error for an offset in a file.
func newError(file string, data []byte, at int, msg string) *Error {
	pos, line := position(file, data, at)
	e := &Error{Position: pos, Msg: msg}
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
	for _, c := range line {
		if c < ' ' || c == 0x7f {
			c = ' ' // whatever it is, it must not reach a terminal
		}
		b.WriteByte(c)
	}
	e.Source = strings.TrimRight(b.String(), " ")
	if dots {
		e.Source += "..."
	}
	return e
}
