package sexp

// quoted reads what follows a double quote: text up to the next one, or a
// block of lines.
func (s *scanner) quoted(start int) []Part {
	if s.has(`\|`) || s.has(`\>`) {
		s.block(start)
		return s.take()
	}
	for {
		c, ok := s.peek()
		switch {
		case !ok:
			s.fail(start, start+1, "Unclosed text", "The quote that begins here is not closed by the end of the file.")
		case c == '"':
			s.off++
			return s.take()
		case c == '\\':
			if s.escape() {
				for c, ok := s.peek(); ok && (c == ' ' || c == '\t'); c, ok = s.peek() {
					s.off++
				}
			}
		case s.has("%{"):
			s.variable()
		default:
			s.text = append(s.text, c)
			s.off++
		}
	}
}

// block reads lines that begin with "\| or, without escapes, with "\>. The
// quote of the first is read.
func (s *scanner) block(start int) {
	for {
		raw := s.has(`\>`)
		s.off += 2
		if c, ok := s.peek(); ok && c == ' ' {
			s.off++
		} else if ok && s.newline() == 0 {
			s.fail(start, s.off+1, "Missing space", `A space must follow %s.`, s.src[s.off-3:s.off])
		}
		s.blockLine(raw)
		next := s.off
		for next < len(s.src) && (s.src[next] == ' ' || s.src[next] == '\t' || s.src[next] == '\f') {
			next++
		}
		back := s.off
		s.off = next
		if !s.has(`"\|`) && !s.has(`"\>`) {
			s.off = back
			return
		}
		s.off++
	}
}

// blockLine reads the rest of a line of a block, and its end, which is part of
// the text.
func (s *scanner) blockLine(raw bool) {
	for {
		c, ok := s.peek()
		if !ok {
			return
		}
		if n := s.newline(); n > 0 {
			s.text = append(s.text, s.src[s.off:s.off+n]...)
			s.off += n
			return
		}
		switch {
		case !raw && c == '\\':
			if s.escape() {
				return
			}
		case !raw && s.has("%{"):
			s.variable()
		default:
			s.text = append(s.text, c)
			s.off++
		}
	}
}

// escape reads a backslash and what follows it. It reports whether that is the
// end of the line, which stands for nothing.
func (s *scanner) escape() bool {
	start := s.off
	s.off++
	if n := s.newline(); n > 0 {
		s.off += n
		return true
	}
	c, _ := s.peek()
	s.off++
	switch {
	case c == 'n':
		s.text = append(s.text, '\n')
	case c == 'r':
		s.text = append(s.text, '\r')
	case c == 'b':
		s.text = append(s.text, '\b')
	case c == 't':
		s.text = append(s.text, '\t')
	case c == '\\' || c == '\'' || c == '"' || c == '%':
		s.text = append(s.text, c)
	case c == 'x':
		s.number(start, 16, 2)
	case c >= '0' && c <= '9':
		s.off--
		s.number(start, 10, 3)
	default:
		s.fail(start, s.off, "Unknown escape", `A backslash in quotes is written \\. It may begin \n, \r, \b, \t, \", \%%, \123 and \x7b.`)
	}
	return false
}

// number reads digits: the code of a byte.
func (s *scanner) number(start, base, digits int) {
	value := 0
	for range digits {
		c, _ := s.peek()
		d := digit(c)
		if d >= base {
			s.fail(start, s.off, "Unclosed escape", "%d digits are needed here.", digits)
		}
		value = value*base + d
		s.off++
	}
	if value > 255 {
		s.fail(start, s.off, "Invalid escape", "%d is no code of a byte: it is more than 255.", value)
	}
	s.text = append(s.text, byte(value))
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return 99
}
