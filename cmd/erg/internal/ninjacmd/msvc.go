package ninjacmd

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"erg.build/erg/contexts/ninja"
)

// msvc runs a compiler that prints the files it includes, as cl.exe does, and
// writes a depfile for what it said. Unlike Ninja's it works wherever such
// compilers are run.
func (r *toolRun) msvc(args []string) int {
	end := slices.Index(args, "--")
	own := args
	if end >= 0 {
		own = args[:end]
	}
	set, _, ok := r.getopt(msvcUsage, own, option{'e', "", true}, option{'o', "", true}, option{'p', "", true})
	switch {
	case !ok:
		return exitOK // so does Ninja's
	case end < 0 || end == len(args)-1:
		return r.fatal(`expected command line to end with " -- command args"`)
	}
	environ := r.Environ
	if file, ok := set['e']; ok {
		block, err := os.ReadFile(r.path(file))
		if err != nil {
			return r.fatal("couldn't open %s: %s", file, reason(err))
		}
		environ = environmentBlock(block)
	}
	output, code, err := r.compile(args[end+1:], environ)
	if err != nil {
		return r.fatal("%v", err)
	}
	if object, ok := set['o']; ok {
		rest, includes := ninja.ShowIncludes(output, set['p'])
		if err := writeDepfile(r.path(object)+".d", object, includes); err != nil {
			// Without its dependencies the object must not be used.
			os.Remove(r.path(object))
			return r.fatal("%v", err)
		}
		output = rest
	}
	r.out.Write(output)
	return code
}

// environmentBlock splits what Windows calls so: variables with a NUL behind each.
func environmentBlock(block []byte) (environ []string) {
	for v := range bytes.SplitSeq(block, []byte{0}) {
		if len(v) == 0 {
			break
		}
		environ = append(environ, string(v))
	}
	return environ
}

// compile runs a command, which is looked for in the PATH of its own
// environment, and returns its standard output and exit code.
func (r *toolRun) compile(args, environ []string) (output []byte, code int, err error) {
	program, err := lookPath(args[0], environ, r.dir)
	if err != nil {
		return nil, 0, err
	}
	cmd := exec.CommandContext(r.ctx, program, args[1:]...)
	cmd.Args[0] = args[0]
	cmd.Dir, cmd.Env, cmd.Stderr = r.dir, environ, r.Stderr
	output, err = cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			return output, 128 + int(ws.Signal()), nil
		}
		return output, exit.ExitCode(), nil
	}
	return output, 0, err
}

// lookPath finds a program as execvp does in an environment.
func lookPath(name string, environ []string, dir string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, v := range slices.Backward(environ) {
		key, list, _ := strings.Cut(v, "=")
		if !strings.EqualFold(key, "PATH") {
			continue
		}
		for _, d := range filepath.SplitList(list) {
			if !filepath.IsAbs(d) {
				d = filepath.Join(dir, d)
			}
			p := filepath.Join(d, name)
			if fi, err := os.Stat(p); err == nil && fi.Mode().IsRegular() && fi.Mode()&0o111 != 0 {
				return p, nil
			}
		}
		break
	}
	return "", fmt.Errorf("%s: command not found", name)
}

// writeDepfile writes what an object depends on as compilers for make do.
func writeDepfile(file, object string, includes []string) error {
	var b strings.Builder
	b.WriteString(depfilePath.Replace(object) + ":")
	slices.Sort(includes)
	for _, p := range includes {
		b.WriteString(" \\\n  " + depfilePath.Replace(p))
	}
	b.WriteString("\n")
	if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
		return fmt.Errorf("writing %s: %s", file, reason(err))
	}
	return nil
}

// depfilePath escapes a path in a depfile. A single backslash stands for itself.
var depfilePath = strings.NewReplacer(" ", `\ `, "#", `\#`, "$", "$$")
