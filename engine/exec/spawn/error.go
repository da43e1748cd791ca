package spawn

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/fsys"
)

// An Error says why a process could not be started or waited for. It unwraps
// to a syscall.Errno. Its fields are exported so that it can cross a pipe.
type Error struct {
	Op   string // what was tried: "start", "change to directory", …
	Path string // on what
	Note string // what the number alone does not say, or ""
	Err  error  `json:"-"`
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Path != "" {
		b.WriteString(" " + e.Path)
	}
	if e.Note != "" {
		b.WriteString(": " + e.Note)
	} else {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// resolve finds the program. A name with a slash is taken as it is: relative
// to Dir, as the process will see it.
func resolve(a *Attr) (string, error) {
	if len(a.Argv) == 0 || a.Argv[0] == "" {
		return "", &Error{Op: "start", Note: "no program is named", Err: syscall.EINVAL}
	}
	if a.Path != "" {
		return a.Path, nil
	}
	name := a.Argv[0]
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := lookup(a.Env, "PATH")
	var buf []byte // most directories do not have it, and a long PATH is gone through for each process
	for rest, more := path, path != ""; more; {
		var dir string
		dir, rest, more = strings.Cut(rest, string(filepath.ListSeparator))
		if dir == "" {
			dir = "."
		}
		buf = buf[:0]
		if a.Dir != "" && dir[0] != '/' {
			buf = append(append(buf, a.Dir...), '/')
		}
		buf = append(append(append(append(buf, dir...), '/'), name...), 0)
		if !executable(buf) {
			continue
		}
		file := filepath.Join(dir, name)
		if !strings.Contains(file, "/") {
			file = "./" + file // execve knows no PATH; "x" would do, "./x" is clearer in messages
		}
		return file, nil
	}
	return "", &Error{Op: "start", Path: name, Note: fmt.Sprintf("no such program in PATH (%s)", path), Err: syscall.ENOENT}
}

// lookup is the value of the last entry of env with that name, as a libc
// would keep it, or "".
func lookup(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(env[i], name+"="); ok {
			return v
		}
	}
	return ""
}

// executable reports whether a file, whose name ends in a NUL byte, is a program.
func executable(name []byte) bool {
	var st unix.Statx_t
	err := fsys.OS{}.StatAt(unix.AT_FDCWD, name, &st)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Mode&0o111 != 0
}

func inDir(dir, file string) string {
	if dir == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(dir, file)
}

// explain makes of fork's and exec's bare number an error that names what is
// missing: the directory, the program, or the program's interpreter.
func explain(a *Attr, path string, err error) error {
	if a.Dir != "" {
		if fi, derr := os.Stat(a.Dir); derr != nil {
			return &Error{Op: "change to directory", Path: a.Dir, Err: errno(derr)}
		} else if !fi.IsDir() {
			return &Error{Op: "change to directory", Path: a.Dir, Err: syscall.ENOTDIR}
		}
	}
	e := &Error{Op: "start", Path: path, Err: err}
	file := inDir(a.Dir, path)
	switch err {
	case syscall.ENOENT:
		e.Note = "no such file or its interpreter is missing"
		if _, serr := os.Lstat(file); serr != nil {
			e.Note = "no such file"
		} else if in := interpreter(file); in != "" {
			e.Note += " (" + in + ")"
		}
	case syscall.EACCES:
		if fi, serr := os.Stat(file); serr == nil && fi.Mode().IsRegular() && fi.Mode()&0o111 == 0 {
			e.Note = "not executable"
		} else if serr == nil && fi.IsDir() {
			e.Note = "is a directory"
		}
	case syscall.ENOEXEC:
		e.Note = "neither a program for this machine nor a script that starts with #!"
	case syscall.E2BIG:
		e.Note = "arguments and environment are too long"
	}
	return e
}

// interpreter is what a script's first line asks for, or "".
func interpreter(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	buf := make([]byte, 256)
	n, _ := f.Read(buf)
	line, _, _ := bytes.Cut(buf[:n], []byte("\n"))
	line, ok := bytes.CutPrefix(line, []byte("#!"))
	if !ok {
		return ""
	}
	return string(bytes.TrimSpace(line))
}

// errno is the system's number in err.
func errno(err error) error {
	for e := err; e != nil; {
		if n, ok := e.(syscall.Errno); ok {
			return n
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = u.Unwrap()
	}
	return err
}
