package show

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// A screen is a terminal as far as the tests need one: it wraps and scrolls,
// and knows CR, LF and the sequences CUU (A), ED (J), EL (K) and SGR (m).
// Anything else is a failure.
type screen struct {
	t             *testing.T
	columns, rows int
	history       []string // lines that scrolled off the top
	cells         [][]rune
	row, col      int
	writes        int
}

func newScreen(t *testing.T, columns, rows int) *screen {
	return &screen{t: t, columns: columns, rows: rows, cells: make([][]rune, rows)}
}

func (s *screen) Write(p []byte) (int, error) {
	s.writes++
	for rest := p; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == 0x1b:
			size = s.escape(rest)
		case r == '\r':
			s.col = 0
		case r == '\n':
			s.col = 0 // as the terminal driver makes it with ONLCR
			s.down()
		case r == '\t':
			s.col = min(s.columns-1, s.col/8*8+8)
		case r < 0x20:
			s.t.Errorf("control character %q reached the terminal", r)
		default:
			s.put(r)
		}
		rest = rest[size:]
	}
	return len(p), nil
}

func (s *screen) escape(p []byte) int {
	end := 2
	for end < len(p) && (p[end] < 0x40 || p[end] > 0x7e) {
		end++
	}
	if p[1] != '[' || end == len(p) {
		s.t.Fatalf("unexpected escape sequence in %q", p)
	}
	n, err := strconv.Atoi(string(p[2:end]))
	switch p[end] {
	case 'A':
		if err != nil || n == 0 {
			s.t.Fatalf("bad CUU in %q", p[:end+1])
		}
		s.row = max(0, s.row-n)
	case 'J':
		s.cells[s.row] = s.cells[s.row][:min(s.col, len(s.cells[s.row]))]
		for i := s.row + 1; i < s.rows; i++ {
			s.cells[i] = nil
		}
	case 'K':
		s.cells[s.row] = s.cells[s.row][:min(s.col, len(s.cells[s.row]))]
	case 'm':
	default:
		s.t.Fatalf("unexpected escape sequence %q", p[:end+1])
	}
	return end + 1
}

func (s *screen) put(r rune) {
	if s.col == s.columns {
		s.col = 0
		s.down()
	}
	line := s.cells[s.row]
	for len(line) <= s.col {
		line = append(line, ' ')
	}
	line[s.col] = r
	s.cells[s.row] = line
	s.col++
}

func (s *screen) down() {
	if s.row++; s.row < s.rows {
		return
	}
	s.row--
	s.history = append(s.history, string(s.cells[0]))
	s.cells = append(s.cells[1:], nil)
}

// resize changes the size as terminals do that break long lines anew.
func (s *screen) resize(columns, rows int) {
	var lines []string
	for _, line := range s.cells[:s.row] {
		lines = append(lines, string(line))
	}
	s.columns, s.rows, s.row, s.col = columns, rows, 0, 0
	s.cells = make([][]rune, rows)
	for _, line := range lines {
		fmt.Fprintln(s, line)
	}
	s.writes -= len(lines)
}

// text is all that can be seen and scrolled to, without trailing blanks.
func (s *screen) text() string {
	lines := append([]string{}, s.history...)
	for _, line := range s.cells {
		lines = append(lines, string(line))
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func (s *screen) want(when, text string) {
	s.t.Helper()
	text = strings.Trim(text, "\n")
	if got := s.text(); got != text {
		s.t.Errorf("%s the screen shows\n%s\nwant\n%s", when, got, text)
	}
}
