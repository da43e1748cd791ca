package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The fake compiler compiles a little C to a shell script. It is quick, it is
// the same everywhere, and what it makes has no dates and no paths in it.
// Scripts name it with cc = "fakecc".
//
// One statement a line: #include, #define, #error, #warning, prototypes,
// functions, puts("text"), puts(argv[1]), if (!strcmp(argv[1], "text")) {,
// return N, raise(SIGSEGV), and calls without arguments. Comments leave no
// trace. After "#pragma until FILE" it waits until there is FILE, and makes
// FILE.awaited meanwhile. -mtarget=TRIPLET makes it emit code for another machine; every other
// -m is refused.

// A fakeCC is one run of the compiler.
type fakeCC struct {
	out, depfile, target string
	compile              bool
	include, files       []string
	macros               map[string]string
	asked                string // -print-search-dirs and the like

	deps []string
	code []string // of the object, a line of shell each
	ends []string // what the braces that are open end with
	bad  bool
}

func fakeCompiler() {
	c := &fakeCC{target: "x86_64-linux-gnu", macros: map[string]string{}}
	c.parse(os.Args[1:])
	switch {
	case c.asked != "":
		c.answer()
	case len(c.files) == 0:
		c.fatal("fakecc: fatal error: no input files")
	case c.compile:
		for _, f := range c.files {
			c.source(f)
		}
		c.write(strings.Join(c.code, "\n")+"\n", 0o666)
	default:
		c.link()
	}
	syscall.Exit(0) // at once: under the race detector, os.Exit takes a second
}

func (c *fakeCC) fatal(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	syscall.Exit(1)
}

func (c *fakeCC) parse(args []string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		value := func() string {
			i++
			return args[min(i, len(args)-1)]
		}
		name, val, _ := strings.Cut(a, "=")
		switch {
		case a == "-o":
			c.out = value()
		case a == "-MF":
			c.depfile = value()
		case a == "-Xassembler", a == "-Xlinker", a == "-T", a == "-x":
			value()
		case a == "-c":
			c.compile = true
		case a == "-dM", a == "-dumpmachine", strings.HasPrefix(a, "-print-"), a == "-v" && c.asked == "":
			c.asked = a
		case strings.HasPrefix(a, "-I"):
			c.include = append(c.include, a[2:])
		case strings.HasPrefix(a, "-D"):
			c.macros[strings.TrimPrefix(name, "-D")] = val
		case name == "-mtarget":
			c.target = val
		case strings.HasPrefix(a, "-m"):
			c.fatal("fakecc: error: unrecognized command-line option '%s'", a)
		case !strings.HasPrefix(a, "-"):
			c.files = append(c.files, a)
		}
	}
}

// answer answers the questions of package toolchain/cc.
func (c *fakeCC) answer() {
	arch, _, _ := strings.Cut(c.target, "-")
	switch c.asked {
	case "-dM":
		word := "8"
		if strings.HasSuffix(arch, "32") || arch == "i686" {
			word = "4"
		}
		fmt.Printf("#define __GNUC__ 13\n#define __GNUC_MINOR__ 1\n#define __GNUC_PATCHLEVEL__ 0\n#define __STDC_HOSTED__ 1\n#define __SIZEOF_POINTER__ %s\n", word)
		if xlen, ok := strings.CutPrefix(arch, "riscv"); ok {
			fmt.Printf("#define __riscv 1\n#define __riscv_xlen %s\n", xlen)
		} else {
			fmt.Printf("#define __%s__ 1\n", arch)
		}
	case "-dumpmachine":
		fmt.Println(c.target)
	case "-print-prog-name=ar":
		fmt.Println("fakear")
	case "-print-search-dirs":
		fmt.Print("install: /\nprograms: =\nlibraries: =\n")
	case "-v":
		fmt.Fprint(os.Stderr, "#include <...> search starts here:\nEnd of search list.\n")
	default: // -print-prog-name=X: it has no other programs
		_, name, _ := strings.Cut(c.asked, "=")
		fmt.Println("fake-" + name)
	}
}

func (c *fakeCC) complain(file string, line int, kind, text string) {
	fmt.Fprintf(os.Stderr, "%s:%d:2: %s: %s\n", file, line, kind, text)
	c.bad = c.bad || kind == "error"
}

// source compiles a file, or includes it.
func (c *fakeCC) source(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		c.fatal("fakecc: fatal error: %v", err)
	}
	c.deps = append(c.deps, file)
	for i, line := range strings.Split(string(text), "\n") {
		c.line(file, i+1, line)
	}
}

var (
	comments  = regexp.MustCompile(`//.*|/\*.*?\*/`)
	word      = regexp.MustCompile(`"[^"]*"|\w+`)
	function  = regexp.MustCompile(`^\w[\w *]*?(\w+)\([^;]*\) \{$`)
	prototype = regexp.MustCompile(`^\w[\w *]* \*?\w+\(.*\);$`)
	choice    = regexp.MustCompile(`^if \(!strcmp\(argv\[(\d)\], "(.*)"\)\) \{$`)
	print     = regexp.MustCompile(`^puts\("(.*)"\);$`)
	printArg  = regexp.MustCompile(`^puts\(argv\[(\d)\]\);$`)
	call      = regexp.MustCompile(`^(\w+)\(\);$`)
	result    = regexp.MustCompile(`^return (\d+);$`)
	signal    = regexp.MustCompile(`^raise\(SIG(\w+)\);$`)
	concat    = regexp.MustCompile(`" *"`)
)

