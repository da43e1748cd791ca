package config

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// WriteDiagnostics writes diagnostics for people: summary, place, the lines of
// source that they are about with the subject underlined, and the detail.
// Files are by the name that ranges have; width is that of the terminal, 0 for
// no limit.
//
// HCL's own writer names no column and marks the subject only with colours,
// but it knows how to wrap text and how to print the values of loop variables,
// so it does those parts.
func WriteDiagnostics(w io.Writer, files map[string]*hcl.File, diags hcl.Diagnostics, color bool, width int) error {
	out := bufio.NewWriter(w)
	for _, d := range diags {
		writeDiagnostic(out, files, d, color, max(width, 0))
	}
	return out.Flush()
}

func writeDiagnostic(out *bufio.Writer, files map[string]*hcl.File, d *hcl.Diagnostic, color bool, width int) {
	style := style{color: color, severity: "\x1b[31m"}
	severity := "Error"
	if d.Severity == hcl.DiagWarning {
		severity, style.severity = "Warning", "\x1b[33m"
	}
	fmt.Fprintf(out, "%s: %s\n", style.paint(style.severity, severity), d.Summary)
	if d.Subject != nil {
		file := files[d.Subject.Filename]
		fmt.Fprintf(out, "  on %s", position(*d.Subject))
		if in := enclosing(file, d.Subject.Start.Byte); in != "" {
			fmt.Fprintf(out, ", in %s", in)
		}
		out.WriteString(":\n")
		writeSnippet(out, file, *d.Subject, style)
	}
	out.WriteByte('\n')
	// Without a subject, what is left is the values of variables and the
	// detail, after a line for the summary.
	var rest bytes.Buffer
	tail := *d
	tail.Subject, tail.Context = nil, nil
	if err := hcl.NewDiagnosticTextWriter(&rest, files, uint(width), false).WriteDiagnostic(&tail); err == nil {
		_, text, _ := strings.Cut(rest.String(), "\n\n")
		out.WriteString(text)
	}
}

// enclosing names the block that an offset is in.
func enclosing(file *hcl.File, offset int) string {
	if file == nil {
		return ""
	}
	nav, ok := file.Nav.(interface{ ContextString(int) string })
	if !ok {
		return ""
	}
	return nav.ContextString(offset)
}

// A style paints text, or does not.
type style struct {
	color    bool
	severity string
}

func (s style) paint(code, text string) string {
	if !s.color || text == "" {
		return text
	}
	return code + text + "\x1b[0m"
}

// maxSnippet is how many lines of a subject are shown.
const maxSnippet = 6

const faint = "\x1b[2m"

// writeSnippet shows the lines that a range is in. The first is underlined;
// further ones need not be, to be told apart.
func writeSnippet(out *bufio.Writer, file *hcl.File, rng hcl.Range, s style) {
	if file == nil {
		return
	}
	n, shown, start := 0, 0, 0
	for line := range bytes.Lines(file.Bytes) {
		n++
		from, end := start, start+len(line)
		start = end
		switch {
		case n < rng.Start.Line:
			continue
		case n > rng.Start.Line && from >= rng.End.Byte:
			return
		case shown == maxSnippet:
			fmt.Fprintf(out, "%s\n", s.paint(faint, "     | ..."))
			return
		}
		shown++
		line = bytes.TrimRight(line, "\r\n")
		fmt.Fprintf(out, "%s%s\n", s.paint(faint, fmt.Sprintf("%4d | ", n)), printable(line))
		if n == rng.Start.Line {
			a := min(max(rng.Start.Byte-from, 0), len(line))
			b := min(max(rng.End.Byte-from, a), len(line))
			mark := strings.Repeat("^", max(1, utf8.RuneCount(line[a:b])))
			fmt.Fprintf(out, "%s%s%s\n", s.paint(faint, "     | "), blank(line[:a]), s.paint(s.severity, mark))
		}
	}
}

// printable replaces what a terminal would not show, or would obey.
func printable(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return utf8.RuneError
		}
		return r
	}, string(text))
}

// blank replaces text with as much space; tabs stay, to be as wide as above.
func blank(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string(text))
}
