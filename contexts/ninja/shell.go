package ninja

import "strings"

// HasShellSyntax reports whether a command must be run by a shell: see
// SplitCommand.
func HasShellSyntax(command string) bool {
	_, ok := SplitCommand(command)
	return !ok
}

// SplitCommand cuts a command into the arguments that a POSIX shell would pass to the one
// program that the command runs. It reports false for whatever needs a shell,
// and for whatever might: operators, expansions, patterns, comments,
// assignments, reserved words, and names that are built into some
// shell. A builtin is the cheaper way to run echo or test in any case.
//
// Around the program there may be ": &&" and "&& :", which do nothing and which
// CMake writes around each link.
//
// Who starts the arguments should leave to a shell what the system does not start: a name
// not found (for the usual message), and a script without #! (ENOEXEC), which a
// shell reads itself.
func SplitCommand(command string) (argv []string, ok bool) {
	dir, argv, ok := SplitCommandIn(command)
	if dir != "" {
		return nil, false
	}
	return argv, ok
}

// SplitCommandIn is like SplitCommand and also takes commands that begin with
// "cd dir &&", as CMake's custom commands do. The program is then to run in dir, with
// PWD set to it. A dir that a shell might look up in CDPATH needs a shell; so does a
// program whose name is a relative path, which few systems look up in dir.
func SplitCommandIn(command string) (dir string, argv []string, ok bool) {
	s := splitter{in: command}
	parts, ok := s.split()
	if !ok || strings.IndexByte(command, 0) >= 0 {
		return "", nil, false
	}
	isNothing := func(words []string) bool { return len(words) == 1 && words[0] == ":" }
	if len(parts) > 1 && isNothing(parts[0]) {
		parts = parts[1:]
	}
	if len(parts) > 1 && isNothing(parts[len(parts)-1]) {
		parts = parts[:len(parts)-1]
	}
	if len(parts) == 2 && len(parts[0]) == 2 && parts[0][0] == "cd" {
		dir = parts[0][1]
		if !strings.HasPrefix(dir, "/") && !strings.HasPrefix(dir, "./") && !strings.HasPrefix(dir, "../") {
			return "", nil, false
		}
		if name := parts[1][0]; strings.Contains(name, "/") && name[0] != '/' {
			return "", nil, false
		}
		parts = parts[1:]
	}
	if len(parts) != 1 || needsShell(parts[0][0]) {
		return "", nil, false
	}
	return dir, parts[0], true
}

// A splitter cuts a command into words.
type splitter struct {
	in  string
	pos int
}

// split returns the words of each command of a list "a && b && c". It reports
// false for anything else.
func (s *splitter) split() (parts [][]string, ok bool) {
	var words []string
	for {
		for s.pos < len(s.in) && (s.in[s.pos] == ' ' || s.in[s.pos] == '\t') {
			s.pos++
		}
		if s.pos == len(s.in) {
			break
		}
		if strings.HasPrefix(s.in[s.pos:], "&&") {
			if len(words) == 0 {
				return nil, false
			}
			parts, words = append(parts, words), nil
			s.pos += 2
			continue
		}
		word, ok := s.word(len(words) == 0)
		if !ok {
			return nil, false
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return nil, false
	}
	return append(parts, words), true
}

// word reads a word and removes its quotes. In the first word of a command, = may make it an assignment.
func (s *splitter) word(first bool) (string, bool) {
	var b strings.Builder
	start := s.pos
	for s.pos < len(s.in) {
		c := s.in[s.pos]
		s.pos++
		switch c {
		case ' ', '\t':
			return b.String(), true
		case '\'':
			n := strings.IndexByte(s.in[s.pos:], '\'')
			if n < 0 {
				return "", false
			}
			b.WriteString(s.in[s.pos : s.pos+n])
			s.pos += n + 1
		case '"':
			if !s.doubleQuoted(&b) {
				return "", false
			}
		case '\\':
			if s.pos == len(s.in) || s.in[s.pos] == '\n' {
				return "", false
			}
			b.WriteByte(s.in[s.pos])
			s.pos++
		case '&':
			if s.pos-1 > start && s.pos < len(s.in) && s.in[s.pos] == '&' {
				s.pos-- // the word ends at the operator
				return b.String(), true
			}
			return "", false
		case '|', ';', '<', '>', '(', ')', '\n', '$', '`', '*', '?', '[', '{', '}':
			return "", false
		case '#', '~', '=':
			if isShellSpecial(c, s.in[start:s.pos-1], first) {
				return "", false
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// isShellSpecial reports whether a byte that is special in places may be so
// behind the beginning of its word.
func isShellSpecial(c byte, before string, first bool) bool {
	switch c {
	case '#':
		return before == "" // a comment
	case '~':
		return before == "" || strings.HasSuffix(before, "=") || strings.HasSuffix(before, ":") // a home
	}
	return first || before == "" // an assignment; =name is a path to zsh
}

// doubleQuoted reads up to the closing quote.
func (s *splitter) doubleQuoted(b *strings.Builder) bool {
	for s.pos < len(s.in) {
		c := s.in[s.pos]
		s.pos++
		switch c {
		case '"':
			return true
		case '$', '`':
			return false
		case '\\':
			if s.pos == len(s.in) {
				return false
			}
			switch next := s.in[s.pos]; next {
			case '$', '`', '"', '\\':
				b.WriteByte(next)
			case '\n': // nothing: the line goes on
			default:
				b.WriteByte('\\')
				b.WriteByte(next)
			}
			s.pos++
		default:
			b.WriteByte(c)
		}
	}
	return false
}

// needsShell reports whether only a shell knows what a name in the place of
// the program means.
func needsShell(name string) bool {
	return name == "" || name[0] == '%' || shellWords[name]
}

// shellWords are the reserved words and the builtins of dash, bash, BusyBox, ksh and zsh.
var shellWords = func() map[string]bool {
	const words = `
		! [[ ]] case coproc do done elif else end esac fi for foreach function if in nocorrect repeat
		select then time until while
		- . : [ alias autoload bg bind break builtin bye caller cd chdir command compgen complete compopt
		continue declare dirs disable disown echo enable eval exec exit export false fc fg float
		functions getopts hash hist history integer jobs kill let limit local log logout mapfile nameref
		noglob popd print printf pushd pwd read readarray readonly rehash return sched set setopt
		shift shopt source stop suspend test times trap true ttyctl type typeset ulimit umask
		unalias unfunction unhash unlimit unset unsetopt vared wait whence where which zmodload`
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}()
