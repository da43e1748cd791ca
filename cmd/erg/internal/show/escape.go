package show

import "bytes"

// clean returns what a program printed, fit to be shown between other lines:
// without control characters and escape sequences that would move the cursor
// or change the terminal. Colours stay when color is set. The text ends in a
// newline unless it is empty.
func clean(output []byte, color bool) []byte {
	if len(output) == 0 {
		return nil
	}
	if bytes.IndexFunc(output, isControl) >= 0 {
		output = stripControls(output, color)
	}
	if n := len(output); n > 0 && output[n-1] != '\n' {
		output = append(bytes.Clone(output), '\n')
	}
	return output
}

func isControl(r rune) bool {
	return r < 0x20 && r != '\n' && r != '\t' || r == 0x7f
}

func stripControls(s []byte, color bool) []byte {
	kept := make([]byte, 0, len(s)+len(reset))
	colored := false
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == 0x1b:
			n := escapeLen(s[i:])
			if color && isColor(s[i:i+n]) {
				kept = append(kept, s[i:i+n]...)
				colored = true
			}
			i += n
		case c == '\r':
			// "\r\n" ends a line; a lone one would overwrite it, so begin
			// the next instead and lose nothing.
			i++
			if i < len(s) && s[i] != '\n' {
				kept = append(kept, '\n')
			}
		case isControl(rune(c)):
			i++
		default:
			kept = append(kept, c)
			i++
		}
	}
	if colored { // what a program left on must not colour what follows
		kept = append(bytes.TrimSuffix(kept, []byte("\n")), reset+"\n"...)
	}
	return kept
}

// escapeLen returns the length of the escape sequence at the start of s
// (ECMA-48, 5.4 and 5.6): a control sequence, a control string or two bytes.
func escapeLen(s []byte) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case '[':
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x7e { // malformed: stop before it
				return i
			}
		}
		return len(s)
	case ']', 'P', 'X', '^', '_':
		for i := 2; i < len(s); i++ {
			if s[i] == 0x07 {
				return i + 1
			}
			if s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
			if s[i] == '\n' { // unterminated: keep the lines that follow
				return i
			}
		}
		return len(s)
	}
	for i := 1; i < len(s); i++ { // intermediate bytes, then a final one
		if s[i] >= 0x30 && s[i] <= 0x7e {
			return i + 1
		}
		if s[i] < 0x20 || s[i] > 0x7e {
			return i
		}
	}
	return len(s)
}

// isColor reports whether an escape sequence is Select Graphic Rendition.
func isColor(seq []byte) bool {
	n := len(seq)
	if n < 3 || seq[1] != '[' || seq[n-1] != 'm' {
		return false
	}
	for _, c := range seq[2 : n-1] {
		if (c < '0' || c > '9') && c != ';' && c != ':' {
			return false
		}
	}
	return true
}
