package ninja

import "bytes"

// A token is what a statement is made of, apart from paths and values, which
// have rules of their own: see lexer.path and lexer.value.
type token int

const (
	tokError token = iota
	tokBuild
	tokColon
	tokDefault
	tokEquals
	tokIdent
	tokInclude
	tokIndent
	tokNewline
	tokPipe
	tokPipe2
	tokPipeAt
	tokPool
	tokRule
	tokSubninja
	tokEOF
)

var tokenNames = [...]string{
	tokError:    "lexing error",
	tokBuild:    "'build'",
	tokColon:    "':'",
	tokDefault:  "'default'",
	tokEquals:   "'='",
	tokIdent:    "identifier",
	tokInclude:  "'include'",
	tokIndent:   "indent",
	tokNewline:  "newline",
	tokPipe:     "'|'",
	tokPipe2:    "'||'",
	tokPipeAt:   "'|@'",
	tokPool:     "'pool'",
	tokRule:     "'rule'",
	tokSubninja: "'subninja'",
	tokEOF:      "eof",
}

func (t token) String() string { return tokenNames[t] }

// What a byte may be part of.
const (
	inPath   = 1 << iota // plain text of a path
	inValue              // plain text of a value
	inVar                // $name
	inBraces             // ${name}, names of rules, pools and variables
)

var classes = func() (t [256]byte) {
	for c := range t {
		t[c] = inPath | inValue
	}
	for _, c := range "$\r\n\x00" {
		t[c] = 0
	}
	for _, c := range " :|" {
		t[c] = inValue
	}
	for c := range t {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
			t[c] |= inVar | inBraces
		case c == '.':
			t[c] |= inBraces
		}
	}
	return t
}()

// A lexer cuts one file into tokens, paths and values.
type lexer struct {
	file string
	data []byte
	pos  int // of what comes next
	last int // of the token read last
}

// A text is a path or a value as it is written, escapes and all.
type text struct {
	start, end int
	dollar     bool // has escapes or variables
}

func (t text) empty() bool { return t.start == t.end }

func (l *lexer) raw(t text) []byte { return l.data[t.start:t.end] }

// errorAt makes the error for an offset in the file.
func (l *lexer) errorAt(at int, msg string) error {
	return newError(l.file, l.data, at, l.last, msg)
}

// errorLast makes the error for the token read last.
func (l *lexer) errorLast(msg string) error { return l.errorAt(l.last, msg) }

// at returns the byte at an offset, 0 behind the end.
func (l *lexer) at(i int) byte {
	if i < len(l.data) {
		return l.data[i]
	}
	return 0
}

// token reads the next token and the spaces behind it. Comments are no tokens.
func (l *lexer) token() token {
	for {
		l.last = l.pos
		i := l.pos
		for l.at(i) == ' ' {
			i++
		}
		switch l.at(i) {
		case '#':
			if end := bytes.IndexByte(l.data[i:], '\n'); end >= 0 {
				l.pos = i + end + 1
				continue
			}
		case '\n':
			l.pos = i + 1
			return tokNewline
		case '\r':
			if l.at(i+1) == '\n' {
				l.pos = i + 2
				return tokNewline
			}
		}
		if i > l.pos {
			l.pos = i
			l.space()
			return tokIndent
		}
		if i >= len(l.data) {
			return tokEOF
		}
		t := l.visible()
		l.space()
		return t
	}
}

// visible reads a token that begins with something else than a space.
func (l *lexer) visible() token {
	c := l.data[l.pos]
	if classes[c]&inBraces != 0 {
		start := l.pos
		for classes[l.at(l.pos)]&inBraces != 0 {
			l.pos++
		}
		return keyword(l.data[start:l.pos])
	}
	l.pos++
	switch c {
	case '=':
		return tokEquals
	case ':':
		return tokColon
	case '|':
		switch l.at(l.pos) {
		case '|':
			l.pos++
			return tokPipe2
		case '@':
			l.pos++
			return tokPipeAt
		}
		return tokPipe
	}
	return tokError
}

func keyword(word []byte) token {
	switch string(word) {
	case "build":
		return tokBuild
	case "default":
		return tokDefault
	case "include":
		return tokInclude
	case "pool":
		return tokPool
	case "rule":
		return tokRule
	case "subninja":
		return tokSubninja
	}
	return tokIdent
}

// unread goes back to before the token read last.
func (l *lexer) unread() { l.pos = l.last }

// peek reads the next token if it is the one given.
func (l *lexer) peek(t token) bool {
	if l.token() == t {
		return true
	}
	l.unread()
	return false
}

