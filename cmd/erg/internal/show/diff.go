package show

import "bytes"

// Diff returns a unified diff with its lines coloured, or as it is when color
// is not set.
func Diff(diff []byte, color bool) []byte {
	if !color {
		return diff
	}
	p := paint(true)
	var b bytes.Buffer
	header := true // of a file: before its first hunk
	for line := range bytes.Lines(diff) {
		text, end := string(bytes.TrimSuffix(line, []byte("\n"))), ""
		if len(text) < len(line) {
			end = "\n"
		}
		var st style
		switch {
		case bytes.HasPrefix(line, []byte("diff ")):
			header, st = true, bold
		case bytes.HasPrefix(line, []byte("@@")):
			header, st = false, cyan
		case header:
			st = bold
		case line[0] == '+':
			st = green
		case line[0] == '-':
			st = red
		}
		b.WriteString(p.in(st, text) + end)
	}
	return b.Bytes()
}