func (c *fakeCC) line(file string, n int, line string) {
	line = strings.TrimSpace(comments.ReplaceAllString(line, ""))
	if directive, rest, ok := strings.Cut(line, " "); ok && strings.HasPrefix(directive, "#") {
		c.directive(file, n, directive, strings.TrimSpace(rest))
		return
	}
	line = word.ReplaceAllStringFunc(line, func(w string) string {
		if v, ok := c.macros[w]; ok {
			return v
		}
		return w
	})
	line = concat.ReplaceAllString(line, "")
	emit := func(format string, args ...any) { c.code = append(c.code, fmt.Sprintf(format, args...)) }
	switch m := []string(nil); {
	case line == "" || strings.HasPrefix(line, "#") || len(c.ends) == 0 && prototype.MatchString(line):
	case line == "}" && len(c.ends) > 0:
		emit("%s", c.ends[len(c.ends)-1])
		c.ends = c.ends[:len(c.ends)-1]
	case find(choice, line, &m):
		emit("if [ \"$%s\" = '%s' ]; then", m[1], m[2])
		c.ends = append(c.ends, "fi")
	case find(function, line, &m):
		emit("%s() {", m[1])
		c.ends = append(c.ends, "}")
	case find(print, line, &m):
		emit("echo '%s'", strings.ReplaceAll(m[1], `\"`, `"`))
	case find(printArg, line, &m):
		emit("echo \"$%s\"", m[1])
	case find(result, line, &m):
		emit("return %s", m[1])
	case find(signal, line, &m):
		emit("kill -%s $$", m[1])
	case find(call, line, &m):
		emit("call %s", m[1])
	default:
		c.complain(file, n, "error", fmt.Sprintf("expected a statement, not '%s'", line))
	}
}

func find(re *regexp.Regexp, line string, m *[]string) bool {
	*m = re.FindStringSubmatch(line)
	return *m != nil
}

func (c *fakeCC) directive(file string, n int, directive, rest string) {
	switch directive {
	case "#include":
		name := strings.Trim(rest, `"`)
		if strings.HasPrefix(name, "<") {
			return
		}
		for _, dir := range append([]string{filepath.Dir(file)}, c.include...) {
			p := filepath.Join(dir, name)
			if _, err := os.Stat(p); err == nil {
				if !slices.Contains(c.deps, p) {
					c.source(p)
				}
				return
			}
		}
		c.fatal("%s:%d:10: fatal error: %s: No such file or directory", file, n, name)
	case "#define":
		name, value, _ := strings.Cut(rest, " ")
		c.macros[name] = strings.TrimSpace(value)
	case "#pragma":
		if name, ok := strings.CutPrefix(rest, "until "); ok {
			until(name)
		}
	case "#error":
		c.complain(file, n, "error", "#error "+rest)
	case "#warning":
		c.complain(file, n, "warning", "#warning "+rest)
	}
}

// until makes a file that says that it waits for another one, and waits.
func until(name string) {
	os.WriteFile(name+".awaited", nil, 0o666)
	for {
		if _, err := os.Stat(name); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// link makes a shell script of objects and archives.
func (c *fakeCC) link() {
	defined := map[string]bool{}
	var called, code []string
	for _, f := range c.files {
		text, err := os.ReadFile(f)
		if err != nil {
			c.fatal("fakecc: error: %v", err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			if name, ok := strings.CutSuffix(line, "() {"); ok {
				if defined[name] {
					c.fatal("%s: multiple definition of `%s'", filepath.Base(f), name)
				}
				defined[name] = true
			}
			if name, ok := strings.CutPrefix(line, "call "); ok {
				called, line = append(called, name), name
			}
			code = append(code, line)
		}
	}
	for _, name := range append(called, "main") {
		if !defined[name] {
			c.fatal("undefined reference to `%s'", name)
		}
	}
	c.write("#!/bin/sh\n# for "+c.target+"\n"+strings.Join(code, "\n")+"\nmain \"$@\"\n", 0o777)
}

func (c *fakeCC) write(text string, mode os.FileMode) {
	if c.bad {
		syscall.Exit(1)
	}
	if err := os.WriteFile(c.out, []byte(text), mode); err != nil {
		c.fatal("fakecc: error: %v", err)
	}
	if c.depfile != "" {
		rule := strings.ReplaceAll(c.out, " ", `\ `) + ":"
		for _, d := range c.deps {
			rule += " " + strings.ReplaceAll(d, " ", `\ `)
		}
		if err := os.WriteFile(c.depfile, []byte(rule+"\n"), 0o666); err != nil {
			c.fatal("fakecc: error: %v", err)
		}
	}
}

// fakeArchiver is called as ar is: ar qcsD ARCHIVE OBJECT...
func fakeArchiver() {
	var all []byte
	for _, f := range os.Args[3:] {
		b, err := os.ReadFile(f)
		if err != nil {
			fmt.Fprintln(os.Stderr, "fakear:", err)
			syscall.Exit(1)
		}
		all = append(all, b...)
	}
	if err := os.WriteFile(os.Args[2], all, 0o666); err != nil {
		fmt.Fprintln(os.Stderr, "fakear:", err)
		syscall.Exit(1)
	}
	syscall.Exit(0)
}