// expect reads the next token and complains if it is another one.
func (l *lexer) expect(want token) error {
	got := l.token()
	if got == want {
		return nil
	}
	msg, why := "expected "+want.String()+", got "+got.String(), ""
	if want == tokColon {
		msg += " ($ also escapes ':')"
	}
	if got == tokError {
		if why = l.describe(); why == tokError.String() {
			why = ""
		} else {
			why = ": " + why
		}
	}
	return hint(l.errorLast(msg), why)
}

// describe says what is wrong with a token that is none.
func (l *lexer) describe() string {
	switch l.at(l.last) {
	case '\t':
		return "tabs are not allowed, use spaces"
	case 0:
		return "NUL byte"
	}
	return tokError.String()
}

// space skips spaces and escaped line ends.
func (l *lexer) space() {
	for {
		switch l.at(l.pos) {
		case ' ':
			l.pos++
			continue
		case '$':
			if n := l.lineEnd(l.pos + 1); n > 0 {
				l.pos += 1 + n
				continue
			}
		}
		return
	}
}

// lineEnd returns the length of the line end at an offset, 0 if there is none.
func (l *lexer) lineEnd(i int) int {
	switch {
	case l.at(i) == '\n':
		return 1
	case l.at(i) == '\r' && l.at(i+1) == '\n':
		return 2
	}
	return 0
}

// ident reads the name of a rule, a pool or a variable. It returns nil if
// there is none.
func (l *lexer) ident() []byte {
	l.last = l.pos
	for classes[l.at(l.pos)]&inBraces != 0 {
		l.pos++
	}
	name := l.data[l.last:l.pos]
	if len(name) == 0 {
		return nil
	}
	l.space()
	return name
}

// path reads one path of a list. It is empty where the list ends.
func (l *lexer) path() (text, error) {
	t, err := l.text(inPath)
	if err == nil {
		l.space()
	}
	return t, err
}

// value reads the rest of the line, and its end.
func (l *lexer) value() (text, error) {
	t, err := l.text(inValue)
	if err == nil {
		l.pos += l.lineEnd(l.pos)
	}
	return t, err
}

// text reads plain bytes, escapes and variables up to something else, and
// checks that this something may end a path or a value.
func (l *lexer) text(plain byte) (text, error) {
	t := text{start: l.pos}
	data, i := l.data, l.pos
	for {
		for i < len(data) && classes[data[i]]&plain != 0 {
			i++
		}
		if i >= len(data) {
			l.last = len(data)
			return t, l.errorLast("unexpected EOF")
		}
		if data[i] != '$' {
			break
		}
		t.dollar = true
		n := l.escape(i)
		if n == 0 {
			l.last = i
			return t, l.errorLast("bad $-escape (literal $ must be written as $$)")
		}
		i += n
	}
	t.end, l.pos, l.last = i, i, i
	switch c := data[i]; {
	case c == 0, c == '\r' && l.at(i+1) != '\n':
		return t, l.errorLast(l.describe())
	}
	return t, nil
}

// escape returns the length of the escape or variable at an offset, 0 if it
// is malformed.
func (l *lexer) escape(at int) int {
	i := at + 1
	switch c := l.at(i); {
	case c == '$', c == ' ', c == ':':
		return 2
	case c == '{':
		i++
		start := i
		for classes[l.at(i)]&inBraces != 0 {
			i++
		}
		if i == start || l.at(i) != '}' {
			return 0
		}
		return i + 1 - at
	case classes[c]&inVar != 0:
		for classes[l.at(i)]&inVar != 0 {
			i++
		}
		return i - at
	}
	n := l.lineEnd(i)
	if n == 0 {
		return 0
	}
	for i += n; l.at(i) == ' '; i++ {
	}
	return i - at
}

// A piece is a part of a text: literal bytes or, if isVar, the name of a variable.
type piece struct {
	bytes []byte
	isVar bool
}

// nextPiece cuts the first piece off a text that a lexer has checked. An
// escaped line end gives a literal piece without bytes.
func nextPiece(raw []byte) (p piece, rest []byte) {
	if raw[0] != '$' {
		n := bytes.IndexByte(raw, '$')
		if n < 0 {
			n = len(raw)
		}
		return piece{bytes: raw[:n]}, raw[n:]
	}
	switch c := raw[1]; c {
	case '$', ' ', ':':
		return piece{bytes: raw[1:2]}, raw[2:]
	case '\r', '\n':
		n := 1 + bytes.IndexByte(raw, '\n')
		for n < len(raw) && raw[n] == ' ' {
			n++
		}
		return piece{}, raw[n:]
	case '{':
		n := bytes.IndexByte(raw, '}')
		return piece{raw[2:n], true}, raw[n+1:]
	}
	n := 1
	for n < len(raw) && classes[raw[n]]&inVar != 0 {
		n++
	}
	return piece{raw[1:n], true}, raw[n:]
}
