package ninjacmd

import (
	"fmt"
	"strings"
)

// An option is one that a tool knows: by a letter, and perhaps by a name.
type option struct {
	short byte
	long  string
	arg   bool // it takes an argument
}

// An optionError says what is wrong with a tool's options, in getopt's words.
type optionError struct{ text string }

func (e *optionError) Error() string { return e.text }

// errHelp is the error of getopt for -h and --help, which all tools know that
// know any option.
var errHelp = &optionError{}

// getopt takes options from anywhere among a tool's arguments, as getopt_long
// does: values by letter, "" for options without an argument.
func getopt(tool string, args []string, known ...option) (values map[byte]string, rest []string, err error) {
	values = map[byte]string{}
	known = append(known, option{short: 'h', long: "help"})
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch {
		case a == "--":
			return values, append(rest, args...), nil
		case strings.HasPrefix(a, "--"):
			args, err = longOption(tool, a[2:], args, known, values)
		case len(a) > 1 && a[0] == '-':
			args, err = shortOptions(tool, a[1:], args, known, values)
		default:
			rest = append(rest, a)
		}
		if err != nil {
			return nil, nil, err
		}
		if _, ok := values['h']; ok {
			return nil, nil, errHelp
		}
	}
	return values, rest, nil
}

func longOption(tool, name string, args []string, known []option, values map[byte]string) ([]string, error) {
	name, value, given := strings.Cut(name, "=")
	for _, o := range known {
		switch {
		case o.long != name || name == "":
			continue
		case given && !o.arg:
			return nil, &optionError{fmt.Sprintf("%s: option '--%s' doesn't allow an argument", tool, name)}
		case o.arg && !given:
			if len(args) == 0 {
				return nil, &optionError{fmt.Sprintf("%s: option '--%s' requires an argument", tool, name)}
			}
			value, args = args[0], args[1:]
		}
		values[o.short] = value
		return args, nil
	}
	return nil, &optionError{fmt.Sprintf("%s: unrecognized option '--%s'", tool, name)}
}

func shortOptions(tool, group string, args []string, known []option, values map[byte]string) ([]string, error) {
	for i := range len(group) {
		o, ok := byLetter(known, group[i])
		switch {
		case !ok:
			return nil, &optionError{fmt.Sprintf("%s: invalid option -- '%c'", tool, group[i])}
		case !o.arg:
			values[o.short] = ""
			continue
		}
		value := group[i+1:]
		if value == "" {
			if len(args) == 0 {
				return nil, &optionError{fmt.Sprintf("%s: option requires an argument -- '%c'", tool, o.short)}
			}
			value, args = args[0], args[1:]
		}
		values[o.short] = value
		return args, nil
	}
	return args, nil
}

func byLetter(known []option, c byte) (option, bool) {
	for _, o := range known {
		if o.short == c {
			return o, true
		}
	}
	return option{}, false
}

// getopt reads a tool's options. If it reports false the tool ends: the
// usage was printed, by request or because of a mistake.
func (r *toolRun) getopt(usage string, args []string, known ...option) (values map[byte]string, rest []string, ok bool) {
	values, rest, err := getopt(r.tool, args, known...)
	if err == nil {
		return values, rest, true
	}
	if err != errHelp {
		fmt.Fprintln(r.Stderr, err)
	}
	r.out.WriteString(usage)
	return nil, nil, false
}

// has reports whether an option was given.
func has(values map[byte]string, c byte) bool {
	_, ok := values[c]
	return ok
}
